// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/storage/backend.h>

#include <chrono>
#include <optional>

namespace eventsync::eventlog {

/// The time that the programs serving a store have seen pass. It begins at the wall clock, and then counts only while a program
/// runs, by the steady clock; the store keeps it from one program to the next. Ages are measured in it: a wall clock that is
/// set, or was wrong, makes nothing older. It lies behind the wall clock by the time in which no program ran.
/// Any thread.
class OperatingTime
{
public:
    explicit OperatingTime(const Clock &clock) : OperatingTime(clock, clock.wall()) {}
    static Result<std::optional<Timestamp>> stored(storage::ReadView &view); ///< none in a store that was not served yet
    /// As the store left it; in one without it, when it was last used, as far as its clients tell.
    static Result<OperatingTime> read(storage::ReadView &view, const Clock &clock);

    Timestamp now() const { return m_begin + (m_clock->steady() - m_since).count(); }
    storage::Batch batch() const; ///< keeps it, and the wall clock beside it
    /// How far the wall clock has moved since batch() was last stored; 0 if it never was.
    static Result<std::chrono::milliseconds> wallMoved(storage::ReadView &view, const Clock &clock);

private:
    OperatingTime(const Clock &clock, Timestamp begin) : m_clock(&clock), m_begin(begin), m_since(clock.steady()) {}

    const Clock *m_clock;
    Timestamp m_begin;
    std::chrono::milliseconds m_since;
};

} // namespace eventsync::eventlog
