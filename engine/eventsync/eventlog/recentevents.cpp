// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/recentevents.h>

#include <eventsync/eventlog/limits.h>

#include <algorithm>

namespace eventsync::eventlog {

ServerSeq RecentEvents::before() const
{
    return m_events.empty() ? m_last : m_events.front()->serverSeq.previous();
}

bool RecentEvents::reaches(ServerSeq after) const
{
    return after >= before();
}

LoggedPtr RecentEvents::at(ServerSeq seq) const
{
    if (m_events.empty() || seq < m_events.front()->serverSeq || seq > m_events.back()->serverSeq)
        return nullptr;
    return m_events[static_cast<std::size_t>(seq - m_events.front()->serverSeq)];
}

RecentEvents::Events::const_iterator RecentEvents::firstAfter(ServerSeq seq) const
{
    return m_events.begin() + std::clamp<std::ptrdiff_t>(seq - before(), 0, static_cast<std::ptrdiff_t>(m_events.size()));
}

VectorClock RecentEvents::clockAt(ServerSeq seq, VectorClock end) const
{
    for (auto event = m_events.rbegin(); event != m_events.rend() && (*event)->serverSeq > seq; ++event)
        end.set((*event)->clientId, (*event)->clientSeq.previous());
    return end;
}

void RecentEvents::append(LoggedPtr event)
{
    count(*event);
    m_last = event->serverSeq;
    m_events.push_back(std::move(event));
}

void RecentEvents::prepend(const std::vector<LoggedPtr> &older)
{
    for (auto event = older.rbegin(); event != older.rend(); ++event) {
        if ((*event)->serverSeq > before())
            continue;
        if ((*event)->serverSeq != before())
            return;
        count(**event);
        m_events.push_front(*event);
    }
}

void RecentEvents::count(const LoggedEvent &event)
{
    m_bytes += event.canonical->size();
    m_held += eventlog::heldBytes(event);
}

void RecentEvents::trim()
{
    while (!m_events.empty() && (m_events.size() > limits::kRecentEvents || m_bytes > limits::kRecentBytes || m_held > limits::kRecentHeldBytes))
        dropFirst();
}

void RecentEvents::dropBefore(ServerSeq horizon)
{
    while (!m_events.empty() && m_events.front()->serverSeq < horizon)
        dropFirst();
}

void RecentEvents::clear()
{
    m_events.clear();
    m_bytes = m_held = 0;
}

void RecentEvents::dropFirst()
{
    m_bytes -= m_events.front()->canonical->size();
    m_held -= eventlog::heldBytes(*m_events.front());
    m_events.pop_front();
}

} // namespace eventsync::eventlog
