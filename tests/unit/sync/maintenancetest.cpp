// SPDX-License-Identifier: Apache-2.0
#include "maintenancetest.h"

#include "rig.h"

#include <eventsync/base/memoryaccount.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/schema.h>

#include <QTest>

#include <algorithm>
#include <deque>
#include <new>

namespace eventsync::sync::test {

namespace {

std::size_t rowsOf(Rig &rig, const char *set)
{
    std::size_t rows = 0;
    const auto view = rig.backend.view();
    static_cast<void>((*view)->scan({.set = set}, [&](const storage::Row &) {
        ++rows;
        return true;
    }));
    return rows;
}

} // namespace

void MaintenanceTest::underTheStrictPolicyAnythingUnseenIsAConflict()
{
    ServiceOptions options;
    CollectionPolicy policy;
    policy.setMerge(MergeRule::Strict);
    options.policies.set(CollectionName("things"), policy);
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice), rig.event(alice, 2, 1, Operation::Update, nameTo("a"))});
    Peer &bob = rig.follow("bob");
    QVERIFY(bob.last<protocol::Synced>()->policy->merge() == MergeRule::Strict);
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 1, Operation::Update, kGold5)})), std::string("conflict Conflict"));
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 2, Operation::Update, kGold5)})), std::string("applied 3"));
}

// [G3]
void MaintenanceTest::aRepeatedWriteGivesTheFirstAnswer()
{
    Rig rig;
    auto write = writeOf("d1", R"({"gold":1})");
    write.id = rig.uuids.next();
    const auto first = rig.write(write);
    QVERIFY(rig.write(writeOf("d1", R"({"gold":2})")).has_value());
    rig.restart();
    const auto again = rig.write(write);
    QVERIFY(first.has_value() && again.has_value());
    QVERIFY(*again->event == *first->event);
    QCOMPARE(rig.head().serverSeq, ServerSeq(2));
    QCOMPARE(rig.state(), std::string(R"({"gold":2})"));
    write.documentId = DocumentId("d2");
    QCOMPARE(rig.write(write).error().code, ErrorCode::Conflict);
}

void MaintenanceTest::pushesThatWaitAreBoundedInBytes_data()
{
    QTest::addColumn<bool>("ofAll");
    QTest::newRow("of one connection") << false;
    QTest::newRow("of all connections") << true;
}

// [G15]
void MaintenanceTest::pushesThatWaitAreBoundedInBytes()
{
    QFETCH(bool, ofAll);
    ServiceOptions options;
    (ofAll ? options.allWaitingPushBytes : options.waitingPushBytes) = 5'000;
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    Peer &bob = ofAll ? rig.follow("bob", "d2") : alice;
    if (!ofAll)
        rig.subscribe(alice, "d2");
    const std::string large = R"({"text":")" + std::string(3'000, 'x') + R"("})";
    const auto push = [&](Peer &peer, std::vector<Event> events) {
        protocol::Push message{BatchId(++rig.batches), events.front().documentId, {}};
        for (Event &event : events)
            message.events.push_back(std::make_shared<const Event>(std::move(event)));
        rig.service->receive(peer.id, message);
    };
    const auto other = [&](std::int64_t seq) { return rig.create(bob, seq, large, "d2"); };
    push(alice, {rig.create(alice, 1, large)});
    const Event waits = other(1);
    push(bob, {waits, rig.event(bob, 2, 1, Operation::Update, "[]", "d2")});
    QCOMPARE(statuses(*bob.last<protocol::Ack>()), std::string("rejected QueueFull, skipped"));
    rig.run();
    QCOMPARE(statuses(*alice.last<protocol::Ack>()), std::string("applied 1"));
    QCOMPARE(rig.head("d2").serverSeq, ServerSeq(0));
    QCOMPARE(statuses(rig.push(bob, {waits})), std::string("applied 1")); // there is room again
    Peer &carol = rig.follow("carol", "d3");
    const std::string larger = R"({"text":")" + std::string(9'000, 'x') + R"("})";
    QCOMPARE(statuses(rig.push(carol, {rig.create(carol, 1, larger, "d3")})), std::string("applied 1")); // one goes in any case
}

