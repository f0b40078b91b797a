// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/preparedevents.h>

#include <eventsync/base/assert.h>

#include <utility>

namespace eventsync::eventlog {

std::optional<KnownEvent> PreparedEvents::find(const EventId &id) const
{
    const auto found = m_ids.find(id);
    return found == m_ids.end() ? std::nullopt : std::optional(found->second);
}

void PreparedEvents::add(std::shared_ptr<LoggedEvent> event, std::int64_t document)
{
    EVENTSYNC_ASSERT(!m_committing);
    const KnownEvent known{document, event->serverSeq, event->id, event->pushDigest16, event->clientId, event->clientSeq};
    m_ids.emplace(event->id, known);
    m_ids.emplace(event->firstId, known);
    m_held += eventlog::heldBytes(*event);
    m_events.push_back(std::move(event));
}

void PreparedEvents::beginCommit()
{
    EVENTSYNC_ASSERT(!m_committing && !m_events.empty());
    m_committing = true;
}

std::vector<LoggedPtr> PreparedEvents::endCommit(const std::int64_t *positions)
{
    EVENTSYNC_ASSERT(m_committing);
    for (const auto &event : m_events)
        event->position = *positions++;
    const Events events = std::exchange(m_events, {});
    m_ids.clear();
    m_held = 0;
    m_committing = false;
    return {events.begin(), events.end()};
}

} // namespace eventsync::eventlog
