// SPDX-License-Identifier: Apache-2.0
#include "catchuptest.h"

#include "rig.h"

#include <support/largelog.h>

#include <eventsync/base/limits.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/model/chain.h>
#include <eventsync/protocol/codec.h>

#include <QTest>

#include <algorithm>
#include <functional>
#include <set>

namespace eventsync::sync::test {

namespace {

// Changes the row of one event of the only document behind everybody's back.
void damage(Rig &rig, std::int64_t seq, const std::function<storage::Batch(storage::Row)> &change)
{
    std::optional<storage::Row> row;
    {
        const auto view = rig.backend.view();
        row = (*view)->getBy(eventlog::sets::kEvents, "order", {std::int64_t(1), seq}).value();
    }
    QVERIFY(row.has_value());
    bool done = false;
    rig.backend.commit(change(*row), rig.executor, [&](const Result<storage::Committed> &committed) { done = committed.has_value(); });
    rig.run();
    QVERIFY(done);
}

} // namespace

// [architecture 11]
void CatchUpTest::anEventIsOneMessageForAll()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    Peer &bob = rig.follow("bob");
    Peer &carol = rig.follow("carol");
    rig.push(alice, {rig.create(alice)});
    QCOMPARE(bob.types().back(), std::string("events"));
    QCOMPARE(bob.received.back().get(), carol.received.back().get());
    const auto same = std::find(alice.received.begin(), alice.received.end(), bob.received.back());
    QVERIFY(same != alice.received.end()); // the author's own copy too, before its ack
    rig.say(carol, protocol::Unsubscribe{DocumentId("d1")});
    rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)});
    QCOMPARE(bob.eventSeqs(), range(1, 2));
    QCOMPARE(carol.eventSeqs(), range(1, 1));
}

