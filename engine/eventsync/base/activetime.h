// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/limits.h>

#include <algorithm>
#include <chrono>

namespace eventsync {

/// The time in which this process listened to its peers: steady time, of which a pause between two looks counts as
/// limits::kActiveStep at most. While a process is stopped, sleeps or is busy, what its peers send lies unread; so the
/// silence of a peer, and every other wait for one, is measured in this time, and what came meanwhile is read before anybody
/// is judged. Asked at least every second. Owner only.
class ActiveTime
{
public:
    explicit ActiveTime(const Clock &clock) : m_clock(&clock), m_looked(clock.steady()) {}

    std::chrono::milliseconds now()
    {
        const auto steady = m_clock->steady();
        m_time += std::min<std::chrono::milliseconds>(steady - m_looked, limits::kActiveStep);
        m_looked = steady;
        return m_time;
    }

private:
    const Clock *m_clock;
    std::chrono::milliseconds m_looked, m_time{0};
};

} // namespace eventsync
