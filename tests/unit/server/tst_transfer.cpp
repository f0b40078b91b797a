// SPDX-License-Identifier: Apache-2.0
// Export and import: what comes back is what went out, and nothing damaged gets in.
#include <support/largelog.h>

#include <eventsync/crdt/api.h>
#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/memorybackend.h>
#include <eventsync/storage/steppedview.h>

#include <server/control/operations.h>
#include <server/enginethread.h>
#include <server/store.h>
#include <server/transfer/exporter.h>
#include <server/transfer/importer.h>

#include <QEventLoop>
#include <QTest>

Q_DECLARE_METATYPE(std::function<void(std::vector<std::string> &)>)

namespace eventsync::server {

namespace {

using Lines = std::vector<std::string>;

std::unique_ptr<storage::Backend> emptyStore()
{
    return std::make_unique<storage::MemoryBackend>(sync::SyncService::schema());
}

// An engine on its own store, driven from the test's thread.
struct Engine
{
    Engine() : engine(emptyStore(), random, options()) {}

    static sync::ServiceOptions options()
    {
        sync::ServiceOptions options;
        options.policies.set(CollectionName("games"), CollectionPolicy::games());
        return options;
    }
    template<class T>
    T wait(std::function<void(sync::SyncService &, std::function<void(T)>)> question)
    {
        QEventLoop loop;
        std::optional<T> answer;
        engine.ask<T>(std::move(question), [&](T value) {
            answer = std::move(value);
            loop.quit();
        });
        if (!answer)
            loop.exec();
        return std::move(*answer);
    }
    void put(const char *id, const char *state, DocumentKind kind = DocumentKind::Json)
    {
        using Written = Result<sync::SyncService::Written>;
        const auto written = wait<Written>([&](sync::SyncService &service, auto done) {
            service.write({.documentId = DocumentId(id), .collection = CollectionName("games"), .clientId = ClientId("rest:server"),
                           .edit = [value = json::parse(state).value()](json::State &s) -> Result<> {
                               s = value;
                               return {};
                           },
                           .kind = kind},
                          done);
        });
        QVERIFY2(written, written ? "" : written.error().toString().c_str());
    }
    Result<json::Object> operate(const json::Object &request)
    {
        QEventLoop loop;
        std::optional<Result<json::Object>> answer;
        runOperation(engine, request, {.progress = [](const json::Object &) {}, .done = [&](Result<json::Object> result) {
                                           answer = std::move(result);
                                           loop.quit();
                                       }});
        if (!answer)
            loop.exec();
        return std::move(*answer);
    }

    SystemRandom random;
    EngineThread engine;
};

Lines exported(storage::Backend &backend, std::vector<eventlog::Finding> *leftOut = nullptr)
{
    Lines lines;
    const auto view = backend.view();
    const auto report = exportStore(
        **view, {.createdAt = Timestamp(0), .epoch = "e"},
        [&](const std::string &some) -> Result<> {
            for (std::size_t at = 0; at < some.size();) {
                const std::size_t end = some.find('\n', at);
                lines.push_back(some.substr(at, end - at));
                at = end + 1;
            }
            return {};
        },
        [](const ExportEnd &) {});
    if (!report)
        qFatal("%s", report.error().toString().c_str());
    if (leftOut)
        *leftOut = report->findings;
    else if (report->leftOut > 0)
        qFatal("%s", report->findings.front().toText().c_str());
    return lines;
}

Result<ExportEnd> imported(storage::Backend &backend, const Lines &lines)
{
    Importer importer(backend, [&](storage::Batch batch) { return commitAndWait(backend, std::move(batch)); });
    for (const std::string &line : lines)
        EVENTSYNC_CHECK(importer.takeLine(line));
    return importer.finish();
}

// Three documents of kind json and two of kind crdt, one of each compacted.
Lines sample()
{
    Engine engine;
    for (int i = 1; i <= 5; ++i)
        engine.put("hero", (R"({"name": "Zoe", "gold": )" + std::to_string(i) + "}").c_str());
    engine.put("other", R"({"a": [1, 2, {"b": null}], "c": "\u00e9"})");
    engine.put("old", R"({"n": 0})");
    engine.put("old", R"({"n": 1})");
    engine.put("old", R"({"n": 2})");
    for (const char *id : {"note", "oldnote"}) {
        engine.put(id, R"({"text": "hello"})", DocumentKind::Crdt);
        engine.put(id, R"({"text": "hello world"})");
        engine.put(id, R"({"list": [1], "text": "world"})");
    }
    for (const char *id : {"old", "oldnote"}) {
        const auto compacted = engine.operate({{"command", "compact"}, {"keep", 1}, {"documentId", id}});
        if (!compacted)
            qFatal("%s", compacted.error().toString().c_str());
    }
    return exported(engine.engine.backend());
}

void replace(std::string &text, const std::string &what, const std::string &with)
{
    const auto at = text.find(what);
    if (at == std::string::npos)
        qFatal("the sample has no %s", what.c_str());
    text.replace(at, what.size(), with);
}

} // namespace

class TransferTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { m_lines = sample(); }

