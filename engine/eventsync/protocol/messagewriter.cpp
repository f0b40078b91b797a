// SPDX-License-Identifier: Apache-2.0
#include <eventsync/protocol/messagewriter.h>

#include <eventsync/base/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/protocol/names_p.h>

#include <concepts>

namespace eventsync::protocol {

namespace {

using json::Array;
using json::Object;
using json::Value;

// ---- one value in its JSON form

template<class Tag>
Value valueOf(const StrongString<Tag> &text)
{
    return Value(text.text());
}
template<class Tag>
Value valueOf(StrongNumber<Tag> number)
{
    return Value(number.value());
}
Value valueOf(const std::string &text)
{
    return Value(text);
}
// Flags and numbers are templates, which convert no other type: a plain overload for numbers would accept a flag and write
// `true` as 1.
template<std::same_as<bool> Flag>
Value valueOf(Flag flag)
{
    return Value(flag);
}
template<std::same_as<std::int64_t> Number>
Value valueOf(Number number)
{
    return Value(number);
}
Value valueOf(Timestamp time)
{
    return Value(toText(time));
}
Value valueOf(const Digest &digest)
{
    return Value(digest.toHex());
}
Value valueOf(const VectorClock &clock)
{
    return clock.toJson();
}
Value valueOf(const CollectionPolicy &policy)
{
    return policy.toJson();
}
Value valueOf(const json::Filter &filter)
{
    return filter.toJson();
}
Value valueOf(const json::Pointer &pointer)
{
    return Value(pointer.toText());
}
Value valueOf(const json::SortKey &key)
{
    return Value((key.descending ? "-" : "") + key.path.toText());
}
Value valueOf(ErrorCode code)
{
    return Value(errorName(code));
}
Value valueOf(const Value &value)
{
    return value;
}

template<class T>
void putOptional(Object &object, std::string_view name, const std::optional<T> &value)
{
    if (value)
        object.emplace(name, valueOf(*value));
}

Value valueOf(const Checkpoint &checkpoint)
{
    return Array{checkpoint.serverSeq.value(), checkpoint.chain.toHex()};
}
Value valueOf(const PendingId &pending)
{
    return Array{pending.first.toText(), pending.current.toText()};
}
Value valueOf(const KnownId &known)
{
    return Array{known.asked.toText(), known.logged.toText(), known.serverSeq.value()};
}
Value valueOf(const Head &head)
{
    Object object{{"documentId", head.documentId.text()}, {"serverSeq", head.serverSeq.value()}};
    if (head.deleted)
        object.emplace("deleted", true);
    putOptional(object, "fields", head.fields);
    putOptional(object, "code", head.code);
    return object;
}
Value valueOf(const AckResult &result)
{
    Object object{{"id", result.id.toText()},
                  {"clientSeq", result.clientSeq.value()},
                  {"status", names::nameOf(result.status, names::kAckStatuses)}};
    putOptional(object, "serverSeq", result.serverSeq);
    putOptional(object, "head", result.head);
    putOptional(object, "code", result.code);
    putOptional(object, "reason", result.reason);
    putOptional(object, "path", result.path);
    return object;
}
Value valueOf(const EventItem &item)
{
    Value event;
    if (item.event) {
        event = toJson(*item.event, EventForm::Logged);
    } else if (item.canonical) {
        // Bytes from the log. The reader of the log reports damage; if it is met here, the event becomes null, which the peer
        // refuses with InvalidMessage.
        if (auto parsed = json::parse(*item.canonical, {.bytes = limits::kFrameBytes,
                                                        .depth = limits::kDepth + limits::kEventDepthExtra}))
            event = std::move(*parsed);
    }
    if (!item.vectorClock)
        return event;
    return Object{{"event", std::move(event)}, {"vectorClock", item.vectorClock->toJson()}};
}
Value valueOf(const EventPtr &event)
{
    return toJson(*event, EventForm::Pushed);
}

template<class T>
Array listOf(const std::vector<T> &values)
{
    Array list;
    list.reserve(values.size());
    for (const T &value : values)
        list.push_back(valueOf(value));
    return list;
}

template<class T>
void putList(Object &object, std::string_view name, const std::vector<T> &values)
{
    if (!values.empty())
        object.emplace(name, listOf(values));
}

// ---- one message

// Large because each kind of message has a function.
class Writer
{
public:
    explicit Writer(Object &object) : m_object(object) {}

