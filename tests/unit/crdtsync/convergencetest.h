// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::test {

class ConvergenceTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nodesThatLoseRepeatAndReorderEndEqual_data();
    void nodesThatLoseRepeatAndReorderEndEqual();
    void aLateJoinerGetsASnapshot();
    void aJoinerWithOwnEditsKeepsThem();
    void aCopiedReplicaIsReported();
    void aPatchUnderAStrangersNameIsNotApplied();
    void patchesWaitForWhatTheyReferTo();
    void theRoomForWaitingPatchesIsBounded();
    void nothingUnstoredGetsOut();
};

} // namespace eventsync::test
