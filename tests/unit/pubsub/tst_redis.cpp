// SPDX-License-Identifier: Apache-2.0
// RedisPubSub and RedisPeerDiscovery against a real server, which is killed and started again in the middle.
#include <support/executors.h>
#include <support/fakeclock.h>
#include <support/redisserver.h>

#include <eventsync/base/limits.h>
#include <eventsync/pubsub/limits.h>
#include <eventsync/pubsub/redispeerdiscovery.h>
#include <eventsync/pubsub/redispubsub.h>

#include <QScopeGuard>
#include <QTest>

#include <sys/resource.h>

#include <algorithm>
#include <optional>

using namespace eventsync;
using namespace eventsync::pubsub;
using namespace std::chrono_literals;
using test::ManualExecutor;
using test::RedisServer;

namespace {

RedisTiming quick()
{
    RedisTiming timing;
    timing.retryFirst = 20ms;
    timing.retryLongest = 100ms;
    return timing;
}

RedisPubSub::Options optionsFor(const std::string &url)
{
    return {*redisEndpointFrom(url), quick(), "test:"};
}

RedisPeerDiscovery::Options peerOptions(const RedisServer &server, const std::string &id)
{
    return {*redisEndpointFrom(server.url()), quick(), "group", {id, "at-" + id}, 100ms};
}

} // namespace

class TestRedis : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void addressesAreReadAndBadOnesRefused_data();
    void addressesAreReadAndBadOnesRefused();
    void everySubscriberHearsInOrder_data();
    void everySubscriberHearsInOrder();
    void anEndedSubscriptionHearsNothingMore();
    void bytesArriveUnchangedUpToTheLimitAndNoFurther();
    void withoutAServerPublishingIsUnavailable();
    void withoutADescriptorPublishingIsUnavailable();
    void aFullQueueIsRefused();
    void afterARestartItSubscribesAgainAndTellsTheLink();
    void aWrongPasswordGivesNoLink();
    void peersSeeEachOtherAndGoodbyes();
    void aPeerThatFellSilentIsGone();
    void theSameNodeTwiceIsAConflict();
    void peersComeBackAfterARestartOfTheServer();

private:
    SystemClock m_clock;
    SystemRandom m_random;
};

void TestRedis::addressesAreReadAndBadOnesRefused_data()
{
    QTest::addColumn<QByteArray>("url");
    QTest::addColumn<QByteArray>("read"); // empty: refused
    QTest::newRow("plain") << QByteArray("redis://localhost") << QByteArray("redis://localhost:6379");
    QTest::newRow("all") << QByteArray("redis://me:a%40b@10.0.0.1:7000/3") << QByteArray("redis://10.0.0.1:7000");
    QTest::newRow("ipv6") << QByteArray("redis://[::1]:7000") << QByteArray("redis://[::1]:7000");
    QTest::newRow("unix") << QByteArray("unix:///run/redis.sock?db=2") << QByteArray("unix:///run/redis.sock");
    QTest::newRow("tls") << QByteArray("rediss://localhost") << QByteArray();
    QTest::newRow("scheme") << QByteArray("http://localhost") << QByteArray();
    QTest::newRow("port") << QByteArray("redis://localhost:99999") << QByteArray();
    QTest::newRow("zero") << QByteArray("redis://localhost:0") << QByteArray();
    QTest::newRow("no host") << QByteArray("redis://:6379") << QByteArray();
    QTest::newRow("bracket") << QByteArray("redis://[::1") << QByteArray();
    QTest::newRow("database") << QByteArray("redis://localhost/x") << QByteArray();
    QTest::newRow("percent") << QByteArray("redis://a:%4@localhost") << QByteArray();
    QTest::newRow("relative") << QByteArray("unix://redis.sock") << QByteArray();
}

