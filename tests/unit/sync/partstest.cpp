// SPDX-License-Identifier: Apache-2.0
#include "partstest.h"

#include "rig.h"

#include <eventsync/base/limits.h>
#include <eventsync/eventlog/documentengine.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/sync/announcements_p.h>
#include <eventsync/sync/eventbroker_p.h>
#include <eventsync/sync/presence_p.h>
#include <eventsync/sync/queryqueue_p.h>

#include <QTest>

#include <new>

namespace eventsync::sync::test {

using eventlog::DocumentEngine;
using eventlog::DocumentPtr;

namespace {

const DocumentId kFirstDocument("d1");

class FakeSubscriber final : public EventSubscriber
{
public:
    FakeSubscriber(std::int64_t id, std::vector<std::string> &all, Take take) : m_id(id), m_all(all), m_take(take) {}

    SessionId session() const override { return m_id; }
    Take take(ServerSeq before, std::size_t events) const override
    {
        note("asked " + std::to_string(before.value()) + "+" + std::to_string(events));
        return m_take;
    }
    void deliver(const EventFrames &frames) override { note("got " + std::to_string(frames.back().last.value())); }
    void catchUp() override { note("catches up"); }
    void revoke() override { note("revoked"); }
    void documentLoaded() override { note("loaded"); }
    void documentUnavailable(const Error &error) override { note(std::string(errorName(error.code))); }
    bool mayRead() const override { return m_take != Take::Revoked; }
    bool isOverHighWater() const override { return slow; }
    bool wantsCursors() const override { return false; }
    void send(const protocol::OutgoingPtr &message) override { note(std::string(protocol::messageType(message->message()))); }

    bool slow = false;

private:
    void note(const std::string &what) const { m_all.push_back(std::to_string(m_id.value()) + " " + what); }

    const SessionId m_id;
    std::vector<std::string> &m_all;
    const Take m_take;
};

// An engine over memory.
struct EngineWorld
{
    Result<eventlog::WrittenDocument> write(const std::string &state)
    {
        std::optional<Result<eventlog::WrittenDocument>> written;
        engine.write(writeOf("d1", state), [&](Result<eventlog::WrittenDocument> result) { written = std::move(result); });
        executor.runAll();
        return written ? *written : Result<eventlog::WrittenDocument>(failure(ErrorCode::Timeout, "no answer"));
    }

