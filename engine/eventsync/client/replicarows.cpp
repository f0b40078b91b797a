// SPDX-License-Identifier: Apache-2.0
//
// A replica's rows. The confirmed state is not written with every event: `states` has it as it was some events ago, and
// `history` holds the events since, which it keeps anyway to go back. A new state row is written when the events since the
// last one weigh as much as the state, so what is written stays proportional to what came in.
#include <eventsync/base/limits.h>
#include <eventsync/client/documentreplica.h>

#include <eventsync/base/assert.h>
#include <eventsync/base/mutation.h>
#include <eventsync/client/rows.h>

#include <algorithm>

namespace eventsync::client {

namespace {

constexpr std::size_t kSmallestBase = 64 * limits::kKiB; // below, loading a few events costs nothing
constexpr std::size_t kLongHistory = 4;                  // times the usual length, while a conflict looks back that far

} // namespace

std::size_t DocumentReplica::historyLimit() const
{
    const auto every = static_cast<std::size_t>(std::max<std::int64_t>(m_context.options.checkpointEvery, 1));
    return std::max<std::size_t>(every * std::max<std::size_t>(m_context.options.checkpoints, 1), 1);
}

bool DocumentReplica::wantsBase() const
{
    return m_baseDirty || m_bytesSinceBase > std::max(kSmallestBase, m_optimistic.canonicalSize())
        || m_position.serverSeq - m_baseSeq > static_cast<std::int64_t>(historyLimit() / 2);
}

void DocumentReplica::writeBase()
{
    const DocumentState &state = confirmed();
    const bool crdt = state.kind() == DocumentKind::Crdt;
    m_steps.push_back(storage::Batch::Put{
        "states",
        {m_id.text(), m_position.serverSeq.value(),
         state.exists() && !crdt ? storage::Cell(state.canonical()) : storage::Cell()}});
    if (crdt)
        m_steps.push_back(storage::Batch::Put{"crdts", {m_id.text(), rows::cell(state.toBytes())}});
    else if (m_baseIsCrdt)
        m_steps.push_back(storage::Batch::Erase{"crdts", {m_id.text()}});
    m_baseIsCrdt = crdt;
    m_baseSeq = m_position.serverSeq;
    m_bytesSinceBase = 0;
    m_baseDirty = false;
    m_documentDirty = true;
}

// The history is bounded by count and bytes. A sent entry's check does not need it: what it would have found is noted.
void DocumentReplica::trimHistory()
{
    ServerSeq wanted = m_position.serverSeq;
    for (const std::int64_t order : m_conflicts)
        wanted = std::min(wanted, m_queue.at(order).edit.baseSeq);
    const std::size_t limit = historyLimit();
    std::vector<HistoryItem> removed;
    while (!m_history.empty()) {
        HistoryItem &item = m_history.front();
        const bool over = m_history.size() > limit || m_historyBytes > limits::kClientHistoryBytes;
        const bool looked = item.event->serverSeq > wanted && m_history.size() <= limit * kLongHistory
            && m_historyBytes <= limits::kClientHistoryBytes * kLongHistory;
        if (!over || looked || item.event->serverSeq > m_baseSeq)
            break;
        m_steps.push_back(storage::Batch::Erase{"history", {m_id.text(), item.event->serverSeq.value()}});
        m_historyStart = {item.event->serverSeq, item.chain};
        m_historyBytes -= item.bytes;
        removed.push_back(std::move(item));
        m_history.pop_front();
        m_documentDirty = true;
    }
    if (removed.empty())
        return;
    for (const std::int64_t order : m_sent) {
        Entry &entry = m_queue.at(order);
        for (const HistoryItem &item : removed) {
            if (item.event->serverSeq > entry.edit.baseSeq && (!item.ownOrder || *item.ownOrder > order))
                recordUnseen(entry, item.footprint);
        }
    }
}

void DocumentReplica::writeDocument(Changes &out)
{
    out.writes.put("documents",
                   {m_id.text(), m_collection ? m_collection->text() : std::string(), m_position.serverSeq.value(),
                    rows::cell(m_position.chain.view()), m_historyStart.serverSeq.value(),
                    rows::cell(m_historyStart.chain.view()), m_last.value(), m_assigned.value(), std::int64_t(m_open)});
}

void DocumentReplica::flush(Changes &out)
{
    for (storage::Batch::Step &step : m_steps)
        out.writes.add(std::move(step));
    m_steps.clear();
    for (const std::int64_t order : m_removed)
        out.writes.erase("queue", {order});
    m_removed.clear();
    for (const std::int64_t order : m_dirty)
        out.writes.put("queue", rows::queueRow(m_id, m_queue.at(order)));
    m_dirty.clear();
    if (m_documentDirty)
        writeDocument(out);
    m_documentDirty = false;
}

// ---- loading

struct DocumentReplica::Loader
{
    storage::ReadView &view;
    ReplicaContext &context;
    const std::function<DocumentReplica &(const DocumentId &)> &replica;
    std::map<DocumentId, std::pair<ServerSeq, json::State>> states = {};

