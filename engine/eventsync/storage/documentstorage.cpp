// SPDX-License-Identifier: Apache-2.0

// Every edit, of one document or several, is one EditOperation: load, change, commit, and again from the start if somebody else
// committed meanwhile. It is first tried on what the cache holds. That can be old, so only a commit (which the backend checks
// against the version) counts from there; anything else that a cached value leads to - an error of the edit function, no
// change at all, a version that is not the wanted one - is looked at again on what the store holds.
#include <eventsync/storage/documentstorage.h>

#include <eventsync/json/mergepatch.h>
#include <eventsync/storage/documentgate.h>
#include <eventsync/storage/documentpage.h>
#include <eventsync/storage/reply.h>

#include <algorithm>

namespace eventsync::storage {

namespace {

constexpr const char *kSet = "documents";
constexpr std::size_t kCollection = 1, kVersion = 2, kState = 3;

using DocumentPtr = DocumentCache::Entry;

// What the store knows of an id: a document, a tombstone (only a version), or nothing.
struct Loaded
{
    ServerSeq version;
    DocumentPtr document;
};

// One document within an edit.
struct Draft
{
    DocumentId id;
    CollectionName collection;
    ServerSeq version; // of what was loaded; 0: nothing
    json::State before, after;
};

Result<Loaded> fromRow(const std::optional<Row> &row)
{
    if (!row)
        return Loaded();
    Loaded loaded{ServerSeq(std::get<std::int64_t>((*row)[kVersion])), nullptr};
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

Result<std::vector<Loaded>> loadRows(Result<std::unique_ptr<ReadView>> &view, const std::vector<DocumentId> &ids)
{
    if (!view)
        return failure(view.error());
    std::vector<Loaded> all;
    for (const DocumentId &id : ids) {
        EVENTSYNC_TRY(auto row, (*view)->get(kSet, {id.text()}));
        EVENTSYNC_TRY(Loaded loaded, fromRow(row));
        all.push_back(std::move(loaded));
    }
    return all;
}

Diff diffOf(const Draft &draft, const CollectionPolicy &policy)
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

struct Watch
{
    CollectionName collection;
    Executor *executor = nullptr;
    Storage::Changed changed;
};

class WatchOwner final : public WatchHandle
{
public:
    explicit WatchOwner(std::shared_ptr<Watch> watch) : m_watch(std::move(watch)) {}

private:
    std::shared_ptr<Watch> m_watch; // the core and its tasks hold it weakly
};

} // namespace

struct EditOperation
{
    std::vector<DocumentId> ids;
    EditOptions options;
    std::optional<CollectionName> collection; // where one may be created
    // Sets `after` of the drafts. True: the same as the last time, on another version of the rest: costs no try.
    std::function<Result<bool>(std::vector<Draft> &)> change;
    std::function<void(Result<std::vector<EditResult>>)> answer;
    int tries = 0, rounds = 0;
};
using EditPtr = std::shared_ptr<EditOperation>;

class DocumentStorage::Core : public std::enable_shared_from_this<DocumentStorage::Core>
{
public:
    Core(Backend &backend, Executor &owner, const Clock &clock, const Options &options)
        : m_backend(backend), m_owner(owner), m_policies(std::make_shared<const Policies>(options.policies)),
          m_cache(clock, options.cache)
    {
    }

    // Runs `task(core)` on the owner's thread, unless the storage is gone by then.
    template<class Task>
    void post(Task task)
    {
        m_owner.post([weak = weak_from_this(), task = std::move(task)]() mutable {
            if (const auto core = weak.lock())
                task(*core);
        });
    }

    void findOne(const DocumentId &id, const ReplyPtr<StoredDocument> &reply);
    void findMany(const CollectionName &collection, const FindOptions &options, const ReplyPtr<FindPage> &reply) const;
    void edit(const EditPtr &operation);
    void addWatch(std::weak_ptr<Watch> watch) { m_watches.push_back(std::move(watch)); }

private:
    using LoadDone = std::function<void(Core &, Result<std::vector<Loaded>>)>;
    void load(const std::vector<DocumentId> &ids, LoadDone done);
    StoredDocument shown(const StoredDocument &document) const;
    void remember(const DocumentId &id, const Loaded &loaded);

