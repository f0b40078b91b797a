// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::sync::test {

// Fan-out, catch-up and watching at some length, what is bounded, what is done with time, and several nodes on one store.
class UpkeepTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anEventIsOneMessageForAll();
    void clocksStandBesideEvents();
    void aVectorClockSubscriptionStartsAfterWhatItCovers();
    void documentsTakeTurnsInCatchUp();
    void aWatchListsThousandsAndTellsWhatLeavesTheFilter();
    void underTheStrictPolicyAnythingUnseenIsAConflict();
    void aSaltedEventKeepsItsPlaceInTheChain();
    void aRepeatedWriteGivesTheFirstAnswer();
    void pushesThatWaitAreBoundedInBytes_data();
    void pushesThatWaitAreBoundedInBytes();
    void leavingAndComingBackGrantsNoMoreBytes();
    void anEventOverTheLimitIsRefusedUnlessItIsKnown();
    void clientsThatStayedAwayAreForgotten();
    void aSnapshotIsStoredEverySoManyEvents();
    void aLongLogIsCompactedInSteps();
    void aCompactionThatFailsLeavesWhatTheStoreSays_data();
    void aCompactionThatFailsLeavesWhatTheStoreSays();
    void otherRulesHoldFromTheNextEvent();
    void answersAreTimed();
    void aDocumentThatCannotBeReadIsTriedAgain_data();
    void aDocumentThatCannotBeReadIsTriedAgain();
    void nodesHearOfEachOthersCommits();
    void aNodeThatHearsNothingPolls();
    void aWatcherHearsOfAnotherNodesDocuments();
};

} // namespace eventsync::sync::test
