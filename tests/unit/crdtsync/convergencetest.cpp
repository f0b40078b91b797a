// SPDX-License-Identifier: Apache-2.0
// Nodes as cores, with a network and stores that the test plays, in simulated time: every run is decided by its seed, and a
// failing one is repeated alone with EVENTSYNC_SEED. EVENTSYNC_LONG=1 makes 10,000 runs of each kind.
#include "convergencetest.h"

#include "corpus.h"

#include <eventsync/base/assert.h>
#include <eventsync/crdtsync/limits.h>
#include <eventsync/crdtsync/patchstore.h>

#include <QTest>

#include <algorithm>
#include <deque>
#include <memory>

using namespace eventsync;
using namespace eventsync::crdtsync;
using namespace std::chrono_literals;
using eventsync::test::idOf;
using eventsync::test::kAlice;
using eventsync::test::kBob;

namespace {

using Milliseconds = SyncCore::Milliseconds;

struct Disk
{
    std::vector<NumberedPatch> patches;
    std::optional<SnapshotMessage> snapshot;

    void take(const Effects::StoreStep &step)
    {
        if (const auto *patch = std::get_if<NumberedPatch>(&step))
            patches.push_back(*patch);
        else
            snapshot = std::get<SnapshotMessage>(step);
    }
    std::vector<NumberedPatch> in(const std::vector<PatchRange> &ranges) const
    {
        std::vector<NumberedPatch> found;
        for (const NumberedPatch &patch : patches) {
            for (const PatchRange &range : ranges) {
                if (patch.id.replica == range.replica && patch.id.number >= range.first && patch.id.number <= range.last)
                    found.push_back(patch);
            }
        }
        std::sort(found.begin(), found.end(), [](const auto &a, const auto &b) { return a.id < b.id; });
        return found;
    }
};

// A core with what it needs around it. Crash and restart: what is not on the disk is gone.
class Node
{
public:
    Node(std::size_t index, Exchange exchange, std::int64_t snapshotFrom, Random &random)
        : m_sid(static_cast<std::uint64_t>(kAlice) + index), m_random(random),
          m_options{"node-" + std::to_string(index), exchange, 1'000ms, snapshotFrom}
    {
        restart();
    }

    void restart()
    {
        unstored.clear();
        adoption.reset();
        core.reset();
        api.reset();
        document = std::make_unique<crdt::Document>(m_sid);
        core = std::make_unique<SyncCore>(*document, m_options, m_random);
        const auto restored = core->restore(disk.snapshot, disk.patches);
        if (!restored)
            qWarning("%s", restored.error().toString().c_str());
        EVENTSYNC_ASSERT(restored.has_value());
        api = std::make_unique<crdt::Api>(*document);
    }

    void edit(Effects &effects)
    {
        const crdt::Patch patch = eventsync::test::randomEdit(m_random, *api);
        if (!patch.isEmpty())
            EVENTSYNC_ASSERT(core->applyLocal(patch, effects).has_value());
    }

    const std::string &name() const { return m_options.nodeId; }

    Disk disk;
    std::unique_ptr<crdt::Document> document;
    std::unique_ptr<SyncCore> core;
    std::unique_ptr<crdt::Api> api;
    std::deque<Effects::StoreStep> unstored;
    std::optional<SnapshotMessage> adoption; // waits for the store's answer
    std::vector<NumberedPatch> adoptionMore;

private:
    std::uint64_t m_sid;
    Random &m_random;
    SyncCore::Options m_options;
};

class World
{
public:
    World(std::uint64_t seed, std::size_t count, Exchange exchange, std::int64_t snapshotFrom) : random(seed)
    {
        for (std::size_t i = 0; i < count; ++i)
            nodes.push_back(std::make_unique<Node>(i, exchange, snapshotFrom, random));
    }

    void carryOut(Node &node, Effects effects)
    {
        for (auto &step : effects.store)
            node.unstored.push_back(std::move(step));
        for (Message &message : effects.send)
            post(message);
        for (const Effects::Serve &serve : effects.serve) {
            // Answers of a few patches each, so that "more" is used.
            auto found = node.disk.in(serve.ranges);
            const bool more = found.size() > 4;
            found.resize(std::min<std::size_t>(found.size(), 4));
            Effects next;
            node.core->served(serve.to, std::move(found), more, next);
            carryOut(node, std::move(next));
        }
        if (effects.adopt) {
            node.adoption = std::move(effects.adopt);
            node.adoptionMore = node.disk.patches;
            for (const auto &step : node.unstored) {
                if (const auto *patch = std::get_if<NumberedPatch>(&step))
                    node.adoptionMore.push_back(*patch);
            }
        }
        for (SyncNotification &notification : effects.notifications)
            notifications.push_back(std::move(notification));
    }

