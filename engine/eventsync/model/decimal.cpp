// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/decimal_p.h>

#include <eventsync/base/assert.h>

#include <charconv>
#include <string>

namespace eventsync {

Decimal::Decimal(const json::Value &number)
{
    EVENTSYNC_ASSERT(number.is_number());
    const std::string text = json::canonical(number); // -12, 1.5, 1e+21, 1.5e-7
    const std::size_t mark = text.find('e');
    if (mark != std::string::npos) {
        const char *digits = text.data() + mark + (text[mark + 1] == '+' ? 2 : 1);
        std::from_chars(digits, text.data() + text.size(), m_exponent);
    }
    bool isFraction = false;
    for (const char c : std::string_view(text).substr(0, mark)) {
        if (c == '-') {
            m_isNegative = true;
        } else if (c == '.') {
            isFraction = true;
        } else {
            // After 17 digits only zeros follow.
            if (m_digits >= 10'000'000'000'000'000) {
                m_exponent += isFraction ? 0 : 1;
                continue;
            }
            m_digits = m_digits * 10 + static_cast<std::uint64_t>(c - '0');
            m_exponent -= isFraction ? 1 : 0;
        }
    }
    while (m_digits != 0 && m_digits % 10 == 0) {
        m_digits /= 10;
        ++m_exponent;
    }
}

bool Decimal::isMultipleOf(const Decimal &divisor) const
{
    if (m_digits == 0)
        return true;
    if (m_exponent < divisor.m_exponent)
        return false; // its last digit has a lower place than any digit of a multiple
    std::uint64_t rest = m_digits % divisor.m_digits;
    for (int i = divisor.m_exponent; i < m_exponent; ++i)
        rest = rest * 10 % divisor.m_digits;
    return rest == 0;
}

} // namespace eventsync
