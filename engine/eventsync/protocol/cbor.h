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

// Pieces, for what is written without a json::Value.
void appendHead(std::string &out, Major major, std::uint64_t argument);
void appendInteger(std::string &out, std::int64_t number);
void appendFloat(std::string &out, double number); // not integral, or outside the integers' range
void appendString(std::string &out, std::string_view text, const Shape &shape);

// The same bytes as append() for canonical JSON text, in one pass and without a json::Value between. False, with `out` as it
// was, for text that is not canonical JSON as far as that shows, or too deep. Text is taken to be UTF-8.
bool appendCanonical(std::string &out, std::string_view json, const Shape &shape, int maxDepth);

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
