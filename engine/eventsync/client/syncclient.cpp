// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/syncclient_p.h>

#include <eventsync/storage/memorybackend.h>
#include <eventsync/storage/sqlitebackend.h>

namespace eventsync::client {

ConnectionFactory dialing(const QUrl &url, const transport::DialOptions &options)
{
    return [url, options] { return transport::dial(url, options); };
}

Result<std::unique_ptr<SyncClient>> SyncClient::open(std::unique_ptr<storage::Backend> store, SyncClientOptions options)
{
    auto d = std::make_unique<Private>(std::move(store), std::move(options));
    EVENTSYNC_CHECK(d->load());
    return std::unique_ptr<SyncClient>(new SyncClient(std::move(d)));
}

Result<std::unique_ptr<SyncClient>> SyncClient::open(const std::string &path, SyncClientOptions options)
{
    EVENTSYNC_TRY(auto store, storage::SqliteBackend::open(path, ClientCore::schema()));
    return open(std::unique_ptr<storage::Backend>(std::move(store)), std::move(options));
}

Result<std::unique_ptr<SyncClient>> SyncClient::inMemory(SyncClientOptions options)
{
    return open(std::make_unique<storage::MemoryBackend>(ClientCore::schema()), std::move(options));
}

SyncClient::SyncClient(std::unique_ptr<Private> p) : d(std::move(p))
{
    d->start(this);
}

SyncClient::~SyncClient()
{
    blockSignals(true); // futures end while the members are destroyed, and a client that is being destroyed emits no signals
}

// ---- connection

void SyncClient::setServer(ConnectionFactory connect)
{
    d->options.connect = std::move(connect);
}

void SyncClient::goOnline()
{
    d->wanted = true;
    d->reconnection.forgetTries();
    if (!d->link.exists())
        d->connectNow();
}

void SyncClient::goOffline()
{
    d->wanted = false;
    d->reconnection.timer().stop();
    d->dropConnection();
    d->setState(State::Offline);
}

bool SyncClient::isOnlineWanted() const
{
    return d->wanted;
}

SyncClient::State SyncClient::state() const
{
    return d->state;
}

std::optional<Error> SyncClient::lastError() const
{
    return d->lastError;
}

std::chrono::milliseconds SyncClient::retryIn() const
{
    const QTimer &timer = d->reconnection.timer();
    return timer.isActive() ? timer.remainingTimeAsDuration() : std::chrono::milliseconds(0);
}

void SyncClient::renewToken(const std::string &token)
{
    d->apply(d->core->renewToken(token));
}

// ---- documents

QFuture<Result<>> SyncClient::openDocument(const DocumentId &id, const std::optional<CollectionName> &collection)
{
    return d->decided(d->core->openDocument(id, collection));
}

void SyncClient::closeDocument(const DocumentId &id)
{
    d->apply(d->core->closeDocument(id));
}

SyncClient::Edit SyncClient::create(const DocumentId &id, const CollectionName &collection, json::Value state,
                                    json::Object metadata)
{
    return d->edited(d->core->create(id, collection, std::move(state), std::move(metadata)));
}

SyncClient::Edit SyncClient::update(const DocumentId &id, json::Patch patch, json::Object metadata)
{
    return d->edited(d->core->update(id, std::move(patch), std::move(metadata)));
}

SyncClient::Edit SyncClient::update(const DocumentId &id, const std::function<Result<>(json::Value &)> &edit,
                                    json::Object metadata)
{
    return d->edited(d->core->update(id, edit, std::move(metadata)));
}

SyncClient::Edit SyncClient::createCrdt(const DocumentId &id, const CollectionName &collection, json::Value initial,
                                        json::Object metadata)
{
    return d->edited(d->core->createCrdt(id, collection, std::move(initial), std::move(metadata)));
}

SyncClient::Edit SyncClient::updateCrdt(const DocumentId &id, const ClientCore::CrdtEdit &edit, json::Object metadata)
{
    return d->edited(d->core->updateCrdt(id, edit, std::move(metadata)));
}

SyncClient::Edit SyncClient::remove(const DocumentId &id, json::Object metadata)
{
    return d->edited(d->core->remove(id, std::move(metadata)));
}

SyncClient::Edit SyncClient::undo(const DocumentId &id)
{
    return d->edited(d->core->undo(id));
}

SyncClient::Edit SyncClient::redo(const DocumentId &id)
{
    return d->edited(d->core->redo(id));
}

QFuture<Result<Position>> SyncClient::waitForSynced(const DocumentId &id)
{
    const auto future = d->requests.waitForSynced(id, d->requestDeadline());
    d->endWaiters();
    return future;
}

QFuture<Result<>> SyncClient::waitForSettled(const DocumentId &id)
{
    const auto future = d->requests.waitForSettled(id, d->requestDeadline());
    d->endWaiters();
    return future;
}

// ---- decisions

void SyncClient::setResolver(const CollectionName &collection, ResolverPtr resolver)
{
    d->resolvers.insert_or_assign(collection, std::move(resolver));
}

void SyncClient::setDefaultResolver(ResolverPtr resolver)
{
    d->defaultResolver = std::move(resolver);
}

QFuture<Result<>> SyncClient::resolve(const EventId &entry, Resolution resolution)
{
    return d->decided(d->core->resolve(entry, std::move(resolution)));
}

QFuture<Result<>> SyncClient::discard(const EventId &entry)
{
    return d->decided(d->core->discard(entry));
}

QFuture<Result<>> SyncClient::retry(const EventId &entry)
{
    return d->decided(d->core->retry(entry));
}

// ---- questions

namespace {

// Continues with a future's value on the client's thread, on whichever thread it ends. The returned future ends when the first
// one does.
template<class From, class Read>
auto reading(QFuture<Result<From>> future, Read read)
{
    return future.then([read = std::move(read)](Result<From> result) { return read(std::move(result)); });
}

Result<std::vector<EventPtr>> eventsIn(const json::Object &content)
{
    std::vector<EventPtr> events;
    const auto *list = content.if_contains("events");
    if (!list || !list->is_array())
        return failure(ErrorCode::InvalidMessage, "an answer without events", "/events");
    for (const json::Value &item : list->get_array()) {
        const auto *beside = item.is_object() ? item.get_object().if_contains("event") : nullptr;
        EVENTSYNC_TRY(Event event, eventFromJson(beside ? *beside : item, EventForm::Logged));
        events.push_back(std::make_shared<const Event>(std::move(event)));
    }
    return events;
}

Result<std::vector<StateVector>> vectorsIn(const json::Object &content)
{
    std::vector<StateVector> vectors;
    const auto *list = content.if_contains("stateVectors");
    if (!list || !list->is_array())
        return failure(ErrorCode::InvalidMessage, "an answer without state vectors", "/stateVectors");
    for (const json::Value &item : list->get_array()) {
        EVENTSYNC_TRY(StateVector vector, StateVector::fromJson(item));
        vectors.push_back(std::move(vector));
    }
    return vectors;
}

} // namespace

QFuture<Result<json::Object>> SyncClient::query(decltype(protocol::Query::query) question)
{
    const auto [id, future] = d->requests.ask(d->requestDeadline());
    d->apply(d->core->query({.requestId = id, .query = std::move(question)}));
    return future;
}

QFuture<Result<json::State>> SyncClient::stateAt(const DocumentId &id, ServerSeq serverSeq)
{
    return reading(query(protocol::StateAtQuery{id, serverSeq}), [](Result<json::Object> content) -> Result<json::State> {
        if (!content)
            return failure(content.error());
        const auto *state = content->if_contains("state"); // none: the document was deleted at that position
        return state ? json::State(*state) : json::State();
    });
}

QFuture<Result<std::vector<EventPtr>>> SyncClient::events(protocol::EventsQuery question)
{
    return reading(query(std::move(question)), [](Result<json::Object> content) -> Result<std::vector<EventPtr>> {
        if (!content)
            return failure(content.error());
        return eventsIn(*content);
    });
}

QFuture<Result<std::vector<StateVector>>> SyncClient::stateVectors(const DocumentId &id)
{
    return d->stateVectorsAfter(id, {}, {});
}

// Requests further pages until it has all.
QFuture<SyncClient::Private::StateVectors> SyncClient::Private::stateVectorsAfter(const DocumentId &id, std::optional<ClientId> after,
                                                                                  std::vector<StateVector> before)
{
    const auto goOn = [this, id, before = std::move(before)](Result<json::Object> content) mutable -> QFuture<StateVectors> {
        auto more = content ? vectorsIn(*content) : StateVectors(failure(content.error()));
        if (!more)
            return QtFuture::makeReadyFuture(std::move(more));
        before.insert(before.end(), std::make_move_iterator(more->begin()), std::make_move_iterator(more->end()));
        const json::Value *next = content->if_contains("next");
        if (next && next->is_string() && !more->empty())
            return stateVectorsAfter(id, ClientId(std::string(next->get_string())), std::move(before));
        return QtFuture::makeReadyFuture(StateVectors(std::move(before)));
    };
    return q->query(protocol::StateVectorsQuery{id, std::move(after)}).then(goOn).unwrap();
}

// ---- collections and people

QFuture<Result<>> SyncClient::watch(const CollectionName &collection, protocol::Watch parameters)
{
    return d->decided(d->core->watch(collection, std::move(parameters)));
}

void SyncClient::unwatch(const CollectionName &collection)
{
    d->apply(d->core->unwatch(collection));
}

QFuture<Result<>> SyncClient::setPresence(const DocumentId &id, json::Value state)
{
    return d->decided(d->core->presence(id, std::move(state)));
}

const ClientCore &SyncClient::core() const
{
    return *d->core;
}

} // namespace eventsync::client
