// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::client::test {

// Histories that were cut, copied, compacted or forbidden: what the replica does, and that no edit is lost (G9, G12, G13).
class RepairTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void checkpointsAreOfferedAtDoublingDistances();
    void divergedGoesBackAndRequeuesOwnEvents();
    void divergedToNothingStartsOver();
    void requeuedEditsStandBeforeTheOthers();
    void anotherVersionReturnsAsAConflict();
    void aSnapshotIsOneUnseenEvent_data();
    void aSnapshotIsOneUnseenEvent();
    void aSnapshotSettlesWhatIsKnown();
    void aSnapshotRequeuesAcknowledgedEditsThatItDoesNotKnow();
    void aSnapshotOfEachRootIsInstalledAsItIs_data();
    void aSnapshotOfEachRootIsInstalledAsItIs();
    void snapshotPartsAreStagedAndResumed();
    void aBrokenSnapshotIsFetchedAgain();
    void aCopyTakesANewId_data();
    void aCopyTakesANewId();
    void forgottenOwnIdsAreNoSignOfACopy();
    void aDecisionThatWasGivenUpIsNoSignOfACopy();
    void anOwnEditThatOvertookConflicts();
    void anotherVersionOfTheEditSettlesIt();
    void revokedPurgesAndKeepsTheEditsAsDeadLetters();
    void refusedDocumentsAreTold();
    void transientDocumentErrorsSubscribeAgain();
    void aRefusalForGoodMakesDeadLetters_data();
    void aRefusalForGoodMakesDeadLetters();
    void anEditAsksAgainWhereTheDocumentWasRefused();
    void aPushThatCannotBeReadMakesDeadLetters();
    void connectionErrorsSayWhetherToComeBack_data();
    void connectionErrorsSayWhetherToComeBack();
    void aDamagedStateIsFetchedAgain_data();
    void aDamagedStateIsFetchedAgain();
    void aDamagedEditIsShownAndNeverSent_data();
    void aDamagedEditIsShownAndNeverSent();
    void aDamagedEditThatWasLoggedIsNotSentAgain();
    void aDamagedRowOfADocumentIsNoFork();
    void anAnswerToTheSubscriptionBeforeIsNoDamage();
    void aProfileOfTheVersionBeforeIsOpened();
    void damageOfOneDocumentLeavesTheOthersAlone();
    void withoutItsClientIdAReplicaIsANewOne();
    void rowsWithoutAChecksumPass();
    void theHistoryIsBoundedAndTheStateSurvives();
    void theHistoryIsBoundedInWhatItsInversesHold();
};

} // namespace eventsync::client::test
