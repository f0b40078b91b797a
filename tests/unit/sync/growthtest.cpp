// SPDX-License-Identifier: Apache-2.0
#include "growthtest.h"

#include "rig.h"

#include <eventsync/base/assert.h>
#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/sync/limits.h>

#include <eventsync/base/limits.h>
#include <eventsync/json/filter.h>

#include <QTest>

#include <map>
#include <set>

namespace eventsync::sync::test {

namespace {

CollectionName collection(std::size_t i)
{
    return CollectionName("c" + std::to_string(i));
}

std::vector<std::int64_t> snapshotsOf(Rig &rig, std::int64_t number)
{
    std::vector<std::int64_t> seqs;
    const auto view = rig.backend.view();
    const auto read = (*view)->scan({.set = eventlog::sets::kSnapshots, .prefix = {number}}, [&](const storage::Row &row) {
        seqs.push_back(eventlog::integerOf(row, eventlog::snapshot::Seq).value_or(0));
        return true;
    });
    EVENTSYNC_ASSERT(read.has_value());
    return seqs;
}

std::int64_t numberOf(Rig &rig)
{
    const auto view = rig.backend.view();
    return eventlog::EventStore(**view).document(DocumentId("d1")).value()->number;
}

void setCounter(Rig &rig, int n, const std::string &author = "server")
{
    const auto written = rig.write(writeOf("d1", R"({"n":)" + std::to_string(n) + '}', author));
    QVERIFY2(written, written ? "" : written.error().message.c_str());
}

// As if so many had written before.
void fillClock(Rig &rig, std::size_t authors)
{
    setCounter(rig, -1);
    rig.wait(std::chrono::seconds(2));
    storage::Batch batch;
    const std::int64_t number = numberOf(rig);
    for (std::size_t i = 1; i < authors; ++i)
        batch.put(eventlog::sets::kVectorClocks, {number, "author-" + std::to_string(i), std::int64_t(1), storage::Cell()});
    bool done = false;
    rig.backend.commit(std::move(batch), rig.executor, [&](const Result<storage::Committed> &result) { done = result.has_value(); });
    rig.run();
    QVERIFY(done);
    rig.restart();
}

} // namespace

void GrowthTest::aConnectionWatchesSoManyCollections()
{
    Rig rig;
    Peer &peer = rig.hello("eager");
    for (std::size_t i = 0; i < limits::kWatchesPerConnection; ++i)
        rig.say(peer, protocol::Watch{collection(i), {}, {}, {}});
    QCOMPARE(peer.all<protocol::Watching>().size(), limits::kWatchesPerConnection);
    QVERIFY(!peer.last<protocol::ErrorMessage>());
    rig.say(peer, protocol::Watch{CollectionName("more"), {}, {}, {}});
    QCOMPARE(peer.last<protocol::ErrorMessage>()->code, ErrorCode::QueueFull);
    QVERIFY(!peer.closed);
    rig.say(peer, protocol::Watch{collection(3), {}, {}, {}}); // again, in place of the former
    QCOMPARE(peer.all<protocol::ErrorMessage>().size(), std::size_t(1));
    rig.say(peer, protocol::Unwatch{CollectionName("never-watched")});
    rig.say(peer, protocol::Unwatch{collection(7)});
    rig.say(peer, protocol::Watch{CollectionName("more"), {}, {}, {}});
    QCOMPARE(peer.last<protocol::Watching>()->collection, CollectionName("more"));
    QCOMPARE(peer.all<protocol::ErrorMessage>().size(), std::size_t(1));
}

namespace {

std::size_t rowsIn(Rig &rig, const char *set)
{
    std::size_t rows = 0;
    const auto view = rig.backend.view();
    const auto read = (*view)->scan({.set = set}, [&rows](const storage::Row &) {
        ++rows;
        return true;
    });
    EVENTSYNC_ASSERT(read.has_value());
    return rows;
}

bool hasRow(Rig &rig, const std::string &client)
{
    const auto view = rig.backend.view();
    return (*view)->get(eventlog::sets::kClients, {client})->has_value();
}

std::string longName(int i)
{
    return std::string(120, 'x') + std::to_string(i);
}

} // namespace

void GrowthTest::aWatcherThatDoesNotReadIsListedTheChangesAgain_data()
{
    QTest::addColumn<bool>("filtered");
    QTest::newRow("everything") << false;
    QTest::newRow("with a filter") << true;
}

// [G15]
void GrowthTest::aWatcherThatDoesNotReadIsListedTheChangesAgain()
{
    QFETCH(bool, filtered);
    constexpr int kDocuments = limits::kWatchChangedBytes / 200 + 200; // more than a connection keeps the names of
    Metrics metrics;
    Rig rig({.metrics = &metrics});
    const auto &repeated = metrics.counter("eventsync_watches_listed_again_total", "");
    QVERIFY(rig.write(writeOf("old", R"({"shown":true})")));
    QVERIFY(rig.write(writeOf("shown-then-gone", R"({"shown":true})")));
    rig.wait(std::chrono::seconds(2));
    Peer &peer = rig.hello("lazy");
    protocol::Watch watch{CollectionName("things"), {}, {}, {}};
    if (filtered)
        watch.filter = json::Filter::fromJson(value(R"({"path":"/shown","op":"eq","value":true})")).value();
    rig.say(peer, watch);
    QCOMPARE(peer.all<protocol::Watching>().size(), std::size_t(1));
    const std::size_t before = peer.received.size();

    peer.slow = true;
    peer.unsent = limits::kUnsentHighWaterBytes;
    for (int i = 0; i < kDocuments; ++i)
        QVERIFY(rig.write(writeOf(longName(i), R"({"shown":true})")));
    QVERIFY(rig.write(writeOf("shown-then-gone", R"({"shown":false})")));
    auto remove = writeOf("old", "{}");
    remove.edit = [](json::State &state) -> Result<> {
        state.reset();
        return {};
    };
    QVERIFY(rig.write(std::move(remove)));
    QCOMPARE(peer.received.size(), before);
    QCOMPARE(repeated.value(), std::uint64_t(1));

    peer.slow = false;
    rig.service->drained(peer.id);
    rig.run();
    std::map<DocumentId, protocol::Head> told;
    for (const protocol::Heads &heads : peer.all<protocol::Heads>()) {
        for (const protocol::Head &head : heads.heads)
            told[head.documentId] = head;
    }
    QCOMPARE(told.size(), std::size_t(kDocuments) + 2);
    QVERIFY(told[DocumentId("old")].deleted);
    QCOMPARE(told[DocumentId("shown-then-gone")].deleted, filtered);
    QVERIFY(!told[DocumentId(longName(7))].deleted);
    QCOMPARE(peer.all<protocol::Watching>().size(), std::size_t(1));
    QVERIFY(rig.write(writeOf(longName(7), R"({"shown":true,"again":1})"))); // and it is live again
    QCOMPARE(peer.last<protocol::Heads>()->heads.at(0).serverSeq, ServerSeq(2));
    QCOMPARE(repeated.value(), std::uint64_t(1));
}

// [G15] A connection and all of them together.
void GrowthTest::presenceHasRoomForSoMuch()
{
    Metrics metrics;
    Rig rig({.metrics = &metrics});
    const auto &bytes = metrics.gauge("eventsync_presence_bytes", "");
    const json::Value large = json::Value(json::String(std::string(limits::kPresenceBytes - 100, 'x')));
    Peer &loud = rig.hello("loud");
    Peer &listener = rig.hello("listener");
    std::size_t shown = 0;
    for (int i = 0; i < 300 && !loud.last<protocol::ErrorMessage>(); ++i) {
        const std::string document = "d" + std::to_string(i);
        rig.subscribe(loud, document);
        rig.say(loud, protocol::Presence{DocumentId(document), {}, large});
        shown += loud.last<protocol::ErrorMessage>() ? 0 : 1;
    }
    QVERIFY(shown > 200 && shown < 300);
    QCOMPARE(loud.last<protocol::ErrorMessage>()->code, ErrorCode::QueueFull);
    QVERIFY(!loud.last<protocol::ErrorMessage>()->documentId); // the subscription is as it was
    QVERIFY(!loud.closed);
    QVERIFY(std::size_t(bytes.value()) <= limits::kConnectionPresenceBytes);
    // What was shown can still be shown anew, and others are not affected.
    rig.subscribe(listener, "d0");
    rig.say(loud, protocol::Presence{DocumentId("d0"), {}, json::Value("here")});
    QCOMPARE(listener.last<protocol::Presence>()->state, json::Value("here"));
    QCOMPARE(loud.all<protocol::ErrorMessage>().size(), std::size_t(1));
    rig.say(listener, protocol::Presence{DocumentId("d0"), {}, large});
    QVERIFY(!listener.last<protocol::ErrorMessage>());
    rig.service->lost(loud.id);
    rig.service->lost(listener.id);
    rig.run();
    QCOMPARE(bytes.value(), std::int64_t(0));
}

void GrowthTest::idsThatWroteNothingAreForgotten()
{
    Rig rig;
    const auto come = [&](const char *name, const char *secret) -> Peer & {
        Peer &peer = rig.connect();
        peer.client = ClientId(name);
        rig.say(peer, protocol::Hello{.clientId = peer.client, .clientSecret = secret});
        return peer;
    };
    Peer &writer = come("writer", "key");
    rig.subscribe(writer);
    QCOMPARE(statuses(rig.push(writer, {rig.create(writer)})), std::string("applied 1"));
    Peer &reader = come("reader", "key");
    rig.subscribe(reader);
    rig.say(reader, protocol::Cursor{DocumentId("d1"), ServerSeq(1)});
    rig.wait(std::chrono::seconds(2));
    QCOMPARE(rowsIn(rig, eventlog::sets::kStateVectors), std::size_t(1));
    rig.service->lost(writer.id);
    rig.service->lost(reader.id);
    rig.clock.advance(std::chrono::hours(20));
    rig.wait(std::chrono::seconds(1));
    QVERIFY(hasRow(rig, "reader"));
    QCOMPARE(come("reader", "another").closed.value(), ErrorCode::ClientSecretWrong);
    rig.clock.advance(std::chrono::hours(5));
    rig.wait(std::chrono::seconds(1));
    QVERIFY(!hasRow(rig, "reader"));
    QVERIFY(hasRow(rig, "writer"));
    QCOMPARE(rowsIn(rig, eventlog::sets::kStateVectors), std::size_t(0));
    QCOMPARE(come("writer", "another").closed.value(), ErrorCode::ClientSecretWrong); // its name stands in a log
    QVERIFY(!come("reader", "key").closed);
    QVERIFY(hasRow(rig, "reader"));
}

void GrowthTest::inventedIdsDoNotFillTheStore()
{
    Metrics metrics;
    Rig rig({.metrics = &metrics});
    Peer &writer = rig.follow("writer");
    QCOMPARE(statuses(rig.push(writer, {rig.create(writer)})), std::string("applied 1"));
    rig.service->lost(writer.id);
    Peer &connected = rig.hello("connected");
    for (std::size_t i = 0; i < limits::kNewClients; ++i)
        rig.service->lost(rig.hello("invented-" + std::to_string(i)).id);
    QVERIFY(rowsIn(rig, eventlog::sets::kClients) > limits::kNewClients);
    rig.wait(std::chrono::seconds(1));
    QCOMPARE(rowsIn(rig, eventlog::sets::kClients), std::size_t(2));
    QVERIFY(hasRow(rig, "writer") && hasRow(rig, "connected"));
    QVERIFY(!connected.closed);
    QCOMPARE(metrics.counter("eventsync_unused_clients_forgotten_total", "").value(), std::uint64_t(limits::kNewClients));
}

void GrowthTest::longReadsOfSubscriptionsAreInTheLane_data()
{
    QTest::addColumn<int>("kind");
    QTest::newRow("catching up with clocks") << 0;
    QTest::newRow("starting by a clock") << 1;
    QTest::newRow("a cursor far behind") << 2;
}

void GrowthTest::longReadsOfSubscriptionsAreInTheLane()
{
    QFETCH(int, kind);
    Metrics metrics;
    Rig rig({.metrics = &metrics});
    for (int i = 1; i <= 2'000; ++i)
        setCounter(rig, i);
    rig.wait(std::chrono::seconds(2));
    rig.restart(); // the older events are in the store only
    const auto &rows = metrics.counter("eventsync_query_rows_total", "");
    const std::uint64_t before = rows.value();
    Peer &peer = rig.connect();
    peer.client = ClientId("reader");
    rig.say(peer, protocol::Hello{.clientId = peer.client, .capabilities = {kind == 0 ? "vectorClock" : "none"}});
    const auto chainAt = [&](std::int64_t seq) {
        const auto view = rig.backend.view();
        return *eventlog::EventStore(**view).chainAt(numberOf(rig), ServerSeq(seq)).value();
    };
    if (kind == 0) {
        rig.subscribe(peer, "d1", 1'100, chainAt(1'100));
        const auto first = peer.all<protocol::Events>().at(0).events.at(0);
        QCOMPARE(first.vectorClock->at(ClientId("server")), ClientSeq(1'101));
    } else if (kind == 1) {
        VectorClock known;
        known.set(ClientId("server"), ClientSeq(500));
        rig.say(peer, protocol::Subscribe{.documentId = DocumentId("d1"), .vectorClock = known});
        QVERIFY(peer.last<protocol::Synced>());
    } else {
        rig.subscribe(peer, "d1", 1'999, chainAt(1'999));
        QCOMPARE(rows.value(), before);
        for (int i = 0; i < 50; ++i) // one is read, and then the last one
            rig.service->receive(peer.id, protocol::Cursor{DocumentId("d1"), ServerSeq(500 + i)});
        rig.run();
        QVERIFY(rows.value() - before < 3'000);
        rig.say(peer, protocol::Query{"q", protocol::StateVectorsQuery{DocumentId("d1"), {}}});
        QCOMPARE(json::canonical(peer.last<protocol::QueryResult>()->content.at("stateVectors").at(0).at("vectorClock")),
                 std::string(R"({"server":549})"));
    }
    QVERIFY(rows.value() > before + 400);
}

// [G15] Events that their author has not seen are read for the comparison in the bytes that they hold.
void GrowthTest::olderEventsAreReadForAPushAsFarAsThereIsRoom()
{
    constexpr int kLarge = 24;
    Rig rig;
    Peer &peer = rig.follow("alice");
    QCOMPARE(statuses(rig.push(peer, {rig.create(peer)})), std::string("applied 1"));
    for (int i = 0; i < kLarge; ++i) { // each holds its value and the one before
        auto write = writeOf("d1", "{}");
        write.edit = {};
        write.patch = patch(R"([{"op":"add","path":"/large","value":")" + std::string(900'000, static_cast<char>('a' + i)) + R"("}])");
        const auto written = rig.write(std::move(write));
        QVERIFY2(written, written ? "" : written.error().message.c_str());
    }
    QCOMPARE(statuses(rig.push(peer, {rig.event(peer, 2, 1, Operation::Update, kGold5)})), std::string("conflict BaseCompacted"));
    QCOMPARE(statuses(rig.push(peer, {rig.event(peer, 2, kLarge - 8, Operation::Update, kGold5)})),
             "merged " + std::to_string(kLarge + 2));
}

void GrowthTest::askingForSnapshotsOftenKeepsFew()
{
    Rig rig;
    int made = 0;
    for (int i = 1; i <= 30; ++i) {
        setCounter(rig, i);
        rig.service->snapshot(DocumentId("d1"), [&](const Result<Snapshot> &result) { made += result ? 1 : 0; });
        rig.run();
    }
    QCOMPARE(made, 30);
    QCOMPARE(snapshotsOf(rig, numberOf(rig)), (std::vector<std::int64_t>{30}));

    // What a compaction begins the log with stays, and so do those that are far apart.
    rig.service->compact(DocumentId("d1"), ServerSeq(21), [](const Result<ServerSeq> &) {});
    rig.run();
    const auto kept = snapshotsOf(rig, numberOf(rig));
    for (int i = 31; i <= 40; ++i) {
        setCounter(rig, i);
        rig.service->snapshot(DocumentId("d1"), [](const Result<Snapshot> &) {});
        rig.run();
    }
    auto expected = kept;
    expected.push_back(40);
    QCOMPARE(snapshotsOf(rig, numberOf(rig)), expected);
    Peer &reader = rig.follow("reader");
    for (const std::int64_t at : {20, 25, 35, 40}) {
        rig.say(reader, protocol::Query{"q", protocol::StateAtQuery{DocumentId("d1"), ServerSeq(at)}});
        QCOMPARE(json::canonical(reader.last<protocol::QueryResult>()->content.at("state")), R"({"n":)" + std::to_string(at) + '}');
    }
}

void GrowthTest::aNameBeyondThoseThatRestMayGiveIsNumberedWithTheOthers()
{
    Rig rig;
    int n = 0;
    const auto writeAs = [&](const std::string &author) {
        const auto written = rig.write(writeOf("d1", R"({"n":)" + std::to_string(++n) + '}', author));
        return written ? written->event->clientId.text() : written.error().message;
    };
    for (std::size_t i = 0; i < limits::kRestAuthors; ++i) {
        const std::string name = "rest:caller-" + std::to_string(i);
        QCOMPARE(writeAs(name), name);
    }
    QCOMPARE(writeAs("rest:one-more"), std::string("rest:server"));
    QCOMPARE(writeAs("rest:caller-5"), std::string("rest:caller-5"));
    QCOMPARE(writeAs("code-author"), std::string("code-author"));
}

void GrowthTest::aFullClockTakesNoNewAuthor()
{
    Rig rig;
    fillClock(rig, limits::kClockEntries);
    Peer &known = rig.follow("author-7");
    Event mine = rig.event(known, 2, 1, Operation::Update, R"([{"op":"replace","path":"/n","value":5}])");
    QCOMPARE(statuses(rig.push(known, {mine})), std::string("applied 2"));
    Peer &stranger = rig.follow("one-more");
    Event theirs = rig.event(stranger, 1, 2, Operation::Update, R"([{"op":"replace","path":"/n","value":6}])");
    QCOMPARE(statuses(rig.push(stranger, {theirs})), std::string("rejected TooLarge"));
    setCounter(rig, 7); // the server's own code goes on
    QCOMPARE(rig.state(), std::string(R"({"n":7})"));
}

void GrowthTest::cursorsOfManyClientsForgetTheOldest()
{
    Rig rig;
    constexpr std::size_t kAuthors = 1'000, kFitting = limits::kCursorClockEntries / (kAuthors + 1);
    fillClock(rig, kAuthors);
    for (std::size_t i = 0; i < kFitting + 5; ++i) {
        Peer &reader = rig.follow("reader-" + std::to_string(i));
        rig.say(reader, protocol::Cursor{DocumentId("d1"), ServerSeq(1)});
        rig.wait(std::chrono::seconds(1));
        rig.service->lost(reader.id);
    }
    rig.wait(std::chrono::seconds(2)); // the rows follow
    std::set<std::string> kept;
    const auto view = rig.backend.view();
    QVERIFY((*view)->scan({.set = eventlog::sets::kStateVectors}, [&](const storage::Row &row) {
        kept.emplace(eventlog::textOf(row, eventlog::statevector::ClientId).value_or(""));
        return true;
    }));
    QCOMPARE(kept.size(), kFitting);
    QVERIFY(!kept.contains("reader-0"));
    QVERIFY(kept.contains("reader-" + std::to_string(kFitting + 4)));
}

} // namespace eventsync::sync::test
