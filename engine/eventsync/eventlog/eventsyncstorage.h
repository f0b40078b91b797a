// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documentengine.h>
#include <eventsync/eventlog/vectorclockmanager.h>
#include <eventsync/storage/storage.h>

#include <memory>

namespace eventsync::eventlog {

/// A Storage whose every change is an event: drop-in for storage::DocumentStorage, TypedStorage<T> works over it unchanged. The
/// event is the commit (architecture decision 1): a document never changes without it, and a failed append changes nothing.
/// Author of the events is EditOptions::clientId, or else the storage's own client id.
///
/// Everything goes through the DocumentEngine, so its observer gets each change, and with it sync's subscribers.
/// EditOptions::tries is the engine's business; in a transaction EditOptions::ifVersion is Invalid, since it speaks of one
/// document; ClientIdInUse for an id that a replica uses. Otherwise as storage::Storage says. Any thread; edit functions run on
/// the engine's executor. The engine outlives the storage, which is destroyed on its executor's thread.
class EventSyncStorage final : public storage::Storage
{
public:
    struct Options
    {
        ClientId clientId = ClientId("server");
        DocumentKind kind = DocumentKind::Json; ///< of the documents it creates; those that are there keep theirs
        VectorClockManager *vectorClocks = nullptr; ///< told of each event after its commit; outlives the storage
    };

    explicit EventSyncStorage(DocumentEngine &engine);
    EventSyncStorage(DocumentEngine &engine, const Options &options);
    ~EventSyncStorage() override;

    QFuture<Result<storage::StoredDocument>> findOne(const DocumentId &id) override;
    QFuture<Result<storage::FindPage>> findMany(const CollectionName &collection, const storage::FindOptions &options) override;
    QFuture<Result<storage::EditResult>> createOne(const CollectionName &collection, const DocumentId &id, json::Value value,
                                                   const storage::EditOptions &options) override;
    QFuture<Result<storage::EditResult>> findOneAndUpdate(const DocumentId &id, storage::EditFunction edit,
                                                          const storage::EditOptions &options) override;
    QFuture<Result<storage::EditResult>> findOneAndUpsert(const CollectionName &collection, const DocumentId &id, json::Value initial,
                                                          storage::EditFunction edit, const storage::EditOptions &options) override;
    QFuture<Result<storage::EditResult>> updateOne(const DocumentId &id, const json::Patch &patch,
                                                   const storage::EditOptions &options) override;
    QFuture<Result<ServerSeq>> deleteOne(const DocumentId &id, const storage::EditOptions &options) override;
    QFuture<Result<storage::EditResult>> editSection(const DocumentId &id, const json::Pointer &section, storage::EditFunction edit,
                                                     const storage::EditOptions &options) override;
    QFuture<Result<std::vector<storage::EditResult>>> transaction(const std::vector<DocumentId> &ids, storage::TransactionFunction edit,
                                                                  const storage::EditOptions &options) override;
    std::unique_ptr<storage::WatchHandle> watch(const CollectionName &collection, Executor &executor, Changed changed) override;

private:
    class Core;
    std::shared_ptr<Core> m_core;
};

} // namespace eventsync::eventlog
