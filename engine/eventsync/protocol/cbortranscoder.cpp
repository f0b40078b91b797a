// SPDX-License-Identifier: Apache-2.0
//
// Canonical JSON has its members in the order of their names, CBOR in the order of their encoded names, which is that of their
// lengths first. So an object's members are written as they are read, with their offsets recorded, and sorted afterwards if
// necessary; sorting only moves bytes. The number of items in a container is known only at its end: one byte is reserved for
// its head, which is enough for nearly all, and more are inserted otherwise.
#include <eventsync/protocol/cbor_p.h>

#include <eventsync/json/numbers.h>

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace eventsync::protocol::cbor {

namespace {

constexpr std::size_t kDigitsOfIntegers = 16; // a number with more digits is no integer of the value domain
constexpr std::size_t kUsualMembers = 16;

class Transcoder
{
public:
    Transcoder(std::string &out, std::string_view json, int maxDepth)
        : m_out(out), m_at(json.data()), m_end(json.data() + json.size()), m_maxDepth(maxDepth)
    {
    }

    bool run(const Shape &shape) { return value(shape, 0) && m_at == m_end; }

private:
    bool next(char wanted)
    {
        if (m_at == m_end || *m_at != wanted)
            return false;
        ++m_at;
        return true;
    }

    bool literal(std::string_view word, unsigned char byte)
    {
        if (static_cast<std::size_t>(m_end - m_at) < word.size() || std::memcmp(m_at, word.data(), word.size()) != 0)
            return false;
        m_at += word.size();
        m_out += static_cast<char>(byte);
        return true;
    }

    bool value(const Shape &shape, int depth)
    {
        if (m_at == m_end)
            return false;
        switch (*m_at) {
        case '{':
            return object(shape, depth + 1);
        case '[':
            return list(shape, depth + 1);
        case '"': {
            std::string_view text;
            if (!string(text))
                return false;
            appendString(m_out, text, shape);
            return true;
        }
        case 't':
            return literal("true", kTrue);
        case 'f':
            return literal("false", kFalse);
        case 'n':
            return literal("null", kNull);
        default:
            return number();
        }
    }

    bool number()
    {
        const char *const begin = m_at;
        bool whole = true;
        for (; m_at != m_end && ((*m_at >= '0' && *m_at <= '9') || *m_at == '-' || *m_at == '+' || *m_at == '.' || *m_at == 'e'); ++m_at)
            whole = whole && (*m_at == '-' || (*m_at >= '0' && *m_at <= '9'));
        std::int64_t integer = 0;
        if (whole && static_cast<std::size_t>(m_at - begin) <= kDigitsOfIntegers + 1) {
            const auto read = std::from_chars(begin, m_at, integer);
            if (read.ec != std::errc() || read.ptr != m_at)
                return false;
            if (json::isDomainInteger(integer)) {
                appendInteger(m_out, integer);
                return true;
            }
        }
        double number = 0;
        const auto read = std::from_chars(begin, m_at, number);
        if (read.ec != std::errc() || read.ptr != m_at || json::domainNumber(number).is_int64())
            return false;
        appendFloat(m_out, number);
        return true;
    }

    // At the opening quote. `text` holds until the next string.
    bool string(std::string_view &text)
    {
        const char *const begin = ++m_at;
        const auto *quote = static_cast<const char *>(std::memchr(begin, '"', static_cast<std::size_t>(m_end - begin)));
        if (!quote)
            return false;
        const auto size = static_cast<std::size_t>(quote - begin);
        if (!std::memchr(begin, '\\', size)) {
            text = {begin, size};
            m_at = quote + 1;
            return true;
        }
        m_text.clear();
        for (m_at = begin; m_at != m_end && *m_at != '"'; ++m_at) {
            if (*m_at != '\\')
                m_text += *m_at;
            else if (!escape())
                return false;
        }
        text = m_text;
        return next('"');
    }

    // Reads an escape of canonical JSON; begins at the backslash and ends at the last character.
    bool escape()
    {
        if (++m_at == m_end)
            return false;
        constexpr std::string_view kLetters = "\"\\btnfr", kMeanings = "\"\\\b\t\n\f\r";
        if (const std::size_t which = kLetters.find(*m_at); which != std::string_view::npos) {
            m_text += kMeanings[which];
            return true;
        }
        unsigned code = 0;
        if (*m_at != 'u' || m_end - m_at < 5)
            return false;
        const auto read = std::from_chars(m_at + 1, m_at + 5, code, 16);
        if (read.ec != std::errc() || read.ptr != m_at + 5 || code >= 0x20)
            return false;
        m_text += static_cast<char>(code);
        m_at += 4;
        return true;
    }

    bool list(const Shape &shape, int depth)
    {
        if (depth > m_maxDepth)
            return false;
        const std::size_t head = m_out.size();
        m_out += '\0';
        std::size_t count = 0;
        ++m_at;
        if (!next(']')) {
            do {
                if (!value(shape.element(count), depth))
                    return false;
                ++count;
            } while (next(','));
            if (!next(']'))
                return false;
        }
        putHead(head, Major::List, count);
        return true;
    }

    bool object(const Shape &shape, int depth)
    {
        if (depth > m_maxDepth)
            return false;
        const std::size_t head = m_out.size();
        m_out += '\0';
        Members members;
        bool inOrder = true;
        ++m_at;
        if (!next('}')) {
            do {
                const std::size_t from = m_out.size();
                std::string_view name;
                if (m_at == m_end || *m_at != '"' || !string(name))
                    return false;
                appendHead(m_out, Major::Text, name.size());
                m_out += name;
                const Shape &inner = shape.member(name);
                if (!next(':') || !value(inner, depth))
                    return false;
                members.push_back({from, m_out.size() - from});
                inOrder = inOrder && (members.size() == 1 || bytesOf(members[members.size() - 2]) < bytesOf(members.back()));
            } while (next(','));
            if (!next('}'))
                return false;
        }
        if (!inOrder)
            putInOrder(members);
        putHead(head, Major::Map, members.size());
        return true;
    }

    struct Member // its encoded name and value
    {
        std::size_t from, size;
    };
    using Members = boost::container::small_vector<Member, kUsualMembers>;

    std::string_view bytesOf(const Member &member) const { return std::string_view(m_out).substr(member.from, member.size); }

    // No encoding of a name is a prefix of another one, so comparing whole members compares their names.
    void putInOrder(Members &members)
    {
        const std::size_t begin = members.front().from;
        std::sort(members.begin(), members.end(), [this](const Member &a, const Member &b) { return bytesOf(a) < bytesOf(b); });
        std::string ordered;
        ordered.reserve(m_out.size() - begin);
        for (const Member &member : members)
            ordered += bytesOf(member);
        m_out.replace(begin, std::string::npos, ordered);
    }

    void putHead(std::size_t at, Major major, std::size_t count)
    {
        std::string head;
        appendHead(head, major, count);
        m_out.replace(at, 1, head);
    }

    std::string &m_out;
    const char *m_at, *m_end;
    int m_maxDepth;
    std::string m_text;
};

} // namespace

bool appendCanonical(std::string &out, std::string_view json, const Shape &shape, int maxDepth)
{
    const std::size_t before = out.size();
    if (Transcoder(out, json, maxDepth).run(shape))
        return true;
    out.resize(before);
    return false;
}

} // namespace eventsync::protocol::cbor
