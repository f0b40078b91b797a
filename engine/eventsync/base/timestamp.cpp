// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/timestamp.h>

#include <chrono>
#include <cstdio>

namespace eventsync {

namespace {

constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z"; // '0' stands for any digit

int number(std::string_view text, std::size_t from, std::size_t count)
{
    int value = 0;
    for (std::size_t i = from; i < from + count; ++i)
        value = value * 10 + (text[i] - '0');
    return value;
}

} // namespace

std::string toText(Timestamp time)
{
    using namespace std::chrono;
    const sys_time<milliseconds> moment{milliseconds(time.value())};
    const auto day = floor<days>(moment);
    const year_month_day date(day);
    const auto ms = (moment - day).count();
    char text[48];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int(date.year()), unsigned(date.month()),
                  unsigned(date.day()), int(ms / 3600000), int(ms / 60000 % 60), int(ms / 1000 % 60), int(ms % 1000));
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

bool isTimestampText(std::string_view text)
{
    return timestampFrom(text).has_value();
}

} // namespace eventsync