// [G15] What waits is counted while it waits, whatever becomes of the subscription.
void MaintenanceTest::leavingAndComingBackGrantsNoMoreBytes()
{
    ServiceOptions options;
    options.waitingPushBytes = 5'000;
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.subscribe(alice, "d2");
    const std::string large = R"({"text":")" + std::string(3'000, 'x') + R"("})";
    const auto push = [&](const std::string &document) {
        const auto event = std::make_shared<const Event>(rig.create(alice, 1, large, document));
        rig.service->receive(alice.id, protocol::Push{BatchId(++rig.batches), DocumentId(document), {event}});
    };
    push("d1");
    rig.service->receive(alice.id, protocol::Unsubscribe{DocumentId("d1")});
    push("d2");
    QCOMPARE(statuses(*alice.last<protocol::Ack>()), std::string("rejected QueueFull"));
    rig.run();
    QCOMPARE(rig.head("d1").serverSeq, ServerSeq(1)); // accepted is accepted
}

// [G15] A limit that was lowered since refuses nothing that is in the log already (rule 5).
void MaintenanceTest::anEventOverTheLimitIsRefusedUnlessItIsKnown()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    const std::string large = std::string(3'000, 'x');
    const Event made = rig.create(alice, 1, R"({"gold":1,"name":")" + large + R"("})");
    QCOMPARE(statuses(rig.push(alice, {made})), std::string("applied 1"));
    rig.options.limits.eventBytes = 2'000;
    rig.restart();
    Peer &again = rig.follow("alice");
    QCOMPARE(again.last<protocol::Welcome>()->limits.eventBytes, std::int64_t(2'000));
    QCOMPARE(statuses(rig.push(again, {made, rig.event(again, 2, 1, Operation::Update, nameTo(large)),
                                       rig.event(again, 3, 1, Operation::Update, kGold5)})),
             std::string("duplicate 1, rejected TooLarge, skipped"));
    QCOMPARE(statuses(rig.push(again, {rig.event(again, 2, 1, Operation::Update, kGold5)})), std::string("applied 2"));
}

void MaintenanceTest::clientsThatStayedAwayAreForgotten()
{
    Rig rig;
    for (int i = 0; i < 110; ++i) // programs never expire, and take nobody's place
        QVERIFY(rig.write(writeOf("d1", R"({"gold":)" + std::to_string(i) + "}", "robot-" + std::to_string(i))).has_value());
    for (int i = 0; i < 250; ++i) {
        Peer &old = rig.follow("old-" + std::to_string(i), "d2");
        QCOMPARE(statuses(rig.push(old, {rig.event(old, 1, i, i == 0 ? Operation::Create : Operation::Update,
                                                   R"([{"op":"add","path":"","value":)" + std::to_string(i) + "}]", "d2")})),
                 "applied " + std::to_string(i + 1));
        rig.say(old, protocol::Unsubscribe{DocumentId("d2")});
    }
    Peer &alice = rig.follow("old-0");
    rig.say(alice, protocol::Cursor{DocumentId("d1"), ServerSeq(1)});
    rig.wait(std::chrono::seconds(2));
    QCOMPARE(rowsOf(rig, eventlog::sets::kStateVectors), std::size_t(1));
    rig.wait(std::chrono::seconds(32)); // they are silent, and their connections end
    rig.clock.advance(std::chrono::hours(24 * 20));
    rig.hello("young");
    rig.clock.advance(std::chrono::hours(24 * 11));
    rig.wait(std::chrono::seconds(1));
    for (const auto &old : std::vector<std::string>{"old-0", "old-99", "old-100", "old-249"})
        QCOMPARE(rig.hello(old).closed.value(), ErrorCode::ClientExpired);
    QCOMPARE(rowsOf(rig, eventlog::sets::kStateVectors), std::size_t(0));
    QVERIFY(!rig.hello("young").closed);
    QVERIFY(rig.write(writeOf("d1", R"({"gold":-1})", "robot-0")).has_value());
    rig.restart();
    QCOMPARE(rig.hello("old-7").closed.value(), ErrorCode::ClientExpired);
    QVERIFY(!rig.hello("young").closed);
}

void MaintenanceTest::aClockThatWasSetMakesNobodyOlder_data()
{
    QTest::addColumn<bool>("whileOff");
    QTest::newRow("while the server runs") << false;
    QTest::newRow("while it is off") << true;
}

void MaintenanceTest::aClockThatWasSetMakesNobodyOlder()
{
    QFETCH(bool, whileOff);
    Rig rig;
    rig.hello("ann");
    rig.wait(std::chrono::seconds(2));
    if (whileOff)
        rig.restart(); // ann is not connected now
    else
        rig.service->lost(rig.peers.back().id);
    const Timestamp right = rig.clock.wall();
    rig.clock.setWall(right + std::chrono::milliseconds(std::chrono::hours(24 * 365 * 10)).count());
    if (whileOff)
        rig.restart();
    rig.hello("bob"); // seen by the wrong clock
    rig.clock.advance(std::chrono::hours(2));
    rig.wait(std::chrono::seconds(2));
    rig.clock.setWall(right);
    rig.restart();
    rig.clock.advance(std::chrono::hours(2));
    rig.wait(std::chrono::seconds(2));
    QVERIFY(!rig.hello("ann").closed);
    QVERIFY(!rig.hello("bob").closed);
}

void MaintenanceTest::theTimeSeenOutlivesARestart()
{
    Rig rig;
    Peer &ann = rig.follow("ann");
    QCOMPARE(statuses(rig.push(ann, {rig.create(ann)})), std::string("applied 1"));
    rig.wait(std::chrono::seconds(1));
    for (int day = 0; day < 31; ++day) {
        rig.restart();
        rig.clock.advance(std::chrono::hours(24));
        rig.wait(std::chrono::seconds(1));
    }
    QCOMPARE(rig.hello("ann").closed.value(), ErrorCode::ClientExpired);
}

void MaintenanceTest::aForgottenClientThatKnowsItsSecretComesBack()
{
    Rig rig;
    const auto come = [&](const char *name, std::optional<std::string> secret) -> Peer & {
        Peer &peer = rig.connect();
        rig.say(peer, protocol::Hello{.clientId = ClientId(name), .clientSecret = std::move(secret)});
        return peer;
    };
    come("ann", "key");
    come("bob", {}); // has nothing to prove itself by
    rig.wait(std::chrono::seconds(1));
    for (const char *name : {"ann", "bob"})
        rig.service->expireClient(ClientId(name), [](Result<>) {});
    rig.run();
    QCOMPARE(come("ann", "another").closed.value(), ErrorCode::ClientSecretWrong);
    QCOMPARE(come("ann", {}).closed.value(), ErrorCode::ClientSecretWrong);
    QCOMPARE(come("bob", {}).closed.value(), ErrorCode::ClientExpired);
    QVERIFY(!come("ann", "key").closed);
    rig.restart();
    QVERIFY(!come("ann", "key").closed);
    QCOMPARE(come("bob", {}).closed.value(), ErrorCode::ClientExpired);
}

void MaintenanceTest::aTimeFarAheadDoesNotStayTheLatest_data()
{
    QTest::addColumn<QString>("patch");
    QTest::addColumn<bool>("pushed");
    for (const bool pushed : {true, false}) {
        const char *way = pushed ? "pushed" : "by code";
        QTest::addRow("max, %s", way) << R"([{"op":"max","path":"/lastUpdated","value":"2099-01-01T00:00:00.000Z"}])" << pushed;
        QTest::addRow("replace, %s", way) << R"([{"op":"replace","path":"/lastUpdated","value":"2099-01-01T00:00:00.000Z"}])" << pushed;
        QTest::addRow("the whole state, %s", way)
            << R"([{"op":"replace","path":"","value":{"lastUpdated":"2099-01-01T00:00:00.000Z"}}])" << pushed;
    }
}

void MaintenanceTest::aTimeFarAheadDoesNotStayTheLatest()
{
    QFETCH(QString, patch);
    QFETCH(bool, pushed);
    ServiceOptions options;
    options.policies.set(CollectionName("things"), CollectionPolicy::games());
    Rig rig(options);
    const std::string now = toText(rig.clock.wall());
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice, 1, R"({"lastUpdated":"2026-01-01T00:00:00.000Z"})")});
    const Event event = rig.event(alice, 2, 1, Operation::Update, patch.toStdString());
    if (pushed) {
        QCOMPARE(statuses(rig.push(alice, {event})), std::string("applied 2"));
        QCOMPARE(statuses(rig.push(alice, {event})), std::string("duplicate 2")); // the same edit, whatever became of its time
    } else {
        auto write = writeOf("d1", "{}");
        write.edit = {};
        write.patch = test::patch(patch.toStdString());
        QVERIFY(rig.write(write).has_value());
    }
    QCOMPARE(rig.state(), R"({"lastUpdated":")" + now + R"("})");
    // What lies a little ahead is somebody's clock.
    const std::string ahead = toText(rig.clock.wall() + std::chrono::milliseconds(std::chrono::hours(1)).count());
    const std::string later = R"([{"op":"max","path":"/lastUpdated","value":")" + ahead + R"("}])";
    rig.push(alice, {rig.event(alice, pushed ? 3 : 2, 2, Operation::Update, later)});
    QCOMPARE(rig.state(), R"({"lastUpdated":")" + ahead + R"("})");
}