    // Through the codec, each time in another format.
    void post(const Message &message)
    {
        bytes = encode(message, static_cast<EncodingFormat>(random.below(3)));
        bytesSent += bytes.size();
        const auto decoded = decode(bytes);
        if (!decoded)
            qWarning("%s", decoded.error().toString().c_str());
        EVENTSYNC_ASSERT(decoded.has_value());
        for (const auto &node : nodes) {
            if (node->name() == message.from)
                continue;
            for (int copies = trouble && random.below(8) == 0 ? 2 : 1; copies > 0; --copies) {
                if (!trouble || random.below(100) >= lossPercent)
                    wires.push_back({node.get(), *decoded});
            }
        }
    }

    void deliver(std::size_t index)
    {
        const auto item = wires[index];
        wires.erase(wires.begin() + static_cast<std::ptrdiff_t>(index));
        Effects effects;
        item.first->core->receive(item.second, now, effects);
        carryOut(*item.first, std::move(effects));
    }

    void store(Node &node, std::size_t count)
    {
        std::vector<Effects::StoreStep> steps;
        for (; count > 0 && !node.unstored.empty(); --count) {
            node.disk.take(node.unstored.front());
            steps.push_back(std::move(node.unstored.front()));
            node.unstored.pop_front();
        }
        Effects effects;
        node.core->stored(steps, now, effects);
        carryOut(node, std::move(effects));
    }

    void finishAdoption(Node &node)
    {
        if (!node.adoption)
            return;
        Effects effects;
        const SnapshotMessage snapshot = std::move(*node.adoption);
        node.adoption.reset();
        node.core->adopt(snapshot, node.adoptionMore, effects);
        carryOut(node, std::move(effects));
    }

    void tick(Milliseconds time)
    {
        now += time;
        for (const auto &node : nodes) {
            Effects effects;
            node->core->tick(now, effects);
            carryOut(*node, std::move(effects));
        }
    }

    void step()
    {
        Node &node = *nodes[random.below(nodes.size())];
        switch (random.below(12)) {
        case 0: case 1: case 2: {
            Effects effects;
            node.edit(effects);
            carryOut(node, std::move(effects));
            break;
        }
        case 3: store(node, 1 + random.below(4)); break;
        case 4: tick(Milliseconds(random.below(800))); break;
        case 5: finishAdoption(node); break;
        case 6:
            if (random.below(10) == 0)
                node.restart();
            break;
        default:
            if (!wires.empty())
                deliver(random.below(wires.size())); // in any order
        }
    }

    bool isSettled() const
    {
        const Node &first = *nodes.front();
        return std::all_of(nodes.begin(), nodes.end(), [&](const auto &node) {
            return node->unstored.empty() && node->core->replica().vector() == first.core->replica().vector() &&
                   node->core->replica().set().fingerprint() == first.core->replica().set().fingerprint();
        });
    }

    void print() const
    {
        for (const auto &node : nodes) {
            std::string text = node->name() + ":";
            for (const auto &[replica, number] : node->core->replica().vector().rows()) {
                text += " " + std::to_string(replica.value() - kAlice) + "=" + std::to_string(number.value()) + "(" +
                        std::to_string(node->core->replica().floor().at(replica).value()) + ")";
            }
            qWarning("%s, %zu wait", text.c_str(), node->core->replica().waitingCount());
        }
        for (const SyncNotification &notification : notifications) {
            if (notification.error)
                qWarning("%s", notification.error->toString().c_str());
        }
    }

