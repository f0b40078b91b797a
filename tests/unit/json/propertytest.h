// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

// Laws on random documents and patches. EVENTSYNC_SEED starts elsewhere, EVENTSYNC_RUNS runs longer; a failure prints the
// seed of its case.
class PropertyTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void patchesThatDoNotOverlapCommute();
    void overlapIsThatOfAllPairs();
    void inverseGivesBackTheStateBefore();
    void diffLeadsFromOneValueToTheOther();
    void mergePatchLeadsFromOneValueToTheOther();
};
