// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::sync::test {

// Fan-out, catch-up and watching at some length, and a log that is not what was logged.
class CatchUpTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anEventIsOneMessageForAll();
    void clocksStandBesideEvents();
    void aVectorClockSubscriptionStartsAfterWhatItCovers();
    void documentsTakeTurnsInCatchUp();
    void aWatchListsThousandsAndTellsWhatLeavesTheFilter();
    void aSaltedEventKeepsItsPlaceInTheChain();
    void aForeignHistoryIsToldWhereItParts();
    void whatIsBeingCommittedIsNoPositionYet_data();
    void whatIsBeingCommittedIsNoPositionYet();
    void behindTheHorizonASnapshotSaysWhatItKnows();
    void aSnapshotTellsEachRootFromNoDocument_data();
    void aSnapshotTellsEachRootFromNoDocument();
    void aSnapshotGoesInPartsAndIsResumed();
    void aSlowReaderDelaysNobodyAndCatchesUp();
    void aDamagedLogIsNotSentOn_data();
    void aDamagedLogIsNotSentOn();
    void questionsMeetDamageByNameAndItIsSaidOnce();
    void aWatchLeavesADamagedDocumentOut();
    void anEventThatFitsNoFrameIsPassedOverByASnapshot();
    void aLargeClockIsNoReasonForALargeFrame();
};

} // namespace eventsync::sync::test
