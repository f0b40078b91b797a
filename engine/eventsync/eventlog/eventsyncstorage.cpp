// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/eventsyncstorage.h>

#include <eventsync/base/guard.h>
#include <eventsync/eventlog/documentlist.h>
#include <eventsync/json/mergepatch.h>
#include <eventsync/storage/guardedbackend.h>
#include <eventsync/storage/logging.h>
#include <eventsync/storage/reply.h>
#include <eventsync/storage/storagewatches.h>

#include <algorithm>

namespace eventsync::eventlog {

using namespace storage;

namespace {

using StateEdit = std::function<Result<>(json::State &)>;

// One edit of one document that is being processed.
struct Edit
{
    DocumentId id;
    std::optional<CollectionName> collection = {}; // the collection in which it may be created; none: it must exist
    StateEdit change = {};
    std::optional<json::Patch> patch = {};
    EditOptions options = {};
    std::function<void(Result<EditResult>)> answer;
};
using EditPtr = std::shared_ptr<Edit>;

tl::unexpected<Error> notFound(const DocumentId &id)
{
    return failure(ErrorCode::NotFound, "there is no document " + id.text());
}

// Turns an edit of a value into an edit of a state, for a document that must exist.
StateEdit onExisting(const DocumentId &id, EditFunction edit)
{
    return [id, edit = std::move(edit)](json::State &state) -> Result<> {
        if (!state)
            return notFound(id);
        return edit(*state);
    };
}

// Runs the edit and records its effect as a merge patch, if there is one.
StateEdit noting(StateEdit edit, std::shared_ptr<std::optional<json::Value>> mergePatch, CollectionPolicy policy)
{
    return [edit = std::move(edit), mergePatch = std::move(mergePatch), policy = std::move(policy)](json::State &state) -> Result<> {
        mergePatch->reset();
        const json::State before = state;
        EVENTSYNC_CHECK(edit(state));
        if (!before || !state)
            return {};
        EVENTSYNC_CHECK(json::normalize(*state));
        *mergePatch = json::mergePatchFor(policy.withoutEngineFields(*before), policy.withoutEngineFields(*state));
        return {};
    };
}

} // namespace

class EventSyncStorage::Core : public std::enable_shared_from_this<EventSyncStorage::Core>
{
public:
    Core(DocumentEngine &documents, Options given)
        : engine(documents), options(std::move(given)), policies(std::make_shared<const Policies>(documents.policies()))
    {
    }

    // Runs `task(core)` on the engine's thread, unless the storage is gone by then.
    template<class Task>
    void post(Task task)
    {
        engine.executor().post([weak = weak_from_this(), task = std::move(task)]() mutable {
            if (const auto core = weak.lock())
                task(*core);
        });
    }

    void edit(const EditPtr &edit);
    void addWatch(std::weak_ptr<StorageWatches::Watch> watch) { m_watches.add(std::move(watch)); }
    EditResult took(WrittenDocument written);

    DocumentEngine &engine;
    const Options options;
    const std::shared_ptr<const Policies> policies; // a copy from the construction of the storage: any thread

private:
    void write(const EditPtr &edit, const CollectionName &collection);
    void announce(const WrittenDocument &written, const EditResult &result);

