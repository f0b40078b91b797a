// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>
#include <eventsync/protocol/shape.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

// CBOR (RFC 8949) in its deterministic encoding (section 4.2.1) and nothing else: one value has one encoding. Values are in
// their JSON form on this side; bytes become hexadecimal or base64url where the shape says so.
namespace eventsync::protocol::cbor {

struct Limits
{
    std::size_t bytes;
    int depth;
};

// InvalidValue: cut short, bytes left over, or a form that is not the deterministic one or not in the value domain;
// InvalidMessage: text where bytes belong; TooLarge, TooDeep. Recursion and memory stay in proportion to the limits.
Result<json::Value> read(std::string_view bytes, const Shape &shape, const Limits &limits);

void append(std::string &out, const json::Value &value, const Shape &shape);

enum class Major : unsigned char { Unsigned, Negative, ByteString, Text, List, Map, Tag, Simple };

constexpr unsigned char kFalse = 0xF4, kTrue = 0xF5, kNull = 0xF6, kHalf = 0xF9, kSingle = 0xFA, kDouble = 0xFB;

// Whether single precision holds the number exactly.
inline bool isSingle(double number)
{
    return std::fabs(number) <= static_cast<double>(std::numeric_limits<float>::max()) &&
           static_cast<double>(static_cast<float>(number)) == number;
}

// The half-precision form of a number that has one exactly.
std::optional<std::uint16_t> exactHalf(double number);
double fromHalf(std::uint16_t half);

} // namespace eventsync::protocol::cbor
