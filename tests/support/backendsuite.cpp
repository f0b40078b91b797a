// SPDX-License-Identifier: Apache-2.0
#include "support/backendsuite.h"

#include <QTest>

#include <atomic>
#include <thread>

namespace eventsync::test {

using namespace storage;

namespace {

Row document(const char *id, std::int64_t version, Cell note = null())
{
    return {one(id), one(version), std::move(note), blob("{}")};
}

Row entry(const char *document, std::int64_t seq, const char *id)
{
    return {null(), one(document), one(seq), blob(id)};
}

Row clock(const char *document, const char *client, std::int64_t seq)
{
    return {one(document), one(client), one(seq)};
}

Row page(const char *book, std::int64_t number, const char *text)
{
    return {one(book), one(number), one(text)};
}

std::string text(const Cell &cell)
{
    switch (cell.index()) {
    case 0:
        return "null";
    case 1:
        return std::to_string(std::get<std::int64_t>(cell));
    case 2:
        return std::get<std::string>(cell);
    default:
        return "b:" + std::get<Blob>(cell).bytes;
    }
}

// "a/1 b/2": the first `columns` cells of every row.
std::string text(const std::vector<Row> &rows, std::size_t columns)
{
    std::string out;
    for (const Row &row : rows) {
        out += out.empty() ? "" : " ";
        for (std::size_t i = 0; i < columns; ++i)
            out += (i > 0 ? "/" : "") + text(row[i]);
    }
    return out;
}

} // namespace

Cell one(std::int64_t number)
{
    return Cell(number);
}

Cell one(int number)
{
    return Cell(std::int64_t{number});
}

Cell one(const char *text)
{
    return Cell(std::string(text));
}

Cell blob(const char *bytes)
{
    return Cell(Blob{bytes});
}

Cell null()
{
    return Cell();
}

Schema BackendSuite::schema()
{
    using enum ColumnType;
    return {1,
            {{"documents", {{"id", Text}, {"version", Integer}, {"note", Text}, {"state", Blob}}, 1,
              {{"by_version", {"version"}}, {"by_note", {"note"}, true}}},
             {"events", {{"position", Integer}, {"document", Text}, {"seq", Integer}, {"id", Blob}}, 1,
              {{"by_id", {"id"}, true}, {"by_document", {"document", "seq"}, true}}, true},
             {"clocks", {{"document", Text}, {"client", Text}, {"seq", Integer}}, 2, {{"by_seq", {"seq"}}}},
             {"pages", {{"book", Text}, {"number", Integer}, {"text", Text}}, 2, {{"by_text", {"text"}}}},
             {"numbers", {{"number", Integer}, {"text", Text}}},
             {"marks", {{"name", Text}}}}};
}

void BackendSuite::init()
{
    m_backend = makeBackend(schema());
    QVERIFY(m_backend);
}

void BackendSuite::cleanup()
{
    m_backend.reset();
    m_executor.runAll();
}

Result<Committed> BackendSuite::commit(Batch batch)
{
    std::optional<Result<Committed>> answer;
    m_backend->commit(std::move(batch), m_executor, [&](Result<Committed> result) { answer = std::move(result); });
    if (!m_executor.runUntil([&] { return answer.has_value(); }))
        return failure(ErrorCode::Timeout, "the commit was not answered");
    return *answer;
}

std::unique_ptr<ReadView> BackendSuite::view()
{
    auto opened = m_backend->view();
    return opened ? std::move(*opened) : nullptr;
}

std::vector<Row> BackendSuite::rows(const Scan &scan)
{
    std::vector<Row> found;
    auto seen = view();
    if (!seen || !seen->scan(scan, [&](const Row &row) {
            found.push_back(row);
            return true;
        }))
        found.push_back({one("the scan failed")});
    return found;
}

void BackendSuite::rowsComeBackAsTheyWerePut()
{
    const std::string zero("a\0b", 3);
    const Row full = {Cell(zero), one(-9007199254740991), one("한국어"), Cell(Blob{std::string("\xff\0\x80", 3)})};
    const Row bare = {one("bare"), null(), null(), null()};
    const Row hollow = {one(""), one(INT64_MIN), one(""), blob("")};
    QVERIFY(commit(Batch().put("documents", full).put("documents", bare).put("documents", hollow)));
    auto seen = view();
    QCOMPARE(**seen->get("documents", {full[0]}), full);
    QCOMPARE(**seen->get("documents", {bare[0]}), bare);
    QCOMPARE(**seen->get("documents", {hollow[0]}), hollow);
    QVERIFY(!seen->get("documents", {one("a")})->has_value());
    QCOMPARE(**seen->getBy("documents", "by_note", {one("한국어")}), full);
    QVERIFY(!seen->getBy("documents", "by_note", {one("x")})->has_value());
    QCOMPARE(rows({"documents"}).size(), std::size_t(3));
}

void BackendSuite::putReplacesByKeyAndKeepsUniqueValuesOfTheSameRow()
{
    QVERIFY(commit(Batch().put("documents", document("a", 1, one("note"))).put("clocks", clock("a", "x", 1))));
    QVERIFY(commit(Batch().put("documents", document("a", 2, one("note"))).put("clocks", clock("a", "x", 2))));
    QVERIFY(commit(Batch().put("marks", {one("m")}).put("marks", {one("m")})));
    QCOMPARE(text(rows({"documents"}), 3), "a/2/note");
    QCOMPARE(text(rows({"clocks"}), 3), "a/x/2");
    QCOMPARE(text(rows({"marks"}), 1), "m");
}

void BackendSuite::insertRefusesAKeyThatExists()
{
    QVERIFY(commit(Batch().insert("documents", document("a", 1)).insert("clocks", clock("a", "x", 1))
                       .insert("numbers", {one(5), one("five")})));
    const std::pair<const char *, Row> again[] = {{"documents", document("a", 2)}, {"clocks", clock("a", "x", 2)},
                                                  {"numbers", {one(5), one("fünf")}}};
    for (const auto &[set, row] : again) {
        auto result = commit(Batch().insert(set, row));
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::Conflict);
        QVERIFY2(result.error().message.find(set) != std::string::npos, result.error().message.c_str());
    }
    QCOMPARE(text(rows({"numbers"}), 2), "5/five");
}

