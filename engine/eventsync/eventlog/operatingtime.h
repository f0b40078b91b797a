// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/storage/backend.h>

#include <chrono>
#include <optional>

namespace eventsync::eventlog {

/// The time during which a server ran on the store. It begins at the wall clock, and then advances only while a server runs, by
/// the steady clock; the store keeps it from one run to the next. Ages are measured in it: setting the wall clock, or a wrong
/// one, does not change an age. It lags the wall clock by the time in which no server ran. Any thread.
class OperatingTime
{
public:
    explicit OperatingTime(const Clock &clock) : OperatingTime(clock, clock.wall()) {}
    static Result<std::optional<Timestamp>> stored(storage::ReadView &view); ///< none if no server has used the store yet
    /// The time as stored; in a store without it the time of the last connection of a client.
    static Result<OperatingTime> read(storage::ReadView &view, const Clock &clock);

    Timestamp now() const { return m_begin + (m_clock->steady() - m_since).count(); }
    storage::Batch batch() const; ///< stores it, with the wall clock
    /// How far the wall clock has moved since batch() was last stored; 0 if it never was.
    static Result<std::chrono::milliseconds> wallMoved(storage::ReadView &view, const Clock &clock);

private:
    OperatingTime(const Clock &clock, Timestamp begin) : m_clock(&clock), m_begin(begin), m_since(clock.steady()) {}

    const Clock *m_clock;
    Timestamp m_begin;
    std::chrono::milliseconds m_since;
};

} // namespace eventsync::eventlog
