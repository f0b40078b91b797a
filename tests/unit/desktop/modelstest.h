// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::desktop::test {

class ModelsTest final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void rowsBecomeTheFreshOnes_data();
    void rowsBecomeTheFreshOnes();
    void stateTreeFollowsEveryChange();
    void stateTreeMarksWhatIsNotConfirmed_data();
    void stateTreeMarksWhatIsNotConfirmed();
    void stateTreeKeepsRowsThatStay();
    void stateTreeAsksForTypedValues_data();
    void stateTreeAsksForTypedValues();
    void logIsNewestFirstWithoutRepeats();
    void logForgetsWhatDiverged();
    void clockChangesOnlyTheRowThatGrew();
    void stateVectorsSayWhoIsBehind();
    void queueShowsWhatBecameOfEachEdit();
    void replicasAreCalledByTheNamesInTheirEdits();
    void documentsFollowTheSession();
};

} // namespace eventsync::desktop::test
