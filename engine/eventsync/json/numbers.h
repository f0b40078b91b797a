// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/limits.h>
#include <eventsync/json/value.h>

#include <cmath>
#include <cstdint>

namespace eventsync::json {

/// The one form of each number in the domain: an int64 of at most 2^53-1, or a finite double that is no such integer.
inline bool isDomainInteger(std::int64_t n)
{
    return n >= -limits::kMaxInteger && n <= limits::kMaxInteger;
}

inline Value domainNumber(std::int64_t n)
{
    return isDomainInteger(n) ? Value(n) : Value(static_cast<double>(n));
}

inline Value domainNumber(double d) ///< finite
{
    if (std::fabs(d) <= static_cast<double>(limits::kMaxInteger) && d == std::trunc(d))
        return Value(static_cast<std::int64_t>(d)); // -0 becomes 0 here
    return Value(d);
}

} // namespace eventsync::json
