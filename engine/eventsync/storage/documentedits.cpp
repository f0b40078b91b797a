// SPDX-License-Identifier: Apache-2.0

// Every edit, of one document or several, is one EditOperation: load, change, commit, and again from the start if another
// writer committed meanwhile. The first try uses the cache. A cached value may be outdated, so only a commit, which the backend
// checks against the version, is final; any other result of a cached value (an error of the edit function, no change, another
// version than the wanted one) is computed again with the value in the store.
#include <eventsync/storage/documentedits_p.h>

#include <eventsync/base/guard.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/mergepatch.h>
#include <eventsync/model/counterbounds.h>
#include <eventsync/storage/documentpage.h>
#include <eventsync/storage/limits.h>

namespace eventsync::storage {

namespace {

constexpr std::size_t kCollection = 1, kVersion = 2, kState = 3;

Result<VersionedDocument> fromRow(const std::optional<Row> &row)
{
    if (!row)
        return VersionedDocument();
    VersionedDocument loaded{ServerSeq(std::get<std::int64_t>((*row)[kVersion])), nullptr};
    if (const auto *text = std::get_if<std::string>(&(*row)[kState])) {
        auto value = json::parse(*text);
        if (!value)
            return failure(ErrorCode::Corrupt, "a stored document cannot be read: " + value.error().toString());
        loaded.document = std::make_shared<const StoredDocument>(
            StoredDocument{DocumentId(std::get<std::string>((*row)[0])),
                           CollectionName(std::get<std::string>((*row)[kCollection])), loaded.version, std::move(*value)});
    }
    return loaded;
}

Result<std::vector<VersionedDocument>> loadRows(Result<std::unique_ptr<ReadView>> &view, const std::vector<DocumentId> &ids)
{
    if (!view)
        return failure(view.error());
    std::vector<VersionedDocument> all;
    for (const DocumentId &id : ids) {
        EVENTSYNC_TRY(auto row, (*view)->get(kDocumentSet, {id.text()}));
        EVENTSYNC_TRY(VersionedDocument loaded, fromRow(row));
        all.push_back(std::move(loaded));
    }
    return all;
}

// Refuses a value that could not be read back.
Result<> checkNames(const EditOperation &operation)
{
    if (operation.collection)
        EVENTSYNC_CHECK(collectionNameFrom(operation.collection->text()));
    for (const DocumentId &id : operation.ids)
        EVENTSYNC_CHECK(documentIdFrom(id.text()));
    return {};
}

Diff diffOf(const DocumentDraft &draft, const CollectionPolicy &policy)
{
    Diff diff;
    if (draft.before && draft.after) {
        diff = Diff(json::diff(*draft.before, *draft.after, policy.diffOptions()));
        diff.setMergePatch(json::mergePatchFor(*draft.before, *draft.after));
    } else if (draft.after) {
        diff = Diff(json::Patch({{json::OperationKind::Add, json::Pointer(), {}, *draft.after}}));
    }
    return diff;
}

} // namespace

void DocumentEdits::load(const std::vector<DocumentId> &ids, LoadDone done)
{
    m_backend.read([weak = weak_from_this(), &owner = m_owner, ids, done = std::move(done)](auto view) mutable {
        auto loaded = std::make_shared<Result<std::vector<VersionedDocument>>>(loadRows(view, ids));
        owner.post([weak = std::move(weak), done = std::move(done), loaded] {
            if (const auto core = weak.lock())
                done(*core, std::move(*loaded));
        });
    });
}

StoredDocument DocumentEdits::shown(const StoredDocument &document) const
{
    StoredDocument out = document;
    out.value = m_policies->of(out.collection).withEngineFields(std::move(out.value), out.version);
    return out;
}

void DocumentEdits::remember(const DocumentId &id, const VersionedDocument &loaded)
{
    if (loaded.document)
        m_cache.put(loaded.document);
    else
        m_cache.remove(id);
}

void DocumentEdits::findOne(const DocumentId &id, const ReplyPtr<StoredDocument> &reply)
{
    const DocumentCache::Found found = m_cache.find(id);
    if (found.document) {
        reply->answer(shown(*found.document));
        if (!found.wantsRefresh)
            return;
    }
    load({id}, [id, reply](DocumentEdits &core, Result<std::vector<VersionedDocument>> loaded) {
        if (!loaded)
            return reply->answer(failure(loaded.error()));
        core.remember(id, loaded->front());
        if (const DocumentPtr &document = loaded->front().document)
            reply->answer(core.shown(*document));
        else
            reply->answer(failure(ErrorCode::NotFound, "no document " + id.text()));
    });
}

void DocumentEdits::findMany(const CollectionName &collection, const FindOptions &options,
                                     const ReplyPtr<FindPage> &reply)
{
    m_backend.read([policies = m_policies, collection, options, reply](Result<std::unique_ptr<ReadView>> view) {
        const auto gather = [&]() -> Result<FindPage> {
            if (!view)
                return failure(view.error());
            EVENTSYNC_TRY(DocumentPage page, DocumentPage::begin(options));
            const CollectionPolicy &policy = policies->of(collection);
            Scan scan{kDocumentSet, "by_collection", {collection.text()}};
            if (const auto start = page.startId())
                scan.from = Cell(*start);
            Budget unlimited; // the program itself reads
            Result<> damage;
            EVENTSYNC_CHECK((*view)->scan(scan, [&](const Row &row) {
                auto loaded = fromRow(row);
                if (!loaded) {
                    damage = failure(loaded.error());
                    return false;
                }
                if (!loaded->document)
                    return true;
                StoredDocument document = *loaded->document;
                document.value = policy.withEngineFields(std::move(document.value), document.version);
                return page.add(std::move(document), unlimited);
            }));
            EVENTSYNC_CHECK(damage);
            return page.finish();
        };
        reply->answer(gather());
    });
}

void DocumentEdits::edit(const EditPtr &operation)
{
    if (const auto named = checkNames(*operation); !named)
        return operation->answer(failure(named.error()));
    if (m_running >= limits::kStorageQueue)
        return operation->answer(failure(ErrorCode::QueueFull, "too many edits wait"));
    ++m_running;
    m_queue.enter(operation->ids, [weak = weak_from_this(), operation] {
        if (const auto core = weak.lock())
            core->attempt(operation, true);
    });
}

void DocumentEdits::end(const EditPtr &operation, Result<std::vector<EditResult>> result)
{
    --m_running;
    operation->answer(std::move(result));
    m_queue.leave(operation->ids);
}

void DocumentEdits::attempt(const EditPtr &operation, bool fromCache)
{
    if (fromCache && operation->ids.size() == 1) {
        if (const DocumentPtr document = m_cache.find(operation->ids.front()).document)
            return attemptOn(operation, {VersionedDocument{document->version, document}}, true);
    }
    load(operation->ids, [operation](DocumentEdits &core, Result<std::vector<VersionedDocument>> loaded) {
        if (!loaded)
            return core.end(operation, failure(loaded.error()));
        core.attemptOn(operation, *loaded, false);
    });
}

Result<std::vector<DocumentDraft>> DocumentEdits::draft(EditOperation &operation, const std::vector<VersionedDocument> &loaded,
                                                        bool &costsNoTry) const
{
    std::vector<DocumentDraft> drafts;
    for (std::size_t i = 0; i < loaded.size(); ++i) {
        const DocumentPtr &document = loaded[i].document;
        if (!document && !operation.collection)
            return failure(ErrorCode::NotFound, "no document " + operation.ids[i].text());
        if (document && operation.collection && document->collection != *operation.collection)
            return failure(ErrorCode::WrongCollection, operation.ids[i].text() + " is in " + document->collection.text());
        if (operation.options.ifVersion && *operation.options.ifVersion != (document ? document->version : ServerSeq()))
            return failure(ErrorCode::VersionConflict, operation.ids[i].text() + " stands at another version");
        if (!document)
            EVENTSYNC_CHECK(checkNewDocumentId(operation.ids[i]));
        DocumentDraft one{operation.ids[i], document ? document->collection : *operation.collection, loaded[i].version, {}, {}};
        if (document) {
            one.before = document->value;
            one.after = m_policies->of(one.collection).withEngineFields(document->value, document->version);
        }
        drafts.push_back(std::move(one));
    }
    EVENTSYNC_TRY(costsNoTry, guarded(operation.change, drafts));
    for (DocumentDraft &one : drafts) {
        if (!one.after)
            continue;
        EVENTSYNC_CHECK(json::normalize(*one.after));
        const CollectionPolicy &policy = m_policies->of(one.collection);
        one.after = policy.withoutEngineFields(std::move(*one.after));
        EVENTSYNC_CHECK(checkCountersChange(policy, one.before ? &*one.before : nullptr, *one.after));
        if (json::canonicalSize(*one.after) > limits::kDocumentBytes)
            return failure(ErrorCode::TooLarge, one.id.text() + " would be larger than a document may be");
    }
    return drafts;
}

void DocumentEdits::attemptOn(const EditPtr &operation, const std::vector<VersionedDocument> &loaded, bool fromCache)
{
    ++operation->tries;
    ++operation->rounds;
    bool costsNoTry = false;
    auto drafts = draft(*operation, loaded, costsNoTry);
    if (!drafts) {
        if (fromCache)
            return attempt(operation, false);
        return end(operation, failure(drafts.error()));
    }
    std::vector<EditResult> results;
    bool anyChange = false;
    for (const DocumentDraft &one : *drafts) {
        Diff diff = diffOf(one, m_policies->of(one.collection));
        const bool changes = diff.hasChanges() || one.before.has_value() != one.after.has_value();
        anyChange = anyChange || changes;
        const ServerSeq version = changes ? one.version.next() : one.version;
        diff.setVersion(version);
        results.push_back({{one.id, one.collection, version, one.after ? *one.after : json::Value()}, std::move(diff)});
    }
    if (anyChange)
        return commit(operation, std::move(*drafts), std::move(results), costsNoTry);
    if (fromCache)
        return attempt(operation, false);
    for (EditResult &result : results)
        result.document = shown(result.document);
    end(operation, std::move(results));
}

void DocumentEdits::commit(const EditPtr &operation, std::vector<DocumentDraft> drafts, std::vector<EditResult> results,
                                   bool costsNoTry)
{
    if (costsNoTry)
        --operation->tries;
    Batch batch;
    for (const DocumentDraft &one : drafts)
        batch.require(kDocumentSet, {one.id.text()}, kVersion, one.version == ServerSeq() ? Cell() : Cell(one.version.value()));
    for (std::size_t i = 0; i < drafts.size(); ++i) {
        const StoredDocument &document = results[i].document;
        if (document.version == drafts[i].version)
            continue;
        batch.put(kDocumentSet, {document.id.text(), document.collection.text(), document.version.value(),
                         drafts[i].after ? Cell(json::canonical(*drafts[i].after)) : Cell()});
    }
    m_backend.commit(std::move(batch), m_owner,
                     [weak = weak_from_this(), operation, drafts = std::move(drafts),
                      results = std::move(results)](Result<Committed> done) mutable {
                         const auto core = weak.lock();
                         if (!core)
                             return;
                         if (done)
                             return core->committed(operation, drafts, std::move(results));
                         for (const DocumentDraft &one : drafts)
                             core->m_cache.remove(one.id);
                         // Rounds that do not count as a try are bounded as well.
                         const bool again = done.error().code == ErrorCode::VersionConflict && !operation->options.ifVersion
                             && operation->tries < operation->options.tries
                             && operation->rounds < operation->options.tries * limits::kOptimisticTries;
                         if (again)
                             core->attempt(operation, false);
                         else
                             core->end(operation, failure(done.error()));
                     });
}

void DocumentEdits::committed(const EditPtr &operation, const std::vector<DocumentDraft> &drafts,
                                      std::vector<EditResult> results)
{
    for (std::size_t i = 0; i < drafts.size(); ++i) {
        EditResult &result = results[i];
        const bool changed = result.document.version != drafts[i].version;
        if (drafts[i].after)
            m_cache.put(std::make_shared<const StoredDocument>(result.document));
        else
            m_cache.remove(drafts[i].id);
        if (drafts[i].after)
            result.document = shown(result.document);
        if (changed)
            announce(drafts[i], result);
    }
    end(operation, std::move(results));
}

void DocumentEdits::announce(const DocumentDraft &draft, const EditResult &result)
{
    m_watches.announce(draft.collection, [&] {
        auto value = draft.after ? std::make_shared<const json::Value>(result.document.value) : nullptr;
        return StorageChange{draft.id, draft.collection, result.document.version, result.diff, !draft.after, std::move(value)};
    });
}

} // namespace eventsync::storage
