// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

#include <memory>

namespace eventsync::desktop::test {

class WindowTest final : public QObject
{
    Q_OBJECT

public:
    WindowTest();
    ~WindowTest() override;

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
    void twoReplicasSeeEachOther_data();
    void twoReplicasSeeEachOther();
    void aConflictIsDecidedByThePerson_data();
    void aConflictIsDecidedByThePerson();
    void aTextIsWrittenOffline();
    void undoTakesBackWhatWasTypedInOneGo();
    void aListIsEditedWithButtons();
    void entriesAreRenamedAndKeepTheirKind();
    void textsAreWrittenTogether_data();
    void textsAreWrittenTogether();
    void listsAreEditedTogether();
    void showsWhoElseLooks();

private:
    struct Rig;
    std::unique_ptr<Rig> m_rig;
};

} // namespace eventsync::desktop::test
