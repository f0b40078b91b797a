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

/// From a client: the first message of a connection.
struct Hello
{
    int protocol = kProtocolVersion;
    ClientId clientId;
    std::optional<std::string> clientSecret = {}; ///< without tokens: binds the id to its first user
    std::optional<std::string> token = {};
    std::string userAgent = {};
    std::vector<std::string> capabilities = {}; ///< "vectorClock"
};

/// The limits that the server grants to a client.
struct WireLimits
{
    std::int64_t documentBytes = 0, eventBytes = 0, frameBytes = 0, inFlight = 0, documentsPerConnection = 0,
                 presenceBytes = 0;
};

/// From the server: the answer to `hello`.
struct Welcome
{
    int protocol = kProtocolVersion;
    std::string epoch; ///< for users and logs; only chain values decide
    Timestamp serverTime;
    std::string durability;
    std::int64_t heartbeatMs = 0;
    WireLimits limits;
    std::optional<std::int64_t> tokenExpiresInMs = {};
};

/// From a client: a new token for the same connection.
struct Auth { std::string token; };

// ---- documents

/// A position that a client has had, to find the last one in common.
struct Checkpoint
{
    ServerSeq serverSeq;
    Digest chain;
};

/// The id of a queue entry or of a kept acknowledged event; on the wire [first, current].
struct PendingId
{
    EventId first, current;
};

/// From a client: follow a document from a position on.
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

/// On the wire [asked, logged, serverSeq].
struct KnownId
{
    EventId asked, logged;
    ServerSeq serverSeq;
};

/// From the server: one part of the state of a document at a position, instead of its events before.
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

/// One event in an `events` message. The server passes on the stored canonical bytes; a decoder sets `event`. At least one of
/// the two is set.
struct EventItem
{
    EventPtr event = {};
    std::shared_ptr<const Bytes> canonical = {};
    std::optional<VectorClock> vectorClock = {}; ///< sent with the event, on request
};

/// From the server: the next events of a document, in order.
struct Events
{
    DocumentId documentId;
    std::vector<EventItem> events;
    Digest chain; ///< of the last one
    ServerSeq last = {}; ///< of the last one; on the wire the event says it
};

/// What a client may do with a document.
enum class Permission { Read, Write };

/// From the server: a subscription has reached the head. Pushes are accepted from here on.
struct Synced
{
    DocumentId documentId;
    Position position;
    ServerSeq horizon;
    ClientSeq clientSeq; ///< the last one of the receiving client
    Permission permission = Permission::Write;
    std::optional<CollectionPolicy> policy = {};
    std::optional<VectorClock> vectorClock = {};
};

/// From the server: the client has a history that is not in this log.
struct Diverged
{
    DocumentId documentId;
    ServerSeq commonSeq; ///< 0: nothing in common
    ServerSeq serverSeq;
};

/// From a client: its next edits of one document.
struct Push
{
    BatchId batchId;
    DocumentId documentId;
    std::vector<EventPtr> events; ///< clientSeq ascending
};

/// What became of one pushed edit.
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

/// From the server: the answer to a `push`.
struct Ack
{
    BatchId batchId;
    DocumentId documentId;
    std::vector<AckResult> results;
};

/// From a client: how far it has durably stored a document.
struct Cursor
{
    DocumentId documentId;
    ServerSeq serverSeq;
};

/// From the server: how far other clients are.
struct Cursors
{
    DocumentId documentId;
    std::vector<StateVector> cursors; ///< {clientId, serverSeq, vectorClock, at}
};

/// From a client and to the others: what a client shows of itself in a document.
struct Presence
{
    DocumentId documentId;
    ClientId clientId;
    json::Value state; ///< null: the client has left
};

/// From a client: the end of a subscription.
struct Unsubscribe { DocumentId documentId; };

/// From the server: the right to read a document has ended.
struct Revoked
{
    DocumentId documentId;
    std::string reason;
};

// ---- collections

