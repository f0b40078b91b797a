// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/syncservice.h>

#include <eventsync/base/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/sync/guardedaccess_p.h>
#include <eventsync/sync/othernodes_p.h>
#include <eventsync/sync/session_p.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace eventsync::sync {

using eventlog::DocumentPtr;

namespace {

constexpr std::int64_t orElse(std::int64_t value, std::size_t other)
{
    return value > 0 ? value : static_cast<std::int64_t>(other);
}

ServiceOptions filledIn(ServiceOptions options)
{
    options.access = guardedAccess(std::move(options.access));
    auto &wire = options.limits;
    wire.documentBytes = orElse(wire.documentBytes, limits::kDocumentBytes);
    wire.eventBytes = orElse(wire.eventBytes, limits::kEventBytes);
    wire.frameBytes = orElse(wire.frameBytes, limits::kFrameBytes);
    wire.inFlight = orElse(wire.inFlight, limits::kInFlightEvents);
    wire.documentsPerConnection = orElse(wire.documentsPerConnection, limits::kDocumentsPerConnection);
    wire.presenceBytes = orElse(wire.presenceBytes, limits::kPresenceBytes);
    return options;
}

eventlog::DocumentEngine::Options engineOptions(const ServiceOptions &options)
{
    return {.policies = options.policies, .validators = options.validators, .snapshotEvery = options.snapshotEvery, .maintenance = options.maintenance,
            .loadedDocuments = options.loadedDocuments, .memory = options.memory, .metrics = options.metrics,
            .rows = eventlog::DocumentEngine::Rows::OnTick, .eventBytes = static_cast<std::size_t>(options.limits.eventBytes),
            .worker = options.worker, .lightBytes = options.lightBytes};
}

} // namespace

struct SyncService::Private
{
    using SessionPtr = std::shared_ptr<Session>;
    struct Connection // the newest of a client id
    {
        SessionId session;
        std::shared_ptr<eventlog::PushOrigin> origin; // outlives the session in what it pushed
    };

    Private(storage::Backend &backend, Executor &executor, const Clock &time, Random &random, ServiceOptions given)
        : clock(time), options(filledIn(std::move(given))), engine(backend, executor, time, random, engineOptions(options)),
          context{.engine = engine, .options = options, .clock = time},
          nodes(engine, {.isSubscribed = [this](const DocumentId &id) { return context.broker.isSubscribed(id); },
                         .isWatched = [this](const CollectionName &name) { return context.watches.isWatched(name); },
                         .headChanged = [this](const DocumentPtr &document) { context.watches.headChanged(document); }})
    {
        if (options.metrics) {
            context.pushedEvents = &options.metrics->counter("eventsync_pushed_events_total", "pushed events answered");
            context.watchesRepeated = &options.metrics->counter("eventsync_watches_listed_again_total",
                                                                "lists of a watch that were repeated, because its peer did not read");
        }
        context.becameReady = [this](Session &session) { becameReady(session); };
        context.ended = [this](SessionId id) { ended(id); };
        context.answers.setStats([this] { return stats(); });
        context.broker.addListener([this](const DocumentPtr &document, const eventlog::LoggedPtr &last) {
            nodes.announce(document, last);
            context.watches.headChanged(document);
        });
        engine.setObserver(&context.broker);
        if (options.pubsub)
            nodes.join(*options.pubsub, UuidGenerator(time, random).next().toText());
        context.clients.start({.connected = [this] { return connected(); }, .forgotten = [this](const ClientId &client) { forgotten(client); }});
    }
    ~Private()
    {
        engine.setObserver(nullptr);
        engine.store().close(); // callbacks that are dropped with the members are not called
    }

    SessionPtr session(SessionId id) const;
    std::vector<SessionPtr> all() const; // a copy, because a call to one session may end others
    void becameReady(Session &session);
    void ended(SessionId id);
    std::set<ClientId> connected() const;
    void forgotten(const ClientId &client);
    json::Object stats() const;

    const Clock &clock;
    const ServiceOptions options;
    eventlog::DocumentEngine engine;
    SyncContext context;
    OtherNodes nodes;
    std::unordered_map<SessionId, SessionPtr> sessions;
    std::unordered_map<ClientId, Connection> connections;
    std::int64_t nextSession = 1;
    std::chrono::milliseconds lastPoll{};
};

SyncService::Private::SessionPtr SyncService::Private::session(SessionId id) const
{
    const auto found = sessions.find(id);
    return found == sessions.end() ? nullptr : found->second;
}

std::vector<SyncService::Private::SessionPtr> SyncService::Private::all() const
{
    std::vector<SessionPtr> list;
    for (const auto &[id, session] : sessions)
        list.push_back(session);
    return list;
}

// The newest connection of a client id is valid. Waiting pushes of an older one are dropped, so that the client can number and
// push them again (rule 4).
void SyncService::Private::becameReady(Session &ready)
{
    Connection &newest = connections[ready.client()];
    if (newest.origin)
        newest.origin->dropped = true;
    if (const SessionPtr older = newest.origin ? session(newest.session) : nullptr)
        older->close({ErrorCode::Replaced, "a newer connection uses this client id"}, limits::kRetryReplaced);
    connections[ready.client()] = {ready.id(), ready.pushes().origin()};
    ready.welcome();
}

// The session may be executing a function: it is destroyed after that has returned.
void SyncService::Private::ended(SessionId id)
{
    const auto found = sessions.find(id);
    if (found == sessions.end())
        return;
    engine.executor().post([gone = std::move(found->second)] {});
    sessions.erase(found);
}