    StorageWatches m_watches;
};

// Which collection a document is in never changes, so it may be looked up before the write.
void EventSyncStorage::Core::edit(const EditPtr &edit)
{
    if (edit->collection)
        return write(edit, *edit->collection);
    engine.read(edit->id, [weak = weak_from_this(), edit](const Result<DocumentRecord> &record) {
        const auto core = weak.lock();
        if (!core)
            return;
        if (!record)
            return edit->answer(failure(record.error()));
        if (record->deleted)
            return edit->answer(notFound(edit->id));
        core->write(edit, record->collection);
    });
}

void EventSyncStorage::Core::write(const EditPtr &edit, const CollectionName &collection)
{
    const auto mergePatch = std::make_shared<std::optional<json::Value>>();
    DocumentWrite write{.documentId = edit->id, .collection = collection,
                        .clientId = edit->options.clientId.value_or(options.clientId), .ifVersion = edit->options.ifVersion,
                        .patch = edit->patch, .kind = options.kind,
                        .metadata = edit->options.metadata.value_or(json::Object())};
    if (edit->change)
        write.edit = noting(edit->change, mergePatch, policies->of(collection));
    engine.write(std::move(write), [weak = weak_from_this(), edit, mergePatch](Result<WrittenDocument> written) {
        const auto core = weak.lock();
        if (!core)
            return;
        if (!written)
            return edit->answer(failure(written.error()));
        if (written->event)
            written->diff.setMergePatch(std::move(*mergePatch));
        edit->answer(core->took(std::move(*written)));
    });
}

// The result of a write, after the vector clocks were updated.
EditResult EventSyncStorage::Core::took(WrittenDocument written)
{
    const DocumentRecord &record = written.record;
    const ServerSeq version = record.position.serverSeq;
    EditResult result{{record.documentId, record.collection, version, json::Value()}, written.diff};
    result.diff.setVersion(version);
    if (record.state)
        result.document.value = policies->of(record.collection).withEngineFields(*record.state, version);
    if (!written.event)
        return result;
    if (options.vectorClocks) {
        const Event &event = *written.event;
        options.vectorClocks->updateVectorClock(event.documentId, event.clientId, event.clientSeq, [](const Result<> &updated) {
            if (!updated)
                qCWarning(lcStorage) << "a vector clock was not updated:" << updated.error().toString().c_str();
        });
    }
    announce(written, result);
    return result;
}

void EventSyncStorage::Core::announce(const WrittenDocument &written, const EditResult &result)
{
    m_watches.announce(result.document.collection, [&] {
        const bool deleted = !written.record.state;
        auto value = deleted ? nullptr : std::make_shared<const json::Value>(result.document.value);
        return StorageChange{result.document.id, result.document.collection, result.document.version, deleted ? Diff() : result.diff,
                             deleted, std::move(value)};
    });
}

EventSyncStorage::EventSyncStorage(DocumentEngine &engine) : EventSyncStorage(engine, Options()) {}

EventSyncStorage::EventSyncStorage(DocumentEngine &engine, const Options &options) : m_core(std::make_shared<Core>(engine, options)) {}

EventSyncStorage::~EventSyncStorage() = default;

namespace {

EditPtr editOf(const DocumentId &id, const EditOptions &options, const ReplyPtr<EditResult> &reply)
{
    auto edit = std::make_shared<Edit>();
    edit->id = id;
    edit->options = options;
    edit->answer = [reply](Result<EditResult> result) { reply->answer(std::move(result)); };
    return edit;
}

} // namespace

QFuture<Result<StoredDocument>> EventSyncStorage::findOne(const DocumentId &id)
{
    const auto reply = std::make_shared<Reply<StoredDocument>>();
    m_core->post([id, reply](Core &core) {
        core.engine.read(id, [reply, policies = core.policies](Result<DocumentRecord> record) {
            if (!record)
                return reply->answer(failure(record.error()));
            const CollectionPolicy &policy = policies->of(record->collection);
            reply->answer(storedDocument(std::move(*record), policy));
        });
    });
    return reply->future();
}

QFuture<Result<FindPage>> EventSyncStorage::findMany(const CollectionName &collection, const FindOptions &options)
{
    const auto reply = std::make_shared<Reply<FindPage>>();
    GuardedBackend backend(m_core->engine.backend());
    backend.read([reply, collection, options, policy = m_core->policies->of(collection)](Result<std::unique_ptr<ReadView>> view) {
        if (view)
            reply->answer(findDocuments(**view, collection, options, policy));
        else
            reply->answer(failure(view.error()));
    });
    return reply->future();
}

QFuture<Result<EditResult>> EventSyncStorage::createOne(const CollectionName &collection, const DocumentId &id, json::Value value,
                                                        const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<EditResult>>();
    const EditPtr edit = editOf(id, options, reply);
    edit->collection = collection;
    edit->change = [id, value = std::move(value)](json::State &state) -> Result<> {
        if (state)
            return failure(ErrorCode::DocumentExists, id.text() + " exists");
        state = value;
        return {};
    };
    m_core->post([edit](Core &core) { core.edit(edit); });
    return reply->future();
}

QFuture<Result<EditResult>> EventSyncStorage::findOneAndUpdate(const DocumentId &id, EditFunction edit, const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<EditResult>>();
    const EditPtr update = editOf(id, options, reply);
    update->change = onExisting(id, std::move(edit));
    m_core->post([update](Core &core) { core.edit(update); });
    return reply->future();
}

QFuture<Result<EditResult>> EventSyncStorage::findOneAndUpsert(const CollectionName &collection, const DocumentId &id,
                                                               json::Value initial, EditFunction edit, const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<EditResult>>();
    const EditPtr upsert = editOf(id, options, reply);
    upsert->collection = collection;
    upsert->change = [initial = std::move(initial), edit = std::move(edit)](json::State &state) -> Result<> {
        if (!state)
            state = initial;
        return edit(*state);
    };
    m_core->post([upsert](Core &core) { core.edit(upsert); });
    return reply->future();
}

QFuture<Result<EditResult>> EventSyncStorage::updateOne(const DocumentId &id, const json::Patch &patch, const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<EditResult>>();
    const EditPtr update = editOf(id, options, reply);
    update->patch = patch;
    m_core->post([update](Core &core) { core.edit(update); });
    return reply->future();
}

QFuture<Result<ServerSeq>> EventSyncStorage::deleteOne(const DocumentId &id, const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<ServerSeq>>();
    const EditPtr edit = editOf(id, options, nullptr);
    edit->change = [id](json::State &state) -> Result<> {
        if (!state)
            return notFound(id);
        state.reset();
        return {};
    };
    edit->answer = [reply](const Result<EditResult> &result) {
        if (result)
            reply->answer(result->document.version);
        else
            reply->answer(failure(result.error()));
    };
    m_core->post([edit](Core &core) { core.edit(edit); });
    return reply->future();
}

// Edits of a document run one at a time, so a section needs no retries of its own; after a lost race against another process
// the function runs again only if its section has changed.
QFuture<Result<EditResult>> EventSyncStorage::editSection(const DocumentId &id, const json::Pointer &section, EditFunction edit,
                                                          const EditOptions &options)
{
    struct Round
    {
        std::optional<json::Value> before;
        json::Value after;
    };
    return findOneAndUpdate(
        id,
        [section, edit = std::move(edit), last = std::make_shared<Round>()](json::Value &document) -> Result<> {
            json::Value *const value = json::find(document, section);
            if (!value)
                return failure(ErrorCode::PatchFailed, "no value there", section.toText());
            if (last->before && json::equal(*last->before, *value)) {
                *value = last->after;
                return {};
            }
            json::Value before = *value;
            EVENTSYNC_CHECK(edit(*value));
            EVENTSYNC_CHECK(json::normalize(*value));
            *last = {std::move(before), *value}; // only now: a failed try has no result that could be repeated
            return {};
        },
        options);
}

QFuture<Result<std::vector<EditResult>>> EventSyncStorage::transaction(const std::vector<DocumentId> &ids, TransactionFunction edit,
                                                                       const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<std::vector<EditResult>>>();
    if (options.ifVersion) {
        reply->answer(failure(ErrorCode::Invalid, "a version speaks of one document, a transaction is about several"));
        return reply->future();
    }
    DocumentTransaction transaction{.documentIds = ids, .clientId = options.clientId.value_or(m_core->options.clientId),
                                    .edit = std::move(edit), .metadata = options.metadata.value_or(json::Object())};
    m_core->post([transaction = std::move(transaction), reply](Core &core) mutable {
        core.engine.transact(std::move(transaction),
                             [reply, weak = core.weak_from_this()](Result<std::vector<WrittenDocument>> written) {
                                 const auto alive = weak.lock();
                                 if (!alive)
                                     return;
                                 if (!written)
                                     return reply->answer(failure(written.error()));
                                 std::vector<EditResult> results;
                                 for (WrittenDocument &one : *written)
                                     results.push_back(alive->took(std::move(one)));
                                 reply->answer(std::move(results));
                             });
    });
    return reply->future();
}

std::unique_ptr<WatchHandle> EventSyncStorage::watch(const CollectionName &collection, Executor &executor, Changed changed)
{
    auto watch = std::make_shared<StorageWatches::Watch>(StorageWatches::Watch{collection, &executor, std::move(changed)});
    m_core->post([weak = std::weak_ptr<StorageWatches::Watch>(watch)](Core &core) { core.addWatch(weak); });
    return StorageWatches::handleOf(std::move(watch));
}

} // namespace eventsync::eventlog
