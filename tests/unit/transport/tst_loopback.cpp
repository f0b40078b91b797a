// SPDX-License-Identifier: Apache-2.0
#include <eventsync/transport/loopback.h>

#include <QTest>

#include <deque>
#include <optional>

using namespace eventsync;
using namespace eventsync::transport;

namespace {

// Runs what was posted when it is told to: no event loop.
class StepExecutor final : public Executor
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

struct Record
{
    int opened = 0, highWater = 0, drained = 0;
    std::vector<std::string> frames;
    std::vector<CloseReason> closed;

    Connection::Callbacks callbacks()
    {
        return {.opened = [this] { ++opened; },
                .frameReceived = [this](const Frame &frame) { frames.emplace_back(frame.bytes()); },
                .highWaterPassed = [this] { ++highWater; },
                .drained = [this] { ++drained; },
                .closed = [this](const CloseReason &reason) { closed.push_back(reason); }};
    }
};

struct Ends
{
    StepExecutor executor;
    Record client, server;
    LoopbackConnection::Pair pair;

    Ends()
    {
        pair = LoopbackConnection::make(executor, executor, {.path = {"sync"}});
        pair.client->setCallbacks(client.callbacks());
        pair.server->setCallbacks(server.callbacks());
        executor.run();
    }
};

} // namespace

class LoopbackTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void framesArriveInOrderAndNotInsideSend()
    {
        Ends ends;
        QCOMPARE(ends.client.opened, 1);
        QCOMPARE(ends.server.opened, 0);
        ends.pair.client->send(Frame::text("a"));
        ends.pair.client->send(Frame::text("b"));
        ends.pair.server->send(Frame::binary("c"));
        QVERIFY(ends.server.frames.empty());
        ends.executor.run();
        QCOMPARE(ends.server.frames, (std::vector<std::string>{"a", "b"}));
        QCOMPARE(ends.client.frames, (std::vector<std::string>{"c"}));
        QCOMPARE(ends.pair.client->bytesSent(), std::uint64_t(2));
        QCOMPARE(ends.pair.client->bytesReceived(), std::uint64_t(1));
    }

    void whatWasSentBeforeACloseArrives()
    {
        Ends ends;
        ends.pair.client->send(Frame::text("last"));
        ends.pair.client->close(CloseCode::GoingAway, "bye");
        ends.pair.client->send(Frame::text("too late"));
        QVERIFY(ends.client.closed.empty());
        ends.executor.run();
        QCOMPARE(ends.server.frames, (std::vector<std::string>{"last"}));
        QCOMPARE(ends.server.closed.size(), std::size_t(1));
        QCOMPARE(ends.server.closed[0].code, CloseCode::GoingAway);
        QCOMPARE(ends.server.closed[0].text, std::string("bye"));
        QVERIFY(ends.server.closed[0].byPeer);
        QCOMPARE(ends.client.closed.size(), std::size_t(1));
        QVERIFY(!ends.client.closed[0].byPeer);
    }

    void anAbortIsSeenAsABreak()
    {
        Ends ends;
        ends.pair.server->abort();
        ends.executor.run();
        QCOMPARE(ends.client.closed.size(), std::size_t(1));
        QCOMPARE(ends.client.closed[0].code, CloseCode::Abnormal);
        QVERIFY(ends.client.closed[0].error == ErrorCode::Unavailable);
        QCOMPARE(ends.server.closed.size(), std::size_t(1));
    }

    void destroyingOneSideClosesTheOther()
    {
        Ends ends;
        ends.pair.server.reset();
        ends.executor.run();
        QCOMPARE(ends.client.closed.size(), std::size_t(1));
        QCOMPARE(ends.client.closed[0].code, CloseCode::Abnormal);
    }

    void aConnectionMayDieInsideItsCallbacks()
    {
        Ends ends;
        ends.pair.server->setCallbacks({.frameReceived = [&](const Frame &) { ends.pair.server.reset(); }});
        ends.pair.client->send(Frame::text("a"));
        ends.pair.client->send(Frame::text("b"));
        ends.executor.run();
        QVERIFY(!ends.pair.server);
        ends.pair.client->setCallbacks({.closed = [&](const CloseReason &) { ends.pair.client.reset(); }});
        QCOMPARE(ends.client.closed.size(), std::size_t(1));
    }

    void aReaderThatStopsIsSeenInUnsentBytes()
    {
        Ends ends;
        ends.pair.server->setWaterMarks({.high = 100, .low = 50, .hard = 1000});
        ends.pair.client->setReading(false);
        for (int i = 0; i < 5; ++i)
            ends.pair.server->send(Frame::text(std::string(30, 'x')));
        ends.executor.run();
        QCOMPARE(ends.pair.server->unsentBytes(), std::size_t(150));
        QCOMPARE(ends.server.highWater, 1);
        QVERIFY(ends.pair.server->isAboveHighWater());
        QVERIFY(ends.client.frames.empty());
        ends.pair.client->setReading(true);
        ends.executor.run();
        QCOMPARE(ends.pair.server->unsentBytes(), std::size_t(0));
        QCOMPARE(ends.server.drained, 1);
        QCOMPARE(ends.client.frames.size(), std::size_t(5));
    }

    void beyondTheHardLimitASlowReaderIsCutOff()
    {
        Ends ends;
        ends.pair.server->setWaterMarks({.high = 100, .low = 50, .hard = 200});
        ends.pair.client->setReading(false);
        for (int i = 0; i < 10; ++i)
            ends.pair.server->send(Frame::text(std::string(30, 'x')));
        ends.executor.run();
        QCOMPARE(ends.server.closed.size(), std::size_t(1));
        QVERIFY(ends.server.closed[0].error == ErrorCode::SlowConsumer);
        QCOMPARE(ends.client.closed.size(), std::size_t(1));
    }

    void closingTwiceIsClosingOnce()
    {
        Ends ends;
        ends.pair.client->close();
        ends.pair.client->close(CloseCode::GoingAway);
        ends.pair.server->close();
        ends.executor.run();
        ends.pair.client->abort();
        ends.executor.run();
        QCOMPARE(ends.client.closed.size(), std::size_t(1));
        QCOMPARE(ends.server.closed.size(), std::size_t(1));
    }

    void theListenerAnnouncesTheServersSide()
    {
        StepExecutor executor;
        LoopbackListener listener(executor);
        std::unique_ptr<Connection> server;
        Record record;
        listener.setConnectionHandler([&](std::unique_ptr<Connection> connection) {
            server = std::move(connection);
            server->setCallbacks(record.callbacks());
        });
        const auto client = listener.connect(executor, {.codec = Codec::Cbor, .path = {"sync", "game-1"}, .query = {{"after", "3"}}});
        executor.run();
        QVERIFY(server && server->isOpen() && client->isOpen());
        QCOMPARE(client->info().codec, Codec::Cbor);
        QCOMPARE(server->info().path.at(1), std::string("game-1"));
        QVERIFY(server->info().queryValue("after") == "3");
        QVERIFY(!server->info().queryValue("before"));
        client->send(Frame::text("a"));
        executor.run();
        QCOMPARE(record.frames.size(), std::size_t(1));
    }
};

QTEST_GUILESS_MAIN(LoopbackTest)
#include "tst_loopback.moc"
