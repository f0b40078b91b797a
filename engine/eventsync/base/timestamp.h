// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>
#include <eventsync/base/strong.h>

#include <string>
#include <string_view>

namespace eventsync {

/// A moment: milliseconds since 1970-01-01T00:00:00Z, years 0000 to 9999. As text RFC 3339 in UTC with milliseconds and
/// 'Z', always 24 letters ("2026-11-21T09:30:00.000Z"), so that texts compare as moments do.
using Timestamp = StrongNumber<struct TimestampTag>;

constexpr Timestamp kFirstTimestamp(-62'167'219'200'000); ///< 0000-01-01T00:00:00.000Z
constexpr Timestamp kLastTimestamp(253'402'300'799'999);  ///< 9999-12-31T23:59:59.999Z

/// What a clock that has gone wrong says beyond the first or last moment is written as that one. What comes from outside is
/// checked where it comes in.
std::string toText(Timestamp time);
Result<Timestamp> timestampFrom(std::string_view text); ///< exactly the form above; InvalidValue otherwise
Result<Timestamp> timestampFrom(std::int64_t milliseconds); ///< InvalidValue beyond the years above
bool isTimestampText(std::string_view text);

} // namespace eventsync
