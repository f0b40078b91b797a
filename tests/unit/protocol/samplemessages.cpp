// SPDX-License-Identifier: Apache-2.0
#include "samplemessages.h"

#include <eventsync/base/digest.h>

namespace eventsync::test {

namespace {

using namespace eventsync::protocol;

const DocumentId kHero("hero-1");
const CollectionName kGames("games");
const ClientId kAlice("alice-laptop"), kBob("bob.phone");
const Timestamp kNow(1'763'717'400'000);

EventId id(int n)
{
    const std::string last = std::to_string(n);
    return *eventIdFrom("019a9b1c-7c00-7abc-8def-" + std::string(12 - last.size(), '0') + last);
}

json::Value value(std::string_view text)
{
    return *json::parse(text);
}

Event pushedEvent()
{
    Event event;
    event.id = id(1);
    event.documentId = kHero;
    event.collection = kGames;
    event.operation = Operation::Update;
    event.clientId = kAlice;
    event.clientSeq = ClientSeq(7);
    event.baseSeq = ServerSeq(41);
    event.timestamp = kNow;
    event.diff = Diff(*json::Patch::fromJson(value(R"([{"op":"test","path":"/name","value":"Zoë"},{"op":"inc","path":"/gold","value":-50},
        {"op":"max","path":"/lastUpdated","value":"2026-11-21T09:30:00.000Z"},{"op":"add","path":"/a~1b/~0","value":[1.5,1e-7,true,null,"\u0001"]},
        {"op":"move","from":"/x","path":"/y"},{"op":"copy","from":"/y","path":"/z"},{"op":"remove","path":"/y"},{"op":"replace","path":"/level","value":65536}])")));
    return event;
}

Event loggedEvent(int n)
{
    Event event = pushedEvent();
    event.id = id(n);
    event.serverSeq = ServerSeq(41 + n);
    event.storedAt = Timestamp(kNow.value() + 120);
    event.diff = Diff(*json::Patch::fromJson(value(R"([{"op":"inc","path":"/gold","value":5}])")));
    return event;
}

EventItem itemOf(Event event)
{
    return {.event = std::make_shared<const Event>(std::move(event))};
}

void addHandshake(std::vector<SampleMessage> &samples)
{
    samples.push_back({"hello", Hello{.clientId = kAlice,
                                      .clientSecret = "s3cret",
                                      .token = "t0ken",
                                      .userAgent = "EventSync/0.1 (tests)",
                                      .capabilities = {"vectorClock"}}});
    samples.push_back({"hello-sparse", Hello{.clientId = kBob}});
    samples.push_back({"welcome", Welcome{.epoch = "e-1",
                                          .serverTime = kNow,
                                          .durability = "full",
                                          .heartbeatMs = 15000,
                                          .limits = {4'194'304, 1'048'576, 2'097'152, 64, 10'000, 4096},
                                          .tokenExpiresInMs = 3'600'000}});
    samples.push_back({"auth", Auth{"t1ken"}});
    samples.push_back({"ping", Ping{23}});
    samples.push_back({"pong", Pong{24}});
    samples.push_back({"error", ErrorMessage{.code = ErrorCode::RateLimited,
                                             .message = "too many",
                                             .scope = ErrorScope::Document,
                                             .documentId = kHero,
                                             .retryAfterMs = 1000,
                                             .action = "wait"}});
    samples.push_back({"error-sparse", ErrorMessage{.code = ErrorCode::InvalidValue, .message = "", .scope = ErrorScope::Message}});
    samples.push_back({"goaway", GoAway{5000}});
}

void addSubscription(std::vector<SampleMessage> &samples)
{
    samples.push_back({"subscribe", Subscribe{.documentId = kHero,
                                              .collection = kGames,
                                              .afterSeq = ServerSeq(41),
                                              .chain = sha256("41"),
                                              .checkpoints = {{ServerSeq(20), sha256("20")}, {ServerSeq(10), sha256("10")}},
                                              .pending = {{id(1), id(2)}, {id(3), id(3)}},
                                              .clocks = true,
                                              .snapshotPart = 3}});
    samples.push_back({"subscribe-clock",
                       Subscribe{.documentId = kHero, .vectorClock = VectorClock({{kAlice, ClientSeq(6)}, {kBob, ClientSeq(300)}})}});
    samples.push_back({"subscribe-start", Subscribe{.documentId = kHero, .afterSeq = ServerSeq(0)}});
    samples.push_back({"snapshot-state", Snapshot{.documentId = kHero,
                                                  .collection = kGames,
                                                  .position = {ServerSeq(41), sha256("41")},
                                                  .known = {{id(1), id(2), ServerSeq(40)}},
                                                  .state = value(R"({"name":"Zoë","gold":5,"ratio":0.1})"),
                                                  .vectorClock = VectorClock({{kAlice, ClientSeq(6)}})}});
    samples.push_back({"snapshot-null", Snapshot{.documentId = kHero, .position = {ServerSeq(41), sha256("41")}, .state = json::Value()}});
    samples.push_back({"snapshot-deleted", Snapshot{.documentId = kHero, .position = {ServerSeq(41), sha256("41")}, .deleted = true}});
    samples.push_back({"snapshot-part", Snapshot{.documentId = kHero,
                                                 .kind = DocumentKind::Crdt,
                                                 .position = {ServerSeq(41), sha256("41")},
                                                 .part = 2,
                                                 .parts = 3,
                                                 .sha256 = sha256("all"),
                                                 .bytes = Bytes("\x00\xFF{part\x80", 8)}});
    samples.push_back({"diverged", Diverged{kHero, ServerSeq(0), ServerSeq(77)}});
    samples.push_back({"synced", Synced{.documentId = kHero,
                                        .position = {ServerSeq(42), sha256("42")},
                                        .horizon = ServerSeq(1),
                                        .clientSeq = ClientSeq(7),
                                        .permission = Permission::Read,
                                        .policy = CollectionPolicy::games(),
                                        .vectorClock = VectorClock({{kAlice, ClientSeq(7)}})}});
    samples.push_back({"unsubscribe", Unsubscribe{kHero}});
    samples.push_back({"revoked", Revoked{kHero, "no longer yours"}});
}

void addEvents(std::vector<SampleMessage> &samples)
{
    Event create = loggedEvent(1);
    create.operation = Operation::Create;
    create.author = "Alice \"A\"";
    create.diff = Diff(*json::Patch::fromJson(value(R"([{"op":"add","path":"","value":{"gold":0}}])")));
    Event salted = loggedEvent(2);
    salted.salt = Bytes("0123456789abcdef");
    salted.metadata = value(R"({"madeAt":40,"replaces":["019a9b1c-7c00-7abc-8def-000000000001","019a9b1c-7c00-7abc-8def-000000000001"]})").get_object();
    Event crdt = loggedEvent(3);
    crdt.diff = Diff(CrdtPatchBytes{Bytes("\x01\x02\xFB", 3)});
    Event removed = loggedEvent(4);
    removed.operation = Operation::Delete;
    removed.diff = Diff();
    samples.push_back({"events", Events{kHero, {itemOf(create), itemOf(salted), itemOf(crdt), itemOf(removed)}, sha256("45")}});
    EventItem clocked = itemOf(loggedEvent(5));
    clocked.vectorClock = VectorClock({{kAlice, ClientSeq(7)}});
    samples.push_back({"events-clock", Events{kHero, {clocked}, sha256("46")}});
    samples.push_back({"events-empty", Events{kHero, {}, sha256("46")}});

    Event decided = pushedEvent();
    decided.id = id(6);
    decided.onOverlap = OnOverlap::Theirs;
    samples.push_back({"push", Push{BatchId(3), kHero,
                                    {std::make_shared<const Event>(pushedEvent()), std::make_shared<const Event>(decided)}}});
    samples.push_back({"ack", Ack{BatchId(3), kHero,
                                  {{.id = id(1), .clientSeq = ClientSeq(7), .status = AckStatus::Applied, .serverSeq = ServerSeq(42)},
                                   {.id = id(2), .clientSeq = ClientSeq(8), .status = AckStatus::Merged, .serverSeq = ServerSeq(43)},
                                   {.id = id(3), .clientSeq = ClientSeq(9), .status = AckStatus::Duplicate, .serverSeq = ServerSeq(12)},
                                   {.id = id(4), .clientSeq = ClientSeq(10), .status = AckStatus::Conflict, .head = ServerSeq(44)},
                                   {.id = id(5), .clientSeq = ClientSeq(11), .status = AckStatus::Rejected, .code = ErrorCode::PatchFailed,
                                    .reason = "no value", .path = "/gold"},
                                   {.id = id(6), .clientSeq = ClientSeq(12), .status = AckStatus::Skipped}}}});
    samples.push_back({"cursor", Cursor{kHero, ServerSeq(42)}});
    samples.push_back({"cursors", Cursors{kHero, {{kAlice, kHero, ServerSeq(42), VectorClock({{kAlice, ClientSeq(7)}}), kNow}}}});
    samples.push_back({"presence", Presence{kHero, kAlice, value(R"({"at":"/gold"})")}});
    samples.push_back({"presence-gone", Presence{kHero, ClientId("rest:server"), {}}});
}

void addCollections(std::vector<SampleMessage> &samples)
{
    const auto filter = json::Filter::fromJson(value(R"({"all":[{"path":"/gold","op":"ge","value":100}]})"));
    const json::Pointer name({"name"}), gold({"gold"});
    samples.push_back({"watch", Watch{kGames, *filter, {name, gold}, "tok"}});
    samples.push_back({"watch-sparse", Watch{kGames}});
    samples.push_back({"heads", Heads{kGames, {{.documentId = kHero, .serverSeq = ServerSeq(42), .fields = value(R"({"gold":5})")},
                                               {.documentId = DocumentId("gone"), .serverSeq = ServerSeq(9), .deleted = true}}}});
    samples.push_back({"heads-large", Heads{kGames, {{.documentId = kHero, .serverSeq = ServerSeq(42), .code = ErrorCode::TooLarge}}}});
    samples.push_back({"watching", Watching{kGames, "tok2"}});
    samples.push_back({"watching-full", Watching{kGames, "tok2", true}});
    samples.push_back({"unwatch", Unwatch{kGames}});
    samples.push_back({"query-events", Query{"q1", EventsQuery{kHero, ServerSeq(1), ServerSeq(40), 10, kAlice, gold}}});
    samples.push_back({"query-state", Query{"q2", StateAtQuery{kHero, ServerSeq(5)}}});
    samples.push_back({"query-vectors", Query{"q3", StateVectorsQuery{kHero}}});
    samples.push_back({"query-vectors-after", Query{"q3", StateVectorsQuery{kHero, kAlice}}});
    samples.push_back({"query-list", Query{"q4", ListQuery{kGames, *filter, {{gold, true}, {name, false}}, {name}, 50, "page"}}});
    samples.push_back({"query-stats", Query{"q5", StatsQuery{}}});
    json::Object content;
    content.emplace("state", value(R"({"gold":5})"));
    content.emplace("serverSeq", 5);
    samples.push_back({"result", QueryResult{.requestId = "q2", .part = 2, .more = true, .content = content}});
    samples.push_back({"result-piece", QueryResult{.requestId = "q4", .part = 2, .more = true, .piece = R"(":"가\"","version":1})"}});
    json::Object events;
    Event crdt = loggedEvent(3);
    crdt.diff = Diff(CrdtPatchBytes{Bytes("\x01\x02\xFB", 3)});
    events.emplace("events", json::Array{toJson(crdt, EventForm::Logged)});
    samples.push_back({"result-events", QueryResult{.requestId = "q1", .content = events}});
    samples.push_back({"result-error", QueryResult{.requestId = "q2", .code = ErrorCode::Compacted, .reason = "below the horizon"}});
}

} // namespace

std::vector<SampleMessage> sampleMessages()
{
    std::vector<SampleMessage> samples;
    addHandshake(samples);
    addSubscription(samples);
    addEvents(samples);
    addCollections(samples);
    return samples;
}

} // namespace eventsync::test
