// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/cbor.h>

#include <eventsync/crdt/utf16.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/numbers.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace eventsync::crdt {

void writeCborHeader(ByteWriter &out, int major, std::uint64_t length)
{
    const auto overlay = static_cast<std::uint8_t>(major << 5);
    if (length <= 23) {
        out.u8(static_cast<std::uint8_t>(overlay | length));
    } else if (length <= 0xFF) {
        out.u8(overlay | 24);
        out.u8(static_cast<std::uint8_t>(length));
    } else if (length <= 0xFFFF) {
        out.u8(overlay | 25);
        out.u16(static_cast<std::uint16_t>(length));
    } else if (length <= 0xFFFFFFFF) {
        out.u8(overlay | 26);
        out.u32(static_cast<std::uint32_t>(length));
    } else {
        out.u8(overlay | 27);
        out.u64(length);
    }
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
    const auto narrow = static_cast<float>(number);
    if (static_cast<double>(narrow) == number) {
        out.u8(0xFA);
        out.u32(std::bit_cast<std::uint32_t>(narrow));
    } else {
        out.u8(0xFB);
        out.u64(std::bit_cast<std::uint64_t>(number));
    }
}

} // namespace

void writeCbor(ByteWriter &out, const json::Value &value)
{
    switch (value.kind()) {
    case boost::json::kind::null:
        return out.u8(0xF6);
    case boost::json::kind::bool_:
        return out.u8(value.get_bool() ? 0xF5 : 0xF4);
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
        out.u8(std::holds_alternative<Undefined>(constant) ? 0xF7 : 0xF6);
}

CborHeader readCborHeader(ByteReader &in)
{
    const std::uint8_t octet = in.u8();
    CborHeader header{octet >> 5, std::uint64_t(octet & 31), 0};
    switch (header.value) {
    case 24: header.value = in.u8(), header.width = 1; break;
    case 25: header.value = in.u16(), header.width = 2; break;
    case 26: header.value = in.u32(), header.width = 4; break;
    case 27: header.value = in.u64(), header.width = 8; break;
    case 28: case 29: case 30: case 31: in.fail(); break;
    default: break;
    }
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

double halfToDouble(std::uint16_t half)
{
    const int exponent = half >> 10 & 31;
    const double fraction = half & 1023;
    const double magnitude = exponent == 0    ? std::ldexp(fraction, -24)
                             : exponent == 31 ? (fraction == 0 ? HUGE_VAL : NAN)
                                              : std::ldexp(fraction + 1024, exponent - 25);
    return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

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
    double number = 0;
    if (header.width == 8)
        number = std::bit_cast<double>(header.value);
    else if (header.width == 4)
        number = std::bit_cast<float>(static_cast<std::uint32_t>(header.value));
    else
        number = halfToDouble(static_cast<std::uint16_t>(header.value));
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
