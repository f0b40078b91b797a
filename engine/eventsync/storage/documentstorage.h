// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/collectionpolicy.h>
#include <eventsync/storage/backend.h>
#include <eventsync/storage/documentcache.h>
#include <eventsync/storage/storage.h>

#include <memory>

namespace eventsync::storage {

class DocumentEdits;

/// A Storage of plain documents: the newest state of each and its version, no events. (EventSyncStorage, in eventlog, records
/// every change as an event.) The documents are in one record set of the backend, which only this storage should write: changes
/// of another writer are never lost or overwritten, but are visible here only after limits::kCacheTime, and are not reported to
/// watches.
///
/// Edits of one document run one after another, each on the committed result of the one before it. If a policy has engine
/// paths, returned values contain them, computed from the version, and writes to them are ignored.
///
/// Edit functions, the cache and the answers of commits run on `owner`, reads on the backend's threads. Backend and executor
/// must outlive the storage and its operations; the storage is destroyed on the owner's thread.
class DocumentStorage final : public Storage
{
public:
    struct Options
    {
        Policies policies = {};
        DocumentCache::Options cache = {};
    };

    static RecordSet recordSet(); ///< "documents": for the backend's schema

    DocumentStorage(Backend &backend, Executor &owner, const Clock &clock, const Options &options);
    ~DocumentStorage() override;

    QFuture<Result<StoredDocument>> findOne(const DocumentId &id) override;
    QFuture<Result<FindPage>> findMany(const CollectionName &collection, const FindOptions &options) override;
    QFuture<Result<EditResult>> createOne(const CollectionName &collection, const DocumentId &id, json::Value value,
                                          const EditOptions &options) override;
    QFuture<Result<EditResult>> findOneAndUpdate(const DocumentId &id, EditFunction edit, const EditOptions &options) override;
    QFuture<Result<EditResult>> findOneAndUpsert(const CollectionName &collection, const DocumentId &id, json::Value initial,
                                                 EditFunction edit, const EditOptions &options) override;
    QFuture<Result<EditResult>> updateOne(const DocumentId &id, const json::Patch &patch, const EditOptions &options) override;
    QFuture<Result<ServerSeq>> deleteOne(const DocumentId &id, const EditOptions &options) override;
    QFuture<Result<EditResult>> editSection(const DocumentId &id, const json::Pointer &section, EditFunction edit,
                                            const EditOptions &options) override;
    QFuture<Result<std::vector<EditResult>>> transaction(const std::vector<DocumentId> &ids, TransactionFunction edit,
                                                         const EditOptions &options) override;
    std::unique_ptr<WatchHandle> watch(const CollectionName &collection, Executor &executor, Changed changed) override;

private:
    std::shared_ptr<DocumentEdits> m_core;
};

} // namespace eventsync::storage
