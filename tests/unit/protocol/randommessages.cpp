// SPDX-License-Identifier: Apache-2.0
#include "randommessages.h"

#include <eventsync/base/digest.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/value.h>

namespace eventsync::test {

using namespace eventsync::protocol;

namespace {

template<class T>
bool is(std::size_t type)
{
    static const std::size_t index = Message(T{}).index();
    return type == index;
}

} // namespace

RandomMessages::RandomMessages(std::uint64_t seed) : m_random(seed), m_ids(m_clock, m_random) {}

std::int64_t RandomMessages::number()
{
    static constexpr std::int64_t kEdges[] = {1, 23, 24, 255, 256, 65'535, 65'536, 4'294'967'295, 4'294'967'296, limits::kMaxInteger};
    return maybe() ? kEdges[m_random.below(std::size(kEdges))] : 1 + static_cast<std::int64_t>(m_random.below(1000));
}

std::string RandomMessages::text()
{
    static const char *const kPieces[] = {"a", "\"", "\\", "/", "~", "\n", "\x01", "ß", "€", "\xEF\xBF\xBD", "😀", "", "long enough for a longer head"};
    std::string text;
    for (auto n = m_random.below(5); n > 0; --n)
        text += kPieces[m_random.below(std::size(kPieces))];
    return text;
}

DocumentId RandomMessages::documentId()
{
    return DocumentId("doc~" + std::to_string(m_random.below(100)));
}

ClientId RandomMessages::clientId()
{
    return ClientId("client." + std::to_string(m_random.below(100)));
}

VectorClock RandomMessages::clock()
{
    VectorClock clock;
    for (auto n = m_random.below(4); n > 0; --n)
        clock.set(clientId(), ClientSeq(number()));
    return clock;
}

Timestamp RandomMessages::time()
{
    return Timestamp(static_cast<std::int64_t>(m_random.below(4'000'000'000'000)));
}

json::Pointer RandomMessages::pointer()
{
    std::vector<std::string> tokens;
    for (auto n = m_random.below(3); n > 0; --n)
        tokens.push_back(text());
    return json::Pointer(std::move(tokens));
}

std::vector<json::Pointer> RandomMessages::pointers()
{
    std::vector<json::Pointer> list;
    for (auto n = m_random.below(3); n > 0; --n)
        list.push_back(pointer());
    return list;
}

json::Filter RandomMessages::filter()
{
    const json::Object condition{{"path", pointer().toText()}, {"op", "eq"}, {"value", value(2)}};
    return *json::Filter::fromJson(json::Object{{maybe() ? "all" : "any", json::Array{condition}}});
}

json::Object RandomMessages::object(int depth)
{
    json::Object object;
    for (auto n = m_random.below(5); n > 0; --n)
        object.insert_or_assign(text(), value(depth - 1));
    return object;
}

json::Value RandomMessages::value(int depth)
{
    static constexpr double kDoubles[] = {0.5, -1.5, 0.1, 1e300, 5e-324, 1e-7, 65504.5, 5.960464477539063e-8, 3.4028234663852886e38, 9007199254740992.0};
    switch (m_random.below(depth > 0 ? 8 : 6)) {
    case 0:
        return nullptr;
    case 1:
        return maybe();
    case 2:
        return number();
    case 3:
        return -number();
    case 4:
        return kDoubles[m_random.below(std::size(kDoubles))];
    case 5:
        return json::Value(text());
    case 6: {
        json::Array list;
        for (auto n = m_random.below(30); n > 0; --n)
            list.push_back(value(depth - 1));
        return list;
    }
    default:
        return object(depth);
    }
}

Diff RandomMessages::diff()
{
    if (m_random.below(4) == 0)
        return Diff(CrdtPatchBytes{text()});
    json::Patch patch;
    for (auto n = m_random.below(3); n > 0; --n)
        patch.append({.kind = json::OperationKind::Add, .path = pointer(), .from = {}, .value = value(3)});
    return Diff(std::move(patch));
}

Event RandomMessages::event(const DocumentId &documentId, EventForm form)
{
    Event event;
    event.id = id();
    event.documentId = documentId;
    event.collection = CollectionName("games");
    event.operation = static_cast<Operation>(m_random.below(3));
    event.clientId = clientId();
    event.clientSeq = ClientSeq(number());
    event.baseSeq = ServerSeq(number() - 1);
    event.author = optionalText();
    event.timestamp = time();
    event.diff = diff();
    event.metadata = optional<json::Object>([this] { return object(2); });
    if (form == EventForm::Logged) {
        event.serverSeq = ServerSeq(number());
        event.storedAt = time();
        event.salt = optionalText();
    } else {
        event.onOverlap = optional<OnOverlap>([this] { return static_cast<OnOverlap>(m_random.below(3)); });
    }
    return event;
}

CollectionPolicy RandomMessages::policy()
{
    CollectionPolicy policy;
    policy.setMerge(maybe() ? MergeRule::Strict : MergeRule::Fields);
    policy.setRedaction(maybe());
    if (maybe())
        policy.setSchema(json::Object{{"type", "object"}, {"x", value(2)}});
    for (auto n = m_random.below(3); n > 0; --n)
        policy.setPath({.path = pointer(), .rule = json::PathRule::Counter, .min = optionalNumber(), .max = limits::kMaxInteger});
    return policy;
}

Query RandomMessages::query()
{
    switch (m_random.below(5)) {
    case 0:
        return {text(), EventsQuery{documentId(), optionalSeq(), optionalSeq(), optionalNumber(),
                                    optional<ClientId>([this] { return clientId(); }), optional<json::Pointer>([this] { return pointer(); })}};
    case 1:
        return {text(), StateAtQuery{documentId(), ServerSeq(number())}};
    case 2:
        return {text(), StateVectorsQuery{documentId(), optional<ClientId>([this] { return clientId(); })}};
    case 3: {
        ListQuery list{.collection = CollectionName("games")};
        list.filter = optional<json::Filter>([this] { return filter(); });
        for (const auto &path : pointers())
            list.sort.push_back({path, maybe()});
        list.fields = pointers();
        list.limit = optionalNumber();
        list.pageToken = optionalText();
        return {text(), list};
    }
    default:
        return {text(), StatsQuery{}};
    }
}

Message RandomMessages::documentMessage(std::size_t type)
{
    const DocumentId document = documentId();
    if (is<Subscribe>(type)) {
        Subscribe subscribe{.documentId = document};
        if (maybe()) {
            subscribe.afterSeq = ServerSeq(number());
            subscribe.chain = digest();
        } else {
            subscribe.vectorClock = clock();
        }
        subscribe.collection = optional<CollectionName>([] { return CollectionName("games"); });
        for (auto n = m_random.below(3); n > 0; --n)
            subscribe.checkpoints.push_back({ServerSeq(number()), digest()});
        for (auto n = m_random.below(3); n > 0; --n)
            subscribe.pending.push_back({id(), id()});
        subscribe.clocks = maybe();
        subscribe.snapshotPart = optionalNumber();
        return subscribe;
    }
    if (is<Snapshot>(type)) {
        Snapshot snapshot{.documentId = document, .kind = maybe() ? DocumentKind::Json : DocumentKind::Crdt};
        snapshot.position = {ServerSeq(number()), digest()};
        snapshot.parts = number();
        snapshot.part = 1 + static_cast<std::int64_t>(m_random.below(static_cast<std::uint64_t>(snapshot.parts)));
        for (auto n = m_random.below(3); n > 0; --n)
            snapshot.known.push_back({id(), id(), ServerSeq(number())});
        if (maybe())
            snapshot.state = value(4);
        else if (maybe())
            snapshot.bytes = text();
        else
            snapshot.deleted = true;
        snapshot.sha256 = digest();
        snapshot.vectorClock = clock();
        return snapshot;
    }
    if (is<Events>(type)) {
        Events events{document, {}, digest()};
        for (auto n = m_random.below(4); n > 0; --n) {
            EventItem item{.event = std::make_shared<const Event>(event(document, EventForm::Logged))};
            if (maybe())
                item.canonical = std::make_shared<const Bytes>(canonicalBytes(*item.event, EventForm::Logged));
            item.vectorClock = optional<VectorClock>([this] { return clock(); });
            events.events.push_back(std::move(item));
        }
        return events;
    }
    if (is<Synced>(type))
        return Synced{.documentId = document,
                      .position = {ServerSeq(number()), digest()},
                      .horizon = ServerSeq(number()),
                      .clientSeq = ClientSeq(number()),
                      .permission = static_cast<Permission>(m_random.below(2)),
                      .policy = optional<CollectionPolicy>([this] { return policy(); }),
                      .vectorClock = optional<VectorClock>([this] { return clock(); })};
    if (is<Push>(type)) {
        Push push{BatchId(number()), document, {}};
        for (auto n = m_random.below(4); n > 0; --n)
            push.events.push_back(std::make_shared<const Event>(event(document, EventForm::Pushed)));
        return push;
    }
    if (is<Ack>(type)) {
        Ack ack{BatchId(number()), document, {}};
        for (auto n = m_random.below(4); n > 0; --n)
            ack.results.push_back({id(), ClientSeq(number()), static_cast<AckStatus>(m_random.below(6)), optionalSeq(), optionalSeq(),
                                   optional<ErrorCode>([this] { return static_cast<ErrorCode>(m_random.below(44)); }), optionalText(),
                                   optionalText()});
        return ack;
    }
    if (is<Cursors>(type)) {
        Cursors cursors{document, {}};
        for (auto n = m_random.below(4); n > 0; --n)
            cursors.cursors.push_back({clientId(), document, ServerSeq(number()), clock(), time()});
        return cursors;
    }
    if (is<Presence>(type))
        return Presence{document, clientId(), maybe() ? json::Value() : json::Value(text())};
    if (is<Diverged>(type))
        return Diverged{document, ServerSeq(number()), ServerSeq(number())};
    if (is<Cursor>(type))
        return Cursor{document, ServerSeq(number())};
    if (is<Unsubscribe>(type))
        return Unsubscribe{document};
    return Revoked{document, text()};
}

Message RandomMessages::otherMessage(std::size_t type)
{
    const CollectionName games("games");
    if (is<Hello>(type))
        return Hello{.clientId = clientId(), .clientSecret = optionalText(), .token = optionalText(), .userAgent = text(), .capabilities = {text()}};
    if (is<Welcome>(type))
        return Welcome{.epoch = text(), .serverTime = time(), .durability = text(), .heartbeatMs = number(),
                       .limits = {number(), number(), number(), number(), number(), number()}, .tokenExpiresInMs = optionalNumber()};
    if (is<Auth>(type))
        return Auth{text()};
    if (is<Watch>(type))
        return Watch{games, optional<json::Filter>([this] { return filter(); }), pointers(), optionalText()};
    if (is<Heads>(type)) {
        Heads heads{games, {}};
        for (auto n = m_random.below(4); n > 0; --n)
            heads.heads.push_back({documentId(), ServerSeq(number()), maybe(), optional<json::Value>([this] { return value(2); }),
                                   optional<ErrorCode>([] { return ErrorCode::TooLarge; })});
        return heads;
    }
    if (is<Watching>(type))
        return Watching{games, text(), maybe()};
    if (is<Unwatch>(type))
        return Unwatch{games};
    if (is<Query>(type))
        return query();
    if (is<QueryResult>(type)) {
        QueryResult result{.requestId = text(), .part = number(), .more = maybe()};
        if (maybe())
            result.content = json::Object{{"state", value(3)}, {"serverSeq", number()}};
        else
            result.code = ErrorCode::NotFound;
        result.piece = optionalText();
        result.reason = optionalText();
        return result;
    }
    if (is<Ping>(type))
        return Ping{number()};
    if (is<Pong>(type))
        return Pong{number()};
    if (is<ErrorMessage>(type))
        return ErrorMessage{static_cast<ErrorCode>(m_random.below(43)), text(), static_cast<ErrorScope>(m_random.below(3)),
                            optional<DocumentId>([this] { return documentId(); }), optionalNumber(), optionalText()};
    return GoAway{number()};
}

Message RandomMessages::next(std::size_t type)
{
    const bool ofDocument = is<Subscribe>(type) || is<Snapshot>(type) || is<Events>(type) || is<Synced>(type) || is<Push>(type) ||
                            is<Ack>(type) || is<Cursors>(type) || is<Presence>(type) || is<Diverged>(type) || is<Cursor>(type) ||
                            is<Unsubscribe>(type) || is<Revoked>(type);
    return ofDocument ? documentMessage(type) : otherMessage(type);
}

} // namespace eventsync::test
