// SPDX-License-Identifier: Apache-2.0
#include <eventsync/protocol/cbor_p.h>

#include <eventsync/base/bytes.h>

#include <boost/container/small_vector.hpp>

#include <algorithm>

namespace eventsync::protocol::cbor {

namespace {

// Bytewise order of the encoded keys: a shorter text has a smaller head, so length is compared first.
bool keyBefore(std::string_view a, std::string_view b)
{
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

void appendText(std::string &out, std::string_view text)
{
    appendHead(out, Major::Text, text.size());
    out += text;
}

void appendMap(std::string &out, const json::Object &object, const Shape &shape)
{
    boost::container::small_vector<const json::Object::value_type *, 24> members;
    for (const auto &member : object)
        members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const auto *a, const auto *b) { return keyBefore(a->key(), b->key()); });
    appendHead(out, Major::Map, members.size());
    for (const auto *member : members) {
        appendText(out, member->key());
        append(out, member->value(), shape.member(member->key()));
    }
}

} // namespace

void appendInteger(std::string &out, std::int64_t number)
{
    if (number >= 0)
        appendHead(out, Major::Unsigned, static_cast<std::uint64_t>(number));
    else
        appendHead(out, Major::Negative, static_cast<std::uint64_t>(-1 - number));
}

void appendFloat(std::string &out, double number)
{
    if (const auto half = exactHalf(number)) {
        out += static_cast<char>(kHalf);
        out += static_cast<char>(*half >> 8);
        out += static_cast<char>(*half);
    } else if (isSingle(number)) {
        appendSingle(out, number);
    } else {
        appendDouble(out, number);
    }
}

// A hash or bytes in their JSON form become a byte string. Any other text there is an error of the code that built the message;
// it is written as text, which a peer refuses.
void appendString(std::string &out, std::string_view text, const Shape &shape)
{
    if (shape.kind == Shape::Kind::Hash || shape.kind == Shape::Kind::Bytes) {
        if (const auto bytes = shape.kind == Shape::Kind::Hash ? fromHex(text) : fromBase64Url(text)) {
            appendHead(out, Major::ByteString, bytes->size());
            out += *bytes;
            return;
        }
    }
    appendText(out, text);
}

void append(std::string &out, const json::Value &value, const Shape &shape)
{
    switch (value.kind()) {
    case boost::json::kind::null:
        out += static_cast<char>(kNull);
        return;
    case boost::json::kind::bool_:
        out += static_cast<char>(value.get_bool() ? kTrue : kFalse);
        return;
    case boost::json::kind::int64:
        appendInteger(out, value.get_int64());
        return;
    case boost::json::kind::uint64: // never in the value domain; written as it is
        appendHead(out, Major::Unsigned, value.get_uint64());
        return;
    case boost::json::kind::double_:
        appendFloat(out, value.get_double());
        return;
    case boost::json::kind::string:
        appendString(out, value.get_string(), shape);
        return;
    case boost::json::kind::array: {
        const auto &list = value.get_array();
        appendHead(out, Major::List, list.size());
        for (std::size_t i = 0; i < list.size(); ++i)
            append(out, list[i], shape.element(i));
        return;
    }
    case boost::json::kind::object:
        appendMap(out, value.get_object(), shape);
        return;
    }
}

} // namespace eventsync::protocol::cbor
