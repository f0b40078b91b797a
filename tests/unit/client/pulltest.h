// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::client::test {

// What the log brings, and what is pushed: the rules of docs/protocol.md and docs/merging.md, one by one.
class PullTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void connectingPullsBeforeItPushes();
    void anOwnEventLeavesTheQueueAtItsEvent();
    void anAckBehindTheEventChangesNothing();
    void theAckAloneDoesNotSettle();
    void eventsApplyOnlyInOrder();
    void aGapAsksAgainOnce();
    void eventsOfAnotherHistoryAskAgain();
    void whatDoesNotOverlapIsRebased();
    void whatOverlapsBecomesAConflict();
    void sentEntriesAreFrozenUntilAnswered();
    void whatFollowsAConflictIsAConflict();
    void whatFollowsARefusalIsADeadLetter();
    void afterARefusalNothingIsSentUntilAllIsAnswered();
    void aTransientRefusalIsTriedAgainLater();
    void inFlightIsLimited();
    void largePushesAreSplitByFrames();
    void pushesFitFramesOfEitherCodec();
    void aLostAnswerIsSettledByTheEvent();
    void aLostPushIsPushedAgainUnderTheSameId();
    void aDuplicateAtOrBelowThePositionSettles();
    void theWaitOfAConflictEndsAtSynced();
    void anEntryThatNoLongerPassesIsAConflict();
    void whatTheLogItselfDoesNotPassIsNoFaultOfAnEntry();
    void presenceIsToldOnceTheDocumentIsInStep();
    void manyEventsPassALongQueueInBoundedSteps();
    void whatAFullListDoesNotNameHasGone_data();
    void whatAFullListDoesNotNameHasGone();
};

} // namespace eventsync::client::test