void MaintenanceTest::aSnapshotIsStoredEverySoManyEvents()
{
    ServiceOptions options;
    options.snapshotEvery = 10;
    Rig rig(options);
    QVERIFY(rig.write(writeOf("d1", R"({"gold":0,"name":"x"})")).has_value());
    writeMany(rig, 5);
    rig.wait(std::chrono::seconds(3));
    QCOMPARE(rowsOf(rig, eventlog::sets::kSnapshots), std::size_t(0));
    writeMany(rig, 6);
    rig.wait(std::chrono::seconds(3));
    QCOMPARE(rowsOf(rig, eventlog::sets::kSnapshots), std::size_t(1));
    rig.wait(std::chrono::seconds(3)); // and no second one of the same
    QCOMPARE(rowsOf(rig, eventlog::sets::kSnapshots), std::size_t(1));
}

// [G13]
void MaintenanceTest::logsAreKeptShortByTheRuleOfTheirCollection()
{
    using namespace std::chrono_literals;
    ServiceOptions options;
    options.maintenance[CollectionName("things")] = {.keep = 20, .every = 60s, .snapshotEvery = 30};
    Rig rig(options);
    rig.wait(2s); // the first look finds nothing
    QVERIFY(rig.write(writeOf("d1", R"({"gold":0,"name":"x"})")).has_value());
    writeMany(rig, 49);
    const std::string state = rig.state();
    rig.wait(50s);
    QCOMPARE(rowsOf(rig, eventlog::sets::kEvents), std::size_t(50));
    QCOMPARE(rowsOf(rig, eventlog::sets::kSnapshots), std::size_t(1)); // by the collection's rule
    rig.wait(20s);
    QCOMPARE(rowsOf(rig, eventlog::sets::kEvents), std::size_t(20));
    QCOMPARE(rig.state(), state);
    writeMany(rig, 2);
    rig.wait(90s); // a tenth of what it keeps is not worth it
    QCOMPARE(rowsOf(rig, eventlog::sets::kEvents), std::size_t(22));
    writeMany(rig, 1);
    rig.wait(90s);
    QCOMPARE(rowsOf(rig, eventlog::sets::kEvents), std::size_t(20));
    QCOMPARE(rowsOf(rig, eventlog::sets::kSnapshots), std::size_t(2)); // where the log ended each time; what lies below went
    rig.service->setMaintenance({});
    writeMany(rig, 30);
    rig.wait(120s);
    QCOMPARE(rowsOf(rig, eventlog::sets::kEvents), std::size_t(50));
}