    void importedStoreExportsTheSameLines();
    void importedDocumentsFoldToTheSameState();
    void anExportIsOfOneMomentHoweverSlowlyItIsTaken();
    void aLogCompactedDuringAnExportCanBeImported();
    void importingTwiceChangesNothing();
    void interruptedImportIsContinued();
    void serverGoesOnWhereTheImportEnded();
    void otherHistoryIsRefused();
    void gapBehindTheOwnLogIsRefused();
    void damagedExportIsRefused_data();
    void damagedExportIsRefused();
    void damagedDocumentIsLeftOutOfAnExport_data();
    void damagedDocumentIsLeftOutOfAnExport();
    void eventsThatAreTooLargeTravel();
    void compactDryRunOnlyTells();
    void compactByTimeKeepsTheYounger();
    void badOperationIsNamed_data();
    void badOperationIsNamed();

private:
    Lines m_lines;
};

void TransferTest::importedStoreExportsTheSameLines()
{
    const auto store = emptyStore();
    const auto end = imported(*store, m_lines);
    QVERIFY2(end, end ? "" : end.error().toString().c_str());
    QCOMPARE(end->documents, std::int64_t(5));
    QCOMPARE(end->events, std::int64_t(11));
    QCOMPARE(exported(*store), m_lines);
}

void TransferTest::importedDocumentsFoldToTheSameState()
{
    const auto store = emptyStore();
    QVERIFY(imported(*store, m_lines));
    const auto view = store->view();
    eventlog::EventStore events(**view);
    const auto hero = events.document(DocumentId("hero"));
    QCOMPARE(events.stateAt(**hero, ServerSeq(2))->canonical(), std::string("{\"gold\":2,\"name\":\"Zoe\"}"));
    QCOMPARE(events.load(DocumentId("old")).value()->state.canonical(), std::string("{\"n\":2}"));
    QCOMPARE(events.document(DocumentId("old")).value()->horizon, ServerSeq(3));
    QCOMPARE(events.stateAt(*events.document(DocumentId("note")).value(), ServerSeq(2))->canonical(), std::string(R"({"text":"hello world"})"));
    const auto note = events.load(DocumentId("oldnote"));
    QCOMPARE(note.value()->row.kind, DocumentKind::Crdt);
    QCOMPARE(note.value()->state.canonical(), std::string(R"({"list":[1],"text":"world"})"));
    QVERIFY(note.value()->state.edit(70'000, [](crdt::Api &api) -> Result<> {
        EVENTSYNC_TRY(crdt::StrApi text, api.str("/text"));
        return text.ins(5, std::string_view("!"));
    }));
}