void TestRedis::addressesAreReadAndBadOnesRefused()
{
    QFETCH(QByteArray, url);
    QFETCH(QByteArray, read);
    const auto endpoint = redisEndpointFrom(url.toStdString());
    QCOMPARE(endpoint.has_value(), !read.isEmpty());
    if (!endpoint)
        return;
    QCOMPARE(endpoint->toString(), read.toStdString());
    if (url.contains("a%40b")) {
        QCOMPARE(endpoint->user, std::string("me"));
        QCOMPARE(endpoint->password, std::string("a@b"));
        QCOMPARE(endpoint->database, 3);
    }
}

void TestRedis::everySubscriberHearsInOrder_data()
{
    QTest::addColumn<bool>("unixSocket");
    QTest::newRow("tcp") << false;
    QTest::newRow("unix") << true;
}

void TestRedis::everySubscriberHearsInOrder()
{
    EVENTSYNC_NEEDS_REDIS();
    QFETCH(bool, unixSocket);
    RedisServer server;
    QVERIFY(server.start());
    const std::string url = unixSocket ? server.socketUrl() : server.url();
    ManualExecutor executor;
    RedisPubSub alice(optionsFor(url), m_clock, m_random), bob(optionsFor(url), m_clock, m_random);
    std::vector<std::string> atAlice, atBob, other;
    int ready = 0, sent = 0;
    const auto count = [&](Result<> result) { ready += result.has_value() ? 1 : 0; };
    const auto a = alice.subscribe("t", executor, [&](const std::string &, const Bytes &m) { atAlice.push_back(m); }, count);
    const auto b = bob.subscribe("t", executor, [&](const std::string &topic, const Bytes &m) { atBob.push_back(topic + m); }, count);
    const auto c = bob.subscribe("u", executor, [&](const std::string &, const Bytes &m) { other.push_back(m); }, count);
    QVERIFY(executor.runUntil([&] { return ready == 3; }));
    for (int i = 0; i < 1'000; ++i)
        alice.publish("t", std::to_string(i), executor, [&](Result<> result) { sent += result.has_value() ? 1 : 0; });
    QVERIFY(executor.runUntil([&] { return atBob.size() == 1'000 && atAlice.size() == 1'000 && sent == 1'000; }));
    for (int i = 0; i < 1'000; ++i) {
        QCOMPARE(atAlice[static_cast<std::size_t>(i)], std::to_string(i));
        QCOMPARE(atBob[static_cast<std::size_t>(i)], "t" + std::to_string(i));
    }
    QVERIFY(other.empty());
}

void TestRedis::anEndedSubscriptionHearsNothingMore()
{
    EVENTSYNC_NEEDS_REDIS();
    RedisServer server;
    QVERIFY(server.start());
    ManualExecutor executor;
    RedisPubSub hub(optionsFor(server.url()), m_clock, m_random);
    int first = 0, second = 0, ready = 0;
    const auto count = [&](Result<>) { ++ready; };
    auto ended = hub.subscribe("t", executor, [&](const std::string &, const Bytes &) { ++first; }, count);
    const auto stays = hub.subscribe("t", executor, [&](const std::string &, const Bytes &) { ++second; }, count);
    QVERIFY(executor.runUntil([&] { return ready == 2; }));
    hub.publish("t", "1", executor);
    QVERIFY(executor.runUntil([&] { return second == 1; }));
    ended.reset();
    hub.publish("t", "2", executor);
    QVERIFY(executor.runUntil([&] { return second == 2; }));
    QCOMPARE(first, 1);
    // The topic can be left altogether and taken up again.
    bool again = false;
    auto other = hub.subscribe("v", executor, [](const std::string &, const Bytes &) {}, [&](Result<>) { again = true; });
    QVERIFY(executor.runUntil([&] { return again; }));
    other.reset();
    int heard = 0;
    again = false;
    other = hub.subscribe("v", executor, [&](const std::string &, const Bytes &) { ++heard; }, [&](Result<>) { again = true; });
    QVERIFY(executor.runUntil([&] { return again; }));
    hub.publish("v", "3", executor);
    QVERIFY(executor.runUntil([&] { return heard == 1; }));
}

void TestRedis::bytesArriveUnchangedUpToTheLimitAndNoFurther()
{
    EVENTSYNC_NEEDS_REDIS();
    RedisServer server;
    QVERIFY(server.start());
    ManualExecutor executor;
    RedisPubSub hub(optionsFor(server.url()), m_clock, m_random);
    Bytes heard;
    bool ready = false;
    const auto subscription = hub.subscribe("t", executor, [&](const std::string &, const Bytes &m) { heard = m; },
                                            [&](Result<>) { ready = true; });
    QVERIFY(executor.runUntil([&] { return ready; }));
    SeededRandom random(1);
    Bytes message(limits::kPubSubMessageBytes, '\0');
    for (char &byte : message)
        byte = static_cast<char>(random.next());
    hub.publish("t", message, executor);
    QVERIFY(executor.runUntil([&] { return !heard.empty(); }));
    QVERIFY(heard == message);
    std::optional<ErrorCode> refused;
    hub.publish("t", message + "x", executor, [&](Result<> result) { refused = result.error().code; });
    QVERIFY(executor.runUntil([&] { return refused.has_value(); }));
    QVERIFY(*refused == ErrorCode::TooLarge);
    refused.reset();
    const auto tooLong = hub.subscribe(std::string(limits::kPubSubTopicBytes + 1, 't'), executor,
                                       [](const std::string &, const Bytes &) {}, [&](Result<> result) { refused = result.error().code; });
    QVERIFY(executor.runUntil([&] { return refused.has_value(); }));
    QVERIFY(*refused == ErrorCode::TooLarge);
}

void TestRedis::withoutAServerPublishingIsUnavailable()
{
    ManualExecutor executor;
    RedisPubSub hub(optionsFor("unix:///nonexistent/redis.sock"), m_clock, m_random);
    bool up = false;
    const auto link = hub.watchLink(executor, [&](PubSub::Link) { up = true; });
    std::vector<Result<>> results;
    hub.publish("t", "early", executor, [&](Result<> result) { results.push_back(result); });
    QVERIFY(executor.runUntil([&] { return results.size() == 1; }));
    hub.publish("t", "late", executor, [&](Result<> result) { results.push_back(result); });
    QVERIFY(executor.runUntil([&] { return results.size() == 2; }));
    for (const Result<> &result : results) {
        QVERIFY(!result);
        QVERIFY(result.error().code == ErrorCode::Unavailable);
    }
    QVERIFY(!up);
}

void TestRedis::withoutADescriptorPublishingIsUnavailable()
{
    ManualExecutor executor;
    rlimit before{};
    QVERIFY(getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit none{3, before.rlim_max}; // those are in use
    QVERIFY(setrlimit(RLIMIT_NOFILE, &none) == 0);
    const auto restore = qScopeGuard([&before] { setrlimit(RLIMIT_NOFILE, &before); });
    RedisPubSub hub(optionsFor("redis://127.0.0.1:1"), m_clock, m_random);
    std::optional<Result<>> result;
    hub.publish("t", "x", executor, [&](Result<> given) { result = given; });
    QVERIFY(executor.runUntil([&] { return result.has_value(); }));
    QVERIFY(!*result);
    QVERIFY(result->error().code == ErrorCode::Unavailable);
}

void TestRedis::aFullQueueIsRefused()
{
    EVENTSYNC_NEEDS_REDIS();
    RedisServer server;
    QVERIFY(server.start());
    ManualExecutor executor;
    RedisPubSub hub(optionsFor(server.url()), m_clock, m_random);
    std::size_t full = 0, answered = 0;
    const std::size_t count = 2 * limits::kPubSubQueueBytes / limits::kPubSubMessageBytes;
    for (std::size_t i = 0; i < count; ++i) {
        hub.publish("t", Bytes(limits::kPubSubMessageBytes, 'x'), executor, [&](Result<> result) {
            ++answered;
            if (!result && result.error().code == ErrorCode::QueueFull)
                ++full;
        });
    }
    QVERIFY(executor.runUntil([&] { return answered == count; }));
    QVERIFY2(full > 0, "everything fitted");
    QVERIFY2(full < count, "nothing fitted");
    bool sent = false;
    hub.publish("t", "again", executor, [&](Result<> result) { sent = result.has_value(); });
    QVERIFY(executor.runUntil([&] { return sent; }));
}

void TestRedis::afterARestartItSubscribesAgainAndTellsTheLink()
{
    EVENTSYNC_NEEDS_REDIS();
    RedisServer server;
    QVERIFY(server.start());
    ManualExecutor executor;
    RedisPubSub alice(optionsFor(server.url()), m_clock, m_random), bob(optionsFor(server.url()), m_clock, m_random);
    std::vector<PubSub::Link> links;
    std::vector<std::string> heard;
    bool ready = false;
    const auto link = bob.watchLink(executor, [&](PubSub::Link state) { links.push_back(state); });
    const auto subscription = bob.subscribe("t", executor, [&](const std::string &, const Bytes &m) { heard.push_back(m); },
                                            [&](Result<>) { ready = true; });
    QVERIFY(executor.runUntil([&] { return ready && !links.empty(); }));
    QVERIFY(links.back() == PubSub::Link::Up);
    alice.publish("t", "before", executor);
    QVERIFY(executor.runUntil([&] { return heard.size() == 1; }));
    server.stop();
    QVERIFY(executor.runUntil([&] { return links.back() == PubSub::Link::Down; }));
    std::optional<ErrorCode> lost;
    while (!lost) { // alice may not have noticed yet
        bool answered = false;
        alice.publish("t", "lost", executor, [&](Result<> result) {
            answered = true;
            if (!result)
                lost = result.error().code;
        });
        QVERIFY(executor.runUntil([&] { return answered; }));
    }
    QVERIFY(*lost == ErrorCode::Unavailable);
    QVERIFY(server.start());
    QVERIFY(executor.runUntil([&] { return links.back() == PubSub::Link::Up; }));
    bool sent = false;
    while (!sent) {
        bool answered = false;
        alice.publish("t", "after", executor, [&](Result<> result) {
            answered = true;
            sent = result.has_value();
        });
        QVERIFY(executor.runUntil([&] { return answered; }));
    }
    QVERIFY(executor.runUntil([&] { return heard.size() == 2; }));
    QCOMPARE(heard.back(), std::string("after"));
    QCOMPARE(std::count(links.begin(), links.end(), PubSub::Link::Up), std::ptrdiff_t(2));
}

void TestRedis::aWrongPasswordGivesNoLink()
{
    EVENTSYNC_NEEDS_REDIS();
    RedisServer server;
    QVERIFY(server.start({QStringLiteral("--requirepass"), QStringLiteral("secret")}));
    ManualExecutor executor;
    const std::string at = "127.0.0.1:" + std::to_string(server.port());
    RedisPubSub stranger(optionsFor("redis://:wrong@" + at), m_clock, m_random);
    std::optional<ErrorCode> refused;
    stranger.publish("t", "1", executor, [&](Result<> result) { refused = result ? std::nullopt : std::optional(result.error().code); });
    QVERIFY(executor.runUntil([&] { return refused.has_value(); }));
    QVERIFY(*refused == ErrorCode::Unavailable);
    RedisPubSub friendly(optionsFor("redis://:secret@" + at + "/1"), m_clock, m_random);
    bool sent = false;
    friendly.publish("t", "1", executor, [&](Result<> result) { sent = result.has_value(); });
    QVERIFY(executor.runUntil([&] { return sent; }));
}

void TestRedis::peersSeeEachOtherAndGoodbyes()
{
    EVENTSYNC_NEEDS_REDIS();
    RedisServer server;
    QVERIFY(server.start());
    ManualExecutor executor;
    RedisPeerDiscovery alice(peerOptions(server, "alice"), m_clock, m_random);
    std::vector<std::vector<Peer>> seen;
    const auto watch = alice.watch(executor, [&](const std::vector<Peer> &list) { seen.push_back(list); });
    QVERIFY(alice.start().has_value());
    QVERIFY(alice.start().has_value()); // once is enough
    const std::vector<Peer> bobOnly{{"bob", "at-bob"}}, aliceOnly{{"alice", "at-alice"}};
    {
        RedisPeerDiscovery bob(peerOptions(server, "bob"), m_clock, m_random);
        QVERIFY(bob.start().has_value());
        QCOMPARE(bob.peers(), aliceOnly); // the answer start() waited for
        QVERIFY(executor.runUntil([&] { return !seen.empty() && seen.back() == bobOnly; }));
        QCOMPARE(alice.peers(), bobOnly);
    }
    QVERIFY(executor.runUntil([&] { return seen.back().empty(); }));
    RedisPeerDiscovery::Options elsewhere = peerOptions(server, "carol");
    elsewhere.group = "another";
    RedisPeerDiscovery carol(elsewhere, m_clock, m_random);
    QVERIFY(carol.start().has_value());
    QVERIFY(carol.peers().empty());
}

void TestRedis::aPeerThatFellSilentIsGone()
{
    EVENTSYNC_NEEDS_REDIS();
    RedisServer server;
    QVERIFY(server.start());
    ManualExecutor executor;
    RedisPeerDiscovery alice(peerOptions(server, "alice"), m_clock, m_random);
    QVERIFY(alice.start().has_value());
    // Bob's clock stands still, so he announces himself once and the time for another never comes.
    test::FakeClock stopped;
    RedisPeerDiscovery bob(peerOptions(server, "bob"), stopped, m_random);
    QVERIFY(bob.start().has_value());
    QTRY_COMPARE(alice.peers().size(), std::size_t(1));
    QTRY_COMPARE(alice.peers().size(), std::size_t(0));
}

void TestRedis::theSameNodeTwiceIsAConflict()
{
    EVENTSYNC_NEEDS_REDIS();
    RedisServer server;
    QVERIFY(server.start());
    auto patient = peerOptions(server, "alice");
    patient.interval = 1'000ms;
    auto first = std::make_unique<RedisPeerDiscovery>(patient, m_clock, m_random);
    QVERIFY(first->start().has_value());
    RedisPeerDiscovery second(peerOptions(server, "alice"), m_clock, m_random);
    const auto refused = second.start();
    QVERIFY(!refused);
    QVERIFY(refused.error().code == ErrorCode::Conflict);
    first.reset();
    QVERIFY(second.start().has_value()); // now the name is free
    auto options = peerOptions(server, std::string(limits::kClientIdBytes + 1, 'x'));
    QVERIFY(RedisPeerDiscovery(options, m_clock, m_random).start().error().code == ErrorCode::InvalidValue);
}

void TestRedis::peersComeBackAfterARestartOfTheServer()
{
    EVENTSYNC_NEEDS_REDIS();
    RedisServer server;
    QVERIFY(server.start());
    RedisPeerDiscovery alice(peerOptions(server, "alice"), m_clock, m_random), bob(peerOptions(server, "bob"), m_clock, m_random);
    QVERIFY(alice.start().has_value());
    QVERIFY(bob.start().has_value());
    QTRY_COMPARE(alice.peers().size(), std::size_t(1));
    server.stop();
    QTRY_COMPARE(alice.peers().size(), std::size_t(0)); // not believed for ever
    QVERIFY(server.start());
    QTRY_COMPARE(alice.peers().size(), std::size_t(1));
    QTRY_COMPARE(bob.peers().size(), std::size_t(1));
}

QTEST_GUILESS_MAIN(TestRedis)
#include "tst_redis.moc"
