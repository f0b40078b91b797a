// SPDX-License-Identifier: Apache-2.0
#include "transactiontest.h"

#include "rig.h"

#include <QTest>

namespace eventsync::sync::test {

namespace {

void addOne(json::Value &document)
{
    document.at("n") = document.at("n").as_int64() + 1;
}

// Adds one in each of the documents, as one.
void transact(Rig &rig, const std::vector<DocumentId> &ids, int &done)
{
    eventlog::DocumentTransaction transaction{.documentIds = ids, .clientId = ClientId("server"), .edit = {}};
    transaction.edit = [](std::map<DocumentId, json::Value> &documents) -> Result<> {
        for (auto &[id, document] : documents)
            addOne(document);
        return {};
    };
    rig.service->transact(std::move(transaction), [&done](const auto &result) { done += result ? 1 : 1'000; });
}

void write(Rig &rig, const std::string &id, int &done)
{
    auto write = writeOf(id, "{}");
    write.edit = [](json::State &state) -> Result<> {
        addOne(*state);
        return {};
    };
    rig.service->write(std::move(write), [&done](const auto &result) { done += result ? 1 : 1'000; });
}

void step(Rig &rig, int steps)
{
    while (steps-- > 0 && rig.executor.runOne()) { }
}

} // namespace

void TransactionTest::aTransactionHoldsItsDocumentsUntilItHasThemAll_data()
{
    QTest::addColumn<int>("first");
    QTest::addColumn<int>("second");
    QTest::addColumn<int>("third");
    QTest::addColumn<int>("lost"); // commits that another process is faster than
    for (int first = 0; first < 4; ++first) {
        for (int second = 0; second < 4; ++second) {
            for (int third = 0; third < 4; ++third) {
                for (int lost = 0; lost < 3; ++lost)
                    QTest::addRow("%d, %d and %d steps between them, %d lost", first, second, third, lost) << first << second << third << lost;
            }
        }
    }
}

// Two transactions share a document, and others write to it and to the one that the second waits for.
void TransactionTest::aTransactionHoldsItsDocumentsUntilItHasThemAll()
{
    QFETCH(int, first);
    QFETCH(int, second);
    QFETCH(int, third);
    QFETCH(int, lost);
    const DocumentId a("a"), b("b"), c("c");
    Rig rig({}, storage::MemoryBackend::Completion::InFlight);
    for (const char *id : {"a", "b", "c"})
        QVERIFY(rig.write(writeOf(id, R"({"n":0})")).has_value());
    rig.backend.failNextCommits({ErrorCode::VersionConflict, "lost"}, lost);
    int done = 0;
    write(rig, "b", done);
    step(rig, first);
    transact(rig, {a, c}, done);
    step(rig, second);
    transact(rig, {a, b}, done);
    step(rig, third);
    write(rig, "a", done);
    rig.run();
    QCOMPARE(done, 4);
    QCOMPARE(rig.state("a"), std::string(R"({"n":3})"));
    QCOMPARE(rig.state("b"), std::string(R"({"n":2})"));
    QCOMPARE(rig.state("c"), std::string(R"({"n":1})"));
}

} // namespace eventsync::sync::test