void BackendSuite::eraseTakesAKeyOrAllBelowAPrefix()
{
    Batch batch;
    for (const char *doc : {"a", "ab", "b"}) {
        for (const char *client : {"x", "y"})
            batch.put("clocks", clock(doc, client, 1)).put("pages", page(doc, client[0], "t"));
    }
    QVERIFY(commit(batch));
    QVERIFY(commit(Batch().erase("clocks", {one("a")}).erase("pages", {one("b"), one(int('x'))}).erase("pages", {one("none")})));
    QCOMPARE(text(rows({"clocks"}), 2), "ab/x ab/y b/x b/y");
    QCOMPARE(text(rows({"pages"}), 2), "a/120 a/121 ab/120 ab/121 b/121");
    QVERIFY(commit(Batch().erase("clocks", {})));
    QCOMPARE(text(rows({"clocks"}), 2), "");
    QCOMPARE(text(rows({"clocks", "by_seq"}), 2), "");
}

void BackendSuite::stepsOfABatchSeeThoseBeforeThem()
{
    QVERIFY(commit(Batch().put("documents", document("a", 1, one("n"))).require("documents", {one("a")}, 1, one(1))
                       .erase("documents", {one("a")}).require("documents", {one("a")}, 1, null())
                       .insert("documents", document("b", 1, one("n")))));
    QCOMPARE(text(rows({"documents"}), 1), "b");
}

void BackendSuite::failingBatchChangesNothing_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<ErrorCode>("code");
    QTest::newRow("a require that does not hold") << 0 << ErrorCode::VersionConflict;
    QTest::newRow("a key inserted twice") << 1 << ErrorCode::Conflict;
    QTest::newRow("a unique index broken by a put") << 2 << ErrorCode::Conflict;
    QTest::newRow("a unique index of two columns broken by an insert") << 3 << ErrorCode::Conflict;
}

void BackendSuite::failingBatchChangesNothing() // G5
{
    QFETCH(int, kind);
    QFETCH(ErrorCode, code);
    QVERIFY(commit(Batch().put("documents", document("a", 1, one("n"))).put("documents", document("z", 1))
                       .put("events", entry("a", 1, "id1"))));
    Batch batch;
    batch.put("documents", document("a", 2, one("m"))).erase("documents", {one("z")}).put("events", entry("a", 2, "id2"))
        .put("documents", document("new", 1, one("n")));
    switch (kind) {
    case 0:
        batch.require("documents", {one("a")}, 1, one(1));
        break;
    case 1:
        batch.insert("documents", document("a", 3));
        break;
    case 2:
        batch.put("documents", document("other", 1, one("m")));
        break;
    case 3:
        batch.insert("events", entry("a", 1, "id3"));
        break;
    }
    auto result = commit(batch);
    QVERIFY(!result);
    QCOMPARE(result.error().code, code);
    QCOMPARE(text(rows({"documents"}), 3), "a/1/n z/1/null");
    QCOMPARE(text(rows({"documents", "by_note"}), 1), "z a");
    QCOMPARE(text(rows({"events", "by_id"}), 1), "1");
}

