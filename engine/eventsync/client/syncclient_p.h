// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/pendingrequests_p.h>
#include <eventsync/client/syncclient.h>

#include <eventsync/base/eventloopexecutor.h>
#include <eventsync/base/listenedtime.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/storage/guardedbackend.h>

#include <QPointer>
#include <QTimer>

#include <deque>
#include <map>

namespace eventsync::client {

// What SyncClient does between the core, the store and the connection. Steps are made durable in order, one batch in flight
// at a time: what comes meanwhile joins into the next batch. So a batch that fails has no successors in the store, and the
// core can be loaded again from there.
struct SyncClient::Private
{
    using Done = std::function<void(const Result<> &)>;
    struct Work
    {
        std::vector<protocol::Message> messages;
        std::vector<Fact> facts;
        std::optional<Changes::Close> close;
        quint64 connection = 0; // the one open at the step: messages are for no other
        Done done;
    };
    Private(std::unique_ptr<storage::Backend> s, SyncClientOptions o)
        : options(std::move(o)), clock(options.clock ? *options.clock : ownClock),
          random(options.random ? *options.random : ownRandom), store(std::move(s))
    {
    }
    ~Private();
    Result<> load();
    void start(SyncClient *client);

    // steps
    void apply(Changes out, Done done = {});
    void holdBack(Changes &out, const Done &done);
    void tellCrdtChanges();
    void commitNext();
    void committed(const Result<storage::Committed> &result);
    void finish(std::vector<Work> works);
    void storeHasFailed(const Error &error, std::vector<Work> works);
    void enterStoreLost(const Error &error);
    void announce(const Fact &fact);
    void tell(const Fact &fact);
    void decide(const ConflictFound &fact);
    void tick();
    void endWaiters() { requests.endWaiters(*core, listened.now()); }
    std::chrono::milliseconds requestDeadline() { return listened.now() + options.requestTime; }
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
    void send(const protocol::Message &message);
    void sendPing();
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
    storage::GuardedBackend store; // its answers come through `executor`: goes before it
    std::unique_ptr<ClientCore> core;

    // durability
    storage::Batch nextBatch;
    std::vector<Work> nextWorks, flyingWorks;
    std::deque<CrdtChanged> crdtChanges; // not yet told
    bool tellingCrdtChanges = false;
    enum class Phase { Idle, Committing, Announcing } phase = Phase::Idle; // of the works that were taken last
    quint64 storeGeneration = 0; // answers of before a reload are not waited for any more

    // connection
    State state = State::Offline;
    std::optional<Error> lastError;
    bool wanted = false;
    std::unique_ptr<transport::Connection> connection;
    quint64 connectionNumber = 0;
    QTimer retryTimer, pingTimer, tickTimer;
    int tries = 0;
    std::chrono::milliseconds welcomedAt{-1}, heardAt{0}; // heardAt, and until when answers are waited for: ListenedTime
    ListenedTime listened{clock};
    std::int64_t pings = 0;

    // requests
    PendingRequests requests;
    std::map<CollectionName, ResolverPtr> resolvers;
    ResolverPtr defaultResolver = askResolver();
};

} // namespace eventsync::client
