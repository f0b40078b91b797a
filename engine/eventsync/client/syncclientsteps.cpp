// SPDX-License-Identifier: Apache-2.0
//
// How a step of the core becomes durable, is sent and is reported.
#include <eventsync/client/logging_p.h>
#include <eventsync/client/syncclient_p.h>

#include <eventsync/base/guard.h>

#include <algorithm>

namespace eventsync::client {

namespace {

constexpr auto kTick = std::chrono::milliseconds(1000);

} // namespace

Result<> SyncClient::Private::load()
{
    EVENTSYNC_TRY(const auto view, store.view());
    EVENTSYNC_TRY(core, ClientCore::load(*view, clock, random, options.core));
    return {};
}

void SyncClient::Private::start(SyncClient *client)
{
    q = client;
    tickTimer.setInterval(kTick);
    QObject::connect(&reconnection.timer(), &QTimer::timeout, q, [this] { connectNow(); });
    QObject::connect(&tickTimer, &QTimer::timeout, q, [this] { tick(); });
    tickTimer.start();
    // The first tick makes the id of a new replica durable and reports the conflicts in the queue.
    QTimer::singleShot(0, q, [this] { tick(); });
}

// ---- durability

void SyncClient::Private::apply(Changes out, Done done)
{
    const QPointer<SyncClient> alive(q);
    if (state == State::StoreLost)
        holdBack(out, std::exchange(done, {}));
    if (!alive)
        return;
    const bool idle = steps.isIdle();
    for (Notification &notification : out.notifications) {
        if (auto *changed = std::get_if<CrdtChanged>(&notification))
            crdtChanges.push_back(std::move(*changed));
    }
    std::erase_if(out.notifications, [](const Notification &notification) { return std::holds_alternative<CrdtChanged>(notification); });
    steps.add(std::move(out.writes),
              {std::move(out.messages), std::move(out.notifications), std::move(out.close), link.number(), std::move(done)});
    notifyCrdtChanges(); // the step has its place in the queue: edits made by a slot come after it
    if (alive && idle)
        commitNext();
}

// If the store is lost nothing becomes durable, and only durable edits may be sent.
void SyncClient::Private::holdBack(Changes &out, const Done &done)
{
    out.writes = {};
    out.messages.clear();
    out.close.reset();
    if (done)
        done(failure(*lastError));
}

// Editors are notified at once of changes by others. One change at a time, so that every editor gets them in order.
void SyncClient::Private::notifyCrdtChanges()
{
    if (notifyingCrdtChanges)
        return;
    const QPointer<SyncClient> alive(q);
    notifyingCrdtChanges = true;
    while (!crdtChanges.empty()) {
        const CrdtChanged notification = std::move(crdtChanges.front());
        crdtChanges.pop_front();
        notify(notification);
        if (!alive)
            return;
    }
    notifyingCrdtChanges = false;
}

void SyncClient::Private::commitNext()
{
    const QPointer<SyncClient> alive(q);
    while (alive && steps.mayBegin()) {
        auto [batch, works] = steps.takeNext();
        if (batch.isEmpty()) {
            finish(std::move(works));
            continue;
        }
        steps.beginCommit(std::move(works));
        store.commit(std::move(batch), executor,
                     [this](const Result<storage::Committed> &result) { committed(result, steps.endCommit()); });
    }
}

void SyncClient::Private::committed(const Result<storage::Committed> &result, Works works)
{
    const QPointer<SyncClient> alive(q);
    if (!result)
        storeHasFailed(result.error(), std::move(works));
    else
        finish(std::move(works));
    if (alive)
        commitNext();
}

// None of these steps is durable, and the state in memory is ahead of the store: it is loaded from the store again.
void SyncClient::Private::storeHasFailed(const Error &error, Works works)
{
    qCWarning(lcClient) << "the profile's store has failed:" << error.toString().c_str();
    works = steps.fail(std::move(works));
    dropConnection();
    const auto loaded = state == State::StoreLost ? Result<>(failure(*lastError)) : load();
    if (!loaded)
        enterStoreLost(loaded.error());
    const QPointer<SyncClient> alive(q);
    for (const StepQueue::Work &work : works) {
        if (work.done)
            work.done(failure(error));
        if (!alive)
            return;
    }
    Q_EMIT q->storeFailed(error);
    if (!alive)
        return;
    if (!loaded) {
        Q_EMIT q->stateChanged(state);
        return;
    }
    for (const DocumentId &id : core->documents()) {
        if (core->crdtDocument(id))
            notify(CrdtChanged{.documentId = id, .changes = {}, .reset = true});
        if (!alive)
            return;
        notify(DocumentChanged{.documentId = id, .paths = {json::Pointer()}});
        if (!alive)
            return;
        notify(QueueChanged{id});
        if (!alive)
            return;
    }
    if (wanted)
        retryAfter(options.retryLongest);
}

// The state in memory stays ahead of a store that cannot be read, so no new edit may be based on it. The caller emits the
// signal when all futures have ended.
void SyncClient::Private::enterStoreLost(const Error &error)
{
    qCCritical(lcClient) << "and cannot be read:" << error.toString().c_str();
    wanted = false;
    reconnection.timer().stop();
    core->refuseEdits(error);
    lastError = error;
    state = State::StoreLost;
}

void SyncClient::Private::finish(Works works)
{
    const QPointer<SyncClient> alive(q);
    steps.beginAnnouncing();
    for (StepQueue::Work &work : works) {
        if (link.is(work.connection)) {
            for (const protocol::Message &message : work.messages)
                link.send(message);
        }
        for (const Notification &notification : work.notifications) {
            announce(notification);
            if (!alive)
                return;
        }
        if (work.done)
            work.done({});
        if (!alive)
            return;
        if (work.close && work.connection == link.number())
            leave(*work.close);
        if (!alive)
            return;
    }
    steps.endAnnouncing();
    endWaiters();
    if (alive)
        commitNext();
}

SyncClient::Edit SyncClient::Private::edited(Result<ClientCore::Edited> edited)
{
    const Promise<std::optional<EventId>> reply;
    if (!edited) {
        reply.end(failure(edited.error()));
        return reply.future();
    }
    const auto future = reply.future();
    apply(std::move(edited->changes), [reply, id = edited->id](const Result<> &durable) {
        reply.end(durable ? Result<std::optional<EventId>>(id) : failure(durable.error()));
    });
    return future;
}

QFuture<Result<>> SyncClient::Private::decided(Result<Changes> out)
{
    const Promise<void> reply;
    const auto future = reply.future();
    if (!out) {
        reply.end(failure(out.error()));
        return future;
    }
    apply(std::move(*out), [reply](const Result<> &durable) { reply.end(durable); });
    return future;
}

void SyncClient::Private::tick()
{
    const QPointer<SyncClient> alive(q);
    requests.endLate(active.now());
    if (!alive)
        return;
    leaveIfSilent();
    if (!alive)
        return;
    reconnection.forgetTriesIfHealthy();
    apply(core->tick());
    if (alive)
        endWaiters();
}

// ---- notifications

void SyncClient::Private::announce(const Notification &notification)
{
    if (std::holds_alternative<Welcomed>(notification)) {
        reconnection.welcomed();
        link.pingEvery(std::chrono::milliseconds(
            std::max<std::int64_t>(std::get<Welcomed>(notification).welcome.heartbeatMs, kTick.count())));
        const QPointer<SyncClient> alive(q);
        setState(State::Online);
        if (!alive)
            return;
    } else if (const auto *answer = std::get_if<QueryAnswered>(&notification)) {
        requests.answer(answer->result);
        return;
    } else if (const auto *conflict = std::get_if<ConflictFound>(&notification)) {
        decide(*conflict);
        return;
    }
    notify(notification);
}

void SyncClient::Private::notify(const Notification &notification)
{
    const QPointer<SyncClient> alive(q);
    Q_EMIT q->notificationAnnounced(notification);
    if (!alive)
        return;
    struct NotificationDispatcher
    {
        SyncClient *q;
        void operator()(const DocumentChanged &f) const { Q_EMIT q->documentChanged(f); }
        void operator()(const CrdtChanged &f) const { Q_EMIT q->crdtChanged(f); }
        void operator()(const EventsApplied &f) const { Q_EMIT q->eventsApplied(f); }
        void operator()(const DocumentSynced &f) const { Q_EMIT q->documentSynced(f.documentId); }
        void operator()(const DocumentDiverged &f) const { Q_EMIT q->documentDiverged(f.documentId, f.commonSeq); }
        void operator()(const DocumentRefused &f) const { Q_EMIT q->documentRefused(f.documentId, f.error); }
        void operator()(const DocumentDamaged &f) const { Q_EMIT q->documentDamaged(f.documentId, f.error); }
        void operator()(const DocumentRevoked &f) const { Q_EMIT q->documentRevoked(f.documentId); }
        void operator()(const QueueChanged &f) const { Q_EMIT q->queueChanged(f.documentId); }
        void operator()(const ConflictFound &f) const { Q_EMIT q->conflictFound(f.documentId, f.entry); }
        void operator()(const DeadLettered &f) const { Q_EMIT q->deadLettered(f); }
        void operator()(const EditLogged &f) const { Q_EMIT q->editLogged(f); }
        void operator()(const ClientIdChanged &f) const { Q_EMIT q->clientIdChanged(f); }
        void operator()(const Welcomed &) const {}
        void operator()(const ConnectionReplaced &) const { Q_EMIT q->connectionReplaced(); }
        void operator()(const ServerLeaving &) const {}
        void operator()(const HeadsChanged &f) const { Q_EMIT q->headsChanged(f); }
        void operator()(const WatchReady &f) const { Q_EMIT q->watchReady(f.collection, f.full); }
        void operator()(const CursorsChanged &f) const { Q_EMIT q->cursorsChanged(f); }
        void operator()(const PresenceChanged &f) const { Q_EMIT q->presenceChanged(f); }
        void operator()(const QueryAnswered &) const {}
        void operator()(const ServerError &f) const { Q_EMIT q->serverError(f); }
    };
    std::visit(NotificationDispatcher{q}, notification);
}

// The collection's resolver decides. If it leaves the conflict open, or its decision cannot be carried out, the user decides.
void SyncClient::Private::decide(const ConflictFound &notification)
{
    const auto view = core->conflict(notification.entry);
    if (!view || !view->entry.ready)
        return; // settled, or decided, meanwhile
    const auto found = resolvers.find(view->entry.collection);
    const ResolverPtr resolver = found == resolvers.end() ? defaultResolver : found->second;
    const auto resolution = guarded(&ConflictResolver::resolve, *resolver, *view);
    if (!resolution)
        qCWarning(lcClient) << "a resolver failed, the user decides:" << resolution.error().message.c_str();
    if (resolution && resolution->decision != Decision::Ask) {
        if (auto out = core->resolve(notification.entry, *resolution)) {
            apply(std::move(*out));
            return;
        }
    }
    notify(notification);
}

} // namespace eventsync::client
