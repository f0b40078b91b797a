// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::sync::test {

// Documents of kind crdt in the ordinary pipeline.
class CrdtTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void concurrentPatchesMergeWithoutConflict();
    void everyPatchIsValidatedByTheRules_data();
    void everyPatchIsValidatedByTheRules();
    void aPatchThatRepeatsTimesForksItsConnection();
    void aRefusedPatchMayComeAgainWhenWhatItNeedsIsThere();
    void aDocumentKeepsItsKind();
    void aDeleteAgainstAnUnseenEditIsAConflict();
    void strictCollectionsLetNoUnseenPatchPass();
    void theValidatorSeesTheView();
    void engineFieldsAreNotWritten();
    void aDocumentGrowsToItsLimit();
    void behindTheHorizonTheWholeDocumentIsSent_data();
    void behindTheHorizonTheWholeDocumentIsSent();
    void aRestartGoesOnWhereItWas_data();
    void aRestartGoesOnWhereItWas();
    void pastStatesAreRead();
    void codeWritesBecomePatches();
    void aDocumentThatCodeMakesAnewHasOtherIds();
    void manyRandomEditorsAgreeWithTheServer();
};

} // namespace eventsync::sync::test