void BackendSuite::requireHoldsOnlyForTheVersionThatIsThere() // G6
{
    QVERIFY(commit(Batch().require("documents", {one("a")}, 1, null()).put("documents", document("a", 1))));
    auto there = commit(Batch().require("documents", {one("a")}, 1, null()).put("documents", document("a", 9)));
    QCOMPARE(there.error().code, ErrorCode::VersionConflict);
    auto other = commit(Batch().require("documents", {one("a")}, 1, one(2)).put("documents", document("a", 9)));
    QCOMPARE(other.error().code, ErrorCode::VersionConflict);
    auto none = commit(Batch().require("documents", {one("b")}, 1, one(1)).put("documents", document("a", 9)));
    QCOMPARE(none.error().code, ErrorCode::VersionConflict);
    QVERIFY(commit(Batch().require("documents", {one("a")}, 1, one(1)).put("documents", document("a", 2))));
    QCOMPARE(text(rows({"documents"}), 2), "a/2");
}

void BackendSuite::uniqueIndexRefusesTheSecondAndIgnoresNull()
{
    QVERIFY(commit(Batch().put("documents", document("a", 1)).put("documents", document("b", 1))
                       .put("documents", document("c", 1, one("n")))));
    auto result = commit(Batch().put("documents", document("d", 1, one("n"))));
    QCOMPARE(result.error().code, ErrorCode::Conflict);
    QVERIFY2(result.error().message.find("by_note") != std::string::npos, result.error().message.c_str());
    QVERIFY2(result.error().message.find("documents") != std::string::npos, result.error().message.c_str());
    QCOMPARE(rows({"documents"}).size(), std::size_t(3));
}

void BackendSuite::indexFollowsChangesOfItsRow()
{
    QVERIFY(commit(Batch().put("documents", document("a", 1, one("n"))).put("documents", document("b", 2))));
    QVERIFY(commit(Batch().put("documents", document("a", 3, one("m"))).put("documents", document("c", 1, one("n")))));
    QCOMPARE(text(rows({"documents", "by_version"}), 2), "c/1 b/2 a/3");
    QCOMPARE(text(rows({"documents", "by_note"}), 1), "b a c");
    QVERIFY(commit(Batch().erase("documents", {one("c")})));
    QVERIFY(!view()->getBy("documents", "by_note", {one("n")})->has_value());
}

void BackendSuite::keysAreOrderedNullIntegerTextBlob()
{
    QVERIFY(commit(Batch().put("numbers", {one(-5), one("")}).put("numbers", {one(INT64_MAX), one("")})
                       .put("numbers", {one(INT64_MIN), one("")}).put("numbers", {one(0), one("")})
                       .put("numbers", {one(256), one("")}).put("numbers", {one(255), one("")})));
    QCOMPARE(text(rows({"numbers"}), 1), "-9223372036854775808 -5 0 255 256 9223372036854775807");
    Batch texts;
    for (const std::string &name : {std::string("b"), std::string("a"), std::string(""), std::string("a\0", 2),
                                    std::string("a\0b", 3), std::string("ab"), std::string("é"), std::string("Z")})
        texts.put("marks", {name});
    QVERIFY(commit(texts));
    const std::string expected[] = {"", "Z", "a", std::string("a\0", 2), std::string("a\0b", 3), "ab", "b", "é"};
    const auto marks = rows({"marks"});
    QCOMPARE(marks.size(), std::size(expected));
    for (std::size_t i = 0; i < marks.size(); ++i)
        QCOMPARE(std::get<std::string>(marks[i][0]), expected[i]);
    QVERIFY(commit(Batch().put("documents", {one("n"), null(), null(), null()}).put("documents", document("m", -1))
                       .put("documents", document("k", -1))));
    QCOMPARE(text(rows({"documents", "by_version"}), 1), "n k m");
}

