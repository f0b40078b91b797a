// SPDX-License-Identifier: Apache-2.0
//
// Loads replicas from the rows of a store. Each part reads its own rows.
#include <eventsync/client/documentreplica_p.h>

#include <eventsync/client/rows_p.h>

namespace eventsync::client {

struct DocumentReplica::Loader
{
    using Read = Result<> (Loader::*)(DocumentReplica &, const storage::Row &);

    storage::ReadView &view;
    ReplicaContext &context;
    const std::function<DocumentReplica &(const DocumentId &)> &replica;
    std::set<DocumentId> loaded = {};

    // Reads every row of a set until one fails.
    Result<> each(const char *set, Read read, std::size_t documentColumn = 0)
    {
        Result<> result;
        auto one = [&](const storage::Row &row) -> Result<> {
            EVENTSYNC_TRY(const DocumentId id, rows::documentOf(row, documentColumn));
            loaded.insert(id);
            return (this->*read)(replica(id), row);
        };
        EVENTSYNC_CHECK(view.scan({.set = set}, [&](const storage::Row &row) {
            result = one(row);
            return result.has_value();
        }));
        return result;
    }

    Result<> document(DocumentReplica &r, const storage::Row &row)
    {
        EVENTSYNC_TRY(const std::string collection, rows::text(row, 1));
        if (!collection.empty()) {
            EVENTSYNC_TRY(const CollectionName name, collectionNameFrom(collection));
            r.m_doc.rules.setCollection(name);
        }
        EVENTSYNC_CHECK(r.m_doc.history.loadDocument(row, 2));
        EVENTSYNC_TRY(const std::int64_t last, rows::integer(row, 6));
        EVENTSYNC_TRY(const std::int64_t assigned, rows::integer(row, 7));
        EVENTSYNC_TRY(const std::int64_t open, rows::integer(row, 8));
        r.m_doc.logged = ClientSeq(last);
        r.m_doc.assigned = ClientSeq(assigned);
        r.m_doc.isOpen = open != 0;
        return {};
    }

    Result<> state(DocumentReplica &r, const storage::Row &row)
    {
        EVENTSYNC_TRY(const std::int64_t seq, rows::integer(row, 1));
        r.m_doc.history.loadBase(ServerSeq(seq));
        if (row.size() > 2 && std::holds_alternative<std::string>(row[2])) {
            EVENTSYNC_TRY(json::Value value, json::parse(std::get<std::string>(row[2])));
            r.m_doc.tree.state() = DocumentState(std::move(value));
        }
        return {};
    }

    Result<> crdt(DocumentReplica &r, const storage::Row &row)
    {
        EVENTSYNC_TRY(const Bytes bytes, rows::blob(row, 1));
        EVENTSYNC_TRY(r.m_doc.tree.state(), DocumentState::fromBytes(DocumentKind::Crdt, bytes));
        r.m_doc.history.loadCrdtBase();
        return {};
    }

    Result<> history(DocumentReplica &r, const storage::Row &row)
    {
        EVENTSYNC_TRY(HistoryItem item, rows::historyFrom(row));
        return r.m_doc.history.load(std::move(item), r.m_doc.tree.state());
    }

    Result<> entry(DocumentReplica &r, const storage::Row &row)
    {
        EVENTSYNC_TRY(Entry entry, rows::entryFrom(row));
        context.lastOrder = std::max(context.lastOrder, entry.order);
        context.firstOrder = std::min(context.firstOrder, entry.order - 1);
        r.m_doc.queue.insert(std::move(entry));
        return {};
    }

    Result<> acked(DocumentReplica &r, const storage::Row &row)
    {
        EVENTSYNC_TRY(AckedEdit acked, rows::ackedFrom(row));
        r.m_doc.acknowledged.load(std::move(acked));
        return {};
    }

    Result<> ownId(DocumentReplica &r, const storage::Row &row)
    {
        EVENTSYNC_TRY(const auto known, rows::idFrom(row));
        r.m_doc.acknowledged.loadId(known.first, known.second);
        return {};
    }

    Result<> undo(DocumentReplica &r, const storage::Row &row)
    {
        EVENTSYNC_TRY(const std::int64_t order, rows::integer(row, 1));
        if (order < 0) {
            EVENTSYNC_TRY(const auto again, rows::recreatedIdsFrom(row));
            r.m_doc.undo.loadRecreatedIds(order, again.second);
            return {};
        }
        EVENTSYNC_TRY(UndoStep step, rows::undoFrom(row));
        r.m_doc.undo.load(std::move(step));
        return {};
    }

    Result<> staged(DocumentReplica &r, const storage::Row &row)
    {
        EVENTSYNC_TRY(protocol::Snapshot part, rows::stagedFrom(row));
        r.m_doc.staged.load(std::move(part));
        return {};
    }

    Result<> rights(DocumentReplica &r, const storage::Row &row)
    {
        EVENTSYNC_TRY(const std::string permission, rows::text(row, 1));
        if (permission != "read")
            return failure(ErrorCode::Corrupt, "the right to " + r.m_doc.id.text() + " is not known: " + permission);
        r.m_doc.isReadOnly = true;
        return {};
    }

    Result<> clock(DocumentReplica &r, const storage::Row &row)
    {
        EVENTSYNC_TRY(const std::string client, rows::text(row, 1));
        EVENTSYNC_TRY(const std::int64_t seq, rows::integer(row, 2));
        EVENTSYNC_TRY(const ClientId clientId, authorIdFrom(client));
        r.m_doc.history.loadClock(clientId, ClientSeq(seq));
        return {};
    }
};

Result<> DocumentReplica::loadAll(storage::ReadView &view, ReplicaContext &context,
                                  const std::function<DocumentReplica &(const DocumentId &)> &replica)
{
    Loader loader{view, context, replica};
    EVENTSYNC_CHECK(loader.each("documents", &Loader::document));
    EVENTSYNC_CHECK(loader.each("states", &Loader::state));
    EVENTSYNC_CHECK(loader.each("crdts", &Loader::crdt));
    EVENTSYNC_CHECK(loader.each("history", &Loader::history));
    EVENTSYNC_CHECK(loader.each("queue", &Loader::entry, 1));
    EVENTSYNC_CHECK(loader.each("acked", &Loader::acked));
    EVENTSYNC_CHECK(loader.each("ids", &Loader::ownId));
    EVENTSYNC_CHECK(loader.each("undo", &Loader::undo));
    EVENTSYNC_CHECK(loader.each("staging", &Loader::staged));
    EVENTSYNC_CHECK(loader.each("rights", &Loader::rights));
    EVENTSYNC_CHECK(loader.each("clocks", &Loader::clock));
    for (const DocumentId &id : loader.loaded) {
        DocumentReplica &r = replica(id);
        EVENTSYNC_CHECK(r.m_doc.history.checkLoaded());
        r.m_doc.changes = DocumentChanges(id);
        r.m_doc.tree.loaded();
        r.reapplyQueue();
        r.m_doc.observer.loaded(r.m_doc.tree.state());
    }
    return {};
}

} // namespace eventsync::client
