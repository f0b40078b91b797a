// SPDX-License-Identifier: Apache-2.0
//
// JSON text -> Value, in one pass over Boost's tokenizer.
//
// boost::json::parse is not used: its numbers are off by one unit in the last place for one double in ten, it takes duplicate
// keys (the last one wins, so two readers may see two documents), and it throws. The handler here reads numbers with
// std::from_chars, and builds containers of exactly the right size on Boost's value stack.
//
// Detecting duplicates needs no search: the stack drops them, so a document with one has fewer members than keys that were
// read. These are counted after a successful parse; only if they differ is the text read again to find the place.
#include <eventsync/json/limits.h>
#include <eventsync/json/numbers.h>
#include <eventsync/json/value.h>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <charconv>
#include <set>
#include <vector>

namespace eventsync::json {

namespace {

using boost::json::error_code;
using Text = boost::json::string_view;

// The functions that the tokenizer requires of a handler; each accepts its event unless a derived handler overrides it.
struct Events
{
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);

    bool on_document_begin(error_code &) { return true; }
    bool on_document_end(error_code &) { return true; }
    bool on_array_begin(error_code &) { return true; }
    bool on_array_end(std::size_t, error_code &) { return true; }
    bool on_object_begin(error_code &) { return true; }
    bool on_object_end(std::size_t, error_code &) { return true; }
    bool on_string_part(Text, std::size_t, error_code &) { return true; }
    bool on_string(Text, std::size_t, error_code &) { return true; }
    bool on_key_part(Text, std::size_t, error_code &) { return true; }
    bool on_key(Text, std::size_t, error_code &) { return true; }
    bool on_number_part(Text, error_code &) { return true; }
    bool on_int64(std::int64_t, Text, error_code &) { return true; }
    bool on_uint64(std::uint64_t, Text, error_code &) { return true; }
    bool on_double(double, Text, error_code &) { return true; }
    bool on_bool(bool, error_code &) { return true; }
    bool on_null(error_code &) { return true; }
    bool on_comment_part(Text, error_code &) { return true; }
    bool on_comment(Text, error_code &) { return true; }
};

// Whether a number that from_chars found out of range is too large or too near to zero, by the sign of its decimal exponent.
bool isTooLarge(std::string_view text)
{
    const std::size_t exponentAt = text.find_first_of("eE");
    const std::string_view mantissa = text.substr(0, exponentAt);
    long exponent = 0;
    if (exponentAt != std::string_view::npos) {
        std::string_view digits = text.substr(exponentAt + 1);
        if (digits.starts_with('+'))
            digits.remove_prefix(1);
        if (std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec != std::errc())
            return !digits.starts_with('-');
    }
    const std::size_t first = mantissa.find_first_of("123456789");
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    if (first == std::string_view::npos)
        return false;
    return exponent + static_cast<long>(point) - static_cast<long>(first) > 0;
}

// How a number written as an integer beyond 2^53-1 is handled.
enum class LargeIntegers { Round, Refuse };

class Builder : public Events
{
public:
    Builder(LargeIntegers largeIntegers, unsigned char *buffer, std::size_t size)
        : m_stack({}, buffer, size), m_largeIntegers(largeIntegers)
    {
        m_stack.reset();
    }

    Value release() { return m_stack.release(); }
    std::size_t keys() const { return m_keys; }
    const char *refusal() const { return m_refusal; }

    bool on_array_end(std::size_t n, error_code &) { m_stack.push_array(n); return true; }
    bool on_object_end(std::size_t n, error_code &) { m_stack.push_object(n); return true; }
    bool on_string_part(Text s, std::size_t, error_code &) { m_stack.push_chars(s); return true; }
    bool on_string(Text s, std::size_t, error_code &) { m_stack.push_string(s); return true; }
    bool on_key_part(Text s, std::size_t, error_code &ec)
    {
        if (s.find('\0') != Text::npos)
            return refuse("a key holds NUL", ec);
        m_stack.push_chars(s);
        return true;
    }
    bool on_key(Text s, std::size_t, error_code &ec)
    {
        if (s.find('\0') != Text::npos)
            return refuse("a key holds NUL", ec);
        m_stack.push_key(s);
        ++m_keys;
        return true;
    }
    bool on_number_part(Text s, error_code &) { m_number.append(s.data(), s.size()); return true; }
    bool on_int64(std::int64_t n, Text, error_code &ec)
    {
        m_number.clear();
        if (!isDomainInteger(n))
            return pushLarge(static_cast<double>(n), std::to_string(n), ec);
        m_stack.push_int64(n);
        return true;
    }
    bool on_uint64(std::uint64_t n, Text, error_code &ec)
    {
        m_number.clear();
        return pushLarge(static_cast<double>(n), std::to_string(n), ec); // only comes where an int64 does not fit
    }
    bool on_double(double, Text s, error_code &ec)
    {
        if (m_number.empty())
            return pushDouble({s.data(), s.size()}, ec);
        m_number.append(s.data(), s.size());
        const bool fine = pushDouble(m_number, ec);
        m_number.clear();
        return fine;
    }
    bool on_bool(bool b, error_code &) { m_stack.push_bool(b); return true; }
    bool on_null(error_code &) { m_stack.push_null(); return true; }

private:
    bool refuse(const char *why, error_code &ec)
    {
        m_refusal = why;
        ec = boost::json::error::syntax;
        return false;
    }
    bool pushLarge(double integer, std::string_view text, error_code &ec)
    {
        if (m_largeIntegers == LargeIntegers::Refuse && numberText(integer) != text)
            return refuse("an integer is beyond 2^53-1 and would be rounded", ec);
        m_stack.push_double(integer);
        return true;
    }
    bool pushDouble(std::string_view text, error_code &ec)
    {
        double d = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), d);
        if (problem == std::errc::result_out_of_range || !std::isfinite(d)) {
            if (isTooLarge(text))
                return refuse("a number is out of range", ec);
            d = 0;
        } else if (problem != std::errc() || end != text.data() + text.size()) {
            return refuse("not a number", ec);
        }
        if (std::fabs(d) <= static_cast<double>(limits::kMaxInteger) && d == std::trunc(d))
            m_stack.push_int64(static_cast<std::int64_t>(d));
        else if (text.find_first_of(".eE") == std::string_view::npos)
            return pushLarge(d, text, ec);
        else
            m_stack.push_double(d);
        return true;
    }

    boost::json::value_stack m_stack;
    LargeIntegers m_largeIntegers;
    std::string m_number; // of a number that came in parts
    std::size_t m_keys = 0;
    const char *m_refusal = nullptr;
};

