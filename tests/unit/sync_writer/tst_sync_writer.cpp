// SPDX-License-Identifier: Apache-2.0
#include "../sync/rig.h"

#include <eventsync/eventlog/eventsourcedstorage.h>
#include <eventsync/eventlog/logverifier.h>
#include <eventsync/json/limits.h>

#include <QTest>

using namespace eventsync;
using namespace eventsync::sync;
using namespace eventsync::sync::test;
using eventlog::EventSourcedStorage;

namespace {

const DocumentId kFirst("d1"), kSecond("d2");
const ClientId kGameServer("game-server");

// A service, and code in its process that works through an EventSourcedStorage.
struct World
{
    template<class T>
    Result<T> wait(QFuture<Result<T>> future)
    {
        rig.run();
        return future.isFinished() ? future.result() : Result<T>(failure(ErrorCode::Timeout, "the future did not end"));
    }
    storage::EditFunction gold(std::int64_t amount)
    {
        return [amount](json::Value &value) -> Result<> {
            value.as_object()["gold"] = value.as_object()["gold"].as_int64() + amount;
            return {};
        };
    }
    QFuture<Result<std::vector<storage::EditResult>>> move(std::int64_t amount)
    {
        return documents.storage().transaction(
            {kFirst, kSecond},
            [this, amount](std::map<DocumentId, json::Value> &values) -> Result<> {
                EVENTSYNC_CHECK(gold(-amount)(values.at(kFirst)));
                return gold(amount)(values.at(kSecond));
            },
            {.clientId = kGameServer});
    }

    explicit World(storage::MemoryBackend::Completion completion = storage::MemoryBackend::Completion::AtOnce) : rig({}, completion) {}

    Rig rig;
    EventSourcedStorage documents{rig.service->engine(), CollectionName("things")};
};

} // namespace

class TestSyncWriter : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void subscribersSeeWhatCodeWritesLive();
    void replicasIdIsRefused();
    void transactionIsSeenAsOneEventOfEachDocument();
    void transactionThatFailsLeavesTheDocumentsInUse();
    void transactionsAndEditsAtOnceLoseNothing();
    void transactionWhoseCommitFailsChangesNothing();
    void serviceThatGoesEndsTransactions();
};

void TestSyncWriter::subscribersSeeWhatCodeWritesLive()
{
    World world;
    QVERIFY(world.wait(world.documents.createDocument(kFirst, json::Object{{"gold", 1}}, kGameServer)));
    Peer &alice = world.rig.follow("alice");
    alice.received.clear();
    QVERIFY(world.wait(world.documents.updateDocument(kFirst, world.gold(5), kGameServer)));
    QCOMPARE(alice.eventSeqs(), std::vector<std::int64_t>{2});
    QVERIFY(world.wait(world.documents.deleteDocument(kFirst, kGameServer)));
    QCOMPARE(alice.eventSeqs(), (std::vector<std::int64_t>{2, 3}));
    const auto missing = world.wait(world.documents.getMissingEvents(kFirst, VectorClock({{kGameServer, ClientSeq(2)}})));
    QVERIFY(missing);
    QCOMPARE(missing->events.size(), std::size_t(1));
}

void TestSyncWriter::replicasIdIsRefused()
{
    World world;
    world.rig.hello("alice");
    const auto written = world.wait(world.documents.createDocument(kFirst, json::Object{}, ClientId("alice")));
    QCOMPARE(written.error().code, ErrorCode::ClientIdInUse);
}

void TestSyncWriter::transactionIsSeenAsOneEventOfEachDocument()
{
    World world;
    QVERIFY(world.wait(world.documents.createDocument(kFirst, json::Object{{"gold", 10}}, kGameServer)));
    QVERIFY(world.wait(world.documents.createDocument(kSecond, json::Object{{"gold", 0}}, kGameServer)));
    Peer &alice = world.rig.follow("alice");
    Peer &bob = world.rig.follow("bob", "d2");
    alice.received.clear();
    bob.received.clear();
    const auto moved = world.wait(world.move(3));
    QVERIFY(moved);
    QCOMPARE(alice.eventSeqs(), std::vector<std::int64_t>{2});
    QCOMPARE(bob.eventSeqs(), std::vector<std::int64_t>{2});
    QCOMPARE(world.rig.state("d1"), std::string(R"({"gold":7})"));
    QCOMPARE(world.rig.state("d2"), std::string(R"({"gold":3})"));
    const auto first = world.wait(world.documents.getMissingEvents(kFirst, {}));
    const auto second = world.wait(world.documents.getMissingEvents(kSecond, {}));
    QCOMPARE(json::canonical(first->events[1]->metadata->at("transactionId")), json::canonical(second->events[1]->metadata->at("transactionId")));
    QVERIFY(world.wait(world.move(0))); // nothing to commit
    QCOMPARE(world.rig.head("d1").serverSeq, ServerSeq(2));
}

