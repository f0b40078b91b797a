// SPDX-License-Identifier: Apache-2.0
#include "nodestest.h"

#include "rig.h"

#include <eventsync/pubsub/memorypubsub.h>
#include <eventsync/sync/limits.h>

#include <QTest>

namespace eventsync::sync::test {

namespace {

// A second service on the store of the first.
struct Second
{
    Second(Rig &first, pubsub::PubSub *pubsub) : rig(first)
    {
        ServiceOptions options = first.options;
        options.pubsub = pubsub;
        service = std::make_unique<SyncService>(first.backend, first.executor, first.clock, first.random, options);
        first.run();
    }
    void say(Peer &peer, const protocol::Message &message)
    {
        service->receive(peer.id, message);
        rig.run();
    }
    Peer &hello(const std::string &client)
    {
        Peer &peer = rig.peers.emplace_back();
        peer.client = ClientId(client);
        peer.id = service->open(peer, {.peer = "second"});
        say(peer, protocol::Hello{.clientId = peer.client});
        return peer;
    }
    Peer &follow(const std::string &client, const std::string &document)
    {
        Peer &peer = hello(client);
        say(peer, protocol::Subscribe{.documentId = DocumentId(document), .collection = CollectionName("things"),
                                      .afterSeq = ServerSeq(0)});
        return peer;
    }
    void receive(Peer &peer, Event event)
    {
        service->receive(peer.id, protocol::Push{BatchId(++rig.batches), event.documentId,
                                                 {std::make_shared<const Event>(std::move(event))}});
    }

    Rig &rig;
    std::unique_ptr<SyncService> service;
};

ServiceOptions joined(pubsub::PubSub &pubsub)
{
    ServiceOptions options;
    options.pubsub = &pubsub;
    return options;
}

} // namespace

// [G2, G3, G8]
void NodesTest::nodesHearOfEachOthersCommits()
{
    pubsub::MemoryPubSub hub;
    Rig rig(joined(hub));
    Second second(rig, &hub);
    Peer &alice = rig.follow("alice");
    Peer &bob = second.follow("bob", "d1");
    rig.push(alice, {rig.create(alice)});
    QCOMPARE(bob.eventSeqs(), range(1, 1));
    second.receive(bob, rig.event(bob, 1, 1, Operation::Update, kGold5));
    rig.run();
    QCOMPARE(statuses(*bob.last<protocol::Ack>()), std::string("applied 2"));
    QCOMPARE(alice.eventSeqs(), range(1, 2));
    // Both at once: one order, and nothing twice.
    second.receive(bob, rig.event(bob, 2, 2, Operation::Update, kGold5));
    std::vector<std::string> answers{statuses(rig.push(alice, {rig.event(alice, 2, 2, Operation::Update, kGold5)})),
                                     statuses(*bob.last<protocol::Ack>())};
    std::sort(answers.begin(), answers.end());
    QCOMPARE(answers, (std::vector<std::string>{"applied 3", "merged 4"}));
    QCOMPARE(alice.eventSeqs(), range(1, 4));
    QCOMPARE(bob.eventSeqs(), range(1, 4));
    QCOMPARE(rig.state(), std::string(R"({"gold":25,"name":"x"})"));
    // New documents of both nodes get numbers of their own.
    Peer &carol = second.follow("carol", "d2");
    second.receive(carol, rig.create(carol, 1, "{}", "d2"));
    Peer &dave = rig.follow("dave", "d3");
    QCOMPARE(statuses(rig.push(dave, {rig.create(dave, 1, "{}", "d3")})), std::string("applied 1"));
    QCOMPARE(statuses(*carol.last<protocol::Ack>()), std::string("applied 1"));
}

// Hints are for speed: a node whose PubSub is another's hub never hears of the first.
void NodesTest::aNodeThatHearsNothingPolls()
{
    pubsub::MemoryPubSub hub, deaf;
    Rig rig(joined(hub));
    Second second(rig, &deaf);
    Peer &alice = rig.follow("alice");
    Peer &bob = second.follow("bob", "d1");
    rig.push(alice, {rig.create(alice)});
    QVERIFY(bob.eventSeqs().empty());
    rig.clock.advance(limits::kHeadPoll);
    second.service->tick();
    rig.run();
    QCOMPARE(bob.eventSeqs(), range(1, 1));
    rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)});
    rig.clock.advance(limits::kHeadPoll);
    second.service->tick();
    rig.run();
    QCOMPARE(bob.eventSeqs(), range(1, 2));
}

