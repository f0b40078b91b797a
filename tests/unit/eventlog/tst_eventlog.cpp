// SPDX-License-Identifier: Apache-2.0
#include <support/executors.h>
#include <support/fakeclock.h>

#include <eventsync/base/assert.h>
#include <eventsync/eventlog/documentcore.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/memorybackend.h>

#include <QTest>

using namespace eventsync;
using namespace eventsync::eventlog;

namespace {

// One document over memory: writes are judged, committed and read back.
struct Log
{
    std::unique_ptr<DocumentCore> open()
    {
        auto view = backend.view();
        auto loaded = EventStore(**view).load(id);
        EVENTSYNC_ASSERT(loaded.has_value());
        auto core = std::make_unique<DocumentCore>(
            id, std::move(*loaded), [](const CollectionName &) { return std::make_shared<const Rules>(); }, clock, random);
        if (core->needsNumber())
            core->setNumber(1);
        return core;
    }
    EventId write(DocumentCore &core, const std::string &client, std::int64_t gold)
    {
        const EventId made = uuids.next();
        auto written = core.write({.collection = CollectionName("things"), .clientId = ClientId(client),
                                   .edit = [gold](json::State &state) -> Result<> {
                                       state = json::Object{{"gold", gold}};
                                       return {};
                                   },
                                   .id = made});
        EVENTSYNC_ASSERT(written.has_value() && *written);
        return made;
    }
    void commit(DocumentCore &core)
    {
        run(core.takeBatch(), [&](const storage::Committed &done) { core.committed(done.positions.data()); });
    }
    void run(storage::Batch batch, const std::function<void(const storage::Committed &)> &done = {})
    {
        backend.commit(std::move(batch), executor, [&](Result<storage::Committed> result) {
            EVENTSYNC_ASSERT(result.has_value());
            if (done)
                done(*result);
        });
        executor.runAll();
    }

    const DocumentId id{"d1"};
    test::FakeClock clock;
    SeededRandom random{3};
    UuidGenerator uuids{clock, random};
    test::ManualExecutor executor;
    storage::MemoryBackend backend{schema()};
};

} // namespace

class TestEventLog : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aLaggingRowIsFoldedForward();
    void everyEventStandsInTheChain();
    void anIdIsFoundInTheLogAndBelowTheHorizon();
    void aPrefixIsWhatTheClockCovers_data();
    void aPrefixIsWhatTheClockCovers();
    void pastStatesAreThoseOfTheLog();
    void whatIsPreparedIsSeenByNobody();
};

// [G4, G5]
void TestEventLog::aLaggingRowIsFoldedForward()
{
    Log log;
    auto core = log.open();
    log.write(*core, "a", 1);
    log.write(*core, "b", 2);
    log.commit(*core);
    log.run(core->derivedBatch(false));
    core->flushed(ServerSeq(2), {});
    log.write(*core, "a", 3);
    log.commit(*core);
    QVERIFY(core->isDirty());
    const auto again = log.open();
    QCOMPARE(again->head(), core->head());
    QCOMPARE(again->state().canonical(), std::string(R"({"gold":3})"));
    QCOMPARE(again->clientSeq(ClientId("a")), ClientSeq(2));
    QCOMPARE(again->clientSeq(ClientId("b")), ClientSeq(1));
    QVERIFY(again->isDirty());
}

void TestEventLog::everyEventStandsInTheChain()
{
    Log log;
    auto core = log.open();
    for (int i = 1; i <= 5; ++i)
        log.write(*core, "a", i);
    log.commit(*core);
    auto view = log.backend.view();
    const auto events = EventStore(**view).events(1, {.after = ServerSeq(0)});
    Digest chain = chainStart(CollectionName("things"), log.id);
    QCOMPARE(events->size(), std::size_t(5));
    for (const LoggedPtr &event : *events) {
        chain = chainNext(chain, digestOf(*event->event));
        QCOMPARE(event->chain, chain);
        QCOMPARE(*event->canonical, canonicalBytes(*event->event, EventForm::Logged));
    }
    QCOMPARE(core->head().chain, chain);
}

