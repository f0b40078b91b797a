// SPDX-License-Identifier: Apache-2.0
//
// Loads replicas from the rows of a store. Each part reads its own rows.
#include <eventsync/client/documentreplica_p.h>

#include <eventsync/client/logging_p.h>
#include <eventsync/client/rows_p.h>

namespace eventsync::client {

namespace {

constexpr char kUnknownDocument[] = "damaged"; // of edits whose document cannot be read either

} // namespace

struct DocumentReplica::Loader
{
    using Read = Result<> (Loader::*)(DocumentReplica &, const storage::Row &);
    using Damaged = void (Loader::*)(DocumentReplica &, const storage::Row &);

    storage::ReadView &view;
    ReplicaContext &context;
    const std::function<DocumentReplica &(const DocumentId &)> &replica;
    std::set<DocumentId> loaded = {};
    LoadedReplicas result = {};
    std::set<DocumentId> lost = {};                                  // documents whose confirmed state is not known any more
    std::vector<std::pair<DocumentReplica *, std::int64_t>> damagedEntries = {}; // their places in the queue

    // Reads every row of a set. What is wrong with one is damage of its document.
    Result<> each(const char *set, Read read, Damaged damaged, std::size_t documentColumn = 0)
    {
        return view.scan({.set = set}, [&](const storage::Row &row) {
            const auto id = rows::documentOf(row, documentColumn);
            if (!id) {
                nobodys(set, row, damaged, id.error());
                return true;
            }
            loaded.insert(*id);
            DocumentReplica &r = replica(*id);
            auto good = rows::checkSound(row);
            if (good)
                good = (this->*read)(r, row);
            if (!good) {
                note(r.m_doc.id, {ErrorCode::Corrupt, std::string(set) + ": " + good.error().message});
                result.repairs.erase(set, rows::keyOf(set, row));
                (this->*damaged)(r, row);
            }
            return true;
        });
    }

    // Not even its document can be read. An edit is shown under its own.
    void nobodys(const char *set, const storage::Row &row, Damaged damaged, const Error &error)
    {
        const bool isEdit = damaged == &Loader::damagedEntry;
        const auto edit = isEdit ? rows::entryFrom(row) : Result<Entry>(failure(error));
        const DocumentId id = edit ? edit->edit.documentId : DocumentId(kUnknownDocument);
        qCWarning(lcClient) << "a row of" << set << "in the profile is damaged:" << error.message.c_str();
        result.repairs.erase(set, rows::keyOf(set, row));
        if (!isEdit)
            return;
        loaded.insert(id);
        note(id, {ErrorCode::Corrupt, "an edit in the queue cannot be read"});
        damagedEntry(replica(id), row);
    }

    void note(const DocumentId &id, Error error)
    {
        qCWarning(lcClient) << "the profile is damaged:" << id.text().c_str() << error.message.c_str();
        result.damage.try_emplace(id, std::move(error));
    }

    // ---- what damage of each set costs
    void stateIsLost(DocumentReplica &r, const storage::Row &) { lost.insert(r.m_doc.id); }
    void rowIsLost(DocumentReplica &r, const storage::Row &)
    {
        r.m_doc.isOpen = true; // whether it was is not known
        r.m_doc.assigned = DocumentParts::kAnyNumber;
        lost.insert(r.m_doc.id);
    }
    void forgotten(DocumentReplica &, const storage::Row &) {} // it served for repairs of the log only, which may go without it
    void undoIsLost(DocumentReplica &r, const storage::Row &) { result.withoutUndo.insert(r.m_doc.id); }
    void partIsLost(DocumentReplica &r, const storage::Row &) { result.withoutStaged.insert(r.m_doc.id); }
    void rightIsLost(DocumentReplica &r, const storage::Row &) // there is a row only where it may not be edited
    {
        r.m_doc.isReadOnly = true;
        result.repairs.put("rights", rows::withChecksum({r.m_doc.id.text(), std::string("read")}));
    }
    void damagedEntry(DocumentReplica &r, const storage::Row &row)
    {
        Entry entry = rows::damagedEntry(row, r.m_doc.id, context.uuids.next(), context.clock.wall());
        if (r.m_doc.queue.find(entry.edit.id)) // the id is another's
            entry.edit.id = context.uuids.next();
        takePlace(entry);
        damagedEntries.emplace_back(&r, entry.order);
        r.m_doc.queue.insert(std::move(entry));
    }

