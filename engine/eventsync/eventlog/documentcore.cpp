// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/documentcore.h>

#include <eventsync/eventlog/clockrows.h>

#include <eventsync/base/assert.h>
#include <eventsync/base/bytes.h>
#include <eventsync/eventlog/codeedit_p.h>
#include <eventsync/eventlog/pushmerge_p.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/eventlog/statechecks_p.h>
#include <eventsync/model/heldbytes.h>

#include <utility>

namespace eventsync::eventlog {

namespace {

constexpr std::size_t kSaltBytes = 16;

Bytes randomSalt(Random &random)
{
    Bytes salt;
    while (salt.size() < kSaltBytes) {
        const std::uint64_t bits = random.next();
        salt.append(reinterpret_cast<const char *>(&bits), sizeof bits);
    }
    return salt;
}

} // namespace

DocumentCore::DocumentCore(DocumentId id, std::optional<LoadedDocument> loaded, RulesOf rules, const Clock &clock, Random &random)
    : m_log(std::move(id), loaded ? &*loaded : nullptr), m_rulesOf(std::move(rules)), m_clock(clock), m_random(random)
{
    if (!loaded)
        return;
    m_rules = m_rulesOf(loaded->row.collection);
    m_state = std::move(loaded->state);
    m_deleted = !m_state.exists();
    m_rows = {.at = loaded->row.at.serverSeq, .firstUnwritten = loaded->firstUnflushed, .snapshotSeq = loaded->row.snapshotSeq};
    for (const LoggedPtr &event : loaded->recent) {
        if (event->serverSeq > m_rows.at)
            m_rows.authors.insert(event->clientId);
    }
    m_stateHeld = eventsync::heldBytes(m_state);
}

// ---- rules

void DocumentCore::rulesChanged()
{
    if (m_log.hasCollection())
        m_rules = m_rulesOf(m_log.firstCollection());
}

RulesPtr DocumentCore::rulesFor(const CollectionName &collection) const
{
    if (m_rules)
        return m_rules;
    const auto offered = m_offeredRules.find(collection);
    return offered != m_offeredRules.end() ? offered->second : m_rulesOf(collection);
}

// ---- validating

PushOutcome DocumentCore::push(const EventPtr &event, const PushContext &context, const KnownEvents &known)
{
    EVENTSYNC_ASSERT(!m_log.prepared().isCommitting());
    PushMerge pushed(m_log, m_state, event, context);
    if (auto answer = pushed.identify(known))
        return *answer;
    if (context.forked || context.stopped)
        return {.status = AckStatus::Skipped};
    if (auto answer = pushed.checkNumbers())
        return *answer;
    if (const auto fine = checkPlace(m_log, event->collection); !fine)
        return pushed.refused(fine.error(), false);
    const RulesPtr rules = rulesFor(event->collection);
    auto merged = pushed.merge(*rules, m_clock);
    if (auto *answer = std::get_if<PushOutcome>(&merged))
        return std::move(*answer);
    auto &[logged, applied, hadUnseen] = std::get<PushMerge::MergedEvent>(merged);
    const auto placed = append(std::move(logged), std::move(applied), *rules, pushDigest16Of(*event), event->firstId());
    if (!placed)
        return pushed.refused(placed.error(), false);
    return {.status = hadUnseen ? AckStatus::Merged : AckStatus::Applied, .serverSeq = (*placed)->serverSeq};
}

Result<LoggedPtr> DocumentCore::write(const CodeWrite &write)
{
    EVENTSYNC_ASSERT(!m_log.prepared().isCommitting());
    EVENTSYNC_CHECK(checkPlace(m_log, write.collection));
    const ServerSeq end = m_log.end().serverSeq;
    if (write.ifVersion && *write.ifVersion != end)
        return failure(ErrorCode::VersionConflict, "the document stands at " + std::to_string(end.value()));
    const RulesPtr rules = rulesFor(write.collection);
    EVENTSYNC_TRY(CodeEdit edit, codeEdit(write, m_log, m_state, *rules, m_random));
    if (edit.operation != Operation::Delete && !edit.diff.hasChanges())
        return LoggedPtr();
    boundTimes(edit.diff, *rules, m_log, m_clock);
    EVENTSYNC_TRY(AppliedEvent applied, m_state.apply(edit.operation, edit.diff));
    if (!applied.changed)
        return LoggedPtr();
    if (const auto fine = checkState(m_state, *rules, applied.inverse); !fine) {
        EVENTSYNC_ASSERT(m_state.revert(applied.inverse).has_value());
        return failure(fine.error());
    }
    Event event{.id = write.id, .documentId = m_log.id(), .collection = write.collection, .operation = edit.operation, .serverSeq = {},
                .clientId = write.clientId, .clientSeq = m_log.endClock().at(write.clientId).next(), .baseSeq = end,
                .author = write.author, .timestamp = m_clock.wall(), .storedAt = {}, .diff = std::move(edit.diff),
                .metadata = std::move(edit.metadata)};
    const PushDigest16 digest = pushDigest16Of(event);
    const EventId firstId = event.firstId();
    return append(std::move(event), std::move(applied), *rules, digest, firstId);
}

// The applied change is reverted if the event cannot be logged.
Result<LoggedPtr> DocumentCore::append(Event event, AppliedEvent applied, const Rules &rules, const PushDigest16 &pushDigest16, const EventId &firstId)
{
    event.storedAt = m_clock.wall();
    if (rules.policy.redaction())
        event.salt = randomSalt(m_random);
    auto placed = m_log.place(std::move(event));
    if (!placed) {
        EVENTSYNC_ASSERT(m_state.revert(applied.inverse).has_value());
        return failure(placed.error());
    }
    const std::shared_ptr<LoggedEvent> logged = std::move(*placed);
    logged->firstId = firstId;
    logged->pushDigest16 = pushDigest16;
    logged->footprint = std::move(applied.footprint);
    logged->inverse = std::move(applied.inverse);
    if (!m_rules)
        m_rules = rulesFor(logged->event->collection);
    m_log.append(logged);
    m_rows.authors.insert(logged->clientId);
    return LoggedPtr(logged);
}

void DocumentCore::trimRecent()
{
    m_log.recent().trim();
    m_state.settle(m_log.recent().events().size());
}

std::vector<LoggedPtr> DocumentCore::committed(const std::int64_t *positions)
{
    const bool wasDirty = isDirty();
    std::vector<LoggedPtr> events = m_log.committed(positions);
    if (!wasDirty)
        m_rows.firstUnwritten = events.front()->position;
    m_deleted = !m_state.exists();
    m_state.settle(m_log.recent().events().size());
    return events;
}

// ---- what readers get

DocumentRecord DocumentCore::record() const
{
    DocumentRecord record = recordWithoutState();
    record.state = m_state.jsonState();
    return record;
}

DocumentRecord DocumentCore::recordWithoutState() const
{
    DocumentRecord record = m_log.record();
    record.deleted = !m_state.exists();
    return record;
}

DocumentRecord DocumentCore::preparedRecord() const
{
    DocumentRecord record = m_log.preparedRecord();
    record.deleted = !m_state.exists();
    record.state = m_state.jsonState();
    return record;
}

Snapshot DocumentCore::snapshot() const
{
    return {.documentId = m_log.id(), .collection = m_log.firstCollection(), .kind = m_log.kind(), .position = m_log.head(),
            .state = m_state.toBytes(), .vectorClock = m_log.clock(), .createdAt = m_clock.wall()};
}

void DocumentCore::dropRecent()
{
    EVENTSYNC_ASSERT(m_log.prepared().isEmpty());
    m_log.recent().clear();
    m_state.settle(0);
}

// ---- derived rows

storage::Batch DocumentCore::derivedBatch(bool withSnapshot)
{
    EVENTSYNC_ASSERT(m_log.prepared().isEmpty() && m_log.exists());
    storage::Batch batch;
    DocumentRow row = m_log.row();
    row.snapshotSeq = withSnapshot ? row.at.serverSeq : m_rows.snapshotSeq;
    // Another node may have compacted it: the old horizon in its row would promise events that are gone.
    batch.require(sets::kDocuments, {row.documentId.text()}, document::Horizon, row.horizon.value());
    batch.put(sets::kDocuments, row.toRow(m_state.jsonState()));
    m_stateHeld = eventsync::heldBytes(m_state);
    for (const ClientId &client : m_rows.authors)
        batch.put(sets::kVectorClocks, clockRow(row.number, client, m_log.endClock().at(client)));
    if (withSnapshot)
        batch.put(sets::kSnapshots, toRow(snapshot(), row.number));
    m_rows.authors.clear();
    return batch;
}

void DocumentCore::flushed(ServerSeq at, ServerSeq snapshotAt)
{
    m_rows.at = at;
    m_rows.snapshotSeq = std::max(m_rows.snapshotSeq, snapshotAt);
    const LoggedPtr next = isDirty() ? m_log.recent().at(at.next()) : nullptr;
    m_rows.firstUnwritten = next ? next->position : 0;
}

void DocumentCore::flushFailed()
{
    for (const auto &[client, seq] : m_log.endClock().entries())
        m_rows.authors.insert(client);
}

storage::Batch DocumentCore::compactBatch(const Removal &removal) const
{
    const std::vector<LoggedPtr> &removed = removal.events;
    EVENTSYNC_ASSERT(!removed.empty());
    DocumentRow row = m_log.row();
    row.horizon = removed.back()->serverSeq.next();
    row.baseChain = removed.back()->chain;
    row.snapshotSeq = row.at.serverSeq;
    storage::Batch batch;
    const auto keep = [&](const LoggedPtr &event, const EventId &id) {
        storage::Row kept(known::PushDigest + 1);
        kept[known::Id] = blobCell(id.view());
        kept[known::Document] = row.number;
        kept[known::Seq] = event->serverSeq.value();
        kept[known::Logged] = blobCell(event->id.view());
        kept[known::PushDigest] = blobCell({reinterpret_cast<const char *>(event->pushDigest16.data()), event->pushDigest16.size()});
        batch.put(sets::kIds, std::move(kept));
    };
    for (const LoggedPtr &event : removed) {
        keep(event, event->id);
        if (event->firstId != event->id)
            keep(event, event->firstId);
        batch.erase(sets::kEvents, {event->position});
    }
    batch.put(sets::kDocuments, row.toRow(m_state.jsonState()));
    for (const auto &[client, seq] : m_log.endClock().entries())
        batch.put(sets::kVectorClocks, clockRow(row.number, client, seq));
    batch.put(sets::kSnapshots, toRow(snapshot(), row.number));
    if (removal.base && removal.base->position.serverSeq != row.at.serverSeq)
        batch.put(sets::kSnapshots, toRow(*removal.base, row.number));
    for (const ServerSeq seq : removal.snapshots)
        batch.erase(sets::kSnapshots, {row.number, seq.value()});
    return batch;
}

void DocumentCore::compacted(ServerSeq horizon, const Digest &baseChain)
{
    m_log.compacted(horizon, baseChain);
    m_rows.authors.clear();
}

} // namespace eventsync::eventlog
