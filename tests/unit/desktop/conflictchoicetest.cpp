// SPDX-License-Identifier: Apache-2.0
#include "conflictchoicetest.h"

#include <desktop/dialogs/conflictchoice.h>

#include <QTest>

namespace eventsync::desktop::test {

using namespace Qt::StringLiterals;
using Side = ConflictChoice::Side;

namespace {

json::State state(const QString &text) // "-": not there
{
    if (text == "-"_L1)
        return std::nullopt;
    return json::parse(text.toStdString()).value();
}

QString text(const json::State &state)
{
    return state ? QString::fromStdString(json::canonical(*state)) : u"-"_s;
}

client::ConflictView view(const QString &base, const QString &mine, const QString &theirs)
{
    client::ConflictView view;
    view.policy = CollectionPolicy::games();
    view.base = state(base);
    view.ours = state(mine);
    view.theirs = state(theirs);
    return view;
}

} // namespace

void ConflictChoiceTest::asksOnlyWhatBothChanged_data()
{
    QTest::addColumn<QString>("base");
    QTest::addColumn<QString>("mine");
    QTest::addColumn<QString>("theirs");
    QTest::addColumn<QStringList>("contested");
    QTest::newRow("one field, both") << uR"({"name":"a"})"_s << uR"({"name":"b"})"_s << uR"({"name":"c"})"_s << QStringList{u"/name"_s};
    QTest::newRow("the same value") << uR"({"name":"a"})"_s << uR"({"name":"b"})"_s << uR"({"name":"b"})"_s << QStringList{};
    QTest::newRow("different fields") << uR"({"a":1,"b":1})"_s << uR"({"a":2,"b":1})"_s << uR"({"a":1,"b":2})"_s << QStringList{};
    QTest::newRow("inside an object") << uR"({"o":{"x":1,"y":1}})"_s << uR"({"o":{"x":2,"y":1}})"_s << uR"({"o":{"x":3,"y":2}})"_s
                                      << QStringList{u"/o/x"_s};
    QTest::newRow("arrays are one value") << u"[1]"_s << u"[1,2]"_s << u"[1,3]"_s << QStringList{QString()};
    QTest::newRow("removed and changed") << uR"({"a":1})"_s << u"{}"_s << uR"({"a":2})"_s << QStringList{u"/a"_s};
    QTest::newRow("both added") << u"{}"_s << uR"({"a":1})"_s << uR"({"a":2})"_s << QStringList{u"/a"_s};
    QTest::newRow("deleted and edited") << uR"({"a":1})"_s << uR"({"a":2})"_s << u"-"_s << QStringList{QString()};
    QTest::newRow("two creates") << u"-"_s << uR"({"a":1,"b":1})"_s << uR"({"a":2,"b":1})"_s << QStringList{u"/a"_s};
}

void ConflictChoiceTest::asksOnlyWhatBothChanged()
{
    QFETCH(QString, base);
    QFETCH(QString, mine);
    QFETCH(QString, theirs);
    const ConflictChoice choice(view(base, mine, theirs));
    QStringList contested;
    for (const auto &field : choice.fields()) {
        if (field.contested)
            contested += QString::fromStdString(field.path.toText());
    }
    QTEST(contested, "contested");
}

void ConflictChoiceTest::mergesAsChosen_data()
{
    QTest::addColumn<QString>("base");
    QTest::addColumn<QString>("mine");
    QTest::addColumn<QString>("theirs");
    QTest::addColumn<int>("side"); // of every contested field; -1: as proposed
    QTest::addColumn<QString>("merged");
    const QString base = uR"({"gold":100,"name":"a","tag":"x"})"_s;
    const QString mine = uR"({"gold":150,"name":"b","tag":"y"})"_s;
    const QString theirs = uR"({"gold":130,"name":"c","tag":"x"})"_s;
    QTest::newRow("as proposed") << base << mine << theirs << -1 << uR"({"gold":180,"name":"c","tag":"y"})"_s;
    QTest::newRow("mine") << base << mine << theirs << int(Side::Mine) << uR"({"gold":150,"name":"b","tag":"y"})"_s;
    QTest::newRow("theirs") << base << mine << theirs << int(Side::Theirs) << uR"({"gold":130,"name":"c","tag":"y"})"_s;
    QTest::newRow("their removal") << uR"({"a":1,"b":1})"_s << uR"({"a":2,"b":1})"_s << uR"({"b":1})"_s << int(Side::Theirs) << uR"({"b":1})"_s;
    QTest::newRow("my removal") << uR"({"a":1,"b":1})"_s << uR"({"b":1})"_s << uR"({"a":2,"b":1})"_s << int(Side::Mine) << uR"({"b":1})"_s;
    QTest::newRow("their deletion") << uR"({"a":1})"_s << uR"({"a":2})"_s << u"-"_s << int(Side::Theirs) << u"-"_s;
    QTest::newRow("my edit against a deletion") << uR"({"a":1})"_s << uR"({"a":2})"_s << u"-"_s << int(Side::Mine) << uR"({"a":2})"_s;
}

void ConflictChoiceTest::mergesAsChosen()
{
    QFETCH(QString, base);
    QFETCH(QString, mine);
    QFETCH(QString, theirs);
    QFETCH(int, side);
    ConflictChoice choice(view(base, mine, theirs));
    for (std::size_t i = 0; side >= 0 && i < choice.fields().size(); ++i) {
        if (choice.fields()[i].contested)
            choice.choose(i, Side(side));
    }
    QTEST(text(choice.merged()), "merged");
}

void ConflictChoiceTest::addsUpOnlyCounters()
{
    ConflictChoice choice(view(uR"({"gold":1,"lives":1})"_s, uR"({"gold":2,"lives":2})"_s, uR"({"gold":4,"lives":4})"_s));
    QCOMPARE(choice.fields().size(), std::size_t(2));
    QVERIFY(choice.fields()[0].canBoth);
    QVERIFY(!choice.fields()[1].canBoth); // an integer that the policy does not call a counter
    choice.choose(1, Side::Both);
    QCOMPARE(text(choice.merged()), uR"({"gold":5,"lives":4})"_s);
}

void ConflictChoiceTest::contestsEverythingWithoutABase()
{
    client::ConflictView blind = view(u"-"_s, uR"({"a":1,"b":2})"_s, uR"({"a":1,"b":3})"_s);
    blind.baseKnown = false;
    const ConflictChoice choice(blind);
    QCOMPARE(choice.fields().size(), std::size_t(1));
    QVERIFY(choice.fields()[0].contested);
    QCOMPARE(text(choice.merged()), uR"({"a":1,"b":3})"_s);
}

void ConflictChoiceTest::recordsThePersonInTheDecision()
{
    const ConflictChoice choice(view(uR"({"a":1})"_s, uR"({"a":2})"_s, uR"({"a":3})"_s));
    const auto merged = choice.resolution(client::Decision::Merged, "carol");
    QCOMPARE(QString::fromStdString(merged.decidedBy), u"carol"_s);
    QCOMPARE(QString::fromStdString(merged.strategy), u"person"_s);
    QCOMPARE(text(merged.merged), uR"({"a":3})"_s);
    QVERIFY(!choice.resolution(client::Decision::Ours, "carol").merged);
}

} // namespace eventsync::desktop::test