void NodesTest::aWatcherHearsOfAnotherNodesDocuments()
{
    pubsub::MemoryPubSub hub;
    Rig rig(joined(hub));
    Second second(rig, &hub);
    Peer &bob = second.hello("bob");
    second.say(bob, protocol::Watch{CollectionName("things"), {}, {}, {}});
    QVERIFY(bob.all<protocol::Heads>().empty());
    QVERIFY(rig.write(writeOf("d1", "{}")).has_value());
    rig.run();
    QCOMPARE(bob.last<protocol::Heads>()->heads.front().documentId, DocumentId("d1"));
    QCOMPARE(bob.last<protocol::Heads>()->heads.front().serverSeq, ServerSeq(1));
    hub.publish("eventsync.heads", "no hint", rig.executor); // and is not moved by what is none [G16]
    rig.run();
    QVERIFY(rig.write(writeOf("d1", R"({"gold":1})")).has_value());
    rig.run();
    QCOMPARE(bob.last<protocol::Heads>()->heads.front().serverSeq, ServerSeq(2));
}

// Nobody tells of a compaction: who reads what is not there any more looks at the document again.
void NodesTest::aNodeFindsThatAnotherHasCompacted()
{
    pubsub::MemoryPubSub hub;
    Rig rig(joined(hub));
    QVERIFY(rig.write(writeOf("d1", R"({"gold":0})")).has_value());
    writeMany(rig, 99);
    rig.wait(std::chrono::seconds(2)); // the derived rows are written: a node that starts has the last events at hand only
    rig.restart();
    QCOMPARE(rig.head().serverSeq, ServerSeq(100));
    Second second(rig, &hub);
    std::optional<Result<ServerSeq>> compacted;
    second.service->compact(DocumentId("d1"), ServerSeq(20), [&](Result<ServerSeq> done) { compacted = std::move(done); });
    rig.run();
    QCOMPARE(**compacted, ServerSeq(20));
    Peer &alice = rig.hello("alice");
    rig.service->receive(alice.id, protocol::Subscribe{.documentId = DocumentId("d1"), .collection = CollectionName("things"),
                                                       .afterSeq = ServerSeq(0)});
    for (int steps = 0; steps < 1'000 && rig.executor.runOne(); ++steps) { }
    QVERIFY(!rig.executor.runOne()); // it does not read for ever
    QCOMPARE(alice.all<protocol::Snapshot>().size(), std::size_t(1));
    QCOMPARE(alice.last<protocol::Synced>()->position.serverSeq, ServerSeq(100));
    QCOMPARE(alice.last<protocol::Synced>()->horizon, ServerSeq(20));
}

// What a node still writes of a document that another has compacted does not bring the old horizon back.
void NodesTest::aCompactionOutlastsWhatOtherNodesWrite()
{
    pubsub::MemoryPubSub hub;
    Rig rig(joined(hub));
    QVERIFY(rig.write(writeOf("d1", R"({"gold":0})")).has_value());
    writeMany(rig, 29);
    rig.wait(std::chrono::seconds(2));
    Second second(rig, &hub);
    std::optional<Result<ServerSeq>> compacted;
    second.service->compact(DocumentId("d1"), ServerSeq(20), [&](Result<ServerSeq> done) { compacted = std::move(done); });
    rig.run();
    QCOMPARE(**compacted, ServerSeq(20));
    writeMany(rig, 1); // of the first node, which heard of nothing
    rig.wait(std::chrono::seconds(5));
    second.service.reset();
    rig.restart();
    QCOMPARE(rig.head().serverSeq, ServerSeq(31));
    QCOMPARE(rig.read()->horizon, ServerSeq(20));
    writeMany(rig, 1);
    rig.wait(std::chrono::seconds(5));
    rig.restart();
    QCOMPARE(rig.state(), std::string(R"({"gold":155})"));
}

} // namespace eventsync::sync::test
