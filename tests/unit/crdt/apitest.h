// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

class ApiTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void rootBuildsAnyJson_data();
    void rootBuildsAnyJson();
    void pathsLeadThroughRegisters();
    void positionsInsideSurrogatePairsAreRefused();
    void halfAPairIsNeverGivenOut();
    void anchorsStayWithTheirText();
    void readersTellWhereIdsShow();
    void observersSeeRemoteTextChangesInOrder();
    void flushGivesOnePatchThatSkipsWhatOthersMade();
    void diffOfTextIsSmallest_data();
    void diffOfTextIsSmallest();
    void diffOfValuesKeepsWhatIsShared();
    void undoTakesBackOwnEditsOnly();
    void undoOfADeleteComesBackInItsPlace();
    void redoAfterUndoGivesTheSameText();
    void undoLeavesAValueSomebodyElseSet();
    void missingDependencyChangesNothing();
    void timeFarAheadIsRefused();
    void serverClockRefusesAGap();
    void forksShareNothing();
    void rebasedPatchAppliesAtItsNewTime();
    void renamedPatchSplitsADeletionAcrossTheBorder();
    void undoStepsMayBeKeptElsewhere();
    void brokenUndoStepsAreRefused_data();
    void brokenUndoStepsAreRefused();
    void hiddenKeyIsRefusedAndNotShown();
    void deepNestingShowsAsNull();
    void patchMetaSurvivesEveryEncoding();
    void documentWithAValueOlderThanItsContainerIsRefused();
    void historyShowsEveryEarlierState();
    void historiesMergeWhatTheOtherHas();
    void subscribersHearOfTheirPathOnly();
    void typedViewsReadAndWriteTheirFields();
};
