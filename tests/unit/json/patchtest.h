// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

// Patches: what is refused and how, bounds, footprints, overlap (docs/merging.md), diff, merge patch.
class PatchTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void malformedPatchesAreRefused_data();
    void malformedPatchesAreRefused();
    void patchesThatDoNotFitChangeNothing_data();
    void patchesThatDoNotFitChangeNothing();
    void copiesAreChargedBeforeTheyAreMade();
    void shiftingAndMeasuringAreBounded();
    void stateIsCreatedAndDeletedAndBack();
    void netChangeIsFound_data();
    void netChangeIsFound();
    void anInverseHoldsNoMoreThanWhatChanged_data();
    void anInverseHoldsNoMoreThanWhatChanged();
    void heldBytesAreThoseThatAreAllocated_data();
    void heldBytesAreThoseThatAreAllocated();
    void overlapFollowsTheRules_data();
    void overlapFollowsTheRules();
    void comparingFootprintsCostsWhatTheSmallerOneNeeds();
    void malformedFootprintsAreCorrupt();
    void diffSpeaksTheShortestWay_data();
    void diffSpeaksTheShortestWay();
    void diffHonoursThePolicy();
    void aDiffNeverCostsMoreThanTheValue_data();
    void aDiffNeverCostsMoreThanTheValue();
    void mergePatchOfTheRfc_data();
    void mergePatchOfTheRfc();
    void nullCannotBeSaidInAMergePatch();
};
