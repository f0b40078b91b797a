// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::client::test {

// The parts of one document at a client, each alone.
class PartsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anEntryChangesItsStateOnlyAsTheTableSays_data();
    void anEntryChangesItsStateOnlyAsTheTableSays();
    void thePageHasTheTableOfStates();
    void theQueueFindsEveryHolderOfAnEdit();
    void aRowThatIsRemovedAndInsertedAgainIsWritten();
    void pulling_data();
    void pulling();
    void pushing_data();
    void pushing();
    void notificationsComeInOrder();
    void manyPathsAreTheWholeDocument();
    void aPauseGrowsUntilSomethingSucceeds();
    void stepsOfUndoAreBounded();
    void aStepOfAnEditThatIsNotAppliedAsWrittenIsDropped();
    void aSnapshotIsCompleteWithItsLastPart();
    void aPartOfAnotherSnapshotBeginsAnew();
    void bytesOfAnotherSnapshotAreRefused();
    void anOwnIdIsNeverForgotten();
    void theHistoryRollsBackThroughItsInverses();
    void theHistoryKeepsWhatAConflictLooksAt();
    void whatAnEditHasNotSeenEndsAtItsBase();
    void theTreeConfirmsItsFirstEntryInPlace();
    void takenOffTheTreeTheQueueLeavesTheConfirmedState();
    void theSizeOfAPushedEditIsKnownWithoutItsBytes();
};

} // namespace eventsync::client::test
