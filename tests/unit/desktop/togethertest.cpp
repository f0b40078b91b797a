// SPDX-License-Identifier: Apache-2.0
#include "togethertest.h"

#include <QTest>

namespace eventsync::desktop::test {

using namespace Qt::StringLiterals;
using client::SyncClient;

#define GO_ONLINE(transport)                                                                                           \
    do {                                                                                                               \
        if (!goOnline(transport))                                                                                      \
            QSKIP("there is no eventsync-server in this build");                                                       \
    } while (false)

bool TogetherTest::goOnline(Transport transport)
{
    if (!m_server.start(m_rig->folder.path()))
        return false;
    m_bob = std::make_unique<Session>(std::move(SyncClient::inMemory().value()), u"bob"_s);
    m_bob->connectTo(m_server.url(), transport);
    m_bob->setOffline(false);
    m_rig->window->connectTo(m_server.url(), transport);
    m_rig->window->setOffline(false);
    return true;
}

void TogetherTest::init()
{
    m_rig = std::make_unique<WindowRig>();
    QVERIFY(m_rig->open(u"alice"_s));
}

void TogetherTest::cleanup()
{
    m_bob.reset();
    m_rig->close();
    m_server.stop();
    m_rig.reset();
}

void TogetherTest::twoReplicasSeeEachOther_data()
{
    QTest::addColumn<int>("transport");
    QTest::newRow("WebSocket") << int(Transport::WebSocket);
    QTest::newRow("server-sent events") << int(Transport::Sse);
}

void TogetherTest::twoReplicasSeeEachOther()
{
    QFETCH(int, transport);
    GO_ONLINE(Transport(transport));
    PLAY(u"wait-for connection online"_s);
    const auto id = m_bob->createGame(u"A rather long name of a game that nobody would want to read in a narrow list of games"_s);
    QVERIFY(id);
    PLAY(u"wait-for row gamesView rather 100"_s);
    PLAY(u"select gamesView rather"_s);
    PLAY(u"wait-for synced"_s);
    PLAY(u"click addGoldButton"_s);
    PLAY(u"wait-for queue all=0"_s);
    QTRY_COMPARE_WITH_TIMEOUT(m_bob->document(*id)->gold.value_or(0), 150, kWaitMs);
    m_bob->add(*id, json::Pointer({"gold"}), 25);
    PLAY(u"wait-for confirmed /gold 175"_s);
    PLAY(u"expect hidden goldMark"_s);
    PLAY(u"select tabs eventLogTab"_s);
    PLAY(u"wait-for row eventLogView \"gold +25\""_s);
    PLAY(u"expect rows eventLogView 3"_s);
    PLAY(u"select tabs clocksTab"_s);
    PLAY(u"expect rows vectorClockView 2"_s);
    PLAY(u"wait-for row stateVectorView here"_s);
    m_bob->removeDocument(*id);
    PLAY(u"wait-for visible gamesViewEmpty"_s);
}

void TogetherTest::aConflictIsDecidedByThePerson_data()
{
    QTest::addColumn<QString>("button");
    QTest::addColumn<QString>("name");
    QTest::newRow("mine") << u"keepMineButton"_s << u"Mine"_s;
    QTest::newRow("theirs") << u"takeTheirsButton"_s << u"Theirs"_s;
    QTest::newRow("field by field") << u"mergeButton"_s << u"Mine"_s;
}

void TogetherTest::aConflictIsDecidedByThePerson()
{
    QFETCH(QString, button);
    QFETCH(QString, name);
    GO_ONLINE(Transport::WebSocket);
    const auto id = m_bob->createGame(u"Game"_s);
    QVERIFY(id);
    m_rig->window->showDocument(*id);
    PLAY(u"wait-for synced"_s);
    PLAY(u"wait-for confirmed /gold 100"_s);
    PLAY(u"offline on"_s);
    PLAY(u"set-text nameEdit Mine"_s);
    PLAY(u"set-text goldEdit 160"_s);
    PLAY(u"click saveButton"_s);
    m_bob->setValue(*id, json::Pointer({"name"}), json::Value("Theirs"));
    m_bob->add(*id, json::Pointer({"gold"}), 5);
    QTRY_VERIFY_WITH_TIMEOUT(m_bob->queue().isEmpty(), kWaitMs);
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
    QTRY_COMPARE_WITH_TIMEOUT(m_bob->document(*id)->name, name, kWaitMs);
}

void TogetherTest::aConflictNamesItsPeopleAfterARestart()
{
    GO_ONLINE(Transport::WebSocket);
    const auto id = m_bob->createGame(u"Game"_s);
    QVERIFY(id);
    m_rig->window->showDocument(*id);
    PLAY(u"wait-for synced"_s);
    PLAY(u"wait-for confirmed /gold 100"_s);
    PLAY(u"offline on"_s);
    PLAY(u"set-text nameEdit Mine"_s);
    PLAY(u"click saveButton"_s);
    m_bob->setValue(*id, json::Pointer({"name"}), json::Value("Theirs"));
    QTRY_VERIFY_WITH_TIMEOUT(m_bob->queue().isEmpty(), kWaitMs);
    PLAY(u"offline off"_s);
    PLAY(u"wait-for queue conflicts=1"_s);
    m_rig->window->setOffline(true);
    m_rig->close();
    QVERIFY(m_rig->open(u"alice"_s));
    PLAY(u"wait-for queue conflicts=1"_s);
    PLAY(u"click decideNextButton"_s);
    PLAY(u"wait-for contains conflictText \", bob changed the same thing.\""_s);
}

void TogetherTest::textsAreWrittenTogether_data()
{
    twoReplicasSeeEachOther_data();
}

void TogetherTest::textsAreWrittenTogether()
{
    QFETCH(int, transport);
    GO_ONLINE(Transport(transport));
    PLAY(u"trigger newTextAction"_s);
    PLAY(u"set-text newGameName Notes"_s);
    PLAY(u"click createGameButton"_s);
    PLAY(u"type textEditor \"Hello\""_s);
    PLAY(u"wait-for queue all=0"_s);
    const DocumentId id = *m_rig->window->document();
    auto text = [&] {
        const json::State state = m_bob->states().optimistic(id);
        const json::Value *found = state ? json::find(*state, json::Pointer({"text"})) : nullptr;
        return found && found->is_string() ? QString::fromUtf8(found->get_string().c_str()) : QString();
    };
    auto write = [&](int position, const QString &written) {
        return m_bob->editCrdt(id, [&](crdt::Api &api) -> Result<> {
            EVENTSYNC_TRY(crdt::StrApi str, api.str("/text"));
            return str.ins(position, written);
        }).has_value();
    };
    QTRY_VERIFY_WITH_TIMEOUT(m_bob->document(id), kWaitMs);
    m_bob->follow(id);
    QTRY_COMPARE_WITH_TIMEOUT(text(), u"Hello"_s, kWaitMs);
    QVERIFY(m_bob->document(id)->kind == Session::Kind::Text);
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
    QTRY_VERIFY_WITH_TIMEOUT(m_bob->queue().isEmpty(), kWaitMs);
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
    m_bob->removeDocument(id);
    PLAY(u"wait-for visible gamesViewEmpty"_s);
}

void TogetherTest::listsAreEditedTogether()
{
    GO_ONLINE(Transport::WebSocket);
    const auto id = m_bob->create(Session::Kind::List, u"Shopping"_s);
    QVERIFY(id);
    auto add = [&](std::size_t position, const char *what) {
        return m_bob->editCrdt(*id, [&](crdt::Api &api) -> Result<> {
            EVENTSYNC_TRY(crdt::ArrApi items, api.arr("/items"));
            return items.ins(position, {json::Value(what)});
        }).has_value();
    };
    auto items = [&] {
        const json::State state = m_bob->states().optimistic(*id);
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

void TogetherTest::showsWhoElseLooks()
{
    GO_ONLINE(Transport::WebSocket);
    const auto id = m_bob->createGame(u"Zoe"_s);
    QVERIFY(id);
    m_rig->window->showDocument(*id);
    PLAY(u"wait-for synced"_s);
    PLAY(u"expect hidden people"_s);
    m_bob->lookAt(id);
    PLAY(u"wait-for text people bob"_s);
    QTRY_COMPARE_WITH_TIMEOUT(m_bob->people(*id).size(), std::size_t(1), kWaitMs);
    PLAY(u"offline on"_s); // who is there is not known any more
    PLAY(u"wait-for hidden people"_s);
    PLAY(u"offline off"_s);
    PLAY(u"wait-for text people bob"_s);
    m_bob->lookAt({});
    PLAY(u"wait-for hidden people"_s);
}

} // namespace eventsync::desktop::test
