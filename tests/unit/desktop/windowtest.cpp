// SPDX-License-Identifier: Apache-2.0
#include "windowtest.h"

#include <desktop/play/actions.h>
#include <desktop/play/player.h>

#include <QAbstractItemView>
#include <QClipboard>
#include <QGuiApplication>
#include <QScreen>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>

namespace eventsync::desktop::test {

using namespace Qt::StringLiterals;

void WindowTest::init()
{
    m_rig = std::make_unique<WindowRig>();
    QVERIFY(m_rig->open(u"alice"_s));
}

void WindowTest::cleanup()
{
    m_rig->close();
    m_rig.reset();
}

void WindowTest::showsWhatToDoWhileThereIsNothing()
{
    PLAY(u"expect visible gamesViewEmpty"_s);
    PLAY(u"expect visible noGame"_s);
    PLAY(u"expect contains noGame document"_s); // any kind may be shown
    PLAY(u"expect disabled deleteGameButton"_s);
    PLAY(u"expect hidden conflictBanner"_s);
    PLAY(u"select tabs queueTab"_s);
    PLAY(u"expect visible queueViewEmpty"_s);
}

void WindowTest::editsWorkOfflineAndAreMarked()
{
    PLAY(u"click newGameButton"_s);
    PLAY(u"expect disabled createGameButton"_s);
    PLAY(u"set-text newGameName \"용의 전설\""_s);
    PLAY(u"click createGameButton"_s);
    PLAY(u"wait-for text gameTitle \"용의 전설\""_s);
    PLAY(u"expect row gamesView \"용의 전설\" 100"_s);
    PLAY(u"click addGoldButton"_s);
    PLAY(u"click levelUpButton"_s);
    PLAY(u"edit /experience 70"_s);
    PLAY(u"wait-for state /gold 150"_s);
    PLAY(u"wait-for state /experience 70"_s);
    PLAY(u"expect text goldEdit 150"_s);
    PLAY(u"expect visible goldMark"_s);
    PLAY(u"wait-for queue waiting=4 sent=0"_s);
    PLAY(u"expect row stateView gold 150"_s);
    PLAY(u"select tabs queueTab"_s);
    PLAY(u"wait-for row queueView \"gold +50\""_s);
    PLAY(u"expect rows queueView 4"_s);
}

void WindowTest::whatIsTypedIsNotTakenAway()
{
    QVERIFY(m_rig->show(Session::Kind::Game, u"Zoe"_s));
    PLAY(u"set-text nameEdit Half"_s);
    PLAY(u"click addGoldButton"_s);
    PLAY(u"wait-for text goldEdit 150"_s);
    PLAY(u"expect text nameEdit Half"_s);
    PLAY(u"expect enabled saveButton"_s);
    PLAY(u"click revertButton"_s);
    PLAY(u"expect text nameEdit Zoe"_s);
    PLAY(u"expect disabled saveButton"_s);
    PLAY(u"set-text nameEdit Whole"_s);
    PLAY(u"key nameEdit Return"_s);
    PLAY(u"wait-for state /name '\"Whole\"'"_s);
}

void WindowTest::aRefusedEditIsExplained()
{
    QVERIFY(m_rig->show(Session::Kind::Game, u"Zoe"_s));
    PLAY(u"set-text goldEdit -5"_s);
    PLAY(u"click saveButton"_s);
    PLAY(u"wait-for visible noticeText"_s);
    PLAY(u"expect contains noticeText \"rules of this collection\""_s);
    PLAY(u"expect state /gold 100"_s);
    PLAY(u"click closeNoticeButton"_s);
    PLAY(u"expect hidden noticeText"_s);
}

void WindowTest::undoTakesTheLastEditBack()
{
    QVERIFY(m_rig->show(Session::Kind::Game, u"Zoe"_s));
    PLAY(u"click addGoldButton"_s);
    PLAY(u"trigger undoAction"_s);
    PLAY(u"wait-for state /gold 100"_s);
    PLAY(u"trigger redoAction"_s);
    PLAY(u"wait-for state /gold 150"_s);
}

void WindowTest::aGameIsDeletedOnlyAfterAQuestion()
{
    QVERIFY(m_rig->show(Session::Kind::Game, u"Zoe"_s));
    PLAY(u"click deleteGameButton"_s);
    QVERIFY(!m_rig->play(u"click newGameButton within 50ms"_s).isEmpty()); // the question is in front
    PLAY(u"click keepGameButton"_s);
    PLAY(u"expect row gamesView Zoe"_s);
    PLAY(u"click deleteGameButton"_s);
    PLAY(u"key deleteQuestion Return"_s);
    PLAY(u"wait-for hidden keepGameButton"_s);
    PLAY(u"expect row gamesView Zoe"_s);
    PLAY(u"click deleteGameButton"_s);
    PLAY(u"click confirmDeleteButton"_s);
    PLAY(u"wait-for visible gamesViewEmpty"_s);
}

void WindowTest::aPageWhoseDocumentIsGoneSaysWhatToDo()
{
    const auto id = m_rig->show(Session::Kind::Text, u"Notes"_s);
    QVERIFY(id);
    PLAY(u"wait-for visible textEditor"_s);
    m_rig->session->removeDocument(*id);
    PLAY(u"wait-for visible noTextSelected"_s);
    PLAY(u"expect contains noTextSelected document"_s);
    PLAY(u"select tabs contentsTab"_s);
    PLAY(u"expect visible noContentsSelected"_s);
}

void WindowTest::aDocumentThatIsNotGivenOutIsExplained()
{
    const auto id = m_rig->session->createGame(u"Zoe"_s);
    QVERIFY(id);
    Q_EMIT m_rig->session->client().documentRefused(*id, {ErrorCode::Corrupt, "event 7 is not what was logged"});
    PLAY(u"wait-for contains noticeText Zoe"_s);
    PLAY(u"expect contains noticeText \"event 7 is not what was logged\""_s);
}

void WindowTest::aProfileIsOpenOnce()
{
    const auto again = Profile::open(u"alice"_s, m_rig->folder.path());
    QVERIFY(!again);
    QCOMPARE(again.error().code, ErrorCode::StoreLocked);
    QVERIFY(Profile::open(u"bob"_s, m_rig->folder.path()));
    m_rig->close();
    QVERIFY(Profile::open(u"alice"_s, m_rig->folder.path()));
}

void WindowTest::aProfileCanBeTakenOver()
{
    QSignalSpy asked(m_rig->profile.get(), &Profile::takenOver);
    QVERIFY(Profile::takeOver(u"alice"_s, m_rig->folder.path()));
    QVERIFY(asked.wait(kWaitMs));
    QTRY_VERIFY_WITH_TIMEOUT(!m_rig->window->isVisible(), kWaitMs); // its window closes
    m_rig->close();
    QVERIFY(!Profile::takeOver(u"alice"_s, m_rig->folder.path())); // nobody is there any more
    QVERIFY(m_rig->open(u"alice"_s));
}

void WindowTest::theProfileRemembers()
{
    const auto id = m_rig->show(Session::Kind::Game, u"Zoe"_s);
    QVERIFY(id);
    // Not below its smallest size, and within the screen: newer versions of Qt fit a larger window into it.
    const QSize size = m_rig->window->screen()->availableSize() - QSize(40, 120);
    m_rig->window->resize(size);
    m_rig->window->setOffline(true);
    m_rig->window->connectTo(QUrl(u"http://127.0.0.1:1"_s), Transport::Sse);
    const std::string clientId = m_rig->session->core().clientId().text();
    PLAY(u"wait-for queue waiting=1"_s);
    QTest::qWait(50); // durable
    m_rig->window->close();
    m_rig->close();
    QVERIFY(m_rig->open(u"alice"_s));
    QCOMPARE(m_rig->session->core().clientId().text(), clientId);
    QCOMPARE(m_rig->profile->server(), u"http://127.0.0.1:1"_s);
    QVERIFY(m_rig->profile->transport() == Transport::Sse);
    QVERIFY(m_rig->profile->document() == id);
    QVERIFY(m_rig->profile->isOffline());
    QCOMPARE(m_rig->window->size(), size);
    PLAY(u"expect queue waiting=1"_s);
    PLAY(u"expect row gamesView Zoe"_s);
}

void WindowTest::aScriptFailsWithItsLine()
{
    Player player(*m_rig->window, u"test.play"_s);
    QSignalSpy ended(&player, &Player::finished);
    auto steps = parsePlayScript(u"expect visible gamesViewEmpty\n\nclick saveButton within 50ms\nquit\n"_s);
    QVERIFY(steps);
    player.play(std::move(*steps));
    QVERIFY(ended.wait(kWaitMs));
    QVERIFY(ended.first().first().value<ExitCode>() == ExitCode::PlayFailed);
    Player good(*m_rig->window, u"good.play"_s);
    QSignalSpy goodEnded(&good, &Player::finished);
    good.play(parsePlayScript(u"expect visible gamesViewEmpty\npause 10ms\n"_s).value());
    QVERIFY(goodEnded.wait(kWaitMs));
    QVERIFY(goodEnded.first().first().value<ExitCode>() == ExitCode::Success);
}

void WindowTest::aTextIsWrittenOffline()
{
    PLAY(u"trigger newTextAction"_s);
    PLAY(u"set-text newGameName \"회의록\""_s);
    PLAY(u"click createGameButton"_s);
    PLAY(u"wait-for visible textEditor"_s);
    PLAY(u"expect text textTitle \"회의록\""_s);
    PLAY(u"expect row gamesView \"회의록\" Text"_s);
    PLAY(u"expect hidden stateView"_s);
    PLAY(u"type textEditor \"안녕하세요\\n😀\""_s);
    PLAY(u"wait-for state /text '\"안녕하세요\\n😀\"'"_s);
    PLAY(u"cursor textEditor 2"_s);
    PLAY(u"type textEditor \"!\""_s);
    PLAY(u"wait-for state /text '\"안녕!하세요\\n😀\"'"_s);
    PLAY(u"select tabs contentsTab"_s);
    PLAY(u"expect row contentsView text \"안녕!하세요\""_s);
    PLAY(u"edit /name '\"회의록 2\"'"_s);
    PLAY(u"wait-for row gamesView \"회의록 2\""_s);
    PLAY(u"select tabs textTab"_s);
    PLAY(u"wait-for text textTitle \"회의록 2\""_s);
    // A game is shown on its own page, and the text again on the one it was on.
    QVERIFY(m_rig->session->createGame(u"Zoe"_s));
    PLAY(u"select gamesView Zoe"_s);
    PLAY(u"wait-for visible stateView"_s);
    PLAY(u"expect hidden textEditor"_s);
    PLAY(u"select gamesView \"회의록\""_s);
    PLAY(u"wait-for text textEditor \"안녕!하세요\\n😀\""_s);
    // And all of it is there when the window is opened again.
    m_rig->window->close();
    QTest::qWait(50);
    m_rig->close();
    QVERIFY(m_rig->open(u"alice"_s));
    PLAY(u"select gamesView \"회의록\""_s);
    PLAY(u"wait-for text textEditor \"안녕!하세요\\n😀\""_s);
}

void WindowTest::undoTakesBackWhatWasTypedInOneGo()
{
    QVERIFY(m_rig->show(Session::Kind::Text, u"Notes"_s));
    PLAY(u"type textEditor \"one\""_s);
    PLAY(u"wait-for state /text '\"one\"'"_s);
    PLAY(u"cursor textEditor 0"_s); // elsewhere: a step of its own
    for (const QString &letter : {u"t"_s, u"w"_s, u"o"_s, u"_"_s}) {
        PLAY(u"type textEditor "_s + letter);
        QTest::qWait(150); // several patches
    }
    PLAY(u"wait-for state /text '\"two_one\"'"_s);
    PLAY(u"trigger undoAction"_s);
    PLAY(u"wait-for text textEditor one"_s);
    PLAY(u"trigger redoAction"_s);
    PLAY(u"wait-for text textEditor two_one"_s);
    PLAY(u"key textEditor Ctrl+Z"_s);
    PLAY(u"key textEditor Ctrl+Z"_s);
    PLAY(u"wait-for text textEditor \"\""_s);
    PLAY(u"type textEditor end"_s);
    PLAY(u"wait-for state /text '\"end\"'"_s);
}

void WindowTest::whatIsTypedInVainIsNotLost()
{
    m_rig->close();
    m_rig->queueEntries = 2;
    QVERIFY(m_rig->open(u"alice"_s));
    QVERIFY(m_rig->session->createGame(u"Zoe"_s));
    const auto id = m_rig->session->create(Session::Kind::Text, u"Notes"_s);
    QVERIFY(id);
    m_rig->window->showDocument(*id);
    const auto press = [&](const char *banner) {
        auto *button = m_rig->window->findChild<QWidget *>(QLatin1StringView(banner))->findChild<QToolButton *>();
        QGuiApplication::clipboard()->clear();
        button->click();
        return QGuiApplication::clipboard()->text();
    };
    PLAY(u"wait-for visible textEditor"_s);
    PLAY(u"expect hidden textUnsaved"_s);
    PLAY(u"type textEditor \"hello\""_s); // the queue is full
    PLAY(u"wait-for visible textUnsaved"_s);
    PLAY(u"expect text textEditor hello"_s);
    PLAY(u"expect state /text '\"\"'"_s);
    QCOMPARE(press("textUnsaved"), u"hello"_s);
    PLAY(u"expect text textEditor hello"_s);
    PLAY(u"expect hidden textLost"_s);
    PLAY(u"select gamesView Zoe"_s);
    PLAY(u"wait-for visible textLost"_s);
    PLAY(u"wait-for visible stateView"_s);
    QCOMPARE(press("textLost"), u"hello"_s);
    PLAY(u"expect hidden textLost"_s);
    PLAY(u"select gamesView Notes"_s);
    PLAY(u"wait-for text textEditor \"\""_s);
    PLAY(u"expect hidden textUnsaved"_s);

    PLAY(u"type textEditor again"_s);
    PLAY(u"wait-for visible textUnsaved"_s);
    m_rig->window->close();
    PLAY(u"click keepOpenButton"_s);
    QVERIFY(m_rig->window->isVisible());
    m_rig->window->close();
    PLAY(u"click confirmCloseButton"_s);
    QTRY_VERIFY_WITH_TIMEOUT(!m_rig->window->isVisible(), kWaitMs);
}

void WindowTest::aListIsEditedWithButtons()
{
    PLAY(u"trigger newListAction"_s);
    PLAY(u"set-text newGameName Shopping"_s);
    PLAY(u"click createGameButton"_s);
    PLAY(u"wait-for visible contentsView"_s);
    PLAY(u"expect hidden textEditor"_s);
    PLAY(u"expect row gamesView Shopping List"_s);
    PLAY(u"select contentsView items"_s);
    PLAY(u"expect disabled moveUpButton"_s);
    PLAY(u"click addEntryButton"_s);
    PLAY(u"wait-for state /items '[\"\"]'"_s);
    PLAY(u"edit /items/0 '\"우유\"'"_s);
    PLAY(u"wait-for state /items '[\"우유\"]'"_s);
    PLAY(u"select contentsView 우유"_s);
    PLAY(u"click addEntryButton"_s); // behind what is selected
    PLAY(u"edit /items/1 '\"Bread\"'"_s);
    PLAY(u"wait-for state /items '[\"우유\",\"Bread\"]'"_s);
    PLAY(u"select contentsView Bread"_s);
    PLAY(u"expect disabled moveDownButton"_s);
    PLAY(u"click moveUpButton"_s);
    PLAY(u"wait-for state /items '[\"Bread\",\"우유\"]'"_s);
    PLAY(u"trigger undoAction"_s);
    PLAY(u"wait-for state /items '[\"우유\",\"Bread\"]'"_s);
    PLAY(u"select contentsView 우유"_s);
    PLAY(u"click removeEntryButton"_s);
    PLAY(u"wait-for state /items '[\"Bread\"]'"_s);
    PLAY(u"select contentsView items"_s);
    PLAY(u"trigger addNumberAction"_s);
    PLAY(u"edit /items/1 7"_s);
    PLAY(u"wait-for state /items '[\"Bread\",7]'"_s);
    PLAY(u"select contentsView items"_s);
    PLAY(u"trigger addObjectAction"_s);
    PLAY(u"wait-for state /items '[\"Bread\",7,{}]'"_s);
}

void WindowTest::entriesAreRenamedAndKeepTheirKind()
{
    QVERIFY(m_rig->show(Session::Kind::List, u"Shopping"_s));
    PLAY(u"wait-for visible contentsView"_s);
    PLAY(u"select contentsView name"_s);
    PLAY(u"click addEntryButton"_s); // a member beside the name
    PLAY(u"wait-for state /new '\"\"'"_s);
    auto *tree = qobject_cast<QAbstractItemView *>(findWidget(u"contentsView"_s));
    QVERIFY(tree);
    auto rename = [&](const QString &from, const QString &to) {
        const QModelIndex row = findRow(*tree, {from});
        return row.isValid() && tree->model()->setData(row.siblingAtColumn(0), to);
    };
    QVERIFY(rename(u"new"_s, u"가게"_s));
    PLAY(u"wait-for state /가게 '\"\"'"_s);
    PLAY(u"expect no-state /new"_s);
    QVERIFY(rename(u"가게"_s, u"name"_s)); // there is one
    PLAY(u"wait-for contains noticeText \"\\\"name\\\" already\""_s);
    PLAY(u"expect state /가게 '\"\"'"_s);
}

} // namespace eventsync::desktop::test
