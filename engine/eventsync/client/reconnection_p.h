// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/random.h>
#include <eventsync/client/limits.h>

#include <QTimer>

#include <algorithm>
#include <optional>

namespace eventsync::client {

// When to connect again: a random delay below a bound that doubles with each try (full jitter) and is reset after a connection
// of limits::kRetryHealthy. Owner only.
class Reconnection
{
public:
    using Time = std::chrono::milliseconds;

    Reconnection(const Clock &clock, Random &random) : m_clock(clock), m_random(random) { m_timer.setSingleShot(true); }

    QTimer &timer() { return m_timer; }        // times out when the next try is due
    void welcomed() { m_welcomedAt = m_clock.steady(); }
    void left()                                // the connection has ended, or is replaced by a new one
    {
        forgetTriesIfHealthy();
        m_welcomedAt.reset();
    }
    void forgetTries() { m_tries = 0; }
    void forgetTriesIfHealthy()
    {
        if (m_welcomedAt && m_clock.steady() - *m_welcomedAt >= limits::kRetryHealthy)
            m_tries = 0;
    }
    void begin(Time first, Time longest, std::optional<Time> least)
    {
        const auto bound = std::min<Time>(longest, first * (1 << std::min(m_tries++, 16)));
        const Time wait(static_cast<std::int64_t>(m_random.unit() * static_cast<double>(bound.count())));
        m_timer.start(std::max(wait, least.value_or(wait)));
    }

private:
    const Clock &m_clock;
    Random &m_random;
    QTimer m_timer;
    std::optional<Time> m_welcomedAt;
    int m_tries = 0;
};

} // namespace eventsync::client