    // Calls read(row) for every row of a set until one fails.
    Result<> each(const std::string &set, const std::function<Result<>(const storage::Row &)> &read)
    {
        Result<> result;
        EVENTSYNC_CHECK(view.scan({.set = set}, [&](const storage::Row &row) {
            result = read(row);
            return result.has_value();
        }));
        return result;
    }

    Result<> document(const storage::Row &row)
    {
        EVENTSYNC_TRY(const DocumentId id, rows::documentOf(row));
        EVENTSYNC_TRY(const std::string collection, rows::text(row, 1));
        EVENTSYNC_TRY(const std::int64_t seq, rows::integer(row, 2));
        EVENTSYNC_TRY(const Bytes chain, rows::blob(row, 3));
        EVENTSYNC_TRY(const std::int64_t historySeq, rows::integer(row, 4));
        EVENTSYNC_TRY(const Bytes historyChain, rows::blob(row, 5));
        EVENTSYNC_TRY(const std::int64_t last, rows::integer(row, 6));
        EVENTSYNC_TRY(const std::int64_t assigned, rows::integer(row, 7));
        EVENTSYNC_TRY(const std::int64_t open, rows::integer(row, 8));
        DocumentReplica &r = replica(id);
        if (!collection.empty()) {
            EVENTSYNC_TRY(r.m_collection, collectionNameFrom(collection));
        }
        EVENTSYNC_TRY(r.m_position.chain, Digest::fromBytes(chain));
        EVENTSYNC_TRY(r.m_historyStart.chain, Digest::fromBytes(historyChain));
        r.m_position.serverSeq = r.m_waitingBase = ServerSeq(seq);
        r.m_historyStart.serverSeq = ServerSeq(historySeq);
        r.m_last = ClientSeq(last);
        r.m_assigned = ClientSeq(assigned);
        r.m_open = open != 0;
        return {};
    }

    Result<> state(const storage::Row &row)
    {
        EVENTSYNC_TRY(const DocumentId id, rows::documentOf(row));
        EVENTSYNC_TRY(const std::int64_t seq, rows::integer(row, 1));
        DocumentReplica &r = replica(id);
        r.m_baseSeq = ServerSeq(seq);
        if (row.size() > 2 && std::holds_alternative<std::string>(row[2])) {
            EVENTSYNC_TRY(json::Value value, json::parse(std::get<std::string>(row[2])));
            r.m_optimistic = DocumentState(std::move(value));
        }
        return {};
    }

    Result<> crdt(const storage::Row &row)
    {
        EVENTSYNC_TRY(const DocumentId id, rows::documentOf(row));
        EVENTSYNC_TRY(const Bytes bytes, rows::blob(row, 1));
        DocumentReplica &r = replica(id);
        EVENTSYNC_TRY(r.m_optimistic, DocumentState::fromBytes(DocumentKind::Crdt, bytes));
        r.m_baseIsCrdt = true;
        return {};
    }

    Result<> history(const storage::Row &row)
    {
        EVENTSYNC_TRY(const DocumentId id, rows::documentOf(row));
        EVENTSYNC_TRY(HistoryItem item, rows::historyFrom(row));
        DocumentReplica &r = replica(id);
        if (item.event->serverSeq > r.m_baseSeq) {
            EVENTSYNC_TRY(const AppliedEvent applied, r.m_optimistic.apply(*item.event));
            static_cast<void>(applied);
            r.m_bytesSinceBase += item.bytes;
        }
        r.m_historyBytes += item.bytes;
        r.m_history.push_back(std::move(item));
        return {};
    }

    Result<> queue(const storage::Row &row)
    {
        EVENTSYNC_TRY(const DocumentId id, rows::documentOf(row, 1));
        EVENTSYNC_TRY(Entry entry, rows::entryFrom(row));
        DocumentReplica &r = replica(id);
        context.lastOrder = std::max(context.lastOrder, entry.order);
        context.firstOrder = std::min(context.firstOrder, entry.order - 1);
        if (mutated(Mutation::NumberNotDurable) && entry.isSent()) {
            entry.edit.state = EntryState::Waiting;
            entry.edit.clientSeq.reset();
            entry.answered.reset();
            r.m_assigned = r.m_last;
        }
        r.insert(std::move(entry));
        return {};
    }