    FakeClock clock;
    SeededRandom random{7};
    ManualExecutor executor;
    storage::MemoryBackend backend{SyncService::schema()};
    DocumentEngine engine{backend, executor, clock, random, {}};
};

} // namespace

void PartsTest::aSubscriberGetsWhatIsCommitted()
{
    EngineWorld world;
    EventBroker broker(1'000);
    world.engine.setObserver(&broker);
    std::vector<std::string> all;
    broker.add(kFirstDocument, std::make_shared<FakeSubscriber>(2, all, EventSubscriber::Take::EventsWithClocks));
    broker.add(kFirstDocument, std::make_shared<FakeSubscriber>(1, all, EventSubscriber::Take::Events));
    broker.add(DocumentId("d2"), std::make_shared<FakeSubscriber>(3, all, EventSubscriber::Take::Events));
    QVERIFY(world.write(R"({"n":1})"));
    QCOMPARE(all, (std::vector<std::string>{"1 loaded", "2 loaded", "1 asked 0+1", "1 got 1", "2 asked 0+1", "2 got 1"}));
    all.clear();
    broker.remove(kFirstDocument, SessionId(1));
    QVERIFY(world.write(R"({"n":2})"));
    QCOMPARE(all, (std::vector<std::string>{"2 asked 1+1", "2 got 2"}));
    QVERIFY(world.write(R"({"n":2})")); // changes nothing
    QCOMPARE(all.size(), std::size_t(2));
    broker.remove(kFirstDocument, SessionId(2));
    QVERIFY(!broker.isSubscribed(kFirstDocument));
    world.engine.setObserver(nullptr);
}

// Memory that runs out while subscribers are told, or in an answer, ends neither the engine nor other answers.
void PartsTest::whatFailsAfterACommitFailsAlone()
{
    struct FullObserver final : eventlog::CommitObserver
    {
        void committed(const DocumentPtr &, const std::vector<eventlog::LoggedPtr> &) override { throw std::bad_alloc(); }
        void loaded(const DocumentPtr &document) override { toldAgain.push_back(document->id().text()); }
        void unavailable(const DocumentPtr &, const Error &) override {}
        std::vector<std::string> toldAgain;
    } observer;
    EngineWorld world;
    QVERIFY(world.write(R"({"n":1})"));
    world.engine.setObserver(&observer);
    QVERIFY(world.write(R"({"n":2})"));
    QCOMPARE(observer.toldAgain, std::vector<std::string>{"d1"}); // whoever subscribes goes on from the log
    world.engine.setObserver(nullptr);

    int answers = 0;
    world.engine.write(writeOf("d1", R"({"n":3})"), [](const Result<eventlog::WrittenDocument> &) { throw std::bad_alloc(); });
    world.engine.write(writeOf("d1", R"({"n":4})"), [&](const Result<eventlog::WrittenDocument> &result) { answers += result ? 1 : 0; });
    world.executor.runAll();
    QCOMPARE(answers, 1);
    QCOMPARE(world.write(R"({"n":5})")->record.position.serverSeq, ServerSeq(5));
}

void PartsTest::aSubscriberThatIsBehindCatchesUpAfterTheOthersHaveTheEvents()
{
    EngineWorld world;
    EventBroker broker(1'000);
    QVERIFY(world.write(R"({"n":1})"));
    world.engine.setObserver(&broker);
    std::vector<std::string> all;
    broker.add(kFirstDocument, std::make_shared<FakeSubscriber>(1, all, EventSubscriber::Take::Behind));
    broker.add(kFirstDocument, std::make_shared<FakeSubscriber>(2, all, EventSubscriber::Take::Revoked));
    broker.add(kFirstDocument, std::make_shared<FakeSubscriber>(3, all, EventSubscriber::Take::Events));
    broker.addListener([&](const DocumentPtr &document, const eventlog::LoggedPtr &last) {
        all.push_back(document->id().text() + " " + std::to_string(last->serverSeq.value()));
    });
    QVERIFY(world.write(R"({"n":2})"));
    QCOMPARE(all, (std::vector<std::string>{"1 asked 1+1", "2 asked 1+1", "3 asked 1+1", "3 got 2", "1 catches up", "2 revoked", "d1 2"}));
    world.engine.setObserver(nullptr);
}

void PartsTest::presenceGoesToOthersAndEndsWithItsSession()
{
    EventBroker broker(1'000);
    Presence presence(broker, nullptr);
    std::vector<std::string> all;
    const auto slow = std::make_shared<FakeSubscriber>(3, all, EventSubscriber::Take::Events);
    slow->slow = true;
    broker.add(kFirstDocument, std::make_shared<FakeSubscriber>(1, all, EventSubscriber::Take::Events));
    broker.add(kFirstDocument, std::make_shared<FakeSubscriber>(2, all, EventSubscriber::Take::Events));
    broker.add(kFirstDocument, slow);
    broker.add(kFirstDocument, std::make_shared<FakeSubscriber>(4, all, EventSubscriber::Take::Revoked));
    QVERIFY(presence.show(kFirstDocument, ClientId("a"), {SessionId(1), json::Value(1), std::chrono::milliseconds(10)}));
    QCOMPARE(all, (std::vector<std::string>{"2 presence"}));
    presence.endOf(SessionId(2), kFirstDocument, ClientId("a")); // of another session
    QCOMPARE(presence.of(kFirstDocument).size(), std::size_t(1));
    presence.endBefore(std::chrono::milliseconds(9));
    QCOMPARE(presence.of(kFirstDocument).size(), std::size_t(1));
    presence.endBefore(std::chrono::milliseconds(10));
    QCOMPARE(presence.of(kFirstDocument).size(), std::size_t(0));
    QCOMPARE(all, (std::vector<std::string>{"2 presence", "2 presence", "3 presence"})); // the end of it also a slow reader gets
}

void PartsTest::announcementsGoOutInChunks()
{
    Peer sink;
    const ServiceOptions options;
    Outbox peer(sink, {}, options);
    EventBroker broker(1'000);
    Presence presence(broker, nullptr);
    for (const char *client : {"a", "b", "c"})
        QVERIFY(presence.show(kFirstDocument, ClientId(client), {SessionId(client[0]), json::Value(1), {}}));
    Announcements announcements;
    announcements.synced();
    QVERIFY(announcements.sendPresences(peer, kFirstDocument, presence.of(kFirstDocument), SessionId('b'), 1)); // a
    QVERIFY(!announcements.sendPresences(peer, kFirstDocument, presence.of(kFirstDocument), SessionId('b'), 1)); // c: b is the session itself
    QCOMPARE(sink.types(), (std::vector<std::string>{"presence", "presence"}));
    QCOMPARE(announcements.next(), Announcements::Next::Cursors);
    announcements.skipCursors();
    QCOMPARE(announcements.next(), Announcements::Next::None);
    announcements.restart();
    QCOMPARE(announcements.next(), Announcements::Next::Synced);
}

void PartsTest::longAnswersWaitForThePeer()
{
    EngineWorld world;
    QVERIFY(world.write(R"({"text":")" + std::string(20'000, 'x') + R"("})"));
    ServiceOptions options;
    options.catchUpChunkBytes = 5'000;
    options.highWaterBytes = 4'000;
    options.limits.frameBytes = limits::kFrameBytes;
    Peer sink;
    sink.slow = true;
    Outbox peer(sink, {}, options);
    QueryAnswers answers(world.engine, options, world.clock);
    bool hasMore = false;
    QueryQueue queue(peer, answers, options, [&] { hasMore = true; });
    const auto ask = [&](const std::string &id) {
        queue.ask({.requestId = id, .query = protocol::StateAtQuery{kFirstDocument, ServerSeq(1)}}, Principal(), {});
        world.executor.runAll();
    };
    ask("1");
    ask("2");
    QVERIFY(hasMore);
    QVERIFY(queue.sendPiece());
    QVERIFY(!queue.sendPiece()); // it reads slowly
    sink.slow = false;
    std::size_t pieces = 1;
    for (; queue.sendPiece(); ++pieces)
        world.executor.runAll();
    const auto parts = sink.all<protocol::QueryResult>();
    QCOMPARE(parts.size(), pieces);
    QVERIFY(pieces >= 10); // of both answers
    QCOMPARE(parts.front().requestId, std::string("1"));
    QCOMPARE(parts.back().requestId, std::string("2"));
    QVERIFY(!parts.back().more);
}

void PartsTest::submissionsByCodeAreProcessedInTheirOrder()
{
    EngineWorld world;
    std::vector<std::string> order;
    const auto written = [&](const std::string &name) {
        return [&order, name](const Result<eventlog::WrittenDocument> &result) { order.push_back(result ? name : "failed " + name); };
    };
    world.engine.write(writeOf("d1", R"({"n":1})"), written("d1"));
    world.engine.write(writeOf("d2", R"({"n":1})"), written("d2"));
    world.engine.transact({.documentIds = {DocumentId("d2"), DocumentId("d1")}, .clientId = ClientId("server"),
                           .edit = [](std::map<DocumentId, json::Value> &values) -> Result<> {
                               values.at(DocumentId("d1")).as_object()["n"] = 2;
                               return {};
                           }},
                          [&](const Result<std::vector<eventlog::WrittenDocument>> &result) {
                              order.push_back(result && (*result)[1].event && !(*result)[0].event ? "both" : "failed both");
                          });
    world.engine.write(writeOf("d1", R"({"n":3})"), written("d1 again"));
    world.engine.read(DocumentId("d1"), [&](const Result<DocumentRecord> &record) {
        order.push_back("read " + (record ? json::canonical(*record->state) : record.error().message));
    });
    bool settled = false;
    world.engine.settle([&] { settled = true; });
    world.executor.runAll();
    QCOMPARE(order.back(), std::string(R"(read {"n":3})"));
    QCOMPARE(order.size(), std::size_t(5));
    QCOMPARE(std::vector<std::string>(order.begin() + 2, order.end()), (std::vector<std::string>{"both", "d1 again", R"(read {"n":3})"}));
    QVERIFY(settled);
}

// Also what looks at it, and what beside it waits for several documents.
void PartsTest::aDocumentThatCannotBeReadEndsWhatWaitsForIt()
{
    EngineWorld world;
    QVERIFY(world.write(R"({"n":1})"));
    world.engine.settle([] {});
    world.executor.runAll();
    const auto view = world.backend.view();
    const auto row = (*view)->get(eventlog::sets::kDocuments, {std::string("d1")});
    storage::Row damaged = **row;
    damaged[eventlog::document::State] = std::string(R"({"n":7})"); // not what its checksum says
    world.backend.commit(storage::Batch().put(eventlog::sets::kDocuments, damaged), world.executor, [](const Result<storage::Committed> &) {});
    world.executor.runAll();
    DocumentEngine engine(world.backend, world.executor, world.clock, world.random, {});
    std::vector<ErrorCode> codes;
    const auto note = [&](const auto &result) { codes.push_back(result ? ErrorCode::Invalid : result.error().code); };
    engine.compact(kFirstDocument, ServerSeq(2), note);
    engine.write(writeOf("d2", R"({"n":1})"), [](const Result<eventlog::WrittenDocument> &) {});
    engine.transact({.documentIds = {DocumentId("d2"), kFirstDocument}, .clientId = ClientId("server"), .edit = [](auto &) -> Result<> { return {}; }}, note);
    engine.read(kFirstDocument, note);
    bool hasWritten = false; // the other document is not stuck
    engine.write(writeOf("d2", R"({"n":2})"), [&](const Result<eventlog::WrittenDocument> &result) { hasWritten = result.has_value(); });
    world.executor.runAll();
    QCOMPARE(codes, (std::vector<ErrorCode>{ErrorCode::Corrupt, ErrorCode::Corrupt, ErrorCode::Corrupt}));
    QVERIFY(hasWritten);
}

} // namespace eventsync::sync::test