void BackendSuite::scansRunInOrder_data()
{
    QTest::addColumn<Scan>("scan");
    QTest::addColumn<QString>("expected");
    const auto row = [](const char *name, Scan scan, const char *expected) {
        QTest::newRow(name) << scan << QString::fromUtf8(expected);
    };
    row("all", {"pages"}, "a/1 a/2 a/3 ab/1 b/1 b/2");
    row("all backwards", {"pages", {}, {}, {}, {}, true}, "b/2 b/1 ab/1 a/3 a/2 a/1");
    row("a prefix takes whole cells", {"pages", {}, {one("a")}}, "a/1 a/2 a/3");
    row("a whole key", {"pages", {}, {one("a"), one(2)}}, "a/2");
    row("from is included", {"pages", {}, {one("a")}, one(2)}, "a/2 a/3");
    row("until is not", {"pages", {}, {one("a")}, {}, one(3)}, "a/1 a/2");
    row("from and until", {"pages", {}, {one("a")}, one(2), one(3)}, "a/2");
    row("an empty range", {"pages", {}, {one("a")}, one(3), one(2)}, "");
    row("a range backwards", {"pages", {}, {one("a")}, one(2), {}, true}, "a/3 a/2");
    row("a range on the first column", {"pages", {}, {}, one("aa"), one("b")}, "ab/1");
    row("from null is from the start", {"pages", {}, {one("a")}, null()}, "a/1 a/2 a/3");
    row("a limit", {"pages", {}, {}, {}, {}, false, 2}, "a/1 a/2");
    row("a limit backwards", {"pages", {}, {one("a")}, {}, {}, true, 2}, "a/3 a/2");
    row("no rows wanted", {"pages", {}, {}, {}, {}, false, 0}, "");
    row("an index, then the key", {"pages", "by_text"}, "b/2 a/1 a/3 b/1 a/2 ab/1");
    row("an index backwards", {"pages", "by_text", {}, {}, {}, true}, "ab/1 a/2 b/1 a/3 a/1 b/2");
    row("a value of an index", {"pages", "by_text", {one("x")}}, "a/1 a/3 b/1");
    row("null in an index", {"pages", "by_text", {null()}}, "b/2");
    row("a value of an index and a range of the key", {"pages", "by_text", {one("x")}, one("aa")}, "b/1");
    row("a value of an index and the whole key", {"pages", "by_text", {one("x"), one("a"), one(3)}}, "a/3");
    row("until leaves null out", {"pages", "by_text", {}, {}, one("y")}, "a/1 a/3 b/1");
    row("a range of an index", {"pages", "by_text", {}, one("y"), one("z")}, "a/2 ab/1");
}

void BackendSuite::scansRunInOrder()
{
    QFETCH(Scan, scan);
    QFETCH(QString, expected);
    QVERIFY(commit(Batch().put("pages", page("b", 1, "x")).put("pages", {one("b"), one(2), null()})
                       .put("pages", page("a", 3, "x")).put("pages", page("a", 1, "x")).put("pages", page("a", 2, "y"))
                       .put("pages", page("ab", 1, "y"))));
    QCOMPARE(QString::fromStdString(text(rows(scan), 2)), expected);
}

void BackendSuite::scanStopsWhenTheVisitorSaysSo()
{
    QVERIFY(commit(Batch().put("numbers", {one(1), one("")}).put("numbers", {one(2), one("")}).put("numbers", {one(3), one("")})));
    int visited = 0;
    QVERIFY(view()->scan({"numbers"}, [&](const Row &) { return ++visited < 2; }));
    QCOMPARE(visited, 2);
}

void BackendSuite::scansMayNest()
{
    QVERIFY(commit(Batch().put("pages", page("a", 1, "x")).put("pages", page("a", 2, "x")).put("pages", page("b", 1, "x"))));
    std::string seen;
    auto now = view();
    QVERIFY(now->scan({"pages", {}, {one("a")}}, [&](const Row &outer) {
        return bool(now->scan({"pages", {}, {one("b")}}, [&](const Row &inner) {
            const auto again = now->get("pages", {outer[0], outer[1]});
            seen += text(outer[1]) + text(inner[0]) + text((**again)[1]) + " ";
            return true;
        }));
    }));
    QCOMPARE(seen, "1b1 2b2 ");
}