void MaintenanceTest::aDamagedDocumentLeavesOthersKeptShort()
{
    using namespace std::chrono_literals;
    ServiceOptions options;
    options.maintenance[CollectionName("things")] = {.keep = 20, .every = 60s};
    Rig rig(options);
    rig.wait(2s);
    QVERIFY(rig.write(writeOf("d0", R"({"gold":0})")).has_value());
    QVERIFY(rig.write(writeOf("d1", R"({"gold":0})")).has_value());
    writeMany(rig, 49);
    rig.wait(5s);
    storage::Row row = (*(*rig.backend.view())->get(eventlog::sets::kDocuments, {std::string("d0")})).value();
    row[eventlog::document::UpdatedAt] = std::int64_t(1); // its checksum is another's
    bool done = false;
    storage::Batch batch;
    batch.put(eventlog::sets::kDocuments, row);
    rig.backend.commit(std::move(batch), rig.executor, [&](const Result<storage::Committed> &result) { done = result.has_value(); });
    rig.run();
    QVERIFY(done);
    rig.wait(70s);
    QCOMPARE(rowsOf(rig, eventlog::sets::kEvents), std::size_t(21));
}

// [G13]
void MaintenanceTest::aLongLogIsCompactedInSteps()
{
    Rig rig;
    QVERIFY(rig.write(writeOf("d1", R"({"gold":0,"name":"x"})")).has_value());
    writeMany(rig, 2'499);
    const std::string state = rig.state();
    std::optional<Result<ServerSeq>> horizon;
    rig.service->compact(DocumentId("d1"), ServerSeq(2'401), [&](Result<ServerSeq> result) { horizon = result; });
    rig.run();
    QCOMPARE(horizon->value(), ServerSeq(2'401));
    QCOMPARE(rowsOf(rig, eventlog::sets::kEvents), std::size_t(100));
    rig.restart();
    QCOMPARE(rig.state(), state);
    Peer &bob = rig.follow("bob");
    const auto snapshot = bob.last<protocol::Snapshot>();
    QVERIFY(snapshot && snapshot->position.serverSeq >= ServerSeq(2'400));
    QCOMPARE(bob.last<protocol::Synced>()->position.serverSeq, ServerSeq(2'500));
    QCOMPARE(bob.last<protocol::Synced>()->horizon, ServerSeq(2'401));
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 2'500, Operation::Update, kGold5)})), std::string("applied 2501"));
}

void MaintenanceTest::aCompactionThatFailsLeavesWhatTheStoreSays_data()
{
    QTest::addColumn<int>("fault");
    QTest::addColumn<int>("horizon");
    QTest::newRow("it was not committed") << int(storage::MemoryBackend::Fault::Refused) << 1;
    QTest::newRow("it was, and only the answer was lost") << int(storage::MemoryBackend::Fault::Answered) << 6;
}

// [G13]
void MaintenanceTest::aCompactionThatFailsLeavesWhatTheStoreSays()
{
    QFETCH(int, fault);
    QFETCH(int, horizon);
    Rig rig;
    QVERIFY(rig.write(writeOf("d1", R"({"gold":0,"name":"x"})")).has_value());
    writeMany(rig, 9);
    rig.wait(std::chrono::seconds(3)); // its rows are written: the next commit is the compaction's
    const std::string state = rig.state();
    std::optional<Result<ServerSeq>> result;
    rig.backend.failNextCommits({ErrorCode::IoError, "no"}, 1, static_cast<storage::MemoryBackend::Fault>(fault));
    rig.service->compact(DocumentId("d1"), ServerSeq(6), [&](Result<ServerSeq> reached) { result = reached; });
    rig.run();
    QVERIFY(result.has_value() && !result->has_value());
    QCOMPARE(result->error().code, ErrorCode::IoError);
    QCOMPARE(rowsOf(rig, eventlog::sets::kEvents), std::size_t(11 - horizon));
    // The document goes on from what is in the store, without a restart.
    QCOMPARE(rig.state(), state);
    Peer &bob = rig.follow("bob");
    QCOMPARE(bob.last<protocol::Synced>()->horizon, ServerSeq(horizon));
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 10, Operation::Update, kGold5)})), std::string("applied 11"));
    result.reset();
    rig.service->compact(DocumentId("d1"), ServerSeq(6), [&](Result<ServerSeq> reached) { result = reached; });
    rig.run();
    QCOMPARE(result->value(), ServerSeq(6));
    QCOMPARE(rowsOf(rig, eventlog::sets::kEvents), std::size_t(6));
}

void MaintenanceTest::otherRulesHoldFromTheNextEvent()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    const char *const debt = R"([{"op":"inc","path":"/gold","value":-1000}])";
    QCOMPARE(statuses(rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, debt)})), std::string("applied 2"));
    SyncService::Write other = writeOf("d2", "{}");
    other.collection = CollectionName("others");
    QVERIFY(rig.write(other).has_value());
    Peer &carol = rig.follow("carol", "d2");
    Peer &watcher = rig.hello("watcher"), &onlooker = rig.hello("onlooker");
    const json::Pointer name = json::Pointer::parse("/name").value();
    rig.say(watcher, protocol::Watch{.collection = CollectionName("things"), .fields = {name}});
    rig.say(onlooker, protocol::Watch{.collection = CollectionName("things")}); // of documents as they are, whatever the rules
    const std::string token = watcher.last<protocol::Watching>()->token, plain = onlooker.last<protocol::Watching>()->token;
    const auto watchAgain = [&](const std::string &client, const std::string &since, std::vector<json::Pointer> fields) {
        Peer &peer = rig.hello(client);
        rig.say(peer, protocol::Watch{.collection = CollectionName("things"), .fields = std::move(fields), .since = since});
        return peer.last<protocol::Watching>()->full;
    };
    QVERIFY(!watchAgain("before", token, {name}));

    Policies policies;
    const auto policy = CollectionPolicy::fromJson(value(R"({"paths":{"/gold":{"rule":"counter","min":0}}})"));
    QVERIFY(policy.has_value());
    policies.set(CollectionName("things"), *policy);
    rig.service->setPolicies(policies, {CollectionName("things")});
    rig.run();
    QVERIFY(alice.closed.has_value());
    QCOMPARE(int(*alice.closed), int(ErrorCode::Unavailable));
    QVERIFY(!carol.closed.has_value());
    QCOMPARE(int(watcher.closed.value()), int(ErrorCode::Unavailable));
    QVERIFY(!onlooker.closed);
    QVERIFY(watchAgain("watcher", token, {name})); // a token of other rules leads to a full list
    QVERIFY(watchAgain("before", plain, {name}));  // as does one of a watch that rules did not concern
    QVERIFY(!watchAgain("before", token, {}));
    QVERIFY(!watchAgain("onlooker", plain, {}));

    Peer &bob = rig.follow("bob");
    QVERIFY(bob.last<protocol::Synced>()->policy.has_value());
    QVERIFY(*bob.last<protocol::Synced>()->policy == *policy);
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 2, Operation::Update, debt)})), std::string("rejected Invalid"));
    // What makes nothing worse goes on, and so the document can be mended in steps.
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 2, Operation::Update, nameTo("b"))})), std::string("applied 3"));
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 2, 3, Operation::Update, kGold5)})), std::string("applied 4"));
    QVERIFY(rig.write(writeOf("d1", R"({"gold":0,"name":"b"})")).has_value());
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 3, 5, Operation::Update, R"([{"op":"inc","path":"/gold","value":-1}])")})),
             std::string("rejected Invalid"));
}

