// SPDX-License-Identifier: Apache-2.0
#include "storetest.h"

#include "corpus.h"

#include <support/executors.h>

#include <eventsync/crdtsync/patchstore.h>

#include <QTemporaryDir>
#include <QTest>

using namespace eventsync;
using namespace eventsync::crdtsync;

namespace {

Result<> storeNow(PatchStore &store, std::vector<Effects::StoreStep> steps)
{
    eventsync::test::ManualExecutor executor;
    std::optional<Result<>> answer;
    store.store(std::move(steps), executor, [&](Result<> result) { answer = std::move(result); });
    if (!executor.runUntil([&] { return answer.has_value(); }))
        return failure(ErrorCode::Timeout);
    return *answer;
}

Result<PatchStore::Page> readNow(PatchStore &store, std::vector<PatchRange> ranges, std::size_t bytes)
{
    eventsync::test::ManualExecutor executor;
    std::optional<Result<PatchStore::Page>> answer;
    store.read(std::move(ranges), bytes, executor, [&](Result<PatchStore::Page> result) { answer = std::move(result); });
    if (!executor.runUntil([&] { return answer.has_value(); }))
        return failure(ErrorCode::Timeout);
    return *answer;
}

} // namespace

namespace eventsync::test {

void StoreTest::patchesComeBackInTheOrderOfStoring_data()
{
    QTest::addColumn<bool>("sqlite");
    QTest::newRow("memory") << false;
    QTest::newRow("SQLite") << true;
}

void StoreTest::patchesComeBackInTheOrderOfStoring()
{
    QFETCH(bool, sqlite);
    const QTemporaryDir folder;
    const std::string path = folder.filePath(QStringLiteral("patches.db")).toStdString();
    std::unique_ptr<PatchStore> store;
    if (sqlite) {
        auto opened = SqlitePatchStore::open(path);
        QVERIFY2(opened.has_value(), opened ? "" : opened.error().toString().c_str());
        store = std::move(*opened);
    } else {
        store = std::make_unique<MemoryPatchStore>();
    }
    QVERIFY(store->load()->patches.empty());
    const std::vector<NumberedPatch> patches{numbered(kBob, 1), numbered(kAlice, 1), numbered(kAlice, 2), numbered(kBob, 2)};
    QVERIFY(storeNow(*store, {patches.begin(), patches.end()}).has_value());
    QVERIFY(store->load()->patches == patches);
    // Again, with one that is new: only that is added.
    QVERIFY(storeNow(*store, {patches[3], numbered(kBob, 3), patches[0]}).has_value());
    QCOMPARE(store->load()->patches.size(), std::size_t(5));
    const auto page = readNow(*store, {rangeOf(kAlice, 2, 9), rangeOf(kBob, 1, 2)}, 1'000'000);
    QVERIFY(page.has_value());
    QVERIFY(page->patches == (std::vector<NumberedPatch>{patches[2], patches[0], patches[3]}));
    QVERIFY(!page->more);
    VersionVector vector;
    vector.advance(ReplicaId(kBob), PatchNumber(2));
    ManualExecutor executor;
    std::optional<std::size_t> beyond;
    store->readBeyond(vector, executor, [&](Result<PatchStore::Page> result) { beyond = result->patches.size(); });
    QVERIFY(executor.runUntil([&] { return beyond.has_value(); }));
    QCOMPARE(*beyond, std::size_t(3));
}

void StoreTest::pagesEndWhereTheyAreFull()
{
    MemoryPatchStore store;
    std::vector<Effects::StoreStep> steps;
    for (int i = 1; i <= 10; ++i)
        steps.push_back(numbered(kAlice, i));
    QVERIFY(storeNow(store, steps).has_value());
    const auto first = readNow(store, {rangeOf(kAlice, 1, 10)}, 1); // always one
    QCOMPARE(first->patches.size(), std::size_t(1));
    QVERIFY(first->more);
    const std::size_t three = 3 * numbered(kAlice, 1).patch.bytes().size();
    QCOMPARE(readNow(store, {rangeOf(kAlice, 1, 10)}, three)->patches.size(), std::size_t(3));
    QVERIFY(!readNow(store, {rangeOf(kAlice, 8, 10)}, three)->more);
}

void StoreTest::anotherPatchUnderTheSameNumberIsAConflict()
{
    MemoryPatchStore store;
    QVERIFY(storeNow(store, {numbered(kAlice, 1)}).has_value());
    const auto refused = storeNow(store, {numbered(kBob, 1), numbered(kAlice, 1, 7)});
    QVERIFY(!refused);
    QVERIFY(refused.error().code == ErrorCode::Conflict);
    QCOMPARE(store.load()->patches.size(), std::size_t(1)); // nothing of it
}

void StoreTest::aSnapshotSurvivesReopening()
{
    const QTemporaryDir folder;
    const std::string path = folder.filePath(QStringLiteral("patches.db")).toStdString();
    SnapshotMessage snapshot;
    for (const Message &message : sampleMessages()) {
        if (const auto *sample = std::get_if<SnapshotMessage>(&message.body))
            snapshot = *sample;
    }
    {
        auto store = SqlitePatchStore::open(path);
        QVERIFY(store.has_value());
        QVERIFY(storeNow(**store, {numbered(kBob, 1), snapshot}).has_value());
        QVERIFY(storeNow(**store, {snapshot, numbered(kBob, 2)}).has_value()); // replaces it
    }
    auto store = SqlitePatchStore::open(path);
    QVERIFY(store.has_value());
    const auto stored = (*store)->load();
    QVERIFY(stored.has_value());
    QVERIFY(stored->snapshot == snapshot);
    QCOMPARE(stored->patches.size(), std::size_t(2));
}

} // namespace eventsync::test
