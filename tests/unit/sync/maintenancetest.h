// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::sync::test {

// What is bounded, what is done with time, and what a store that fails leads to.
class MaintenanceTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void underTheStrictPolicyAnythingUnseenIsAConflict();
    void aRepeatedWriteGivesTheFirstAnswer();
    void pushesThatWaitAreBoundedInBytes_data();
    void pushesThatWaitAreBoundedInBytes();
    void leavingAndComingBackGrantsNoMoreBytes();
    void anEventOverTheLimitIsRefusedUnlessItIsKnown();
    void clientsThatStayedAwayAreForgotten();
    void aClockThatWasSetMakesNobodyOlder_data();
    void aClockThatWasSetMakesNobodyOlder();
    void theTimeSeenOutlivesARestart();
    void aForgottenClientThatKnowsItsSecretComesBack();
    void aTimeFarAheadDoesNotStayTheLatest_data();
    void aTimeFarAheadDoesNotStayTheLatest();
    void aSnapshotIsStoredEverySoManyEvents();
    void logsAreKeptShortByTheRuleOfTheirCollection();
    void aDamagedDocumentLeavesOthersKeptShort();
    void aLongLogIsCompactedInSteps();
    void aCompactionThatFailsLeavesWhatTheStoreSays_data();
    void aCompactionThatFailsLeavesWhatTheStoreSays();
    void otherRulesHoldFromTheNextEvent();
    void answersAreTimed();
    void theLastEventsOfADocumentAreBoundedInHeldBytes();
    void editsThatHaveNoRoomWaitForTheCommitBefore();
    void whatWasUsedLongestAgoLeavesMemoryFirst();
    void withoutMemoryOneEditIsRefusedAndOthersGoOn();
    void anEditFunctionWithoutMemoryIsUnavailable();
    void aDocumentThatCannotBeReadIsTriedAgain_data();
    void aDocumentThatCannotBeReadIsTriedAgain();
    void aClientMayExpireWhileItsCursorCannotBeWritten();
};

} // namespace eventsync::sync::test
