// SPDX-License-Identifier: Apache-2.0
#include "logworld.h"

#include <eventsync/eventlog/blockingcommit.h>
#include <eventsync/eventlog/clockrows.h>
#include <eventsync/eventlog/documentcursors.h>
#include <eventsync/eventlog/documentlist.h>
#include <eventsync/eventlog/logcompactor.h>
#include <eventsync/eventlog/logrebuilder.h>
#include <eventsync/eventlog/logverifier.h>
#include <eventsync/eventlog/missingevents.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/sqlitebackend.h>

#include <QTest>

using namespace eventsync;
using namespace eventsync::eventlog;
using namespace eventsync::storage;
using test::LogWorld;

namespace {

const DocumentId kGame("game-1"), kOther("game-2");

// Changes one event's row behind everybody's back, as a program with access to the file could.
using Damage = std::function<void(LogWorld &)>;

Row eventRow(LogWorld &world, std::size_t index)
{
    return world.rows(sets::kEvents).at(index);
}

void replace(LogWorld &world, Row row)
{
    const Cell position = row[event::Position];
    QVERIFY(world.change(Batch().erase(sets::kEvents, {position}).put(sets::kEvents, std::move(row))));
}

void editBody(LogWorld &world, std::size_t index, const std::string &from, const std::string &to)
{
    Row row = eventRow(world, index);
    std::string &body = std::get<std::string>(row[event::Body]);
    const auto at = body.find(from);
    QVERIFY(at != std::string::npos);
    body.replace(at, from.size(), to);
    replace(world, std::move(row));
}

void flipBlob(LogWorld &world, std::size_t index, std::size_t column)
{
    Row row = eventRow(world, index);
    std::get<Blob>(row[column]).bytes.back() ^= 1;
    replace(world, std::move(row));
}

void changeRow(LogWorld &world, const char *set, std::size_t column, Cell cell)
{
    Row row = world.rows(set).front();
    row[column] = std::move(cell);
    QVERIFY(world.change(Batch().put(set, std::move(row))));
}

std::string textOf(const VerifyReport &report)
{
    std::string text;
    for (const Finding &finding : report.findings)
        text += finding.toText() + '\n';
    return text;
}

} // namespace

Q_DECLARE_METATYPE(Damage)

class TestEventLogTools : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase_data()
    {
        QTest::addColumn<LogWorld::Kind>("kind");
        QTest::newRow("memory") << LogWorld::Kind::Memory;
        QTest::newRow("sqlite") << LogWorld::Kind::Sqlite;
    }
    void init()
    {
        QFETCH_GLOBAL(LogWorld::Kind, kind);
        world = std::make_unique<LogWorld>(kind, 4);
        world->write(kGame, 10);
    }
    void cleanup() { world.reset(); }

    void soundStoreHasNoFindings();
    void damageIsFoundWhereItIs_data();
    void damageIsFoundWhereItIs();
    void verificationKeepsOnlySoManyFindings();
    void everyReaderOfTheLogNamesAnAlteredEvent_data();
    void everyReaderOfTheLogNamesAnAlteredEvent();
    void aRowThatIsNotWhatWasStoredIsCorrupt_data();
    void aRowThatIsNotWhatWasStoredIsCorrupt();
    void rowsOfAnEarlierVersionPassUntilTheyAreWrittenAgain_data();
    void rowsOfAnEarlierVersionPassUntilTheyAreWrittenAgain();
    void rebuildDropsADamagedStateVectorAndKeepsTheOthers();
    void cursorsKnowTheSumOfTheirClocks();
    void theClockOfAnOldPositionIsThatOfTheLog();
    void anEngineKeepsInMemoryWhatItsAccountAllows();
    void rebuildRestoresWhatIsDerived_data();
    void rebuildRestoresWhatIsDerived();
    void rebuildLeavesADamagedLogAlone();
    void rebuildOfACompactedLogKeepsItsBeginning();
    void compactionKeepsStateHeadClockAndIds();
    void compactionRemovesSnapshotsThatNothingLeadsOnFrom();
    void logsAreKeptShortWhileTheyAreWritten_data();
    void logsAreKeptShortWhileTheyAreWritten();
    void compactionFollowsItsRule_data();
    void compactionFollowsItsRule();
    void archiveSeesWhatIsRemovedAndCanRefuse();
    void aDamagedDocumentHoldsUpNoCompaction_data();
    void aDamagedDocumentHoldsUpNoCompaction();
    void clientsNotSeenAreForgotten();
    void crdtDocumentsAreEventSourcedLikeOthers();
    void crdtDocumentsAreRebuiltFromTheirLog();
    void compactedCrdtDocumentsKeepTheirBeginning();
    void aWrongSnapshotOfACrdtDocumentIsFound();

private:
    void useCrdt();
    std::unique_ptr<LogWorld> world;
};

void TestEventLogTools::useCrdt()
{
    QFETCH_GLOBAL(LogWorld::Kind, kind);
    world = std::make_unique<LogWorld>(kind, 4, CollectionPolicy(), DocumentKind::Crdt);
    world->write(kGame, 10);
}

void TestEventLogTools::soundStoreHasNoFindings()
{
    world->write(kOther, 3);
    QVERIFY(world->wait(world->documents->deleteDocument(kOther, ClientId("b"))));
    world->settle();
    VerifyProgress last;
    const auto report = verifyLogs(*world->view(), {.progress = [&](const VerifyProgress &soFar) { last = soFar; }});
    QVERIFY(report);
    QVERIFY2(report->isIntact(), textOf(*report).c_str());
    QCOMPARE(report->documents, std::int64_t(2));
    QCOMPARE(report->events, std::int64_t(14));
    QCOMPARE(report->snapshots, std::int64_t(3));
    QCOMPARE(last.events, std::int64_t(14));
    const auto one = verifyLogs(*world->view(), {.document = kOther});
    QCOMPARE(one->events, std::int64_t(4));
    QCOMPARE(verifyLogs(*world->view(), {.document = DocumentId("nobody")}).error().code, ErrorCode::NotFound);
}

