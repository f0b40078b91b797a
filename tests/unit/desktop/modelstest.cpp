// SPDX-License-Identifier: Apache-2.0
#include "modelstest.h"

#include <desktop/limits.h>
#include <desktop/models/documentsmodel.h>
#include <desktop/models/eventlogmodel.h>
#include <desktop/models/queuemodel.h>
#include <desktop/models/statemodel.h>
#include <desktop/models/statevectormodel.h>
#include <desktop/models/syncrows.h>
#include <desktop/models/vectorclockmodel.h>
#include <desktop/session.h>

#include <eventsync/base/clock.h>

#include <QAbstractItemModelTester>
#include <QPersistentModelIndex>
#include <QSignalSpy>
#include <QTest>

namespace eventsync::desktop::test {

using namespace Qt::StringLiterals;
using Tester = QAbstractItemModelTester;

namespace {

json::State state(const char *text)
{
    return json::parse(text).value();
}

EventPtr logged(int seq, const char *client = "alice")
{
    Event event;
    event.documentId = DocumentId("d");
    event.collection = CollectionName("games");
    event.serverSeq = ServerSeq(seq);
    event.clientId = ClientId(client);
    event.clientSeq = ClientSeq(seq);
    event.diff = Diff(json::Patch::fromJson(json::parse(R"([{"op":"inc","path":"/gold","value":50}])").value()).value());
    return std::make_shared<const Event>(std::move(event));
}

client::QueueEntry entry(UuidGenerator &ids, client::EntryState state)
{
    client::QueueEntry entry;
    entry.id = ids.next();
    entry.documentId = DocumentId("d");
    entry.state = state;
    entry.ready = true;
    entry.diff = logged(1)->diff;
    return entry;
}

QString nameOf(const ClientId &client)
{
    return u"<%1>"_s.arg(QString::fromStdString(client.text()));
}

QString cell(const QAbstractItemModel &model, int row, int column)
{
    return model.index(row, column).data().toString();
}

} // namespace

void ModelsTest::rowsBecomeTheFreshOnes_data()
{
    QTest::addColumn<QString>("before");
    QTest::addColumn<QString>("after");
    QTest::addColumn<int>("signalsAtMost");
    QTest::newRow("nothing") << u""_s << u""_s << 0;
    QTest::newRow("same") << u"abc"_s << u"abc"_s << 0;
    QTest::newRow("all come at once") << u""_s << u"abcdef"_s << 1;
    QTest::newRow("all go at once") << u"abcdef"_s << u""_s << 1;
    QTest::newRow("one in the middle") << u"ac"_s << u"abc"_s << 1;
    QTest::newRow("first goes") << u"abc"_s << u"bc"_s << 1;
    QTest::newRow("tail comes") << u"ab"_s << u"abcd"_s << 1;
    QTest::newRow("exchanged") << u"abc"_s << u"acb"_s << 2;
    QTest::newRow("reversed") << u"abcd"_s << u"dcba"_s << 6;
    QTest::newRow("others") << u"abc"_s << u"xyz"_s << 2;
    QTest::newRow("mixed") << u"abcdef"_s << u"bxdyf"_s << 8;
}

void ModelsTest::rowsBecomeTheFreshOnes()
{
    QFETCH(QString, before);
    QFETCH(QString, after);
    QFETCH(int, signalsAtMost);
    std::vector<QChar> rows(before.begin(), before.end());
    QString mirror = before; // what a view knows from the signals alone
    int told = 0, pendingFirst = 0, pendingLast = 0;
    const RowSignals signals{
        .beginInsert = [&](int first, int last) { pendingFirst = first; pendingLast = last; ++told; },
        .beginRemove = [&](int first, int last) { mirror.remove(first, last - first + 1); ++told; },
        .endInsert = [&] {
            for (int row = pendingFirst; row <= pendingLast; ++row)
                mirror.insert(row, rows[std::size_t(row)]);
        },
        .endRemove = [&] { QCOMPARE(std::size_t(mirror.size()), rows.size()); },
        .changed = [](int) { QFAIL("nothing has changed"); }};
    syncRows(rows, std::vector<QChar>(after.begin(), after.end()), [](QChar row) { return row; }, signals);
    QCOMPARE(QString(rows.data(), qsizetype(rows.size())), after);
    QCOMPARE(mirror, after);
    QVERIFY2(told <= signalsAtMost, qPrintable(QString::number(told)));
}

void ModelsTest::stateTreeFollowsEveryChange()
{
    StateModel model;
    Tester tester(&model, Tester::FailureReportingMode::QtTest);
    const char *states[] = {R"({"a":1})", R"({"a":{"b":[1,2,{"c":null}]},"z":true})", R"({"a":[1,2,3],"z":true})", R"({"a":[3]})",
                            R"({"a":{},"b":{"x":{"y":{"z":1}}}})", R"({})", R"([1,{"k":2}])", R"({"k":"text"})"};
    for (const char *confirmed : states) {
        for (const char *optimistic : states) {
            model.setState(state(optimistic), state(confirmed));
            const json::Value shown = *state(optimistic);
            if (shown.is_object()) {
                for (const auto &member : shown.get_object())
                    QVERIFY(model.indexOf(json::Pointer({std::string(member.key())})).isValid());
            }
        }
    }
    model.setState({}, {});
    QCOMPARE(model.rowCount(), 0);
    model.setState(state(R"({"a":{"b":1}})"), {});
    QCOMPARE(model.indexOf(json::Pointer({"a", "b"})).data().toString(), u"1"_s);
    QVERIFY(!model.indexOf(json::Pointer({"a", "c"})).isValid());
}

void ModelsTest::stateTreeMarksWhatIsNotConfirmed_data()
{
    QTest::addColumn<QString>("optimistic");
    QTest::addColumn<QString>("confirmed");
    QTest::addColumn<int>("mark"); // of /a
    QTest::newRow("same") << uR"({"a":1})"_s << uR"({"a":1})"_s << int(StateModel::Mark::None);
    QTest::newRow("changed") << uR"({"a":2})"_s << uR"({"a":1})"_s << int(StateModel::Mark::Changed);
    QTest::newRow("added") << uR"({"a":2})"_s << u"{}"_s << int(StateModel::Mark::Added);
    QTest::newRow("removed") << u"{}"_s << uR"({"a":1})"_s << int(StateModel::Mark::Removed);
    QTest::newRow("changed inside") << uR"({"a":{"b":1}})"_s << uR"({"a":{"b":2}})"_s << int(StateModel::Mark::Changed);
    QTest::newRow("another kind") << uR"({"a":[1]})"_s << uR"({"a":1})"_s << int(StateModel::Mark::Changed);
}

void ModelsTest::stateTreeMarksWhatIsNotConfirmed()
{
    QFETCH(QString, optimistic);
    QFETCH(QString, confirmed);
    QFETCH(int, mark);
    StateModel model;
    model.setState(state(qPrintable(optimistic)), state(qPrintable(confirmed)));
    const QModelIndex index = model.indexOf(json::Pointer({"a"}));
    QVERIFY(index.isValid());
    QCOMPARE(int(model.mark(index)), mark);
    // A mark is a text and a picture, never a colour alone.
    const QModelIndex status = index.siblingAtColumn(StateModel::Status);
    QCOMPARE(status.data().toString().isEmpty(), mark == int(StateModel::Mark::None));
    QCOMPARE(status.data(Qt::DecorationRole).isNull(), mark == int(StateModel::Mark::None));
}

void ModelsTest::stateTreeKeepsRowsThatStay()
{
    StateModel model;
    model.setState(state(R"({"a":1,"b":{"x":1},"c":3})"), state("{}"));
    const QPersistentModelIndex kept = model.indexOf(json::Pointer({"b", "x"}));
    QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
    QSignalSpy reset(&model, &QAbstractItemModel::modelReset);
    model.setState(state(R"({"aa":0,"b":{"w":0,"x":2},"c":3})"), state("{}"));
    QVERIFY(kept.isValid());
    QCOMPARE(kept.row(), 1);
    QCOMPARE(kept.data().toString(), u"2"_s);
    QCOMPARE(reset.count(), 0);
    QVERIFY(changed.count() <= 2); // x, and b whose size changed
}

void ModelsTest::stateTreeAsksForTypedValues_data()
{
    QTest::addColumn<QString>("before");
    QTest::addColumn<QString>("typed");
    QTest::addColumn<QString>("asked"); // empty: nothing
    QTest::newRow("number") << u"1"_s << u"2"_s << u"2"_s;
    QTest::newRow("text stays a text") << u"\"1\""_s << u"2"_s << u"\"2\""_s;
    QTest::newRow("number to text") << u"1"_s << u"two"_s << u"\"two\""_s;
    QTest::newRow("truth") << u"true"_s << u"false"_s << u"false"_s;
    QTest::newRow("null to object") << u"null"_s << uR"({"k":1})"_s << uR"({"k":1})"_s;
    QTest::newRow("the same") << u"1"_s << u"1"_s << QString();
}

void ModelsTest::stateTreeAsksForTypedValues()
{
    QFETCH(QString, before);
    QFETCH(QString, typed);
    QFETCH(QString, asked);
    StateModel model;
    model.setState(json::State(json::Value(json::Object{{"a", json::parse(before.toStdString()).value()}})), {});
    QStringList requests;
    connect(&model, &StateModel::editRequested, this, [&](const json::Pointer &path, const json::Value &value) {
        QCOMPARE(path, json::Pointer({"a"}));
        requests += QString::fromStdString(json::canonical(value));
    });
    model.setData(model.indexOf(json::Pointer({"a"})), typed, Qt::EditRole);
    QCOMPARE(requests, asked.isEmpty() ? QStringList() : QStringList(asked));
    QCOMPARE(model.indexOf(json::Pointer({"a"})).data(Qt::EditRole).toString(), before.startsWith(u'"') ? u"1"_s : before);
}

void ModelsTest::logIsNewestFirstWithoutRepeats()
{
    EventLogModel model(nameOf);
    Tester tester(&model, Tester::FailureReportingMode::QtTest);
    model.add({logged(2), logged(3)});
    model.add({logged(1), logged(2), logged(5, "bob"), logged(4)});
    QCOMPARE(model.rowCount(), 5);
    for (int row = 0; row < 5; ++row)
        QCOMPARE(cell(model, row, EventLogModel::Seq), QString::number(5 - row));
    QCOMPARE(cell(model, 0, EventLogModel::Client), u"<bob>"_s);
    QCOMPARE(cell(model, 0, EventLogModel::Change), u"gold +50"_s);
    std::vector<EventPtr> many;
    for (int seq = 1; seq <= int(limits::kDesktopLogEvents) + 10; ++seq)
        many.push_back(logged(seq));
    model.add(many);
    QCOMPARE(model.rowCount(), int(limits::kDesktopLogEvents));
    QCOMPARE(model.event(0).serverSeq, ServerSeq(int(limits::kDesktopLogEvents) + 10));
}

void ModelsTest::logForgetsWhatDiverged()
{
    EventLogModel model(nameOf);
    Tester tester(&model, Tester::FailureReportingMode::QtTest);
    model.add({logged(1), logged(2), logged(3)});
    model.dropAfter(ServerSeq(5));
    QCOMPARE(model.rowCount(), 3);
    model.dropAfter(ServerSeq(1));
    QCOMPARE(model.rowCount(), 1);
    QCOMPARE(model.event(0).serverSeq, ServerSeq(1));
    model.dropAfter(ServerSeq(0));
    QCOMPARE(model.rowCount(), 0);
}

void ModelsTest::clockChangesOnlyTheRowThatGrew()
{
    VectorClockModel model(nameOf);
    Tester tester(&model, Tester::FailureReportingMode::QtTest);
    VectorClock clock;
    clock.set(ClientId("alice"), ClientSeq(1));
    clock.set(ClientId("carol"), ClientSeq(2));
    model.setClock(clock);
    QCOMPARE(cell(model, 1, VectorClockModel::Client), u"<carol>"_s);
    QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
    QSignalSpy inserted(&model, &QAbstractItemModel::rowsInserted);
    clock.set(ClientId("bob"), ClientSeq(1));
    clock.advance(ClientId("carol"), ClientSeq(3));
    model.setClock(clock);
    QCOMPARE(inserted.count(), 1);
    QCOMPARE(changed.count(), 1);
    QCOMPARE(cell(model, 2, VectorClockModel::Count), u"3"_s);
}

void ModelsTest::stateVectorsSayWhoIsBehind()
{
    StateVectorModel model(nameOf);
    Tester tester(&model, Tester::FailureReportingMode::QtTest);
    auto vector = [](const char *client, int seq, int at) {
        return StateVector{ClientId(client), DocumentId("d"), ServerSeq(seq), {}, Timestamp(at)};
    };
    model.merge({vector("bob", 3, 10), vector("alice", 5, 10)});
    model.setHead(ServerSeq(5));
    QCOMPARE(cell(model, 0, StateVectorModel::Client), u"<alice>"_s);
    QCOMPARE(cell(model, 0, StateVectorModel::Missing), u"up to date"_s);
    QVERIFY(cell(model, 1, StateVectorModel::Missing).startsWith(u'2'));
    model.merge({vector("bob", 5, 11), vector("alice", 4, 9)}); // the second one is older news
    QCOMPARE(cell(model, 0, StateVectorModel::Position), u"5"_s);
    QCOMPARE(cell(model, 1, StateVectorModel::Missing), u"up to date"_s);
}

void ModelsTest::queueShowsWhatBecameOfEachEdit()
{
    QueueModel model([](const DocumentId &) { return u"Quest"_s; });
    Tester tester(&model, Tester::FailureReportingMode::QtTest);
    const SystemClock clock;
    SeededRandom random(1);
    UuidGenerator ids(clock, random);
    std::vector<client::QueueEntry> entries = {entry(ids, client::EntryState::Waiting), entry(ids, client::EntryState::Sent),
                                               entry(ids, client::EntryState::Conflict), entry(ids, client::EntryState::DeadLetter)};
    entries[3].reason = Error{ErrorCode::PermissionRevoked, "no"};
    model.setEntries(entries);
    QStringList states;
    for (int row = 0; row < 4; ++row) {
        states += cell(model, row, QueueModel::State);
        QVERIFY(!model.index(row, QueueModel::State).data(Qt::DecorationRole).isNull());
    }
    QCOMPARE(states, QStringList({u"Waiting to be sent"_s, u"Sent, not confirmed yet"_s, u"Conflict: needs a decision"_s, u"Refused"_s}));
    QCOMPARE(cell(model, 0, QueueModel::Document), u"Quest"_s);
    QVERIFY(!cell(model, 3, QueueModel::Reason).isEmpty());
    QSignalSpy removed(&model, &QAbstractItemModel::rowsRemoved);
    entries.erase(entries.begin(), entries.begin() + 2);
    model.setEntries(entries);
    QCOMPARE(removed.count(), 1);
    QCOMPARE(model.entry(0).id, entries[0].id);
}

void ModelsTest::replicasAreCalledByTheNamesInTheirEdits()
{
    Session session(std::move(client::SyncClient::inMemory().value()), u"alice"_s);
    QCOMPARE(session.replicaName(session.core().clientId()), u"alice (here)"_s);
    QCOMPARE(session.replicaName(ClientId("bob-1")), u"bob-1"_s);
    auto signedBy = [](const QString &name) {
        Event copy = *logged(1, "bob-1");
        copy.metadata = json::Object{{"replicaName", json::String(name.toStdString())}};
        return std::make_shared<const Event>(std::move(copy));
    };
    QSignalSpy learned(&session, &Session::namesLearned);
    session.learnNames({logged(1, "bob-1"), signedBy(u"bob"_s)});
    QCOMPARE(session.replicaName(ClientId("bob-1")), u"bob"_s);
    session.learnNames({signedBy(u"bob"_s)});
    QCOMPARE(learned.count(), 1);
    session.learnNames({signedBy(QString(500, u'x') + u'\n')}); // a foreign text, cut to a name
    QCOMPARE(session.replicaName(ClientId("bob-1")).size(), qsizetype(40));
    const auto id = session.createGame(u"Zoe"_s);
    QVERIFY(id);
    const auto entries = session.core().queue(*id);
    QCOMPARE(QString::fromStdString(json::canonical(json::Value(entries.at(0).metadata))).contains(u"alice"_s), true);
}

void ModelsTest::documentsFollowTheSession()
{
    auto made = client::SyncClient::inMemory();
    QVERIFY(made);
    Session session(std::move(*made));
    DocumentsModel model(session);
    Tester tester(&model, Tester::FailureReportingMode::QtTest);
    QCOMPARE(model.rowCount(), 0);
    const auto zoe = session.createGame(u"Zoe's \"world\""_s);
    const auto empty = session.createGame(u"용의 전설"_s); // no letter of it fits an id
    QVERIFY(zoe && empty);
    QCOMPARE(model.rowCount(), 2);
    const int row = model.rowOf(*zoe);
    QCOMPARE(cell(model, row, DocumentsModel::Name), u"Zoe's \"world\""_s);
    QCOMPARE(cell(model, row, DocumentsModel::Gold), u"100"_s);
    QVERIFY(!cell(model, row, DocumentsModel::Status).isEmpty()); // not sent
    session.add(*zoe, json::Pointer({"gold"}), 50);
    QCOMPARE(cell(model, row, DocumentsModel::Gold), u"150"_s);
    session.removeDocument(*zoe);
    QCOMPARE(model.rowOf(*zoe), -1);
    QCOMPARE(model.rowCount(), 1);
}

} // namespace eventsync::desktop::test
