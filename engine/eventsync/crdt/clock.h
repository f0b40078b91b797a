// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/id.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace eventsync::crdt {

/// The logical clock of a replica: its own session and next time, the last time of every other session, and exactly which ids
/// it has seen. The last part is more than the vector clock of the specification: a session's times have gaps where it has seen
/// a later time of another session, so its last time alone does not distinguish a missing patch from a gap. Under the server
/// session all operations share one clock.
///
/// Sessions are numbered in the order in which they were met; everything inside a document names them by that number. Owner
/// only.
class LogicalClock
{
public:
    using SessionIndex = std::uint32_t;
    static constexpr SessionIndex kNone = 0xFFFFFFFF;

    explicit LogicalClock(std::uint64_t sid = kFirstFreeSession, std::uint64_t time = 1);

    std::uint64_t sid() const { return m_sids[m_own]; }
    std::uint64_t time() const { return m_time; } ///< of the next operation made here
    bool isServer() const { return sid() == kServerSession; }
    Id next() const { return {sid(), m_time}; }
    SessionIndex own() const { return m_own; }

    SessionIndex find(std::uint64_t sid) const { return m_sids[m_lastFound] == sid ? m_lastFound : lookUp(sid); }
    SessionIndex number(std::uint64_t sid) { return m_sids[m_lastFound] == sid ? m_lastFound : meet(sid); } ///< met now, if never before
    std::uint64_t sidOf(SessionIndex session) const { return m_sids[session]; }

    /// The ids of `span` were seen and applied.
    void observe(const IdSpan &span)
    {
        Row &row = m_rows[number(span.sid)];
        if (row.observed && !row.seen.empty() && row.seen.back().end == span.time) { // the usual case: a peer continues
            row.seen.back().end = span.end();
            row.last = std::max(row.last, span.end() - 1);
            m_time = std::max(m_time, span.end());
        } else {
            observeAnywhere(span);
        }
    }
    /// The same for the next ids of this replica's own, which is what it writes.
    void advance(std::uint64_t span)
    {
        auto &seen = m_rows[m_own].seen;
        if (!seen.empty() && seen.back().end == m_time)
            seen.back().end = m_time += span;
        else
            observeAnywhere({sid(), m_time, span});
    }
    /// `last` is the last id of its session that a loaded document may have seen; which earlier ones it has seen is not known.
    void load(Id last);
    /// Whether this id is the next one of a session that was seen before.
    bool goesOn(Id id) const
    {
        const SessionIndex session = find(id.sid);
        return session != kNone && !m_rows[session].seen.empty() && m_rows[session].seen.back().end == id.time;
    }
    /// Whether this id was seen, or may have been before the document was loaded.
    bool knows(Id id) const
    {
        const SessionIndex session = find(id.sid);
        if (session == kNone || m_rows[session].seen.empty() || id.sid == kSystemSession)
            return knowsSomewhere(id);
        const Row &row = m_rows[session];
        if (id.time >= row.seen.back().end)
            return id.time < row.loaded;
        return id.time >= row.seen.back().begin || knowsSomewhere(id);
    }
    bool knowsAll(const IdSpan &span) const;
    /// Whether the id was seen here, after loading.
    bool saw(Id id) const;
    bool sawAll(const IdSpan &span) const
    {
        const SessionIndex session = find(span.sid);
        if (session == kNone || m_rows[session].seen.empty() || span.time >= m_rows[session].seen.back().end)
            return false; // the usual case: it is new
        const Interval *interval = intervalAt(m_rows[session], span.time);
        return interval != nullptr && span.end() <= interval->end;
    }

    /// The last ids of the other sessions, in the order in which they were first observed.
    std::vector<Id> peers() const;
    /// The last time of a session, as an encoder writes it: its own time - 1, a peer's last, or 0 for an unknown session.
    std::optional<std::uint64_t> lastTime(std::uint64_t sid) const;

    void setSid(std::uint64_t sid); ///< the current session becomes a peer
    LogicalClock fork(std::uint64_t sid) const;

private:
    struct Interval
    {
        std::uint64_t begin;
        std::uint64_t end;
    };
    struct Row
    {
        std::uint64_t last = 0;
        std::uint64_t loaded = 0;    // ids below this may have been seen before loading
        bool observed = false;
        std::vector<Interval> seen;  // ascending, apart
    };

    SessionIndex lookUp(std::uint64_t sid) const;
    SessionIndex meet(std::uint64_t sid);
    void observeAnywhere(const IdSpan &span);
    bool knowsSomewhere(Id id) const;
    void observeLast(SessionIndex session, std::uint64_t last);
    static const Interval *intervalAt(const Row &row, std::uint64_t time);

    std::vector<std::uint64_t> m_sids; // apart from the rows: ids of one time are ordered by these alone
    std::vector<Row> m_rows;
    std::vector<SessionIndex> m_order; // of observing
    std::unordered_map<std::uint64_t, SessionIndex> m_numbers;
    mutable SessionIndex m_lastFound = 0;
    SessionIndex m_own = 0;
    std::uint64_t m_time = 1;
};

} // namespace eventsync::crdt
