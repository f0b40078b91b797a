// SPDX-License-Identifier: Apache-2.0
// Whole nodes: managers with their stores over a PubSub, the last over a real Redis.
#include "managertest.h"

#include "corpus.h"

#include <support/executors.h>
#include <support/fakeclock.h>
#include <support/redisserver.h>

#include <eventsync/base/assert.h>
#include <eventsync/crdtsync/syncmanager.h>
#include <eventsync/pubsub/memorypubsub.h>
#include <eventsync/pubsub/redispeerdiscovery.h>
#include <eventsync/pubsub/redispubsub.h>
#include <eventsync/storage/memorybackend.h>

#include <QTest>

using namespace eventsync;
using namespace eventsync::crdtsync;
using namespace std::chrono_literals;

namespace {

struct Station
{
    Station(std::string name, std::uint64_t sid, pubsub::PubSub &hub, PatchStore &patches, Executor &executor, const Clock &clock,
            Random &random, EncodingFormat format = EncodingFormat::Binary, pubsub::PeerDiscovery *peers = nullptr)
        : document(sid), api(document), broadcaster(hub, "doc-patches", format), syncer(hub, "doc-sync", format),
          manager(document, broadcaster, syncer, peers, patches, {.nodeId = std::move(name), .every = 100ms}, executor, clock, random)
    {
        manager.setNotificationHandler([this](const SyncNotification &notification) { notifications.push_back(notification); });
        manager.setBadMessageHandler([this](const Error &) { ++bad; });
    }
    void set(const char *key, const char *value)
    {
        if (document.isEmpty())
            EVENTSYNC_ASSERT(api.root(json::Object()).has_value());
        EVENTSYNC_ASSERT(api.obj("")->set(key, json::Value(value)).has_value());
        EVENTSYNC_ASSERT(manager.applyPatch(api.flush()).has_value());
    }
    std::string view() const { return document.canonicalView(); }

    crdt::Document document;
    crdt::Api api;
    PubSubBroadcaster broadcaster;
    PubSubSyncer syncer;
    SyncManager manager;
    std::vector<SyncNotification> notifications;
    int bad = 0;
};

} // namespace

