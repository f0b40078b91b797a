// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/limits.h>
#include <eventsync/sync/private.h>

#include <eventsync/base/logging.h>
#include <eventsync/eventlog/storestate.h>
#include <eventsync/sync/guardedaccess.h>

#include <algorithm>

namespace eventsync::sync {

namespace {

constexpr std::int64_t orElse(std::int64_t value, std::size_t other)
{
    return value > 0 ? value : static_cast<std::int64_t>(other);
}

} // namespace

SyncService::Private::Private(storage::Backend &store, Executor &posts, const Clock &time, Random &chance, ServiceOptions given)
    : backend(store), executor(posts), clock(time), random(chance), options(std::move(given)), uuids(time, chance),
      broker(options.catchUpChunkBytes), listened(time), seen(time), lastWall(time.wall()), lastTick(time.steady())
{
    options.access = guardedAccess(std::move(options.access));
    auto &wire = options.limits;
    wire.documentBytes = orElse(wire.documentBytes, limits::kDocumentBytes);
    wire.eventBytes = orElse(wire.eventBytes, limits::kEventBytes);
    wire.frameBytes = orElse(wire.frameBytes, limits::kFrameBytes);
    wire.inFlight = orElse(wire.inFlight, limits::kInFlightEvents);
    wire.documentsPerConnection = orElse(wire.documentsPerConnection, limits::kDocumentsPerConnection);
    wire.presenceBytes = orElse(wire.presenceBytes, limits::kPresenceBytes);
    queries = options.queries ? options.queries : std::make_shared<storage::Queries>(backend, clock, options.metrics);
    if (options.metrics)
        numbers.emplace(*options.metrics);
    schedule.setRules(options.upkeep);
    joinNodes();
    start();
}

SyncService::Private::~Private()
{
    life.reset(); // what is dropped with the members calls nothing back
    for (const auto &[id, document] : documents) { // what waits with a document may hold that very document
        const auto loading = std::exchange(document->whenLoaded, {});
        const auto idle = std::exchange(document->whenIdle, {});
        const auto flushing = std::exchange(document->whenFlushed, {});
    }
}

void SyncService::Private::start()
{
    struct Left // by the service before
    {
        eventlog::StoreState state;
        eventlog::SeenTime seen;
        std::chrono::milliseconds wallMoved;
    };
    const auto look = [time = &clock](storage::ReadView &view) -> Result<Left> {
        EVENTSYNC_TRY(eventlog::StoreState state, eventlog::StoreState::read(view));
        EVENTSYNC_TRY(const eventlog::SeenTime since, eventlog::SeenTime::read(view, *time));
        EVENTSYNC_TRY(const std::chrono::milliseconds moved, eventlog::SeenTime::wallMoved(view, *time));
        return Left{std::move(state), since, moved};
    };
    read<Left>(look, [this](Result<Left> left) {
        started = true;
        if (!left) {
            qCCritical(lcSync) << "the store cannot be read:" << left.error().toString().c_str();
            startError = left.error();
        } else {
            lastNumber = left->state.lastNumber;
            lastPosition = left->state.lastPosition;
            derivedStored = left->state.derived;
            seen = left->seen;
            if (left->wallMoved < -limits::kClockJump || left->wallMoved > options.clientExpiry)
                logJump(left->wallMoved, "since the store was last served");
            for (const DocumentId &id : left->state.lagging)
                withDocument(id, [](const Result<DocumentPtr> &) {});
        }
        for (auto &task : std::exchange(atStart, {}))
            task();
    });
}

void SyncService::Private::whenStarted(std::function<void()> task)
{
    if (started)
        task();
    else
        atStart.push_back(std::move(task));
}

void SyncService::Private::commit(storage::Batch batch, storage::Backend::CommitDone done)
{
    backend.commit(std::move(batch), executor,
                   [done = std::move(done), alive = std::weak_ptr<int>(life)](Result<storage::Committed> result) {
                       if (!alive.expired())
                           done(std::move(result));
                   });
}

void SyncService::Private::post(std::function<void()> task)
{
    executor.post([task = std::move(task), alive = std::weak_ptr<int>(life)] {
        if (!alive.expired())
            task();
    });
}

// ---- the public face

const storage::Schema &SyncService::schema()
{
    return eventlog::schema();
}

SyncService::SyncService(storage::Backend &backend, Executor &executor, const Clock &clock, Random &random, ServiceOptions options)
    : d(std::make_unique<Private>(backend, executor, clock, random, std::move(options)))
{
}

SyncService::~SyncService() = default;

SessionId SyncService::open(SessionSink &sink, SessionInfo info)
{
    auto session = std::make_unique<Session>();
    const SessionId id(d->nextSession++);
    session->id = id;
    session->sink = &sink;
    session->info = std::move(info);
    if (session->info.readerOnly)
        session->state = Session::State::Ready;
    session->vectorClocks = session->info.readerOnly && session->info.vectorClocks;
    session->token->session = id;
    session->opened = session->heard = session->pinged = d->listened.now();
    d->sessions.emplace(id, std::move(session));
    return id;
}

void SyncService::receive(SessionId id, const protocol::Message &message)
{
    if (Session *session = d->session(id)) {
        session->heard = d->listened.now();
        if (const auto done = guarded([&] { d->dispatch(*session, message); }); !done)
            d->closeSession(id, done.error(), limits::kRetryFirst);
    }
}

void SyncService::receiveInvalid(SessionId id, const Error &error, const protocol::RefusedNames &names)
{
    Session *session = d->session(id);
    if (!session)
        return;
    session->heard = d->listened.now();
    // Before `welcome` it was to be the hello.
    if (session->state == Session::State::Opened && scopeOf(error.code) == protocol::ErrorScope::Connection)
        return d->closeSession(id, error);
    if (names.requestId && session->state == Session::State::Ready)
        return d->send(*session, protocol::QueryResult{.requestId = *names.requestId, .code = error.code, .reason = error.message});
    d->sendError(*session, error, protocol::ErrorScope::Message, names.documentId);
}

void SyncService::tooLong(SessionId id, const protocol::Message &message)
{
    if (Session *session = d->session(id))
        d->tooLong(*session, message);
}

void SyncService::drained(SessionId id)
{
    if (Session *session = d->session(id))
        d->pump(*session);
}

void SyncService::lost(SessionId id)
{
    d->forget(id);
}

void SyncService::tick()
{
    d->tick();
}

void SyncService::write(Write write, std::function<void(Result<Written>)> done)
{
    if (d->stopping)
        return done(failure(ErrorCode::ShuttingDown, "the server is stopping"));
    if (auto author = authorIdFrom(write.clientId.text()); !author)
        return done(failure(author.error()));
    if (auto valid = documentIdFrom(write.documentId.text()); !valid)
        return done(failure(valid.error()));
    if (auto valid = collectionNameFrom(write.collection.text()); !valid)
        return done(failure(valid.error()));
    const EventId id = write.id.value_or(d->uuids.next());
    auto job = std::make_shared<Job>(Job{WriteJob{std::move(write), id, done}});
    const ClientId client = std::get<WriteJob>(job->work).write.clientId;
    d->claimAuthor(client, [this, job, done](const Result<> &claimed) {
        if (!claimed)
            return done(failure(claimed.error()));
        d->withDocument(std::get<WriteJob>(job->work).write.documentId, [this, job, done](const Result<DocumentPtr> &document) {
            if (!document)
                done(failure(document.error()));
            else
                d->addJob(*document, std::move(*job));
        });
    });
}

void SyncService::read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done)
{
    d->readRecord(id, &eventlog::DocumentCore::record, std::move(done));
}

