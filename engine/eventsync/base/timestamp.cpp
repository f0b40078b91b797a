// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/timestamp.h>

#include <algorithm>
#include <chrono>

namespace eventsync {

namespace {

constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z"; // '0' means any digit

int number(std::string_view text, std::size_t from, std::size_t count)
{
    int value = 0;
    for (std::size_t i = from; i < from + count; ++i)
        value = value * 10 + (text[i] - '0');
    return value;
}

void put(std::string &text, std::size_t from, std::size_t count, int value)
{
    for (std::size_t i = from + count; i > from; --i, value /= 10)
        text[i - 1] = static_cast<char>('0' + value % 10);
}

} // namespace

std::string toText(Timestamp time)
{
    using namespace std::chrono;
    const sys_time<milliseconds> moment{milliseconds(std::clamp(time, kFirstTimestamp, kLastTimestamp).value())};
    const auto day = floor<days>(moment);
    const year_month_day date(day);
    const auto ms = (moment - day).count();
    std::string text(kForm);
    put(text, 0, 4, int(date.year()));
    put(text, 5, 2, int(unsigned(date.month())));
    put(text, 8, 2, int(unsigned(date.day())));
    put(text, 11, 2, int(ms / 3600000));
    put(text, 14, 2, int(ms / 60000 % 60));
    put(text, 17, 2, int(ms / 1000 % 60));
    put(text, 20, 3, int(ms % 1000));
    return text;
}

Result<Timestamp> timestampFrom(std::string_view text)
{
    using namespace std::chrono;
    const auto wrong = [] { return failure(ErrorCode::InvalidValue, "a time is RFC 3339 in UTC with milliseconds"); };
    if (text.size() != kForm.size())
        return wrong();
    for (std::size_t i = 0; i < kForm.size(); ++i) {
        if (kForm[i] == '0' ? !(text[i] >= '0' && text[i] <= '9') : text[i] != kForm[i])
            return wrong();
    }
    const year_month_day date{year(number(text, 0, 4)), month(unsigned(number(text, 5, 2))), day(unsigned(number(text, 8, 2)))};
    const int h = number(text, 11, 2), m = number(text, 14, 2), s = number(text, 17, 2);
    if (!date.ok() || h > 23 || m > 59 || s > 59)
        return wrong();
    const auto moment = sys_days(date) + hours(h) + minutes(m) + seconds(s) + milliseconds(number(text, 20, 3));
    return Timestamp(duration_cast<milliseconds>(moment.time_since_epoch()).count());
}

Result<Timestamp> timestampFrom(std::int64_t milliseconds)
{
    const Timestamp time(milliseconds);
    if (time < kFirstTimestamp || time > kLastTimestamp)
        return failure(ErrorCode::InvalidValue, "a time beyond the years 0000 to 9999");
    return time;
}

bool isTimestampText(std::string_view text)
{
    return timestampFrom(text).has_value();
}

} // namespace eventsync
