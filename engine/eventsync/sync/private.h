// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/guard.h>
#include <eventsync/base/listenedtime.h>
#include <eventsync/base/memoryaccount.h>
#include <eventsync/eventlog/damagelog.h>
#include <eventsync/eventlog/rulesbook.h>
#include <eventsync/eventlog/seentime.h>
#include <eventsync/sync/eventbroker.h>
#include <eventsync/sync/livedocument.h>
#include <eventsync/sync/session.h>
#include <eventsync/sync/syncservice.h>
#include <eventsync/sync/validation_p.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace eventsync::sync {

// The service's inside. One class, because everything here is one state on one thread; its functions lie in one source per
// subject. Asynchronous steps go through read() and commit(), whose answers are dropped when the service has gone; what they
// need is looked up again by id when they come back, because sessions end and documents are loaded anew meanwhile.
struct SyncService::Private
{
    Private(storage::Backend &store, Executor &posts, const Clock &time, Random &chance, ServiceOptions given);
    ~Private();

    // ---- seams (syncservice.cpp)
    template<class T>
    void read(std::function<Result<T>(storage::ReadView &)> work, std::function<void(Result<T>)> done)
    {
        backend.read([work = std::move(work), answer = homeward<T>(std::move(done))](Result<std::unique_ptr<storage::ReadView>> view) {
            answer(view ? guarded(work, **view) : Result<T>(failure(view.error())));
        });
    }
    // A read of a length that a peer decides: in the lane of Queries, with a budget.
    template<class T>
    void ask(const storage::Queries::Requester &requester, std::function<Result<T>(storage::ReadView &, Budget &)> work,
             std::function<void(Result<T>)> done)
    {
        queries->ask<T>(requester, std::move(work), homeward<T>(std::move(done)));
    }
    // The answer goes to the service's own thread, and damage that was read is noted there.
    template<class T>
    std::function<void(Result<T>)> homeward(std::function<void(Result<T>)> done)
    {
        return [this, done = std::move(done), alive = std::weak_ptr<int>(life), posts = &executor](Result<T> result) {
            posts->post([this, answer = std::make_shared<Result<T>>(std::move(result)), done, alive] {
                if (alive.expired())
                    return;
                if (!*answer)
                    damage.note(answer->error());
                done(std::move(*answer));
            });
        };
    }
    void commit(storage::Batch batch, storage::Backend::CommitDone done);
    void post(std::function<void()> task);
    void start();
    void whenStarted(std::function<void()> task);

    // ---- sessions (sessions.cpp, greeting.cpp)
    Session *session(SessionId id);
    void dispatch(Session &session, const protocol::Message &message);
    void send(Session &session, protocol::Message message);
    void sendError(Session &session, const Error &error, protocol::ErrorScope scope,
                   const std::optional<DocumentId> &document = {},
                   std::optional<std::chrono::milliseconds> retryAfter = {});
    // Tells why, closes, forgets. The session is gone afterwards.
    void closeSession(SessionId id, const Error &error, std::optional<std::chrono::milliseconds> retryAfter = {});
    void tooLong(Session &session, const protocol::Message &message);
    void forget(SessionId id);
    void hello(Session &session, const protocol::Hello &hello);
    void greet(SessionId id, const protocol::Hello &hello, const Principal &principal,
               const std::optional<storage::Row> &known);
    void welcome(Session &session);
    void auth(Session &session, const protocol::Auth &auth);
    void recheckAccess(Session &session);
    void claimAuthor(const ClientId &client, std::function<void(const Result<> &)> done); // for server code
    void revoke(Session &session, const DocumentId &document, const std::string &reason);
    bool isOverHighWater(const Session &session) const { return session.sink->unsentBytes() >= options.highWaterBytes; }