void SyncService::readHead(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done)
{
    d->readRecord(id, &eventlog::DocumentCore::recordWithoutState, std::move(done));
}

void SyncService::Private::readRecord(const DocumentId &id, DocumentRecord (eventlog::DocumentCore::*part)() const,
                                      std::function<void(Result<DocumentRecord>)> done)
{
    withDocument(id, [this, id, part, done = std::move(done)](const Result<DocumentPtr> &document) {
        if (!document)
            return done(failure(document.error()));
        whenIdle(*document, [document = *document, id, part, done] {
            if (document->core->exists())
                done(((*document->core).*part)());
            else
                done(failure(ErrorCode::NotFound, "there is no document " + id.text()));
        });
    });
}

void SyncService::query(const protocol::Query &query, std::function<void(protocol::QueryResult)> done, const storage::Queries::Requester &requester)
{
    d->answerQuery(query, Principal(), requester, std::move(done));
}

void SyncService::compact(const DocumentId &id, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done)
{
    d->compact(id, horizon, std::move(done));
}

void SyncService::snapshot(const DocumentId &id, std::function<void(Result<eventsync::Snapshot>)> done)
{
    d->withDocument(id, [this, done = std::move(done)](const Result<DocumentPtr> &document) {
        if (!document)
            return done(failure(document.error()));
        d->whenIdle(*document, [this, document = *document, done] { d->makeSnapshot(document, done); });
    });
}

void SyncService::expireClient(const ClientId &client, std::function<void(Result<>)> done)
{
    d->expire(client, std::move(done));
}

void SyncService::noteDamage(const Error &error)
{
    d->damage.note(error);
}

void SyncService::query(const protocol::Query &query, const Principal &principal,
                        std::function<void(protocol::QueryResult)> done)
{
    d->answerQuery(query, principal, {}, std::move(done));
}

void SyncService::setPolicies(Policies policies, const std::vector<CollectionName> &changed)
{
    const auto isChanged = [&](const std::optional<CollectionName> &collection) {
        return collection && std::find(changed.begin(), changed.end(), *collection) != changed.end();
    };
    d->options.policies = std::move(policies);
    for (const CollectionName &collection : changed)
        d->rules.forget(collection);
    for (const auto &[id, document] : d->documents) {
        if (document->away)
            document->away->rulesChanged = true;
        if (document->core && isChanged(document->core->collection()))
            document->core->rulesChanged();
    }
    std::vector<SessionId> affected;
    for (const auto &[id, session] : d->sessions) {
        const bool hears = !session->info.readerOnly
            && std::any_of(session->subscriptions.begin(), session->subscriptions.end(), [&](const auto &entry) {
                   const DocumentPtr document = d->inUse(entry.first);
                   const bool isKnown = document && document->core && document->core->collection();
                   return isChanged(isKnown ? document->core->collection() : entry.second.collection);
               });
        if (hears)
            affected.push_back(id);
    }
    for (const SessionId id : affected)
        d->closeSession(id, {ErrorCode::Unavailable, "the rules of a collection have changed"}, limits::kRetryFirst);
}

void SyncService::setUpkeep(eventlog::UpkeepRules upkeep)
{
    d->options.upkeep = std::move(upkeep);
    d->schedule.setRules(d->options.upkeep);
}

void SyncService::accessChanged()
{
    std::vector<SessionId> all;
    for (const auto &[id, session] : d->sessions)
        all.push_back(id);
    for (const SessionId id : all) {
        if (Session *session = d->session(id))
            d->recheckAccess(*session);
    }
}

void SyncService::shutdown(std::function<void()> done)
{
    d->shutdown(std::move(done));
}

} // namespace eventsync::sync
