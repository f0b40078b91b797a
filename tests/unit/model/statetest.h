// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

class StateTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void eventsFitOrFail_data();
    void eventsFitOrFail();
    void theSizeFollowsEveryChange();
    void revertingGoesBackStepByStep();
    void createAndDeleteOverlapEverything();
    void anInverseThatDoesNotFitIsCorrupt();
    void anEmptyPatchChangesNothing();
};