    // Of a document whose own row is damaged.
    static std::optional<CollectionName> collectionOfQueue(const DocumentReplica &r)
    {
        for (const auto &[order, entry] : r.m_doc.queue.entries()) {
            if (!rows::isDamaged(entry.edit))
                return entry.edit.collection;
        }
        return std::nullopt;
    }

    void takePlace(const Entry &entry)
    {
        context.lastOrder = std::max(context.lastOrder, entry.order);
        context.firstOrder = std::min(context.firstOrder, entry.order - 1);
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
        takePlace(entry);
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

Result<LoadedReplicas> DocumentReplica::loadAll(storage::ReadView &view, ReplicaContext &context,
                                                const std::function<DocumentReplica &(const DocumentId &)> &replica)
{
    Loader loader{view, context, replica};
    EVENTSYNC_CHECK(loader.each("documents", &Loader::document, &Loader::rowIsLost));
    EVENTSYNC_CHECK(loader.each("states", &Loader::state, &Loader::stateIsLost));
    EVENTSYNC_CHECK(loader.each("crdts", &Loader::crdt, &Loader::stateIsLost));
    EVENTSYNC_CHECK(loader.each("history", &Loader::history, &Loader::stateIsLost));
    EVENTSYNC_CHECK(loader.each("queue", &Loader::entry, &Loader::damagedEntry, 1));
    EVENTSYNC_CHECK(loader.each("acked", &Loader::acked, &Loader::forgotten));
    EVENTSYNC_CHECK(loader.each("ids", &Loader::ownId, &Loader::forgotten));
    EVENTSYNC_CHECK(loader.each("undo", &Loader::undo, &Loader::undoIsLost));
    EVENTSYNC_CHECK(loader.each("staging", &Loader::staged, &Loader::partIsLost));
    EVENTSYNC_CHECK(loader.each("rights", &Loader::rights, &Loader::rightIsLost));
    EVENTSYNC_CHECK(loader.each("clocks", &Loader::clock, &Loader::stateIsLost));
    for (const DocumentId &id : loader.loaded) {
        DocumentReplica &r = replica(id);
        if (const auto whole = r.m_doc.history.checkLoaded(); !whole && loader.lost.insert(id).second)
            loader.note(id, whole.error());
        r.m_doc.changes = DocumentChanges(id);
        r.m_doc.tree.loaded();
        if (const auto collection = Loader::collectionOfQueue(r); collection && !r.m_doc.rules.collection())
            r.m_doc.rules.setCollection(collection);
        if (loader.lost.contains(id)) {
            r.m_doc.changes.eraseAll("crdts");
            r.m_doc.resetHistory();
        }
        if (loader.result.withoutUndo.contains(id))
            r.m_doc.undo.clear();
        if (loader.result.withoutStaged.contains(id))
            r.m_doc.staged.drop();
    }
    for (const auto &[r, order] : loader.damagedEntries) {
        const Entry &entry = r->m_doc.queue.at(order);
        r->m_doc.queue.touch(entry); // stored as what it is now
        r->m_doc.changes.notify(DeadLettered{r->m_doc.id, entry.edit.id, *entry.edit.reason});
        r->m_fates.damaged(entry);
    }
    for (const DocumentId &id : loader.loaded) {
        DocumentReplica &r = replica(id);
        if (const auto found = loader.result.damage.find(id); found != loader.result.damage.end())
            r.m_doc.changes.notify(DocumentDamaged{id, found->second});
        r.reapplyQueue();
        r.m_doc.observer.loaded(r.m_doc.tree.state());
    }
    return std::move(loader.result);
}

} // namespace eventsync::client
