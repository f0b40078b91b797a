// SPDX-License-Identifier: Apache-2.0
#include <eventsync/protocol/messagereader.h>

#include <eventsync/json/limits.h>
#include <eventsync/model/jsonfields.h>
#include <eventsync/model/limits.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/protocol/names_p.h>

#include <algorithm>
#include <limits>

namespace eventsync::protocol {

namespace {

using Read = FieldReader;

std::string_view viewOf(const std::string &text)
{
    return text;
}

// ---- pieces

template<class T, class Take>
std::vector<T> listFrom(Read &read, std::string_view name, const json::Array *list, const Take &take)
{
    std::vector<T> values;
    if (!list)
        return values;
    values.reserve(std::min<std::size_t>(list->size(), 1024));
    for (std::size_t i = 0; i < list->size(); ++i) {
        Result<T> value = take((*list)[i]);
        if (!value) {
            Error error = value.error();
            error.path = '/' + std::to_string(i) + error.path;
            read.fail(std::move(error), name);
            return {};
        }
        values.push_back(std::move(*value));
    }
    return values;
}

template<class T, class Take>
std::vector<T> optionalList(Read &read, std::string_view name, const Take &take)
{
    return listFrom<T>(read, name, read.optionalArray(name), take);
}

template<class T, class Take>
std::vector<T> requiredList(Read &read, std::string_view name, const Take &take)
{
    return listFrom<T>(read, name, read.array(name), take);
}

template<class T, class Take>
auto ifThere(Read &read, std::string_view name, const Take &take) -> std::optional<T>
{
    if (!read.has(name)) {
        read.optional(name);
        return std::nullopt;
    }
    return take(name);
}

template<class Number>
std::optional<Number> optionalNumber(Read &read, std::string_view name)
{
    const auto number = read.optionalInteger(name);
    return number ? std::optional<Number>(Number(*number)) : std::nullopt;
}

ServerSeq serverSeq(Read &read, std::string_view name = "serverSeq")
{
    return ServerSeq(read.integer(name));
}

Position position(Read &read)
{
    return {serverSeq(read), read.digest("chain")};
}

std::optional<VectorClock> vectorClock(Read &read)
{
    return ifThere<VectorClock>(read, "vectorClock", [&](std::string_view name) {
        return read.take(VectorClock::fromJson(read.required(name)), name);
    });
}

Result<std::string> textFrom(const json::Value &value)
{
    const auto *text = value.if_string();
    if (!text)
        return failure(ErrorCode::InvalidMessage, "a text is expected");
    return std::string(text->data(), text->size());
}

Result<std::int64_t> countFrom(const json::Value &value)
{
    const auto *number = value.if_int64();
    if (!number || *number < 0)
        return failure(ErrorCode::InvalidMessage, "an integer from 0 is expected");
    return *number;
}

Result<json::Pointer> pointerFrom(const json::Value &value)
{
    EVENTSYNC_TRY(const std::string text, textFrom(value));
    return json::Pointer::parse(text);
}

Result<json::SortKey> sortKeyFrom(const json::Value &value)
{
    EVENTSYNC_TRY(const std::string text, textFrom(value));
    const bool descending = text.starts_with('-');
    EVENTSYNC_TRY(json::Pointer path, json::Pointer::parse(viewOf(text).substr(descending ? 1 : 0)));
    return json::SortKey{std::move(path), descending};
}

Result<EventId> idFrom(const json::Value &value)
{
    EVENTSYNC_TRY(const std::string text, textFrom(value));
    return eventIdFrom(text);
}

Result<const json::Array *> tupleFrom(const json::Value &value, std::size_t size)
{
    const auto *list = value.if_array();
    if (!list || list->size() != size)
        return failure(ErrorCode::InvalidMessage, "a list of " + std::to_string(size) + " is expected");
    return list;
}

Result<Checkpoint> checkpointFrom(const json::Value &value)
{
    EVENTSYNC_TRY(const auto *list, tupleFrom(value, 2));
    EVENTSYNC_TRY(const std::int64_t seq, countFrom((*list)[0]));
    EVENTSYNC_TRY(const std::string hex, textFrom((*list)[1]));
    EVENTSYNC_TRY(const Digest chain, Digest::fromHex(hex));
    return Checkpoint{ServerSeq(seq), chain};
}

Result<PendingId> pendingFrom(const json::Value &value)
{
    EVENTSYNC_TRY(const auto *list, tupleFrom(value, 2));
    EVENTSYNC_TRY(const EventId first, idFrom((*list)[0]));
    EVENTSYNC_TRY(const EventId current, idFrom((*list)[1]));
    return PendingId{first, current};
}

Result<KnownId> knownFrom(const json::Value &value)
{
    EVENTSYNC_TRY(const auto *list, tupleFrom(value, 3));
    EVENTSYNC_TRY(const EventId asked, idFrom((*list)[0]));
    EVENTSYNC_TRY(const EventId logged, idFrom((*list)[1]));
    EVENTSYNC_TRY(const std::int64_t seq, countFrom((*list)[2]));
    return KnownId{asked, logged, ServerSeq(seq)};
}

Result<ErrorCode> codeFrom(const std::string &name)
{
    if (const auto code = errorCodeFromName(name))
        return *code;
    return failure(ErrorCode::InvalidMessage, "an unknown error code");
}

std::optional<ErrorCode> optionalCode(Read &read)
{
    return ifThere<ErrorCode>(read, "code", [&](std::string_view name) { return read.take(codeFrom(read.text(name)), name); });
}

std::optional<json::Filter> optionalFilter(Read &read)
{
    return ifThere<json::Filter>(read, "filter", [&](std::string_view name) {
        return read.take(json::Filter::fromJson(read.required(name)), name);
    });
}

Result<> checkDepth(const json::Value &value, int deepest)
{
    if (json::depth(value) > deepest)
        return failure(ErrorCode::TooDeep, "deeper than " + std::to_string(deepest));
    return {};
}

void check(Read &read, std::string_view name, const Result<> &checked)
{
    if (!checked)
        read.fail(checked.error(), name);
}

// ---- events

Result<Event> eventFrom(const json::Value &value, EventForm form, const DocumentId &documentId, const ReadLimits &limits)
{
    EVENTSYNC_CHECK(checkDepth(value, limits::kDepth + limits::kEventDepthExtra));
    const std::size_t largest = limits.eventBytes + (form == EventForm::Logged ? limits::kLoggedEventExtraBytes : 0);
    if (limits.measureEvents && json::canonicalSize(value) > largest)
        return failure(ErrorCode::TooLarge, "the event has more than " + std::to_string(largest) + " bytes");
    EVENTSYNC_TRY(Event event, eventFromJson(value, form));
    if (event.documentId != documentId)
        return failure(ErrorCode::InvalidMessage, "the event belongs to another document", "/documentId");
    return event;
}

// An event, or {event, vectorClock} if clocks were requested.
Result<EventItem> eventItemFrom(const json::Value &value, const DocumentId &documentId, const ReadLimits &limits)
{
    EventItem item;
    const json::Value *event = &value;
    if (const auto *object = value.if_object(); object && object->contains("event")) {
        Read read(value);
        event = &read.required("event");
        item.vectorClock = read.take(VectorClock::fromJson(read.required("vectorClock")), "vectorClock");
        EVENTSYNC_CHECK(read.finish(UnknownFields::Ignore));
    }
    EVENTSYNC_TRY(Event whole, eventFrom(*event, EventForm::Logged, documentId, limits));
    item.event = std::make_shared<const Event>(std::move(whole));
    return item;
}

// ---- messages

Message readHello(Read &read, const ReadLimits &)
{
    Hello hello;
    const std::int64_t version = read.integer("protocol");
    hello.protocol = static_cast<int>(std::min<std::int64_t>(version, std::numeric_limits<int>::max()));
    if (hello.protocol != kProtocolVersion)
        return hello; // in another version its fields may have another meaning: the answer is UnsupportedProtocol
    hello.clientId = read.take(clientIdFrom(read.text("clientId")), "clientId");
    hello.clientSecret = read.optionalText("clientSecret");
    hello.token = read.optionalText("token");
    hello.userAgent = read.optionalText("userAgent").value_or("");
    hello.capabilities = optionalList<std::string>(read, "capabilities", textFrom);
    return hello;
}

Message readWelcome(Read &read, const ReadLimits &)
{
    Welcome welcome;
    const std::int64_t version = read.integer("protocol");
    welcome.protocol = static_cast<int>(std::min<std::int64_t>(version, std::numeric_limits<int>::max()));
    welcome.epoch = read.text("epoch");
    welcome.serverTime = read.timestamp("serverTime");
    welcome.durability = read.text("durability");
    welcome.heartbeatMs = read.integer("heartbeatMs", 1);
    if (read.object("limits")) {
        Read granted(read.required("limits"), "/limits");
        welcome.limits = {granted.integer("documentBytes"),          granted.integer("eventBytes"),
                          granted.integer("frameBytes"),             granted.integer("inFlight"),
                          granted.integer("documentsPerConnection"), granted.integer("presenceBytes")};
        if (auto finished = granted.finish(UnknownFields::Ignore); !finished)
            read.fail({finished.error().code, finished.error().message, finished.error().path.substr(7)}, "limits");
    }
    welcome.tokenExpiresInMs = read.optionalInteger("tokenExpiresInMs");
    return welcome;
}

Message readAuth(Read &read, const ReadLimits &)
{
    return Auth{read.text("token")};
}

template<class T>
void checkCount(Read &read, std::string_view name, const std::vector<T> &values, std::size_t most)
{
    if (values.size() > most)
        read.fail({ErrorCode::TooLarge, "more than " + std::to_string(most)}, name);
}

Message readSubscribe(Read &read, const ReadLimits &)
{
    const DocumentId documentId = read.documentId();
    Subscribe subscribe = subscribeFrom(read, documentId);
    if (!subscribe.afterSeq && !subscribe.vectorClock)
        read.fail({ErrorCode::InvalidMessage, "afterSeq or vectorClock is missing"}, "afterSeq");
    subscribe.clocks = read.optionalBoolean("clocks").value_or(false);
    subscribe.snapshotPart = read.optionalInteger("snapshotPart", 1);
    return subscribe;
}

Message readSnapshot(Read &read, const ReadLimits &)
{
    Snapshot snapshot;
    snapshot.documentId = read.documentId();
    snapshot.collection = ifThere<CollectionName>(read, "collection", [&](std::string_view n) { return read.collection(n); });
    snapshot.kind = read.take(documentKindFrom(read.text("kind")), "kind");
    snapshot.position = position(read);
    snapshot.known = optionalList<KnownId>(read, "known", knownFrom);
    snapshot.part = read.integer("part", 1);
    snapshot.parts = read.integer("parts", 1);
    if (snapshot.part > snapshot.parts)
        read.fail({ErrorCode::InvalidMessage, "a part beyond the last"}, "part");
    snapshot.sha256 = ifThere<Digest>(read, "sha256", [&](std::string_view n) { return read.digest(n); });
    if (const auto *state = read.optional("state")) {
        check(read, "state", checkDepth(*state, limits::kDepth));
        snapshot.state = *state;
    }
    snapshot.bytes = ifThere<Bytes>(read, "bytes", [&](std::string_view n) { return read.base64(n); });
    if (const auto deleted = read.optionalBoolean("deleted")) {
        snapshot.deleted = *deleted;
        if (!*deleted)
            read.fail({ErrorCode::InvalidMessage, "true, or left out"}, "deleted");
    }
    if (int(snapshot.deleted) + int(snapshot.state.has_value()) + int(snapshot.bytes.has_value()) != 1)
        read.fail({ErrorCode::InvalidMessage, "a snapshot has a state, or bytes of one, or says that the document is deleted"}, "state");
    if (snapshot.bytes && !snapshot.sha256)
        read.fail({ErrorCode::InvalidMessage, "bytes come with their hash"}, "sha256");
    snapshot.vectorClock = vectorClock(read).value_or(VectorClock());
    return snapshot;
}

Message readEvents(Read &read, const ReadLimits &limits)
{
    Events events;
    events.documentId = read.documentId();
    events.events = requiredList<EventItem>(
        read, "events", [&](const json::Value &value) { return eventItemFrom(value, events.documentId, limits); });
    events.chain = read.digest("chain");
    if (!events.events.empty() && events.events.back().event)
        events.last = events.events.back().event->serverSeq;
    return events;
}

Message readSynced(Read &read, const ReadLimits &)
{
    Synced synced;
    synced.documentId = read.documentId();
    synced.position = position(read);
    synced.horizon = serverSeq(read, "horizon");
    synced.clientSeq = ClientSeq(read.integer("clientSeq"));
    synced.permission = read.take(names::valueOf<Permission>(read.text("permission"), names::kPermissions), "permission");
    synced.policy = ifThere<CollectionPolicy>(read, "policy", [&](std::string_view name) {
        return read.take(CollectionPolicy::fromJson(read.required(name), UnknownFields::Ignore), name);
    });
    synced.vectorClock = vectorClock(read);
    return synced;
}

Message readDiverged(Read &read, const ReadLimits &)
{
    return Diverged{read.documentId(), serverSeq(read, "commonSeq"), serverSeq(read)};
}

Message readPush(Read &read, const ReadLimits &limits)
{
    Push push;
    push.batchId = BatchId(read.integer("batchId"));
    push.documentId = read.documentId();
    push.events = requiredList<EventPtr>(read, "events", [&](const json::Value &value) -> Result<EventPtr> {
        EVENTSYNC_TRY(Event event, eventFrom(value, EventForm::Pushed, push.documentId, limits));
        return std::make_shared<const Event>(std::move(event));
    });
    return push;
}

Result<AckResult> ackResultFrom(const json::Value &value)
{
    Read read(value);
    AckResult result;
    result.id = read.eventId("id");
    result.clientSeq = ClientSeq(read.integer("clientSeq"));
    result.status = read.take(names::valueOf<AckStatus>(read.text("status"), names::kAckStatuses), "status");
    result.serverSeq = optionalNumber<ServerSeq>(read, "serverSeq");
    result.head = optionalNumber<ServerSeq>(read, "head");
    result.code = optionalCode(read);
    result.reason = read.optionalText("reason");
    result.path = read.optionalText("path");
    EVENTSYNC_CHECK(read.finish(UnknownFields::Ignore));
    return result;
}

Message readAck(Read &read, const ReadLimits &)
{
    return Ack{BatchId(read.integer("batchId")), read.documentId(), requiredList<AckResult>(read, "results", ackResultFrom)};
}

Message readCursor(Read &read, const ReadLimits &)
{
    return Cursor{read.documentId(), serverSeq(read)};
}

Message readCursors(Read &read, const ReadLimits &)
{
    Cursors cursors;
    cursors.documentId = read.documentId();
    cursors.cursors = requiredList<StateVector>(read, "cursors", [&](const json::Value &value) -> Result<StateVector> {
        Read one(value);
        StateVector vector;
        vector.clientId = one.authorId();
        vector.documentId = cursors.documentId;
        vector.serverSeq = serverSeq(one);
        vector.vectorClock = one.take(VectorClock::fromJson(one.required("vectorClock")), "vectorClock");
        vector.lastUpdated = one.timestamp("at");
        EVENTSYNC_CHECK(one.finish(UnknownFields::Ignore));
        return vector;
    });
    return cursors;
}

Message readPresence(Read &read, const ReadLimits &)
{
    Presence presence;
    presence.documentId = read.documentId();
    presence.clientId = read.authorId();
    const json::Value &state = read.required("state");
    if (json::canonicalSize(state) > limits::kPresenceBytes)
        read.fail({ErrorCode::TooLarge, "more than " + std::to_string(limits::kPresenceBytes) + " bytes"}, "state");
    check(read, "state", checkDepth(state, limits::kDepth));
    presence.state = state;
    return presence;
}

Message readUnsubscribe(Read &read, const ReadLimits &)
{
    return Unsubscribe{read.documentId()};
}

Message readRevoked(Read &read, const ReadLimits &)
{
    return Revoked{read.documentId(), read.text("reason")};
}

Message readWatch(Read &read, const ReadLimits &)
{
    return Watch{read.collection(), optionalFilter(read), optionalList<json::Pointer>(read, "fields", pointerFrom),
                 read.optionalText("since")};
}

Result<Head> headFrom(const json::Value &value)
{
    Read read(value);
    Head head;
    head.documentId = read.documentId();
    head.serverSeq = serverSeq(read);
    head.deleted = read.optionalBoolean("deleted").value_or(false);
    if (const auto *fields = read.optional("fields"))
        head.fields = *fields;
    head.code = optionalCode(read);
    EVENTSYNC_CHECK(read.finish(UnknownFields::Ignore));
    return head;
}

Message readHeads(Read &read, const ReadLimits &)
{
    return Heads{read.collection(), requiredList<Head>(read, "heads", headFrom)};
}

Message readWatching(Read &read, const ReadLimits &)
{
    return Watching{read.collection(), read.text("token"), read.optionalBoolean("full").value_or(false)};
}

Message readUnwatch(Read &read, const ReadLimits &)
{
    return Unwatch{read.collection()};
}

EventsQuery eventsQuery(Read &read)
{
    EventsQuery query;
    query.documentId = read.documentId();
    query.after = optionalNumber<ServerSeq>(read, "after");
    query.before = optionalNumber<ServerSeq>(read, "before");
    query.limit = read.optionalInteger("limit", 1);
    query.clientId = ifThere<ClientId>(read, "clientId", [&](std::string_view n) { return read.authorId(n); });
    query.path = ifThere<json::Pointer>(read, "path",
                                        [&](std::string_view n) { return read.take(pointerFrom(read.required(n)), n); });
    return query;
}

ListQuery listQuery(Read &read)
{
    ListQuery query;
    query.collection = read.collection();
    query.filter = optionalFilter(read);
    query.sort = optionalList<json::SortKey>(read, "sort", sortKeyFrom);
    query.fields = optionalList<json::Pointer>(read, "fields", pointerFrom);
    query.limit = read.optionalInteger("limit", 1);
    query.pageToken = read.optionalText("pageToken");
    return query;
}

Message readQuery(Read &read, const ReadLimits &)
{
    Query query;
    query.requestId = read.text("requestId");
    const std::string kind = read.text("kind");
    if (kind == "events")
        query.query = eventsQuery(read);
    else if (kind == "stateAt")
        query.query = StateAtQuery{read.documentId(), serverSeq(read)};
    else if (kind == "stateVectors")
        query.query = StateVectorsQuery{read.documentId(), ifThere<ClientId>(read, "after", [&](std::string_view n) { return read.authorId(n); })};
    else if (kind == "list")
        query.query = listQuery(read);
    else if (kind == "stats")
        query.query = StatsQuery{};
    else
        read.fail({ErrorCode::InvalidMessage, "kind is events, stateAt, stateVectors, list or stats"}, "kind");
    return query;
}

Message readResult(Read &read, const ReadLimits &)
{
    QueryResult result;
    result.requestId = read.text("requestId");
    result.part = read.integer("part", 1);
    result.more = read.boolean("more");
    result.piece = read.optionalText("piece");
    result.code = optionalCode(read);
    result.reason = read.optionalText("reason");
    return result; // its content is taken by messageFrom
}

Message readPing(Read &read, const ReadLimits &)
{
    return Ping{read.integer("n")};
}

Message readPong(Read &read, const ReadLimits &)
{
    return Pong{read.integer("n")};
}

Message readError(Read &read, const ReadLimits &)
{
    ErrorMessage error;
    error.code = read.take(codeFrom(read.text("code")), "code");
    error.message = read.text("message");
    error.scope = read.take(names::valueOf<ErrorScope>(read.text("scope"), names::kErrorScopes), "scope");
    error.documentId = ifThere<DocumentId>(read, "documentId", [&](std::string_view n) { return read.documentId(n); });
    error.retryAfterMs = read.optionalInteger("retryAfterMs");
    error.action = read.optionalText("action");
    return error;
}

Message readGoAway(Read &read, const ReadLimits &)
{
    return GoAway{read.integer("retryAfterMs")};
}

// In the order of the variant.
using Reader = Message (*)(Read &, const ReadLimits &);
constexpr Reader kReaders[] = {readHello,   readWelcome,  readAuth,        readSubscribe, readSnapshot, readEvents, readSynced,
                               readDiverged, readPush,    readAck,         readCursor,    readCursors,  readPresence,
                               readUnsubscribe, readRevoked, readWatch,    readHeads,     readWatching, readUnwatch,
                               readQuery,   readResult,   readPing,        readPong,      readError,    readGoAway};
static_assert(std::size(kReaders) == std::variant_size_v<MessageVariant>);

json::Object contentOf(const json::Value &message)
{
    json::Object content;
    for (const auto &[name, value] : message.get_object()) {
        if (name != "type" && name != "requestId" && name != "part" && name != "more" && name != "piece" && name != "code" &&
            name != "reason")
            content.emplace(name, value);
    }
    return content;
}

} // namespace

Subscribe subscribeFrom(FieldReader &read, const DocumentId &documentId)
{
    Subscribe subscribe;
    subscribe.documentId = documentId;
    subscribe.collection = ifThere<CollectionName>(read, "collection", [&](std::string_view n) { return read.collection(n); });
    subscribe.afterSeq = optionalNumber<ServerSeq>(read, "afterSeq");
    subscribe.chain = ifThere<Digest>(read, "chain", [&](std::string_view n) { return read.digest(n); });
    subscribe.vectorClock = vectorClock(read);
    if (subscribe.afterSeq && subscribe.vectorClock)
        read.fail({ErrorCode::InvalidMessage, "afterSeq or vectorClock, not both"}, "vectorClock");
    if (subscribe.afterSeq && subscribe.afterSeq->value() > 0 && !subscribe.chain)
        read.fail({ErrorCode::InvalidMessage, "a position comes with its chain"}, "chain");
    subscribe.checkpoints = optionalList<Checkpoint>(read, "checkpoints", checkpointFrom);
    checkCount(read, "checkpoints", subscribe.checkpoints, limits::kCheckpointsPerSubscribe);
    subscribe.pending = optionalList<PendingId>(read, "pending", pendingFrom);
    checkCount(read, "pending", subscribe.pending, limits::kPendingIdsPerSubscribe);
    return subscribe;
}

Result<Message> messageFrom(const json::Value &value, const ReadLimits &limits)
{
    FieldReader read(value);
    const std::string type = read.text("type");
    EVENTSYNC_CHECK(read.finish(UnknownFields::Ignore));
    const auto index = messageIndex(type);
    if (!index)
        return failure(ErrorCode::UnknownMessage, "no message has this type", "/type");
    Message message = kReaders[*index](read, limits);
    EVENTSYNC_CHECK(read.finish(UnknownFields::Ignore));
    if (auto *result = std::get_if<QueryResult>(&message))
        result->content = contentOf(value);
    return message;
}

} // namespace eventsync::protocol
