// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/protocol/limits.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace eventsync::client {

// The pause after a transient refusal of one document: longer each time, and short again after a success. Owner only.
class RetryPause
{
public:
    using Time = std::chrono::milliseconds; // steady

    void begin(Time now, std::optional<Time> retryAfter = {})
    {
        const Time wait = std::min<Time>(limits::kRetryFirst * (1 << std::min(m_count++, 6)), limits::kRetryLongest);
        m_until = now + retryAfter.value_or(wait);
    }
    bool isActive() const { return m_until.has_value(); }
    bool endIfOver(Time now)
    {
        if (!m_until || now < *m_until)
            return false;
        m_until.reset();
        return true;
    }
    void succeeded() { m_count = 0; } // the next pause is short again
    void reset() { *this = {}; }

private:
    std::optional<Time> m_until;
    int m_count = 0;
};

} // namespace eventsync::client