void MaintenanceTest::answersAreTimed()
{
    Metrics metrics;
    ServiceOptions options;
    options.metrics = &metrics;
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    QCOMPARE(metrics.histogram("eventsync_push_milliseconds", "").count(), std::uint64_t(1));
    QVERIFY(metrics.histogram("eventsync_commit_milliseconds", "").count() >= 1);
}

// ---- what the store cannot give just now

namespace {

// Memory, whose reads fail while `broken` is set, and whose commits stand still while `holds` is.
class Moody final : public storage::Backend
{
public:
    explicit Moody(storage::MemoryBackend &memory) : m_memory(memory) {}
    struct Held
    {
        storage::Batch batch;
        Executor *executor;
        CommitDone done;
    };
    void commit(storage::Batch batch, Executor &executor, CommitDone done) override
    {
        if (holds)
            held.push_back({std::move(batch), &executor, std::move(done)});
        else
            m_memory.commit(std::move(batch), executor, std::move(done));
    }
    // Lets the first of those that stand still go on, or fail.
    void goOn(bool fails)
    {
        Held first = std::move(held.front());
        held.pop_front();
        if (fails)
            first.executor->post([done = std::move(first.done)] { done(failure(ErrorCode::StoreFull, "no room")); });
        else
            m_memory.commit(std::move(first.batch), *first.executor, std::move(first.done));
    }
    void read(ReadTask task) override
    {
        ++reads;
        if (broken)
            task(failure(*broken));
        else
            m_memory.read(std::move(task));
    }
    Result<std::unique_ptr<storage::ReadView>> view() override { return m_memory.view(); }
    std::string durability() const override { return m_memory.durability(); }
    Result<> backup(const std::string &path, const storage::BackupOptions &options) override
    {
        return m_memory.backup(path, options);
    }