    void attempt(const EditPtr &operation, bool fromCache);
    void attemptOn(const EditPtr &operation, const std::vector<Loaded> &loaded, bool fromCache);
    Result<std::vector<Draft>> draft(EditOperation &operation, const std::vector<Loaded> &loaded, bool &costsNoTry) const;
    void commit(const EditPtr &operation, std::vector<Draft> drafts, std::vector<EditResult> results, bool costsNoTry);
    void committed(const EditPtr &operation, const std::vector<Draft> &drafts, std::vector<EditResult> results);
    void announce(const Draft &draft, const EditResult &result);
    void end(const EditPtr &operation, Result<std::vector<EditResult>> result);

    Backend &m_backend;
    Executor &m_owner;
    std::shared_ptr<const Policies> m_policies;
    DocumentCache m_cache;
    DocumentGate m_gate;
    std::vector<std::weak_ptr<Watch>> m_watches;
    std::size_t m_running = 0;
};

void DocumentStorage::Core::load(const std::vector<DocumentId> &ids, LoadDone done)
{
    m_backend.read([weak = weak_from_this(), &owner = m_owner, ids, done = std::move(done)](auto view) mutable {
        auto loaded = std::make_shared<Result<std::vector<Loaded>>>(loadRows(view, ids));
        owner.post([weak = std::move(weak), done = std::move(done), loaded] {
            if (const auto core = weak.lock())
                done(*core, std::move(*loaded));
        });
    });
}

StoredDocument DocumentStorage::Core::shown(const StoredDocument &document) const
{
    StoredDocument out = document;
    out.value = m_policies->of(out.collection).withEngineFields(std::move(out.value), out.version);
    return out;
}

void DocumentStorage::Core::remember(const DocumentId &id, const Loaded &loaded)
{
    if (loaded.document)
        m_cache.put(loaded.document);
    else
        m_cache.remove(id);
}

void DocumentStorage::Core::findOne(const DocumentId &id, const ReplyPtr<StoredDocument> &reply)
{
    const DocumentCache::Found found = m_cache.find(id);
    if (found.document) {
        reply->answer(shown(*found.document));
        if (!found.wantsRefresh)
            return;
    }
    load({id}, [id, reply](Core &core, Result<std::vector<Loaded>> loaded) {
        if (!loaded)
            return reply->answer(failure(loaded.error()));
        core.remember(id, loaded->front());
        if (const DocumentPtr &document = loaded->front().document)
            reply->answer(core.shown(*document));
        else
            reply->answer(failure(ErrorCode::NotFound, "no document " + id.text()));
    });
}

void DocumentStorage::Core::findMany(const CollectionName &collection, const FindOptions &options,
                                     const ReplyPtr<FindPage> &reply) const
{
    m_backend.read([policies = m_policies, collection, options, reply](Result<std::unique_ptr<ReadView>> view) {
        const auto gather = [&]() -> Result<FindPage> {
            if (!view)
                return failure(view.error());
            EVENTSYNC_TRY(DocumentPage page, DocumentPage::begin(options));
            const CollectionPolicy &policy = policies->of(collection);
            Scan scan{kSet, "by_collection", {collection.text()}};
            if (const auto start = page.startId())
                scan.from = Cell(*start);
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
                return page.add(std::move(document));
            }));
            EVENTSYNC_CHECK(damage);
            return page.finish();
        };
        reply->answer(gather());
    });
}

void DocumentStorage::Core::edit(const EditPtr &operation)
{
    if (m_running >= limits::kStorageQueue)
        return operation->answer(failure(ErrorCode::QueueFull, "too many edits wait"));
    ++m_running;
    m_gate.enter(operation->ids, [weak = weak_from_this(), operation] {
        if (const auto core = weak.lock())
            core->attempt(operation, true);
    });
}

