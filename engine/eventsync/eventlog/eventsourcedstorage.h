// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/eventsyncstorage.h>
#include <eventsync/eventlog/missingevents.h>

#include <QFuture>

namespace eventsync::eventlog {

/// The documents of one collection as the sum of their events, with an author named in every call: a storage for programs that
/// act for several users (a game server, an admin panel). An id that is first used here belongs to code permanently; an id that
/// a replica uses is ClientIdInUse.
///
/// Vector clocks are kept per document and author; snapshots are taken by the engine as the log grows. Any thread; edit
/// functions run on the engine's executor, and every future ends, with Cancelled if the storage or its engine is destroyed
/// first. Errors: those of storage::Storage, and those named at each call. The engine outlives the storage, which is destroyed
/// on its executor's thread.
class EventSourcedStorage
{
public:
    struct Options
    {
        DocumentKind kind = DocumentKind::Json; ///< of the documents that it creates; existing ones keep their kind
        VectorClockManager *vectorClocks = nullptr; ///< updated after the commit of each event; must outlive the storage
    };

    EventSourcedStorage(DocumentEngine &engine, CollectionName collection);
    EventSourcedStorage(DocumentEngine &engine, CollectionName collection, const Options &options);
    ~EventSourcedStorage();

    /// Creates a document with the id in the value's member "id"; InvalidValue if there is none.
    QFuture<Result<storage::EditResult>> createDocument(json::Value value, const ClientId &client);
    QFuture<Result<storage::EditResult>> createDocument(const DocumentId &id, json::Value value, const ClientId &client);
    /// The function may run more than once, each time on the newest state (G6). An edit that changes nothing makes no event (G7).
    QFuture<Result<storage::EditResult>> updateDocument(const DocumentId &id, storage::EditFunction edit, const ClientId &client);
    QFuture<Result<ServerSeq>> deleteDocument(const DocumentId &id, const ClientId &client);
    QFuture<Result<storage::StoredDocument>> getDocument(const DocumentId &id);

    /// Exactly the events that `known` lacks (G11), in the order of the log. If there are many, the next call continues with
    /// `after` from MissingEvents::next. Compacted: some of them are not in the log any more, and the reader needs a snapshot.
    QFuture<Result<MissingEvents>> getMissingEvents(const DocumentId &id, const VectorClock &known, ServerSeq after = {});
    QFuture<Result<VectorClock>> getVectorClock(const DocumentId &id);

    /// The state after event `at`, engine fields included; none if the document was absent. NotFound after the head, Compacted
    /// below the horizon.
    QFuture<Result<json::State>> stateAt(const DocumentId &id, ServerSeq at);
    /// Adds an event that restores the state after event `at`. NotFound if the document was absent then.
    QFuture<Result<storage::EditResult>> restoreDocument(const DocumentId &id, ServerSeq at, const ClientId &client);
    QFuture<Result<Snapshot>> createSnapshot(const DocumentId &id);

    storage::Storage &storage() { return m_storage; } ///< the same documents; the author is `server` if none is named
    const CollectionName &collection() const { return m_collection; }

private:
    DocumentEngine &m_engine;
    const CollectionName m_collection;
    const CollectionPolicy m_policy;
    EventSyncStorage m_storage;
    std::shared_ptr<int> m_life = std::make_shared<int>(0);
};

} // namespace eventsync::eventlog