void TestSyncWriter::transactionThatFailsLeavesTheDocumentsInUse()
{
    World world;
    QVERIFY(world.wait(world.documents.createDocument(kFirst, json::Object{{"gold", 10}}, kGameServer)));
    QVERIFY(world.wait(world.documents.createDocument(kSecond, json::Object{{"gold", 0}}, kGameServer)));
    const auto tooLarge = world.wait(world.documents.storage().transaction(
        {kFirst, kSecond},
        [&](std::map<DocumentId, json::Value> &values) -> Result<> {
            values.at(kSecond).as_object()["text"] = std::string(limits::kDocumentBytes, 'x');
            return world.gold(-1)(values.at(kFirst));
        },
        {}));
    QVERIFY(!tooLarge);
    const auto absent = world.wait(world.documents.storage().transaction(
        {kFirst, DocumentId("d3")}, [](std::map<DocumentId, json::Value> &) -> Result<> { return {}; }, {}));
    QCOMPARE(absent.error().code, ErrorCode::NotFound);
    QCOMPARE(world.rig.state("d1"), std::string(R"({"gold":10})"));
    QVERIFY(world.wait(world.documents.updateDocument(kFirst, world.gold(1), kGameServer)));
    QVERIFY(world.wait(world.move(1)));
    QCOMPARE(world.rig.head("d1").serverSeq, ServerSeq(3));
}

// [G6]
void TestSyncWriter::transactionsAndEditsAtOnceLoseNothing()
{
    World world(storage::MemoryBackend::Completion::InFlight);
    QVERIFY(world.wait(world.documents.createDocument(kFirst, json::Object{{"gold", 100}}, kGameServer)));
    QVERIFY(world.wait(world.documents.createDocument(kSecond, json::Object{{"gold", 0}}, kGameServer)));
    std::vector<QFuture<Result<std::vector<storage::EditResult>>>> moves;
    std::vector<QFuture<Result<storage::EditResult>>> edits;
    for (int i = 0; i < 10; ++i) {
        edits.push_back(world.documents.updateDocument(i % 2 == 0 ? kFirst : kSecond, world.gold(10), kGameServer));
        moves.push_back(world.move(1));
    }
    world.rig.run();
    for (const auto &edit : edits)
        QVERIFY(edit.isFinished() && edit.result());
    for (const auto &moved : moves)
        QVERIFY(moved.isFinished() && moved.result());
    QCOMPARE(world.rig.state("d1"), std::string(R"({"gold":140})"));
    QCOMPARE(world.rig.state("d2"), std::string(R"({"gold":60})"));
    const auto view = world.rig.backend.view();
    QVERIFY(eventlog::verifyLogs(**view)->isIntact());
}

// [G5]
void TestSyncWriter::transactionWhoseCommitFailsChangesNothing()
{
    World world;
    QVERIFY(world.wait(world.documents.createDocument(kFirst, json::Object{{"gold", 10}}, kGameServer)));
    QVERIFY(world.wait(world.documents.createDocument(kSecond, json::Object{{"gold", 0}}, kGameServer)));
    world.rig.backend.failNextCommits({ErrorCode::StoreFull, "full"});
    QCOMPARE(world.wait(world.move(3)).error().code, ErrorCode::StoreFull);
    QCOMPARE(world.rig.state("d1"), std::string(R"({"gold":10})"));
    world.rig.backend.failNextCommits({ErrorCode::VersionConflict, "a race"});
    QVERIFY(world.wait(world.move(3)));
    QCOMPARE(world.rig.state("d1"), std::string(R"({"gold":7})"));
    QCOMPARE(world.rig.state("d2"), std::string(R"({"gold":3})"));
}

void TestSyncWriter::serviceThatGoesEndsTransactions()
{
    World world(storage::MemoryBackend::Completion::InFlight);
    QVERIFY(world.wait(world.documents.createDocument(kFirst, json::Object{{"gold", 10}}, kGameServer)));
    QVERIFY(world.wait(world.documents.createDocument(kSecond, json::Object{{"gold", 0}}, kGameServer)));
    for (int steps = 0; steps < 12; ++steps) {
        Rig &rig = world.rig;
        auto another = std::make_unique<SyncService>(rig.backend, rig.executor, rig.clock, rig.random, ServiceOptions());
        auto documents = std::make_unique<EventSourcedStorage>(another->engine(), CollectionName("things"));
        auto moved = documents->storage().transaction(
            {kFirst, kSecond}, [&](std::map<DocumentId, json::Value> &values) { return world.gold(1)(values.at(kFirst)); }, {});
        for (int i = 0; i < steps; ++i)
            rig.executor.runOne();
        documents.reset();
        another.reset();
        rig.run();
        QVERIFY(moved.isFinished());
    }
}

QTEST_GUILESS_MAIN(TestSyncWriter)
#include "tst_sync_writer.moc"