namespace {

// Documents whose lines are written in several parts.
void putLargeDocuments(Engine &engine)
{
    for (const char *id : {"a", "b", "c"}) {
        for (int i = 0; i < 4; ++i)
            engine.put(id, (R"({"n": )" + std::to_string(i) + R"(, "text": ")" + std::string(100'000, static_cast<char>('k' + i)) + "\"}").c_str());
    }
}

// `meanwhile` runs when the first part is taken.
Lines exportedSlowly(Engine &engine, const std::function<void()> &meanwhile)
{
    const SystemClock clock;
    storage::SteppedView view(engine.engine.backend(), clock);
    std::string text;
    bool isFirst = true;
    const auto report = exportStore(
        view, {.createdAt = Timestamp(0), .epoch = "e"},
        [&](const std::string &lines) -> Result<> {
            view.release();
            text += lines;
            if (std::exchange(isFirst, false))
                meanwhile();
            return {};
        },
        [](const ExportEnd &) {});
    if (!report)
        qFatal("%s", report.error().toString().c_str());
    Lines lines;
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
        lines.push_back(text.substr(at, text.find('\n', at) - at));
    return lines;
}

} // namespace

void TransferTest::anExportIsOfOneMomentHoweverSlowlyItIsTaken()
{
    Engine engine;
    putLargeDocuments(engine);
    const Lines before = exported(engine.engine.backend());
    const Lines lines = exportedSlowly(engine, [&] {
        engine.put("a", R"({"n": 9})");
        engine.put("c", R"({"n": 9})");
        engine.put("d", R"({"n": 9})");
    });
    QCOMPARE(lines, before);
}

void TransferTest::aLogCompactedDuringAnExportCanBeImported()
{
    Engine engine;
    putLargeDocuments(engine);
    const Lines lines = exportedSlowly(engine, [&] {
        engine.put("c", R"({"n": 9})");
        QVERIFY(engine.operate({{"command", "compact"}, {"keep", 2}, {"documentId", "c"}}));
    });
    const auto store = emptyStore();
    const auto end = imported(*store, lines);
    QVERIFY2(end, end ? "" : end.error().toString().c_str());
    const auto view = store->view();
    eventlog::EventStore events(**view);
    const auto row = events.document(DocumentId("c"));
    QCOMPARE((*row)->horizon, ServerSeq(4));
    QCOMPARE(events.load(DocumentId("c")).value()->head.serverSeq, ServerSeq(4)); // as it was when the export began
}

void TransferTest::importingTwiceChangesNothing()
{
    const auto store = emptyStore();
    QVERIFY(imported(*store, m_lines));
    const auto again = imported(*store, m_lines);
    QVERIFY2(again, again ? "" : again.error().toString().c_str());
    QCOMPARE(again->events, std::int64_t(0));
    QCOMPARE(exported(*store), m_lines);
}

void TransferTest::interruptedImportIsContinued()
{
    for (std::size_t cut = 1; cut < m_lines.size(); ++cut) {
        const auto store = emptyStore();
        {
            Importer importer(*store, [&](storage::Batch batch) { return commitAndWait(*store, std::move(batch)); });
            for (std::size_t i = 0; i < cut; ++i)
                QVERIFY(importer.takeLine(m_lines[i]));
            QVERIFY(!importer.finish());
        }
        const auto rest = imported(*store, m_lines);
        QVERIFY2(rest, rest ? "" : rest.error().toString().c_str());
        QCOMPARE(exported(*store), m_lines);
    }
}

void TransferTest::serverGoesOnWhereTheImportEnded()
{
    Engine engine;
    QVERIFY(imported(engine.engine.backend(), m_lines));
    Engine fresh; // another service, over the store after the import
    QVERIFY(imported(fresh.engine.backend(), exported(engine.engine.backend())));
    fresh.put("hero", R"({"name": "Zoe", "gold": 6})");
    const auto view = fresh.engine.backend().view();
    QCOMPARE(eventlog::EventStore(**view).load(DocumentId("hero")).value()->head.serverSeq, ServerSeq(6));
}

