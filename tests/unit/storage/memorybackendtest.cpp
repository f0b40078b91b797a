// SPDX-License-Identifier: Apache-2.0
#include "memorybackendtest.h"

#include <QTest>

namespace eventsync::test {

using namespace storage;

namespace {

const Schema kSchema{1, {{"numbers", {{"number", ColumnType::Integer}, {"text", ColumnType::Text}}},
                         {"log", {{"position", ColumnType::Integer}, {"text", ColumnType::Text}}, 1, {}, true}}};

Batch number(std::int64_t n, const char *text = "x")
{
    return Batch().put("numbers", {one(n), one(text)}).put("log", {null(), one(text)});
}

std::string numbers(Backend &backend)
{
    std::string out;
    auto view = *backend.view();
    static_cast<void>(view->scan({"numbers"}, [&](const Row &row) {
        out += std::to_string(std::get<std::int64_t>(row[0])) + std::get<std::string>(row[1]) + " ";
        return true;
    }));
    return out;
}

struct Answers
{
    std::vector<std::string> all;
    Backend::CommitDone next()
    {
        return [this](Result<Committed> result) {
            all.push_back(result ? "ok" + std::to_string(result->positions.at(0)) : std::string(errorName(result.error().code)));
        };
    }
};

using List = std::vector<std::string>;

} // namespace

void MemoryBackendTest::crashLosesWhatIsInFlightAndItsAnswers()
{
    MemoryBackend backend(kSchema, MemoryBackend::Completion::InFlight);
    ManualExecutor executor;
    Answers answers;
    backend.commit(number(1), executor, answers.next());
    backend.commit(number(2), executor, answers.next());
    QCOMPARE(backend.inFlight(), std::size_t(2));
    QCOMPARE(numbers(backend), "");
    QVERIFY(executor.runOne());
    QCOMPARE(numbers(backend), "1x ");
    backend.crash();
    backend.commit(number(3), executor, answers.next());
    executor.runAll();
    QCOMPARE(numbers(backend), "1x 3x ");
    QCOMPARE(answers.all, (List{"ok1", "ok2"}));
}

void MemoryBackendTest::crashMayLeaveTheOldestBatchesDurable()
{
    MemoryBackend backend(kSchema, MemoryBackend::Completion::InFlight);
    ManualExecutor executor;
    Answers answers;
    for (int i = 1; i <= 3; ++i)
        backend.commit(number(i), executor, answers.next());
    backend.crash(2);
    executor.runAll();
    QCOMPARE(numbers(backend), "1x 2x ");
    QCOMPARE(answers.all, List());
}

void MemoryBackendTest::crashAfterApplyingLosesTheAnswerOnly()
{
    MemoryBackend backend(kSchema);
    ManualExecutor executor;
    Answers answers;
    backend.commit(number(1), executor, answers.next());
    backend.crash();
    executor.runAll();
    QCOMPARE(numbers(backend), "1x ");
    QCOMPARE(answers.all, List());
}

void MemoryBackendTest::restoreBringsBackAnImage()
{
    MemoryBackend backend(kSchema, MemoryBackend::Completion::InFlight);
    ManualExecutor executor;
    Answers answers;
    backend.commit(number(1), executor, answers.next());
    executor.runAll();
    const MemoryBackend::Image image = backend.snapshot();
    backend.commit(number(1, "changed"), executor, answers.next());
    backend.commit(number(2), executor, answers.next());
    executor.runAll();
    QCOMPARE(numbers(backend), "1changed 2x ");
    for (int round = 0; round < 2; ++round) {
        backend.commit(number(7), executor, answers.next()); // in flight when the backup is put back
        backend.restore(image);
        executor.runAll();
        QCOMPARE(numbers(backend), "1x ");
        backend.commit(number(8), executor, answers.next());
        executor.runAll();
        QCOMPARE(numbers(backend), "1x 8x ");
    }
    // Positions go on from where the image stands, as they do in a file that was copied back.
    QCOMPARE(answers.all, (List{"ok1", "ok2", "ok3", "ok2", "ok2"}));
}

void MemoryBackendTest::imagesAndViewsDoNotChangeEachOther()
{
    MemoryBackend backend(kSchema), other(kSchema);
    ManualExecutor executor;
    Answers answers;
    backend.commit(number(1), executor, answers.next());
    other.restore(backend.snapshot());
    auto view = *backend.view();
    backend.commit(number(2), executor, answers.next());
    other.commit(number(3), executor, answers.next());
    QCOMPARE(numbers(backend), "1x 2x ");
    QCOMPARE(numbers(other), "1x 3x ");
    QVERIFY(!view->get("numbers", {one(2)})->has_value());
}

void MemoryBackendTest::orderedFaultsComeBackOnce()
{
    MemoryBackend backend(kSchema);
    ManualExecutor executor;
    Answers answers;
    backend.failNextCommits({ErrorCode::StoreFull, "no space"}, 2);
    for (int i = 1; i <= 3; ++i)
        backend.commit(number(i), executor, answers.next());
    executor.runAll();
    QCOMPARE(numbers(backend), "3x ");
    QCOMPARE(answers.all, (List{"StoreFull", "StoreFull", "ok1"}));
}

void MemoryBackendTest::answeredFaultIsDurableAllTheSame()
{
    MemoryBackend backend(kSchema);
    ManualExecutor executor;
    Answers answers;
    backend.failNextCommits({ErrorCode::Timeout, "who knows"}, 1, MemoryBackend::Fault::Answered);
    backend.commit(number(1), executor, answers.next());
    executor.runAll();
    QCOMPARE(numbers(backend), "1x ");
    QCOMPARE(answers.all, List{"Timeout"});
}

void MemoryBackendTest::answersComeAfterTheBackendIsGone()
{
    ManualExecutor executor;
    Answers answers;
    for (const auto how : {MemoryBackend::Completion::AtOnce, MemoryBackend::Completion::InFlight})
        MemoryBackend(kSchema, how).commit(number(1), executor, answers.next());
    executor.runAll();
    QCOMPARE(answers.all, (List{"ok1", "ok1"}));
}

} // namespace eventsync::test
