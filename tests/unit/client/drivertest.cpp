// SPDX-License-Identifier: Apache-2.0
#include "drivertest.h"

#include <eventsync/client/promise_p.h>
#include <eventsync/client/reconnection_p.h>
#include <eventsync/client/serverlink_p.h>
#include <eventsync/client/stepqueue_p.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/transport/loopback.h>

#include <support/executors.h>
#include <support/fakeclock.h>

#include <QTest>

namespace eventsync::client::test {

using namespace std::chrono_literals;
using eventsync::test::FakeClock;
using eventsync::test::ManualExecutor;

namespace {

storage::Batch batchOf(std::int64_t key)
{
    return storage::Batch().put("queue", {key});
}

std::vector<std::int64_t> keysOf(const storage::Batch &batch)
{
    std::vector<std::int64_t> keys;
    for (const storage::Batch::Step &step : batch.steps())
        keys.push_back(std::get<std::int64_t>(std::get<storage::Batch::Put>(step).row.front()));
    return keys;
}

// A step whose `done` appends its name, with a minus sign before it if the step failed.
StepQueue::Work workNamed(const std::string &name, std::vector<std::string> &ended)
{
    StepQueue::Work work;
    work.done = [name, &ended](const Result<> &result) { ended.push_back(result ? name : '-' + name); };
    return work;
}

void endAll(const StepQueue::Works &works, const Result<> &result)
{
    for (const StepQueue::Work &work : works)
        work.done(result);
}

// A connection that never reports its end.
class EndlessConnection final : public transport::Connection
{
public:
    explicit EndlessConnection(bool &exists) : Connection({}, State::Open), m_exists(exists) { m_exists = true; }
    ~EndlessConnection() override { m_exists = false; }
    std::size_t unsentBytes() const override { return 0; }

private:
    void doSend(const transport::Frame &, std::string_view) override {}
    void doClose(transport::CloseCode, std::string_view) override {}
    void doAbort() override {}

    bool &m_exists;
};

// A link over a loopback, and what its server's side received.
struct LinkRig
{
    void connect(Codec codec = Codec::Json)
    {
        auto pair = transport::LoopbackConnection::make(executor, executor, {.codec = codec});
        server = std::move(pair.server);
        server->setCallbacks({.frameReceived = [this](const transport::Frame &frame) { frames.push_back(frame); },
                              .closed = [this](const transport::CloseReason &reason) { serverClosed = reason; }});
        link.take(std::move(pair.client), {.opened = [this] { ++opened; },
                                           .frameReceived = [this](const transport::Frame &) { ++received; },
                                           .closed = [this](const transport::CloseReason &) { ++closed; }});
        executor.runAll();
    }
    std::vector<protocol::Ping> pings() const
    {
        std::vector<protocol::Ping> list;
        for (const transport::Frame &frame : frames) {
            const auto message = protocol::decode(frame.bytes(), frame.isText() ? Codec::Json : Codec::Cbor);
            if (message && std::holds_alternative<protocol::Ping>(*message))
                list.push_back(std::get<protocol::Ping>(*message));
        }
        return list;
    }