void BackendSuite::appendOnlyPositionsGrowAndAreNeverReused()
{
    auto first = commit(Batch().put("events", entry("a", 1, "i1")).put("documents", document("a", 1))
                            .insert("events", entry("a", 2, "i2")));
    QVERIFY(first);
    QCOMPARE(first->positions, (std::vector<std::int64_t>{1, 2}));
    QVERIFY(commit(Batch().erase("events", {one(2)})));
    auto second = commit(Batch().put("events", entry("a", 3, "i3")));
    QCOMPARE(second->positions, std::vector<std::int64_t>{3});
    Row given = entry("a", 9, "i9");
    given[0] = one(10);
    auto named = commit(Batch().insert("events", given).put("events", entry("a", 10, "i10")));
    QCOMPARE(named->positions, std::vector<std::int64_t>{11});
    QVERIFY(commit(Batch().erase("events", {})));
    if (auto again = (m_backend.reset(), reopen(schema())))
        m_backend = std::move(again);
    else
        return; // nothing to open again
    auto third = commit(Batch().put("events", entry("a", 12, "i12")));
    QCOMPARE(third->positions, std::vector<std::int64_t>{12});
    Row changed = entry("b", 1, "i12");
    changed[0] = one(12);
    QVERIFY(commit(Batch().put("events", changed)));
    QCOMPARE(text(rows({"events"}), 2), "12/b");
}

void BackendSuite::positionsOfAFailedBatchAreNotGiven()
{
    QVERIFY(commit(Batch().put("events", entry("a", 1, "i1"))));
    QVERIFY(!commit(Batch().put("events", entry("a", 2, "i2")).put("events", entry("a", 2, "i3"))));
    auto next = commit(Batch().put("events", entry("a", 2, "i2")));
    QCOMPARE(next->positions, std::vector<std::int64_t>{2});
}

void BackendSuite::viewShowsOneMoment()
{
    QVERIFY(commit(Batch().put("documents", document("a", 1)).put("numbers", {one(1), one("x")})));
    auto before = view();
    QVERIFY(commit(Batch().put("documents", document("a", 2)).put("documents", document("b", 1)).erase("numbers", {one(1)})));
    auto after = view();
    QCOMPARE((**before->get("documents", {one("a")}))[1], one(1));
    QVERIFY(!before->get("documents", {one("b")})->has_value());
    QVERIFY(before->get("numbers", {one(1)})->has_value());
    QCOMPARE((**after->get("documents", {one("a")}))[1], one(2));
    QVERIFY(!after->get("numbers", {one(1)})->has_value());
    QVERIFY(commit(Batch().erase("documents", {})));
    QCOMPARE((**before->get("documents", {one("a")}))[1], one(1));
    QCOMPARE((**after->get("documents", {one("a")}))[1], one(2));
}

void BackendSuite::answersComeInTheOrderOfCommits()
{
    std::vector<std::int64_t> order;
    for (int i = 1; i <= 200; ++i) {
        m_backend->commit(Batch().put("events", entry("a", i, std::to_string(i).c_str())), m_executor,
                          [&](Result<Committed> result) { order.push_back(result ? result->positions.at(0) : -1); });
    }
    QVERIFY(m_executor.runUntil([&] { return order.size() == 200; }));
    for (std::size_t i = 0; i < order.size(); ++i)
        QCOMPARE(order[i], static_cast<std::int64_t>(i) + 1);
}

void BackendSuite::eachBatchOfAGroupFailsAlone()
{
    QVERIFY(commit(Batch().put("documents", document("taken", 1, one("taken")))));
    std::vector<std::string> answers;
    const auto add = [&](Batch batch) {
        m_backend->commit(std::move(batch), m_executor, [&](Result<Committed> result) {
            answers.push_back(result ? "ok" : std::string(errorName(result.error().code)));
        });
    };
    for (int i = 0; i < 50; ++i) {
        const std::string name = std::to_string(100 + i);
        switch (i % 5) {
        case 0: // the form of most: what may fail comes first
            add(Batch().require("documents", {one(name.c_str())}, 1, null()).insert("events", entry("a", i, name.c_str()))
                    .put("clocks", clock("a", name.c_str(), i)));
            break;
        case 1: // fails at its first step
            add(Batch().require("documents", {one("taken")}, 1, one(7)).put("clocks", clock("bad", name.c_str(), i)));
            break;
        case 2: // fails after it changed something
            add(Batch().put("clocks", clock("bad", name.c_str(), i)).insert("documents", document("taken", 2)));
            break;
        case 3: // fails by a unique index, after a position was given
            add(Batch().put("events", entry("bad", i, name.c_str())).put("documents", document(name.c_str(), 1, one("taken"))));
            break;
        case 4:
            add(Batch().put("documents", document(name.c_str(), 1, one(name.c_str()))));
            break;
        }
    }
    QVERIFY(m_executor.runUntil([&] { return answers.size() == 50; }));
    const char *expected[] = {"ok", "VersionConflict", "Conflict", "Conflict", "ok"};
    for (std::size_t i = 0; i < answers.size(); ++i)
        QCOMPARE(answers[i], expected[i % 5]);
    QCOMPARE(rows({"clocks", {}, {one("bad")}}).size(), std::size_t(0));
    QCOMPARE(rows({"clocks", {}, {one("a")}}).size(), std::size_t(10));
    QCOMPARE(rows({"documents"}).size(), std::size_t(11));
    QCOMPARE(text(rows({"events"}), 1), "1 2 3 4 5 6 7 8 9 10");
}

