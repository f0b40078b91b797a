// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::test {

// Long reads in their lane: beside the others, in turns, and cut off.
class QueriesTest final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void otherReadsDoNotWaitForThem();
    void requestersTakeTurns();
    void shortQueriesDoNotWaitBehindLongOnes();
    void whatIsPastItsDeadlineIsNotRead();
    void whatWaitsForARequesterThatHasGoneIsNotRead();
    void aQueryIsCutOffBetweenTwoRows_data();
    void aQueryIsCutOffBetweenTwoRows();
    void tooManyAreRefused();
    void theRequesterWithMostIsRefused();
    void whatWaitsAtTheEndIsAnswered();
};

} // namespace eventsync::test