    std::optional<Error> broken;
    int reads = 0;
    bool holds = false;
    std::deque<Held> held;

private:
    storage::MemoryBackend &m_memory;
};

} // namespace

void MaintenanceTest::aClientMayExpireWhileItsCursorCannotBeWritten()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    rig.wait(std::chrono::seconds(2));
    Moody moody(rig.backend);
    SyncService service(moody, rig.executor, rig.clock, rig.random, {});
    rig.run();
    Peer &bob = rig.peers.emplace_back();
    bob.id = service.open(bob, {.peer = "moody"});
    const auto passes = [&] {
        rig.clock.advance(std::chrono::seconds(2));
        service.tick();
        rig.run();
    };
    passes(); // its first tick stores the time seen
    for (const protocol::Message &message : std::initializer_list<protocol::Message>{
             protocol::Hello{.clientId = ClientId("bob")},
             protocol::Subscribe{.documentId = DocumentId("d1"), .collection = CollectionName("things"), .afterSeq = ServerSeq(0)},
             protocol::Cursor{DocumentId("d1"), ServerSeq(1)}}) {
        service.receive(bob.id, message);
        rig.run();
    }
    std::optional<Result<>> expired;
    moody.holds = true;
    service.expireClient(ClientId("bob"), [&](Result<> result) { expired = std::move(result); });
    rig.run();
    passes(); // the cursor's row stands behind the client's
    QCOMPARE(moody.held.size(), std::size_t(2));
    moody.goOn(false);
    rig.run();
    QVERIFY(expired && *expired);
    moody.goOn(true);
    rig.run();
    moody.holds = false;
    passes(); // the cursor is gone: there is nothing to write
    const auto view = *rig.backend.view();
    const auto row = view->get(eventlog::sets::kStateVectors, {std::int64_t(1), std::string("bob")});
    QVERIFY(row && !*row);
}

void MaintenanceTest::aDocumentThatCannotBeReadIsTriedAgain_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<int>("told");
    QTest::addColumn<bool>("again");
    QTest::newRow("the disk does not answer") << int(ErrorCode::IoError) << int(ErrorCode::IoError) << true;
    QTest::newRow("its rows contradict each other") << int(ErrorCode::Corrupt) << int(ErrorCode::Corrupt) << false;
}

