// SPDX-License-Identifier: Apache-2.0
#include "growthtest.h"

#include "rig.h"

#include <eventsync/base/assert.h>
#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/sync/limits.h>

#include <QTest>

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
        batch.put(eventlog::sets::kVectorClocks, {number, "author-" + std::to_string(i), std::int64_t(1)});
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
