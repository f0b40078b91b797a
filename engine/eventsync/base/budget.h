// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/result.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

namespace eventsync {

/// What one computation that a peer asked for may cost: steps, time, and until its asker has gone. It is charged while
/// the work is done, by every loop whose length the input decides, and handed on by reference to what that work calls. Once it
/// is exhausted it stays so, and the work ends with error().
///
/// A step is what handles one element of the input, about 50 ns: a value compared, an operation applied, an entry looked up.
/// How many of them a kind of work may take is in the limits.h of its module. Deadlines and cancelling are looked at each
/// kProbeInterval steps; steps alone make the same input end in the same place everywhere, so whatever decides about a document
/// (a validation, a merge) is bounded by steps, never by time.
///
/// One thread at a time; a budget may be cancelled from any thread.
class Budget
{
public:
    static constexpr std::uint64_t kProbeInterval = 1'024;
    static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

    using Cancelled = std::shared_ptr<const std::atomic<bool>>;

    Budget() = default; ///< unlimited: for input that the caller has made
    explicit Budget(std::uint64_t steps) : m_steps(steps) {}

    /// For work of a reader: it also ends at a moment of the clock's steady time (Timeout), and when its requester has gone
    /// (Cancelled). The clock must outlive the budget.
    Budget &until(std::chrono::milliseconds deadline, const Clock &clock)
    {
        m_deadline = deadline;
        m_clock = &clock;
        return *this;
    }
    Budget &unless(Cancelled cancelled)
    {
        m_cancelled = std::move(cancelled);
        return *this;
    }

    /// Returns false if the work must end.
    bool charge(std::uint64_t steps = 1)
    {
        if (m_ended)
            return false;
        if (m_steps != kUnlimited) {
            if (steps > m_steps)
                return end(ErrorCode::TooLarge);
            m_steps -= steps;
        }
        m_sinceProbe += steps;
        return m_sinceProbe < kProbeInterval || look();
    }

    bool isExhausted() const { return m_ended.has_value(); }
    std::uint64_t stepsLeft() const { return m_steps; }

    /// Why it ended: TooLarge, Timeout, Cancelled. Only once it is exhausted. `what` names the work: "the
    /// comparison takes more work than is allowed".
    Error error(std::string_view what) const;
    Result<> check(std::string_view what) const; ///< error() if the budget is exhausted

private:
    bool look();
    bool end(ErrorCode why)
    {
        m_ended = why;
        return false;
    }

    std::uint64_t m_steps = kUnlimited, m_sinceProbe = 0;
    const Clock *m_clock = nullptr; // none: there is no deadline
    std::chrono::milliseconds m_deadline{0};
    Cancelled m_cancelled;
    std::optional<ErrorCode> m_ended;
};

} // namespace eventsync
