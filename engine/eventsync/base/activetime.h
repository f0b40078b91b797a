// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/limits.h>

#include <algorithm>
#include <chrono>

namespace eventsync {

/// The time during which this process received from its peers: steady time, in which the time between two calls of now() counts
/// as limits::kActiveStep at most. While a process is stopped, suspended or busy, messages of its peers are not read. So the
/// silence of a peer, and every other wait for one, is measured in this time, and messages that arrived meanwhile are read
/// before a peer counts as silent. now() must be called at least every second. Owner only.
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