// [G3, G13]
void TestEventLog::anIdIsFoundInTheLogAndBelowTheHorizon()
{
    Log log;
    auto core = log.open();
    const EventId first = log.write(*core, "a", 1), second = log.write(*core, "a", 2), unknown = log.uuids.next();
    log.commit(*core);
    std::vector<LoggedPtr> removed;
    {
        auto view = log.backend.view();
        removed = *EventStore(**view).events(1, {.after = ServerSeq(0), .until = ServerSeq(1)});
    }
    log.run(core->compactBatch(ServerSeq(2), removed, {}));
    auto view = log.backend.view();
    const auto known = EventStore(**view).known({first, second, unknown});
    QCOMPARE(known->size(), std::size_t(2));
    QCOMPARE(known->at(first).serverSeq, ServerSeq(1));
    QCOMPARE(known->at(second).serverSeq, ServerSeq(2));
    QCOMPARE(known->at(first).pushMark, removed.front()->pushMark);
    const auto again = log.open();
    QCOMPARE(again->horizon(), ServerSeq(2));
    QCOMPARE(again->baseChain(), removed.front()->chain);
    QCOMPARE(again->clientSeq(ClientId("a")), ClientSeq(2)); // clock rows outlive compaction
}

// The log: a1 b1 a2 b2
void TestEventLog::aPrefixIsWhatTheClockCovers_data()
{
    QTest::addColumn<int>("a");
    QTest::addColumn<int>("b");
    QTest::addColumn<int>("prefix");
    QTest::newRow("nothing") << 0 << 0 << 0;
    QTest::newRow("one author only") << 2 << 0 << 1;
    QTest::newRow("half of both") << 1 << 1 << 2;
    QTest::newRow("all but the last") << 2 << 1 << 3;
    QTest::newRow("a hole at the start") << 0 << 2 << 0;
    QTest::newRow("all") << 2 << 2 << 4;
    QTest::newRow("more than there is") << 9 << 9 << 4;
}

// [G11]
void TestEventLog::aPrefixIsWhatTheClockCovers()
{
    QFETCH(int, a);
    QFETCH(int, b);
    QFETCH(int, prefix);
    Log log;
    auto core = log.open();
    for (int i = 1; i <= 4; ++i)
        log.write(*core, i % 2 ? "a" : "b", i);
    log.commit(*core);
    VectorClock clock;
    clock.set(ClientId("a"), ClientSeq(a));
    clock.set(ClientId("b"), ClientSeq(b));
    auto view = log.backend.view();
    EventStore store(**view);
    const auto row = store.document(log.id);
    QCOMPARE(*store.prefix(**row, ServerSeq(4), clock, core->clock()), ServerSeq(prefix));
}

// [G4]
void TestEventLog::pastStatesAreThoseOfTheLog()
{
    Log log;
    auto core = log.open();
    for (int i = 1; i <= 6; ++i)
        log.write(*core, "a", i);
    log.commit(*core);
    log.run(core->derivedBatch(true));
    auto view = log.backend.view();
    EventStore store(**view);
    const auto row = store.document(log.id);
    for (int i = 1; i <= 6; ++i)
        QCOMPARE(store.stateAt(**row, ServerSeq(i))->canonical(), R"({"gold":)" + std::to_string(i) + "}");
    QCOMPARE(store.stateAt(**row, ServerSeq(7)).error().code, ErrorCode::NotFound);
}

// [G1]
void TestEventLog::whatIsPreparedIsSeenByNobody()
{
    Log log;
    auto core = log.open();
    log.write(*core, "a", 1);
    log.commit(*core);
    const Position before = core->head();
    log.write(*core, "a", 2);
    QCOMPARE(core->head(), before);
    QCOMPARE(core->clientSeq(ClientId("a")), ClientSeq(1));
    QCOMPARE(core->clock().at(ClientId("a")), ClientSeq(1));
    log.commit(*core);
    QCOMPARE(core->head().serverSeq, ServerSeq(2));
    QCOMPARE(core->clock().at(ClientId("a")), ClientSeq(2));
}

QTEST_GUILESS_MAIN(TestEventLog)
#include "tst_eventlog.moc"
