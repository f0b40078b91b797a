// SPDX-License-Identifier: Apache-2.0
//
// RFC 8785. It is used for every event (hashing), so there is one growing buffer and one list of members for the whole
// document, and members that are in order already are not sorted (mostly they are, because they were read from canonical JSON).
#include <eventsync/json/keyorder.h>
#include <eventsync/json/text.h>
#include <eventsync/json/value.h>

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace eventsync::json {

namespace {

constexpr std::size_t kNumberRoom = 32; // "-1.2345678901234567e-308" and every int64 fit

// How a byte of a string is written: 0: as it is, 1: as \u00xx, otherwise as a backslash and this character.
constexpr auto kEscapes = [] {
    std::array<char, 256> table{};
    for (std::size_t c = 0; c < 0x20; ++c)
        table[c] = 1;
    table['\b'] = 'b';
    table['\t'] = 't';
    table['\n'] = 'n';
    table['\f'] = 'f';
    table['\r'] = 'r';
    table['"'] = '"';
    table['\\'] = '\\';
    return table;
}();

// ECMAScript's Number::toString (ECMA-262, 6.1.6.1.20) from the shortest digits, which std::to_chars finds.
std::size_t writeDouble(char *out, double number)
{
    if (number == 0) {
        *out = '0';
        return 1;
    }
    char *at = out;
    if (number < 0)
        *at++ = '-';

    // d.ddde[+-]xx -> the digits, and n: the value is 0.digits * 10^n.
    char shortest[kNumberRoom];
    const auto written = std::to_chars(shortest, shortest + sizeof shortest, std::fabs(number), std::chars_format::scientific);
    const char *mark = std::find(shortest, written.ptr, 'e');
    char digits[20];
    int count = 0;
    for (const char *c = shortest; c != mark; ++c)
        if (*c != '.')
            digits[count++] = *c;
    int exponent = 0;
    std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, written.ptr, exponent);
    const int n = exponent + 1;

    if (n > 0 && n <= 21) {
        const int whole = std::min(n, count);
        at = std::copy_n(digits, whole, at);
        at = std::fill_n(at, n - whole, '0');
        if (count > n) {
            *at++ = '.';
            at = std::copy(digits + n, digits + count, at);
        }
    } else if (n > -6 && n <= 0) {
        *at++ = '0';
        *at++ = '.';
        at = std::fill_n(at, -n, '0');
        at = std::copy_n(digits, count, at);
    } else {
        *at++ = digits[0];
        if (count > 1) {
            *at++ = '.';
            at = std::copy(digits + 1, digits + count, at);
        }
        *at++ = 'e';
        *at++ = exponent < 0 ? '-' : '+';
        at = std::to_chars(at, at + 4, std::abs(exponent)).ptr;
    }
    return static_cast<std::size_t>(at - out);
}

std::size_t writeNumber(char *out, const Value &number)
{
    if (const double *d = number.if_double())
        return writeDouble(out, *d);
    char *end = out + kNumberRoom;
    if (const std::uint64_t *n = number.if_uint64())
        return static_cast<std::size_t>(std::to_chars(out, end, *n).ptr - out);
    return static_cast<std::size_t>(std::to_chars(out, end, number.get_int64()).ptr - out);
}

std::size_t stringSize(std::string_view text)
{
    std::size_t size = text.size() + 2;
    for (const char c : text)
        if (const char escape = kEscapes[static_cast<unsigned char>(c)]; escape != 0) [[unlikely]]
            size += escape == 1 ? 5 : 1;
    return size;
}

class Writer
{
public:
    explicit Writer(std::string &out) : m_out(out) {}

    void write(const Value &value)
    {
        switch (value.kind()) {
        case boost::json::kind::null:
            m_out += "null";
            break;
        case boost::json::kind::bool_:
            m_out += value.get_bool() ? "true" : "false";
            break;
        case boost::json::kind::int64:
        case boost::json::kind::uint64:
        case boost::json::kind::double_: {
            char text[kNumberRoom];
            m_out.append(text, writeNumber(text, value));
            break;
        }
        case boost::json::kind::string:
            appendString(m_out, value.get_string());
            break;
        case boost::json::kind::array:
            writeArray(value.get_array());
            break;
        case boost::json::kind::object:
            writeObject(value.get_object());
            break;
        }
    }

private:
    void writeArray(const Array &array)
    {
        m_out += '[';
        bool first = true;
        for (const Value &element : array) {
            if (!first)
                m_out += ',';
            first = false;
            write(element);
        }
        m_out += ']';
    }

    void writeObject(const Object &object)
    {
        // Members of all open objects share one list; this object's start at `base`.
        const std::size_t base = m_members.size();
        bool sorted = true;
        for (const auto &member : object) {
            if (m_members.size() > base && sorted)
                sorted = compareUtf16(m_members.back()->key(), member.key()) < 0;
            m_members.push_back(&member);
        }
        if (!sorted)
            std::sort(m_members.begin() + static_cast<std::ptrdiff_t>(base), m_members.end(),
                      [](const auto *a, const auto *b) { return compareUtf16(a->key(), b->key()) < 0; });
        m_out += '{';
        for (std::size_t i = 0; i < object.size(); ++i) {
            if (i > 0)
                m_out += ',';
            const auto *member = m_members[base + i]; // by index: the list grows below
            appendString(m_out, member->key());
            m_out += ':';
            write(member->value());
        }
        m_out += '}';
        m_members.resize(base);
    }

    std::string &m_out;
    boost::container::small_vector<const boost::json::key_value_pair *, 64> m_members;
};

} // namespace

void appendEscaped(std::string &out, std::string_view text)
{
    const char *run = text.data();
    const char *const end = run + text.size();
    for (const char *c = run; c != end; ++c) {
        const char escape = kEscapes[static_cast<unsigned char>(*c)];
        if (escape == 0) [[likely]]
            continue;
        out.append(run, c);
        run = c + 1;
        if (escape == 1) {
            constexpr char kHex[] = "0123456789abcdef";
            out += {'\\', 'u', '0', '0', kHex[*c >> 4], kHex[*c & 15]};
        } else {
            out += {'\\', escape};
        }
    }
    out.append(run, end);
}

void appendString(std::string &out, std::string_view text)
{
    out += '"';
    appendEscaped(out, text);
    out += '"';
}

std::string numberText(double number)
{
    char text[kNumberRoom];
    return {text, writeDouble(text, number)};
}

void appendCanonical(std::string &out, const Value &value)
{
    Writer(out).write(value);
}

std::string canonical(const Value &value)
{
    std::string out;
    appendCanonical(out, value);
    return out;
}

std::size_t canonicalSize(const Value &value)
{
    switch (value.kind()) {
    case boost::json::kind::null:
        return 4;
    case boost::json::kind::bool_:
        return value.get_bool() ? 4 : 5;
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_: {
        char text[kNumberRoom];
        return writeNumber(text, value);
    }
    case boost::json::kind::string:
        return stringSize(value.get_string());
    case boost::json::kind::array: {
        const Array &array = value.get_array();
        std::size_t size = 2 + (array.empty() ? 0 : array.size() - 1);
        for (const Value &element : array)
            size += canonicalSize(element);
        return size;
    }
    case boost::json::kind::object: {
        const Object &object = value.get_object();
        std::size_t size = 2 + object.size() + (object.empty() ? 0 : object.size() - 1);
        for (const auto &member : object)
            size += stringSize(member.key()) + canonicalSize(member.value());
        return size;
    }
    }
    return 0;
}

std::size_t canonicalStringSize(std::string_view text)
{
    return stringSize(text);
}

} // namespace eventsync::json
