// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>
#include <eventsync/base/strong.h>

#include <string>
#include <string_view>

namespace eventsync {

// A moment: milliseconds since 1970-01-01T00:00:00Z, years 0000 to 9999. As text RFC 3339 in UTC with milliseconds and
// 'Z', always 24 letters ("2026-11-21T09:30:00.000Z"), so that texts compare as moments do.
using Timestamp = StrongNumber<struct TimestampTag>;

std::string toText(Timestamp time);
Result<Timestamp> timestampFrom(std::string_view text); // exactly the form above; InvalidValue otherwise
bool isTimestampText(std::string_view text);

} // namespace eventsync