void TestEventLogTools::damageIsFoundWhereItIs_data()
{
    QTest::addColumn<Damage>("damage");
    QTest::addColumn<QByteArray>("kind");
    QTest::addColumn<int>("seq");
    const auto row = [](const char *name, Damage damage, const char *kind, int seq) {
        QTest::newRow(name) << damage << QByteArray(kind) << seq;
    };
    row("a byte of a body", [](LogWorld &w) { editBody(w, 4, R"("value":5)", R"("value":6)"); }, "chain", 5);
    row("a byte of a body, no JSON any more", [](LogWorld &w) { editBody(w, 4, "{", "["); }, "unreadable", 5);
    row("the author in a body", [](LogWorld &w) { editBody(w, 4, R"("clientId":"a")", R"("clientId":"c")"); }, "identity", 5);
    row("a time in a body", [](LogWorld &w) { editBody(w, 6, R"("storedAt":"2026)", R"("storedAt":"2025)"); }, "chain", 7);
    row("a chain value", [](LogWorld &w) { flipBlob(w, 4, event::Chain); }, "chain", 5);
    row("the chain value at the head", [](LogWorld &w) { flipBlob(w, 9, event::Chain); }, "chain", 10);
    row("an id", [](LogWorld &w) { flipBlob(w, 4, event::Id); }, "identity", 5);
    row("a footprint", [](LogWorld &w) {
        Row other = eventRow(w, 4);
        other[event::Footprint] = eventRow(w, 0)[event::Footprint];
        replace(w, other);
    }, "inverse", 5);
    row("an inverse", [](LogWorld &w) {
        Row other = eventRow(w, 4);
        other[event::Inverse] = eventRow(w, 3)[event::Inverse];
        replace(w, other);
    }, "inverse", 5);
    row("an event is missing", [](LogWorld &w) {
        QVERIFY(w.change(Batch().erase(sets::kEvents, {eventRow(w, 4)[event::Position]})));
    }, "gap", 5);
    row("the first event is missing", [](LogWorld &w) {
        QVERIFY(w.change(Batch().erase(sets::kEvents, {eventRow(w, 0)[event::Position]})));
    }, "gap", 1);
    row("the last event is missing", [](LogWorld &w) {
        QVERIFY(w.change(Batch().erase(sets::kEvents, {eventRow(w, 9)[event::Position]})));
    }, "document", 10);
    row("two events are swapped", [](LogWorld &w) {
        Row a = eventRow(w, 4), b = eventRow(w, 5);
        QVERIFY(w.change(Batch().erase(sets::kEvents, {a[event::Position]}).erase(sets::kEvents, {b[event::Position]})));
        std::swap(a[event::Seq], b[event::Seq]);
        QVERIFY(w.change(Batch().put(sets::kEvents, a).put(sets::kEvents, b)));
    }, "identity", 5);
    row("a client's number is used twice", [](LogWorld &w) {
        Row r = eventRow(w, 6);
        r[event::ClientSeq] = std::int64_t(3);
        replace(w, r);
    }, "clientSeq", 7);
    row("the state of the row", [](LogWorld &w) { changeRow(w, sets::kDocuments, document::State, std::string(R"({"n":11})")); }, "document", 10);
    row("the position of the row", [](LogWorld &w) { changeRow(w, sets::kDocuments, document::Position, std::int64_t(3)); }, "document", 10);
    row("the row ahead of its log", [](LogWorld &w) { changeRow(w, sets::kDocuments, document::Seq, std::int64_t(12)); }, "document", 12);
    row("the row behind what is complete", [](LogWorld &w) { changeRow(w, sets::kDocuments, document::Seq, std::int64_t(9)); }, "lag", 10);
    row("a snapshot", [](LogWorld &w) { changeRow(w, sets::kSnapshots, snapshot::State, std::string(R"({"n":3})")); }, "snapshot", 4);
    row("a snapshot's clock", [](LogWorld &w) { changeRow(w, sets::kSnapshots, snapshot::Clock, std::string(R"({"a":1})")); }, "snapshot", 4);
    row("a vector clock", [](LogWorld &w) { changeRow(w, sets::kVectorClocks, eventlog::clock::ClientSeq, std::int64_t(4)); }, "vectorClock", 10);
    row("a state vector of the future", [](LogWorld &w) {
        QVERIFY(w.change(Batch().put(sets::kStateVectors, {std::int64_t(1), std::string("c"), std::int64_t(11), std::string("{}"), std::int64_t(0), Cell()})));
    }, "stateVector", 11);
    row("rows of nobody", [](LogWorld &w) {
        QVERIFY(w.change(Batch().put(sets::kVectorClocks, {std::int64_t(77), std::string("c"), std::int64_t(1), Cell()})));
    }, "orphan", 0);
    row("a kept id of an event that is there", [](LogWorld &w) {
        QVERIFY(w.change(Batch().put(sets::kIds, {eventRow(w, 2)[event::Id], std::int64_t(1), std::int64_t(3), eventRow(w, 2)[event::Id],
                                                  eventRow(w, 2)[event::PushDigest]})));
    }, "id", 3);
    row("the beginning of the chain", [](LogWorld &w) {
        changeRow(w, sets::kDocuments, document::BaseChain, blobCell(std::string(32, 'x')));
    }, "document", 0);
}

// [G2, G3, G4] The finding asked for is there, and all the others speak of the same document; an untouched log has none.
void TestEventLogTools::damageIsFoundWhereItIs()
{
    QFETCH(Damage, damage);
    QFETCH(QByteArray, kind);
    QFETCH(int, seq);
    damage(*world);
    const auto report = verifyLogs(*world->view());
    QVERIFY(report);
    const bool found = std::any_of(report->findings.begin(), report->findings.end(), [&](const Finding &finding) {
        return findingKindName(finding.kind) == kind.toStdString() && finding.serverSeq == ServerSeq(seq);
    });
    QVERIFY2(found, textOf(*report).c_str());
    QVERIFY2(report->findings.size() <= 10, textOf(*report).c_str());
}