    // ---- documents (documents.cpp)
    DocumentPtr document(const DocumentId &id); // made if it was not in use
    DocumentPtr inUse(const DocumentId &id);    // null if not
    void withDocument(const DocumentId &id, std::function<void(Result<DocumentPtr>)> done);
    void load(const DocumentPtr &document);
    void loaded(const DocumentPtr &document, Result<std::optional<eventlog::LoadedDocument>> result);
    void whenIdle(const DocumentPtr &document, std::function<void()> task);
    void becameIdle(const DocumentPtr &document);
    void readRecord(const DocumentId &id, DocumentRecord (eventlog::DocumentCore::*part)() const,
                    std::function<void(Result<DocumentRecord>)> done);
    void unload();
    void shorten(std::vector<DocumentPtr> followed);
    void measure(const DocumentPtr &document);

    // ---- pushes and writes (pushing.cpp, committing.cpp)
    void push(Session &session, const protocol::Push &push);
    void addJob(const DocumentPtr &document, Job job);
    void scheduleTurn();
    void turn();
    struct Lookup
    {
        DocumentPtr document;
        std::int64_t number = 0;
        std::vector<EventId> ids;
        std::optional<eventlog::EventStore::Range> older;
        std::vector<Job> jobs;
    };
    struct LookedUp
    {
        eventlog::KnownEvents known;
        std::vector<std::vector<eventlog::LoggedPtr>> older; // by lookup
    };
    Lookup collect(const DocumentPtr &document);
    void lookedUp(Lookup &lookup, Result<std::vector<eventlog::LoggedPtr>> older, const eventlog::KnownEvents &known);
    ValidationLimits validationLimits() const;
    void accept(const DocumentPtr &document, Validated validated);
    void give(PushAnswer answer);
    void give(WriteAnswer answer);
    void give(RepeatedWrite answer);
    void putBack(const DocumentPtr &document, std::vector<Job> jobs);
    void charge(const DocumentPtr &document, std::size_t bytes);
    void ended(const DocumentPtr &document);
    bool hasRoomToJudge() const { return waitingHeld <= limits::kCommitHeldBytes; }
    void answerPush(const std::shared_ptr<ConnectionToken> &token, const protocol::Ack &ack);
    void commitPrepared(const DocumentPtr &document);
    void committed(const DocumentPtr &document, const std::int64_t *positions);
    void failed(const DocumentPtr &document, const Error &error);
    void failJobs(const DocumentPtr &document, std::vector<Job> jobs, const Error &error);

    // ---- what takes long (validationworker.cpp)
    struct AwayDocument;
    bool isExpensive(const DocumentPtr &document, const std::vector<Job> &jobs) const;
    void noteCost(const DocumentPtr &document, const std::vector<Job> &jobs, std::chrono::milliseconds took);
    void validateOnWorker(const DocumentPtr &document, std::vector<Job> jobs, const eventlog::KnownEvents &known, ForkedConnections forked);
    void cameBack(const DocumentPtr &document, AwayDocument &away);

    // ---- transactions (transacting.cpp)
    struct Hold;
    void holdAll(const std::shared_ptr<Hold> &hold);
    void judgeTransaction(const std::shared_ptr<Hold> &hold);

