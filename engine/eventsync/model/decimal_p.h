// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>

#include <cstdint>

namespace eventsync {

// A number in decimal form: digits * 10^exponent, where the digits have no trailing zeros. The decimal form of a double is the shortest
// text that parses to the same double, so 19.99 is exactly 1999 * 10^-2 here.
class Decimal
{
public:
    Decimal() = default;
    explicit Decimal(const json::Value &number); // of the value domain

    bool isPositive() const { return m_digits > 0 && !m_isNegative; }
    bool isMultipleOf(const Decimal &divisor) const; // which is positive

private:
    std::uint64_t m_digits = 0; // at most 17 of them
    int m_exponent = 0;
    bool m_isNegative = false;
};

} // namespace eventsync
