// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

/// \file
/// Heads and floating-point numbers of CBOR (RFC 8949), which the encodings of messages, of CRDT documents and the sizes of
/// events share. What an item may contain, and in which order, each encoding decides itself.
namespace eventsync::json::cbor {

/// The major type of a CBOR item (RFC 8949, section 3.1).
enum class Major : unsigned char { Unsigned, Negative, ByteString, Text, List, Map, Tag, Simple };

constexpr unsigned char kFalse = 0xF4, kTrue = 0xF5, kNull = 0xF6, kUndefined = 0xF7, kHalf = 0xF9, kSingle = 0xFA, kDouble = 0xFB;

void appendHead(std::string &out, Major major, std::uint64_t argument); ///< in its shortest form
void appendSingle(std::string &out, double number);                     ///< isSingle(number)
void appendDouble(std::string &out, double number);

/// Bytes of the argument that follow a head's first byte, by its lower five bits; -1 if they are reserved, or say that the
/// length is indefinite (31).
constexpr int argumentBytes(unsigned info)
{
    return info < 24 ? 0 : info < 28 ? 1 << (info - 24) : -1;
}

/// Whether single precision holds the number exactly.
inline bool isSingle(double number)
{
    return std::fabs(number) <= static_cast<double>(std::numeric_limits<float>::max()) &&
           static_cast<double>(static_cast<float>(number)) == number;
}

/// The half-precision form of a number that has one exactly.
std::optional<std::uint16_t> exactHalf(double number);
double fromHalf(std::uint16_t half);
double fromBits(std::uint64_t bits, int bytes); ///< of 2, 4 or 8; may be no finite number

} // namespace eventsync::json::cbor
