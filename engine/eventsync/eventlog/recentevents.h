// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/loggedevent.h>
#include <eventsync/model/vectorclock.h>

#include <deque>
#include <vector>

namespace eventsync::eventlog {

/// The last events of a document's log that are in memory, without a gap up to its end. Bounded by limits::kRecentEvents,
/// kRecentBytes and kRecentHeldBytes once trim() is called. Owner only.
class RecentEvents
{
public:
    using Events = std::deque<LoggedPtr>;

    explicit RecentEvents(ServerSeq last = {}) : m_last(last) {}

    const Events &events() const { return m_events; }
    bool isEmpty() const { return m_events.empty(); }
    std::size_t heldBytes() const { return m_held; }     ///< really held in memory
    bool reaches(ServerSeq after) const;                 ///< every event after it is in memory
    ServerSeq before() const;                            ///< of the last event that is not in memory; 0: none
    LoggedPtr at(ServerSeq seq) const;                   ///< null if it is not in memory
    Events::const_iterator firstAfter(ServerSeq seq) const;
    VectorClock clockAt(ServerSeq seq, VectorClock end) const; ///< given the one at the end; only if reaches(seq)

    void append(LoggedPtr event);                        ///< the next one of the log
    void prepend(const std::vector<LoggedPtr> &older);   ///< ends where these events begin, or overlaps them
    void trim();
    void dropBefore(ServerSeq horizon);
    void clear();

private:
    void count(const LoggedEvent &event);
    void dropFirst();

    Events m_events;
    ServerSeq m_last; // of the log
    std::size_t m_bytes = 0, m_held = 0;
};

} // namespace eventsync::eventlog
