// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/eventsyncstorage.h>
#include <eventsync/eventlog/missingevents.h>

#include <QFuture>

namespace eventsync::eventlog {

/// The documents of one collection as the sum of their events, with an author named in every call: the storage of programs that
/// act for several (a game server, an admin panel). An id first used here is a code author's for ever; an id that a replica uses
/// is ClientIdInUse.
///
/// Vector clocks are kept per document and author; snapshots are taken by the engine as the log grows. Any thread; edit functions
/// run on the engine's executor, and every future ends, with Cancelled if the storage or its engine goes first. Errors: those of
/// storage::Storage, and what is said at each call. The engine outlives the storage, which is destroyed on its executor's thread.
class EventSourcedStorage
{
public:
    struct Options
    {
        DocumentKind kind = DocumentKind::Json; ///< of the documents it creates; those that are there keep theirs
        VectorClockManager *vectorClocks = nullptr; ///< told of each event after its commit; outlives the storage
    };

    EventSourcedStorage(DocumentEngine &engine, CollectionName collection);
    EventSourcedStorage(DocumentEngine &engine, CollectionName collection, const Options &options);
    ~EventSourcedStorage();

    /// Under the id in the value's member "id"; InvalidValue if there is none.
    QFuture<Result<storage::EditResult>> createDocument(json::Value value, const ClientId &client);
    QFuture<Result<storage::EditResult>> createDocument(const DocumentId &id, json::Value value, const ClientId &client);
    /// The function may run more than once, each time on the newest state (G6). An edit that changes nothing makes no event (G7).
    QFuture<Result<storage::EditResult>> updateDocument(const DocumentId &id, storage::EditFunction edit, const ClientId &client);
    QFuture<Result<ServerSeq>> deleteDocument(const DocumentId &id, const ClientId &client);
    QFuture<Result<storage::StoredDocument>> getDocument(const DocumentId &id);

    /// The events that `known` lacks, and no others (G11), in the order of the log; in several calls if there are many, then
    /// with `after` from MissingEvents::next. Compacted: they are not all in the log any more, only a snapshot helps.
    QFuture<Result<MissingEvents>> getMissingEvents(const DocumentId &id, const VectorClock &known, ServerSeq after = {});
    QFuture<Result<VectorClock>> getVectorClock(const DocumentId &id);

    /// The state as it was after event `at`, engine fields included; none if the document was absent then. NotFound after the
    /// head, Compacted before the log.
    QFuture<Result<json::State>> stateAt(const DocumentId &id, ServerSeq at);
    /// An event that makes the document what it was after event `at`. NotFound if it was absent then.
    QFuture<Result<storage::EditResult>> restoreDocument(const DocumentId &id, ServerSeq at, const ClientId &client);
    QFuture<Result<Snapshot>> createSnapshot(const DocumentId &id);

    storage::Storage &storage() { return m_storage; } ///< the same documents; author is `server` where none is named
    const CollectionName &collection() const { return m_collection; }

private:
    DocumentEngine &m_engine;
    const CollectionName m_collection;
    const CollectionPolicy m_policy;
    EventSyncStorage m_storage;
    std::shared_ptr<int> m_life = std::make_shared<int>(0);
};

} // namespace eventsync::eventlog