    void operator()(const Hello &hello)
    {
        put("protocol", std::int64_t(hello.protocol));
        put("clientId", hello.clientId);
        putOptional(m_object, "clientSecret", hello.clientSecret);
        putOptional(m_object, "token", hello.token);
        put("userAgent", hello.userAgent);
        m_object.emplace("capabilities", listOf(hello.capabilities));
    }
    void operator()(const Welcome &welcome)
    {
        const WireLimits &granted = welcome.limits;
        put("protocol", std::int64_t(welcome.protocol));
        put("epoch", welcome.epoch);
        put("serverTime", welcome.serverTime);
        put("durability", welcome.durability);
        put("heartbeatMs", welcome.heartbeatMs);
        m_object.emplace("limits", Object{{"documentBytes", granted.documentBytes},
                                          {"eventBytes", granted.eventBytes},
                                          {"frameBytes", granted.frameBytes},
                                          {"inFlight", granted.inFlight},
                                          {"documentsPerConnection", granted.documentsPerConnection},
                                          {"presenceBytes", granted.presenceBytes}});
        putOptional(m_object, "tokenExpiresInMs", welcome.tokenExpiresInMs);
    }
    void operator()(const Auth &auth) { put("token", auth.token); }
    void operator()(const Subscribe &subscribe)
    {
        put("documentId", subscribe.documentId);
        putOptional(m_object, "collection", subscribe.collection);
        putOptional(m_object, "afterSeq", subscribe.afterSeq);
        putOptional(m_object, "chain", subscribe.chain);
        putOptional(m_object, "vectorClock", subscribe.vectorClock);
        putList(m_object, "checkpoints", subscribe.checkpoints);
        putList(m_object, "pending", subscribe.pending);
        if (subscribe.clocks)
            put("clocks", true);
        putOptional(m_object, "snapshotPart", subscribe.snapshotPart);
    }
    void operator()(const Snapshot &snapshot)
    {
        put("documentId", snapshot.documentId);
        putOptional(m_object, "collection", snapshot.collection);
        m_object.emplace("kind", documentKindName(snapshot.kind));
        put(snapshot.position);
        putList(m_object, "known", snapshot.known);
        put("part", snapshot.part);
        put("parts", snapshot.parts);
        putOptional(m_object, "sha256", snapshot.sha256);
        if (snapshot.deleted)
            put("deleted", true);
        putOptional(m_object, "state", snapshot.state);
        if (snapshot.bytes)
            m_object.emplace("bytes", toBase64Url(*snapshot.bytes));
        if (!snapshot.vectorClock.isEmpty())
            put("vectorClock", snapshot.vectorClock);
    }
    void operator()(const Events &events)
    {
        put("documentId", events.documentId);
        m_object.emplace("events", listOf(events.events));
        put("chain", events.chain);
    }
    void operator()(const Synced &synced)
    {
        put("documentId", synced.documentId);
        put(synced.position);
        put("horizon", synced.horizon);
        put("clientSeq", synced.clientSeq);
        m_object.emplace("permission", names::nameOf(synced.permission, names::kPermissions));
        putOptional(m_object, "policy", synced.policy);
        putOptional(m_object, "vectorClock", synced.vectorClock);
    }
    void operator()(const Diverged &diverged)
    {
        put("documentId", diverged.documentId);
        put("commonSeq", diverged.commonSeq);
        put("serverSeq", diverged.serverSeq);
    }
    void operator()(const Push &push)
    {
        put("batchId", push.batchId);
        put("documentId", push.documentId);
        m_object.emplace("events", listOf(push.events));
    }
    void operator()(const Ack &ack)
    {
        put("batchId", ack.batchId);
        put("documentId", ack.documentId);
        m_object.emplace("results", listOf(ack.results));
    }
    void operator()(const Cursor &cursor)
    {
        put("documentId", cursor.documentId);
        put("serverSeq", cursor.serverSeq);
    }
    void operator()(const Cursors &cursors)
    {
        put("documentId", cursors.documentId);
        Array list;
        for (const StateVector &vector : cursors.cursors) {
            list.push_back(Object{{"clientId", vector.clientId.text()},
                                  {"serverSeq", vector.serverSeq.value()},
                                  {"vectorClock", vector.vectorClock.toJson()},
                                  {"at", toText(vector.lastUpdated)}});
        }
        m_object.emplace("cursors", std::move(list));
    }
    void operator()(const Presence &presence)
    {
        put("documentId", presence.documentId);
        put("clientId", presence.clientId);
        put("state", presence.state);
    }
    void operator()(const Unsubscribe &unsubscribe) { put("documentId", unsubscribe.documentId); }
    void operator()(const Revoked &revoked)
    {
        put("documentId", revoked.documentId);
        put("reason", revoked.reason);
    }
    void operator()(const Watch &watch)
    {
        put("collection", watch.collection);
        putOptional(m_object, "filter", watch.filter);
        putList(m_object, "fields", watch.fields);
        putOptional(m_object, "since", watch.since);
    }
    void operator()(const Heads &heads)
    {
        put("collection", heads.collection);
        m_object.emplace("heads", listOf(heads.heads));
    }
    void operator()(const Watching &watching)
    {
        put("collection", watching.collection);
        put("token", watching.token);
        if (watching.full)
            put("full", true);
    }
    void operator()(const Unwatch &unwatch) { put("collection", unwatch.collection); }
    void operator()(const Query &query)
    {
        put("requestId", query.requestId);
        std::visit(*this, query.query);
    }
    void operator()(const EventsQuery &query)
    {
        put("kind", std::string("events"));
        put("documentId", query.documentId);
        putOptional(m_object, "after", query.after);
        putOptional(m_object, "before", query.before);
        putOptional(m_object, "limit", query.limit);
        putOptional(m_object, "clientId", query.clientId);
        putOptional(m_object, "path", query.path);
    }
    void operator()(const StateAtQuery &query)
    {
        put("kind", std::string("stateAt"));
        put("documentId", query.documentId);
        put("serverSeq", query.serverSeq);
    }
    void operator()(const StateVectorsQuery &query)
    {
        put("kind", std::string("stateVectors"));
        put("documentId", query.documentId);
        putOptional(m_object, "after", query.after);
    }
    void operator()(const ListQuery &query)
    {
        put("kind", std::string("list"));
        put("collection", query.collection);
        putOptional(m_object, "filter", query.filter);
        putList(m_object, "sort", query.sort);
        putList(m_object, "fields", query.fields);
        putOptional(m_object, "limit", query.limit);
        putOptional(m_object, "pageToken", query.pageToken);
    }
    void operator()(const StatsQuery &) { put("kind", std::string("stats")); }
    void operator()(const QueryResult &result)
    {
        for (const auto &[name, value] : result.content)
            m_object.insert_or_assign(name, value);
        m_object.insert_or_assign("type", "result"); // the message's own members cannot be overwritten by the content
        m_object.insert_or_assign("requestId", result.requestId);
        m_object.insert_or_assign("part", result.part);
        m_object.insert_or_assign("more", result.more);
        if (result.piece)
            m_object.insert_or_assign("piece", *result.piece);
        if (result.code)
            m_object.insert_or_assign("code", errorName(*result.code));
        if (result.reason)
            m_object.insert_or_assign("reason", *result.reason);
    }
    void operator()(const Ping &ping) { put("n", ping.n); }
    void operator()(const Pong &pong) { put("n", pong.n); }
    void operator()(const ErrorMessage &error)
    {
        put("code", error.code);
        put("message", error.message);
        m_object.emplace("scope", names::nameOf(error.scope, names::kErrorScopes));
        putOptional(m_object, "documentId", error.documentId);
        putOptional(m_object, "retryAfterMs", error.retryAfterMs);
        putOptional(m_object, "action", error.action);
    }
    void operator()(const GoAway &goAway) { put("retryAfterMs", goAway.retryAfterMs); }

private:
    template<class T>
    void put(std::string_view name, const T &value)
    {
        m_object.emplace(name, valueOf(value));
    }
    void put(const Position &position)
    {
        put("serverSeq", position.serverSeq);
        put("chain", position.chain);
    }

    Object &m_object;
};

} // namespace

json::Object toObject(const Message &message)
{
    json::Object object{{"type", messageType(message)}};
    std::visit(Writer(object), message);
    return object;
}

} // namespace eventsync::protocol
