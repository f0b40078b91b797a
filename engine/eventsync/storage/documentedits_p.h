// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/collectionpolicy.h>
#include <eventsync/storage/backend.h>
#include <eventsync/storage/documentcache.h>
#include <eventsync/storage/documentqueue_p.h>
#include <eventsync/storage/guardedbackend.h>
#include <eventsync/storage/reply.h>
#include <eventsync/storage/storage.h>
#include <eventsync/storage/storagewatches.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

// The implementation of DocumentStorage.
namespace eventsync::storage {

// The record set of the documents.
inline constexpr char kDocumentSet[] = "documents";

using DocumentPtr = DocumentCache::Entry;

// What the store has under an id: a document, a tombstone (only a version), or nothing.
struct VersionedDocument
{
    ServerSeq version;
    DocumentPtr document;
};

// One document within an edit.
struct DocumentDraft
{
    DocumentId id;
    CollectionName collection;
    ServerSeq version; // of the loaded document; 0: none
    json::State before, after;
};

// One edit, with all its tries.
struct EditOperation
{
    std::vector<DocumentId> ids;
    EditOptions options;
    std::optional<CollectionName> collection; // the collection in which the document may be created
    // Sets `after` of the drafts. True: the result is the same as in the last try, because only other parts of the document
    // have changed; this does not count as a try.
    std::function<Result<bool>(std::vector<DocumentDraft> &)> change;
    std::function<void(Result<std::vector<EditResult>>)> answer;
    int tries = 0, rounds = 0;
};
using EditPtr = std::shared_ptr<EditOperation>;

// Finds, edits and watches documents in one record set, with one edit of a document at a time. Held by its storage and by its
// running tasks. Owner only, except post() and findMany().
class DocumentEdits : public std::enable_shared_from_this<DocumentEdits>
{
public:
    DocumentEdits(Backend &backend, Executor &owner, const Clock &clock, const Policies &policies,
                  const DocumentCache::Options &cache)
        : m_backend(backend), m_owner(owner), m_policies(std::make_shared<const Policies>(policies)), m_cache(clock, cache)
    {
    }

    // Runs `task(edits)` on the owner's thread, unless the storage was destroyed by then.
    template<class Task>
    void post(Task task)
    {
        m_owner.post([weak = weak_from_this(), task = std::move(task)]() mutable {
            if (const auto core = weak.lock())
                task(*core);
        });
    }

    void findOne(const DocumentId &id, const ReplyPtr<StoredDocument> &reply);
    void findMany(const CollectionName &collection, const FindOptions &options, const ReplyPtr<FindPage> &reply);
    void edit(const EditPtr &operation);
    void addWatch(std::weak_ptr<StorageWatches::Watch> watch) { m_watches.add(std::move(watch)); }

private:
    using LoadDone = std::function<void(DocumentEdits &, Result<std::vector<VersionedDocument>>)>;
    void load(const std::vector<DocumentId> &ids, LoadDone done);
    StoredDocument shown(const StoredDocument &document) const;
    void remember(const DocumentId &id, const VersionedDocument &loaded);

    void attempt(const EditPtr &operation, bool fromCache);
    void attemptOn(const EditPtr &operation, const std::vector<VersionedDocument> &loaded, bool fromCache);
    Result<std::vector<DocumentDraft>> draft(EditOperation &operation, const std::vector<VersionedDocument> &loaded, bool &costsNoTry) const;
    void commit(const EditPtr &operation, std::vector<DocumentDraft> drafts, std::vector<EditResult> results, bool costsNoTry);
    void committed(const EditPtr &operation, const std::vector<DocumentDraft> &drafts, std::vector<EditResult> results);
    void announce(const DocumentDraft &draft, const EditResult &result);
    void end(const EditPtr &operation, Result<std::vector<EditResult>> result);

    GuardedBackend m_backend;
    Executor &m_owner;
    std::shared_ptr<const Policies> m_policies;
    DocumentCache m_cache;
    DocumentQueue m_queue;
    StorageWatches m_watches;
    std::size_t m_running = 0;
};

} // namespace eventsync::storage