void DocumentStorage::Core::end(const EditPtr &operation, Result<std::vector<EditResult>> result)
{
    --m_running;
    operation->answer(std::move(result));
    m_gate.leave(operation->ids);
}

void DocumentStorage::Core::attempt(const EditPtr &operation, bool fromCache)
{
    if (fromCache && operation->ids.size() == 1) {
        if (const DocumentPtr document = m_cache.find(operation->ids.front()).document)
            return attemptOn(operation, {Loaded{document->version, document}}, true);
    }
    load(operation->ids, [operation](Core &core, Result<std::vector<Loaded>> loaded) {
        if (!loaded)
            return core.end(operation, failure(loaded.error()));
        core.attemptOn(operation, *loaded, false);
    });
}

Result<std::vector<Draft>> DocumentStorage::Core::draft(EditOperation &operation, const std::vector<Loaded> &loaded,
                                                        bool &costsNoTry) const
{
    std::vector<Draft> drafts;
    for (std::size_t i = 0; i < loaded.size(); ++i) {
        const DocumentPtr &document = loaded[i].document;
        if (!document && !operation.collection)
            return failure(ErrorCode::NotFound, "no document " + operation.ids[i].text());
        if (document && operation.collection && document->collection != *operation.collection)
            return failure(ErrorCode::DocumentExists, operation.ids[i].text() + " is in " + document->collection.text());
        if (operation.options.ifVersion && *operation.options.ifVersion != (document ? document->version : ServerSeq()))
            return failure(ErrorCode::VersionConflict, operation.ids[i].text() + " stands at another version");
        Draft one{operation.ids[i], document ? document->collection : *operation.collection, loaded[i].version, {}, {}};
        if (document) {
            one.before = document->value;
            one.after = m_policies->of(one.collection).withEngineFields(document->value, document->version);
        }
        drafts.push_back(std::move(one));
    }
    EVENTSYNC_TRY(costsNoTry, operation.change(drafts));
    for (Draft &one : drafts) {
        if (!one.after)
            continue;
        EVENTSYNC_CHECK(json::normalize(*one.after));
        const CollectionPolicy &policy = m_policies->of(one.collection);
        one.after = policy.withoutEngineFields(std::move(*one.after));
        EVENTSYNC_CHECK(policy.checkCounters(*one.after));
        if (json::canonicalSize(*one.after) > limits::kDocumentBytes)
            return failure(ErrorCode::TooLarge, one.id.text() + " would be larger than a document may be");
    }
    return drafts;
}

