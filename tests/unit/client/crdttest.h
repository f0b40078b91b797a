// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::client::test {

// Documents of kind crdt at the client.
class CrdtTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anEditShowsAtOnceAndIsQueuedAsOnePatch();
    void anEditThatFailsHalfWayLeavesNothing();
    void anEditThatFlushesIsRefused();
    void anEditThatChangesNothingMakesNoEntry();
    void jsonEditsAreTranslated();
    void otherKindsAreRefused();
    void othersEditsMergeWithWhatWaits();
    void offlineEditsOfTwoDevicesMergeWithoutConflict();
    void changesToldInOrderLeadAnEditorToTheDocument();
    void aDocumentMadeAnewIsToldAsReset();
    void undoTakesBackOwnEditsOnlyAlsoAfterARestart();
    void undoSkipsWhatOthersHaveTakenAway();
    void undoOfADeleteBringsTheDocumentBack();
    void aRefusedEditTakesWhatStandsOnItAlong();
    void aRefusedEditMayBeTriedAgain();
    void anEditOfADeletedDocumentIsAConflict();
    void theDecisionIsRecordedInPatchesOfTheView();
    void aSnapshotIsInstalledUnderWhatWaits();
    void anEditOfADocumentMadeAnewIsAConflict_data();
    void anEditOfADocumentMadeAnewIsAConflict();
    void anEditOfOnesOwnNewDocumentIsNone();
    void aLostHistoryComesBackFromTheQueue();
    void aPatchThatCameTooEarlyWaitsForWhatItStandsOn();
    void aPatchThatWaitedLetsALaterOneInFlightGoFirst();
    void aForkIsHeardAlsoAboutAnEditThatIsSettled();
    void aCopyWritesItsEditsAgainUnderANewSession();
    void whatStandsOnAnEditInFlightWaitsForItsAnswer();
    void whatWaitsForAnAnswerKeepsItsIdsApart();
    void aVersionThatTheTwinLoggedIsTakenBack();
};

} // namespace eventsync::client::test