// Stops at the second of two equal keys. Runs only over text that is known to hold such a pair.
class DuplicateFinder : public Events
{
public:
    const std::string &key() const { return m_key; }
    bool on_object_begin(error_code &) { m_seen.emplace_back(); return true; }
    bool on_object_end(std::size_t, error_code &) { m_seen.pop_back(); return true; }
    bool on_key_part(Text s, std::size_t, error_code &) { m_key.append(s.data(), s.size()); return true; }
    bool on_key(Text s, std::size_t, error_code &ec)
    {
        m_key.append(s.data(), s.size());
        if (!m_seen.back().insert(m_key).second) {
            ec = boost::json::error::syntax;
            return false;
        }
        m_key.clear();
        return true;
    }

private:
    std::vector<std::set<std::string>> m_seen;
    std::string m_key;
};

std::size_t members(const Value &value)
{
    std::size_t count = 0;
    if (const Object *object = value.if_object()) {
        count += object->size();
        for (const auto &member : *object)
            if (member.value().is_structured())
                count += members(member.value());
    } else if (const Array *array = value.if_array()) {
        for (const Value &element : *array)
            if (element.is_structured())
                count += members(element);
    }
    return count;
}

boost::json::parse_options optionsFor(const ParseLimits &limits)
{
    boost::json::parse_options options;
    options.max_depth = static_cast<std::size_t>(std::max(limits.depth, 0));
    return options;
}

tl::unexpected<Error> failureAt(std::size_t offset, std::string_view what, ErrorCode code = ErrorCode::InvalidValue)
{
    return failure(code, std::string(what) + " at byte " + std::to_string(offset));
}

Result<Value> parseThrowing(std::string_view text, const ParseLimits &limits, LargeIntegers largeIntegers)
{
    unsigned char buffer[2048]; // enough for an ordinary event: the stack then allocates nothing of its own
    boost::json::basic_parser<Builder> parser(optionsFor(limits), largeIntegers, buffer, sizeof buffer);
    error_code problem;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), problem);
    if (problem == boost::json::error::too_deep)
        return failureAt(read, "nested too deep", ErrorCode::TooDeep);
    if (problem)
        return failureAt(read, parser.handler().refusal() ? parser.handler().refusal() : problem.message());
    if (read < text.size())
        return failureAt(read, "text behind the value");

    Value value = parser.handler().release();
    if (parser.handler().keys() != members(value)) {
        boost::json::basic_parser<DuplicateFinder> finder(optionsFor(limits));
        const std::size_t at = finder.write_some(false, text.data(), text.size(), problem);
        return failureAt(at, "duplicate key \"" + finder.handler().key() + '"');
    }
    return value;
}

Result<Value> parseWith(std::string_view text, const ParseLimits &limits, LargeIntegers largeIntegers)
{
    if (text.size() > limits.bytes)
        return failure(ErrorCode::TooLarge, "text of " + std::to_string(text.size()) + " bytes");
    try {
        return parseThrowing(text, limits, largeIntegers);
    } catch (const std::bad_alloc &) {
        return failure(ErrorCode::Unavailable, "out of memory while parsing");
    } catch (const std::exception &e) {
        return failure(ErrorCode::InvalidValue, e.what());
    }
}

} // namespace

Result<Value> parse(std::string_view text, const ParseLimits &limits)
{
    return parseWith(text, limits, LargeIntegers::Round);
}

Result<Value> parseUnrounded(std::string_view text, const ParseLimits &limits)
{
    return parseWith(text, limits, LargeIntegers::Refuse);
}

} // namespace eventsync::json
