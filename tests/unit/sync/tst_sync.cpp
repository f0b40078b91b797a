// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include <QTest>

using namespace eventsync;
using namespace eventsync::sync;
using namespace eventsync::sync::test;

class TestSync : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aDocumentIsCreatedEditedAndSeenByAnother();
};

void TestSync::aDocumentIsCreatedEditedAndSeenByAnother()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    QCOMPARE(alice.types(), (std::vector<std::string>{"welcome", "synced"}));
    QCOMPARE(statuses(rig.push(alice, {rig.create(alice)})), std::string("applied 1"));
    Peer &bob = rig.follow("bob");
    QCOMPARE(bob.types(), (std::vector<std::string>{"welcome", "events", "synced"}));
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 1, Operation::Update, R"([{"op":"inc","path":"/gold","value":5}])")})),
             std::string("applied 2"));
    QCOMPARE(alice.eventSeqs(), (std::vector<std::int64_t>{1, 2}));
    QCOMPARE(bob.eventSeqs(), (std::vector<std::int64_t>{1, 2}));
    QCOMPARE(rig.state(), std::string(R"({"gold":15,"name":"x"})"));
    rig.restart();
    QCOMPARE(rig.state(), std::string(R"({"gold":15,"name":"x"})"));
    QCOMPARE(rig.head().serverSeq, ServerSeq(2));
}

QTEST_GUILESS_MAIN(TestSync)
#include "tst_sync.moc"
