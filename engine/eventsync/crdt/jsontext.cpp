// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/jsontext_p.h>

#include <eventsync/crdt/cbor_p.h>
#include <eventsync/crdt/limits.h>
#include <eventsync/crdt/utf16_p.h>
#include <eventsync/json/text.h>

#include <charconv>

namespace eventsync::crdt {

namespace {

constexpr char kHex[] = "0123456789abcdef";

void appendEscape(std::string &out, unsigned unit)
{
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4)
        out += kHex[unit >> shift & 15];
}

bool isHex(std::string_view text, std::size_t at, unsigned &unit)
{
    return at + 4 <= text.size() && std::from_chars(text.data() + at, text.data() + at + 4, unit, 16).ptr == text.data() + at + 4;
}

// `text` with \uD800..\uDFFF that are no pair as \uFFFD: a JSON parser refuses them, the encodings may hold them.
std::string withoutLoneEscapes(std::string_view text)
{
    std::string out(text);
    for (std::size_t i = 0; i + 1 < out.size(); ++i) {
        if (out[i] != '\\')
            continue;
        unsigned unit = 0;
        unsigned low = 0;
        if (out[i + 1] == 'u' && isHex(out, i + 2, unit) && (unit & 0xF800) == 0xD800) {
            const bool isPair = (unit & 0x400) == 0 && i + 7 < out.size() && out[i + 6] == '\\' && out[i + 7] == 'u'
                && isHex(out, i + 8, low) && (low & 0xFC00) == 0xDC00;
            if (isPair) {
                i += 11;
                continue;
            }
            out.replace(i + 2, 4, "fffd");
        }
        ++i; // the escaped character
    }
    return out;
}

} // namespace

void appendJsonText(std::string &out, std::string_view text)
{
    constexpr char kBeginsHalf = '\xED';
    out += '"';
    std::size_t run = 0, next = 0;
    for (std::size_t at = text.find(kBeginsHalf); at != std::string_view::npos; at = text.find(kBeginsHalf, next)) {
        next = at + 1;
        if (at + 2 >= text.size() || static_cast<unsigned char>(text[at + 1]) < 0xA0)
            continue;
        json::appendEscaped(out, text.substr(run, at - run));
        appendEscape(out, 0xD000u | (text[at + 1] & 0x3Fu) << 6 | (text[at + 2] & 0x3Fu));
        run = next = at + 3;
    }
    json::appendEscaped(out, text.substr(run));
    out += '"';
}

void appendJsonText(std::string &out, std::u16string_view text)
{
    std::string utf8;
    appendUtf8(utf8, text, LoneSurrogate::Keep);
    appendJsonText(out, utf8);
}

void appendJsonNumber(std::string &out, std::uint64_t number)
{
    char buffer[24];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), number).ptr);
}

void appendJson(std::string &out, const json::Value &value)
{
    switch (value.kind()) {
    case boost::json::kind::string:
        return appendJsonText(out, std::string_view(value.get_string()));
    case boost::json::kind::array: {
        char separator = '[';
        for (const json::Value &element : value.get_array()) {
            out += separator;
            appendJson(out, element);
            separator = ',';
        }
        out += separator == '[' ? "[]" : "]";
        return;
    }
    case boost::json::kind::object: {
        char separator = '{';
        for (const auto *member : inScriptOrder(value.get_object())) {
            out += separator;
            appendJsonText(out, std::string_view(member->key()));
            out += ':';
            appendJson(out, member->value());
            separator = ',';
        }
        out += separator == '{' ? "{}" : "}";
        return;
    }
    default:
        return json::appendCanonical(out, value);
    }
}

Result<json::Value> parseEncoding(std::string_view text)
{
    const json::ParseLimits limits{limits::kCrdtEncodingBytes, limits::kCrdtEncodingDepth};
    const bool mayHaveHalves = text.find("\\ud") != std::string_view::npos || text.find("\\uD") != std::string_view::npos;
    return mayHaveHalves ? json::parse(withoutLoneEscapes(text), limits) : json::parse(text, limits);
}

} // namespace eventsync::crdt
