// SPDX-License-Identifier: Apache-2.0
#include "documentlogtest.h"

#include <support/executors.h>
#include <support/fakeclock.h>

#include <eventsync/base/assert.h>
#include <eventsync/eventlog/documentcore.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/rulesbook.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/json/limits.h>
#include <eventsync/storage/memorybackend.h>

#include <QTest>

using namespace eventsync;
using namespace eventsync::eventlog;

namespace {

// One document over memory: writes are validated, committed and read back.
struct Log
{
    std::optional<LoadedDocument> load()
    {
        auto view = backend.view();
        auto loaded = EventStore(**view).load(id);
        EVENTSYNC_ASSERT(loaded.has_value());
        return std::move(*loaded);
    }
    std::unique_ptr<DocumentCore> open() { return open(load()); }
    std::unique_ptr<DocumentCore> open(std::optional<LoadedDocument> loaded)
    {
        auto core = std::make_unique<DocumentCore>(
            id, std::move(loaded), [](const CollectionName &) { return std::make_shared<const Rules>(); }, clock, random);
        if (!core->log().hasNumber())
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
    void rulesOfNamesThatNoDocumentUsesAreNotKept()
    {
        int made = 0;
        RulesBook book([&](const CollectionName &) {
            ++made;
            return std::make_shared<const Rules>();
        });
        const RulesPtr used = book.of(CollectionName("used"));
        QCOMPARE(book.of(CollectionName("used")), used);
        QCOMPARE(made, 1);
        for (int i = 0; i < 10'000; ++i)
            book.of(CollectionName("invented-" + std::to_string(i)));
        QVERIFY(book.size() <= limits::kRulesAtHand + 1);
        QCOMPARE(book.of(CollectionName("used")), used);
        QCOMPARE(made, 10'001);
        book.forget(CollectionName("used"));
        QVERIFY(book.of(CollectionName("used")) != used);
    }
    void aLaggingRowIsFoldedForward();
    void everyEventStandsInTheChain();
    void anIdIsFoundInTheLogAndBelowTheHorizon();
    void aPrefixIsWhatTheClockCovers_data();
    void aPrefixIsWhatTheClockCovers();
    void pastStatesAreThoseOfTheLog();
    void statesBeforeAnOlderSnapshotAreReachedInACompactedLog();
    void whatIsPreparedIsSeenByNobody();
    void whatCannotBeReadIsNotLogged_data();
    void whatCannotBeReadIsNotLogged();
    void aLargestDocumentGrowsIsDeletedAndCanBeReadAtAnyPosition();
    void aDecisionOfTheServerIsNoLargerThanAnEvent_data();
    void aDecisionOfTheServerIsNoLargerThanAnEvent();
    void aPushIsComparedWithNoMoreThanItsBudgetAllows();
};

Q_DECLARE_METATYPE(eventsync::eventlog::CodeWrite)

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
    QCOMPARE(again->log().head(), core->log().head());
    QCOMPARE(again->state().canonical(), std::string(R"({"gold":3})"));
    QCOMPARE(again->log().clientSeq(ClientId("a")), ClientSeq(2));
    QCOMPARE(again->log().clientSeq(ClientId("b")), ClientSeq(1));
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
    QCOMPARE(core->log().head().chain, chain);
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
    log.run(core->compactBatch({.events = removed}));
    auto view = log.backend.view();
    const auto known = EventStore(**view).known({first, second, unknown});
    QCOMPARE(known->size(), std::size_t(2));
    QCOMPARE(known->at(first).serverSeq, ServerSeq(1));
    QCOMPARE(known->at(second).serverSeq, ServerSeq(2));
    QCOMPARE(known->at(first).pushDigest16, removed.front()->pushDigest16);
    const auto again = log.open();
    QCOMPARE(again->log().horizon(), ServerSeq(2));
    QCOMPARE(again->log().baseChain(), removed.front()->chain);
    QCOMPARE(again->log().clientSeq(ClientId("a")), ClientSeq(2)); // clock rows outlive compaction
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
    QCOMPARE(*store.prefix(**row, ServerSeq(4), clock, core->log().clock()), ServerSeq(prefix));
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

// A picture from before the horizon leads nowhere: the events after it are gone.
void TestEventLog::statesBeforeAnOlderSnapshotAreReachedInACompactedLog()
{
    Log log;
    auto core = log.open();
    for (int i = 1; i <= 9; ++i) {
        log.write(*core, "a", i);
        log.commit(*core);
        if (i == 2)
            log.run(core->derivedBatch(true));
    }
    log.run(core->derivedBatch(false));
    auto view = log.backend.view();
    const auto removed = EventStore(**view).events(core->log().number(), {.after = ServerSeq(0), .until = ServerSeq(5)});
    log.run(core->compactBatch({.events = *removed}));
    view = log.backend.view();
    EventStore store(**view);
    const auto row = store.document(log.id);
    for (int i = 5; i <= 9; ++i)
        QCOMPARE(store.stateAt(**row, ServerSeq(i))->canonical(), R"({"gold":)" + std::to_string(i) + "}");
}

// [G1]
void TestEventLog::whatIsPreparedIsSeenByNobody()
{
    Log log;
    auto core = log.open();
    log.write(*core, "a", 1);
    log.commit(*core);
    const Position before = core->log().head();
    log.write(*core, "a", 2);
    QCOMPARE(core->log().head(), before);
    QCOMPARE(core->log().clientSeq(ClientId("a")), ClientSeq(1));
    QCOMPARE(core->log().clock().at(ClientId("a")), ClientSeq(1));
    log.commit(*core);
    QCOMPARE(core->log().head().serverSeq, ServerSeq(2));
    QCOMPARE(core->log().clock().at(ClientId("a")), ClientSeq(2));
}

namespace {

json::Object nested(int depth)
{
    json::Object object;
    for (int i = 1; i < depth; ++i)
        object = json::Object{{"a", std::move(object)}};
    return object;
}

template<class T>
json::Patch patchOf(const char *path, T value)
{
    return json::Patch({{.kind = json::OperationKind::Add, .path = json::Pointer::parse(path).value(), .value = json::Value(std::move(value))}});
}

CodeWrite writeOf(json::Patch patch)
{
    return {.collection = CollectionName("things"), .clientId = ClientId("a"), .patch = std::move(patch)};
}

} // namespace

void TestEventLog::whatCannotBeReadIsNotLogged_data()
{
    QTest::addColumn<CodeWrite>("write");
    QTest::addColumn<ErrorCode>("code"); // Internal: none
    const auto row = [](const char *name, CodeWrite write, ErrorCode code) { QTest::newRow(name) << std::move(write) << code; };
    const std::size_t room = 1'000; // of an event, for its other fields
    row("a largest text", writeOf(patchOf("/t", std::string(limits::kEventBytes - room, 'x'))), ErrorCode::Internal);
    row("a text", writeOf(patchOf("/t", std::string(limits::kEventBytes + room, 'x'))), ErrorCode::TooLarge);
    row("what takes more room as JSON", writeOf(patchOf("/t", std::string(limits::kEventBytes / 2 + room, '"'))), ErrorCode::TooLarge);
    row("what takes more room in a binary frame", writeOf(patchOf("/t", json::Array(limits::kEventBytes / 9 * 2, 0.1))), ErrorCode::TooLarge);
    CodeWrite edit{.collection = CollectionName("things"), .clientId = ClientId("a"), .edit = [](json::State &state) -> Result<> {
                       state = json::Object{{"t", std::string(limits::kEventBytes + room, 'x')}};
                       return {};
                   }};
    row("what an edit leads to", edit, ErrorCode::TooLarge);
    CodeWrite withMetadata = writeOf(patchOf("/t", 1));
    withMetadata.metadata = json::Object{{"note", std::string(limits::kEventBytes + room, 'x')}};
    row("metadata", withMetadata, ErrorCode::TooLarge);
    withMetadata.metadata = nested(limits::kDepth + 1);
    row("deep metadata", withMetadata, ErrorCode::TooDeep);
    withMetadata.metadata = json::Object{{"note", "\xff"}};
    row("metadata that is not UTF-8", withMetadata, ErrorCode::InvalidValue);
    withMetadata.metadata = json::Object{{"replaces", 5}};
    row("metadata that says which edit it is in another form", withMetadata, ErrorCode::InvalidMessage);
    CodeWrite named = writeOf(patchOf("/t", 1));
    named.author = "\xff";
    row("an author that is not UTF-8", named, ErrorCode::InvalidValue);
    named.author = std::string(limits::kEventBytes + room, 'x');
    row("an author", named, ErrorCode::TooLarge);
}

void TestEventLog::whatCannotBeReadIsNotLogged()
{
    QFETCH(CodeWrite, write);
    QFETCH(ErrorCode, code);
    Log log;
    auto core = log.open();
    log.write(*core, "a", 1);
    log.commit(*core);
    write.id = log.uuids.next();
    const std::string before = core->state().canonical();
    const auto written = core->write(write);
    QCOMPARE(written ? ErrorCode::Internal : written.error().code, code);
    if (written) {
        log.commit(*core);
    } else {
        QVERIFY(core->log().prepared().isEmpty());
        QVERIFY(core->state().canonical() == before);
    }
    const auto again = log.open();
    QVERIFY(again->state().canonical() == core->state().canonical());
}

// A document may hold four times what an event may; so the inverse of its delete holds more than an event.
void TestEventLog::aLargestDocumentGrowsIsDeletedAndCanBeReadAtAnyPosition()
{
    Log log;
    auto core = log.open();
    log.write(*core, "a", 1);
    std::vector<std::string> states{core->state().canonical()};
    const auto write = [&](CodeWrite one) {
        one.id = log.uuids.next();
        return core->write(one).has_value();
    };
    for (const char *path : {"/a", "/b", "/c", "/d"}) {
        QVERIFY(write(writeOf(patchOf(path, std::string(limits::kEventBytes - 1'000, path[1])))));
        states.push_back(core->state().canonical());
    }
    QVERIFY(!write(writeOf(patchOf("/e", std::string(limits::kEventBytes - 1'000, 'e')))));
    QVERIFY(write({.collection = CollectionName("things"), .clientId = ClientId("a"), .edit = [](json::State &state) -> Result<> {
                       state.reset();
                       return {};
                   }}));
    states.emplace_back();
    log.commit(*core);
    log.run(core->derivedBatch(false));
    core = log.open();
    QVERIFY(!core->state().exists());
    auto view = log.backend.view();
    const auto removed = EventStore(**view).events(core->log().number(), {.after = ServerSeq(0), .until = ServerSeq(2)});
    log.run(core->compactBatch({.events = *removed})); // now old states are reached back from the newest one
    view = log.backend.view();
    EventStore store(**view);
    const auto row = store.document(log.id);
    for (std::size_t i = 1; i < states.size(); ++i)
        QVERIFY2(store.stateAt(**row, ServerSeq(static_cast<std::int64_t>(i) + 1))->canonical() == states[i], std::to_string(i).c_str());
}

void TestEventLog::aDecisionOfTheServerIsNoLargerThanAnEvent_data()
{
    QTest::addColumn<std::size_t>("bytes");
    QTest::addColumn<bool>("ours");
    for (const bool ours : {true, false}) {
        QTest::addRow("%s, small", ours ? "ours" : "theirs") << std::size_t(1'000) << ours;
        QTest::addRow("%s, half an event", ours ? "ours" : "theirs") << limits::kEventBytes / 2 + 1'000 << ours;
        QTest::addRow("%s, nearly an event", ours ? "ours" : "theirs") << limits::kEventBytes - 1'000 << ours;
    }
}

void TestEventLog::aDecisionOfTheServerIsNoLargerThanAnEvent()
{
    QFETCH(std::size_t, bytes);
    QFETCH(bool, ours);
    Log log;
    auto core = log.open();
    log.write(*core, "a", 1);
    log.commit(*core);
    const Event event{.id = log.uuids.next(), .documentId = log.id, .collection = CollectionName("things"), .clientId = ClientId("b"),
                      .clientSeq = ClientSeq(1), .baseSeq = ServerSeq(0), .timestamp = log.clock.wall(),
                      .diff = Diff(patchOf("/gold", std::string(bytes, 'x'))),
                      .onOverlap = ours ? OnOverlap::Ours : OnOverlap::Theirs};
    const auto outcome = core->push(std::make_shared<const Event>(event), {.client = event.clientId}, {});
    QCOMPARE(outcome.status, AckStatus::Merged);
    log.commit(*core);
    const json::Object &record = core->log().recent().events().back()->event->metadata->at("conflict").as_object();
    QCOMPARE(record.contains("ours"), bytes <= limits::kConflictRecordBytes);
    QCOMPARE(record.contains("truncated"), bytes > limits::kConflictRecordBytes);
    const auto again = log.open();
    QVERIFY(again->state().canonical() == core->state().canonical());
    QVERIFY(again->log().recent().events().back()->fitsFrame());
}

void TestEventLog::aPushIsComparedWithNoMoreThanItsBudgetAllows()
{
    constexpr int kNames = 5'000, kUnseen = 50;
    Log log;
    auto core = log.open();
    for (int i = 0; i <= kUnseen; ++i)
        log.write(*core, "b", i);
    log.commit(*core);
    std::vector<json::FootprintEntry> reads;
    std::vector<json::PatchOperation> adds;
    for (int i = 0; i < kNames; ++i) {
        reads.push_back({.path = json::Pointer({std::to_string(i) + "b"}), .kind = json::FootprintEntry::Kind::Read});
        adds.push_back({.kind = json::OperationKind::Add, .path = json::Pointer({std::to_string(i) + "a"}), .from = {}, .value = 1});
    }
    auto loaded = log.load();
    for (LoggedPtr &event : loaded->recent) {
        auto large = std::make_shared<LoggedEvent>(*event);
        large->footprint = json::Footprint::fromEntries(reads);
        event = std::move(large);
    }
    core = log.open(std::move(loaded));
    const std::string before = core->state().canonical();

    const ClientId alice("a");
    const auto pushed = [&](ServerSeq base) {
        return std::make_shared<const Event>(Event{.id = log.uuids.next(), .documentId = log.id, .collection = CollectionName("things"),
                                                   .operation = Operation::Update, .clientId = alice, .clientSeq = ClientSeq(1),
                                                   .baseSeq = base, .diff = Diff(json::Patch(adds))});
    };
    const PushOutcome outcome = core->push(pushed(ServerSeq(1)), {.client = alice}, {});
    QVERIFY(outcome.status == AckStatus::Conflict);
    QCOMPARE(outcome.reason->code, ErrorCode::BaseCompacted);
    QCOMPARE(outcome.head, core->log().head().serverSeq);
    QCOMPARE(core->state().canonical(), before);
    // Its author looks at what has come, which leaves less to compare.
    QVERIFY(core->push(pushed(ServerSeq(kUnseen)), {.client = alice}, {}).status == AckStatus::Merged);
}

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    int failed = 0;
    const auto run = [&](QObject &&test) { failed += QTest::qExec(&test, argc, argv); };
    run(TestEventLog());
    run(DocumentLogTest());
    return failed;
}

#include "tst_eventlog.moc"
