// SPDX-License-Identifier: Apache-2.0
#include <eventsync/pubsub/memorypubsub.h>

#include <QTest>

#include <deque>

using namespace eventsync;
using namespace eventsync::pubsub;

namespace {

class Queue final : public Executor
{
public:
    void post(Task task) override { m_tasks.push_back(std::move(task)); }
    void run()
    {
        while (!m_tasks.empty()) {
            const Task task = std::move(m_tasks.front());
            m_tasks.pop_front();
            task();
        }
    }

private:
    std::deque<Task> m_tasks;
};

} // namespace

class TestPubSub : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everySubscriberOfTheTopicHearsInOrder()
    {
        Queue queue;
        MemoryPubSub hub;
        std::vector<std::string> one, two, other;
        const auto a = hub.subscribe("t", queue, [&](const std::string &, const Bytes &m) { one.push_back(m); });
        const auto b = hub.subscribe("t", queue, [&](const std::string &, const Bytes &m) { two.push_back(m); });
        const auto c = hub.subscribe("u", queue, [&](const std::string &, const Bytes &m) { other.push_back(m); });
        bool sent = false;
        hub.publish("t", "1", queue);
        hub.publish("t", "2", queue, [&](Result<> result) { sent = result.has_value(); });
        QVERIFY(one.empty()); // never inside publish()
        queue.run();
        QCOMPARE(one, (std::vector<std::string>{"1", "2"}));
        QCOMPARE(two, one);
        QVERIFY(other.empty());
        QVERIFY(sent);
    }
    void anEndedSubscriptionHearsNothingMoreNotEvenWhatWasPosted()
    {
        Queue queue;
        MemoryPubSub hub;
        int heard = 0;
        auto subscription = hub.subscribe("t", queue, [&](const std::string &, const Bytes &) { ++heard; });
        hub.publish("t", "1", queue);
        subscription.reset();
        hub.publish("t", "2", queue);
        queue.run();
        QCOMPARE(heard, 0);
    }
    void aSubscriberMayEndItselfWhileItIsCalled()
    {
        Queue queue;
        MemoryPubSub hub;
        int heard = 0;
        SubscriptionPtr subscription;
        subscription = hub.subscribe("t", queue, [&](const std::string &, const Bytes &) {
            ++heard;
            subscription.reset();
        });
        hub.publish("t", "1", queue);
        hub.publish("t", "2", queue);
        queue.run();
        QCOMPARE(heard, 1);
    }
    void peersComeAndGo()
    {
        Queue queue;
        const auto directory = MemoryPeerDiscovery::makeDirectory();
        MemoryPeerDiscovery alice(directory, {"alice", "ws://a"});
        std::vector<std::vector<Peer>> seen;
        const auto watch = alice.watch(queue, [&](const std::vector<Peer> &peers) { seen.push_back(peers); });
        QVERIFY(alice.start().has_value());
        {
            MemoryPeerDiscovery bob(directory, {"bob", "ws://b"});
            QVERIFY(bob.start().has_value());
            QCOMPARE(alice.peers(), (std::vector<Peer>{{"bob", "ws://b"}}));
            QCOMPARE(bob.peers(), (std::vector<Peer>{{"alice", "ws://a"}}));
            MemoryPeerDiscovery twin(directory, {"bob", "elsewhere"});
            const auto refused = twin.start();
            QVERIFY(!refused);
            QCOMPARE(refused.error().code, ErrorCode::Conflict);
        }
        queue.run();
        QCOMPARE(seen.front().size(), std::size_t(0));
        QCOMPARE(seen.back().size(), std::size_t(0)); // bob said goodbye
        QVERIFY(std::any_of(seen.begin(), seen.end(), [](const auto &list) { return list.size() == 1; }));
    }
};

QTEST_GUILESS_MAIN(TestPubSub)
#include "tst_pubsub.moc"
