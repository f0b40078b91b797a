// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/executor.h>
#include <eventsync/json/filter.h>
#include <eventsync/model/diff.h>
#include <eventsync/storage/limits.h>

#include <QFuture>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace eventsync::storage {

/// A document as a Storage returns it. Value type.
struct StoredDocument
{
    DocumentId id;
    CollectionName collection;
    ServerSeq version; ///< 1, 2, 3, ... for each change; continues after delete and create
    json::Value value;
};

/// Changes the value in place, or returns an error: then nothing is written and the caller gets the error. It may be called
/// more than once, each time on the newest value, and on another thread than the caller's.
using EditFunction = std::function<Result<>(json::Value &)>;
/// The same for several documents at once. The map has every requested id; documents can be changed, not added or removed.
using TransactionFunction = std::function<Result<>(std::map<DocumentId, json::Value> &)>;

/// Conditions of an edit, and what is recorded with it.
struct EditOptions
{
    std::optional<ServerSeq> ifVersion = {};    ///< VersionConflict if the document has another version; then there is one try only
    int tries = limits::kOptimisticTries;
    std::optional<ClientId> clientId = {};      ///< the author, where changes are recorded as events
    std::optional<json::Object> metadata = {};  ///< kept with the event, where changes are recorded as events
};

/// What an edit did.
struct EditResult
{
    StoredDocument document; ///< after the edit
    Diff diff;               ///< hasChanges() is false if the edit changed nothing: then nothing was written (G7)
};

/// Which documents of a collection are returned, in which order and how many.
struct FindOptions
{
    json::Filter filter = {};
    std::vector<json::SortKey> sort = {};   ///< then by id
    std::vector<json::Pointer> fields = {}; ///< empty: the whole value
    std::size_t limit = limits::kPageItems; ///< larger values are reduced to this
    std::size_t bytes = limits::kFindBytes; ///< the largest size of a page, of canonical values
    std::string pageToken = {};             ///< of the page before, with the same filter and sort
};

/// One page of a search; without a token it is the last one.
struct FindPage
{
    std::vector<StoredDocument> documents;
    std::optional<std::string> nextPageToken;
};

/// One change, as a watch reports it, in the order of each document's versions.
struct StorageChange
{
    DocumentId id;
    CollectionName collection;
    ServerSeq version;
    Diff diff;            ///< empty for a delete
    bool deleted = false;
    std::shared_ptr<const json::Value> value; ///< after the change; null if deleted
};

/// The handle of a watch: destroying it ends the watch. Destroyed on the thread of the executor that it was made with.
class WatchHandle
{
public:
    virtual ~WatchHandle() = default;
};

/// Documents: found, edited by functions under optimistic concurrency, watched. Everything is asynchronous; every future ends,
/// with Cancelled if the storage is destroyed first. Any thread.
///
/// Errors: NotFound, DocumentExists, WrongCollection (the id is taken in another collection), VersionConflict
/// (limits::kOptimisticTries were not enough), PatchFailed, InvalidValue, TooLarge, TooDeep, errors of the edit function,
/// errors of the Backend.
class Storage
{
public:
    virtual ~Storage() = default;

    virtual QFuture<Result<StoredDocument>> findOne(const DocumentId &id) = 0;
    virtual QFuture<Result<FindPage>> findMany(const CollectionName &collection, const FindOptions &options) = 0;

    virtual QFuture<Result<EditResult>> createOne(const CollectionName &collection, const DocumentId &id, json::Value value,
                                                  const EditOptions &options) = 0;
    virtual QFuture<Result<EditResult>> findOneAndUpdate(const DocumentId &id, EditFunction edit,
                                                         const EditOptions &options) = 0;
    /// Creates the document from `initial` if it does not exist, and then runs `edit` in any case.
    virtual QFuture<Result<EditResult>> findOneAndUpsert(const CollectionName &collection, const DocumentId &id,
                                                         json::Value initial, EditFunction edit, const EditOptions &options) = 0;
    virtual QFuture<Result<EditResult>> updateOne(const DocumentId &id, const json::Patch &patch,
                                                  const EditOptions &options) = 0;
    virtual QFuture<Result<ServerSeq>> deleteOne(const DocumentId &id, const EditOptions &options) = 0;

    /// Edits the value at `section` only; PatchFailed if there is none. A section is a unit of concurrency: changes of others
    /// elsewhere in the document neither call `edit` again nor count as a try.
    virtual QFuture<Result<EditResult>> editSection(const DocumentId &id, const json::Pointer &section, EditFunction edit,
                                                    const EditOptions &options) = 0;

    /// Reads all the documents at one moment, edits them and commits as one, or changes nothing. Answers in the order of ids.
    virtual QFuture<Result<std::vector<EditResult>>> transaction(const std::vector<DocumentId> &ids, TransactionFunction edit,
                                                                 const EditOptions &options) = 0;

    /// Calls `changed`, on `executor`, for every change made through this storage from now on.
    using Changed = std::function<void(const StorageChange &)>;
    virtual std::unique_ptr<WatchHandle> watch(const CollectionName &collection, Executor &executor, Changed changed) = 0;
};

} // namespace eventsync::storage
