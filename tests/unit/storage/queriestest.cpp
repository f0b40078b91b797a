// SPDX-License-Identifier: Apache-2.0
#include "queriestest.h"

#include "support/executors.h"
#include "support/fakeclock.h"
#include "support/heldreads.h"

#include <eventsync/base/assert.h>
#include <eventsync/base/cancelsource.h>
#include <eventsync/storage/limits.h>
#include <eventsync/storage/memorybackend.h>
#include <eventsync/storage/queries.h>
#include <eventsync/storage/sqlitebackend.h>

#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <future>

namespace eventsync::test {

using namespace storage;

namespace {

constexpr int kRows = 1'000;

const Schema kSchema{.sets = {{.name = "rows", .columns = {{"n", ColumnType::Integer}, {"text"}}}}};
const Scan kAllRows{.set = "rows"};

void addRows(Backend &backend)
{
    Batch batch;
    for (std::int64_t n = 0; n < kRows; ++n)
        batch.insert("rows", {n, "row"});
    ManualExecutor executor;
    bool done = false;
    backend.commit(std::move(batch), executor, [&](const Result<Committed> &result) { done = result.has_value(); });
    EVENTSYNC_ASSERT(executor.runUntil([&] { return done; }));
}

// Queries over a store in memory whose readers are busy.
struct Lane
{
    Lane() { addRows(memory); }
    void ask(const std::string &name, const Queries::Requester &requester)
    {
        queries.ask(requester, [this, name](const Result<ReadView *> &view, Budget &) {
            answers.push_back(name + (view ? "" : ' ' + std::string(errorName(view.error().code))));
        });
    }
    std::uint64_t cutOff(const char *code)
    {
        return metrics.counter("eventsync_queries_cut_off_total", "", std::string("code=\"") + code + '"').value();
    }
    std::uint64_t rowsRead() { return metrics.counter("eventsync_query_rows_total", "").value(); }

