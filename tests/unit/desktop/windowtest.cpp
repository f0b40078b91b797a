// SPDX-License-Identifier: Apache-2.0
#include "windowtest.h"

#include <desktop/panels/mainwindow.h>
#include <desktop/play/actions.h>
#include <desktop/play/player.h>

#include <QAbstractItemView>
#include <QElapsedTimer>
#include <QProcess>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

namespace eventsync::desktop::test {

using namespace Qt::StringLiterals;
using client::SyncClient;

namespace {

constexpr int kWaitMs = 20'000;

// The real server on a free port of this machine.
class Server
{
public:
    bool start(const QString &folder)
    {
        QString program = qEnvironmentVariable("EVENTSYNC_SERVER_PROGRAM");
#ifdef EVENTSYNC_SERVER_PROGRAM
        if (program.isEmpty())
            program = QStringLiteral(EVENTSYNC_SERVER_PROGRAM);
#endif
        if (program.isEmpty())
            return false;
        const QString port = folder + "/port"_L1;
        m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        m_process.start(program,
                        {u"--listen"_s, u"127.0.0.1:0"_s, u"--port-file"_s, port, u"--data"_s, folder + "/server"_L1,
                         u"--log-level"_s, u"warning"_s});
        QElapsedTimer since;
        since.start();
        while (since.elapsed() < kWaitMs && m_process.state() != QProcess::NotRunning) {
            QFile file(port);
            if (file.open(QIODevice::ReadOnly)) {
                m_url = QUrl("http://127.0.0.1:"_L1 + QString::fromLatin1(file.readAll().trimmed()));
                return true;
            }
            QTest::qWait(20);
        }
        return false;
    }
    ~Server()
    {
        m_process.terminate();
        if (!m_process.waitForFinished(5'000))
            m_process.kill();
        m_process.waitForFinished(5'000);
    }
    const QUrl &url() const { return m_url; }

private:
    QProcess m_process;
    QUrl m_url;
};

} // namespace

struct WindowTest::Rig
{
    QTemporaryDir folder;
    std::unique_ptr<Profile> profile;
    std::unique_ptr<Session> session;
    std::unique_ptr<MainWindow> window;

    bool open(const QString &name)
    {
        auto opened = Profile::open(name, folder.path());
        if (!opened)
            return false;
        profile = std::move(*opened);
        client::SyncClientOptions options;
        options.core.wantClocks = true;
        options.core.policies.set(Session::collection(), CollectionPolicy::games());
        auto client = SyncClient::open(profile->takeStore(), std::move(options));
        if (!client)
            return false;
        session = std::make_unique<Session>(std::move(*client), name);
        window = std::make_unique<MainWindow>(*session, *profile);
        window->show();
        return true;
    }

    void close()
    {
        window.reset();
        session.reset();
        profile.reset();
    }

    // Plays one step as a script would; what kept it from happening, or an empty text.
    QString play(const QString &line)
    {
        const auto step = parsePlayLine(line, 1);
        if (!step || !*step)
            return step ? u"nothing to do"_s : QString::fromStdString(step.error().message);
        QElapsedTimer since;
        since.start();
        while (true) {
            const bool isCondition = (*step)->command == "expect"_L1 || (*step)->command == "wait-for"_L1;
            const NotYet reason = isCondition ? checkCondition(*window, (*step)->words)
                                              : performAction(*window, **step, [](const QString &) {});
            if (!reason)
                return {};
            if (since.elapsed() > ((*step)->within ? (*step)->within->count() : kWaitMs))
                return u"%1: %2"_s.arg(line, *reason);
            QTest::qWait(10);
        }
    }
};

#define PLAY(line)                                                                                                     \
    do {                                                                                                               \
        const QString reason = m_rig->play(line);                                                                      \
        QVERIFY2(reason.isEmpty(), qPrintable(reason));                                                                \
    } while (false)

WindowTest::WindowTest() = default;
WindowTest::~WindowTest() = default;

void WindowTest::init()
{
    m_rig = std::make_unique<Rig>();
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
    const auto id = m_rig->session->createGame(u"Zoe"_s);
    QVERIFY(id);
    m_rig->window->showDocument(*id);
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
    const auto id = m_rig->session->createGame(u"Zoe"_s);
    QVERIFY(id);
    m_rig->window->showDocument(*id);
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
    const auto id = m_rig->session->createGame(u"Zoe"_s);
    QVERIFY(id);
    m_rig->window->showDocument(*id);
    PLAY(u"click addGoldButton"_s);
    PLAY(u"trigger undoAction"_s);
    PLAY(u"wait-for state /gold 100"_s);
    PLAY(u"trigger redoAction"_s);
    PLAY(u"wait-for state /gold 150"_s);
}

void WindowTest::aGameIsDeletedOnlyAfterAQuestion()
{
    const auto id = m_rig->session->createGame(u"Zoe"_s);
    QVERIFY(id);
    m_rig->window->showDocument(*id);
    PLAY(u"click deleteGameButton"_s);
    QVERIFY(!m_rig->play(u"click newGameButton within 50ms"_s).isEmpty()); // the question is in front
    PLAY(u"click keepGameButton"_s);
    PLAY(u"expect row gamesView Zoe"_s);
    PLAY(u"click deleteGameButton"_s);
    PLAY(u"click confirmDeleteButton"_s);
    PLAY(u"wait-for visible gamesViewEmpty"_s);
}

void WindowTest::aPageWhoseDocumentIsGoneSaysWhatToDo()
{
    const auto id = m_rig->session->create(Session::Kind::Text, u"Notes"_s);
    QVERIFY(id);
    m_rig->window->showDocument(*id);
    PLAY(u"wait-for visible textEditor"_s);
    m_rig->session->removeGame(*id);
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
    const auto id = m_rig->session->createGame(u"Zoe"_s);
    QVERIFY(id);
    m_rig->window->showDocument(*id);
    m_rig->window->resize(900, 600);
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
    QCOMPARE(m_rig->window->size(), QSize(900, 600));
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

void WindowTest::twoReplicasSeeEachOther_data()
{
    QTest::addColumn<int>("transport");
    QTest::newRow("WebSocket") << int(Transport::WebSocket);
    QTest::newRow("server-sent events") << int(Transport::Sse);
}

void WindowTest::twoReplicasSeeEachOther()
{
    QFETCH(int, transport);
    Server server;
    if (!server.start(m_rig->folder.path()))
        QSKIP("there is no eventsync-server in this build");
    Session bob(std::move(SyncClient::inMemory().value()));
    bob.connectTo(server.url(), Transport(transport));
    bob.setOffline(false);
    m_rig->window->connectTo(server.url(), Transport(transport));
    m_rig->window->setOffline(false);
    PLAY(u"wait-for connection online"_s);
    const auto id = bob.createGame(u"A rather long name of a game that nobody would want to read in a narrow list of games"_s);
    QVERIFY(id);
    PLAY(u"wait-for row gamesView rather 100"_s);
    PLAY(u"select gamesView rather"_s);
    PLAY(u"wait-for synced"_s);
    PLAY(u"click addGoldButton"_s);
    PLAY(u"wait-for queue all=0"_s);
    QTRY_COMPARE_WITH_TIMEOUT(bob.game(*id)->gold.value_or(0), 150, kWaitMs);
    bob.add(*id, json::Pointer({"gold"}), 25);
    PLAY(u"wait-for confirmed /gold 175"_s);
    PLAY(u"expect hidden goldMark"_s);
    PLAY(u"select tabs eventLogTab"_s);
    PLAY(u"wait-for row eventLogView \"gold +25\""_s);
    PLAY(u"expect rows eventLogView 3"_s);
    PLAY(u"select tabs clocksTab"_s);
    PLAY(u"expect rows vectorClockView 2"_s);
    PLAY(u"wait-for row stateVectorView here"_s);
    bob.removeGame(*id);
    PLAY(u"wait-for visible gamesViewEmpty"_s);
}

void WindowTest::aConflictIsDecidedByThePerson_data()
{
    QTest::addColumn<QString>("button");
    QTest::addColumn<QString>("name");
    QTest::newRow("mine") << u"keepMineButton"_s << u"Mine"_s;
    QTest::newRow("theirs") << u"takeTheirsButton"_s << u"Theirs"_s;
    QTest::newRow("field by field") << u"mergeButton"_s << u"Mine"_s;
}

void WindowTest::aConflictIsDecidedByThePerson()
{
    QFETCH(QString, button);
    QFETCH(QString, name);
    Server server;
    if (!server.start(m_rig->folder.path()))
        QSKIP("there is no eventsync-server in this build");
    Session bob(std::move(SyncClient::inMemory().value()));
    bob.connectTo(server.url(), Transport::WebSocket);
    bob.setOffline(false);
    m_rig->window->connectTo(server.url(), Transport::WebSocket);
    m_rig->window->setOffline(false);
    const auto id = bob.createGame(u"Game"_s);
    QVERIFY(id);
    m_rig->window->showDocument(*id);
    PLAY(u"wait-for synced"_s);
    PLAY(u"wait-for confirmed /gold 100"_s);
    PLAY(u"offline on"_s);
    PLAY(u"set-text nameEdit Mine"_s);
    PLAY(u"set-text goldEdit 160"_s);
    PLAY(u"click saveButton"_s);
    bob.setValue(*id, json::Pointer({"name"}), json::Value("Theirs"));
    bob.add(*id, json::Pointer({"gold"}), 5);
    QTRY_VERIFY_WITH_TIMEOUT(bob.queue().isEmpty(), kWaitMs);
    PLAY(u"offline off"_s);
    PLAY(u"wait-for queue conflicts=1"_s);
    PLAY(u"click decideNextButton"_s);
    PLAY(u"wait-for row conflictTable name Game Mine Theirs"_s);
    if (button == "mergeButton"_L1)
        PLAY(u"select choice-name Mine"_s);
    PLAY(u"click "_s + button);
    PLAY(u"wait-for queue all=0"_s);
    PLAY(u"wait-for confirmed /name '\"%1\"'"_s.arg(name));
    PLAY(u"expect hidden conflictBanner"_s);
    // Their gold stays in any case; mine is added where mine was kept.
    PLAY(button == "takeTheirsButton"_L1 ? u"expect confirmed /gold 105"_s : u"expect confirmed /gold 165"_s);
    QTRY_COMPARE_WITH_TIMEOUT(bob.game(*id)->name, name, kWaitMs);
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
    const auto id = m_rig->session->create(Session::Kind::Text, u"Notes"_s);
    QVERIFY(id);
    m_rig->window->showDocument(*id);
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
    const auto id = m_rig->session->create(Session::Kind::List, u"Shopping"_s);
    QVERIFY(id);
    m_rig->window->showDocument(*id);
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

void WindowTest::textsAreWrittenTogether_data()
{
    twoReplicasSeeEachOther_data();
}

void WindowTest::textsAreWrittenTogether()
{
    QFETCH(int, transport);
    Server server;
    if (!server.start(m_rig->folder.path()))
        QSKIP("there is no eventsync-server in this build");
    Session bob(std::move(SyncClient::inMemory().value()), u"bob"_s);
    bob.connectTo(server.url(), Transport(transport));
    bob.setOffline(false);
    m_rig->window->connectTo(server.url(), Transport(transport));
    m_rig->window->setOffline(false);
    PLAY(u"trigger newTextAction"_s);
    PLAY(u"set-text newGameName Notes"_s);
    PLAY(u"click createGameButton"_s);
    PLAY(u"type textEditor \"Hello\""_s);
    PLAY(u"wait-for queue all=0"_s);
    const DocumentId id = *m_rig->window->document();
    auto text = [&] {
        const json::State state = bob.states().optimistic(id);
        const json::Value *found = state ? json::find(*state, json::Pointer({"text"})) : nullptr;
        return found && found->is_string() ? QString::fromUtf8(found->get_string().c_str()) : QString();
    };
    auto write = [&](int position, const QString &written) {
        return bob.editCrdt(id, [&](crdt::Api &api) -> Result<> {
            EVENTSYNC_TRY(crdt::StrApi str, api.str("/text"));
            return str.ins(position, written);
        }).has_value();
    };
    QTRY_VERIFY_WITH_TIMEOUT(bob.game(id), kWaitMs);
    bob.follow(id);
    QTRY_COMPARE_WITH_TIMEOUT(text(), u"Hello"_s, kWaitMs);
    QVERIFY(bob.game(id)->kind == Session::Kind::Text);
    // Somebody else's words come, and the own cursor stays with its text.
    PLAY(u"cursor textEditor 0"_s);
    PLAY(u"cursor textEditor 5"_s);
    QVERIFY(write(0, u"Oh! "_s));
    PLAY(u"wait-for text textEditor \"Oh! Hello\""_s);
    PLAY(u"type textEditor \", 모두\""_s);
    QTRY_COMPARE_WITH_TIMEOUT(text(), u"Oh! Hello, 모두"_s, kWaitMs);
    // Both write while one of them is away.
    PLAY(u"offline on"_s);
    PLAY(u"type textEditor \" 😀\""_s);
    QVERIFY(write(3, u" yes,"_s));
    QTRY_VERIFY_WITH_TIMEOUT(bob.queue().isEmpty(), kWaitMs);
    PLAY(u"expect text textEditor \"Oh! Hello, 모두 😀\""_s);
    PLAY(u"offline off"_s);
    PLAY(u"wait-for text textEditor \"Oh! yes, Hello, 모두 😀\""_s);
    PLAY(u"wait-for queue all=0"_s);
    QTRY_COMPARE_WITH_TIMEOUT(text(), u"Oh! yes, Hello, 모두 😀"_s, kWaitMs);
    // Undo takes back the own words only.
    PLAY(u"trigger undoAction"_s);
    QTRY_VERIFY_WITH_TIMEOUT(!text().contains(u"😀"_s), kWaitMs);
    QVERIFY(text().startsWith(u"Oh! yes, Hello"_s));
    PLAY(u"wait-for queue all=0"_s);
    PLAY(u"wait-for text textEditor \"%1\""_s.arg(text()));
    bob.removeGame(id);
    PLAY(u"wait-for visible gamesViewEmpty"_s);
}

void WindowTest::listsAreEditedTogether()
{
    Server server;
    if (!server.start(m_rig->folder.path()))
        QSKIP("there is no eventsync-server in this build");
    Session bob(std::move(SyncClient::inMemory().value()), u"bob"_s);
    bob.connectTo(server.url(), Transport::WebSocket);
    bob.setOffline(false);
    m_rig->window->connectTo(server.url(), Transport::WebSocket);
    m_rig->window->setOffline(false);
    const auto id = bob.create(Session::Kind::List, u"Shopping"_s);
    QVERIFY(id);
    auto add = [&](std::size_t position, const char *what) {
        return bob.editCrdt(*id, [&](crdt::Api &api) -> Result<> {
            EVENTSYNC_TRY(crdt::ArrApi items, api.arr("/items"));
            return items.ins(position, {json::Value(what)});
        }).has_value();
    };
    auto items = [&] {
        const json::State state = bob.states().optimistic(*id);
        const json::Value *found = state ? json::find(*state, json::Pointer({"items"})) : nullptr;
        return found && found->is_array() ? found->get_array().size() : 0;
    };
    QVERIFY(add(0, "Milk"));
    m_rig->window->showDocument(*id);
    PLAY(u"wait-for row contentsView Milk"_s);
    PLAY(u"select contentsView Milk"_s);
    QVERIFY(add(0, "Bread"));
    PLAY(u"wait-for row contentsView Bread"_s);
    PLAY(u"click removeEntryButton"_s); // what was selected is selected: it has moved to another row
    PLAY(u"wait-for confirmed /items '[\"Bread\"]'"_s);
    QTRY_VERIFY_WITH_TIMEOUT(items() == 1, kWaitMs);
}

void WindowTest::showsWhoElseLooks()
{
    Server server;
    if (!server.start(m_rig->folder.path()))
        QSKIP("there is no eventsync-server in this build");
    Session bob(std::move(SyncClient::inMemory().value()), u"bob"_s);
    bob.connectTo(server.url(), Transport::WebSocket);
    bob.setOffline(false);
    m_rig->window->connectTo(server.url(), Transport::WebSocket);
    m_rig->window->setOffline(false);
    const auto id = bob.createGame(u"Zoe"_s);
    QVERIFY(id);
    m_rig->window->showDocument(*id);
    PLAY(u"wait-for synced"_s);
    PLAY(u"expect hidden people"_s);
    bob.lookAt(id);
    PLAY(u"wait-for text people bob"_s);
    QTRY_COMPARE_WITH_TIMEOUT(bob.people(*id).size(), std::size_t(1), kWaitMs);
    PLAY(u"offline on"_s); // who is there is not known any more
    PLAY(u"wait-for hidden people"_s);
    PLAY(u"offline off"_s);
    PLAY(u"wait-for text people bob"_s);
    bob.lookAt({});
    PLAY(u"wait-for hidden people"_s);
}

} // namespace eventsync::desktop::test
