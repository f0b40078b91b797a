// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::test {

class SetsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void emptySetsAreEqual();
    void sumsDoNotDependOnTheOrder();
    void rangesAndRunsAgreeWithAPlainSet();
    void aBlockStandsForItsPatches();
    void bothSidesFindExactlyWhatDiffers();
    void blocksAreComparedWithSinglePatches();
    void aPatchWithOtherContentIsFound();
    void fewDifferencesCostFewBytes();
    void answersAreBounded();
    void vectorsTellWhatIsMissing();
};

} // namespace eventsync::test
