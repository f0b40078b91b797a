// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "windowrig.h"

#include <QObject>

#include <memory>

namespace eventsync::desktop::test {

// One window: what it shows, and what a person does in it, without a server.
class WindowTest final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void showsWhatToDoWhileThereIsNothing();
    void editsWorkOfflineAndAreMarked();
    void whatIsTypedIsNotTakenAway();
    void aRefusedEditIsExplained();
    void undoTakesTheLastEditBack();
    void aGameIsDeletedOnlyAfterAQuestion();
    void aPageWhoseDocumentIsGoneSaysWhatToDo();
    void aDocumentThatIsNotGivenOutIsExplained();
    void aProfileIsOpenOnce();
    void aProfileCanBeTakenOver();
    void theProfileRemembers();
    void aScriptFailsWithItsLine();
    void aTextIsWrittenOffline();
    void undoTakesBackWhatWasTypedInOneGo();
    void whatIsTypedInVainIsNotLost();
    void aListIsEditedWithButtons();
    void entriesAreRenamedAndKeepTheirKind();

private:
    std::unique_ptr<WindowRig> m_rig;
};

} // namespace eventsync::desktop::test