    // ---- fan-out and catch-up (publishing.cpp, catchup.cpp, subscribing.cpp, snapshots.cpp)
    void publish(const DocumentPtr &document, const std::vector<eventlog::LoggedPtr> &events);
    bool mayRead(const Session &session, const DocumentPtr &document) const;
    void joinNodes();
    void hinted(const EventBroker::Hint &hint);
    void refresh(const DocumentPtr &document, ServerSeq head); // reads it again if it stands before `head`
    void pollHeads();
    void subscribe(Session &session, const protocol::Subscribe &message);
    void startSubscription(SessionId id, const protocol::Subscribe &message, std::uint64_t generation, const DocumentPtr &document);
    using Chains = std::map<ServerSeq, Digest>;
    void decideStart(SessionId id, const protocol::Subscribe &message, std::uint64_t generation, const DocumentPtr &document,
                     const Chains &chains);
    void startAt(SessionId id, const DocumentPtr &document, std::uint64_t generation, ServerSeq after);
    void beginCatchUp(Session &session, const DocumentId &document);
    void unsubscribe(Session &session, const DocumentId &document);
    Subscription *subscription(SessionId id, const DocumentId &document, std::uint64_t generation);
    Subscription *awaited(SessionId id, const DocumentId &document, std::uint64_t generation);
    void refuseSubscribe(Session &session, const DocumentId &document, std::uint64_t generation);
    void pump(Session &session);
    enum class Step { More, Done, Waits };
    Step step(Session &session, const DocumentId &id, Subscription &subscription);
    Step sendEvents(Session &session, const DocumentPtr &document, Subscription &subscription,
                    std::vector<eventlog::LogEntryPtr> events);
    void readChunk(Session &session, const DocumentPtr &document, Subscription &subscription);
    void reloadBehindHorizon(const DocumentPtr &document, ServerSeq after);
    // Ends the subscription with the error; failDocument() also goes on with what else the session waits for.
    void refuseDocument(Session &session, const DocumentId &document, const Error &error);
    void failDocument(Session &session, const DocumentId &document, const Error &error);
    void sendSynced(Session &session, const DocumentPtr &document, Subscription &subscription);
    Step leadOnBySnapshot(Session &session, const DocumentPtr &document, Subscription &subscription, ServerSeq atLeast);
    void startSnapshot(Session &session, const DocumentPtr &document, Subscription &subscription, ServerSeq atLeast = ServerSeq(0));
    void snapshotReady(SessionId id, const DocumentPtr &document, std::uint64_t generation,
                       const std::shared_ptr<const Snapshot> &snapshot, const Digest &hash);
    bool snapshotIsCheaper(const DocumentPtr &document, const Subscription &subscription, ServerSeq after) const;
    std::size_t knownIdsPerFrame() const;
    Step sendPart(Session &session, const DocumentPtr &document, Subscription &subscription);

    // ---- who is there, who has what (presence.cpp)
    void presence(Session &session, const protocol::Presence &message);
    void endPresence(const DocumentPtr &document, const ClientId &client);
    void cursor(Session &session, const protocol::Cursor &message);
    void forgetCursors(const DocumentPtr &document, const ClientId &except); // those for which there is no room
    void cursorMoved(const DocumentPtr &document, const ClientId &client, ServerSeq at, VectorClock clock);
    bool sendPresences(Session &session, const DocumentPtr &document, Subscription &subscription);
    bool sendCursors(Session &session, const DocumentPtr &document, Subscription &subscription);

    // ---- collections and questions (watching.cpp, querying.cpp)
    void watch(Session &session, const protocol::Watch &message);
    void endWatch(SessionId id, const CollectionName &collection); // of the tables beside the session
    WatchState *watchOf(SessionId id, const CollectionName &collection, std::uint64_t generation); // null once replaced
    void beginList(SessionId id, const CollectionName &collection, std::uint64_t generation, std::int64_t reached);
    void listHeads(SessionId id, const CollectionName &collection, std::uint64_t generation);
    void headChanged(const DocumentPtr &document);
    void sendHeads();
    void unwatch(Session &session, const CollectionName &collection);
    void failWatch(Session &session, const CollectionName &collection, const Error &error);
    void sendChanged(Session &session, const CollectionName &collection, WatchState &watch);
    HeadLimits headLimits() const;
    std::optional<protocol::Head> headFor(const Session &session, WatchState &watch, const FoundHead &found);
    void query(Session &session, const protocol::Query &query);
    void askNext(Session &session);
    void giveAnswer(Session &session, protocol::QueryResult result);
    std::size_t pieceBytes() const;
    void sendPiece(Session &session);
    void answerQuery(const protocol::Query &query, const Principal &principal, const storage::Queries::Requester &requester,
                     std::function<void(protocol::QueryResult)> done);
    void flushThen(std::function<void(const Result<> &)> done);

