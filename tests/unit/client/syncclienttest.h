// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::client::test {

// The QObject face, against a small server behind a loopback connection.
class SyncClientTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void editsTravelAndComeBack();
    void anAnswerInPiecesIsPutTogether_data();
    void anAnswerInPiecesIsPutTogether();
    void stateVectorsAreAskedForToTheLast();
    void offlineEditsWaitAndAreSentLater();
    void aLostConnectionIsDialledAgain();
    void refusedForGoodStaysAway();
    void resolversDecideByThemselves();
    void everyFutureEnds();
    void questionsTimeOut();
    void anAnswerThatStopsAfterAPieceTimesOut();
    void aFailedStoreGoesBackToWhatIsDurable();
    void aStoreThatCannotBeReadAgainIsLostForGood();
    void anErrorIsToldWhileSomethingIsWrong();
    void aCallFromAnotherThreadIsAnAssertion();
    void whatAResolverThrowsIsForAPerson();
    void aWatchThatThrowsHearsTheNextChange();
    void whatABackendThrowsIsAFailedStore();
    void aConnectionThatThrowsIsRefused();
    void namesThatCannotBeLoggedAreRefusedAtTheCall();
    void editsOfDocumentsThatAreNotOpenTravel();
    void aPauseOfTheClientIsNoSilenceOfTheServer();
    void aSilentServerIsLeft();
    void watchesHearOfTheirPathsOnly();
    void aProfileIsLockedAgainstASecondClient();
    void queuedEditsSurviveKill();
    void tenThousandEventsWithPendingEditsAreLinear();
};

// The child process of queuedEditsSurviveKill: edits the profile at `path` and prints the ids that are durable.
int editUntilKilled(const char *path);
int callFromAnotherThread(); // does not return

} // namespace eventsync::client::test
