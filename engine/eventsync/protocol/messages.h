// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/timestamp.h>
#include <eventsync/json/filter.h>
#include <eventsync/model/ackstatus.h>
#include <eventsync/model/chain.h>
#include <eventsync/model/collectionpolicy.h>
#include <eventsync/model/documentstate.h>
#include <eventsync/model/event.h>
#include <eventsync/model/statevector.h>
#include <eventsync/model/vectorclock.h>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// \file
/// The messages of protocol version 1 (docs/protocol.md), as values. Names and fields are those of the wire; both codecs
/// (codec.h) write and read exactly these. A field that the wire may leave out is an optional, or a list that may be empty.
namespace eventsync::protocol {

constexpr int kProtocolVersion = 1;

// ---- handshake

struct Hello
{
    int protocol = kProtocolVersion;
    ClientId clientId;
    std::optional<std::string> clientSecret = {}; ///< binds the id to its first user where there is no token
    std::optional<std::string> token = {};
    std::string userAgent = {};
    std::vector<std::string> capabilities = {}; ///< "vectorClock"
};

/// what the server grants; a client stays below
struct WireLimits
{
    std::int64_t documentBytes = 0, eventBytes = 0, frameBytes = 0, inFlight = 0, documentsPerConnection = 0,
                 presenceBytes = 0;
};

struct Welcome
{
    int protocol = kProtocolVersion;
    std::string epoch; ///< for people and logs; the chain decides
    Timestamp serverTime;
    std::string durability;
    std::int64_t heartbeatMs = 0;
    WireLimits limits;
    std::optional<std::int64_t> tokenExpiresInMs = {};
};

struct Auth { std::string token; };

// ---- documents

struct Checkpoint
{
    ServerSeq serverSeq;
    Digest chain;
};

/// of a queue entry or a kept acknowledged event; on the wire [first, current]
struct PendingId
{
    EventId first, current;
};

struct Subscribe
{
    DocumentId documentId;
    std::optional<CollectionName> collection = {};
    std::optional<ServerSeq> afterSeq = {};
    std::optional<Digest> chain = {}; ///< may be left out when afterSeq is 0
    std::optional<VectorClock> vectorClock = {}; ///< instead of afterSeq
    std::vector<Checkpoint> checkpoints = {};
    std::vector<PendingId> pending = {};
    bool clocks = false;
    std::optional<std::int64_t> snapshotPart = {}; ///< resume a snapshot from this part
};

/// on the wire [asked, logged, serverSeq]
struct KnownId
{
    EventId asked, logged;
    ServerSeq serverSeq;
};

struct Snapshot
{
    DocumentId documentId;
    std::optional<CollectionName> collection = {};
    DocumentKind kind = DocumentKind::Json;
    Position position; ///< serverSeq, chain
    std::vector<KnownId> known = {};
    std::int64_t part = 1, parts = 1;
    std::optional<Digest> sha256 = {}; ///< over the joined bytes of all parts; always with `bytes`
    /// One of three: no document here, the whole value (null is one), or one part of its canonical bytes.
    bool deleted = false;
    std::optional<json::Value> state = {};
    std::optional<Bytes> bytes = {};
    VectorClock vectorClock = {};
};

/// One event in an `events` message. The server passes the canonical bytes through as they are stored; a decoder sets
/// `event`. At least one of the two is there.
struct EventItem
{
    EventPtr event = {};
    std::shared_ptr<const Bytes> canonical = {};
    std::optional<VectorClock> vectorClock = {}; ///< beside the event, on request
};

struct Events
{
    DocumentId documentId;
    std::vector<EventItem> events;
    Digest chain; ///< of the last one
    ServerSeq last = {}; ///< of the last one; on the wire the event says it
};

enum class Permission { Read, Write };

struct Synced
{
    DocumentId documentId;
    Position position;
    ServerSeq horizon;
    ClientSeq clientSeq; ///< the last one of yours
    Permission permission = Permission::Write;
    std::optional<CollectionPolicy> policy = {};
    std::optional<VectorClock> vectorClock = {};
};

struct Diverged
{
    DocumentId documentId;
    ServerSeq commonSeq; ///< 0: nothing shared
    ServerSeq serverSeq;
};

struct Push
{
    BatchId batchId;
    DocumentId documentId;
    std::vector<EventPtr> events; ///< clientSeq ascending
};

struct AckResult
{
    EventId id;
    ClientSeq clientSeq;
    AckStatus status = AckStatus::Applied;
    std::optional<ServerSeq> serverSeq = {};
    std::optional<ServerSeq> head = {};
    std::optional<ErrorCode> code = {};
    std::optional<std::string> reason = {};
    std::optional<std::string> path = {};
};

struct Ack
{
    BatchId batchId;
    DocumentId documentId;
    std::vector<AckResult> results;
};

struct Cursor
{
    DocumentId documentId;
    ServerSeq serverSeq;
};

struct Cursors
{
    DocumentId documentId;
    std::vector<StateVector> cursors; ///< {clientId, serverSeq, vectorClock, at}
};

struct Presence
{
    DocumentId documentId;
    ClientId clientId;
    json::Value state; ///< null: gone
};

struct Unsubscribe { DocumentId documentId; };

struct Revoked
{
    DocumentId documentId;
    std::string reason;
};

// ---- collections

struct Watch
{
    CollectionName collection;
    std::optional<json::Filter> filter = {};
    std::vector<json::Pointer> fields = {};
    std::optional<std::string> since = {}; ///< a token of `watching`
};

struct Head
{
    DocumentId documentId;
    ServerSeq serverSeq;
    bool deleted = false;
    std::optional<json::Value> fields = {};
    std::optional<ErrorCode> code = {}; ///< in place of the fields: TooLarge for a message
};

struct Heads
{
    CollectionName collection;
    std::vector<Head> heads;
};

struct Watching
{
    CollectionName collection;
    std::string token;
    bool full = false; ///< the heads since `watch` are everything there is, and not what has changed since a token
};

struct Unwatch { CollectionName collection; };

// ---- questions

struct EventsQuery
{
    DocumentId documentId;
    std::optional<ServerSeq> after = {}, before = {};
    std::optional<std::int64_t> limit = {};
    std::optional<ClientId> clientId = {};
    std::optional<json::Pointer> path = {};
};
struct StateAtQuery { DocumentId documentId; ServerSeq serverSeq; };
struct StateVectorsQuery
{
    DocumentId documentId;
    std::optional<ClientId> after = {}; ///< the `next` of the answer before
};
struct ListQuery
{
    CollectionName collection;
    std::optional<json::Filter> filter = {};
    std::vector<json::SortKey> sort = {};
    std::vector<json::Pointer> fields = {};
    std::optional<std::int64_t> limit = {};
    std::optional<std::string> pageToken = {};
};
struct StatsQuery {};

struct Query
{
    std::string requestId;
    std::variant<EventsQuery, StateAtQuery, StateVectorsQuery, ListQuery, StatsQuery> query;
};

/// `content` holds the members of the answer beside requestId, part, more: events; state, serverSeq; stateVectors, next;
/// items, nextPageToken; stats. What is too long for one message comes in parts, each with a `piece` of the content's canonical
/// JSON; the pieces joined are the content.
struct QueryResult
{
    std::string requestId;
    std::int64_t part = 1;
    bool more = false;
    json::Object content = {};
    std::optional<std::string> piece = {};
    std::optional<ErrorCode> code = {};
    std::optional<std::string> reason = {};
};

// ---- the connection

struct Ping { std::int64_t n = 0; };
struct Pong { std::int64_t n = 0; };

enum class ErrorScope { Message, Document, Connection };

/// "error"
struct ErrorMessage
{
    ErrorCode code = ErrorCode::Internal;
    std::string message;
    ErrorScope scope = ErrorScope::Message;
    std::optional<DocumentId> documentId = {};
    std::optional<std::int64_t> retryAfterMs = {};
    std::optional<std::string> action = {};
};

struct GoAway { std::int64_t retryAfterMs = 0; };

using MessageVariant = std::variant<Hello, Welcome, Auth, Subscribe, Snapshot, Events, Synced, Diverged, Push, Ack, Cursor, Cursors,
                                    Presence, Unsubscribe, Revoked, Watch, Heads, Watching, Unwatch, Query, QueryResult, Ping,
                                    Pong, ErrorMessage, GoAway>;

/// Any message. How one is made, copied, moved and destroyed is compiled once, in messages.cpp: with an alias of the variant
/// each source that holds messages would compile that again, which takes seconds.
struct Message : MessageVariant
{
    Message();
    template <typename T>
        requires std::constructible_from<MessageVariant, std::in_place_type_t<T>, T>
    Message(T message);
    Message(const Message &other);
    Message(Message &&other) noexcept;
    Message &operator=(const Message &other);
    Message &operator=(Message &&other) noexcept;
    ~Message();
};

std::string_view messageType(const Message &message); ///< the wire's `type`
std::optional<std::size_t> messageIndex(std::string_view type); ///< in the variant

} // namespace eventsync::protocol
