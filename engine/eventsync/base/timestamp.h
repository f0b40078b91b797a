// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>
#include <eventsync/base/strong.h>

#include <string>
#include <string_view>

namespace eventsync {

/// A moment: milliseconds since 1970-01-01T00:00:00Z, years 0000 to 9999. As text RFC 3339 in UTC with milliseconds and 'Z',
/// always 24 characters ("2026-11-21T09:30:00.000Z"), so that texts compare as moments do.
using Timestamp = StrongNumber<struct TimestampTag>;

constexpr Timestamp kFirstTimestamp(-62'167'219'200'000); ///< 0000-01-01T00:00:00.000Z
constexpr Timestamp kLastTimestamp(253'402'300'799'999);  ///< 9999-12-31T23:59:59.999Z

/// The text of a moment. A moment beyond the first or last one, of a wrong clock, is written as that one; times from outside
/// are checked when they are received.
std::string toText(Timestamp time);
Result<Timestamp> timestampFrom(std::string_view text); ///< exactly the form above; InvalidValue otherwise
Result<Timestamp> timestampFrom(std::int64_t milliseconds); ///< InvalidValue beyond the years above
bool isTimestampText(std::string_view text);

} // namespace eventsync
