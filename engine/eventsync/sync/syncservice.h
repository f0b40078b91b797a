// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/executor.h>
#include <eventsync/base/limits.h>
#include <eventsync/base/memoryaccount.h>
#include <eventsync/base/metrics.h>
#include <eventsync/base/random.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/maintenance.h>
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

/// The messages of the service to one peer. Called on the engine thread; an implementation of another thread must post.
class SessionSink
{
public:
    virtual ~SessionSink() = default;
    virtual void send(const protocol::OutgoingPtr &message) = 0;
    /// Closes the connection after the earlier messages. The service does not call the sink afterwards.
    virtual void close(ErrorCode code, const std::string &reason) = 0;
    virtual std::size_t unsentBytes() const = 0; ///< bytes that were passed to send() and that the socket has not taken yet
};

/// What is known of a connection when its session begins.
struct SessionInfo
{
    std::string peer = {};                          ///< for logs
    std::optional<DocumentId> document = {};        ///< ws://host/sync/{documentId}
    /// A reader without a client id: it needs no `hello`. The caller must not pass on pushes, cursors or presence of it.
    bool readerOnly = false;
    bool vectorClocks = false; ///< for such a reader: each event is sent with the clock after it
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
    std::int64_t snapshotEvery = limits::kSnapshotEveryEvents; ///< events; 0: no automatic snapshots
    eventlog::MaintenanceRules maintenance = {};              ///< of collections with another snapshot interval, or with automatic compaction
    std::size_t loadedDocuments = 10'000;           ///< documents without subscribers kept in memory
    /// A second thread for validation that takes long: edits of documents above `lightBytes`, of collections whose last edit
    /// took long, and large pushes. None: the engine's own thread validates. It must end after the service and before
    /// `executor`.
    Executor *worker = nullptr;
    std::size_t lightBytes = limits::kLightBytes;   ///< bytes of a document in memory together with the edit
    Metrics *metrics = nullptr;
    std::shared_ptr<MemoryAccount> memory = {};     ///< the memory that documents may take; none: an account of its own
    /// The lane of long reads, shared with other readers of the same store; none: the service creates its own.
    std::shared_ptr<storage::Queries> queries = {};
    /// Connects several nodes that use one store: each announces its commits, and the others send them to their subscribers.
    /// Must outlive the service.
    pubsub::PubSub *pubsub = nullptr;
    std::chrono::milliseconds headPoll = limits::kHeadPoll; ///< how often a node looks for commits without a hint
};

/// The server's half of the protocol: sessions, documents, the order of events, fan-out. All functions are called on one
/// thread, the engine's, to which `executor` posts. It does no input or output of its own: it reads and commits through the
/// Backend, whose answers arrive through the executor. Owner only.
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
    /// A frame could not be decoded. `names`: what could be read of it; a query is answered with its id.
    void receiveInvalid(SessionId session, const Error &error, const protocol::RefusedNames &names = {});
    /// A message of this service was longer than the peer accepts and was not sent: the query that it answers, or the
    /// subscription of its document, fails.
    void tooLong(SessionId session, const protocol::Message &message);
    void drained(SessionId session);                            ///< its unsent bytes fell below the high-water mark
    void lost(SessionId session);                               ///< the connection is lost; its sink is not called any more
    void tick();                                                ///< at least every second

    // ---- writes by code and by REST. `done` is called once on the engine thread, when the change is durable or refused.
    using Write = eventlog::DocumentWrite;
    using Written = eventlog::WrittenDocument;
    void write(Write write, std::function<void(Result<Written>)> done);

    /// The writer of this store's logs, for storages over it (EventSyncStorage, EventSourcedStorage).
    eventlog::DocumentEngine &engine();

    /// Changes of several documents that commit as one, or not at all; see eventlog::DocumentTransaction.
    void transact(eventlog::DocumentTransaction transaction, std::function<void(Result<std::vector<Written>>)> done);

    // ---- reads, answered on the engine thread. The caller checks the right to read.
    void read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done); ///< the newest committed state
    void readHead(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done); ///< the same without its state
    /// A query of the protocol, answered without a check of rights.
    void query(const protocol::Query &query, std::function<void(protocol::QueryResult)> done, const storage::Queries::Requester &requester = {});
    void compact(const DocumentId &id, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done); ///< the horizon reached
    void snapshot(const DocumentId &id, std::function<void(Result<eventsync::Snapshot>)> done);
    void expireClient(const ClientId &client, std::function<void(Result<>)> done);
    void noteDamage(const Error &error); ///< damage that a read outside of the service found: it is logged and counted

    /// The same answers as to the message `query`, for a principal without a session.
    void query(const protocol::Query &query, const Principal &principal, std::function<void(protocol::QueryResult)> done);
    /// New policies for the named collections, for all later events. Sessions that subscribe to their documents, or watch them with a
    /// filter or fields, are closed, so that the clients reconnect and get the new policies, by which they validate and merge too.
    void setPolicies(Policies policies, const std::vector<CollectionName> &changed);
    void setMaintenance(eventlog::MaintenanceRules maintenance);
    /// The answers of the access policy may have changed: every subscription is checked again, and revoked if it has lost its
    /// right.
    void accessChanged();

    /// Sends `goaway`, answers accepted pushes, closes all sessions, then calls `done`.
    void shutdown(std::function<void()> done);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace eventsync::sync
