// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

// The parts of a document's core, each alone: its recent events, what is prepared, the log itself.
class DocumentLogTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void noRecentEventsReachOnlyTheirEnd();
    void recentEventsGrowAtBothEndsWithoutAGap();
    void recentEventsAreCutAtTheirLimits();
    void aClockIsTakenBackToAnEarlierEvent();
    void preparedEventsAreFoundByEachOfTheirIds();
    void anEventGetsItsPlaceAndTheLogBeginsWithIt();
    void aLogShowsWhatIsCommittedAndWhatIsPrepared();
    void olderEventsAreMissingOnlyWithinReach_data();
    void olderEventsAreMissingOnlyWithinReach();
};
