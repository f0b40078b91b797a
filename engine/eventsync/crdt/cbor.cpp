// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/cbor_p.h>

#include <eventsync/crdt/utf16_p.h>
#include <eventsync/json/cbor.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/numbers.h>

#include <algorithm>
#include <cmath>

namespace eventsync::crdt {

void writeCborHeader(ByteWriter &out, int major, std::uint64_t length)
{
    json::cbor::appendHead(out.out(), static_cast<json::cbor::Major>(major), length);
}

void writeCborUnsigned(ByteWriter &out, std::uint64_t value)
{
    writeCborHeader(out, 0, value);
}

void writeCborText(ByteWriter &out, std::string_view utf8)
{
    const std::uint64_t widest = static_cast<std::uint64_t>(std::max<std::int64_t>(utf16Length(utf8), 0)) * 4;
    if (widest <= 23) {
        out.u8(static_cast<std::uint8_t>(0x60 | utf8.size()));
    } else if (widest <= 0xFF) {
        out.u8(0x78);
        out.u8(static_cast<std::uint8_t>(utf8.size()));
    } else if (widest <= 0xFFFF) {
        out.u8(0x79);
        out.u16(static_cast<std::uint16_t>(utf8.size()));
    } else {
        out.u8(0x7A);
        out.u32(static_cast<std::uint32_t>(utf8.size()));
    }
    out.bytes(utf8);
}

void writeCborBinary(ByteWriter &out, std::string_view bytes)
{
    writeCborHeader(out, 2, bytes.size());
    out.bytes(bytes);
}

bool isArrayIndex(std::string_view key, std::uint32_t &index)
{
    if (key.empty() || key.size() > 10 || (key[0] == '0' && key.size() > 1))
        return false;
    std::uint64_t value = 0;
    for (const char c : key) {
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    index = static_cast<std::uint32_t>(value);
    return value <= 0xFFFFFFFEu;
}

std::vector<const json::Object::value_type *> inScriptOrder(const json::Object &object)
{
    std::vector<std::pair<std::uint32_t, const json::Object::value_type *>> indices;
    std::vector<const json::Object::value_type *> names;
    for (const auto &member : object) {
        std::uint32_t index = 0;
        if (isArrayIndex(member.key(), index))
            indices.emplace_back(index, &member);
        else
            names.push_back(&member);
    }
    std::sort(indices.begin(), indices.end());
    std::vector<const json::Object::value_type *> all;
    all.reserve(object.size());
    for (const auto &[index, member] : indices)
        all.push_back(member);
    all.insert(all.end(), names.begin(), names.end());
    return all;
}

namespace {

void writeNumber(ByteWriter &out, double number)
{
    if (json::cbor::isSingle(number))
        json::cbor::appendSingle(out.out(), number);
    else
        json::cbor::appendDouble(out.out(), number);
}

} // namespace

void writeCbor(ByteWriter &out, const json::Value &value)
{
    switch (value.kind()) {
    case boost::json::kind::null:
        return out.u8(json::cbor::kNull);
    case boost::json::kind::bool_:
        return out.u8(value.get_bool() ? json::cbor::kTrue : json::cbor::kFalse);
    case boost::json::kind::int64: {
        const std::int64_t number = value.get_int64();
        return number >= 0 ? writeCborHeader(out, 0, static_cast<std::uint64_t>(number))
                           : writeCborHeader(out, 1, static_cast<std::uint64_t>(-1 - number));
    }
    case boost::json::kind::uint64:
        return writeCborHeader(out, 0, value.get_uint64());
    case boost::json::kind::double_:
        return writeNumber(out, value.get_double());
    case boost::json::kind::string:
        return writeCborText(out, value.get_string());
    case boost::json::kind::array:
        writeCborHeader(out, 4, value.get_array().size());
        for (const json::Value &element : value.get_array())
            writeCbor(out, element);
        return;
    case boost::json::kind::object:
        writeCborHeader(out, 5, value.get_object().size());
        for (const auto *member : inScriptOrder(value.get_object())) {
            writeCborText(out, member->key());
            writeCbor(out, member->value());
        }
        return;
    }
}

void writeCbor(ByteWriter &out, const Constant &constant)
{
    if (const auto *value = std::get_if<json::Value>(&constant))
        writeCbor(out, *value);
    else if (const auto *binary = std::get_if<Binary>(&constant))
        writeCborBinary(out, binary->bytes);
    else
        out.u8(std::holds_alternative<Undefined>(constant) ? json::cbor::kUndefined : json::cbor::kNull);
}

CborHeader readCborHeader(ByteReader &in)
{
    const std::uint8_t octet = in.u8();
    CborHeader header{octet >> 5, std::uint64_t(octet & 31), 0};
    const int bytes = json::cbor::argumentBytes(octet & 31u);
    if (bytes < 0)
        in.fail();
    else if (bytes > 0)
        header.value = in.bigEndian(bytes), header.width = bytes;
    return header;
}

std::string_view readCborText(ByteReader &in)
{
    const CborHeader header = readCborHeader(in);
    if (header.major != 3)
        in.fail();
    const std::string_view text = in.bytes(header.value);
    if (utf16Length(text) < 0)
        in.fail();
    return in.ok() ? text : std::string_view();
}

namespace {

// Text that may hold halves of surrogate pairs, as valid UTF-8.
std::string validText(std::string_view text)
{
    if (isValidUtf8(text))
        return std::string(text);
    std::u16string units;
    appendUtf16(units, text);
    std::string out;
    appendUtf8(out, units, LoneSurrogate::Replace);
    return out;
}

json::Value readNumber(ByteReader &in, const CborHeader &header)
{
    const double number = json::cbor::fromBits(header.value, header.width);
    if (!std::isfinite(number)) {
        in.fail();
        return {};
    }
    return json::domainNumber(number);
}

Constant readItem(ByteReader &in, int depth);

json::Value readInner(ByteReader &in, int depth)
{
    return viewOf(readItem(in, depth));
}

Constant readContainer(ByteReader &in, const CborHeader &header, int depth)
{
    if (depth >= limits::kDepth || header.value > in.left()) { // every item takes a byte
        in.fail();
        return {};
    }
    if (header.major == 4) {
        json::Array array;
        for (std::uint64_t i = 0; i < header.value && in.ok(); ++i)
            array.push_back(readInner(in, depth + 1));
        return json::Value(std::move(array));
    }
    json::Object object;
    for (std::uint64_t i = 0; i < header.value && in.ok(); ++i) {
        const std::string key = validText(readCborText(in));
        if (key.find('\0') != std::string::npos || object.contains(key))
            in.fail();
        else
            object.emplace(key, readInner(in, depth + 1));
    }
    return json::Value(std::move(object));
}

Constant readItem(ByteReader &in, int depth)
{
    const CborHeader header = readCborHeader(in);
    switch (header.major) {
    case 0:
        return header.value <= kMaxTime ? json::Value(static_cast<std::int64_t>(header.value))
                                        : json::Value(static_cast<double>(header.value));
    case 1:
        return header.value < kMaxTime ? json::Value(-1 - static_cast<std::int64_t>(header.value))
                                       : json::Value(-1.0 - static_cast<double>(header.value));
    case 2:
        return Binary{Bytes(in.bytes(header.value))};
    case 3: {
        const std::string_view text = in.bytes(header.value);
        if (utf16Length(text) < 0)
            in.fail();
        return in.ok() ? json::Value(boost::json::string(validText(text))) : json::Value();
    }
    case 4:
    case 5:
        return readContainer(in, header, depth);
    case 7:
        if (header.width >= 2)
            return readNumber(in, header);
        switch (header.width == 0 ? header.value : 0) {
        case 20: return json::Value(false);
        case 21: return json::Value(true);
        case 22: return json::Value(nullptr);
        case 23: return Undefined{};
        default: break;
        }
        [[fallthrough]];
    default:
        in.fail();
        return {};
    }
}

} // namespace

Constant readCbor(ByteReader &in)
{
    return readItem(in, 0);
}

void skipCbor(ByteReader &in)
{
    const char *start = in.position();
    const std::uint8_t major = in.peek() >> 5;
    if (major >= 4 && major <= 6) { // containers are built and thrown away: their rules live in one place
        static_cast<void>(readCbor(in));
        return;
    }
    if (major == 3) {
        static_cast<void>(readCborText(in));
        return;
    }
    const CborHeader header = readCborHeader(in);
    if (major == 2) {
        in.bytes(header.value);
    } else if (major == 7 && !(header.width == 0 && header.value >= 20 && header.value <= 23)) {
        in.seek(start);
        static_cast<void>(readCbor(in));
    }
}

} // namespace eventsync::crdt
