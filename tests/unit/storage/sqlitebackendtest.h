// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/backendsuite.h"

#include <QTemporaryDir>

namespace eventsync::test {

class SqliteBackendSuite final : public BackendSuite
{
    Q_OBJECT

protected:
    std::unique_ptr<storage::Backend> makeBackend(const storage::Schema &schema) override;
    std::unique_ptr<storage::Backend> reopen(const storage::Schema &schema) override;

private:
    std::unique_ptr<QTemporaryDir> m_folder;
};

// What only the SQLite backend meets: disks, files, processes, versions.
class SqliteBackendTest final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();

    void secondProcessIsToldWhoHoldsTheStore();
    void lockGoesWithItsProcess();
    void readOnlyStoreReadsBesideAWriter();
    void fileOrFolderWithoutRightIsReadOnly();
    void newStoreIsItsOwnersAlone();
    void newerSchemaIsTooNew();
    void olderSchemaIsMigrated();
    void anOlderStoreIsReadAsItIsOrSaysWhatToDo();
    void anOlderStoreGetsWhatWasAdded();
    void failedMigrationLeavesTheFileAsItWas();
    void tablesOfAnotherShapeAreRefused();
    void foreignFileIsRefused_data();
    void foreignFileIsRefused();
    void damagedPageIsFoundAtOpening();
    void missingFolderIsAnIoError();
    void groupIsOneTransactionAndNothingOfItShowsBefore();
    void batchOfAGroupFailsAlone_data();
    void batchOfAGroupFailsAlone();
    void fullStoreFailsTheGroupAndLosesNothing();
    void fullDiskRecoversWhenThereIsSpace();
    void killedProcessKeepsWhatItAcknowledged();
    void closingAnswersEverythingThatWaits();
    void backupIsOneMomentOfAStoreInUse();
    void backupNeverTakesThePlaceOfAFileOfTheStore_data();
    void backupNeverTakesThePlaceOfAFileOfTheStore();
    void backupTakesThePlaceOfAnotherFileOnlyWhenTold();
    void backupThroughALinkLeavesTheLink();
    void copyHoldsWhatLiesInTheWriteAheadLog();
    void emptyFileIsCorruptUnlessTheStoreMayBeginAnew();
    void writeAheadLogWithoutItsStoreIsKept();
    void lostFileTakesNoEdits_data();
    void lostFileTakesNoEdits();
    void healthSaysWhyCommitsFail();
    void failedFsyncTakesNoMoreEdits();
    void spaceOfErasedRowsIsGivenBack_data();
    void spaceOfErasedRowsIsGivenBack();
    void writeAheadLogIsMeasured();
    void writeAheadLogIsBroughtIntoTheStoreMeanwhile();
    void fileMadeByRootBelongsToTheFoldersOwner();
    void durabilityIsNamed();
    void scansNeverSort();

private:
    std::string path(const char *name = "store.db") const;

    std::unique_ptr<QTemporaryDir> m_folder;
};

} // namespace eventsync::test
