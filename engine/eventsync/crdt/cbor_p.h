// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/constant.h>
#include <eventsync/crdt/wire.h>

#include <string_view>

namespace eventsync::crdt {

// Constants as CBOR (RFC 8949), byte for byte as the reference implementation writes them: a text's length field is as wide as
// its UTF-16 length times four would need, floats are single precision if that is exact, and object keys that are array indices
// come first, as in every JavaScript object.
void writeCbor(ByteWriter &out, const Constant &constant); // an Id has no CBOR form: written as null
void writeCbor(ByteWriter &out, const json::Value &value);
void writeCborText(ByteWriter &out, std::string_view utf8);
void writeCborBinary(ByteWriter &out, std::string_view bytes);
void writeCborUnsigned(ByteWriter &out, std::uint64_t value);
void writeCborHeader(ByteWriter &out, int major, std::uint64_t length); // 2 bytes, 4 array, 5 map

// One item. Fails the reader on anything that is no JSON value, binary data or undefined (tags, indefinite lengths, NaN,
// duplicate keys, depth over limits::kDepth). Inside containers undefined becomes null and binary data a data URL.
Constant readCbor(ByteReader &in);
// Checks and skips one item.
void skipCbor(ByteReader &in);
// The text of a text item, as it lies in the input (WTF-8 halves allowed); fails the reader on anything else.
std::string_view readCborText(ByteReader &in);

struct CborHeader
{
    int major = 7;
    std::uint64_t value = 0; // length, or the unsigned number; for major 7 the simple value or the bits of a float
    int width = 0;           // bytes of `value` that followed the first byte
};
CborHeader readCborHeader(ByteReader &in);

// The keys of an object in the order in which JavaScript enumerates them.
std::vector<const json::Object::value_type *> inScriptOrder(const json::Object &object);
bool isArrayIndex(std::string_view key, std::uint32_t &index);

} // namespace eventsync::crdt
