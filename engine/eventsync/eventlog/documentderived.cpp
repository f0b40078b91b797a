// SPDX-License-Identifier: Apache-2.0
//
// DocumentCore's other half: what it keeps at hand, what it asks the store to keep, and what others may see of it.
#include <eventsync/eventlog/documentcore.h>

#include <eventsync/base/assert.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/model/heldbytes.h>

namespace eventsync::eventlog {

// ---- the tail

bool DocumentCore::tailReaches(ServerSeq after) const
{
    return m_tail.empty() ? after >= m_head.serverSeq : after.next() >= m_tail.front()->serverSeq;
}

std::optional<ServerSeq> DocumentCore::missingBefore(ServerSeq base) const
{
    if (base >= m_head.serverSeq || base < m_horizon.previous() || tailReaches(base))
        return std::nullopt;
    if (m_head.serverSeq - base > limits::kLookBackEvents)
        return std::nullopt;
    return base;
}

void DocumentCore::prependTail(const std::vector<LoggedPtr> &older)
{
    for (auto event = older.rbegin(); event != older.rend(); ++event) {
        const ServerSeq first = m_tail.empty() ? m_head.serverSeq.next() : m_tail.front()->serverSeq;
        if ((*event)->serverSeq >= first)
            continue;
        if ((*event)->serverSeq.next() != first)
            return;
        m_tailBytes += (*event)->canonical->size();
        m_tailHeld += eventlog::heldBytes(**event);
        m_tail.push_front(*event);
    }
}

void DocumentCore::trimTail()
{
    while (!m_tail.empty() && (m_tail.size() > limits::kTailEvents || m_tailBytes > limits::kTailBytes ||
                               m_tailHeld > limits::kTailHeldBytes))
        dropFirstOfTail();
    m_state.settle(m_tail.size());
}

void DocumentCore::dropFirstOfTail()
{
    m_tailBytes -= m_tail.front()->canonical->size();
    m_tailHeld -= eventlog::heldBytes(*m_tail.front());
    m_tail.pop_front();
}

void DocumentCore::dropTail()
{
    EVENTSYNC_ASSERT(m_prepared.empty());
    while (!m_tail.empty())
        dropFirstOfTail();
    m_state.settle(0);
}

LoggedPtr DocumentCore::inTail(ServerSeq seq) const
{
    if (m_tail.empty() || seq < m_tail.front()->serverSeq || seq > m_tail.back()->serverSeq)
        return nullptr;
    return m_tail[static_cast<std::size_t>(seq - m_tail.front()->serverSeq)];
}

// ---- committing

storage::Batch DocumentCore::takeBatch()
{
    EVENTSYNC_ASSERT(!m_committing && !m_prepared.empty() && m_number != 0);
    if (!m_hasRow)
        m_createdAt = m_prepared.front()->event->storedAt;
    m_committing = true;
    storage::Batch batch;
    if (!m_hasRow) {
        const DocumentRow row{.documentId = m_id, .number = m_number, .collection = *m_collection, .kind = m_kind,
                              .at = {ServerSeq(0), m_baseChain}, .horizon = ServerSeq(1), .baseChain = m_baseChain,
                              .createdAt = m_createdAt, .updatedAt = m_createdAt};
        batch.insert(sets::kDocuments, row.toRow({}));
    }
    for (const auto &event : m_prepared)
        batch.insert(sets::kEvents, event->toRow(m_number));
    return batch;
}

std::vector<LoggedPtr> DocumentCore::committed(const std::int64_t *positions)
{
    std::vector<LoggedPtr> events;
    events.reserve(m_prepared.size());
    for (const auto &event : m_prepared) {
        event->position = *positions++;
        events.push_back(event);
    }
    m_position = m_prepared.back()->position;
    m_updatedAt = m_prepared.back()->event->storedAt;
    if (!isDirty())
        m_firstUnflushed = m_prepared.front()->position;
    m_committed = m_head;
    m_deleted = !m_state.exists();
    m_hasRow = true;
    m_committing = false;
    m_prepared.clear();
    m_preparedHeld = 0;
    m_preparedIds.clear();
    trimTail();
    return events;
}

// ---- what others see

ClientSeq DocumentCore::clientSeq(const ClientId &client) const
{
    for (const auto &event : m_prepared) {
        if (event->clientId == client)
            return event->clientSeq.previous();
    }
    return m_clock.at(client);
}

VectorClock DocumentCore::clock() const
{
    return clockAt(m_committed.serverSeq);
}

VectorClock DocumentCore::clockAt(ServerSeq seq) const
{
    VectorClock clock = m_clock;
    for (auto event = m_tail.rbegin(); event != m_tail.rend() && (*event)->serverSeq > seq; ++event)
        clock.set((*event)->clientId, (*event)->clientSeq.previous());
    return clock;
}

DocumentRecord DocumentCore::record() const
{
    DocumentRecord record = recordWithoutState();
    record.state = m_state.jsonState();
    return record;
}

DocumentRecord DocumentCore::recordWithoutState() const
{
    return {.documentId = m_id, .collection = m_collection.value_or(CollectionName()), .kind = m_kind,
            .position = m_committed, .horizon = m_horizon, .deleted = !m_state.exists(), .state = {},
            .createdAt = m_createdAt, .updatedAt = m_updatedAt};
}

DocumentRecord DocumentCore::preparedRecord() const
{
    DocumentRecord prepared = record();
    prepared.position = m_head;
    if (!m_prepared.empty())
        prepared.updatedAt = m_prepared.back()->event->storedAt;
    if (!m_hasRow && !m_prepared.empty())
        prepared.createdAt = m_prepared.front()->event->storedAt;
    return prepared;
}

Snapshot DocumentCore::snapshot() const
{
    return {.documentId = m_id, .collection = m_collection.value_or(CollectionName()), .kind = m_kind,
            .position = m_committed, .state = m_state.toBytes(), .vectorClock = clock(), .createdAt = m_timeSource.wall()};
}

// ---- derived rows

storage::Batch DocumentCore::derivedBatch(bool withSnapshot)
{
    EVENTSYNC_ASSERT(!m_committing && m_prepared.empty() && m_hasRow);
    storage::Batch batch;
    const ServerSeq snapshotSeq = withSnapshot ? m_committed.serverSeq : m_snapshotSeq;
    const DocumentRow row{.documentId = m_id, .number = m_number, .collection = *m_collection, .kind = m_kind,
                          .at = m_committed, .horizon = m_horizon, .baseChain = m_baseChain, .position = m_position,
                          .createdAt = m_createdAt, .updatedAt = m_updatedAt, .snapshotSeq = snapshotSeq};
    // Another node may have compacted it: the old horizon in its row would promise events that are gone.
    batch.require(sets::kDocuments, {m_id.text()}, document::Horizon, m_horizon.value());
    batch.put(sets::kDocuments, row.toRow(m_state.jsonState()));
    m_stateHeld = eventsync::heldBytes(m_state);
    for (const ClientId &client : m_dirtyClocks)
        batch.put(sets::kVectorClocks, {m_number, client.text(), m_clock.at(client).value()});
    if (withSnapshot)
        batch.put(sets::kSnapshots, toRow(snapshot(), m_number));
    m_dirtyClocks.clear();
    return batch;
}

void DocumentCore::flushed(ServerSeq at, ServerSeq snapshotAt)
{
    m_flushed = at;
    m_snapshotSeq = std::max(m_snapshotSeq, snapshotAt);
    m_firstUnflushed = 0;
    if (isDirty()) {
        if (const LoggedPtr first = inTail(at.next()))
            m_firstUnflushed = first->position;
    }
}

void DocumentCore::flushFailed()
{
    for (const auto &[client, seq] : m_clock.entries())
        m_dirtyClocks.insert(client);
}

storage::Batch DocumentCore::compactBatch(const Removal &removal) const
{
    const std::vector<LoggedPtr> &removed = removal.events;
    EVENTSYNC_ASSERT(!removed.empty());
    const ServerSeq horizon = removed.back()->serverSeq.next();
    storage::Batch batch;
    const auto keep = [&](const LoggedPtr &event, const EventId &id) {
        storage::Row row(known::PushMark + 1);
        row[known::Id] = blobCell(id.view());
        row[known::Document] = m_number;
        row[known::Seq] = event->serverSeq.value();
        row[known::Logged] = blobCell(event->id.view());
        row[known::PushMark] = blobCell({reinterpret_cast<const char *>(event->pushMark.data()), event->pushMark.size()});
        batch.put(sets::kIds, std::move(row));
    };
    for (const LoggedPtr &event : removed) {
        keep(event, event->id);
        if (event->firstId != event->id)
            keep(event, event->firstId);
        batch.erase(sets::kEvents, {event->position});
    }
    DocumentRow row{.documentId = m_id, .number = m_number, .collection = *m_collection, .kind = m_kind,
                    .at = m_committed, .horizon = horizon, .baseChain = removed.back()->chain, .position = m_position,
                    .createdAt = m_createdAt, .updatedAt = m_updatedAt, .snapshotSeq = m_committed.serverSeq};
    batch.put(sets::kDocuments, row.toRow(m_state.jsonState()));
    for (const auto &[client, seq] : m_clock.entries())
        batch.put(sets::kVectorClocks, {m_number, client.text(), seq.value()});
    batch.put(sets::kSnapshots, toRow(snapshot(), m_number));
    if (removal.base && removal.base->position.serverSeq != m_committed.serverSeq)
        batch.put(sets::kSnapshots, toRow(*removal.base, m_number));
    for (const ServerSeq seq : removal.snapshots)
        batch.erase(sets::kSnapshots, {m_number, seq.value()});
    return batch;
}

void DocumentCore::compacted(ServerSeq horizon, const Digest &baseChain)
{
    m_horizon = horizon;
    m_baseChain = baseChain;
    m_dirtyClocks.clear();
    while (!m_tail.empty() && m_tail.front()->serverSeq < horizon)
        dropFirstOfTail();
}

} // namespace eventsync::eventlog
