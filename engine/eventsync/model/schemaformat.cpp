// SPDX-License-Identifier: Apache-2.0
//
// The formats that have a short, unambiguous definition: dates and times (RFC 3339), addresses, JSON Pointers and
// regular expressions.
#include <eventsync/model/schemaformat_p.h>

#include <eventsync/json/pointer.h>
#include <eventsync/model/schemapattern_p.h>

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace eventsync {

namespace {

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

// Takes a text from its beginning, a part at a time.
class Parts
{
public:
    explicit Parts(std::string_view text) : m_rest(text) {}

    bool isAtEnd() const { return m_rest.empty(); }
    bool takeAny(std::string_view letters)
    {
        const bool fits = !m_rest.empty() && letters.find(m_rest.front()) != std::string_view::npos;
        if (fits)
            m_rest.remove_prefix(1);
        return fits;
    }
    std::size_t skipDigits()
    {
        const auto end = std::find_if_not(m_rest.begin(), m_rest.end(), isDigit);
        const auto count = static_cast<std::size_t>(end - m_rest.begin());
        m_rest.remove_prefix(count);
        return count;
    }
    std::optional<int> number(std::size_t digits)
    {
        if (m_rest.size() < digits || !std::all_of(m_rest.begin(), m_rest.begin() + static_cast<std::ptrdiff_t>(digits), isDigit))
            return std::nullopt;
        int number = 0;
        for (std::size_t i = 0; i < digits; ++i)
            number = number * 10 + (m_rest[i] - '0');
        m_rest.remove_prefix(digits);
        return number;
    }

private:
    std::string_view m_rest;
};

bool takeDate(Parts &parts)
{
    const auto year = parts.number(4);
    const bool first = parts.takeAny("-");
    const auto month = parts.number(2);
    const bool second = parts.takeAny("-");
    const auto day = parts.number(2);
    return year && first && month && second && day
        && std::chrono::year_month_day(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                       std::chrono::day(static_cast<unsigned>(*day)))
               .ok();
}

// Hours and minutes as minutes of a day.
std::optional<int> takeMinutes(Parts &parts)
{
    const auto hour = parts.number(2);
    const bool colon = parts.takeAny(":");
    const auto minute = parts.number(2);
    if (!hour || !colon || !minute || *hour > 23 || *minute > 59)
        return std::nullopt;
    return *hour * 60 + *minute;
}

// A leap second is the last second of a day in UTC.
bool takeTime(Parts &parts)
{
    constexpr int kDay = 24 * 60;
    const auto local = takeMinutes(parts);
    const bool colon = parts.takeAny(":");
    const auto second = parts.number(2);
    if (!local || !colon || !second || *second > 60 || (parts.takeAny(".") && parts.skipDigits() == 0))
        return false;
    int offset = 0;
    if (!parts.takeAny("Zz")) {
        const bool isAhead = parts.takeAny("+");
        const auto minutes = isAhead || parts.takeAny("-") ? takeMinutes(parts) : std::nullopt;
        if (!minutes)
            return false;
        offset = isAhead ? *minutes : -*minutes;
    }
    return *second < 60 || (*local - offset + kDay) % kDay == kDay - 1;
}

bool isDate(std::string_view text)
{
    Parts parts(text);
    return takeDate(parts) && parts.isAtEnd();
}

bool isTime(std::string_view text)
{
    Parts parts(text);
    return takeTime(parts) && parts.isAtEnd();
}

bool isDateTime(std::string_view text)
{
    Parts parts(text);
    return takeDate(parts) && parts.takeAny("Tt") && takeTime(parts) && parts.isAtEnd();
}

template<int Family>
bool isAddress(std::string_view text)
{
    unsigned char bytes[16];
    return text.find('\0') == std::string_view::npos && inet_pton(Family, std::string(text).c_str(), bytes) == 1;
}

bool isPointer(std::string_view text)
{
    return json::Pointer::parse(text).has_value();
}

bool isPattern(std::string_view text)
{
    return SchemaPattern::compile(text).has_value();
}

constexpr std::pair<std::string_view, SchemaFormat> kFormats[] = {
    {"date", isDate},           {"date-time", isDateTime},    {"time", isTime},      {"ipv4", isAddress<AF_INET>},
    {"ipv6", isAddress<AF_INET6>}, {"json-pointer", isPointer}, {"regex", isPattern},
};

} // namespace

SchemaFormat schemaFormat(std::string_view name)
{
    const auto *row = std::find_if(std::begin(kFormats), std::end(kFormats), [&](const auto &one) { return one.first == name; });
    return row == std::end(kFormats) ? nullptr : row->second;
}

} // namespace eventsync