/// From a client: follow the heads of a collection.
struct Watch
{
    CollectionName collection;
    std::optional<json::Filter> filter = {};
    std::vector<json::Pointer> fields = {};
    std::optional<std::string> since = {}; ///< a token of `watching`
};

/// The newest position of one document in a collection.
struct Head
{
    DocumentId documentId;
    ServerSeq serverSeq;
    bool deleted = false;
    std::optional<json::Value> fields = {};
    std::optional<ErrorCode> code = {}; ///< in place of the fields: TooLarge for a message
};

/// From the server: heads that a watch has to report.
struct Heads
{
    CollectionName collection;
    std::vector<Head> heads;
};

/// From the server: a watch has reported all heads; the token continues from here.
struct Watching
{
    CollectionName collection;
    std::string token;
    bool full = false; ///< the heads since `watch` are all documents, not only those that have changed since a token
};

/// From a client: the end of a watch.
struct Unwatch { CollectionName collection; };

// ---- questions

/// Asks for events of a document.
struct EventsQuery
{
    DocumentId documentId;
    std::optional<ServerSeq> after = {}, before = {};
    std::optional<std::int64_t> limit = {};
    std::optional<ClientId> clientId = {};
    std::optional<json::Pointer> path = {};
};
/// Asks for a document at one position.
struct StateAtQuery { DocumentId documentId; ServerSeq serverSeq; };
/// Asks for the state vectors of the clients of a document.
struct StateVectorsQuery
{
    DocumentId documentId;
    std::optional<ClientId> after = {}; ///< the `next` of the answer before
};
/// Asks for the documents of a collection.
struct ListQuery
{
    CollectionName collection;
    std::optional<json::Filter> filter = {};
    std::vector<json::SortKey> sort = {};
    std::vector<json::Pointer> fields = {};
    std::optional<std::int64_t> limit = {};
    std::optional<std::string> pageToken = {};
};
/// Asks for numbers about the server.
struct StatsQuery {};

/// From a client: a question with its id.
struct Query
{
    std::string requestId;
    std::variant<EventsQuery, StateAtQuery, StateVectorsQuery, ListQuery, StatsQuery> query;
};

/// `content` has the members of the answer apart from requestId, part and more: events; state, serverSeq; stateVectors, next;
/// items, nextPageToken; stats. An answer that is too long for one message is sent in parts, each with a `piece` of the
/// content's canonical JSON; the joined pieces are the content.
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

/// From either side: asks for a `pong`.
struct Ping { std::int64_t n = 0; };
/// The answer to a `ping`.
struct Pong { std::int64_t n = 0; };

/// What an error ends: nothing but the message, the subscription of a document, or the connection.
enum class ErrorScope { Message, Document, Connection };

/// From the server: an error, with its scope. Its type is "error" on the wire.
struct ErrorMessage
{
    ErrorCode code = ErrorCode::Internal;
    std::string message;
    ErrorScope scope = ErrorScope::Message;
    std::optional<DocumentId> documentId = {};
    std::optional<std::int64_t> retryAfterMs = {};
    std::optional<std::string> action = {};
};

/// From the server: it is about to stop.
struct GoAway { std::int64_t retryAfterMs = 0; };

using MessageVariant = std::variant<Hello, Welcome, Auth, Subscribe, Snapshot, Events, Synced, Diverged, Push, Ack, Cursor, Cursors,
                                    Presence, Unsubscribe, Revoked, Watch, Heads, Watching, Unwatch, Query, QueryResult, Ping,
                                    Pong, ErrorMessage, GoAway>;

template <typename T, typename Variant>
inline constexpr bool kIsAlternative = false;
template <typename T, typename... Alternatives>
inline constexpr bool kIsAlternative<T, std::variant<Alternatives...>> = (std::is_same_v<T, Alternatives> || ...);

/// Any message. Its constructors, assignments and destructor are compiled once, in messages.cpp: with an alias of the variant
/// each source would compile them again, which takes seconds.
struct Message : MessageVariant
{
    Message();
    template <typename T>
        requires kIsAlternative<T, MessageVariant> // std::constructible_from would ask about this constructor itself
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
