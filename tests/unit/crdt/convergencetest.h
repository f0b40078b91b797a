// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

// G14: replicas that apply the same patches are equal, whatever the order, repetition and grouping.
class ConvergenceTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void randomReplicasConverge();
    void containersTakeWhatIsYoungerThanThey_data();
    void containersTakeWhatIsYoungerThanThey();
    void sequenceAgreesWithTheDefinition();
    void largeTextsAgreeWithAPlainString();
};