void DocumentStorage::Core::attemptOn(const EditPtr &operation, const std::vector<Loaded> &loaded, bool fromCache)
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
    for (const Draft &one : *drafts) {
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

void DocumentStorage::Core::commit(const EditPtr &operation, std::vector<Draft> drafts, std::vector<EditResult> results,
                                   bool costsNoTry)
{
    if (costsNoTry)
        --operation->tries;
    Batch batch;
    for (const Draft &one : drafts)
        batch.require(kSet, {one.id.text()}, kVersion, one.version == ServerSeq() ? Cell() : Cell(one.version.value()));
    for (std::size_t i = 0; i < drafts.size(); ++i) {
        const StoredDocument &document = results[i].document;
        if (document.version == drafts[i].version)
            continue;
        batch.put(kSet, {document.id.text(), document.collection.text(), document.version.value(),
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
                         for (const Draft &one : drafts)
                             core->m_cache.remove(one.id);
                         // Rounds that cost no try are bounded all the same.
                         const bool again = done.error().code == ErrorCode::VersionConflict && !operation->options.ifVersion
                             && operation->tries < operation->options.tries
                             && operation->rounds < operation->options.tries * limits::kOptimisticTries;
                         if (again)
                             core->attempt(operation, false);
                         else
                             core->end(operation, failure(done.error()));
                     });
}

void DocumentStorage::Core::committed(const EditPtr &operation, const std::vector<Draft> &drafts,
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

void DocumentStorage::Core::announce(const Draft &draft, const EditResult &result)
{
    std::erase_if(m_watches, [](const auto &watch) { return watch.expired(); });
    std::shared_ptr<const StorageChange> change;
    for (const auto &weak : m_watches) {
        const auto watch = weak.lock();
        if (!watch || watch->collection != draft.collection)
            continue;
        if (!change) {
            auto value = draft.after ? std::make_shared<const json::Value>(result.document.value) : nullptr;
            change = std::make_shared<const StorageChange>(StorageChange{
                draft.id, draft.collection, result.document.version, result.diff, !draft.after, std::move(value)});
        }
        watch->executor->post([weak, change] {
            if (const auto alive = weak.lock())
                alive->changed(*change);
        });
    }
}

RecordSet DocumentStorage::recordSet()
{
    return {kSet,
            {{"id", ColumnType::Text}, {"collection", ColumnType::Text}, {"version", ColumnType::Integer},
             {"state", ColumnType::Text}},
            1,
            {{"by_collection", {"collection"}}}};
}

DocumentStorage::DocumentStorage(Backend &backend, Executor &owner, const Clock &clock, const Options &options)
    : m_core(std::make_shared<Core>(backend, owner, clock, options))
{
}

DocumentStorage::~DocumentStorage() = default;

namespace {

// An operation on one document whose answer is that document's result.
EditPtr single(const DocumentId &id, const EditOptions &options, const ReplyPtr<EditResult> &reply)
{
    auto operation = std::make_shared<EditOperation>();
    operation->ids = {id};
    operation->options = options;
    operation->answer = [reply](Result<std::vector<EditResult>> results) {
        if (results)
            reply->answer(std::move(results->front()));
        else
            reply->answer(failure(results.error()));
    };
    return operation;
}

// What editSection remembers of its last round.
struct SectionRound
{
    std::optional<json::Value> before;
    json::Value after;
};

Result<bool> editSectionOf(json::Value &document, const json::Pointer &section, const EditFunction &edit, SectionRound &last)
{
    json::Value *const value = json::find(document, section);
    if (!value)
        return failure(ErrorCode::PatchFailed, "no value there", section.toText());
    if (last.before && json::equal(*last.before, *value)) {
        *value = last.after;
        return true;
    }
    json::Value before = *value;
    EVENTSYNC_CHECK(edit(*value));
    EVENTSYNC_CHECK(json::normalize(*value)); // before it is compared with others
    last = {std::move(before), *value};       // only now: a round that failed has no outcome to repeat
    return false;
}

} // namespace

QFuture<Result<StoredDocument>> DocumentStorage::findOne(const DocumentId &id)
{
    const auto reply = std::make_shared<Reply<StoredDocument>>();
    m_core->post([id, reply](Core &core) { core.findOne(id, reply); });
    return reply->future();
}

QFuture<Result<FindPage>> DocumentStorage::findMany(const CollectionName &collection, const FindOptions &options)
{
    const auto reply = std::make_shared<Reply<FindPage>>();
    m_core->findMany(collection, options, reply);
    return reply->future();
}

QFuture<Result<EditResult>> DocumentStorage::createOne(const CollectionName &collection, const DocumentId &id,
                                                       json::Value value, const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<EditResult>>();
    auto operation = single(id, options, reply);
    operation->collection = collection;
    operation->change = [value = std::move(value)](std::vector<Draft> &drafts) -> Result<bool> {
        if (drafts[0].before)
            return failure(ErrorCode::DocumentExists, drafts[0].id.text() + " exists");
        drafts[0].after = value;
        return false;
    };
    m_core->post([operation](Core &core) { core.edit(operation); });
    return reply->future();
}

QFuture<Result<EditResult>> DocumentStorage::findOneAndUpdate(const DocumentId &id, EditFunction edit,
                                                              const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<EditResult>>();
    auto operation = single(id, options, reply);
    operation->change = [edit = std::move(edit)](std::vector<Draft> &drafts) -> Result<bool> {
        EVENTSYNC_CHECK(edit(*drafts[0].after));
        return false;
    };
    m_core->post([operation](Core &core) { core.edit(operation); });
    return reply->future();
}

QFuture<Result<EditResult>> DocumentStorage::findOneAndUpsert(const CollectionName &collection, const DocumentId &id,
                                                              json::Value initial, EditFunction edit,
                                                              const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<EditResult>>();
    auto operation = single(id, options, reply);
    operation->collection = collection;
    operation->change = [initial = std::move(initial), edit = std::move(edit)](std::vector<Draft> &drafts) -> Result<bool> {
        if (!drafts[0].after)
            drafts[0].after = initial;
        EVENTSYNC_CHECK(edit(*drafts[0].after));
        return false;
    };
    m_core->post([operation](Core &core) { core.edit(operation); });
    return reply->future();
}

QFuture<Result<EditResult>> DocumentStorage::updateOne(const DocumentId &id, const json::Patch &patch,
                                                       const EditOptions &options)
{
    const auto apply = [patch](json::Value &value) -> Result<> {
        json::ApplyOptions how;
        how.wantInverse = how.wantFootprint = false;
        EVENTSYNC_CHECK(json::apply(value, patch, how));
        return {};
    };
    return findOneAndUpdate(id, apply, options);
}

QFuture<Result<ServerSeq>> DocumentStorage::deleteOne(const DocumentId &id, const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<ServerSeq>>();
    auto operation = single(id, options, nullptr);
    operation->answer = [reply](Result<std::vector<EditResult>> results) {
        if (results)
            reply->answer(results->front().document.version);
        else
            reply->answer(failure(results.error()));
    };
    operation->change = [](std::vector<Draft> &drafts) -> Result<bool> {
        drafts[0].after.reset();
        return false;
    };
    m_core->post([operation](Core &core) { core.edit(operation); });
    return reply->future();
}

QFuture<Result<EditResult>> DocumentStorage::editSection(const DocumentId &id, const json::Pointer &section, EditFunction edit,
                                                         const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<EditResult>>();
    auto operation = single(id, options, reply);
    operation->change = [section, edit = std::move(edit),
                         last = std::make_shared<SectionRound>()](std::vector<Draft> &drafts) -> Result<bool> {
        return editSectionOf(*drafts[0].after, section, edit, *last);
    };
    m_core->post([operation](Core &core) { core.edit(operation); });
    return reply->future();
}

QFuture<Result<std::vector<EditResult>>> DocumentStorage::transaction(const std::vector<DocumentId> &ids,
                                                                      TransactionFunction edit, const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<std::vector<EditResult>>>();
    auto operation = std::make_shared<EditOperation>();
    operation->ids = ids;
    operation->options = options;
    operation->answer = [reply](Result<std::vector<EditResult>> results) { reply->answer(std::move(results)); };
    operation->change = [edit = std::move(edit)](std::vector<Draft> &drafts) -> Result<bool> {
        std::map<DocumentId, json::Value> values;
        for (const Draft &one : drafts)
            values.emplace(one.id, *one.after);
        EVENTSYNC_CHECK(edit(values));
        if (values.size() != drafts.size())
            return failure(ErrorCode::Invalid, "a transaction changes the documents it asked for, no others");
        for (Draft &one : drafts) {
            const auto value = values.find(one.id);
            if (value == values.end())
                return failure(ErrorCode::Invalid, "a transaction changes the documents it asked for, no others");
            one.after = std::move(value->second);
        }
        return false;
    };
    auto unique = ids;
    std::sort(unique.begin(), unique.end());
    if (unique.empty() || std::adjacent_find(unique.begin(), unique.end()) != unique.end())
        reply->answer(failure(ErrorCode::Invalid, "a transaction names each of its documents once"));
    else
        m_core->post([operation](Core &core) { core.edit(operation); });
    return reply->future();
}

std::unique_ptr<WatchHandle> DocumentStorage::watch(const CollectionName &collection, Executor &executor, Changed changed)
{
    auto watch = std::make_shared<Watch>(Watch{collection, &executor, std::move(changed)});
    m_core->post([weak = std::weak_ptr<Watch>(watch)](Core &core) { core.addWatch(weak); });
    return std::make_unique<WatchOwner>(std::move(watch));
}

} // namespace eventsync::storage