    Result<> small()
    {
        EVENTSYNC_CHECK(each("acked", [&](const storage::Row &row) -> Result<> {
            EVENTSYNC_TRY(const DocumentId id, rows::documentOf(row));
            EVENTSYNC_TRY(AckedEdit acked, rows::ackedFrom(row));
            DocumentReplica &r = replica(id);
            r.m_ackedById.emplace(acked.edit->id, acked.serverSeq);
            const auto key = std::pair(acked.serverSeq, acked.edit->id);
            r.m_acked.emplace(key, std::move(acked));
            return {};
        }));
        EVENTSYNC_CHECK(each("ids", [&](const storage::Row &row) -> Result<> {
            EVENTSYNC_TRY(const DocumentId id, rows::documentOf(row));
            EVENTSYNC_TRY(const auto known, rows::idFrom(row));
            replica(id).m_ids.insert(known);
            return {};
        }));
        EVENTSYNC_CHECK(each("undo", [&](const storage::Row &row) -> Result<> {
            EVENTSYNC_TRY(const DocumentId id, rows::documentOf(row));
            EVENTSYNC_TRY(const std::int64_t order, rows::integer(row, 1));
            if (order < 0) {
                EVENTSYNC_TRY(auto again, rows::madeAgainFrom(row));
                replica(id).m_recreatedIds.insert(std::move(again));
                return {};
            }
            EVENTSYNC_TRY(UndoStep step, rows::undoFrom(row));
            replica(id).m_undo.emplace(order, std::move(step));
            return {};
        }));
        EVENTSYNC_CHECK(each("staging", [&](const storage::Row &row) -> Result<> {
            EVENTSYNC_TRY(protocol::Snapshot part, rows::stagedFrom(row));
            const std::int64_t number = part.part;
            replica(part.documentId).m_staged.emplace(number, std::move(part));
            return {};
        }));
        EVENTSYNC_CHECK(each("rights", [&](const storage::Row &row) -> Result<> {
            EVENTSYNC_TRY(const DocumentId id, rows::documentOf(row));
            EVENTSYNC_TRY(const std::string permission, rows::text(row, 1));
            if (permission != "read")
                return failure(ErrorCode::Corrupt, "the right to " + id.text() + " is not known: " + permission);
            replica(id).m_readOnly = true;
            return {};
        }));
        return each("clocks", [&](const storage::Row &row) -> Result<> {
            EVENTSYNC_TRY(const DocumentId id, rows::documentOf(row));
            EVENTSYNC_TRY(const std::string client, rows::text(row, 1));
            EVENTSYNC_TRY(const std::int64_t seq, rows::integer(row, 2));
            EVENTSYNC_TRY(const ClientId clientId, authorIdFrom(client));
            replica(id).m_clock.set(clientId, ClientSeq(seq));
            return {};
        });
    }
};

Result<> DocumentReplica::loadAll(storage::ReadView &view, ReplicaContext &context,
                                  const std::function<DocumentReplica &(const DocumentId &)> &replica)
{
    Loader loader{view, context, replica};
    std::set<DocumentId> loaded;
    auto remembering = [&](Result<> (Loader::*read)(const storage::Row &), std::size_t column) {
        return [&loader, &loaded, read, column](const storage::Row &row) -> Result<> {
            EVENTSYNC_TRY(const DocumentId id, rows::documentOf(row, column));
            loaded.insert(id);
            return (loader.*read)(row);
        };
    };
    EVENTSYNC_CHECK(loader.each("documents", remembering(&Loader::document, 0)));
    EVENTSYNC_CHECK(loader.each("states", remembering(&Loader::state, 0)));
    EVENTSYNC_CHECK(loader.each("crdts", remembering(&Loader::crdt, 0)));
    EVENTSYNC_CHECK(loader.each("history", remembering(&Loader::history, 0)));
    EVENTSYNC_CHECK(loader.each("queue", remembering(&Loader::queue, 1)));
    EVENTSYNC_CHECK(loader.small());
    for (const DocumentId &id : loaded) {
        DocumentReplica &r = replica(id);
        const Position end = r.m_history.empty() ? r.m_historyStart
                                                 : Position{r.m_history.back().event->serverSeq, r.m_history.back().chain};
        if (end != r.m_position || r.m_baseSeq > r.m_position.serverSeq || r.m_baseSeq < r.m_historyStart.serverSeq)
            return failure(ErrorCode::Corrupt, "the history of " + id.text() + " does not lead to its position");
        r.refreshCheck();
        r.m_dirty.clear();
        r.m_queueChanged = false;
        r.m_queueUnapplied = true; // nothing of the queue is on the tree yet; the first reapplyQueue() puts it there
        Changes none;
        r.reapplyQueue(none);
        r.m_wasCrdt = r.m_optimistic.kind() == DocumentKind::Crdt;
        r.forgetObserved();
    }
    return {};
}

} // namespace eventsync::client