    test::FakeClock clock;
    Metrics metrics;
    MemoryBackend memory{kSchema};
    HeldReads backend{memory};
    std::vector<std::string> answers;
    Queries queries{backend, clock, &metrics};
};

} // namespace

void QueriesTest::otherReadsDoNotWaitForThem()
{
    const QTemporaryDir folder;
    SqliteBackend::Options options;
    options.readers = limits::kRunningQueries + 2; // as many as a server has, or more
    auto backend = SqliteBackend::open(folder.filePath(QStringLiteral("store")).toStdString(), kSchema, options);
    QVERIFY(backend.has_value());
    std::promise<void> end;
    const std::shared_future<void> ended = end.get_future().share();
    std::atomic<std::size_t> begun = 0, answered = 0;
    const test::FakeClock clock;
    Queries queries(**backend, clock);
    const std::size_t asked = 3 * limits::kRunningQueries;
    for (std::size_t i = 0; i < asked; ++i) {
        queries.ask({}, [&](const Result<ReadView *> &, Budget &) {
            ++begun;
            ended.wait();
            ++answered;
        });
    }
    std::promise<bool> lookedUp;
    (*backend)->read([&](const Result<std::unique_ptr<ReadView>> &view) { lookedUp.set_value(view.has_value()); });
    auto answer = lookedUp.get_future();
    const bool came = answer.wait_for(std::chrono::seconds(30)) == std::future_status::ready;
    const std::size_t begunMeanwhile = begun;
    end.set_value();
    QVERIFY(came && answer.get());
    QVERIFY(begunMeanwhile <= limits::kRunningQueries);
    QTRY_COMPARE_WITH_TIMEOUT(answered.load(), asked, 30'000);
}

void QueriesTest::whatIsPastItsDeadlineIsNotRead()
{
    Lane lane;
    const std::size_t asked = limits::kRunningQueries + 1;
    for (std::size_t i = 0; i < asked; ++i)
        lane.ask("late", {});
    lane.clock.advance(limits::kQueryTime);
    lane.ask("in time", {});
    lane.backend.readAll();
    QCOMPARE(static_cast<std::size_t>(std::count(lane.answers.begin(), lane.answers.end(), "late Timeout")), asked);
    QCOMPARE(lane.answers.back(), std::string("in time"));
    QCOMPARE(lane.cutOff("Timeout"), std::uint64_t(asked));
    QCOMPARE(lane.rowsRead(), std::uint64_t(0));
}

void QueriesTest::requestersTakeTurns()
{
    Lane lane;
    for (const char *name : {"a1", "a2", "a3", "a4", "b1", "c1"})
        lane.ask(name, {.name = std::string(name, 1)});
    QCOMPARE(lane.backend.held(), limits::kRunningQueries);
    lane.backend.readAll();
    QCOMPARE(lane.answers, (std::vector<std::string>{"a1", "a2", "b1", "c1", "a3", "a4"}));
}

// The lane is shared by work, not by the number of queries.
void QueriesTest::shortQueriesDoNotWaitBehindLongOnes()
{
    Lane lane;
    const auto ask = [&](const std::string &requester, std::uint64_t steps) {
        lane.queries.ask({.name = requester}, [&lane, requester, steps](const Result<ReadView *> &, Budget &budget) {
            budget.charge(steps);
            lane.answers.push_back(requester);
        });
    };
    constexpr int kOfEach = 12;
    for (int i = 0; i < kOfEach; ++i)
        ask("long", 1'000'000);
    for (int i = 0; i < kOfEach; ++i)
        ask("short", 2'000);
    QCOMPARE(lane.backend.held(), limits::kRunningQueries); // two of "long", and one of "short": a thread is left for others
    lane.backend.readAll();
    // A short one is begun whenever a thread is free for it: by turns, as many long ones would have gone before.
    const auto lastShort = std::find(lane.answers.rbegin(), lane.answers.rend(), "short").base();
    QVERIFY(std::count(lane.answers.begin(), lastShort, "long") <= kOfEach / 2 + 2);
    QCOMPARE(std::count(lane.answers.begin(), lane.answers.end(), "long"), kOfEach);

    // What a requester did not use is not saved up.
    lane.answers.clear();
    for (const char *requester : {"short", "short", "new", "long", "new"})
        ask(requester, 2'000);
    lane.backend.readAll();
    QCOMPARE(lane.answers.size(), std::size_t(5));
    QCOMPARE(lane.answers.back(), std::string("long"));
}

void QueriesTest::whatWaitsForARequesterThatHasGoneIsNotRead()
{
    Lane lane;
    std::optional<CancelSource> gone(std::in_place);
    for (std::size_t i = 0; i < limits::kRunningQueries + 2; ++i)
        lane.ask("gone", {.gone = gone->token()});
    lane.ask("here", {});
    gone.reset();
    lane.backend.readAll();
    QCOMPARE(static_cast<std::size_t>(std::count(lane.answers.begin(), lane.answers.end(), "gone Cancelled")), limits::kRunningQueries + 2);
    QCOMPARE(lane.answers.back(), std::string("here"));
    QCOMPARE(lane.cutOff("Cancelled"), std::uint64_t(limits::kRunningQueries + 2));
}

void QueriesTest::aQueryIsCutOffBetweenTwoRows_data()
{
    QTest::addColumn<bool>("goes");
    QTest::addColumn<QString>("code");
    QTest::newRow("its requester goes") << true << QStringLiteral("Cancelled");
    QTest::newRow("what it does with a row is too much") << false << QStringLiteral("TooLarge");
}

void QueriesTest::aQueryIsCutOffBetweenTwoRows()
{
    QFETCH(bool, goes);
    QFETCH(QString, code);
    Lane lane;
    std::optional<CancelSource> requester(std::in_place);
    std::optional<Result<int>> answer;
    lane.queries.ask<int>({.gone = requester->token()},
                          [&](ReadView &view, Budget &budget) -> Result<int> {
                              int rows = 0;
                              EVENTSYNC_CHECK(view.scan(kAllRows, [&](const Row &) {
                                  ++rows;
                                  if (goes)
                                      requester.reset();
                                  else
                                      budget.charge(limits::kQuerySteps);
                                  return true;
                              }));
                              return rows;
                          },
                          [&](Result<int> result) { answer = std::move(result); });
    lane.backend.readAll();
    QVERIFY(answer && !*answer);
    QCOMPARE(std::string(errorName(answer->error().code)), code.toStdString());
    QVERIFY(lane.rowsRead() < kRows / 10);
    QCOMPARE(lane.cutOff(code.toUtf8().constData()), std::uint64_t(1));
}

void QueriesTest::tooManyAreRefused()
{
    Lane lane;
    for (std::size_t i = 0; i < limits::kRunningQueriesOfOne + limits::kWaitingQueries; ++i)
        lane.ask("q", {});
    QVERIFY(lane.answers.empty());
    lane.ask("q", {});
    QCOMPARE(lane.answers, std::vector<std::string>{"q Unavailable"});
    QCOMPARE(lane.cutOff("Unavailable"), std::uint64_t(1));
    lane.backend.readAll();
    QCOMPARE(lane.answers.size(), limits::kRunningQueriesOfOne + limits::kWaitingQueries + 1);
}

void QueriesTest::theRequesterWithMostIsRefused()
{
    Lane lane;
    for (std::size_t i = 0; i < limits::kRunningQueriesOfOne + limits::kWaitingQueries; ++i)
        lane.ask("many", {.name = "a"});
    for (int i = 0; i < 3; ++i)
        lane.ask("few", {.name = "b"}); // the first one is begun at once
    QCOMPARE(lane.answers, (std::vector<std::string>{"many Unavailable", "many Unavailable"}));
    lane.backend.readAll();
    QCOMPARE(std::count(lane.answers.begin(), lane.answers.end(), "few"), 3);
}

void QueriesTest::whatWaitsAtTheEndIsAnswered()
{
    MemoryBackend memory(kSchema);
    HeldReads backend(memory);
    const test::FakeClock clock;
    std::vector<bool> answers;
    {
        Queries queries(backend, clock);
        for (std::size_t i = 0; i < limits::kRunningQueriesOfOne + 1; ++i)
            queries.ask({}, [&](const Result<ReadView *> &view, Budget &) { answers.push_back(view.has_value()); });
    }
    QCOMPARE(answers, std::vector<bool>{false});
    backend.readAll(); // what had begun
    QCOMPARE(answers, (std::vector<bool>{false, true, true}));
}

} // namespace eventsync::test