void MaintenanceTest::aDocumentThatCannotBeReadIsTriedAgain()
{
    QFETCH(int, code);
    QFETCH(int, told);
    QFETCH(bool, again);
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    rig.wait(std::chrono::seconds(2)); // its rows are written: the next service need not read it at its start
    Moody moody(rig.backend);
    SyncService service(moody, rig.executor, rig.clock, rig.random, {});
    rig.run();
    Peer &bob = rig.peers.emplace_back();
    bob.id = service.open(bob, {.peer = "moody"});
    const auto say = [&](const protocol::Message &message) {
        service.receive(bob.id, message);
        rig.run();
    };
    const auto lives = [&] {
        rig.clock.advance(std::chrono::seconds(1));
        service.tick();
        rig.run();
    };
    say(protocol::Hello{.clientId = ClientId("bob")});
    lives(); // also reads who has stayed away
    const protocol::Subscribe subscribe{.documentId = DocumentId("d1"), .collection = CollectionName("things"), .afterSeq = ServerSeq(0)};
    moody.broken = Error{ErrorCode(code), "no"};
    say(subscribe);
    QCOMPARE(int(bob.last<protocol::ErrorMessage>()->code), told);
    QCOMPARE(bob.last<protocol::ErrorMessage>()->scope, protocol::ErrorScope::Document);
    QCOMPARE(bob.last<protocol::ErrorMessage>()->retryAfterMs.has_value(), again);
    const int before = moody.reads;
    lives();
    QCOMPARE(moody.reads > before, again); // by itself: `derived` waits for it
    moody.broken.reset();
    lives();
    say(subscribe);
    QCOMPARE(bob.eventSeqs(), range(1, 1));
    QVERIFY(!bob.closed);
}

namespace {

// 300 KB of text, 1.6 MB of memory.
std::string largeState(const std::string &member = "t")
{
    std::string text = "[[]";
    for (int i = 0; i < 100'000; ++i)
        text += ",[]";
    return R"({"n":0,")" + member + R"(":)" + text + "]}";
}

constexpr std::size_t kLargeHeld = 1'600'000;

} // namespace

// 60 bytes of patch whose inverse is the whole value.
void MaintenanceTest::theLastEventsOfADocumentAreBoundedInHeldBytes()
{
    ServiceOptions options;
    options.memory = std::make_shared<MemoryAccount>();
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice, 1, largeState())});
    for (int i = 0; i < 20; ++i) {
        const std::int64_t seq = 2 + 2 * i;
        rig.push(alice, {rig.event(alice, seq, seq - 1, Operation::Update, R"([{"op":"copy","from":"/t","path":"/u"}])"),
                         rig.event(alice, seq + 1, seq, Operation::Update, R"([{"op":"remove","path":"/u"}])")});
    }
    rig.wait(std::chrono::seconds(2)); // the derived rows are written, and its state is measured
    const std::size_t held = options.memory->bytes(MemoryOwner::Documents);
    QVERIFY2(held > kLargeHeld, std::to_string(held).c_str());
    QVERIFY2(held < limits::kRecentHeldBytes + 3 * kLargeHeld, std::to_string(held).c_str());
    QCOMPARE(options.memory->bytes(MemoryOwner::Commits), std::size_t(0));
    QCOMPARE(rig.head().serverSeq, ServerSeq(41));
}

// Each of them holds the state that it answers with.
void MaintenanceTest::editsThatHaveNoRoomWaitForTheCommitBefore()
{
    ServiceOptions options;
    options.memory = std::make_shared<MemoryAccount>();
    Rig rig(options);
    QVERIFY(rig.write(writeOf("d1", largeState())).has_value());
    constexpr int kWrites = 100;
    std::vector<std::int64_t> versions;
    std::size_t most = 0;
    for (int i = 0; i < kWrites; ++i) {
        SyncService::Write write{.documentId = DocumentId("d1"), .collection = CollectionName("things"), .clientId = ClientId("server")};
        write.patch = patch(R"([{"op":"inc","path":"/n","value":1}])");
        rig.service->write(write, [&](Result<SyncService::Written> written) {
            QVERIFY(written.has_value());
            versions.push_back(written->record.position.serverSeq.value());
            most = std::max(most, options.memory->bytes(MemoryOwner::Commits));
        });
    }
    rig.run();
    QCOMPARE(versions, range(2, kWrites + 1));
    QVERIFY2(most > limits::kCommitHeldBytes / 2 && most < limits::kCommitHeldBytes + 2 * kLargeHeld, std::to_string(most).c_str());
    QCOMPARE(options.memory->bytes(MemoryOwner::Commits), std::size_t(0));
}

