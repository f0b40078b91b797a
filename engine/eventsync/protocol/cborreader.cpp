// SPDX-License-Identifier: Apache-2.0
//
// One pass over the bytes. The recursion follows containers, whose depth is checked before they are entered. No memory is
// reserved for an announced length: each item of a list needs at least one byte of input, so memory is proportional to the
// input.
#include <eventsync/json/limits.h>
#include <eventsync/protocol/cborcursor_p.h>

#include <eventsync/base/bytes.h>
#include <eventsync/json/numbers.h>

#include <algorithm>
#include <cmath>

namespace eventsync::protocol::cbor {

namespace {

constexpr std::size_t kHashBytes = 32;
constexpr std::uint64_t kReserveItems = 32;

class Reader
{
public:
    Reader(ItemCursor &in, int depth) : m_in(in), m_maxDepth(depth) {}

    Result<json::Value> run(const Shape &shape)
    {
        json::Value value;
        if (read(value, shape, 0) && m_in.left() > 0)
            invalid("bytes are left over");
        if (m_error)
            return failure(std::move(*m_error));
        return value;
    }

    bool read(json::Value &out, const Shape &shape, int depth)
    {
        ItemHead at;
        if (!head(at))
            return false;
        switch (at.major) {
        case Major::Unsigned:
        case Major::Negative:
            return integer(out, at);
        case Major::ByteString:
            return byteString(out, at.argument, shape);
        case Major::Text:
            return text(out, at.argument, shape);
        case Major::List:
            return list(out, at.argument, shape, depth + 1);
        case Major::Map:
            return map(out, at.argument, shape, depth + 1);
        case Major::Tag:
            return invalid("a tag");
        case Major::Simple:
            return simple(out, at.info);
        }
        return invalid("an unknown major type");
    }

private:
    bool fail(ErrorCode code, std::string reason)
    {
        m_error = Error{code, std::move(reason) + " at byte " + std::to_string(m_in.at())};
        return false;
    }
    bool invalid(std::string reason) { return fail(ErrorCode::InvalidValue, std::move(reason)); }
    bool take(std::uint64_t count, std::string_view &out) { return m_in.take(count, out) || invalid(m_in.problem()); }
    bool head(ItemHead &out) { return m_in.head(out) || invalid(m_in.problem()); }

    bool integer(json::Value &out, const ItemHead &at)
    {
        const bool negative = at.major == Major::Negative;
        const auto max = static_cast<std::uint64_t>(limits::kMaxInteger) - (negative ? 1 : 0);
        if (at.argument > max)
            return invalid("an integer outside the range in which numbers are integers");
        const auto magnitude = static_cast<std::int64_t>(at.argument);
        out = negative ? -1 - magnitude : magnitude;
        return true;
    }

    bool byteString(json::Value &out, std::uint64_t size, const Shape &shape)
    {
        std::string_view raw;
        if (!take(size, raw))
            return false;
        switch (shape.kind) {
        case Shape::Kind::Hash:
            if (raw.size() != kHashBytes)
                return invalid("a hash that has not 32 bytes");
            out = toHex(raw);
            return true;
        case Shape::Kind::Bytes:
            out = toBase64Url(raw);
            return true;
        case Shape::Kind::Value:
            return invalid("a byte string inside a JSON value");
        default:
            out = nullptr; // a field that this version does not know; a known one refuses null
            return true;
        }
    }

    bool rawText(std::string_view &out, std::uint64_t size)
    {
        if (!take(size, out))
            return false;
        return isValidUtf8(out) || invalid("a text that is not UTF-8");
    }

    bool text(json::Value &out, std::uint64_t size, const Shape &shape)
    {
        if (shape.kind == Shape::Kind::Hash || shape.kind == Shape::Kind::Bytes)
            return fail(ErrorCode::InvalidMessage, "text where a byte string belongs");
        std::string_view content;
        if (!rawText(content, size))
            return false;
        out = content;
        return true;
    }

    bool list(json::Value &out, std::uint64_t count, const Shape &shape, int depth)
    {
        if (depth > m_maxDepth)
            return fail(ErrorCode::TooDeep, "too deep");
        if (count > m_in.left())
            return invalid("the message is cut short");
        auto &items = out.emplace_array();
        items.reserve(static_cast<std::size_t>(std::min(count, kReserveItems)));
        for (std::uint64_t i = 0; i < count; ++i) {
            items.emplace_back(nullptr);
            if (!read(items.back(), shape.element(static_cast<std::size_t>(i)), depth))
                return false;
        }
        return true;
    }

    bool map(json::Value &out, std::uint64_t count, const Shape &shape, int depth)
    {
        if (depth > m_maxDepth)
            return fail(ErrorCode::TooDeep, "too deep");
        if (count > m_in.left() / 2)
            return invalid("the message is cut short");
        auto &members = out.emplace_object();
        members.reserve(static_cast<std::size_t>(std::min(count, kReserveItems)));
        std::string_view before;
        for (std::uint64_t i = 0; i < count; ++i) {
            std::string_view name;
            if (!key(name, before))
                return false;
            auto &member = members.emplace(name, nullptr).first->value();
            if (!read(member, shape.member(name), depth))
                return false;
        }
        return true;
    }

    // `before`: the encoded form of the key before, and afterwards of this one.
    bool key(std::string_view &name, std::string_view &before)
    {
        const std::size_t from = m_in.at();
        ItemHead at;
        if (!head(at))
            return false;
        if (at.major != Major::Text)
            return invalid("a key that is no text");
        if (!rawText(name, at.argument))
            return false;
        if (name.find('\0') != std::string_view::npos)
            return invalid("a key with NUL in it");
        const std::string_view encoded = m_in.since(from);
        if (!before.empty() && !(before < encoded))
            return invalid(before == encoded ? "a key that is there twice" : "keys that are not in order");
        before = encoded;
        return true;
    }

    bool simple(json::Value &out, unsigned info)
    {
        switch (0xE0u | info) {
        case kFalse:
        case kTrue:
            out = (0xE0u | info) == kTrue;
            return true;
        case kNull:
            out = nullptr;
            return true;
        case kHalf:
        case kSingle:
        case kDouble:
            return floating(out, static_cast<unsigned char>(0xE0u | info));
        default:
            return invalid("a simple value that JSON does not have");
        }
    }

    bool floating(json::Value &out, unsigned char form)
    {
        std::uint64_t bits = 0;
        const int bytes = form == kHalf ? 2 : form == kSingle ? 4 : 8;
        if (!m_in.number(bytes, bits))
            return invalid(m_in.problem());
        const double value = fromBits(bits, bytes);
        if (!std::isfinite(value))
            return invalid("a number that is not finite");
        const bool tooLong = (form == kSingle && exactHalf(value)) ||
                             (form == kDouble && isSingle(value));
        if (tooLong)
            return invalid("a number that is not in its shortest form");
        out = json::domainNumber(value);
        return out.is_double() || invalid("an integer written as a floating-point number");
    }

    ItemCursor &m_in;
    int m_maxDepth;
    std::optional<Error> m_error;
};

} // namespace

Result<json::Value> read(std::string_view bytes, const Shape &shape, const Limits &limits)
{
    if (bytes.size() > limits.bytes)
        return failure(ErrorCode::TooLarge, "the message has " + std::to_string(bytes.size()) + " bytes");
    ItemCursor in(bytes);
    return Reader(in, limits.depth).run(shape);
}

bool readItem(ItemCursor &in, json::Value &out, const Shape &shape, int depth, int maxDepth)
{
    return Reader(in, maxDepth).read(out, shape, depth);
}

} // namespace eventsync::protocol::cbor