    FakeClock clock;
    ActiveTime active{clock};
    ManualExecutor executor;
    ServerLink link{active};
    std::unique_ptr<transport::LoopbackConnection> server;
    std::vector<transport::Frame> frames;
    std::optional<transport::CloseReason> serverClosed;
    int opened = 0, received = 0, closed = 0;
};

// Always the same number in [0, 1).
class FixedRandom final : public Random
{
public:
    explicit FixedRandom(double unit) : m_bits(static_cast<std::uint64_t>(unit * 0x1.0p53) << 11) {}
    std::uint64_t next() override { return m_bits; }

private:
    std::uint64_t m_bits;
};

constexpr double kAlmostOne = 1.0 - 0x1.0p-53;

std::chrono::milliseconds delayOf(Reconnection &reconnection, std::optional<std::chrono::milliseconds> least = {})
{
    reconnection.begin(500ms, 30'000ms, least);
    return reconnection.timer().isActive() ? reconnection.timer().intervalAsDuration() : -1ms;
}

} // namespace

// ---- steps

void DriverTest::whatIsAddedDuringACommitIsTheNextBatch()
{
    StepQueue queue;
    std::vector<std::string> ended;
    QVERIFY(queue.isIdle() && !queue.mayBegin());
    queue.add(batchOf(1), workNamed("a", ended));
    QVERIFY(!queue.isIdle() && queue.mayBegin());

    auto [batch, works] = queue.takeNext();
    QCOMPARE(keysOf(batch), std::vector<std::int64_t>{1});
    queue.beginCommit(std::move(works));
    queue.add(batchOf(2), workNamed("b", ended));
    queue.add({}, workNamed("c", ended));
    queue.add(batchOf(3), workNamed("d", ended));
    QVERIFY2(!queue.mayBegin(), "one batch is in flight at a time");
    QVERIFY(!queue.isIdle());

    endAll(queue.endCommit(), {});
    QCOMPARE(ended, (std::vector<std::string>{"a"}));
    QVERIFY(queue.mayBegin());
    auto [next, nextWorks] = queue.takeNext();
    QCOMPARE(keysOf(next), (std::vector<std::int64_t>{2, 3}));
    endAll(nextWorks, {});
    QCOMPARE(ended, (std::vector<std::string>{"a", "b", "c", "d"}));
    QVERIFY(queue.isIdle());
}

void DriverTest::nothingIsCommittedWhileStepsAreAnnounced()
{
    StepQueue queue;
    std::vector<std::string> ended;
    queue.beginAnnouncing();
    queue.add(batchOf(1), workNamed("made by a slot", ended));
    QVERIFY(!queue.mayBegin());
    QVERIFY(!queue.isIdle());
    queue.endAnnouncing();
    QVERIFY(queue.mayBegin());
}

void DriverTest::aFailedBatchFailsTheStepsThatWait()
{
    StepQueue queue;
    std::vector<std::string> ended;
    queue.add(batchOf(1), workNamed("a", ended));
    auto [batch, works] = queue.takeNext();
    queue.beginCommit(std::move(works));
    queue.add(batchOf(2), workNamed("b", ended));

    endAll(queue.fail(queue.endCommit()), failure(ErrorCode::StoreFull, "full"));
    QCOMPARE(ended, (std::vector<std::string>{"-a", "-b"}));
    QVERIFY2(queue.isIdle(), "a step that was computed from what did not become durable is not written");

    queue.add(batchOf(3), workNamed("c", ended));
    QVERIFY(queue.mayBegin());
    QCOMPARE(keysOf(queue.takeNext().first), std::vector<std::int64_t>{3});
}

void DriverTest::stepsThatAreDroppedEndTheirFutures()
{
    const auto waiting = [](StepQueue &queue, std::int64_t key) {
        const Promise<void> promise;
        StepQueue::Work work;
        work.done = [promise](const Result<> &result) { promise.end(result); };
        queue.add(batchOf(key), std::move(work));
        return promise.future();
    };
    auto queue = std::make_unique<StepQueue>();
    const QFuture<Result<>> inFlight = waiting(*queue, 1);
    queue->beginCommit(queue->takeNext().second);
    const QFuture<Result<>> next = waiting(*queue, 2);
    QVERIFY(!inFlight.isFinished() && !next.isFinished());

    queue.reset(); // the client is destroyed while a batch is being committed
    QVERIFY(inFlight.isFinished() && next.isFinished());
    QCOMPARE(inFlight.result().error().code, ErrorCode::Cancelled);
    QCOMPARE(next.result().error().code, ErrorCode::Cancelled);
}

// ---- the link

void DriverTest::aLinkEncodesAsItsConnectionDoes_data()
{
    QTest::addColumn<int>("codec");
    QTest::newRow("JSON") << int(Codec::Json);
    QTest::newRow("CBOR") << int(Codec::Cbor);
}

void DriverTest::aLinkEncodesAsItsConnectionDoes()
{
    QFETCH(const int, codec);
    LinkRig rig;
    QVERIFY(!rig.link.exists() && !rig.link.isOpen());
    rig.connect(static_cast<Codec>(codec));
    QVERIFY(rig.link.exists() && rig.link.isOpen());
    QCOMPARE(rig.opened, 1);

    rig.link.send(protocol::Ping{7});
    rig.executor.runAll();
    QCOMPARE(rig.frames.size(), std::size_t(1));
    QCOMPARE(rig.frames.front().isText(), static_cast<Codec>(codec) == Codec::Json);
    QCOMPARE(rig.pings().size(), std::size_t(1));
    QCOMPARE(rig.pings().front().n, 7);
}

void DriverTest::aLinkPingsWhileItIsOpen()
{
    LinkRig rig;
    rig.link.pingEvery(1ms); // before it is open: nothing to send, and no failure
    QTest::qWait(5);
    rig.connect();
    rig.link.pingEvery(1ms);
    QTRY_VERIFY((rig.executor.runAll(), rig.pings().size() >= 2));
    QCOMPARE(rig.pings()[1].n, rig.pings()[0].n + 1);

    rig.link.drop();
    rig.executor.runAll();
    const std::size_t sent = rig.frames.size();
    QTest::qWait(5);
    rig.executor.runAll();
    QCOMPARE(rig.frames.size(), sent);
}

void DriverTest::aLinkIsSilentAfterTwoHeartbeats()
{
    LinkRig rig;
    QVERIFY2(!rig.link.isSilent(), "no connection is not a silent one");
    rig.connect();
    rig.link.received();
    rig.link.pingEvery(1'000ms);
    rig.clock.advance(1'999ms);
    QVERIFY(!rig.link.isSilent());
    rig.clock.advance(1ms);
    QVERIFY(rig.link.isSilent());
    rig.link.received();
    QVERIFY(!rig.link.isSilent());

    // A pause of this process is no silence of the peer: it counts as limits::kActiveStep.
    rig.link.pingEvery(15'000ms);
    rig.clock.advance(3'600'000ms);
    QVERIFY(!rig.link.isSilent());
}

void DriverTest::aDroppedLinkSendsWhatItHasAndCallsNothing()
{
    LinkRig rig;
    rig.connect();
    rig.link.send(protocol::Ping{1});
    rig.server->send(transport::Frame::text(protocol::encode(protocol::Pong{1}, Codec::Json)));
    rig.link.drop();
    QVERIFY(!rig.link.exists() && !rig.link.isOpen());
    rig.executor.runAll();
    QCOMPARE(rig.pings().size(), std::size_t(1));
    QVERIFY(rig.serverClosed && rig.serverClosed->code == transport::CloseCode::Normal);
    QCOMPARE(rig.received, 0);
    QCOMPARE(rig.closed, 0);
}

void DriverTest::aDroppedConnectionEndsWithItsLink()
{
    FakeClock clock;
    ActiveTime active{clock};
    bool exists = false;
    {
        ServerLink link(active);
        link.take(std::make_unique<EndlessConnection>(exists), {});
        link.drop();
        QVERIFY(exists);
    }
    QVERIFY(!exists);
}

void DriverTest::aMutedLinkCallsNothing()
{
    LinkRig rig;
    rig.connect();
    rig.server->send(transport::Frame::text(protocol::encode(protocol::Pong{1}, Codec::Json)));
    rig.server->close();
    rig.link.mute();
    rig.executor.runAll();
    QCOMPARE(rig.received, 0);
    QCOMPARE(rig.closed, 0);
}

void DriverTest::everyConnectionHasItsNumber()
{
    LinkRig rig;
    const std::uint64_t before = rig.link.number();
    rig.connect();
    const std::uint64_t first = rig.link.number();
    QVERIFY(first != before && rig.link.is(first) && !rig.link.is(before));
    rig.link.drop();
    QVERIFY2(!rig.link.is(first) && !rig.link.is(rig.link.number()), "there is no connection");
    rig.connect();
    QVERIFY2(rig.link.number() != first && !rig.link.is(first), "a message of a step before is not for this connection");
    QVERIFY(rig.link.is(rig.link.number()));
}

// ---- reconnection

void DriverTest::theBoundOfTheDelayDoubles()
{
    FakeClock clock;
    FixedRandom random(kAlmostOne);
    Reconnection reconnection(clock, random);
    QVERIFY(reconnection.timer().isSingleShot() && !reconnection.timer().isActive());
    for (const auto bound : {500ms, 1'000ms, 2'000ms, 4'000ms, 8'000ms, 16'000ms, 30'000ms, 30'000ms})
        QCOMPARE(delayOf(reconnection), bound - 1ms);
    for (int i = 0; i < 100; ++i) // a server that is away for a day overflows nothing
        QCOMPARE(delayOf(reconnection), 29'999ms);
    reconnection.forgetTries();
    QCOMPARE(delayOf(reconnection), 499ms);
}

void DriverTest::delaysAreSpreadBelowTheBound()
{
    FakeClock clock;
    FixedRandom none(0), half(0.5);
    Reconnection early(clock, none), middle(clock, half);
    QCOMPARE(delayOf(early), 0ms);
    QCOMPARE(delayOf(middle), 250ms);
    QCOMPARE(delayOf(middle), 500ms);
}

void DriverTest::theServersPauseIsTheShortestDelay()
{
    FakeClock clock;
    FixedRandom random(kAlmostOne);
    Reconnection reconnection(clock, random);
    QCOMPARE(delayOf(reconnection, 60'000ms), 60'000ms);
    QCOMPARE(delayOf(reconnection, 10ms), 999ms);
}

void DriverTest::onlyAHealthyConnectionResetsTheDelay()
{
    FakeClock clock;
    FixedRandom random(kAlmostOne);
    Reconnection reconnection(clock, random);
    QCOMPARE(delayOf(reconnection), 499ms);

    reconnection.welcomed(); // it ends a moment too early
    clock.advance(limits::kRetryHealthy - 1ms);
    reconnection.left();
    QCOMPARE(delayOf(reconnection), 999ms);

    clock.advance(10 * limits::kRetryHealthy); // time without a connection is not healthy
    reconnection.forgetTriesIfHealthy();
    reconnection.left();
    QCOMPARE(delayOf(reconnection), 1'999ms);

    reconnection.welcomed();
    clock.advance(limits::kRetryHealthy);
    reconnection.left();
    QCOMPARE(delayOf(reconnection), 499ms);

    reconnection.welcomed();
    clock.advance(limits::kRetryHealthy);
    reconnection.forgetTriesIfHealthy(); // as every second, while it is open
    reconnection.left();
    QCOMPARE(delayOf(reconnection), 499ms);
}

} // namespace eventsync::client::test
