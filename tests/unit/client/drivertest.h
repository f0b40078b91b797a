// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::client::test {

// The parts of SyncClient that drive the core, each alone: the queue of steps, the link to the server, and the delays between
// attempts to connect. Time is a FakeClock; only the pings of an open link run on a timer.
class DriverTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whatIsAddedDuringACommitIsTheNextBatch();
    void nothingIsCommittedWhileStepsAreAnnounced();
    void aFailedBatchFailsTheStepsThatWait();
    void stepsThatAreDroppedEndTheirFutures();

    void aLinkEncodesAsItsConnectionDoes_data();
    void aLinkEncodesAsItsConnectionDoes();
    void aLinkPingsWhileItIsOpen();
    void aLinkIsSilentAfterTwoHeartbeats();
    void aDroppedLinkSendsWhatItHasAndCallsNothing();
    void aDroppedConnectionEndsWithItsLink();
    void aMutedLinkCallsNothing();
    void everyConnectionHasItsNumber();

    void theBoundOfTheDelayDoubles();
    void delaysAreSpreadBelowTheBound();
    void theServersPauseIsTheShortestDelay();
    void onlyAHealthyConnectionResetsTheDelay();
};

} // namespace eventsync::client::test