std::set<ClientId> SyncService::Private::connected() const
{
    std::set<ClientId> clients;
    for (const auto &[client, connection] : connections) {
        if (session(connection.session))
            clients.insert(client);
    }
    return clients;
}

void SyncService::Private::forgotten(const ClientId &client)
{
    const auto found = connections.find(client);
    if (found == connections.end())
        return;
    found->second.origin->dropped = true;
    if (const SessionPtr open = session(found->second.session))
        open->close({ErrorCode::ClientExpired, "the client has been forgotten"});
}

json::Object SyncService::Private::stats() const
{
    std::size_t subscriptions = 0, ready = 0;
    for (const auto &[id, session] : sessions) {
        subscriptions += session->subscriptionCount();
        ready += session->state() == Session::State::Ready ? 1 : 0;
    }
    return {{"connections", static_cast<std::int64_t>(ready)}, {"subscriptions", static_cast<std::int64_t>(subscriptions)}};
}

// ---- sessions

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
    const SessionId id(d->nextSession++);
    d->sessions.emplace(id, std::make_shared<Session>(d->context, id, sink, std::move(info)));
    return id;
}

void SyncService::receive(SessionId id, const protocol::Message &message)
{
    if (const auto session = d->session(id))
        session->receive(message);
}

void SyncService::receiveInvalid(SessionId id, const Error &error, const protocol::RefusedNames &names)
{
    if (const auto session = d->session(id))
        session->receiveInvalid(error, names);
}

void SyncService::tooLong(SessionId id, const protocol::Message &message)
{
    if (const auto session = d->session(id))
        session->tooLong(message);
}

void SyncService::drained(SessionId id)
{
    if (const auto session = d->session(id))
        session->sendPending();
}

void SyncService::lost(SessionId id)
{
    if (const auto session = d->session(id))
        session->lost();
}

void SyncService::tick()
{
    const auto now = d->clock.steady(), active = d->context.active.now();
    for (const auto &session : d->all())
        session->tick(active);
    d->context.presence.endBefore(active - d->options.presenceKeep);
    std::erase_if(d->connections, [this](const auto &entry) { return entry.second.origin.use_count() == 1 && !d->session(entry.second.session); });
    if (d->nodes.hasJoined() && now - d->lastPoll >= d->options.headPoll) {
        d->lastPoll = now;
        d->nodes.poll();
    }
    d->engine.tick();
    d->context.clients.tick();
}

void SyncService::accessChanged()
{
    for (const auto &session : d->all())
        session->recheckAccess();
}

void SyncService::setPolicies(Policies policies, const std::vector<CollectionName> &changed)
{
    d->engine.setPolicies(std::move(policies), changed);
    for (const auto &session : d->all()) {
        if (!session->peer().info().readerOnly && session->dependsOnRulesOfAny(changed))
            session->close({ErrorCode::Unavailable, "the rules of a collection have changed"}, limits::kRetryFirst);
    }
}

void SyncService::setMaintenance(eventlog::MaintenanceRules maintenance)
{
    d->engine.setMaintenance(std::move(maintenance));
}

// Accepted pushes are committed and answered first (G18); then the derived rows are written, so that the next start has nothing
// to fold.
void SyncService::shutdown(std::function<void()> done)
{
    if (!std::exchange(d->context.stopping, true)) {
        d->engine.stopAccepting();
        const auto leaving = std::make_shared<const protocol::OutgoingMessage>(protocol::GoAway{limits::kRetryFirst.count()});
        for (const auto &session : d->all())
            session->peer().send(leaving);
    }
    d->engine.drain([this, done = std::move(done)] {
        for (const auto &session : d->all())
            session->close({ErrorCode::ShuttingDown, "the server is stopping"}, limits::kRetryFirst);
        d->engine.settle([this, done] {
            if (d->context.clients.isUsable())
                d->context.clients.keepTime();
            done();
        });
    });
}

// ---- documents

eventlog::DocumentEngine &SyncService::engine()
{
    return d->engine;
}

void SyncService::write(Write write, std::function<void(Result<Written>)> done)
{
    d->engine.write(std::move(write), std::move(done));
}

void SyncService::transact(eventlog::DocumentTransaction transaction, std::function<void(Result<std::vector<Written>>)> done)
{
    d->engine.transact(std::move(transaction), std::move(done));
}

void SyncService::read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done)
{
    d->engine.readCommitted(id, std::move(done));
}

void SyncService::readHead(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done)
{
    d->engine.readHead(id, std::move(done));
}

void SyncService::query(const protocol::Query &query, std::function<void(protocol::QueryResult)> done, const storage::Queries::Requester &requester)
{
    d->context.answers.answer(query, Principal(), requester, SIZE_MAX, [done = std::move(done)](QueryAnswer answer) { done(std::move(answer.result)); });
}

void SyncService::query(const protocol::Query &query, const Principal &principal, std::function<void(protocol::QueryResult)> done)
{
    d->context.answers.answer(query, principal, {}, SIZE_MAX, [done = std::move(done)](QueryAnswer answer) { done(std::move(answer.result)); });
}

void SyncService::compact(const DocumentId &id, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done)
{
    d->engine.compact(id, horizon, std::move(done));
}

void SyncService::snapshot(const DocumentId &id, std::function<void(Result<eventsync::Snapshot>)> done)
{
    d->engine.snapshot(id, std::move(done));
}

void SyncService::expireClient(const ClientId &client, std::function<void(Result<>)> done)
{
    d->context.clients.expire(client, std::move(done));
}

void SyncService::noteDamage(const Error &error)
{
    d->engine.store().noteDamage(error);
}

} // namespace eventsync::sync