void BackendSuite::answersGoToTheExecutorOfTheirCaller()
{
    ManualExecutor other;
    int mine = 0, others = 0;
    for (int i = 0; i < 10; ++i) {
        m_backend->commit(Batch().put("numbers", {one(i), one("")}), m_executor, [&](Result<Committed>) { ++mine; });
        m_backend->commit(Batch().put("numbers", {one(i + 100), one("")}), other, [&](Result<Committed>) { ++others; });
    }
    QVERIFY(m_executor.runUntil([&] { return mine == 10; })); // without any help from the other one
    QCOMPARE(others, 0);
    QVERIFY(other.runUntil([&] { return others == 10; }));
    QCOMPARE(rows({"numbers"}).size(), std::size_t(20));
}

void BackendSuite::commitsOfManyThreadsAllArrive()
{
    constexpr int kThreads = 4, kEach = 250;
    std::atomic<int> good = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < kEach; ++i) {
                m_backend->commit(Batch().insert("clocks", clock(std::to_string(t).c_str(), std::to_string(i).c_str(), i)),
                                  m_executor, [&](Result<Committed> result) { good += result ? 1 : 0; });
                if (i % 50 == 0) {
                    auto seen = m_backend->view();
                    if (!seen || !(*seen)->scan({"clocks"}, [](const Row &) { return true; }))
                        good = -1'000'000;
                }
            }
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    QVERIFY(m_executor.runUntil([&] { return good == kThreads * kEach; }));
    QCOMPARE(rows({"clocks"}).size(), std::size_t(kThreads * kEach));
}

void BackendSuite::readRunsItsTaskWithAView()
{
    QVERIFY(commit(Batch().put("numbers", {one(1), one("x")})));
    std::atomic<int> found = 0;
    for (int i = 0; i < 20; ++i) {
        m_backend->read([&](Result<std::unique_ptr<ReadView>> seen) {
            const auto row = seen ? (*seen)->get("numbers", {one(1)}) : Result<std::optional<Row>>();
            found += row && row->has_value() ? 1 : 1000;
        });
    }
    QTRY_COMPARE(found.load(), 20);
}

void BackendSuite::concurrentIncrementsByRequireLoseNothing() // G6
{
    QVERIFY(commit(Batch().put("documents", document("a", 0))));
    constexpr int kThreads = 3, kEach = 40;
    std::vector<std::thread> threads;
    std::atomic<int> failures = 0;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
            ManualExecutor own;
            for (int done = 0; done < kEach;) {
                auto seen = m_backend->view();
                const auto version = std::get<std::int64_t>((**(*seen)->get("documents", {one("a")}))[1]);
                std::optional<Result<Committed>> answer;
                m_backend->commit(Batch().require("documents", {one("a")}, 1, one(version))
                                      .put("documents", document("a", version + 1)),
                                  own, [&](Result<Committed> result) { answer = std::move(result); });
                if (!own.runUntil([&] { return answer.has_value(); })) {
                    ++failures;
                    return;
                }
                done += *answer ? 1 : 0;
                failures += !*answer && answer->error().code != ErrorCode::VersionConflict ? 1 : 0;
            }
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    QCOMPARE(failures.load(), 0);
    QCOMPARE(text(rows({"documents"}), 2), "a/" + std::to_string(kThreads * kEach));
}

void BackendSuite::dataSurvivesReopening()
{
    QVERIFY(commit(Batch().put("documents", document("a", 1, one("n"))).put("events", entry("a", 1, "i")).put("marks", {one("m")})));
    m_backend.reset();
    m_backend = reopen(schema());
    if (!m_backend)
        return; // nothing to open again
    QCOMPARE(text(rows({"documents"}), 3), "a/1/n");
    QCOMPARE(text(rows({"events", "by_id", {blob("i")}}), 3), "1/a/1");
    QCOMPARE(commit(Batch().put("events", entry("a", 2, "j")))->positions, std::vector<std::int64_t>{2});
}

} // namespace eventsync::test
