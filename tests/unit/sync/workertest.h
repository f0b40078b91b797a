// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::sync::test {

// Edits that are validated on the worker's thread, and what happens to their document meanwhile.
class WorkerTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aLargeDocumentDoesNotDelayOthers();
    void theDocumentWaitsForItsEdit();
    void aCollectionThatTookLongGoesToTheWorker();
    void aSmallDocumentWithManyEventsStaysOnTheEngine();
    void codeThatWasPromisedTheThreadStaysOnIt();
    void rulesThatChangeMeanwhileAreThoseOfTheNextEdit();
    void aForkedConnectionIsKnownAfterwards();
    void theEndWaitsForTheWorker();
    void theServiceMayEndMeanwhile();
    void derivedRowsWaitForTheDocument();
    void onAThreadOfItsOwn();
};

} // namespace eventsync::sync::test
