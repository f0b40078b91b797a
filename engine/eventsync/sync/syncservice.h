// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/executor.h>
#include <eventsync/base/limits.h>
#include <eventsync/base/memoryaccount.h>
#include <eventsync/base/metrics.h>
#include <eventsync/base/random.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/submission.h>
#include <eventsync/model/collectionpolicy.h>
#include <eventsync/model/snapshot.h>
#include <eventsync/model/validator.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/pubsub/pubsub.h>
#include <eventsync/storage/backend.h>
#include <eventsync/storage/queries.h>
#include <eventsync/sync/accesspolicy.h>
#include <eventsync/sync/limits.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace eventsync::eventlog {
class DocumentEngine;
} // namespace eventsync::eventlog

namespace eventsync::sync {

using SessionId = StrongNumber<struct SessionIdTag>;

/// The service's way out to one peer. Called on the engine thread; an implementation that lives on another thread hands over.
class SessionSink
{
public:
    virtual ~SessionSink() = default;
    virtual void send(const protocol::OutgoingPtr &message) = 0;
    /// After what was sent before. The service calls nothing of this sink afterwards.
    virtual void close(ErrorCode code, const std::string &reason) = 0;
    virtual std::size_t unsentBytes() const = 0; ///< handed to send() and not yet taken by the peer's socket
};

struct SessionInfo
{
    std::string peer = {};                          ///< for logs
    std::optional<DocumentId> document = {};        ///< ws://host/sync/{documentId}
    /// A reader without a client id: needs no hello. Whoever opened it passes on no push, cursor or presence of it.
    bool readerOnly = false;
    bool vectorClocks = false; ///< of such a reader: with each event the clock after it
};

/// Large because each option is a member.
struct ServiceOptions
{
    Policies policies;
    std::shared_ptr<const AccessPolicy> access = allowAll();
    std::function<std::shared_ptr<const Validator>(const CollectionName &)> validators = {}; ///< code validators
    protocol::WireLimits limits;                    ///< zeros: those of json, protocol and base
    std::string epoch = {};
    std::chrono::milliseconds heartbeat = limits::kHeartbeat;
    std::chrono::milliseconds presenceKeep = limits::kPresenceKeep;
    std::chrono::milliseconds clientExpiry = limits::kClientExpiry;
    std::size_t catchUpChunkBytes = limits::kCatchUpChunkBytes;
    std::size_t highWaterBytes = limits::kUnsentHighWaterBytes;
    std::size_t waitingPushBytes = limits::kWaitingPushBytes;       ///< of one connection; above it pushes are QueueFull
    std::size_t allWaitingPushBytes = limits::kAllWaitingPushBytes; ///< of all connections
    std::int64_t snapshotEvery = limits::kSnapshotEveryEvents; ///< events; 0: never by itself
    eventlog::MaintenanceRules maintenance = {};              ///< of collections that have other snapshots, or whose logs are kept short
    std::size_t loadedDocuments = 10'000;           ///< documents without subscribers kept in memory
    /// One thread beside the engine's, for validating what takes long: edits of documents above `lightBytes`, of collections whose
    /// last edit took long, and pushes as large. None: the engine's own thread does it. Ends after the service, before `executor`.
    Executor *worker = nullptr;
    std::size_t lightBytes = limits::kLightBytes;   ///< bytes held of a document, with what is asked of it
    Metrics *metrics = nullptr;
    std::shared_ptr<MemoryAccount> memory = {};     ///< what documents may take in memory; none: an account of its own
    /// The lane of long reads, if it is shared with other readers of the same store; none: the service makes its own.
    std::shared_ptr<storage::Queries> queries = {};
    /// Joins several nodes over one store: what one commits, the others hear of, and send on. Outlives the service.
    pubsub::PubSub *pubsub = nullptr;
    std::chrono::milliseconds headPoll = limits::kHeadPoll; ///< and look at by themselves so often
};

/// The server's half of the protocol: sessions, documents, the order of events, fan-out. Plain code on one thread, the
/// engine's: everything below is called there, and `executor` posts there. It does no input or output of its own: it reads
/// and commits through the Backend, whose answers come back through the executor. Owner only.
class SyncService
{
public:
    /// The record sets of a server's store.
    static const storage::Schema &schema();

    SyncService(storage::Backend &backend, Executor &executor, const Clock &clock, Random &random, ServiceOptions options);
    ~SyncService();

    // ---- sessions
    SessionId open(SessionSink &sink, SessionInfo info);
    void receive(SessionId session, const protocol::Message &message);
    /// A frame that could not be decoded, and what it named: a query is answered under its id.
    void receiveInvalid(SessionId session, const Error &error, const protocol::RefusedNames &names = {});
    /// A message of this service is longer than the peer takes, and was not sent: what it answers, or its document, fails by name.
    void tooLong(SessionId session, const protocol::Message &message);
    void drained(SessionId session);                            ///< its unsent bytes fell below the high-water mark
    void lost(SessionId session);                               ///< the peer has gone; its sink is not called any more
    void tick();                                                ///< at least every second

    // ---- writes by code and by REST (flow 1). `done` is called on the engine thread, once, when durable or refused.
    using Write = eventlog::DocumentWrite;
    using Written = eventlog::WrittenDocument;
    void write(Write write, std::function<void(Result<Written>)> done);

    /// The writer of this store's logs, for storages over it (EventSyncStorage, EventSourcedStorage).
    eventlog::DocumentEngine &engine();

    /// Changes of several documents that commit as one, or not at all; see eventlog::DocumentTransaction.
    void transact(eventlog::DocumentTransaction transaction, std::function<void(Result<std::vector<Written>>)> done);

    // ---- reads, answered on the engine thread with access not checked (callers do)
    void read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done); ///< the newest committed state
    void readHead(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done); ///< the same without its state
    /// A question of the wire, answered to somebody who may read everything.
    void query(const protocol::Query &query, std::function<void(protocol::QueryResult)> done, const storage::Queries::Requester &requester = {});
    void compact(const DocumentId &id, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done); ///< the horizon reached
    void snapshot(const DocumentId &id, std::function<void(Result<eventsync::Snapshot>)> done);
    void expireClient(const ClientId &client, std::function<void(Result<>)> done);
    void noteDamage(const Error &error); ///< met by a read outside of the service: to the log, and counted

    /// The same answers as the message `query` gives, for a principal without a session.
    void query(const protocol::Query &query, const Principal &principal, std::function<void(protocol::QueryResult)> done);
    /// Other rules for the collections named, for every event from now on. Sessions that subscribed to their documents are closed,
    /// to come back and hear of them: a client validates and merges by the rules too.
    void setPolicies(Policies policies, const std::vector<CollectionName> &changed);
    void setMaintenance(eventlog::MaintenanceRules maintenance);
    /// What the access policy says may have changed: every subscription is checked again, and revoked where it lost its right.
    void accessChanged();

    /// Sends goaway, answers what was accepted, closes all sessions; then `done`.
    void shutdown(std::function<void()> done);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace eventsync::sync