void TestEventLogTools::verificationKeepsOnlySoManyFindings()
{
    for (std::size_t i = 2; i < 6; ++i)
        editBody(*world, i, R"("value":)", R"("value":1)");
    const auto report = verifyLogs(*world->view(), {.keepFindings = 2});
    QVERIFY(report);
    QCOMPARE(report->findings.size(), std::size_t(2));
    QVERIFY(report->found > 2);
    const json::Value line = report->findings[0].toJson();
    QCOMPARE(line.at("documentId").as_string(), json::String(kGame.text()));
}

using Reader = std::function<Result<>(ReadView &)>;

namespace {

template<class T>
Result<> outcomeOf(const Result<T> &result)
{
    return result ? Result<>() : Result<>(failure(result.error()));
}

DocumentRow rowOf(ReadView &view)
{
    return EventStore(view).document(kGame).value().value();
}

const Reader kLoad = [](ReadView &view) { return outcomeOf(EventStore(view).load(kGame)); };
const Reader kStateAt7 = [](ReadView &view) { return outcomeOf(EventStore(view).stateAt(rowOf(view), ServerSeq(7))); };

Reader walk(const EventStore::Walk &walk)
{
    return [walk](ReadView &view) { return EventStore(view).eachEvent(1, walk, [](const LoggedPtr &) { return true; }); };
}

} // namespace

Q_DECLARE_METATYPE(Reader)

void TestEventLogTools::everyReaderOfTheLogNamesAnAlteredEvent_data()
{
    QTest::addColumn<Reader>("read");
    const auto row = [](const char *name, const Reader &read) { QTest::newRow(name) << read; };
    row("events", [](ReadView &view) { return outcomeOf(EventStore(view).events(1, {})); });
    row("events from it on", [](ReadView &view) { return outcomeOf(EventStore(view).events(1, {.after = ServerSeq(4)})); });
    row("their bytes", [](ReadView &view) { return outcomeOf(EventStore(view).entries(1, {.after = ServerSeq(3)})); });
    row("one after the other", walk({}));
    row("from the last one back", walk({.descending = true}));
    row("a few of them back", walk({.after = ServerSeq(3), .before = ServerSeq(6), .descending = true}));
    row("the event alone", [](ReadView &view) { return outcomeOf(EventStore(view).eventAt(1, ServerSeq(5))); });
    row("an old state", kStateAt7);
    row("the document", kLoad);
    row("what a clock lacks", [](ReadView &view) { return outcomeOf(missingEvents(view, kGame, {})); });
    row("what compaction takes away", [](ReadView &view) {
        return outcomeOf(EventStore(view).removal(rowOf(view), ServerSeq(7), Timestamp()));
    });
    row("the clock at an old position", [](ReadView &view) {
        return outcomeOf(EventStore(view).clockAt(1, ServerSeq(3), ServerSeq(10), {}));
    });
}

// [G4] One letter of an event is another, and everything else is in place.
void TestEventLogTools::everyReaderOfTheLogNamesAnAlteredEvent()
{
    QFETCH(Reader, read);
    QVERIFY(read(*world->view()));
    editBody(*world, 4, R"("value":5)", R"("value":6)");
    const auto damaged = read(*world->view());
    QVERIFY(!damaged);
    QCOMPARE(damaged.error().code, ErrorCode::Corrupt);
    QCOMPARE(damaged.error().message, std::string("event 5 of game-1 is not what was logged"));
    QVERIFY(EventStore(*world->view()).events(1, {.after = ServerSeq(5)})); // what follows can still be read
    QCOMPARE(EventStore(*world->view()).stateAt(rowOf(*world->view()), ServerSeq(9))->canonical(), std::string(R"({"n":9})"));
}

void TestEventLogTools::aRowThatIsNotWhatWasStoredIsCorrupt_data()
{
    QTest::addColumn<Damage>("damage");
    QTest::addColumn<Reader>("read");
    QTest::addColumn<QByteArray>("place");
    const auto row = [](const char *name, const Damage &damage, const Reader &read, const char *place) {
        QTest::newRow(name) << damage << read << QByteArray(place);
    };
    const auto change = [](const char *set, std::size_t column, const Cell &cell) {
        return Damage([set, column, cell](LogWorld &w) { changeRow(w, set, column, cell); });
    };
    const Damage state = change(sets::kDocuments, document::State, std::string(R"({"n":11})"));
    const Damage noJson = change(sets::kDocuments, document::State, std::string("{\"n\":\xff"));
    const Reader list = [](ReadView &view) { return outcomeOf(findDocuments(view, CollectionName("games"), {}, {})); };
    row("a state, loaded", state, kLoad, "the row of game-1");
    row("a state, listed", state, list, "the row of game-1");
    row("a state that is no JSON, loaded", noJson, kLoad, "the row of game-1");
    row("a state that is no JSON, listed", noJson, list, "the row of game-1");
    row("a state's chain value", change(sets::kDocuments, document::Chain, blobCell(std::string(32, 'x'))), kLoad, "the row of game-1");
    row("a snapshot", change(sets::kSnapshots, snapshot::State, std::string(R"({"n":3})")), kStateAt7, "the snapshot at 4 of game-1");
    row("a snapshot that is no JSON", change(sets::kSnapshots, snapshot::State, std::string("{\xff")), kStateAt7,
        "the snapshot at 4 of game-1");
    row("a snapshot's clock", change(sets::kSnapshots, snapshot::Clock, std::string(R"({"a":1})")), kStateAt7,
        "the snapshot at 4 of game-1");
    row("a clock", change(sets::kVectorClocks, eventlog::clock::ClientSeq, std::int64_t(4)), kLoad, "game-1: the clock of client ");
    row("whose clock it is", change(sets::kVectorClocks, eventlog::clock::ClientId, std::string("nobody")), kLoad,
        "game-1: the clock of client nobody");
    row("an inverse", Damage([](LogWorld &w) {
            Row other = eventRow(w, 4);
            other[event::Inverse] = eventRow(w, 3)[event::Inverse];
            replace(w, other);
        }), kLoad, "event 5 of game-1");
}

