// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/eventsourcedstorage.h>

#include <eventsync/storage/guardedbackend.h>
#include <eventsync/storage/reply.h>

namespace eventsync::eventlog {

using namespace storage;

namespace {

template<class T>
QFuture<Result<T>> refused(const Error &error)
{
    Reply<T> reply;
    reply.answer(failure(error));
    return reply.future();
}

EditOptions by(const ClientId &client)
{
    return {.clientId = client};
}

// Runs `work` on a reader's thread; the future ends there.
template<class T, class Work>
QFuture<Result<T>> readFuture(Backend &backend, Work work)
{
    const auto reply = std::make_shared<Reply<T>>();
    storage::GuardedBackend(backend).read([reply, work = std::move(work)](Result<std::unique_ptr<ReadView>> view) {
        if (view)
            reply->answer(work(**view));
        else
            reply->answer(failure(view.error()));
    });
    return reply->future();
}

Result<json::State> stateOf(ReadView &view, const DocumentId &id, ServerSeq at, const CollectionPolicy &policy)
{
    EventStore store(view);
    EVENTSYNC_TRY(const auto row, store.document(id));
    if (!row)
        return failure(ErrorCode::NotFound, "there is no document " + id.text());
    EVENTSYNC_TRY(const DocumentState state, store.stateAt(*row, at));
    if (!state.exists())
        return json::State();
    return json::State(policy.withEngineFields(state.view(), at));
}

} // namespace

EventSourcedStorage::EventSourcedStorage(DocumentEngine &engine, CollectionName collection)
    : EventSourcedStorage(engine, std::move(collection), Options())
{
}

EventSourcedStorage::EventSourcedStorage(DocumentEngine &engine, CollectionName collection, const Options &options)
    : m_engine(engine), m_collection(std::move(collection)), m_policy(engine.policies().of(m_collection)),
      m_storage(engine, {.kind = options.kind, .vectorClocks = options.vectorClocks})
{
}

EventSourcedStorage::~EventSourcedStorage() = default;

QFuture<Result<EditResult>> EventSourcedStorage::createDocument(json::Value value, const ClientId &client)
{
    const json::Object *object = value.if_object();
    const json::Value *member = object ? object->if_contains("id") : nullptr;
    if (!member || !member->is_string())
        return refused<EditResult>({ErrorCode::InvalidValue, "the document names no id", "/id"});
    auto id = documentIdFrom(std::string_view(member->get_string()));
    if (!id)
        return refused<EditResult>({id.error().code, id.error().message, "/id"});
    return createDocument(*id, std::move(value), client);
}

QFuture<Result<EditResult>> EventSourcedStorage::createDocument(const DocumentId &id, json::Value value, const ClientId &client)
{
    return m_storage.createOne(m_collection, id, std::move(value), by(client));
}

QFuture<Result<EditResult>> EventSourcedStorage::updateDocument(const DocumentId &id, EditFunction edit, const ClientId &client)
{
    return m_storage.findOneAndUpdate(id, std::move(edit), by(client));
}

QFuture<Result<ServerSeq>> EventSourcedStorage::deleteDocument(const DocumentId &id, const ClientId &client)
{
    return m_storage.deleteOne(id, by(client));
}

QFuture<Result<StoredDocument>> EventSourcedStorage::getDocument(const DocumentId &id)
{
    return m_storage.findOne(id);
}

QFuture<Result<MissingEvents>> EventSourcedStorage::getMissingEvents(const DocumentId &id, const VectorClock &known, ServerSeq after)
{
    return readFuture<MissingEvents>(m_engine.backend(), [id, known, after](ReadView &view) {
        return missingEvents(view, id, {.known = known, .after = after});
    });
}

QFuture<Result<VectorClock>> EventSourcedStorage::getVectorClock(const DocumentId &id)
{
    return readFuture<VectorClock>(m_engine.backend(), [id](ReadView &view) -> Result<VectorClock> {
        EVENTSYNC_TRY(const auto loaded, EventStore(view).load(id));
        if (!loaded)
            return failure(ErrorCode::NotFound, "there is no document " + id.text());
        return loaded->clock;
    });
}

QFuture<Result<json::State>> EventSourcedStorage::stateAt(const DocumentId &id, ServerSeq at)
{
    return readFuture<json::State>(m_engine.backend(), [id, at, policy = m_policy](ReadView &view) {
        return stateOf(view, id, at, policy);
    });
}

QFuture<Result<EditResult>> EventSourcedStorage::restoreDocument(const DocumentId &id, ServerSeq at, const ClientId &client)
{
    const auto reply = std::make_shared<Reply<EditResult>>();
    m_engine.backend().read([this, id, at, client, reply, policy = m_policy, posts = &m_engine.executor(),
                             alive = std::weak_ptr<int>(m_life)](Result<std::unique_ptr<ReadView>> view) {
        auto state = view ? stateOf(**view, id, at, policy) : Result<json::State>(failure(view.error()));
        if (!state || !*state)
            return reply->answer(failure(state ? Error{ErrorCode::NotFound, id.text() + " was absent then"} : state.error()));
        posts->post([this, id, client, reply, alive, value = std::move(**state)] {
            if (alive.expired())
                return;
            const auto restore = [value](json::Value &now) -> Result<> {
                now = value;
                return {};
            };
            m_storage.findOneAndUpsert(m_collection, id, value, restore, by(client)).then([reply](const Result<EditResult> &result) {
                reply->answer(result);
            });
        });
    });
    return reply->future();
}

QFuture<Result<Snapshot>> EventSourcedStorage::createSnapshot(const DocumentId &id)
{
    const auto reply = std::make_shared<Reply<Snapshot>>();
    m_engine.executor().post([this, id, reply, alive = std::weak_ptr<int>(m_life)] {
        if (alive.expired())
            return;
        m_engine.snapshot(id, [reply](Result<Snapshot> snapshot) { reply->answer(std::move(snapshot)); });
    });
    return reply->future();
}

} // namespace eventsync::eventlog
