// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/documentlog.h>

#include <eventsync/base/assert.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/model/eventcheck.h>

namespace eventsync::eventlog {

DocumentLog::DocumentLog(DocumentId id, const LoadedDocument *loaded)
{
    m_row.documentId = std::move(id);
    if (!loaded)
        return;
    m_row = loaded->row;
    m_row.state = {};
    m_row.at = loaded->head;
    m_row.position = loaded->position;
    m_row.createdAt = loaded->createdAt;
    m_row.updatedAt = loaded->updatedAt;
    m_hasRow = m_hasCollection = true;
    m_end = loaded->head;
    m_clock = loaded->clock;
    m_recent = RecentEvents(loaded->recent.empty() ? m_end.serverSeq : loaded->recent.front()->serverSeq.previous());
    for (const LoggedPtr &event : loaded->recent)
        m_recent.append(event);
}

// ---- as committed

std::optional<CollectionName> DocumentLog::collection() const
{
    return exists() ? std::optional(m_row.collection) : std::nullopt;
}

ClientSeq DocumentLog::clientSeq(const ClientId &client) const
{
    for (const auto &event : m_prepared.events()) {
        if (event->clientId == client)
            return event->clientSeq.previous();
    }
    return m_clock.at(client);
}

DocumentRecord DocumentLog::record() const
{
    return {.documentId = m_row.documentId, .collection = m_row.collection, .kind = m_row.kind, .position = m_row.at,
            .horizon = m_row.horizon, .deleted = false, .state = {}, .createdAt = m_row.createdAt, .updatedAt = m_row.updatedAt};
}

// ---- with what is prepared

DocumentRecord DocumentLog::preparedRecord() const
{
    DocumentRecord prepared = record();
    prepared.position = m_end;
    if (m_prepared.isEmpty())
        return prepared;
    prepared.updatedAt = m_prepared.events().back()->event->storedAt;
    if (!m_hasRow)
        prepared.createdAt = m_prepared.events().front()->event->storedAt;
    return prepared;
}

std::optional<ServerSeq> DocumentLog::missingBefore(ServerSeq base) const
{
    if (base >= m_end.serverSeq || base < m_row.horizon.previous() || m_recent.reaches(base))
        return std::nullopt;
    if (m_end.serverSeq - base > limits::kLookBackEvents)
        return std::nullopt;
    return base;
}

// ---- changing

Result<std::shared_ptr<LoggedEvent>> DocumentLog::place(Event event) const
{
    event.serverSeq = m_end.serverSeq.next();
    auto logged = std::make_shared<LoggedEvent>();
    logged->serverSeq = event.serverSeq;
    logged->clientId = event.clientId;
    logged->clientSeq = event.clientSeq;
    logged->id = event.id;
    logged->canonical = std::make_shared<const Bytes>(canonicalBytes(event, EventForm::Logged));
    EVENTSYNC_CHECK(checkEventSize(event, EventForm::Logged, logged->canonical->size()));
    if (event.salt)
        logged->digest = digestOf(event);
    const Digest before = m_hasCollection ? m_end.chain : chainStart(event.collection, m_row.documentId);
    logged->chain = chainNext(before, logged->digest ? *logged->digest : sha256(*logged->canonical));
    logged->event = std::make_shared<const Event>(std::move(event));
    return logged;
}

void DocumentLog::append(const std::shared_ptr<LoggedEvent> &event)
{
    if (!m_hasCollection) {
        m_row.collection = event->event->collection;
        m_row.kind = event->event->diff.isCrdt() ? DocumentKind::Crdt : DocumentKind::Json;
        m_row.baseChain = chainStart(m_row.collection, m_row.documentId);
        m_hasCollection = true;
    }
    m_clock.advance(event->clientId, event->clientSeq);
    m_end = {event->serverSeq, event->chain};
    m_recent.append(event);
    m_prepared.add(event, m_row.number);
}

storage::Batch DocumentLog::takeBatch()
{
    EVENTSYNC_ASSERT(hasNumber());
    m_prepared.beginCommit();
    storage::Batch batch;
    if (!m_hasRow) {
        m_row.createdAt = m_prepared.events().front()->event->storedAt;
        DocumentRow row = m_row;
        row.at = {ServerSeq(0), m_row.baseChain};
        row.updatedAt = m_row.createdAt;
        batch.insert(sets::kDocuments, row.toRow({}));
    }
    for (const auto &event : m_prepared.events())
        batch.insert(sets::kEvents, event->toRow(m_row.number));
    return batch;
}

std::vector<LoggedPtr> DocumentLog::committed(const std::int64_t *positions)
{
    std::vector<LoggedPtr> events = m_prepared.endCommit(positions);
    m_row.position = events.back()->position;
    m_row.updatedAt = events.back()->event->storedAt;
    m_row.at = m_end;
    m_hasRow = true;
    m_recent.trim();
    return events;
}

void DocumentLog::compacted(ServerSeq horizon, const Digest &baseChain)
{
    m_row.horizon = horizon;
    m_row.baseChain = baseChain;
    m_recent.dropBefore(horizon);
}

} // namespace eventsync::eventlog