void MaintenanceTest::whatWasUsedLongestAgoLeavesMemoryFirst()
{
    Metrics metrics;
    ServiceOptions options;
    options.metrics = &metrics;
    options.memory = std::make_shared<MemoryAccount>(20 * kLargeHeld, &metrics);
    Rig rig(options);
    rig.follow("alice", "followed");
    constexpr int kDocuments = 15; // each with the event that made it
    for (int i = 1; i <= kDocuments; ++i) {
        QVERIFY(rig.write(writeOf(i == 1 ? "followed" : "d" + std::to_string(i), largeState())).has_value());
        rig.wait(std::chrono::seconds(2)); // the derived rows are written
    }
    QVERIFY(options.memory->bytes() > 10 * kLargeHeld);
    QVERIFY(options.memory->bytes() <= options.memory->total());
    const auto loaded = [&] {
        std::int64_t count = 0;
        rig.service->query({.requestId = "q", .query = protocol::StatsQuery{}}, [&](const protocol::QueryResult &result) {
            count = result.content.at("stats").at("loadedDocuments").as_int64();
        });
        return count;
    };
    const std::int64_t before = loaded();
    QVERIFY(before > 2 && before < kDocuments);
    QVERIFY(rig.read("d15").has_value()); // was used last
    QVERIFY(rig.read("followed").has_value());
    QCOMPARE(loaded(), before);
    QVERIFY(rig.read("d2").has_value()); // was not there
    QCOMPARE(loaded(), before + 1);
    QVERIFY(metrics.toPrometheus().find("eventsync_memory_dropped_total{owner=\"documents\"} 0\n") == std::string::npos);
}

// [G3, G6] Memory runs out half-way through one of three edits that are validated together.
void MaintenanceTest::withoutMemoryOneEditIsRefusedAndOthersGoOn()
{
    struct Failing final : Random
    {
        std::uint64_t next() override
        {
            if (fails && std::exchange(left, left - 1) == 0)
                throw std::bad_alloc();
            return random.next();
        }
        SeededRandom random{11}; // not that of the ids below
        bool fails = false;
        int left = 0;
    } failingRandom;
    ServiceOptions options;
    CollectionPolicy policy;
    policy.setRedaction(true); // each event takes two random numbers, when it is placed in the log
    options.policies.set(CollectionName("things"), policy);
    Rig rig(options);
    rig.service = std::make_unique<SyncService>(rig.backend, rig.executor, rig.clock, failingRandom, rig.options);
    QVERIFY(rig.write(writeOf("d1", R"({"n":0})")).has_value());
    std::vector<std::string> outcomes(3);
    for (std::size_t i = 0; i < 3; ++i) {
        SyncService::Write write{.documentId = DocumentId("d1"), .collection = CollectionName("things"), .clientId = ClientId("server"),
                                 .id = rig.uuids.next()};
        write.edit = [&failingRandom, i](json::State &state) -> Result<> {
            failingRandom.fails = i == 1; // the next number is the salt of its event
            failingRandom.left = 1;
            state->at("n") = state->at("n").as_int64() + static_cast<std::int64_t>(i) + 1;
            return {};
        };
        rig.service->write(write, [&outcomes, i](const Result<SyncService::Written> &written) {
            outcomes[i] = written ? json::canonical(*written->record.state) : std::string(errorName(written.error().code));
        });
    }
    rig.run();
    const std::string all = outcomes[0] + ' ' + outcomes[1] + ' ' + outcomes[2];
    QVERIFY2(all == R"({"n":1} Unavailable {"n":4})", all.c_str());
    QCOMPARE(rig.state(), std::string(R"({"n":4})"));
    QCOMPARE(rig.head().serverSeq, ServerSeq(3));
}

void MaintenanceTest::anEditFunctionWithoutMemoryIsUnavailable()
{
    Rig rig;
    QVERIFY(rig.write(writeOf("d1", R"({"a":1})")).has_value());
    SyncService::Write write = writeOf("d1", R"({"a":2})");
    write.edit = [](json::State &) -> Result<> { throw std::bad_alloc(); };
    QCOMPARE(rig.write(write).error().code, ErrorCode::Unavailable);
    QVERIFY(rig.write(writeOf("d1", R"({"a":3})")).has_value());
    QCOMPARE(rig.state(), std::string(R"({"a":3})"));
}

} // namespace eventsync::sync::test
