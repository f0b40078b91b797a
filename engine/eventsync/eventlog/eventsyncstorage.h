// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documentengine.h>
#include <eventsync/eventlog/vectorclockmanager.h>
#include <eventsync/storage/storage.h>

#include <memory>

namespace eventsync::eventlog {

/// A Storage whose changes are events. It can replace storage::DocumentStorage, and `TypedStorage` works with it unchanged. The
/// event is the commit: a document never changes without it, and a failed append changes nothing. Author of the events is
/// EditOptions::clientId, or else the storage's own client id.
///
/// All changes are submitted to the DocumentEngine, so its observer gets them, and with it the subscribers of a SyncService.
/// EditOptions::tries is ignored; in a transaction EditOptions::ifVersion is Invalid, because it refers to one document;
/// ClientIdInUse for an id that a replica uses. Otherwise as storage::Storage says. Any thread; edit functions run on the
/// engine's executor. The engine outlives the storage, which is destroyed on its executor's thread.
class EventSyncStorage final : public storage::Storage
{
public:
    struct Options
    {
        ClientId clientId = ClientId("server");
        DocumentKind kind = DocumentKind::Json; ///< of the documents that it creates; existing ones keep their kind
        VectorClockManager *vectorClocks = nullptr; ///< updated after the commit of each event; must outlive the storage
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
