// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/executors.h"

#include <eventsync/storage/backend.h>

#include <QObject>

#include <functional>
#include <memory>

namespace eventsync::test {

// What every Backend must do, as one Qt Test class. A backend's test derives from it, gives makeBackend() and, if its data outlives
// an instance, reopen(), and is run by QTest::qExec: the tests below run against it.
class BackendSuite : public QObject
{
    Q_OBJECT

protected:
    // An empty store.
    virtual std::unique_ptr<storage::Backend> makeBackend(const storage::Schema &schema) = 0;
    // The same store again, closed and opened; null if this backend keeps nothing.
    virtual std::unique_ptr<storage::Backend> reopen(const storage::Schema &schema)
    {
        Q_UNUSED(schema);
        return nullptr;
    }

    static storage::Schema schema();
    Result<storage::Committed> commit(storage::Batch batch);
    std::unique_ptr<storage::ReadView> view();
    std::vector<storage::Row> rows(const storage::Scan &scan);

    std::unique_ptr<storage::Backend> m_backend;
    ManualExecutor m_executor;

private Q_SLOTS:
    void init();
    void cleanup();

    void rowsComeBackAsTheyWerePut();
    void putReplacesByKeyAndKeepsUniqueValuesOfTheSameRow();
    void insertRefusesAKeyThatExists();
    void eraseTakesAKeyOrAllBelowAPrefix();
    void stepsOfABatchSeeThoseBeforeThem();
    void failingBatchChangesNothing_data();
    void failingBatchChangesNothing();
    void requireHoldsOnlyForTheVersionThatIsThere();
    void uniqueIndexRefusesTheSecondAndIgnoresNull();
    void indexFollowsChangesOfItsRow();
    void keysAreOrderedNullIntegerTextBlob();
    void scansRunInOrder_data();
    void scansRunInOrder();
    void scanStopsWhenTheVisitorSaysSo();
    void scansMayNest();
    void appendOnlyPositionsGrowAndAreNeverReused();
    void positionsOfAFailedBatchAreNotGiven();
    void viewShowsOneMoment();
    void answersComeInTheOrderOfCommits();
    void eachBatchOfAGroupFailsAlone();
    void answersGoToTheExecutorOfTheirCaller();
    void commitsOfManyThreadsAllArrive();
    void readRunsItsTaskWithAView();
    void concurrentIncrementsByRequireLoseNothing();
    void dataSurvivesReopening();
};

// Cells for tests: one(7), one("text"), blob("bytes").
storage::Cell one(std::int64_t number);
storage::Cell one(int number);
storage::Cell one(const char *text);
storage::Cell blob(const char *bytes);
storage::Cell null();

} // namespace eventsync::test
