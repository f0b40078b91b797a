// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/clock.h>

#include <algorithm>

namespace eventsync::crdt {

LogicalClock::LogicalClock(std::uint64_t sid, std::uint64_t time) : m_time(std::max<std::uint64_t>(time, 1))
{
    m_own = meet(sid);
}

LogicalClock::SessionIndex LogicalClock::lookUp(std::uint64_t sid) const
{
    const std::size_t few = std::min<std::size_t>(m_sids.size(), 8); // most documents have no more
    for (SessionIndex session = 0; session < few; ++session) {
        if (m_sids[session] == sid)
            return m_lastFound = session;
    }
    if (few == m_sids.size())
        return kNone;
    const auto it = m_numbers.find(sid);
    return it == m_numbers.end() ? kNone : m_lastFound = it->second;
}

LogicalClock::SessionIndex LogicalClock::meet(std::uint64_t sid)
{
    if (const SessionIndex known = lookUp(sid); known != kNone)
        return known;
    m_lastFound = static_cast<SessionIndex>(m_rows.size());
    m_numbers.emplace(sid, m_lastFound);
    m_sids.push_back(sid);
    m_rows.push_back(Row{});
    return m_lastFound;
}

void LogicalClock::observeLast(SessionIndex session, std::uint64_t last)
{
    Row &row = m_rows[session];
    if (session != m_own) {
        if (!row.observed)
            m_order.push_back(session);
        row.observed = true;
        row.last = std::max(row.last, last);
    }
    m_time = std::max(m_time, last + 1);
}

void LogicalClock::observeAnywhere(const IdSpan &span)
{
    const SessionIndex session = number(span.sid);
    observeLast(session, span.end() - 1);
    auto &seen = m_rows[session].seen;
    if (!seen.empty() && seen.back().end == span.time) {
        seen.back().end = span.end();
        return;
    }
    auto it = std::lower_bound(seen.begin(), seen.end(), span.time,
                               [](const Interval &interval, std::uint64_t time) { return interval.end < time; });
    Interval merged{span.time, span.end()};
    auto last = it;
    for (; last != seen.end() && last->begin <= merged.end; ++last)
        merged = {std::min(merged.begin, last->begin), std::max(merged.end, last->end)};
    if (it == last) {
        seen.insert(it, merged);
    } else {
        *it = merged;
        seen.erase(it + 1, last);
    }
}

void LogicalClock::load(Id last)
{
    const SessionIndex session = number(last.sid);
    m_rows[session].loaded = std::max(m_rows[session].loaded, last.time + 1);
    observeLast(session, last.time);
}

const LogicalClock::Interval *LogicalClock::intervalAt(const Row &row, std::uint64_t time)
{
    if (row.seen.empty() || time >= row.seen.back().end)
        return nullptr;
    if (time >= row.seen.back().begin)
        return &row.seen.back();
    const auto it = std::upper_bound(row.seen.begin(), row.seen.end(), time,
                                     [](std::uint64_t t, const Interval &interval) { return t < interval.end; });
    return it->begin <= time ? &*it : nullptr;
}

bool LogicalClock::saw(Id id) const
{
    const SessionIndex session = find(id.sid);
    return session != kNone && intervalAt(m_rows[session], id.time) != nullptr;
}

bool LogicalClock::knowsSomewhere(Id id) const
{
    if (id.sid == kSystemSession)
        return id.time <= 1; // the origin and `undefined`
    const SessionIndex session = find(id.sid);
    return session != kNone && (id.time < m_rows[session].loaded || intervalAt(m_rows[session], id.time) != nullptr);
}

bool LogicalClock::knowsAll(const IdSpan &span) const
{
    if (span.sid == kSystemSession)
        return span.end() <= 2;
    const SessionIndex session = find(span.sid);
    if (session == kNone)
        return false;
    const Row &row = m_rows[session];
    const std::uint64_t from = std::max(span.time, row.loaded);
    if (from >= span.end())
        return true;
    const Interval *interval = intervalAt(row, from);
    return interval != nullptr && span.end() <= interval->end;
}

std::vector<Id> LogicalClock::peers() const
{
    std::vector<Id> peers;
    peers.reserve(m_order.size());
    for (const SessionIndex session : m_order)
        peers.push_back({m_sids[session], m_rows[session].last});
    return peers;
}

std::optional<std::uint64_t> LogicalClock::lastTime(std::uint64_t sid) const
{
    if (sid == this->sid())
        return m_time - 1;
    const SessionIndex session = find(sid);
    if (session == kNone || !m_rows[session].observed)
        return std::nullopt;
    return m_rows[session].last;
}

void LogicalClock::setSid(std::uint64_t sid)
{
    if (sid == this->sid())
        return;
    const SessionIndex old = m_own;
    m_own = number(sid);
    std::erase(m_order, m_own);
    m_rows[m_own].observed = false;
    observeLast(old, m_time - 1);
}

LogicalClock LogicalClock::fork(std::uint64_t sid) const
{
    LogicalClock copy = *this;
    if (sid == this->sid())
        return copy;
    copy.m_own = copy.number(sid);
    std::erase(copy.m_order, copy.m_own);
    copy.m_rows[copy.m_own].observed = false;
    copy.m_rows[m_own].observed = true;
    copy.m_rows[m_own].last = m_time - 1;
    copy.m_order.insert(copy.m_order.begin(), m_own);
    return copy;
}

} // namespace eventsync::crdt