void TransferTest::otherHistoryIsRefused()
{
    Engine engine;
    engine.put("hero", R"({"name": "somebody else"})");
    const auto refused = imported(engine.engine.backend(), m_lines);
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::DocumentExists);
    QVERIFY(refused.error().message.find("hero") != std::string::npos);
}

// The export of a compacted log begins behind where the store's own log ends: what lies between is nowhere.
void TransferTest::gapBehindTheOwnLogIsRefused()
{
    for (const char *id : {"old", "oldnote"}) {
        Engine engine;
        engine.put(id, R"({"n": 0})", id == std::string("old") ? DocumentKind::Json : DocumentKind::Crdt);
        const auto refused = imported(engine.engine.backend(), m_lines);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::DocumentExists);
        const auto view = engine.engine.backend().view();
        QCOMPARE(eventlog::EventStore(**view).load(DocumentId(id)).value()->head.serverSeq, ServerSeq(1));
    }
}

void TransferTest::damagedExportIsRefused_data()
{
    using Damage = std::function<void(Lines &)>;
    QTest::addColumn<Damage>("damage");
    QTest::addColumn<int>("code");
    const auto row = [](const char *name, Damage damage, ErrorCode code) { QTest::newRow(name) << damage << static_cast<int>(code); };
    const auto lineWith = [](Lines &lines, const std::string &text) -> std::string & {
        for (std::string &line : lines) {
            if (line.find(text) != std::string::npos)
                return line;
        }
        qFatal("no line has %s", text.c_str());
        return lines.front();
    };
    row("no first line", [](Lines &lines) { lines.erase(lines.begin()); }, ErrorCode::InvalidMessage);
    row("no last line", [](Lines &lines) { lines.pop_back(); }, ErrorCode::InvalidMessage);
    row("nothing", [](Lines &lines) { lines.clear(); }, ErrorCode::InvalidMessage);
    row("newer version", [](Lines &lines) { replace(lines.front(), "\"version\":1", "\"version\":2"); }, ErrorCode::UnsupportedProtocol);
    row("no JSON", [](Lines &lines) { lines[2] = "{"; }, ErrorCode::InvalidValue);
    row("no object", [](Lines &lines) { lines[2] = "[]"; }, ErrorCode::InvalidMessage);
    row("unknown line", [](Lines &lines) { lines[2] = R"({"poem":{}})"; }, ErrorCode::UnknownMessage);
    row("two members", [](Lines &lines) { lines[2] = R"({"client":{},"end":{}})"; }, ErrorCode::InvalidMessage);
    row("something after the end", [](Lines &lines) { lines.push_back(lines[1]); }, ErrorCode::InvalidMessage);
    row("first line twice", [](Lines &lines) { lines.insert(lines.begin(), lines.front()); }, ErrorCode::InvalidMessage);
    row("event before its document", [lineWith](Lines &lines) {
        const std::string event = lineWith(lines, "\"event\"");
        lines.insert(lines.begin() + 1, event);
    }, ErrorCode::InvalidMessage);
    row("event missing", [lineWith](Lines &lines) {
        const std::string gone = lineWith(lines, "\"serverSeq\":3,\"storedAt\"");
        std::erase(lines, gone);
    }, ErrorCode::Corrupt);
    row("event changed", [lineWith](Lines &lines) {
        std::string &line = lineWith(lines, "\"serverSeq\":5,\"storedAt\"");
        replace(line, "\"storedAt\":\"2", "\"storedAt\":\"3");
    }, ErrorCode::Corrupt);
    row("event with an unknown field", [lineWith](Lines &lines) {
        replace(lineWith(lines, R"("event":{)"), R"("event":{)", R"("event":{"zzz":1,)");
    }, ErrorCode::UnknownField);
    row("push digest too short", [lineWith](Lines &lines) {
        std::string &line = lineWith(lines, "\"pushMark\":\"");
        const auto at = line.rfind("\"pushMark\":\"") + 12;
        line.erase(at, 2);
    }, ErrorCode::InvalidValue);
    row("base of another chain", [lineWith](Lines &lines) {
        std::string &line = lineWith(lines, "\"id\":\"other\"");
        const auto at = line.find("\"base\":{\"chain\":\"") + 17;
        line[at] = line[at] == 'a' ? 'b' : 'a';
    }, ErrorCode::Corrupt);
    row("head of another chain", [lineWith](Lines &lines) {
        std::string &line = lineWith(lines, "\"id\":\"other\"");
        const auto at = line.find("\"head\":{\"chain\":\"") + 17;
        line[at] = line[at] == 'a' ? 'b' : 'a';
    }, ErrorCode::Corrupt);
    row("counts that are not kept", [](Lines &lines) { replace(lines.back(), "\"documents\":5", "\"documents\":6"); },
        ErrorCode::InvalidMessage);
    row("reserved collection", [lineWith](Lines &lines) {
        replace(lineWith(lines, "\"id\":\"other\""), "\"collection\":\"games\"", "\"collection\":\"meta\"");
    }, ErrorCode::InvalidValue);
}