    // ---- time (housekeeping.cpp)
    void tick();
    void flushDerived(bool all);
    void flush(const DocumentPtr &document);
    void flushEnded(const DocumentPtr &document, const Result<> &result);
    void ensureFlushed(const DocumentPtr &document, ServerSeq at, std::function<void(const Result<> &)> done);
    std::int64_t snapshotEvery(const std::optional<CollectionName> &collection) const; // events; 0: never by itself
    eventlog::CompactionSchedule::Calls scheduleCalls();
    void compact(const DocumentId &id, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done);
    void compactStep(const DocumentPtr &document, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done);
    void makeSnapshot(const DocumentPtr &document, std::function<void(Result<Snapshot>)> done);
    void expire(const ClientId &client, std::function<void(Result<>)> done);
    void expireOld();
    void watchClock();
    void keepSeenTime();
    void shutdown(std::function<void()> done);
    void finishShutdown();

    storage::Backend &backend;
    Executor &executor;
    const Clock &clock;
    Random &random;
    ServiceOptions options;
    const std::shared_ptr<MemoryAccount> memory =
        options.memory ? options.memory : std::make_shared<MemoryAccount>(limits::kMemoryBytes, options.metrics);
    bool memoryIsShort = false;  // and the log says so
    std::size_t waitingHeld = 0; // by what waits for commits
    std::shared_ptr<storage::Queries> queries;
    UuidGenerator uuids;
    // Found by name once: some count with every push. None without Metrics.
    struct Numbers
    {
        explicit Numbers(Metrics &all)
            : commits(all.counter("eventsync_commits_total", "batches of events committed, each of one document")),
              rows(all.histogram("eventsync_commit_rows", "rows per batch of events")),
              events(all.counter("eventsync_events_total", "events logged")),
              pushed(all.counter("eventsync_pushed_events_total", "pushed events answered"))
        {
        }
        Counter &commits;
        Histogram &rows;
        Counter &events, &pushed;
    };
    std::optional<Numbers> numbers;
    eventlog::DamageLog damage{options.metrics};
    std::shared_ptr<int> life = std::make_shared<int>(0);

    EventBroker broker;
    std::shared_ptr<std::size_t> waitingBytes = std::make_shared<std::size_t>(0); // of all sessions' pushes
    std::unordered_map<SessionId, std::unique_ptr<Session>> sessions;
    std::unordered_map<ClientId, std::shared_ptr<ConnectionToken>> connections; // the newest of each client id
    std::unordered_map<DocumentId, DocumentPtr> documents;
    eventlog::RulesBook rules{[this](const CollectionName &name) {
        return eventlog::makeRules(name, options.policies, options.validators);
    }};
    std::set<CollectionName> costly; // whose documents took long to validate the last time
    std::vector<DocumentPtr> ready; // with jobs or whenIdle tasks to look at in the next turn
    bool turnPosted = false;
    std::map<CollectionName, std::set<SessionId>> watchers; // none of them empty
    std::set<std::pair<SessionId, CollectionName>> changedWatches; // with heads to send
    std::map<std::pair<CollectionName, std::set<DocumentId>>, protocol::OutgoingPtr> sharedHeads; // while they are sent
    bool headsPosted = false;
    std::set<ClientId> codeAuthors;                                // known to be such
    std::set<ClientId> expired;                                    // since the start
    std::int64_t nextSession = 1;
    std::uint64_t nextGeneration = 1;
    std::int64_t lastNumber = 0;    // of a document
    std::int64_t lastPosition = 0;  // committed, in the order of arrival
    std::int64_t derivedStored = 0; // meta "derived" as stored
    std::chrono::milliseconds lastExpiry{}, lastPoll{};
    eventlog::CompactionSchedule schedule{clock, scheduleCalls()};
    ListenedTime listened;   // what waits for peers is measured in it
    eventlog::SeenTime seen; // as stored, once started
    Timestamp lastWall;      // at the last tick
    std::chrono::milliseconds lastTick{};
    bool polling = false;
    bool started = false;
    std::optional<Error> startError;
    std::vector<std::function<void()>> atStart;
    bool stopping = false;
    std::vector<std::function<void()>> stopped;
};

protocol::ErrorScope scopeOf(ErrorCode code);
void logJump(std::chrono::milliseconds moved, const char *since); // of the wall clock
// An error as it goes to a peer: what it quotes of an edit may be as long as the edit.
Error shortened(Error error);

} // namespace eventsync::sync