void TestEventLogTools::aRowThatIsNotWhatWasStoredIsCorrupt()
{
    QFETCH(Damage, damage);
    QFETCH(Reader, read);
    QFETCH(QByteArray, place);
    QVERIFY(read(*world->view()));
    damage(*world);
    const auto damaged = read(*world->view());
    QVERIFY(!damaged);
    QCOMPARE(damaged.error().code, ErrorCode::Corrupt);
    QVERIFY2(damaged.error().message.starts_with(place.toStdString()), damaged.error().message.c_str());
}

void TestEventLogTools::rowsOfAnEarlierVersionPassUntilTheyAreWrittenAgain_data()
{
    QTest::addColumn<int>("version");
    QTest::newRow("no checksum") << 1;
    QTest::newRow("none of clocks and state vectors") << 2;
}

void TestEventLogTools::rowsOfAnEarlierVersionPassUntilTheyAreWrittenAgain()
{
    QFETCH(int, version);
    Schema first = schema();
    first.version = version;
    for (RecordSet &set : first.sets) {
        if (version == 1 || set.name == sets::kVectorClocks || set.name == sets::kStateVectors)
            std::erase_if(set.columns, [](const Column &column) { return column.name == kChecksumColumn; });
        if (set.name == sets::kVectorClocks)
            set.indexes.clear();
    }
    const QTemporaryDir folder;
    const std::string path = folder.filePath(QStringLiteral("store")).toStdString();
    {
        Batch batch;
        for (const RecordSet &set : first.sets) {
            for (Row row : world->rows(set.name)) {
                row.resize(set.columns.size());
                batch.put(set.name, std::move(row));
            }
        }
        QVERIFY(commitAndWait(**SqliteBackend::open(path, first, {}), std::move(batch)));
    }
    {
        const auto reading = SqliteBackend::open(path, schema(), {.readOnly = true});
        QVERIFY2(reading, reading ? "" : reading.error().message.c_str());
        QVERIFY(kLoad(**(*reading)->view()));
        QVERIFY(verifyLogs(**(*reading)->view())->isIntact());
        QCOMPARE((**(*reading)->view()).get(sets::kDocuments, {kGame.text()})->value().size(), std::size_t(document::Checksum) + 1);
        QVERIFY(SqliteBackend::open(path, first, {.readOnly = true})); // and it is what it was
    }
    const auto backend = SqliteBackend::open(path, schema());
    QVERIFY2(backend, backend ? "" : backend.error().message.c_str());
    const auto stored = [&] { return (**(*backend)->view()).get(sets::kDocuments, {kGame.text()})->value(); };
    const auto clocksChecked = [&] {
        bool all = true;
        return (**(*backend)->view()).scan({.set = sets::kVectorClocks}, [&](const Row &row) {
            all = all && !isNull(row, eventlog::clock::Checksum);
            return true;
        }) && all;
    };
    QVERIFY(kLoad(**(*backend)->view()));
    QCOMPARE(isNull(stored(), document::Checksum), version == 1);
    QVERIFY(!clocksChecked());
    Row other = stored();
    other[document::Checksum] = Cell();
    other[document::State] = std::string(R"({"n":12})");
    QVERIFY(commitAndWait(**backend, Batch().put(sets::kDocuments, other)));
    QVERIFY(kLoad(**(*backend)->view())); // nothing tells that it was another
    QVERIFY(rebuildLogs(**backend, world->clock, {.snapshotEvery = 4}));
    QVERIFY(!isNull(stored(), document::Checksum));
    QVERIFY(clocksChecked());
    QVERIFY(verifyLogs(**(*backend)->view())->isIntact());
}

namespace {

StateVector cursorOf(const char *client, std::int64_t at, std::size_t authors = 1)
{
    StateVector cursor{.clientId = ClientId(client), .documentId = kGame, .serverSeq = ServerSeq(1), .vectorClock = {}, .lastUpdated = Timestamp(at)};
    for (std::size_t i = 0; i < authors; ++i)
        cursor.vectorClock.set(ClientId("author-" + std::to_string(i)), ClientSeq(1));
    return cursor;
}

} // namespace

void TestEventLogTools::rebuildDropsADamagedStateVectorAndKeepsTheOthers()
{
    StateVector vector = cursorOf("reader", 5, 0);
    Row sound = toRow(vector, 1), damaged = toRow(vector, 1);
    damaged[statevector::ClientId] = std::string("another");
    world->close();
    QVERIFY(world->change(Batch().put(sets::kStateVectors, sound).put(sets::kStateVectors, damaged)));
    const auto load = kLoad(*world->view());
    QVERIFY(!load);
    QCOMPARE(load.error().code, ErrorCode::Corrupt);
    QCOMPARE(load.error().message, std::string("game-1: the state vector of client another is not what was stored"));
    QVERIFY(!verifyLogs(*world->view())->isIntact());
    QVERIFY(rebuildLogs(*world->backend, world->clock, {.snapshotEvery = 4}));
    QVERIFY(kLoad(*world->view()));
    QVERIFY(verifyLogs(*world->view())->isIntact());
    QCOMPARE(world->rows(sets::kStateVectors), std::vector<Row>{sound});
}

// The sum is kept beside the cursors, whatever happens to them.
void TestEventLogTools::cursorsKnowTheSumOfTheirClocks()
{
    DocumentCursors cursors;
    const auto sum = [&] {
        std::size_t entries = 0;
        for (const auto &[client, cursor] : cursors.all())
            entries += 1 + cursor.vectorClock.entries().size();
        return entries;
    };
    cursors.load({cursorOf("a", 1, 3), cursorOf("b", 2, 5)});
    QCOMPARE(cursors.clockEntries(), std::size_t(10));
    cursors.load({cursorOf("a", 7, 9)}); // what is here is newer
    QCOMPARE(cursors.clockEntries(), std::size_t(10));
    cursors.move(cursorOf("a", 3, 7));
    cursors.move(cursorOf("c", 4, 1));
    QCOMPARE(cursors.clockEntries(), sum());
    cursors.forget(ClientId("b"));
    cursors.forget(ClientId("b"));
    QCOMPARE(cursors.clockEntries(), sum());
    cursors.move(cursorOf("large", 2, limits::kCursorClockEntries - 9)); // as old as any: it is the one that moved
    QCOMPARE(cursors.clockEntries(), sum());
    QVERIFY(cursors.clockEntries() <= limits::kCursorClockEntries);
    QVERIFY(!cursors.all().contains(ClientId("a")) && cursors.all().contains(ClientId("c")) && cursors.all().contains(ClientId("large")));
}