void TransferTest::damagedExportIsRefused()
{
    QFETCH(std::function<void(Lines &)>, damage);
    QFETCH(int, code);
    Lines lines = m_lines;
    damage(lines);
    const auto store = emptyStore();
    const auto refused = imported(*store, lines);
    QVERIFY(!refused);
    QCOMPARE(std::string(errorName(refused.error().code)), std::string(errorName(static_cast<ErrorCode>(code))));
}

void TransferTest::damagedDocumentIsLeftOutOfAnExport_data()
{
    QTest::addColumn<int>("column"); // of the document's first event
    QTest::newRow("an altered body") << int(eventlog::event::Body);
    QTest::newRow("an altered chain value") << int(eventlog::event::Chain);
    QTest::newRow("an event is missing") << -1;
}

void TransferTest::damagedDocumentIsLeftOutOfAnExport()
{
    QFETCH(int, column);
    const auto store = emptyStore();
    QVERIFY(imported(*store, m_lines));
    storage::Row row;
    {
        const auto view = store->view();
        QVERIFY((*view)->scan({.set = eventlog::sets::kEvents, .limit = 1}, [&](const storage::Row &first) {
            row = first;
            return false;
        }));
    }
    storage::Batch batch;
    batch.erase(eventlog::sets::kEvents, {row[eventlog::event::Position]});
    if (column >= 0) {
        storage::Row damaged = row;
        if (auto *text = std::get_if<std::string>(&damaged[std::size_t(column)]))
            (*text)[text->size() / 2] ^= 1;
        else
            std::get<storage::Blob>(damaged[std::size_t(column)]).bytes[0] ^= 1;
        batch.put(eventlog::sets::kEvents, std::move(damaged));
    }
    QVERIFY(commitAndWait(*store, std::move(batch)));
    std::vector<eventlog::Finding> leftOut;
    const Lines lines = exported(*store, &leftOut);
    QCOMPARE(leftOut.size(), std::size_t(1));
    const auto second = emptyStore();
    const auto end = imported(*second, lines); // what was written is a whole export of the others
    QVERIFY2(end.has_value(), end ? "" : end.error().toString().c_str());
    for (const std::string &line : lines)
        QVERIFY(line.find('"' + leftOut.front().documentId.text() + '"') == std::string::npos);
}

// What an earlier version let in is exported, imported and followed again.
void TransferTest::eventsThatAreTooLargeTravel()
{
    const auto store = emptyStore();
    QVERIFY(commitAndWait(*store, eventsync::test::logWithALargeEvent(DocumentId("big"), CollectionName("notes"), 1)));
    const Lines lines = exported(*store);
    const auto second = emptyStore();
    Importer importer(*second, [&](storage::Batch batch) { return commitAndWait(*second, std::move(batch)); });
    for (const std::string &line : lines)
        QVERIFY(importer.takeLine(line).has_value());
    QVERIFY(importer.finish().has_value());
    QCOMPARE(importer.oversized().size(), std::size_t(1));
    QCOMPARE(importer.oversized().front().serverSeq, ServerSeq(2));
    QCOMPARE(exported(*second), lines);
}

