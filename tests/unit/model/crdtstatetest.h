// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

class CrdtStateTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aSessionFollowsFromTheClientId();
    void patchesFitOrFail_data();
    void patchesFitOrFail();
    void anEditMakesADiffAndChangesNothing();
    void aFailedEditLeavesNothingBehind();
    void revertingGoesBackStepByStep();
    void aPatchTakenBackWithoutItsGroundComesAgainWhole();
    void pendingPatchesMoveOverThoseOfOthers();
    void whatWasTakenBackIsNotThereForOthers();
    void aDeletedDocumentComesBack();
    void aDeletedDocumentIsForgottenWhenSettled();
    void aSnapshotValidatesAsTheLogDoes();
    void aSnapshotOfEachStepGoesOnTheSame();
    void settlingKeepsTheLastRevertible();
    void settlingForgetsNodesWithoutAPlace();
    void everyViewIsJsonThatCanBeRead();
    void copiesShareNothing();
    void bytesThatAreNoSnapshotAreCorrupt();
    void patchesNeverOverlap();
    void anyBytesAreRefusedOrFoldTheSameEverywhere();
    void timesAtTheEndAreRefused();
};
