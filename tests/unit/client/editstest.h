// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

namespace eventsync::client::test {

// Local edits: validated, shown, queued, undone.
class EditsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anEditShowsAtOnceAndIsQueued();
    void anEditThatChangesNothingMakesNoEntry();
    void refusedEditsChangeNothing_data();
    void refusedEditsChangeNothing();
    void whatOnlyTheServerSaysIsRefusedAtTheEdit();
    void namesThatCannotBeLoggedAreRefusedAtEveryDoor_data();
    void namesThatCannotBeLoggedAreRefusedAtEveryDoor();
    void whatAnEditThrowsComesBackAndChangesNothing_data();
    void whatAnEditThrowsComesBackAndChangesNothing();
    void whatAValidatorThrowsRefusesTheEdit();
    void whatNoPeerCouldReadIsRefusedAtTheEdit_data();
    void whatNoPeerCouldReadIsRefusedAtTheEdit();
    void anEditIsNoLargerThanTheServerTakes();
    void aFullQueueRefusesTheNextEdit();
    void aReaderEditsNothingAndWhatWaitsIsHeld();
    void aReaderStaysAReaderOverAnOfflineRestart();
    void anEditFunctionUsesThePolicy();
    void queuedEditsSurviveACrash();
    void undoTakesBackAndRedoRestores_data();
    void undoTakesBackAndRedoRestores();
    void undoWorksAfterARestart();
    void undoNeverOverwritesAnother();
    void undoOfACounterKeepsWhatOthersAdded();
};

} // namespace eventsync::client::test
