// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/collectionpolicy.h>
#include <eventsync/storage/backend.h>
#include <eventsync/storage/documentcache.h>
#include <eventsync/storage/storage.h>

#include <memory>

namespace eventsync::storage {

class DocumentEdits;

/// A Storage of plain documents: the newest state of each and its version, no events. (EventSyncStorage, in eventlog, is the one
/// that records what changes.) Documents lie in one record set of the backend, which this storage alone should write: another
/// writer's changes are never lost or overwritten, but found here only after limits::kCacheTime, and not watched.
///
/// Edits of one document go through one after another (DocumentQueue), each from what the one before committed. Where a policy
/// has engine paths, values given out carry them, made from the version, and what an edit writes there is ignored.
///
/// Edit functions, cache and commits' answers run on `owner`; reads on the backend's threads. Backend and executor outlive the
/// storage and what it has begun; the storage is destroyed on the owner's thread.
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