    // No more trouble: within some exchanges all must be equal.
    bool settle(int rounds = 60)
    {
        trouble = false;
        for (int round = 0; round < rounds; ++round) {
            for (int guard = 0; guard < 100'000 && !wires.empty(); ++guard)
                deliver(0);
            for (const auto &node : nodes) {
                store(*node, 100'000);
                finishAdoption(*node);
                store(*node, 100'000);
            }
            if (wires.empty() && isSettled())
                return true;
            tick(1'000ms);
        }
        return false;
    }

    bool documentsAreEqual() const
    {
        return std::all_of(nodes.begin(), nodes.end(), [&](const auto &node) { return *node->document == *nodes.front()->document; });
    }
    std::size_t count(SyncNotification::Kind kind) const
    {
        return static_cast<std::size_t>(std::count_if(notifications.begin(), notifications.end(), [kind](const SyncNotification &notification) { return notification.kind == kind; }));
    }

    SeededRandom random;
    std::vector<std::unique_ptr<Node>> nodes;
    std::deque<std::pair<Node *, Message>> wires;
    std::vector<SyncNotification> notifications;
    Milliseconds now{0};
    Bytes bytes;
    std::size_t bytesSent = 0;
    std::uint64_t lossPercent = 30;
    bool trouble = true;
};

constexpr std::int64_t kNever = INT64_MAX;

} // namespace

namespace eventsync::test {

void ConvergenceTest::nodesThatLoseRepeatAndReorderEndEqual_data()
{
    QTest::addColumn<int>("exchange");
    QTest::addColumn<qint64>("snapshotFrom");
    QTest::newRow("automatic") << int(Exchange::Automatic) << qint64(kNever);
    QTest::newRow("vector") << int(Exchange::Vector) << qint64(kNever);
    QTest::newRow("sets") << int(Exchange::Sets) << qint64(kNever);
    QTest::newRow("automatic, with snapshots") << int(Exchange::Automatic) << qint64(6);
    QTest::newRow("sets, with snapshots") << int(Exchange::Sets) << qint64(6);
}

// G14
void ConvergenceTest::nodesThatLoseRepeatAndReorderEndEqual()
{
    QFETCH(int, exchange);
    QFETCH(qint64, snapshotFrom);
    std::size_t replaced = 0;
    for (const std::uint64_t seed : seeds(60, 10'000)) {
        SeededRandom shape(seed);
        World world(seed, 2 + shape.below(5), static_cast<Exchange>(exchange), snapshotFrom);
        for (std::uint64_t steps = 40 + shape.below(200); steps > 0; --steps)
            world.step();
        const QByteArray how = "EVENTSYNC_SEED=" + QByteArray::number(qulonglong(seed));
        const bool isSettled = world.settle();
        if (!isSettled)
            world.print();
        QVERIFY2(isSettled, how.constData());
        QVERIFY2(world.documentsAreEqual(), how.constData());
        for (const auto &node : world.nodes)
            QVERIFY2(node->document->canonicalView() == world.nodes.front()->document->canonicalView(), how.constData());
        QVERIFY2(world.count(SyncNotification::Kind::ReplicaForked) == 0 && world.count(SyncNotification::Kind::PatchRefused) == 0, how.constData());
        replaced += world.count(SyncNotification::Kind::DocumentReplaced);
        // And all that is on the disks makes the same documents again.
        for (const auto &node : world.nodes)
            node->restart();
        QVERIFY2(world.isSettled() && world.documentsAreEqual(), how.constData());
    }
    if (snapshotFrom != kNever && seeds(60, 60).size() > 1)
        QVERIFY2(replaced > 0, "no snapshot was ever used");
}

void ConvergenceTest::aLateJoinerGetsASnapshot()
{
    World world(1, 2, Exchange::Automatic, 50);
    world.trouble = false;
    for (int i = 0; i < 200; ++i) {
        Effects effects;
        world.nodes[0]->edit(effects);
        world.carryOut(*world.nodes[0], std::move(effects));
    }
    world.store(*world.nodes[0], 1'000);
    world.wires.clear(); // nobody was there to hear it
    QVERIFY(world.settle());
    QVERIFY(world.documentsAreEqual());
    QCOMPARE(world.count(SyncNotification::Kind::DocumentReplaced), std::size_t(1));
    QVERIFY(world.nodes[1]->disk.snapshot.has_value());
    QVERIFY(world.nodes[1]->disk.patches.empty());
    // It goes on like any other, and a third can begin from it.
    Effects effects;
    world.nodes[1]->edit(effects);
    world.carryOut(*world.nodes[1], std::move(effects));
    world.nodes.push_back(std::make_unique<Node>(2, Exchange::Automatic, 50, world.random));
    world.nodes.erase(world.nodes.begin());
    QVERIFY(world.settle());
    QVERIFY(world.documentsAreEqual());
}

void ConvergenceTest::aJoinerWithOwnEditsKeepsThem()
{
    World world(2, 2, Exchange::Automatic, 20);
    world.trouble = false;
    for (int i = 0; i < 100; ++i) {
        Effects effects;
        Node &node = *world.nodes[i % 4 == 0 ? 1 : 0];
        node.edit(effects);
        world.carryOut(node, std::move(effects));
        world.store(node, 1);
    }
    world.wires.clear();
    const auto mine = world.nodes[1]->core->replica().vector().at(ReplicaId(kBob));
    QVERIFY(mine > PatchNumber(10));
    QVERIFY(world.settle());
    QVERIFY(world.documentsAreEqual());
    QVERIFY(world.count(SyncNotification::Kind::DocumentReplaced) > 0);
    QVERIFY(world.nodes[0]->core->replica().vector().at(ReplicaId(kBob)) == mine);
}

void ConvergenceTest::aCopiedReplicaIsReported()
{
    for (const Exchange exchange : {Exchange::Automatic, Exchange::Vector, Exchange::Sets}) {
        World world(3, 2, exchange, kNever);
        world.trouble = false;
        // Somebody copied node 0's folder: two programs that write as one replica.
        Effects ours, theirs;
        world.nodes[0]->edit(ours);
        world.carryOut(*world.nodes[0], std::move(ours));
        QVERIFY(world.settle());
        auto copy = std::make_unique<Node>(0, exchange, kNever, world.random);
        copy->disk = world.nodes[0]->disk;
        copy->restart();
        Effects first, second;
        EVENTSYNC_ASSERT(world.nodes[0]->api->obj("")->set("who", json::Value("the original")).has_value());
        EVENTSYNC_ASSERT(copy->api->obj("")->set("who", json::Value("the copy")).has_value());
        EVENTSYNC_ASSERT(world.nodes[0]->core->applyLocal(world.nodes[0]->api->flush(), first).has_value());
        EVENTSYNC_ASSERT(copy->core->applyLocal(copy->api->flush(), second).has_value());
        world.carryOut(*world.nodes[0], std::move(first));
        (void)world.settle(3);
        QCOMPARE(world.count(SyncNotification::Kind::ReplicaForked), std::size_t(0));
        // The copy meets the other node, which has the original's patch under the same number. Its own name must differ.
        world.nodes.erase(world.nodes.begin());
        world.notifications.clear();
        Effects met;
        const Effects::StoreStep step = second.store.front();
        world.nodes[0]->core->receive({"copy", {}, PatchesMessage{{std::get<NumberedPatch>(step)}, false}}, world.now, met);
        QCOMPARE(met.notifications.size(), std::size_t(1));
        QVERIFY(met.notifications.front().kind == SyncNotification::Kind::ReplicaForked);
        QVERIFY(met.notifications.front().error->code == ErrorCode::ClientForked);
        QVERIFY(met.notifications.front().range == (PatchRange{ReplicaId(kAlice), PatchNumber(2), PatchNumber(2)}));
        // Found by the exchange alone as well, and told once.
        copy->disk.take(step);
        copy->restart();
        auto other = std::make_unique<Node>(1, exchange, kNever, world.random);
        other->disk = world.nodes[0]->disk;
        other->restart();
        world.nodes.clear();
        world.nodes.push_back(std::move(copy));
        world.nodes.push_back(std::move(other));
        world.wires.clear();
        world.notifications.clear();
        (void)world.settle(6);
        QCOMPARE(world.count(SyncNotification::Kind::ReplicaForked), std::size_t(2)); // once by each of the two
    }
}

void ConvergenceTest::aPatchUnderAStrangersNameIsNotApplied()
{
    const Message forged{"x", {}, PatchesMessage{{{idOf(kBob, 1), smallPatch(kAlice, 1)}}, false}};
    for (const EncodingFormat format : {EncodingFormat::Json, EncodingFormat::CompactJson, EncodingFormat::Binary}) {
        const auto decoded = decode(encode(forged, format));
        QVERIFY(!decoded);
        QVERIFY(decoded.error().code == ErrorCode::InvalidMessage);
    }
}

void ConvergenceTest::patchesWaitForWhatTheyReferTo()
{
    SeededRandom random(4);
    crdt::Document alices(static_cast<std::uint64_t>(kAlice)), bobs(static_cast<std::uint64_t>(kBob)), third(77'777);
    crdt::Api alice(alices), bob(bobs);
    QVERIFY(alice.root(json::Object{{"text", "x"}}).has_value());
    const NumberedPatch root{idOf(kAlice, 1), alice.flush()};
    QVERIFY(bobs.apply(root.patch).has_value());
    QVERIFY(bob.str("/text")->ins(1, QStringLiteral("y")).has_value());
    const NumberedPatch edit{idOf(kBob, 1), bob.flush()};
    QVERIFY(bob.str("/text")->ins(2, QStringLiteral("z")).has_value());
    const NumberedPatch more{idOf(kBob, 2), bob.flush()};
    Replica replica(third, random);
    QVERIFY(replica.receive({more}).applied.empty());
    QVERIFY(replica.receive({edit}).applied.empty());
    QCOMPARE(replica.waitingCount(), std::size_t(2));
    QVERIFY(replica.withoutWaiting({rangeOf(kBob, 1, 3)}) == std::vector<PatchRange>{rangeOf(kBob, 3, 3)});
    QCOMPARE(replica.receive({root}).applied.size(), std::size_t(3));
    QCOMPARE(replica.waitingCount(), std::size_t(0));
    QCOMPARE(third.canonicalView(), std::string(R"({"text":"xyz"})"));
    // What waits and comes again with other content is a copy's, too.
    QVERIFY(replica.receive({{idOf(kBob, 4), smallPatch(kBob, 100, 1)}}).forked.empty());
    QCOMPARE(replica.receive({{idOf(kBob, 4), smallPatch(kBob, 100, 2)}}).forked.size(), std::size_t(1));
}

void ConvergenceTest::theRoomForWaitingPatchesIsBounded()
{
    SeededRandom random(5);
    crdt::Document document(77'777);
    Replica replica(document, random);
    std::size_t dropped = 0;
    for (std::int64_t i = 0; i < std::int64_t(limits::kCrdtSyncWaiting) + 10; ++i)
        dropped += replica.receive({numbered(kAlice, 2 + i)}).dropped;
    QCOMPARE(dropped, std::size_t(10));
    QCOMPARE(replica.waitingCount(), limits::kCrdtSyncWaiting);
    // The one that they wait for gets in, and all go on.
    QCOMPARE(replica.receive({numbered(kAlice, 1)}).applied.size(), limits::kCrdtSyncWaiting + 1);
}

void ConvergenceTest::nothingUnstoredGetsOut()
{
    World world(6, 2, Exchange::Automatic, 1);
    world.trouble = false;
    Node &node = *world.nodes[0];
    Effects effects;
    for (int i = 0; i < 5; ++i)
        node.edit(effects);
    QVERIFY(effects.send.empty());
    QVERIFY(!effects.store.empty());
    const auto count = static_cast<std::int64_t>(effects.store.size());
    QCOMPARE(node.core->replica().vector().patchCount(), std::int64_t(0)); // nor does a number tell of them
    // Not as patches and not inside a snapshot.
    Effects asked;
    node.core->receive({"node-1", "node-0", RequestMessage{{rangeOf(kAlice, 1, count)}, true}}, 0ms, asked);
    QVERIFY(asked.send.empty() && asked.serve.empty());
    Effects some;
    node.core->stored({effects.store.front()}, 0ms, some);
    some = {};
    node.core->receive({"node-1", "node-0", RequestMessage{{rangeOf(kAlice, 1, count)}, true}}, 0ms, asked);
    node.core->receive({"node-1", "node-0", RequestMessage{{rangeOf(kAlice, 1, 1)}, false}}, 0ms, some);
    QVERIFY(asked.send.empty());
    QCOMPARE(some.serve.size(), std::size_t(1)); // what is durable may be had
    Effects durable;
    node.core->stored({effects.store.begin() + 1, effects.store.end()}, 0ms, durable);
    QCOMPARE(node.core->replica().vector().patchCount(), count);
    QCOMPARE(durable.send.size(), std::size_t(2)); // the news for all, and the snapshot that was asked for
    QVERIFY(std::holds_alternative<PatchesMessage>(durable.send[0].body));
    QVERIFY(std::holds_alternative<SnapshotMessage>(durable.send[1].body));
}

} // namespace eventsync::test