namespace eventsync::test {

void ManagerTest::twoNodesFollowEachOther_data()
{
    QTest::addColumn<int>("format");
    QTest::newRow("JSON") << int(EncodingFormat::Json);
    QTest::newRow("compact JSON") << int(EncodingFormat::CompactJson);
    QTest::newRow("binary") << int(EncodingFormat::Binary);
}

void ManagerTest::twoNodesFollowEachOther()
{
    QFETCH(int, format);
    ManualExecutor executor;
    FakeClock clock;
    SeededRandom random(1);
    pubsub::MemoryPubSub hub;
    const auto directory = pubsub::MemoryPeerDiscovery::makeDirectory();
    pubsub::MemoryPeerDiscovery peersOfA(directory, {"a", ""}), peersOfB(directory, {"b", ""});
    MemoryPatchStore storeA, storeB;
    Station a("a", std::uint64_t(kAlice), hub, storeA, executor, clock, random, EncodingFormat(format), &peersOfA);
    QVERIFY(a.manager.start().has_value());
    a.set("title", "안녕");
    executor.runAll();
    // b comes later and hears of what it has missed.
    Station b("b", std::uint64_t(kBob), hub, storeB, executor, clock, random, EncodingFormat(format), &peersOfB);
    QVERIFY(b.manager.start().has_value());
    executor.runAll();
    QCOMPARE(b.view(), std::string(R"({"title":"안녕"})"));
    QCOMPARE(b.manager.peers().size(), std::size_t(1));
    b.set("by", "b");
    a.set("more", "a");
    executor.runAll();
    QCOMPARE(a.view(), std::string(R"({"by":"b","more":"a","title":"안녕"})"));
    QCOMPARE(b.view(), a.view());
    QVERIFY(a.manager.stateVector() == b.manager.stateVector());
    QVERIFY(storeA.load()->patches.size() == 3 && storeB.load()->patches.size() == 3);
    QVERIFY(std::any_of(b.notifications.begin(), b.notifications.end(), [](const SyncNotification &notification) { return notification.kind == SyncNotification::Kind::PatchApplied; }));
    // Noise on the topic is told and does no harm.
    hub.publish("doc-sync", "noise", executor);
    executor.runAll();
    QCOMPARE(a.bad, 1);
    // Who has left hears nothing, and catches up when it is back.
    b.manager.stop();
    a.set("title", "later");
    executor.runAll();
    QVERIFY(b.view() != a.view());
    bool applied = false;
    QVERIFY(a.manager.applyPatch(crdt::Patch(), [&] { applied = true; }).has_value()); // nothing to do is done
    executor.runAll();
    QVERIFY(applied);
    QVERIFY(!a.manager.applyPatch(smallPatch(kBob, 5'000))); // not a's
}

void ManagerTest::aNodeComesBackWithItsStore()
{
    ManualExecutor executor;
    FakeClock clock;
    SeededRandom random(2);
    pubsub::MemoryPubSub hub;
    MemoryPatchStore storeA, storeB;
    auto a = std::make_unique<Station>("a", std::uint64_t(kAlice), hub, storeA, executor, clock, random);
    auto b = std::make_unique<Station>("b", std::uint64_t(kBob), hub, storeB, executor, clock, random);
    QVERIFY(a->manager.start().has_value());
    QVERIFY(b->manager.start().has_value());
    a->set("one", "1");
    executor.runAll();
    b.reset(); // with messages on their way
    a->set("two", "2");
    a.reset();
    executor.runAll();
    a = std::make_unique<Station>("a", std::uint64_t(kAlice), hub, storeA, executor, clock, random);
    b = std::make_unique<Station>("b", std::uint64_t(kBob), hub, storeB, executor, clock, random);
    QVERIFY(a->manager.start().has_value());
    QCOMPARE(a->view(), std::string(R"({"one":"1","two":"2"})"));
    QVERIFY(b->manager.start().has_value());
    QCOMPARE(b->view(), std::string(R"({"one":"1"})"));
    executor.runAll();
    QCOMPARE(b->view(), a->view());
    a->set("three", "3");
    executor.runAll();
    QCOMPARE(b->view(), std::string(R"({"one":"1","three":"3","two":"2"})"));
}

void ManagerTest::whatTheStoreRefusesIsTriedAgain()
{
    ManualExecutor executor;
    FakeClock clock;
    SeededRandom random(3);
    pubsub::MemoryPubSub hub;
    const auto backend = std::make_shared<storage::MemoryBackend>(BackendPatchStore::schema());
    BackendPatchStore storeA(backend);
    MemoryPatchStore storeB;
    Station a("a", std::uint64_t(kAlice), hub, storeA, executor, clock, random);
    Station b("b", std::uint64_t(kBob), hub, storeB, executor, clock, random);
    QVERIFY(a.manager.start().has_value());
    QVERIFY(b.manager.start().has_value());
    executor.runAll();
    backend->failNextCommits({ErrorCode::StoreFull, "full"}, 1, storage::MemoryBackend::Fault::Refused);
    a.set("title", "1");
    executor.runAll();
    QCOMPARE(a.manager.unstored(), std::size_t(1));
    QCOMPARE(b.view(), std::string("null")); // not durable: not told
    QVERIFY(a.notifications.back().kind == SyncNotification::Kind::StoreFailed);
    QVERIFY(a.notifications.back().error->code == ErrorCode::StoreFull);
    clock.advance(50ms);
    a.manager.tick();
    executor.runAll();
    QCOMPARE(a.manager.unstored(), std::size_t(0));
    QCOMPARE(b.view(), std::string(R"({"title":"1"})"));
    // A result that is not known: the second try finds it there.
    backend->failNextCommits({ErrorCode::IoError, "who knows"}, 1, storage::MemoryBackend::Fault::Answered);
    a.set("title", "2");
    executor.runAll();
    a.manager.tick();
    executor.runAll();
    QCOMPARE(a.manager.unstored(), std::size_t(0));
    QCOMPARE(b.view(), std::string(R"({"title":"2"})"));
    QCOMPARE(storeA.load()->patches.size(), std::size_t(2));
}

void ManagerTest::nodesOverRedisSurviveARestartOfTheServer()
{
    EVENTSYNC_NEEDS_REDIS();
    RedisServer server;
    QVERIFY(server.start());
    ManualExecutor executor;
    const SystemClock clock;
    SystemRandom random;
    const auto endpoint = *pubsub::redisEndpointFrom(server.url());
    pubsub::RedisTiming timing;
    timing.retryFirst = 20ms;
    timing.retryLongest = 100ms;
    pubsub::RedisPubSub hubA({endpoint, timing, "t:"}, clock, random), hubB({endpoint, timing, "t:"}, clock, random);
    pubsub::RedisPeerDiscovery peersA({endpoint, timing, "doc", {"a", ""}, 50ms}, clock, random);
    pubsub::RedisPeerDiscovery peersB({endpoint, timing, "doc", {"b", ""}, 50ms}, clock, random);
    MemoryPatchStore storeA, storeB;
    Station a("a", std::uint64_t(kAlice), hubA, storeA, executor, clock, random, EncodingFormat::Binary, &peersA);
    Station b("b", std::uint64_t(kBob), hubB, storeB, executor, clock, random, EncodingFormat::CompactJson, &peersB);
    QVERIFY(a.manager.start().has_value());
    QVERIFY(b.manager.start().has_value());
    const auto agree = [&](const std::string &view) {
        for (int i = 0; i < 500; ++i) {
            if (executor.runUntil([&] { return a.view() == view && b.view() == view; }, 20ms))
                return true;
            a.manager.tick();
            b.manager.tick();
        }
        return false;
    };
    a.set("from", "a");
    QVERIFY(agree(R"({"from":"a"})"));
    server.stop();
    a.set("while", "down");
    b.set("here", "too");
    (void)executor.runUntil([] { return false; }, 200ms);
    QVERIFY(a.view() != b.view());
    QVERIFY(server.start());
    QVERIFY(agree(R"({"from":"a","here":"too","while":"down"})"));
    QTRY_COMPARE(a.manager.peers().size(), std::size_t(1));
}

} // namespace eventsync::test