void CatchUpTest::clocksStandBesideEvents()
{
    ServiceOptions options;
    options.snapshotEvery = 0;
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    writeMany(rig, 1'100); // further back than what is at hand
    Peer &bob = rig.connect();
    bob.client = ClientId("bob");
    rig.say(bob, protocol::Hello{.clientId = bob.client, .capabilities = {"vectorClock"}});
    rig.subscribe(bob);
    QCOMPARE(bob.eventSeqs(), range(1, 1'101));
    rig.push(alice, {rig.event(alice, 2, 1'101, Operation::Update, nameTo("a"))});
    VectorClock expected;
    for (const protocol::Events &events : bob.all<protocol::Events>()) {
        for (const protocol::EventItem &item : events.events) {
            expected.advance(eventOf(item).clientId, eventOf(item).clientSeq);
            QVERIFY(item.vectorClock.has_value());
            QVERIFY(*item.vectorClock == expected);
        }
    }
    QCOMPARE(bob.eventSeqs().back(), std::int64_t(1'102));
    QCOMPARE(bob.last<protocol::Synced>()->vectorClock->at(ClientId("server")), ClientSeq(1'100));
    QVERIFY(!alice.last<protocol::Events>()->events.front().vectorClock); // not asked for
}

// [G11]
void CatchUpTest::aVectorClockSubscriptionStartsAfterWhatItCovers()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    Peer &bob = rig.follow("bob");
    rig.push(bob, {rig.event(bob, 1, 1, Operation::Update, kGold5)});
    rig.push(alice, {rig.event(alice, 2, 2, Operation::Update, kGold5)});
    const auto ask = [&](std::map<ClientId, ClientSeq> known) {
        Peer &peer = rig.hello("reader");
        rig.say(peer, protocol::Subscribe{.documentId = DocumentId("d1"), .vectorClock = VectorClock(std::move(known))});
        return peer.last<protocol::Synced>() ? peer.eventSeqs() : range(0, 0);
    };
    const ClientId a("alice"), b("bob");
    QCOMPARE(ask({}), range(1, 3));
    QCOMPARE(ask({{a, ClientSeq(1)}}), range(2, 3));
    QCOMPARE(ask({{a, ClientSeq(2)}}), range(2, 3)); // a prefix has no holes
    QCOMPARE(ask({{a, ClientSeq(1)}, {b, ClientSeq(1)}}), range(3, 3));
    QVERIFY(ask({{a, ClientSeq(2)}, {b, ClientSeq(1)}}).empty());
}

// [G15]
void CatchUpTest::documentsTakeTurnsInCatchUp()
{
    ServiceOptions options;
    options.catchUpChunkBytes = 1'000;
    options.snapshotEvery = 0;
    Rig rig(options);
    for (const auto &document : std::vector<std::string>{"d1", "d2"}) {
        Peer &author = rig.follow("author-" + document, document);
        rig.push(author, {rig.create(author, 1, R"({"gold":0,"name":""})", document)});
        for (int i = 2; i <= 30; ++i)
            rig.push(author, {rig.event(author, i, i - 1, Operation::Update, kGold5, document)});
    }
    Peer &bob = rig.hello("bob");
    bob.slow = true;
    bob.unsent = limits::kUnsentHighWaterBytes;
    rig.subscribe(bob, "d1");
    rig.subscribe(bob, "d2");
    QVERIFY(bob.eventSeqs().empty());
    bob.slow = false;
    rig.service->drained(bob.id);
    rig.run();
    const auto chunks = bob.all<protocol::Events>();
    QVERIFY(chunks.size() > 10);
    for (std::size_t i = 1; i + 2 < chunks.size(); ++i)
        QVERIFY(chunks[i].documentId != chunks[i - 1].documentId);
    QCOMPARE(bob.all<protocol::Synced>().size(), std::size_t(2));
    QCOMPARE(bob.eventSeqs().size(), std::size_t(60));
}

void CatchUpTest::aWatchListsThousandsAndTellsWhatLeavesTheFilter()
{
    Rig rig;
    for (int i = 0; i < 1'200; ++i)
        QVERIFY(rig.write(writeOf("d" + std::to_string(i), R"({"gold":)" + std::to_string(i) + "}")).has_value());
    const auto listed = [](const Peer &peer) {
        std::set<DocumentId> documents;
        for (const protocol::Heads &heads : peer.all<protocol::Heads>()) {
            for (const protocol::Head &head : heads.heads)
                documents.insert(head.documentId);
        }
        return documents.size();
    };
    Peer &all = rig.hello("all");
    rig.say(all, protocol::Watch{CollectionName("things"), {}, {}, {}});
    QCOMPARE(listed(all), std::size_t(1'200));
    QCOMPARE(all.all<protocol::Watching>().size(), std::size_t(1));

    Peer &rich = rig.hello("rich");
    const auto filter = json::Filter::fromJson(value(R"({"path":"/gold","op":"ge","value":150})"));
    QVERIFY(filter.has_value());
    rig.say(rich, protocol::Watch{CollectionName("things"), *filter, {json::Pointer({"gold"})}, {}});
    QCOMPARE(listed(rich), std::size_t(1'050));
    QCOMPARE(rich.types().back(), std::string("watching"));
    const auto page = rich.last<protocol::Heads>();
    for (const protocol::Head &head : page->heads)
        QVERIFY(head.fields && head.fields->at("gold").as_int64() >= 150);

    const std::size_t before = rich.received.size();
    QVERIFY(rig.write(writeOf("d10", R"({"gold":11})")).has_value()); // was not, is not
    QCOMPARE(rich.received.size(), before);
    QVERIFY(rig.write(writeOf("d200", R"({"gold":1})")).has_value()); // leaves
    QVERIFY(rich.last<protocol::Heads>()->heads.front().deleted);
    QVERIFY(rig.write(writeOf("d200", R"({"gold":900})")).has_value()); // comes back
    QVERIFY(!rich.last<protocol::Heads>()->heads.front().deleted);
    QCOMPARE(rich.last<protocol::Heads>()->heads.front().fields->at("gold").as_int64(), std::int64_t(900));
    rig.say(rich, protocol::Unwatch{CollectionName("things")});
    const std::size_t after = rich.received.size();
    QVERIFY(rig.write(writeOf("d200", R"({"gold":901})")).has_value());
    QCOMPARE(rich.received.size(), after);
}

void CatchUpTest::aSaltedEventKeepsItsPlaceInTheChain()
{
    ServiceOptions options;
    CollectionPolicy policy;
    policy.setRedaction(true);
    options.policies.set(CollectionName("things"), policy);
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    const Event made = rig.create(alice);
    rig.push(alice, {made, rig.event(alice, 2, 1, Operation::Update, kGold5)});
    rig.restart();
    Peer &bob = rig.follow("bob");
    Digest chain = chainStart(CollectionName("things"), DocumentId("d1"));
    std::set<Bytes> salts;
    for (const protocol::Events &events : bob.all<protocol::Events>()) {
        for (const protocol::EventItem &item : events.events) {
            const Event event = eventOf(item);
            QVERIFY(event.salt.has_value());
            salts.insert(*event.salt);
            chain = chainNext(chain, digestOf(event));
        }
        QVERIFY(chain == events.chain);
    }
    QCOMPARE(salts.size(), std::size_t(2));
    QVERIFY(chain == bob.last<protocol::Synced>()->position.chain);
    Peer &again = rig.follow("alice");
    QCOMPARE(statuses(rig.push(again, {made})), std::string("duplicate 1")); // the salt is not part of the intent
}

// [G12]
void CatchUpTest::aForeignHistoryIsToldWhereItParts()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    const Position common = rig.head();
    rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)});
    Peer &bob = rig.hello("bob");
    rig.say(bob, protocol::Subscribe{.documentId = DocumentId("d1"), .afterSeq = ServerSeq(2), .chain = sha256("another"),
                                     .checkpoints = {{common.serverSeq, common.chain}}});
    QCOMPARE(bob.types(), (std::vector<std::string>{"welcome", "diverged", "events", "synced"}));
    QCOMPARE(bob.last<protocol::Diverged>()->commonSeq, ServerSeq(1));
    QCOMPARE(bob.eventSeqs(), (std::vector<std::int64_t>{2}));
    rig.say(bob, protocol::Subscribe{.documentId = DocumentId("d1"), .afterSeq = ServerSeq(7), .chain = sha256("future")});
    QCOMPARE(bob.last<protocol::Diverged>()->commonSeq, ServerSeq(0));
}

void CatchUpTest::whatIsBeingCommittedIsNoPositionYet_data()
{
    QTest::addColumn<QString>("collection");
    QTest::newRow("its collection") << "things";
    QTest::newRow("another collection") << "others";
    QTest::newRow("none") << "";
}

// [G1] Who subscribes while the first event is on its way to the disk stands before it, as if it had not been sent.
void CatchUpTest::whatIsBeingCommittedIsNoPositionYet()
{
    QFETCH(QString, collection);
    Rig rig({}, storage::MemoryBackend::Completion::InFlight);
    Peer &alice = rig.follow("alice");
    Peer &bob = rig.hello("bob");
    rig.service->receive(alice.id, protocol::Push{BatchId(1), DocumentId("d1"), {std::make_shared<const Event>(rig.create(alice))}});
    while (rig.backend.inFlight() == 0)
        QVERIFY(rig.executor.runOne());
    protocol::Subscribe subscribe{.documentId = DocumentId("d1"), .afterSeq = ServerSeq(0)};
    if (!collection.isEmpty())
        subscribe.collection = CollectionName(collection.toStdString());
    rig.service->receive(bob.id, subscribe);
    QCOMPARE(bob.types(), (std::vector<std::string>{"welcome", "synced"}));
    const Position start{ServerSeq(0), chainStart(CollectionName(collection.toStdString()), DocumentId("d1"))};
    QCOMPARE(bob.last<protocol::Synced>()->position, start);
    rig.run();
    QCOMPARE(bob.eventSeqs(), range(1, 1));
    Peer &again = rig.hello("carol"); // with what bob was told
    rig.say(again, protocol::Subscribe{.documentId = DocumentId("d1"), .afterSeq = ServerSeq(0), .chain = start.chain});
    QCOMPARE(again.types(), (std::vector<std::string>{"welcome", "events", "synced"}));
    QCOMPARE(again.last<protocol::Synced>()->position, rig.head());
}

// [G13]
void CatchUpTest::behindTheHorizonASnapshotSaysWhatItKnows()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    const Event made = rig.create(alice);
    rig.push(alice, {made, rig.event(alice, 2, 1, Operation::Update, kGold5)});
    rig.service->compact(DocumentId("d1"), ServerSeq(3), [](Result<ServerSeq>) {});
    rig.run();
    const EventId unknown = rig.uuids.next();
    Peer &bob = rig.hello("bob");
    rig.say(bob, protocol::Subscribe{.documentId = DocumentId("d1"), .afterSeq = ServerSeq(0),
                                     .pending = {{made.id, made.id}, {unknown, unknown}}});
    QCOMPARE(bob.types(), (std::vector<std::string>{"welcome", "snapshot", "synced"}));
    const auto snapshot = *bob.last<protocol::Snapshot>();
    QCOMPARE(snapshot.position, rig.head());
    QCOMPARE(json::canonical(*snapshot.state), rig.state());
    QCOMPARE(snapshot.known.size(), std::size_t(1));
    QCOMPARE(snapshot.known.front().asked, made.id);
    QCOMPARE(snapshot.known.front().serverSeq, ServerSeq(1));
    QCOMPARE(bob.last<protocol::Synced>()->horizon, ServerSeq(3));
}

void CatchUpTest::aSnapshotTellsEachRootFromNoDocument_data()
{
    QTest::addColumn<QString>("state");
    for (const char *state : {"null", "7", "\"text\"", "[1]", "{}", "false"})
        QTest::newRow(state) << state;
    QTest::newRow("deleted") << "";
}

void CatchUpTest::aSnapshotTellsEachRootFromNoDocument()
{
    QFETCH(QString, state);
    Rig rig;
    Peer &alice = rig.follow("alice");
    if (state.isEmpty())
        rig.push(alice, {rig.create(alice), rig.event(alice, 2, 1, Operation::Delete, "[]")});
    else
        rig.push(alice, {rig.create(alice), rig.event(alice, 2, 1, Operation::Update, R"([{"op":"replace","path":"","value":)" +
                                                                                          state.toStdString() + "}]")});
    rig.service->compact(DocumentId("d1"), ServerSeq(3), [](Result<ServerSeq>) {});
    rig.run();
    Peer &bob = rig.follow("bob");
    rig.say(bob, protocol::Query{"1", protocol::StateAtQuery{DocumentId("d1"), ServerSeq(2)}});
    const auto content = bob.last<protocol::QueryResult>()->content;
    QCOMPARE(content.contains("deleted"), state.isEmpty());
    QCOMPARE(content.contains("state"), !state.isEmpty());
    for (const auto codec : {Codec::Json, Codec::Cbor}) {
        const auto decoded = protocol::decode(protocol::encode(*bob.last<protocol::Snapshot>(), codec), codec);
        QVERIFY(decoded.has_value());
        const auto &snapshot = std::get<protocol::Snapshot>(*decoded);
        QCOMPARE(snapshot.deleted, state.isEmpty());
        QCOMPARE(snapshot.state ? QString::fromStdString(json::canonical(*snapshot.state)) : QString(), state);
    }
}

void CatchUpTest::aSnapshotGoesInPartsAndIsResumed()
{
    ServiceOptions options;
    options.catchUpChunkBytes = 10;
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    rig.service->compact(DocumentId("d1"), ServerSeq(2), [](Result<ServerSeq>) {});
    rig.run();
    Peer &bob = rig.follow("bob");
    const auto parts = bob.all<protocol::Snapshot>();
    QCOMPARE(parts.size(), std::size_t(3));
    Bytes joined;
    for (const protocol::Snapshot &part : parts)
        joined += *part.bytes;
    QCOMPARE(joined, rig.state());
    QCOMPARE(sha256(joined), *parts.back().sha256);
    rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)});
    rig.restart();
    Peer &again = rig.hello("bob");
    rig.say(again, protocol::Subscribe{.documentId = DocumentId("d1"), .afterSeq = ServerSeq(0), .snapshotPart = 3});
    QCOMPARE(again.all<protocol::Snapshot>().size(), std::size_t(1));
    QCOMPARE(*again.last<protocol::Snapshot>()->bytes, *parts.back().bytes); // of the same picture
    QCOMPARE(*again.last<protocol::Snapshot>()->sha256, *parts.back().sha256);
    QCOMPARE(again.eventSeqs(), (std::vector<std::int64_t>{2}));
}

// [G10, G15]
void CatchUpTest::aSlowReaderDelaysNobodyAndCatchesUp()
{
    ServiceOptions options;
    options.highWaterBytes = 2'000;
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    Peer &bob = rig.follow("bob");
    bob.slow = true;
    for (int i = 2; i <= 60; ++i)
        QCOMPARE(statuses(rig.push(alice, {rig.event(alice, i, i - 1, Operation::Update, kGold5)})), "applied " + std::to_string(i));
    QVERIFY(bob.eventSeqs().size() < 20);
    QCOMPARE(alice.eventSeqs().size(), std::size_t(60));
    bob.unsent = 0;
    bob.slow = false;
    rig.service->drained(bob.id);
    rig.run();
    std::vector<std::int64_t> expected(60);
    std::generate(expected.begin(), expected.end(), [n = std::int64_t(0)]() mutable { return ++n; });
    QCOMPARE(bob.eventSeqs(), expected);
    QCOMPARE(bob.all<protocol::Synced>().size(), std::size_t(1));
}

void CatchUpTest::aDamagedLogIsNotSentOn_data()
{
    using Row = storage::Row;
    using storage::Batch;
    QTest::addColumn<int>("seq");
    QTest::addColumn<std::function<Batch(Row)>>("change");
    QTest::addColumn<bool>("redaction");
    const auto row = [](const char *name, int seq, std::function<Batch(Row)> change, bool redaction = false) {
        QTest::newRow(name) << seq << change << redaction;
    };
    const auto put = [](const Row &changed) {
        return Batch().erase(eventlog::sets::kEvents, {changed[eventlog::event::Position]}).put(eventlog::sets::kEvents, changed);
    };
    const auto body = [put](const std::string &from, const std::string &to) {
        return [put, from, to](Row changed) {
            std::string &text = std::get<std::string>(changed[eventlog::event::Body]);
            text.replace(text.find(from), from.size(), to);
            return put(changed);
        };
    };
    const auto missing = [](const Row &gone) { return Batch().erase(eventlog::sets::kEvents, {gone[eventlog::event::Position]}); };
    const auto chain = [put](Row changed) {
        std::get<storage::Blob>(changed[eventlog::event::Chain]).bytes[0] ^= 1;
        return put(changed);
    };
    row("another value in a body", 7, body(R"("value":5)", R"("value":6)"));
    row("another value in the first body", 1, body(R"("gold":10)", R"("gold":11)"));
    row("a body that is no JSON any more", 7, body("{", "["));
    row("another chain value", 7, chain);
    row("an event is missing", 7, missing);
    row("the first event is missing", 1, missing);
    row("another value among those kept in memory", 95, body(R"("value":5)", R"("value":6)"));
    row("another value in a body that can be redacted", 7, body(R"("value":5)", R"("value":6)"), true);
    row("a body that can be redacted is no JSON any more", 7, body("{", "["), true);
}

// [G2, G4] Whoever asks is told, once and by its name; nobody is sent what was not logged, and other documents go on. That this
// test ends at all says that nothing asks for the same again and again.
void CatchUpTest::aDamagedLogIsNotSentOn()
{
    QFETCH(int, seq);
    QFETCH(std::function<storage::Batch(storage::Row)>, change);
    QFETCH(bool, redaction);
    ServiceOptions options;
    options.catchUpChunkBytes = 4'000; // about ten events
    CollectionPolicy policy;
    policy.setRedaction(redaction);
    options.policies.set(CollectionName("things"), policy);
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    writeMany(rig, 99);
    rig.wait(std::chrono::seconds(2)); // the derived rows are written
    damage(rig, seq, change);
    rig.restart();
    Peer &bob = rig.hello("bob");
    rig.subscribe(bob);
    const auto told = bob.all<protocol::ErrorMessage>();
    QCOMPARE(told.size(), std::size_t(1));
    QCOMPARE(told[0].code, ErrorCode::Corrupt);
    QCOMPARE(told[0].scope, protocol::ErrorScope::Document);
    QCOMPARE(told[0].documentId.value(), DocumentId("d1"));
    QVERIFY2(told[0].message.find("event " + std::to_string(seq)) != std::string::npos, told[0].message.c_str());
    const auto sent = bob.eventSeqs();
    QVERIFY(std::find(sent.begin(), sent.end(), seq) == sent.end());
    QVERIFY(bob.all<protocol::Synced>().empty());
    QVERIFY(!bob.closed);
    QVERIFY(rig.write(writeOf("d2", R"({"a":1})")).has_value());
    rig.subscribe(bob, "d2");
    QCOMPARE(bob.last<protocol::Synced>()->documentId, DocumentId("d2"));
}

// [G4] A question that the altered event belongs to is answered with its name, every other one as ever; the log and one metric
// say the place once, another counts who met it.
void CatchUpTest::questionsMeetDamageByNameAndItIsSaidOnce()
{
    Metrics metrics;
    ServiceOptions options;
    options.metrics = &metrics;
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    writeMany(rig, 99);
    rig.wait(std::chrono::seconds(2)); // the derived rows are written
    damage(rig, 7, [](storage::Row changed) {
        std::string &text = std::get<std::string>(changed[eventlog::event::Body]);
        text.replace(text.find(R"("value":5)"), 9, R"("value":6)");
        return storage::Batch().erase(eventlog::sets::kEvents, {changed[eventlog::event::Position]}).put(eventlog::sets::kEvents, changed);
    });
    rig.restart();
    Peer &bob = rig.hello("bob");
    const DocumentId id("d1");
    const auto ask = [&](const decltype(protocol::Query::query) &question) {
        rig.say(bob, protocol::Query{.requestId = "q", .query = question});
        return bob.last<protocol::QueryResult>().value();
    };
    const std::vector<decltype(protocol::Query::query)> damaged = {
        protocol::EventsQuery{.documentId = id}, protocol::EventsQuery{.documentId = id, .after = ServerSeq(3)},
        protocol::EventsQuery{.documentId = id, .before = ServerSeq(9)}, protocol::StateAtQuery{id, ServerSeq(50)}};
    for (const auto &question : damaged) {
        const protocol::QueryResult answer = ask(question);
        QVERIFY(answer.code == ErrorCode::Corrupt);
        QCOMPARE(answer.reason.value(), std::string("event 7 of d1 is not what was logged"));
    }
    QVERIFY(!ask(protocol::EventsQuery{.documentId = id, .after = ServerSeq(7)}).code);
    QVERIFY(!ask(protocol::StateAtQuery{id, ServerSeq(6)}).code);
    QVERIFY(!bob.closed);
    const std::string numbers = metrics.toPrometheus();
    QVERIFY2(numbers.find("eventsync_damaged_places_total 1\n") != std::string::npos, numbers.c_str());
    QVERIFY2(numbers.find("eventsync_damaged_reads_total 4\n") != std::string::npos, numbers.c_str());
}

void CatchUpTest::aWatchLeavesADamagedDocumentOut()
{
    Metrics metrics;
    ServiceOptions options;
    options.metrics = &metrics;
    Rig rig(options);
    QVERIFY(rig.write(writeOf("d1", R"({"gold":200})")).has_value());
    QVERIFY(rig.write(writeOf("d2", R"({"gold":201})")).has_value());
    rig.wait(std::chrono::seconds(2)); // the derived rows are written
    storage::Row row = (*rig.backend.view())->get(eventlog::sets::kDocuments, {std::string("d1")}).value().value();
    row[eventlog::document::State] = std::string(R"({"gold":202})");
    rig.backend.commit(storage::Batch().put(eventlog::sets::kDocuments, row), rig.executor, [](const auto &) {});
    rig.restart();
    Peer &bob = rig.hello("bob");
    const auto filter = json::Filter::fromJson(value(R"({"path":"/gold","op":"ge","value":150})"));
    rig.say(bob, protocol::Watch{CollectionName("things"), *filter, {}, {}});
    const auto heads = bob.all<protocol::Heads>();
    QCOMPARE(heads.size(), std::size_t(1));
    QCOMPARE(heads[0].heads.size(), std::size_t(1));
    QCOMPARE(heads[0].heads[0].documentId, DocumentId("d2"));
    QVERIFY(bob.last<protocol::Watching>());
    QVERIFY(!bob.closed);
    QVERIFY(metrics.toPrometheus().find("eventsync_damaged_places_total 1\n") != std::string::npos);
    rig.subscribe(bob); // and whoever asks for it is told
    QVERIFY(bob.last<protocol::ErrorMessage>()->code == ErrorCode::Corrupt);
    QVERIFY(!bob.closed);
}

// An earlier version let it in. It is a fault of that document alone, and none that keeps anybody from it.
void CatchUpTest::anEventThatFitsNoFrameIsPassedOverByASnapshot()
{
    Rig rig;
    rig.backend.commit(eventsync::test::logWithALargeEvent(DocumentId("d1"), CollectionName("things"), 1), rig.executor,
                       [](const Result<storage::Committed> &committed) { QVERIFY(committed.has_value()); });
    rig.restart();
    Peer &alice = rig.follow("alice");
    rig.subscribe(alice, "d2");
    QVERIFY(!alice.closed);
    for (const protocol::OutgoingPtr &message : alice.received) {
        for (const Codec codec : {Codec::Json, Codec::Cbor})
            QVERIFY(message->encoded(codec)->size() <= limits::kFrameBytes);
    }
    Bytes joined;
    for (const protocol::Snapshot &part : alice.all<protocol::Snapshot>())
        joined += *part.bytes;
    QCOMPARE(joined.size(), rig.state().size());
    QVERIFY(joined == rig.state());
    QCOMPARE(alice.all<protocol::Synced>().front().position.serverSeq, ServerSeq(3));
    QCOMPARE(statuses(rig.push(alice, {rig.create(alice, 1, "{}", "d2")})), std::string("applied 1")); // other documents of the connection go on
    QCOMPARE(statuses(rig.push(alice, {rig.event(alice, 1, 3, Operation::Update, R"([{"op":"replace","path":"/n","value":2}])")})),
             std::string("applied 4"));
    // One that stands before it, with something pending, is led past it too.
    Peer &bob = rig.hello("bob");
    const EventId pending = rig.uuids.next();
    rig.say(bob, protocol::Subscribe{.documentId = DocumentId("d1"), .afterSeq = ServerSeq(0), .pending = {protocol::PendingId{pending, pending}}});
    QCOMPARE(bob.last<protocol::Synced>()->position.serverSeq, ServerSeq(4));
    // Those who only read events get all of them.
    Peer &log = rig.reader();
    rig.subscribe(log);
    QCOMPARE(log.eventSeqs(), range(1, 4));
    auto remove = writeOf("d1", "{}");
    remove.edit = [](json::State &state) -> Result<> {
        state.reset();
        return {};
    };
    QVERIFY(rig.write(remove).has_value());
    QCOMPARE(alice.eventSeqs().back(), std::int64_t(5));
}

void CatchUpTest::aLargeClockIsNoReasonForALargeFrame()
{
    ServiceOptions options;
    options.catchUpChunkBytes = 8'000;
    options.snapshotEvery = 0;
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    for (int i = 0; i < 100; ++i) {
        auto write = writeOf("d1", "{}");
        write.clientId = ClientId("client-number-" + std::to_string(i));
        write.edit = {};
        write.patch = patch(kGold5);
        QVERIFY(rig.write(write).has_value());
    }
    Peer &bob = rig.connect();
    bob.client = ClientId("bob");
    rig.say(bob, protocol::Hello{.clientId = bob.client, .capabilities = {"vectorClock"}});
    rig.subscribe(bob);
    QCOMPARE(bob.eventSeqs(), range(1, 101));
    for (const protocol::OutgoingPtr &message : bob.received)
        QVERIFY2(message->encoded(Codec::Json)->size() <= options.catchUpChunkBytes + 1'000,
                 std::to_string(message->encoded(Codec::Json)->size()).c_str());
}

} // namespace eventsync::sync::test