void TransferTest::compactDryRunOnlyTells()
{
    Engine engine;
    for (int i = 0; i < 10; ++i)
        engine.put("hero", (R"({"n": )" + std::to_string(i) + "}").c_str());
    const auto told = engine.operate({{"command", "compact"}, {"keep", 3}, {"dryRun", true}});
    QCOMPARE(json::canonical(*told), std::string("{\"documents\":1,\"events\":7}"));
    {
        const auto view = engine.engine.backend().view();
        QCOMPARE(eventlog::EventStore(**view).document(DocumentId("hero")).value()->horizon, ServerSeq(1));
    }
    QCOMPARE(json::canonical(*engine.operate({{"command", "compact"}, {"keep", 3}})), std::string("{\"documents\":1,\"events\":7,\"free\":0,\"givenBack\":0}"));
    const auto view = engine.engine.backend().view();
    QCOMPARE(eventlog::EventStore(**view).document(DocumentId("hero")).value()->horizon, ServerSeq(8));
    QCOMPARE(json::canonical(*engine.operate({{"command", "compact"}, {"keep", 3}})), std::string("{\"documents\":0,\"events\":0,\"free\":0,\"givenBack\":0}"));
}

void TransferTest::compactByTimeKeepsTheYounger()
{
    Engine engine;
    engine.put("hero", R"({"n": 1})");
    engine.put("hero", R"({"n": 2})");
    QTest::qWait(20);
    const std::string now = toText(SystemClock().wall());
    QTest::qWait(20);
    engine.put("hero", R"({"n": 3})");
    QCOMPARE(json::canonical(*engine.operate({{"command", "compact"}, {"before", now}})), std::string("{\"documents\":1,\"events\":2,\"free\":0,\"givenBack\":0}"));
}

void TransferTest::badOperationIsNamed_data()
{
    QTest::addColumn<QByteArray>("request");
    QTest::addColumn<int>("code");
    const auto row = [](const char *request, ErrorCode code) { QTest::newRow(request) << QByteArray(request) << static_cast<int>(code); };
    row(R"([])", ErrorCode::UnknownMessage);
    row(R"({"command":"dance"})", ErrorCode::UnknownMessage);
    row(R"({"command":"snapshot"})", ErrorCode::InvalidMessage);
    row(R"({"command":"snapshot","documentId":"a/b"})", ErrorCode::InvalidValue);
    row(R"({"command":"snapshot","documentId":"never-was"})", ErrorCode::NotFound);
    row(R"({"command":"compact"})", ErrorCode::InvalidMessage);
    row(R"({"command":"compact","keep":0})", ErrorCode::InvalidMessage);
    row(R"({"command":"compact","keep":1,"before":"2026-11-21T09:30:00.000Z"})", ErrorCode::InvalidMessage);
    row(R"({"command":"compact","before":"yesterday"})", ErrorCode::InvalidValue);
    row(R"({"command":"compact","keep":1,"documentId":"never-was"})", ErrorCode::NotFound);
}

void TransferTest::badOperationIsNamed()
{
    QFETCH(QByteArray, request);
    QFETCH(int, code);
    Engine engine;
    QEventLoop loop;
    std::optional<Result<json::Object>> answer;
    runOperation(engine.engine, json::parse(request.toStdString()).value(),
                 {.progress = [](const json::Object &) {}, .done = [&](Result<json::Object> result) {
                      answer = std::move(result);
                      loop.quit();
                  }});
    if (!answer)
        loop.exec();
    QVERIFY(!*answer);
    QCOMPARE(std::string(errorName(answer->error().code)), std::string(errorName(static_cast<ErrorCode>(code))));
}

} // namespace eventsync::server

QTEST_GUILESS_MAIN(eventsync::server::TransferTest)
#include "tst_transfer.moc"
