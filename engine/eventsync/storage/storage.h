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

/// A document as a Storage gives it out. Value type.
struct StoredDocument
{
    DocumentId id;
    CollectionName collection;
    ServerSeq version; ///< 1, 2, 3, ... for each change; goes on after delete and create
    json::Value value;
};

/// Changes the value in place, or says why not: then nothing is written and the error is the caller's. It may be called more than
/// once, each time on the newest value, and on a thread that is not the caller's.
using EditFunction = std::function<Result<>(json::Value &)>;
/// The same for several documents at once. Every id asked for is there; documents can be changed, not added or removed.
using TransactionFunction = std::function<Result<>(std::map<DocumentId, json::Value> &)>;

struct EditOptions
{
    std::optional<ServerSeq> ifVersion = {};    ///< VersionConflict if the document stands elsewhere; no second try then
    int tries = limits::kOptimisticTries;
    std::optional<ClientId> clientId = {};      ///< the author, where changes are recorded as events
    std::optional<json::Object> metadata = {};  ///< kept with the event, where changes are recorded as events
};

struct EditResult
{
    StoredDocument document; ///< after the edit
    Diff diff;               ///< hasChanges() is false if the edit changed nothing: then nothing was written (G7)
};

struct FindOptions
{
    json::Filter filter = {};
    std::vector<json::SortKey> sort = {};   ///< then by id
    std::vector<json::Pointer> fields = {}; ///< empty: the whole value
    std::size_t limit = limits::kPageItems; ///< larger ones become this
    std::size_t bytes = limits::kFindBytes; ///< of canonical values; the page ends before it would have more
    std::string pageToken = {};             ///< of the page before, with the same filter and sort
};

struct FindPage
{
    std::vector<StoredDocument> documents;
    std::optional<std::string> nextPageToken;
};

/// What Watch tells, in the order of each document's versions.
struct StorageChange
{
    DocumentId id;
    CollectionName collection;
    ServerSeq version;
    Diff diff;            ///< empty for a delete
    bool deleted = false;
    std::shared_ptr<const json::Value> value; ///< after the change; null if deleted
};

/// A watch lasts as long as this does. Destroyed on the thread of the executor that it was made with.
class WatchHandle
{
public:
    virtual ~WatchHandle() = default;
};

/// Documents: found, edited by functions under optimistic concurrency, watched. Everything is asynchronous; every future ends,
/// with Cancelled if the storage goes away first. Any thread.
///
/// Errors: NotFound, DocumentExists, WrongCollection (the id is taken in another collection), VersionConflict (limits::kOptimisticTries
/// were not enough), PatchFailed, InvalidValue, TooLarge, TooDeep, what the edit function says, what the Backend says.
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
    /// Creates the document from `initial` if it is not there; either way `edit` runs on it.
    virtual QFuture<Result<EditResult>> findOneAndUpsert(const CollectionName &collection, const DocumentId &id,
                                                         json::Value initial, EditFunction edit, const EditOptions &options) = 0;
    virtual QFuture<Result<EditResult>> updateOne(const DocumentId &id, const json::Patch &patch,
                                                  const EditOptions &options) = 0;
    virtual QFuture<Result<ServerSeq>> deleteOne(const DocumentId &id, const EditOptions &options) = 0;

    /// Edits the value at `section` only; PatchFailed if there is none. A section is its own unit of concurrency: what others
    /// change elsewhere in the document neither calls `edit` again nor counts as a try.
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
