// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/cbor.h>
#include <eventsync/json/value.h>
#include <eventsync/protocol/shape_p.h>

#include <cstdint>

// CBOR (RFC 8949) in its deterministic encoding (section 4.2.1) only: one value has one encoding. Decoded values are in their
// JSON form, in which bytes are hexadecimal or base64url text, as the Shape says.
namespace eventsync::protocol::cbor {

struct Limits
{
    std::size_t bytes;
    int depth;
};

// InvalidValue: cut short, bytes left over, or a form that is not the deterministic one or not in the value domain;
// InvalidMessage: text instead of bytes; TooLarge, TooDeep. Recursion and memory are bounded by the limits.
Result<json::Value> read(std::string_view bytes, const Shape &shape, const Limits &limits);

void append(std::string &out, const json::Value &value, const Shape &shape);

using json::cbor::appendHead, json::cbor::exactHalf, json::cbor::fromBits, json::cbor::fromHalf, json::cbor::isSingle, json::cbor::Major;
using json::cbor::appendDouble, json::cbor::appendSingle;
using json::cbor::kDouble, json::cbor::kFalse, json::cbor::kHalf, json::cbor::kNull, json::cbor::kSingle, json::cbor::kTrue;

// Parts of the encoding, for code that writes without a json::Value.
void appendInteger(std::string &out, std::int64_t number);
void appendFloat(std::string &out, double number); // not integral, or outside the integers' range
void appendString(std::string &out, std::string_view text, const Shape &shape);

// The same bytes as append() for canonical JSON text, in one pass and without a json::Value between. Returns false and leaves
// `out` unchanged for text that is too deep, or that is recognised as not canonical. The text must be UTF-8.
bool appendCanonical(std::string &out, std::string_view json, const Shape &shape, int maxDepth);

} // namespace eventsync::protocol::cbor
