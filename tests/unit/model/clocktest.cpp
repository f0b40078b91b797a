// SPDX-License-Identifier: Apache-2.0
#include "clocktest.h"

#include "samples.h"

#include <eventsync/model/statevector.h>

using namespace eventsync;
using namespace eventsync::test;

namespace {

VectorClock clockFrom(std::string_view json)
{
    return *VectorClock::fromJson(value(json));
}

} // namespace

void ClockTest::clocksCompare_data()
{
    QTest::addColumn<QString>("a");
    QTest::addColumn<QString>("b");
    QTest::addColumn<int>("order");
    QTest::newRow("equal") << R"({"a":1,"b":2})" << R"({"b":2,"a":1})" << int(ClockOrder::Equal);
    QTest::newRow("both empty") << "{}" << "{}" << int(ClockOrder::Equal);
    QTest::newRow("before") << R"({"a":1})" << R"({"a":2})" << int(ClockOrder::Before);
    QTest::newRow("before one with more clients") << R"({"a":1})" << R"({"a":1,"b":1})" << int(ClockOrder::Before);
    QTest::newRow("after") << R"({"a":3,"b":1})" << R"({"a":2})" << int(ClockOrder::After);
    QTest::newRow("concurrent") << R"({"a":2,"b":1})" << R"({"a":1,"b":2})" << int(ClockOrder::Concurrent);
    QTest::newRow("concurrent, other clients") << R"({"a":1})" << R"({"b":1})" << int(ClockOrder::Concurrent);
}

void ClockTest::clocksCompare()
{
    QFETCH(QString, a);
    QFETCH(QString, b);
    QFETCH(int, order);
    QCOMPARE(int(compare(clockFrom(a.toStdString()), clockFrom(b.toStdString()))), order);
}

void ClockTest::mergingKeepsTheLargerEntries()
{
    VectorClock clock = clockFrom(R"({"a":3,"b":1})");
    clock.merge(clockFrom(R"({"a":2,"b":4,"c":1})"));
    COMPARE_TEXT(json::canonical(clock.toJson()), R"({"a":3,"b":4,"c":1})");
    clock.advance(ClientId("a"), ClientSeq(2));
    QCOMPARE(clock.at(ClientId("a")).value(), 3);
    QVERIFY(clock.covers(ClientId("b"), ClientSeq(4)));
    QVERIFY(!clock.covers(ClientId("b"), ClientSeq(5)));
    QVERIFY(clock.covers(ClientId("unknown"), ClientSeq(0)));
}

void ClockTest::entriesOfZeroAreNotKept()
{
    QVERIFY(clockFrom(R"({"a":0})").isEmpty());
    VectorClock clock = clockFrom(R"({"a":2})");
    clock.set(ClientId("a"), ClientSeq(0));
    QVERIFY(clock == VectorClock());
    QVERIFY(VectorClock({{ClientId("a"), ClientSeq(0)}}).isEmpty());
}

void ClockTest::clocksTravelAsObjects_data()
{
    QTest::addColumn<QString>("json");
    QTest::addColumn<QString>("code");
    QTest::newRow("good") << R"({"alice":1,"rest:server":2})" << "ok";
    QTest::newRow("a list") << "[]" << "InvalidMessage";
    QTest::newRow("a bad client id") << R"({"a b":1})" << "InvalidValue";
    QTest::newRow("a text as count") << R"({"a":"1"})" << "InvalidMessage";
    QTest::newRow("a fraction") << R"({"a":1.5})" << "InvalidMessage";
    QTest::newRow("a negative count") << R"({"a":-1})" << "InvalidMessage";
}

void ClockTest::clocksTravelAsObjects()
{
    QFETCH(QString, json);
    QFETCH(QString, code);
    const auto clock = VectorClock::fromJson(value(json.toStdString()));
    QCOMPARE(outcome(clock), code);
    if (clock)
        COMPARE_TEXT(json::canonical(clock->toJson()), json.toStdString());
}

void ClockTest::stateVectorsSurviveTheirJson()
{
    const StateVector vector{.clientId = ClientId("alice"),
                             .documentId = DocumentId("hero-1"),
                             .serverSeq = ServerSeq(7),
                             .vectorClock = clockFrom(R"({"alice":3})"),
                             .lastUpdated = Timestamp(1'763'717'400'000)};
    const auto back = StateVector::fromJson(vector.toJson());
    VERIFY_OK(back);
    QVERIFY(*back == vector);
    auto broken = vector.toJson();
    broken.get_object().erase("at");
    QCOMPARE(outcome(StateVector::fromJson(broken)), QStringLiteral("InvalidMessage"));
}