// From whichever side it is read: back from the head, or on from a snapshot.
void TestEventLogTools::theClockOfAnOldPositionIsThatOfTheLog()
{
    const auto clockAt = [&](std::int64_t seq, std::int64_t far) {
        return EventStore(*world->view()).clockAt(1, ServerSeq(seq), ServerSeq(10), EventStore(*world->view()).clock(1).value(), far).value();
    };
    for (std::int64_t seq = 0; seq <= 10; ++seq) {
        VectorClock expected;
        const auto events = EventStore(*world->view()).entries(1, {.until = ServerSeq(seq)}).value();
        for (const LogEntryPtr &event : events)
            expected.set(event->clientId, event->clientSeq);
        QCOMPARE(clockAt(seq, 1'000), expected);
        QCOMPARE(clockAt(seq, 1), expected);
    }
    // A damaged snapshot takes nothing away: the log has the same clocks.
    const VectorClock before = clockAt(6, 1);
    changeRow(*world, sets::kSnapshots, snapshot::Clock, std::string(R"({"a":1})"));
    QCOMPARE(clockAt(6, 1), before);
    const LogWorld::Kind kind = world->kind;
    world.reset();
    world = std::make_unique<LogWorld>(kind, 4);
    world->write(kGame, 10);
    // A long log is not read as far as its head: an event that is damaged there is not met.
    editBody(*world, 8, R"("value":9)", R"("value":8)");
    QVERIFY(!EventStore(*world->view()).clockAt(1, ServerSeq(6), ServerSeq(10), {}));
    QVERIFY(EventStore(*world->view()).clockAt(1, ServerSeq(6), ServerSeq(10), {}, 1));
}

void TestEventLogTools::anEngineKeepsInMemoryWhatItsAccountAllows()
{
    constexpr std::size_t kHeld = 1'600'000; // of an array of 100,000 numbers
    world->close();
    const auto account = std::make_shared<MemoryAccount>(4 * kHeld);
    DocumentEngine engine(*world->backend, world->executor, world->clock, world->random, {.memory = account});
    for (int i = 0; i < 10; ++i) {
        const DocumentId id("large-" + std::to_string(i));
        bool written = false;
        engine.write({.documentId = id, .collection = world->collection, .clientId = ClientId("server"),
                      .edit = [](json::State &state) -> Result<> {
                          state = json::Value(json::Object{{"n", json::Array(100'000, json::Value(0))}});
                          return {};
                      }},
                     [&](const Result<WrittenDocument> &result) { written = result.has_value(); });
        bool settled = false;
        engine.settle([&] { settled = true; });
        QVERIFY(world->executor.runUntil([&] { return settled; }));
        QVERIFY(written);
        bool read = false; // the document's row is written: it is measured again
        engine.read(id, [&](const Result<DocumentRecord> &record) { read = record.has_value(); });
        QVERIFY(world->executor.runUntil([&] { return read; }));
    }
    QVERIFY2(account->bytes() > kHeld && account->bytes() <= account->total(), std::to_string(account->bytes()).c_str());
}

void TestEventLogTools::rebuildRestoresWhatIsDerived_data()
{
    QTest::addColumn<Damage>("damage");
    QTest::newRow("vector clocks are gone") << Damage([](LogWorld &w) { QVERIFY(w.change(Batch().erase(sets::kVectorClocks, {std::int64_t(1)}))); });
    QTest::newRow("snapshots are gone") << Damage([](LogWorld &w) { QVERIFY(w.change(Batch().erase(sets::kSnapshots, {std::int64_t(1)}))); });
    QTest::newRow("the document's row is gone") << Damage([](LogWorld &w) {
        QVERIFY(w.change(Batch().erase(sets::kDocuments, {kGame.text()})));
    });
    QTest::newRow("all are gone") << Damage([](LogWorld &w) {
        QVERIFY(w.change(Batch().erase(sets::kDocuments, {kGame.text()}).erase(sets::kSnapshots, {std::int64_t(1)})
                             .erase(sets::kVectorClocks, {std::int64_t(1)}).erase(sets::kMeta, {std::string(meta::kDerived)})));
    });
    QTest::newRow("the state is wrong") << Damage([](LogWorld &w) { changeRow(w, sets::kDocuments, document::State, std::string("[]")); });
    QTest::newRow("a snapshot is wrong") << Damage([](LogWorld &w) { changeRow(w, sets::kSnapshots, snapshot::State, std::string("[]")); });
    QTest::newRow("the state is no JSON") << Damage([](LogWorld &w) { changeRow(w, sets::kDocuments, document::State, std::string("{\xff")); });
    QTest::newRow("the row's chain value is wrong") << Damage([](LogWorld &w) {
        changeRow(w, sets::kDocuments, document::Chain, blobCell(std::string(32, 'x')));
    });
    QTest::newRow("a clock of nobody") << Damage([](LogWorld &w) {
        QVERIFY(w.change(Batch().put(sets::kVectorClocks, {std::int64_t(1), std::string("c"), std::int64_t(1), Cell()})));
    });
}

// [G4]
void TestEventLogTools::rebuildRestoresWhatIsDerived()
{
    QFETCH(Damage, damage);
    const auto documents = world->rows(sets::kDocuments);
    const auto clocks = world->rows(sets::kVectorClocks);
    world->close();
    damage(*world);
    QVERIFY(!verifyLogs(*world->view())->isIntact() || world->rows(sets::kSnapshots).empty());
    const auto rebuilt = rebuildLogs(*world->backend, world->clock, {.snapshotEvery = 4});
    QVERIFY(rebuilt);
    QCOMPARE(rebuilt->findings.size(), std::size_t(0));
    QCOMPARE(rebuilt->documents, std::int64_t(1));
    QCOMPARE(rebuilt->events, std::int64_t(10));
    QCOMPARE(world->rows(sets::kDocuments), documents);
    QCOMPARE(world->rows(sets::kVectorClocks), clocks);
    QCOMPARE(world->rows(sets::kSnapshots).size(), std::size_t(2));
    const auto report = verifyLogs(*world->view());
    QVERIFY2(report->isIntact(), textOf(*report).c_str());
    world->open();
    QCOMPARE(world->wait(world->documents->getDocument(kGame))->value.at("n").as_int64(), std::int64_t(10));
}

void TestEventLogTools::rebuildLeavesADamagedLogAlone()
{
    world->write(kOther, 2);
    world->close();
    editBody(*world, 4, R"("value":5)", R"("value":6)");
    QVERIFY(world->change(Batch().erase(sets::kVectorClocks, {std::int64_t(1)}).erase(sets::kVectorClocks, {std::int64_t(2)})));
    const auto documents = world->rows(sets::kDocuments);
    const auto rebuilt = rebuildLogs(*world->backend, world->clock);
    QVERIFY(rebuilt);
    QCOMPARE(rebuilt->documents, std::int64_t(1)); // the other one
    QVERIFY(!rebuilt->findings.empty());
    QCOMPARE(rebuilt->findings[0].documentId, kGame);
    QCOMPARE(rebuilt->findings[0].serverSeq, ServerSeq(5));
    QCOMPARE(world->rows(sets::kDocuments), documents);
    for (const Row &row : world->rows(sets::kVectorClocks))
        QCOMPARE(row[eventlog::clock::Document], Cell(std::int64_t(2)));
}

// [G13] What no event tells any more is not lost by rebuilding.
void TestEventLogTools::rebuildOfACompactedLogKeepsItsBeginning()
{
    world->close();
    QVERIFY(compactLogs(*world->backend, world->clock, {.keep = 3}));
    const auto before = world->rows(sets::kDocuments);
    QVERIFY(world->change(Batch().erase(sets::kVectorClocks, {std::int64_t(1)})));
    QVERIFY(!verifyLogs(*world->view())->isIntact());
    for (int i = 0; i < 2; ++i) {
        const auto rebuilt = rebuildLogs(*world->backend, world->clock, {.snapshotEvery = 0});
        QVERIFY(rebuilt);
        QCOMPARE(rebuilt->findings.size(), std::size_t(0));
        const auto report = verifyLogs(*world->view());
        QVERIFY2(report->isIntact(), textOf(*report).c_str());
        QCOMPARE(report->snapshots, std::int64_t(1));
    }
    const auto after = world->rows(sets::kDocuments);
    QCOMPARE(after[0][document::State], before[0][document::State]);
    QCOMPARE(after[0][document::Horizon], Cell(std::int64_t(8)));
    QVERIFY(world->change(Batch().erase(sets::kDocuments, {kGame.text()})));
    const auto lost = rebuildLogs(*world->backend, world->clock);
    QVERIFY(lost);
    QCOMPARE(lost->findings.size(), std::size_t(1));
}

// [G3, G13]
void TestEventLogTools::compactionRemovesSnapshotsThatNothingLeadsOnFrom()
{
    QCOMPARE(world->rows(sets::kSnapshots).size(), std::size_t(2)); // at 4 and 8
    world->close();
    QVERIFY(compactLogs(*world->backend, world->clock, {.document = kGame, .keep = 2}));
    const std::vector<Row> left = world->rows(sets::kSnapshots);
    QCOMPARE(left.size(), std::size_t(2));
    QCOMPARE(left[0][snapshot::Seq], Cell(std::int64_t(8))); // horizon - 1
    QCOMPARE(left[1][snapshot::Seq], Cell(std::int64_t(10)));
}

void TestEventLogTools::logsAreKeptShortWhileTheyAreWritten_data()
{
    QTest::addColumn<bool>("crdt");
    QTest::newRow("json") << false;
    QTest::newRow("crdt") << true;
}

void TestEventLogTools::logsAreKeptShortWhileTheyAreWritten()
{
    QFETCH(bool, crdt);
    if (crdt)
        useCrdt();
    world->close();
    world->maintenance[world->collection] = {.keep = 5, .every = std::chrono::minutes(1)};
    world->open();
    const auto isShort = [&] { return world->rows(sets::kEvents).size() <= 6; }; // what it keeps, and an edit made meanwhile
    QVERIFY(world->set(kGame, "a", 11)); // the first look
    QVERIFY(world->executor.runUntil(isShort));
    for (int n = 12; n < 20; ++n)
        QVERIFY(world->set(kGame, "b", n)); // nothing waits for it, and numbers go on
    world->settle();
    QVERIFY(!isShort());
    world->clock.advance(std::chrono::minutes(1));
    QVERIFY(world->set(kGame, "a", 20));
    QVERIFY(world->executor.runUntil(isShort));
    world->settle();
    const auto loaded = EventStore(*world->view()).load(kGame);
    QCOMPARE((*loaded)->head.serverSeq, ServerSeq(20));
    const auto verified = verifyLogs(*world->view());
    QVERIFY2(verified->isIntact(), textOf(*verified).c_str());
}

void TestEventLogTools::compactionKeepsStateHeadClockAndIds()
{
    std::vector<EventId> ids;
    for (const Row &row : world->rows(sets::kEvents))
        ids.push_back(*Uuid::fromBytes(std::get<Blob>(row[event::Id]).bytes));
    const auto before = EventStore(*world->view()).load(kGame);
    world->close();
    const auto report = compactLogs(*world->backend, world->clock, {.document = kGame, .keep = 2});
    QVERIFY(report);
    QCOMPARE(report->events, std::int64_t(8));
    QCOMPARE(report->documents, std::int64_t(1));
    QCOMPARE(world->rows(sets::kEvents).size(), std::size_t(2));
    const auto view = world->view();
    EventStore store(*view);
    const auto after = store.load(kGame);
    QVERIFY(after && *after);
    QCOMPARE((*after)->head, (*before)->head);
    QCOMPARE((*after)->state.canonical(), (*before)->state.canonical());
    QVERIFY((*after)->clock == (*before)->clock);
    QCOMPARE((*after)->row.horizon, ServerSeq(9));
    const auto known = store.known(ids);
    QVERIFY(known);
    for (std::size_t i = 0; i < ids.size(); ++i)
        QCOMPARE(known->at(ids[i]).serverSeq, ServerSeq(static_cast<std::int64_t>(i) + 1));
    const auto verified = verifyLogs(*view);
    QVERIFY2(verified->isIntact(), textOf(*verified).c_str());

    world->open();
    QCOMPARE(world->wait(world->documents->getMissingEvents(kGame, {})).error().code, ErrorCode::Compacted);
    const auto missing = world->wait(world->documents->getMissingEvents(kGame, VectorClock({{ClientId("a"), ClientSeq(4)}, {ClientId("b"), ClientSeq(4)}})));
    QVERIFY(missing);
    QCOMPARE(missing->events.size(), std::size_t(2));
    QCOMPARE(world->wait(world->documents->stateAt(kGame, ServerSeq(3))).error().code, ErrorCode::Compacted);
    QCOMPARE((**world->wait(world->documents->stateAt(kGame, ServerSeq(8)))).at("n").as_int64(), std::int64_t(8));
    QVERIFY(world->set(kGame, "a", 11));
    world->settle();
    QVERIFY(verifyLogs(*world->view())->isIntact());
}

void TestEventLogTools::compactionFollowsItsRule_data()
{
    QTest::addColumn<int>("keep");
    QTest::addColumn<int>("beforeEvent"); // events stored before this one's moment
    QTest::addColumn<int>("horizon");
    QTest::newRow("the last three") << 3 << 0 << 8;
    QTest::newRow("at least one stays") << 0 << 0 << 10;
    QTest::newRow("more than there are") << 50 << 0 << 1;
    QTest::newRow("before a moment") << -1 << 6 << 6;
    QTest::newRow("before the first") << -1 << 1 << 1;
    QTest::newRow("before everything: the last stays") << -1 << 99 << 10;
    QTest::newRow("both rules: what either keeps stays") << 7 << 6 << 4;
}

void TestEventLogTools::compactionFollowsItsRule()
{
    QFETCH(int, keep);
    QFETCH(int, beforeEvent);
    QFETCH(int, horizon);
    CompactOptions options;
    if (keep >= 0)
        options.keep = keep;
    if (beforeEvent > 0)
        options.before = Timestamp(test::FakeClock::kStart + (beforeEvent - 1) * 10);
    world->close();
    QVERIFY(compactLogs(*world->backend, world->clock, options));
    const auto row = EventStore(*world->view()).document(kGame);
    QCOMPARE((*row)->horizon, ServerSeq(horizon));
    QVERIFY(verifyLogs(*world->view())->isIntact());
    QCOMPARE(compactLogs(*world->backend, world->clock, {}).error().code, ErrorCode::InvalidValue);
}

void TestEventLogTools::archiveSeesWhatIsRemovedAndCanRefuse()
{
    world->close();
    std::vector<std::int64_t> archived;
    CompactOptions options{.keep = 4};
    options.archive = [&](const DocumentRow &row, const LoggedEvent &event) -> Result<> {
        if (row.documentId != kGame || event.serverSeq == ServerSeq(3))
            return failure(ErrorCode::IoError, "the archive is full");
        archived.push_back(event.serverSeq.value());
        return {};
    };
    QCOMPARE(compactLogs(*world->backend, world->clock, options).error().code, ErrorCode::IoError);
    QCOMPARE(world->rows(sets::kEvents).size(), std::size_t(10));
    archived.clear();
    options.archive = [&](const DocumentRow &, const LoggedEvent &event) -> Result<> {
        archived.push_back(event.serverSeq.value());
        return {};
    };
    QVERIFY(compactLogs(*world->backend, world->clock, options));
    QCOMPARE(archived, (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}));
}

// Of the row itself, which the plan reads, and of the log, which the step reads.
void TestEventLogTools::aDamagedDocumentHoldsUpNoCompaction_data()
{
    QTest::addColumn<bool>("damagesLog");
    QTest::newRow("its row") << false;
    QTest::newRow("its log") << true;
}

void TestEventLogTools::aDamagedDocumentHoldsUpNoCompaction()
{
    QFETCH(bool, damagesLog);
    world->write(kOther, 10);
    world->close();
    if (damagesLog) {
        Row row = eventRow(*world, 4);
        row[event::Inverse] = eventRow(*world, 3)[event::Inverse];
        replace(*world, row);
    } else {
        changeRow(*world, sets::kDocuments, document::Chain, blobCell(std::string(32, 'x')));
    }
    const auto report = compactLogs(*world->backend, world->clock, {.keep = 2});
    QVERIFY(report);
    QCOMPARE(report->documents, std::int64_t(1));
    QCOMPARE(report->unreadable.size(), std::size_t(1));
    QCOMPARE(report->unreadable[0].documentId, kGame);
    QCOMPARE(report->unreadable[0].error.code, ErrorCode::Corrupt);
    QCOMPARE((*EventStore(*world->view()).document(kOther, false))->horizon, ServerSeq(9));
    QCOMPARE(compactLogs(*world->backend, world->clock, {.document = kGame, .keep = 2}).error().code, ErrorCode::Corrupt);
}

void TestEventLogTools::clientsNotSeenAreForgotten()
{
    const auto add = [&](const char *id, const char *kind, std::int64_t seen) {
        Row row(client::Expired + 1);
        row[client::Id] = std::string(id);
        row[client::Kind] = std::string(kind);
        row[client::Principal] = std::string();
        row[client::CreatedAt] = row[client::Expired] = std::int64_t(0);
        row[client::LastSeen] = seen;
        QVERIFY(world->change(Batch().put(sets::kClients, row).put(sets::kStateVectors, {std::int64_t(1), std::string(id), std::int64_t(1),
                                                                                        std::string("{}"), std::int64_t(0), Cell()})));
    };
    add("old", "replica", 5);
    add("new", "replica", 50);
    add("author", "author", 5);
    QCOMPARE(expireClients(*world->backend, Timestamp(10)).value_or(-1), std::int64_t(1));
    QCOMPARE(expireClients(*world->backend, Timestamp(10)).value_or(-1), std::int64_t(0));
    std::vector<std::string> vectors;
    for (const Row &row : world->rows(sets::kStateVectors))
        vectors.push_back(std::get<std::string>(row[statevector::ClientId]));
    QCOMPARE(vectors, (std::vector<std::string>{"author", "new"}));
    const auto row = world->view()->get(sets::kClients, {std::string("old")});
    QCOMPARE((**row)[client::Expired], Cell(std::int64_t(1)));
}

// [G4, G7]
void TestEventLogTools::crdtDocumentsAreEventSourcedLikeOthers()
{
    useCrdt();
    const ClientId client("a");
    const Row row = world->rows(sets::kDocuments).front();
    QCOMPARE(row[document::Kind], Cell(std::string("crdt")));
    for (std::int64_t seq = 1; seq <= 10; ++seq)
        QCOMPARE((**world->wait(world->documents->stateAt(kGame, ServerSeq(seq)))).at("n").as_int64(), seq);
    const auto same = world->set(kGame, "a", 10);
    QVERIFY(same && !same->diff.hasChanges());
    const auto restored = world->wait(world->documents->restoreDocument(kGame, ServerSeq(3), client));
    QVERIFY(restored && restored->diff.isCrdt());
    QCOMPARE(restored->document.value.at("n").as_int64(), std::int64_t(3));
    QVERIFY(world->wait(world->documents->deleteDocument(kGame, client)));
    QVERIFY(world->wait(world->documents->createDocument(kGame, json::Object{{"n", 20}, {"text", "다시"}}, client)));
    const auto edited = world->wait(world->documents->storage().updateOne(
        kGame, *json::Patch::fromJson(json::Array{json::Object{{"op", "add"}, {"path", "/list"}, {"value", json::Array{1}}}}), {}));
    QVERIFY(edited && edited->diff.isCrdt());
    world->settle();
    world->close();
    world->reopenStore();
    QCOMPARE(json::canonical(world->wait(world->documents->getDocument(kGame))->value), std::string(R"({"list":[1],"n":20,"text":"다시"})"));
    const auto report = verifyLogs(*world->view());
    QVERIFY2(report->isIntact(), textOf(*report).c_str());
    QCOMPARE(report->events, std::int64_t(14));
}

// [G4]
void TestEventLogTools::crdtDocumentsAreRebuiltFromTheirLog()
{
    useCrdt();
    QVERIFY(world->wait(world->documents->deleteDocument(kGame, ClientId("b"))));
    world->write(kOther, 9);
    world->close();
    const auto documents = world->rows(sets::kDocuments);
    QVERIFY(world->change(Batch().erase(sets::kDocuments, {kGame.text()}).erase(sets::kDocuments, {kOther.text()})
                              .erase(sets::kSnapshots, {std::int64_t(1)}).erase(sets::kSnapshots, {std::int64_t(2)})));
    const auto rebuilt = rebuildLogs(*world->backend, world->clock, {.snapshotEvery = 4});
    QVERIFY(rebuilt);
    QCOMPARE(rebuilt->findings.size(), std::size_t(0));
    QCOMPARE(rebuilt->documents, std::int64_t(2));
    const auto report = verifyLogs(*world->view());
    QVERIFY2(report->isIntact(), textOf(*report).c_str());
    const auto again = world->rows(sets::kDocuments);
    for (std::size_t i = 0; i < documents.size(); ++i) {
        QCOMPARE(again[i][document::Kind], Cell(std::string("crdt")));
        QCOMPARE(again[i][document::State], documents[i][document::State]);
    }
    world->open();
    QVERIFY(world->set(kOther, "c", 100));
}

// [G13]
void TestEventLogTools::compactedCrdtDocumentsKeepTheirBeginning()
{
    useCrdt();
    world->close();
    const auto before = EventStore(*world->view()).load(kGame);
    for (const std::int64_t keep : {6, 3, 1}) {
        QVERIFY(compactLogs(*world->backend, world->clock, {.keep = keep}));
        const auto report = verifyLogs(*world->view());
        QVERIFY2(report->isIntact(), textOf(*report).c_str());
        const auto view = world->view();
        EventStore store(*view);
        const auto after = store.load(kGame);
        QVERIFY(after && *after);
        QCOMPARE((*after)->row.horizon, ServerSeq(11 - keep));
        QVERIFY((*after)->state.isSameDocument((*before)->state));
        for (std::int64_t seq = 10 - keep; seq <= 10; ++seq)
            QCOMPARE(store.stateAt((*after)->row, ServerSeq(seq))->view().at("n").as_int64(), seq);
    }
    QVERIFY(world->change(Batch().erase(sets::kVectorClocks, {std::int64_t(1)})));
    const auto rebuilt = rebuildLogs(*world->backend, world->clock);
    QVERIFY(rebuilt && rebuilt->findings.empty());
    QVERIFY(verifyLogs(*world->view())->isIntact());
    world->open();
    QVERIFY(world->set(kGame, "a", 11));
    world->settle();
    QVERIFY(verifyLogs(*world->view())->isIntact());
    world->close();
    QVERIFY(world->change(Batch().erase(sets::kSnapshots, {std::int64_t(1)})));
    QCOMPARE(verifyLogs(*world->view())->findings.front().kind, FindingKind::Horizon);
}

void TestEventLogTools::aWrongSnapshotOfACrdtDocumentIsFound()
{
    useCrdt();
    world->close();
    const auto snapshots = world->rows(sets::kSnapshots);
    QCOMPARE(snapshots.size(), std::size_t(2));
    for (const Cell &wrong : {snapshots[1][snapshot::State], Cell(std::string("RVMB")), Cell(std::string("{}")), Cell()}) {
        changeRow(*world, sets::kSnapshots, snapshot::State, wrong);
        const auto report = verifyLogs(*world->view());
        QCOMPARE(report->findings.size(), std::size_t(1));
        QCOMPARE(report->findings.front().kind, FindingKind::Snapshot);
    }
    QVERIFY(world->change(Batch().put(sets::kSnapshots, snapshots[0])));
    QVERIFY(verifyLogs(*world->view())->isIntact());
}

QTEST_GUILESS_MAIN(TestEventLogTools)
#include "tst_eventlog_tools.moc"
