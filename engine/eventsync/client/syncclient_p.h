// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/pendingrequests_p.h>
#include <eventsync/client/reconnection_p.h>
#include <eventsync/client/serverlink_p.h>
#include <eventsync/client/stepqueue_p.h>
#include <eventsync/client/syncclient.h>

#include <eventsync/base/eventloopexecutor.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/storage/guardedbackend.h>

#include <QPointer>
#include <QTimer>

#include <deque>
#include <map>

namespace eventsync::client {

// What SyncClient does between the core, the store and the connection: a step becomes durable, then its messages are sent, then
// its notifications are announced. A batch that fails has no successors in the store (StepQueue), so the core can be loaded
// again from there. Large because each function hands a call or an event from one of the three to another.
struct SyncClient::Private
{
    using Done = std::function<void(const Result<> &)>;
    using Works = StepQueue::Works;

    Private(std::unique_ptr<storage::Backend> s, SyncClientOptions o)
        : options(std::move(o)), clock(options.clock ? *options.clock : ownClock),
          random(options.random ? *options.random : ownRandom), store(std::move(s))
    {
    }
    ~Private() { link.mute(); } // before the other members are destroyed
    Result<> load();
    void start(SyncClient *client);

    // steps
    void apply(Changes out, Done done = {});
    void holdBack(Changes &out, const Done &done);
    void notifyCrdtChanges();
    void commitNext();
    void committed(const Result<storage::Committed> &result, Works works);
    void finish(Works works);
    void storeHasFailed(const Error &error, Works works);
    void enterStoreLost(const Error &error);
    void announce(const Notification &notification);
    void notify(const Notification &notification);
    void decide(const ConflictFound &notification);
    void tick();
    void endWaiters() { requests.endWaiters(*core, active.now()); }
    std::chrono::milliseconds requestDeadline() { return active.now() + options.requestTime; }
    Edit edited(Result<ClientCore::Edited> edited);
    QFuture<Result<>> decided(Result<Changes> out);

    // connection
    void setState(State next);
    void connectNow();
    void opened();
    void received(const transport::Frame &frame);
    void closed(const transport::CloseReason &reason);
    void leave(const Changes::Close &close);
    void dropConnection();
    void retryAfter(std::optional<std::chrono::milliseconds> least);
    void leaveIfSilent();
    using StateVectors = Result<std::vector<StateVector>>;
    QFuture<StateVectors> stateVectorsAfter(const DocumentId &id, std::optional<ClientId> after, std::vector<StateVector> before);

    SyncClientOptions options;
    SystemClock ownClock;
    SystemRandom ownRandom;
    const Clock &clock;
    Random &random;
    SyncClient *q = nullptr;
    EventLoopExecutor executor;
    storage::GuardedBackend store; // its answers are posted to `executor`: destroyed before it
    std::unique_ptr<ClientCore> core;

    // durability
    StepQueue steps;
    std::deque<CrdtChanged> crdtChanges; // not emitted yet
    bool notifyingCrdtChanges = false;

    // connection
    State state = State::Offline;
    std::optional<Error> lastError;
    bool wanted = false;
    ActiveTime active{clock};
    ServerLink link{active};
    Reconnection reconnection{clock, random};
    QTimer tickTimer;

    // requests
    PendingRequests requests;
    std::map<CollectionName, ResolverPtr> resolvers;
    ResolverPtr defaultResolver = askResolver();
};

} // namespace eventsync::client
