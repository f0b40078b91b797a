// SPDX-License-Identifier: Apache-2.0
#include "accesstest.h"
#include "answerstest.h"
#include "catchuptest.h"
#include "crdttest.h"
#include "growthtest.h"
#include "nodestest.h"
#include "partstest.h"
#include "rig.h"
#include "transactiontest.h"
#include "maintenancetest.h"
#include "workertest.h"

#include <QCoreApplication>
#include <QTest>

using namespace eventsync;
using namespace eventsync::sync;
using namespace eventsync::sync::test;

namespace {

CollectionPolicy goldNotNegative()
{
    CollectionPolicy policy;
    policy.setPath({json::Pointer({"gold"}), json::PathRule::Counter, 0, {}});
    policy.setPath({json::Pointer({"version"}), json::PathRule::Engine, {}, {}});
    return policy;
}

ServiceOptions withPolicy()
{
    ServiceOptions options;
    options.policies.set(CollectionName("things"), goldNotNegative());
    return options;
}

} // namespace

class TestSync : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aDocumentIsCreatedEditedAndSeenByAnother();
    void everyPushIsAnsweredByTheRules_data();
    void everyPushIsAnsweredByTheRules();
    void anIdIsKnownForEverAndUnderAnyClient();
    void aReplacementIsRecognisedByItsFirstId();
    void twoDecisionsUnderOneNumberAreAFork();
    void afterAForkNothingMoreOfTheConnectionIsProcessed();
    void theServerExecutesTheDecisionThatAnEventCarries_data();
    void theServerExecutesTheDecisionThatAnEventCarries();
    void theServersFieldsAreTheServers_data();
    void theServersFieldsAreTheServers();
    void mergingIntoNothingIsLoggedWithAnEmptyPatch();
    void aNewerHelloDropsWhatTheOlderHadWaiting();
    void aHelloIsRefusedByName_data();
    void aHelloIsRefusedByName();
    void aFailingStoreLeavesOtherDocumentsOfTheConnectionAlone();
    void aKnownClientMayReadWhatAFullStoreHolds();
    void aFailedCommitIsToldToNobodyAndLeavesNothing();
    void anUnknownCommitResultIsSettledByTheLog();
    void nothingIsSeenBeforeItIsDurable();
    void codeWritesByEditAndByVersion();
    void anIdOfCodeIsNoReplica();
    void aPauseOfTheServerIsNoSilenceOfItsPeers();
    void presenceEndsWithSilenceAndWithItsSender();
    void cursorsAreClampedToldAndKept();
    void aWatchListsTellsAndGoesOnFromItsToken();
    void aWatchThatCannotGoOnIsToldThatItsListIsFull_data();
    void aWatchThatCannotGoOnIsToldThatItsListIsFull();
    void aPageTokenOfAnotherEpochIsRefused();
    void questionsAreAnswered();
    void derivedRowsFollowWithinASecond();
    void aSilentPeerIsPingedThenClosed();
    void aRefusedSubscribeLeavesWhatWasFollowed();
    void aQueryThatCannotBeReadIsAnsweredUnderItsId();
    void moreInFlightThanGrantedClosesTheConnection();
    void aStopAnswersWhatWasAccepted();
};

void TestSync::aDocumentIsCreatedEditedAndSeenByAnother()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    QCOMPARE(alice.types(), (std::vector<std::string>{"welcome", "synced"}));
    QCOMPARE(statuses(rig.push(alice, {rig.create(alice)})), std::string("applied 1"));
    Peer &bob = rig.follow("bob");
    QCOMPARE(bob.types(), (std::vector<std::string>{"welcome", "events", "synced"}));
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 1, Operation::Update, kGold5)})), std::string("applied 2"));
    QCOMPARE(alice.eventSeqs(), (std::vector<std::int64_t>{1, 2}));
    QCOMPARE(bob.eventSeqs(), (std::vector<std::int64_t>{1, 2}));
    QCOMPARE(rig.state(), std::string(R"({"gold":15,"name":"x"})"));
    rig.restart();
    QCOMPARE(rig.state(), std::string(R"({"gold":15,"name":"x"})"));
    QCOMPARE(rig.head().serverSeq, ServerSeq(2));
}

// Alice made the document (1) and named it anew (2); Bob has seen `base` of it and pushes.
void TestSync::everyPushIsAnsweredByTheRules_data()
{
    QTest::addColumn<int>("clientSeq");
    QTest::addColumn<int>("baseSeq");
    QTest::addColumn<int>("operation");
    QTest::addColumn<QByteArray>("patch");
    QTest::addColumn<QByteArray>("answer");
    const int update = int(Operation::Update), remove = int(Operation::Delete), create = int(Operation::Create);
    QTest::newRow("all seen") << 1 << 2 << update << QByteArray(kGold5) << QByteArray("applied 3");
    QTest::newRow("no overlap") << 1 << 1 << update << QByteArray(kGold5) << QByteArray("merged 3");
    QTest::newRow("overlap") << 1 << 1 << update << QByteArray(nameTo("bob").c_str()) << QByteArray("conflict Conflict");
    QTest::newRow("same value") << 1 << 1 << update << QByteArray(nameTo("alice").c_str()) << QByteArray("merged 3");
    QTest::newRow("delete against an unseen edit") << 1 << 1 << remove << QByteArray("[]") << QByteArray("conflict Conflict");
    QTest::newRow("two creates") << 1 << 0 << create << QByteArray(R"([{"op":"add","path":"","value":{}}])")
                                 << QByteArray("conflict PatchFailed");
    QTest::newRow("does not apply, all seen") << 1 << 2 << update << QByteArray(R"([{"op":"remove","path":"/no"}])")
                                              << QByteArray("rejected PatchFailed");
    QTest::newRow("does not apply, unseen") << 1 << 1 << update << QByteArray(R"([{"op":"remove","path":"/no"}])")
                                            << QByteArray("conflict PatchFailed");
    QTest::newRow("invalid, all seen") << 1 << 2 << update << QByteArray(R"([{"op":"inc","path":"/gold","value":-11}])")
                                       << QByteArray("rejected Invalid");
    QTest::newRow("invalid alone too") << 1 << 1 << update << QByteArray(R"([{"op":"inc","path":"/gold","value":-11}])")
                                       << QByteArray("rejected Invalid");
    QTest::newRow("an engine path") << 1 << 2 << update << QByteArray(R"([{"op":"add","path":"/version","value":9}])")
                                    << QByteArray("rejected Invalid");
    QTest::newRow("a number too high") << 2 << 2 << update << QByteArray(kGold5) << QByteArray("skipped");
    QTest::newRow("a number taken") << 0 << 2 << update << QByteArray(kGold5) << QByteArray("rejected ClientForked");
    QTest::newRow("a base that is not there yet") << 1 << 9 << update << QByteArray(kGold5) << QByteArray("rejected InvalidValue");
}

void TestSync::everyPushIsAnsweredByTheRules()
{
    QFETCH(int, clientSeq);
    QFETCH(int, baseSeq);
    QFETCH(int, operation);
    QFETCH(QByteArray, patch);
    QFETCH(QByteArray, answer);
    Rig rig(withPolicy());
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice), rig.event(alice, 2, 1, Operation::Update, nameTo("alice"))});
    Peer &bob = rig.follow("bob");
    const protocol::Ack ack = rig.push(bob, {rig.event(bob, clientSeq, baseSeq, Operation(operation), patch.toStdString()),
                                             rig.event(bob, clientSeq + 1, baseSeq, Operation::Update, kGold5)});
    QCOMPARE(statuses(protocol::Ack{{}, {}, {ack.results.front()}}), answer.toStdString());
    const bool logged = ack.results.front().serverSeq.has_value();
    QCOMPARE(statusName(ack.results.back().status) == "skipped", !logged); // the rest of the batch
    if (ack.results.front().status == AckStatus::Conflict)
        QCOMPARE(ack.results.front().head.value(), ServerSeq(2));
    QCOMPARE(rig.head().serverSeq, ServerSeq(logged ? 4 : 2));
    QVERIFY(!bob.closed);
}

// [G3]
void TestSync::anIdIsKnownForEverAndUnderAnyClient()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    const Event made = rig.create(alice);
    rig.push(alice, {made});
    rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)});
    QCOMPARE(statuses(rig.push(alice, {made})), std::string("duplicate 1"));
    Peer &bob = rig.follow("bob");
    Event again = made;
    again.clientId = bob.client;
    QCOMPARE(statuses(rig.push(bob, {again})), std::string("duplicate 1"));
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 9, 2, Operation::Update, kGold5), again})),
             std::string("skipped, duplicate 1")); // looked up before the rest is skipped
    std::optional<Result<ServerSeq>> horizon;
    rig.service->compact(DocumentId("d1"), ServerSeq(3), [&](Result<ServerSeq> result) { horizon = result; });
    rig.run();
    QCOMPARE(horizon->value(), ServerSeq(3));
    QCOMPARE(statuses(rig.push(bob, {again})), std::string("duplicate 1"));
    rig.restart();
    Peer &carol = rig.follow("carol");
    again.clientId = carol.client;
    QCOMPARE(statuses(rig.push(carol, {again, rig.event(carol, 1, 2, Operation::Update, kGold5)})),
             std::string("duplicate 1, applied 3"));
    QCOMPARE(statuses(rig.push(carol, {rig.event(carol, 2, 1, Operation::Update, kGold5)})),
             std::string("conflict BaseCompacted"));
    again.diff = Diff(patch(R"([{"op":"add","path":"","value":{}}])"));
    QCOMPARE(statuses(rig.push(carol, {again})), std::string("rejected ClientForked"));
}

void TestSync::aReplacementIsRecognisedByItsFirstId()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    const Event first = rig.event(alice, 2, 1, Operation::Update, kGold5);
    Event second = rig.event(alice, 2, 1, Operation::Update, nameTo("a"));
    second.metadata = json::Object{{"replaces", json::Array{first.id.toText(), first.id.toText()}}};
    QCOMPARE(statuses(rig.push(alice, {second})), std::string("applied 2"));
    QCOMPARE(statuses(rig.push(alice, {first})), std::string("duplicate 2"));
    Event third = rig.event(alice, 3, 2, Operation::Update, nameTo("b"));
    third.metadata = second.metadata;
    QCOMPARE(statuses(rig.push(alice, {third})), std::string("duplicate 2"));
}

void TestSync::twoDecisionsUnderOneNumberAreAFork()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    const EventId edit = rig.event(alice, 2, 1, Operation::Update, kGold5).id;
    Event one = rig.event(alice, 2, 1, Operation::Update, nameTo("a")), other = rig.event(alice, 2, 1, Operation::Update, nameTo("b"));
    one.metadata = other.metadata = json::Object{{"replaces", json::Array{edit.toText(), edit.toText()}}};
    QCOMPARE(statuses(rig.push(alice, {one})), std::string("applied 2"));
    // What a copy made after its own decision must not be taken for an edit whose author knew this one.
    QCOMPARE(statuses(rig.push(alice, {other, rig.event(alice, 3, 1, Operation::Update, nameTo("c"))})),
             std::string("rejected ClientForked, skipped"));
}

void TestSync::afterAForkNothingMoreOfTheConnectionIsProcessed()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    QCOMPARE(statuses(rig.push(alice, {rig.event(alice, 1, 1, Operation::Update, kGold5)})), std::string("rejected ClientForked"));
    QCOMPARE(statuses(rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)})), std::string("skipped"));
    QVERIFY(!alice.closed);
    Peer &again = rig.follow("alice");
    QCOMPARE(statuses(rig.push(again, {rig.event(again, 2, 1, Operation::Update, kGold5)})), std::string("applied 2"));
}

void TestSync::theServerExecutesTheDecisionThatAnEventCarries_data()
{
    QTest::addColumn<int>("decision");
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<QByteArray>("name");
    QTest::newRow("ours") << int(OnOverlap::Ours) << QByteArray("merged 3") << QByteArray("bob");
    QTest::newRow("theirs") << int(OnOverlap::Theirs) << QByteArray("merged 3") << QByteArray("alice");
    QTest::newRow("fail") << int(OnOverlap::Fail) << QByteArray("conflict Conflict") << QByteArray("alice");
}

void TestSync::theServerExecutesTheDecisionThatAnEventCarries()
{
    QFETCH(int, decision);
    QFETCH(QByteArray, answer);
    QFETCH(QByteArray, name);
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice), rig.event(alice, 2, 1, Operation::Update, nameTo("alice"))});
    Peer &bob = rig.follow("bob");
    Event event = rig.event(bob, 1, 1, Operation::Update, nameTo("bob"));
    event.onOverlap = OnOverlap(decision);
    QCOMPARE(statuses(rig.push(bob, {event})), answer.toStdString());
    QCOMPARE(rig.state(), R"({"gold":10,"name":")" + name.toStdString() + R"("})");
    if (OnOverlap(decision) == OnOverlap::Fail)
        return;
    const Event logged = eventOf(bob.last<protocol::Events>()->events.back());
    QVERIFY(logged.metadata && logged.metadata->contains("conflict"));
    QCOMPARE(logged.diff.hasChanges(), OnOverlap(decision) == OnOverlap::Ours);
    QCOMPARE(statuses(rig.push(bob, {event})), std::string("duplicate 3")); // by the form that was pushed
}

void TestSync::theServersFieldsAreTheServers_data()
{
    QTest::addColumn<QByteArray>("metadata");
    QTest::addColumn<QByteArray>("answer");
    const QByteArray applied("applied 2"), refused("rejected PermissionDenied");
    QTest::newRow("an author") << QByteArray(R"({"madeAt":1})") << applied;
    QTest::newRow("a transaction") << QByteArray(R"({"transactionId":"019a9b1c-7000-7111-8222-333344445555"})") << refused;
    QTest::newRow("the server's decision") << QByteArray(R"({"conflict":{"decidedBy":"server","strategy":"ours"}})") << refused;
    QTest::newRow("a person's decision") << QByteArray(R"({"conflict":{"decidedBy":"Alice","strategy":"person"}})") << applied;
    QTest::newRow("a conflict of one's own form") << QByteArray(R"({"conflict":["server"]})") << applied;
}

void TestSync::theServersFieldsAreTheServers()
{
    QFETCH(QByteArray, metadata);
    QFETCH(QByteArray, answer);
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    Event event = rig.event(alice, 2, 1, Operation::Update, kGold5);
    event.author = "admin"; // there is no authentication, so nobody knows who it is
    event.metadata = value(metadata.toStdString()).as_object();
    QCOMPARE(statuses(rig.push(alice, {event})), answer.toStdString());
    if (!answer.startsWith("applied"))
        return;
    const Event logged = eventOf(alice.last<protocol::Events>()->events.back());
    QVERIFY(!logged.author);
    QVERIFY(*logged.metadata == *event.metadata);
    QCOMPARE(statuses(rig.push(alice, {event})), std::string("duplicate 2")); // by the form that was pushed
}

void TestSync::mergingIntoNothingIsLoggedWithAnEmptyPatch()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice), rig.event(alice, 2, 1, Operation::Update, nameTo("same"))});
    Peer &bob = rig.follow("bob");
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 1, Operation::Update, nameTo("same"))})), std::string("merged 3"));
    QVERIFY(!eventOf(bob.last<protocol::Events>()->events.back()).diff.hasChanges());
}

void TestSync::aNewerHelloDropsWhatTheOlderHadWaiting()
{
    Rig rig({}, storage::MemoryBackend::Completion::InFlight);
    Peer &old = rig.follow("alice");
    const auto push = [&](Event event) {
        rig.service->receive(old.id, protocol::Push{BatchId(1), DocumentId("d1"), {std::make_shared<const Event>(std::move(event))}});
    };
    push(rig.create(old));
    while (rig.backend.inFlight() == 0)
        QVERIFY(rig.executor.runOne());
    push(rig.event(old, 2, 1, Operation::Update, kGold5)); // waits for the commit that is on its way
    Peer &fresh = rig.hello("alice");
    QVERIFY(fresh.last<protocol::Welcome>().has_value());
    QCOMPARE(old.closed.value(), ErrorCode::Replaced);
    QCOMPARE(old.last<protocol::ErrorMessage>()->scope, protocol::ErrorScope::Connection);
    QCOMPARE(old.last<protocol::ErrorMessage>()->retryAfterMs.value(), 60'000);
    QCOMPARE(rig.head().serverSeq, ServerSeq(1));
}

void TestSync::aHelloIsRefusedByName_data()
{
    QTest::addColumn<int>("protocolVersion");
    QTest::addColumn<QByteArray>("client");
    QTest::addColumn<QByteArray>("secret");
    QTest::addColumn<int>("code");
    QTest::newRow("another protocol") << 2 << QByteArray("zoe") << QByteArray() << int(ErrorCode::UnsupportedProtocol);
    QTest::newRow("a reserved id") << 1 << QByteArray("rest:web") << QByteArray() << int(ErrorCode::ClientIdReserved);
    QTest::newRow("no id") << 1 << QByteArray("") << QByteArray() << int(ErrorCode::InvalidValue);
    QTest::newRow("another's secret") << 1 << QByteArray("alice") << QByteArray("wrong") << int(ErrorCode::ClientSecretWrong);
    QTest::newRow("no secret") << 1 << QByteArray("alice") << QByteArray() << int(ErrorCode::ClientSecretWrong);
    QTest::newRow("forgotten") << 1 << QByteArray("old") << QByteArray() << int(ErrorCode::ClientExpired);
}

void TestSync::aHelloIsRefusedByName()
{
    QFETCH(int, protocolVersion);
    QFETCH(QByteArray, client);
    QFETCH(QByteArray, secret);
    QFETCH(int, code);
    Rig rig;
    rig.say(rig.connect(), protocol::Hello{.clientId = ClientId("alice"), .clientSecret = "right"});
    rig.hello("old");
    rig.service->expireClient(ClientId("old"), [](Result<>) {});
    rig.run();
    rig.restart();
    Peer &peer = rig.connect();
    protocol::Hello hello{.protocol = protocolVersion, .clientId = ClientId(client.toStdString())};
    if (!secret.isEmpty())
        hello.clientSecret = secret.toStdString();
    rig.say(peer, hello);
    QCOMPARE(int(peer.closed.value()), code);
    QCOMPARE(int(peer.last<protocol::ErrorMessage>()->code), code);
    QCOMPARE(peer.last<protocol::ErrorMessage>()->scope, protocol::ErrorScope::Connection);
}

void TestSync::aFailingStoreLeavesOtherDocumentsOfTheConnectionAlone()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.subscribe(alice, "d2");
    rig.backend.failNextCommits({ErrorCode::IoError, "the disk is broken"});
    rig.push(alice, {rig.create(alice)});
    QCOMPARE(alice.last<protocol::ErrorMessage>()->documentId.value(), DocumentId("d1"));
    QCOMPARE(statuses(rig.push(alice, {rig.create(alice, 1, "{}", "d2")})), std::string("applied 1"));
}

void TestSync::aKnownClientMayReadWhatAFullStoreHolds()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    rig.clock.advance(std::chrono::hours(48)); // when it was last here is noted now and then
    rig.backend.failNextCommits({ErrorCode::StoreFull, "the disk is full"});
    Peer &again = rig.follow("alice");
    QVERIFY(!again.closed);
    QCOMPARE(again.eventSeqs(), (std::vector<std::int64_t>{1}));
    rig.backend.failNextCommits({ErrorCode::StoreFull, "the disk is full"});
    QCOMPARE(rig.hello("newcomer").closed.value(), ErrorCode::Unavailable); // its id must be noted first
}

// [G1, G5]
void TestSync::aFailedCommitIsToldToNobodyAndLeavesNothing()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    Peer &bob = rig.follow("bob");
    rig.backend.failNextCommits({ErrorCode::StoreFull, "the disk is full"});
    QVERIFY(rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)}).results.empty());
    const auto told = alice.last<protocol::ErrorMessage>();
    QCOMPARE(told->code, ErrorCode::StoreFull);
    QCOMPARE(told->scope, protocol::ErrorScope::Document);
    QCOMPARE(told->documentId.value(), DocumentId("d1"));
    QVERIFY(told->retryAfterMs.has_value());
    QVERIFY(!alice.closed);
    QCOMPARE(bob.eventSeqs(), (std::vector<std::int64_t>{1}));
    QCOMPARE(rig.state(), std::string(R"({"gold":10,"name":"x"})"));
    // It pushes again what is not in the log once it follows the document again, on the same connection.
    QCOMPARE(statuses(rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)})), std::string("skipped"));
    rig.subscribe(alice, "d1", 1, rig.head().chain);
    QCOMPARE(statuses(rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)})), std::string("applied 2"));
    QCOMPARE(bob.eventSeqs(), (std::vector<std::int64_t>{1, 2}));
}

// [G3]
void TestSync::anUnknownCommitResultIsSettledByTheLog()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    Peer &bob = rig.follow("bob");
    const Event event = rig.event(alice, 2, 1, Operation::Update, kGold5);
    rig.backend.failNextCommits({ErrorCode::IoError, "lost"}, 1, storage::MemoryBackend::Fault::Answered);
    rig.push(alice, {event});
    QCOMPARE(bob.eventSeqs(), (std::vector<std::int64_t>{1, 2})); // it is there, so all are told
    Peer &again = rig.follow("alice");
    QCOMPARE(statuses(rig.push(again, {event})), std::string("duplicate 2"));
}

// [G1]
void TestSync::nothingIsSeenBeforeItIsDurable()
{
    Rig rig({}, storage::MemoryBackend::Completion::InFlight);
    Peer &alice = rig.follow("alice");
    const auto event = std::make_shared<const Event>(rig.create(alice));
    rig.service->receive(alice.id, protocol::Push{BatchId(1), DocumentId("d1"), {event}});
    while (rig.backend.inFlight() == 0)
        QVERIFY(rig.executor.runOne());
    QVERIFY(!alice.last<protocol::Ack>());
    QVERIFY(alice.eventSeqs().empty());
    rig.run();
    QCOMPARE(statuses(*alice.last<protocol::Ack>()), std::string("applied 1"));
}

// [G6, G7]
void TestSync::codeWritesByEditAndByVersion()
{
    Rig rig(withPolicy());
    SyncService::Write write{.documentId = DocumentId("d1"), .collection = CollectionName("things"), .clientId = ClientId("rest:web")};
    write.edit = [](json::State &state) -> Result<> {
        state = value(R"({"gold":1})");
        return {};
    };
    QCOMPARE(rig.write(write)->record.position.serverSeq, ServerSeq(1));
    QVERIFY(!rig.write(write)->event); // nothing changed
    write.edit = [](json::State &state) -> Result<> {
        if (state->at("version") != json::Value(1))
            return failure(ErrorCode::Internal, "the view has no version");
        state->at("gold") = 4;
        return {};
    };
    const auto written = rig.write(write);
    QCOMPARE(json::canonical(written->diff.toJson()), std::string(R"({"patch":[{"op":"inc","path":"/gold","value":3}]})"));
    write.ifVersion = ServerSeq(1);
    QCOMPARE(rig.write(write).error().code, ErrorCode::VersionConflict);
    write.ifVersion.reset();
    write.edit = [](json::State &state) -> Result<> {
        state->at("gold") = -1;
        return {};
    };
    QCOMPARE(rig.write(write).error().code, ErrorCode::Invalid);
    write.collection = CollectionName("others");
    QCOMPARE(rig.write(write).error().code, ErrorCode::WrongCollection);
    QCOMPARE(rig.state(), std::string(R"({"gold":4})"));
}

void TestSync::anIdOfCodeIsNoReplica()
{
    Rig rig;
    rig.hello("phone");
    SyncService::Write write{.documentId = DocumentId("d1"), .collection = CollectionName("things"), .clientId = ClientId("phone")};
    write.edit = [](json::State &state) -> Result<> {
        state = value("{}");
        return {};
    };
    QCOMPARE(rig.write(write).error().code, ErrorCode::ClientIdInUse);
    write.clientId = ClientId("game-server");
    QVERIFY(rig.write(write).has_value());
    QCOMPARE(rig.hello("game-server").closed.value(), ErrorCode::ClientIdInUse);
}

// A stopped process, or a busy engine: what the peers said meanwhile lies unread when the clock is looked at.
void TestSync::aPauseOfTheServerIsNoSilenceOfItsPeers()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    Peer &bob = rig.follow("bob");
    Peer &late = rig.connect(); // its hello lies unread too
    rig.say(alice, protocol::Presence{DocumentId("d1"), alice.client, value("1")});
    rig.clock.advance(std::chrono::seconds(35));
    rig.service->tick();
    rig.run();
    QVERIFY(!alice.closed && !bob.closed && !late.closed);
    QVERIFY(!bob.last<protocol::Presence>()->state.is_null());
    rig.say(alice, protocol::Ping{1});
    rig.say(late, protocol::Hello{.clientId = ClientId("carol")});
    QVERIFY(late.last<protocol::Welcome>().has_value());
    rig.wait(std::chrono::seconds(29));
    QCOMPARE(bob.closed.value(), ErrorCode::Timeout); // that one has said nothing, and was listened to
    QVERIFY(!alice.closed);
}

void TestSync::presenceEndsWithSilenceAndWithItsSender()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    Peer &bob = rig.follow("bob");
    rig.say(alice, protocol::Presence{DocumentId("d1"), ClientId("mallory"), value(R"({"at":3})")});
    QCOMPARE(bob.last<protocol::Presence>()->clientId, ClientId("alice")); // never another's
    rig.wait(std::chrono::seconds(29));
    rig.say(alice, protocol::Ping{1});
    rig.say(bob, protocol::Ping{1});
    rig.wait(std::chrono::seconds(2));
    QVERIFY(bob.last<protocol::Presence>()->state.is_null());
    rig.say(alice, protocol::Presence{DocumentId("d1"), alice.client, value("1")});
    QVERIFY(!bob.last<protocol::Presence>()->state.is_null());
    rig.service->lost(alice.id);
    QVERIFY(bob.last<protocol::Presence>()->state.is_null());
    rig.say(bob, protocol::Presence{DocumentId("d1"), bob.client, json::Value(std::string(5'000, 'x'))});
    QCOMPARE(bob.last<protocol::ErrorMessage>()->code, ErrorCode::TooLarge);
}

void TestSync::cursorsAreClampedToldAndKept()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice), rig.event(alice, 2, 1, Operation::Update, kGold5)});
    Peer &bob = rig.hello("bob");
    rig.say(bob, protocol::Subscribe{.documentId = DocumentId("d1"), .afterSeq = ServerSeq(0), .clocks = true});
    rig.say(alice, protocol::Cursor{DocumentId("d1"), ServerSeq(1)});
    QCOMPARE(bob.last<protocol::Cursors>()->cursors.front().vectorClock.at(alice.client), ClientSeq(1));
    rig.say(alice, protocol::Cursor{DocumentId("d1"), ServerSeq(99)});
    QCOMPARE(bob.last<protocol::Cursors>()->cursors.front().serverSeq, ServerSeq(2));
    rig.wait(std::chrono::seconds(2));
    rig.restart();
    Peer &carol = rig.follow("carol");
    rig.say(carol, protocol::Query{"q", protocol::StateVectorsQuery{DocumentId("d1")}});
    const auto answer = carol.last<protocol::QueryResult>()->content;
    QCOMPARE(answer.at("stateVectors").as_array().size(), std::size_t(1));
}

void TestSync::aWatchListsTellsAndGoesOnFromItsToken()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    Peer &bob = rig.hello("bob");
    rig.say(bob, protocol::Watch{CollectionName("things"), {}, {json::Pointer({"gold"})}, {}});
    QCOMPARE(bob.types(), (std::vector<std::string>{"welcome", "heads", "watching"}));
    QCOMPARE(json::canonical(*bob.last<protocol::Heads>()->heads.front().fields), std::string(R"({"gold":10})"));
    rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)});
    QCOMPARE(bob.last<protocol::Heads>()->heads.front().serverSeq, ServerSeq(2));
    const std::string token = bob.last<protocol::Watching>()->token;
    rig.service->lost(bob.id);
    rig.push(alice, {rig.event(alice, 3, 2, Operation::Delete, "[]")});
    Peer &again = rig.hello("bob");
    rig.say(again, protocol::Watch{CollectionName("things"), {}, {}, token});
    QCOMPARE(again.last<protocol::Heads>()->heads.size(), std::size_t(1));
    QVERIFY(again.last<protocol::Heads>()->heads.front().deleted);
    rig.service->lost(again.id);
    Peer &third = rig.hello("bob");
    rig.say(third, protocol::Watch{CollectionName("things"), {}, {}, again.last<protocol::Watching>()->token});
    QCOMPARE(third.types(), (std::vector<std::string>{"welcome", "watching"})); // nothing since
    QVERIFY(bob.last<protocol::Watching>()->full);
    QVERIFY(!again.last<protocol::Watching>()->full);
}

void TestSync::aWatchThatCannotGoOnIsToldThatItsListIsFull_data()
{
    QTest::addColumn<QString>("token");
    QTest::newRow("no token") << QString();
    QTest::newRow("garbage") << QStringLiteral("garbage!!");
    QTest::newRow("another epoch") << QStringLiteral("epoch");
    QTest::newRow("another history under the same epoch") << QStringLiteral("history");
    QTest::newRow("beyond the end of the log") << QStringLiteral("beyond");
}

void TestSync::aWatchThatCannotGoOnIsToldThatItsListIsFull()
{
    QFETCH(QString, token);
    ServiceOptions options;
    options.epoch = token == u"epoch" ? "before" : "now";
    Rig former(options);
    Peer &author = former.follow("alice");
    former.push(author, {former.create(author, 1, R"({"former":true})")});
    if (token == u"beyond")
        former.push(author, {former.create(author, 1, "{}", "d2")});
    Peer &watching = former.hello("bob");
    former.say(watching, protocol::Watch{CollectionName("things")});
    std::optional<std::string> since = watching.last<protocol::Watching>()->token;
    if (token.isEmpty())
        since.reset();
    else if (token == u"garbage!!")
        since = token.toStdString();

    options.epoch = "now";
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    Peer &bob = rig.hello("bob");
    rig.say(bob, protocol::Watch{CollectionName("things"), {}, {}, since});
    QCOMPARE(bob.types(), (std::vector<std::string>{"welcome", "heads", "watching"}));
    QVERIFY(bob.last<protocol::Watching>()->full);
}

void TestSync::aPageTokenOfAnotherEpochIsRefused()
{
    ServiceOptions options;
    options.epoch = "before";
    Rig rig(options);
    for (const char *id : {"d1", "d2", "d3"})
        QVERIFY(rig.write(writeOf(id, "{}")).has_value());
    const auto ask = [&](std::optional<std::string> token) {
        Peer &peer = rig.hello("bob");
        rig.say(peer, protocol::Query{"q", protocol::ListQuery{.collection = CollectionName("things"), .limit = 2, .pageToken = token}});
        return *peer.last<protocol::QueryResult>();
    };
    const std::string token(ask({}).content.at("nextPageToken").as_string());
    QCOMPARE(ask(token).content.at("items").as_array().size(), std::size_t(1));
    rig.options.epoch = "now"; // a backup was restored
    rig.restart();
    QCOMPARE(ask(token).code.value(), ErrorCode::InvalidValue);
}

void TestSync::questionsAreAnswered()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice), rig.event(alice, 2, 1, Operation::Update, kGold5)});
    rig.say(alice, protocol::Query{"1", protocol::StateAtQuery{DocumentId("d1"), ServerSeq(1)}});
    QCOMPARE(json::canonical(alice.last<protocol::QueryResult>()->content.at("state")), std::string(R"({"gold":10,"name":"x"})"));
    rig.say(alice, protocol::Query{"2", protocol::EventsQuery{DocumentId("d1"), {}, {}, 1, {}, {}}});
    QCOMPARE(alice.last<protocol::QueryResult>()->content.at("events").as_array().size(), std::size_t(1));
    rig.say(alice, protocol::Query{"3", protocol::StateAtQuery{DocumentId("none"), ServerSeq(1)}});
    QCOMPARE(alice.last<protocol::QueryResult>()->code.value(), ErrorCode::NotFound);
    Peer &bob = rig.follow("bob", "d2");
    rig.push(bob, {rig.create(bob, 1, R"({"gold":99})", "d2")});
    protocol::ListQuery list{.collection = CollectionName("things"), .sort = *json::sortKeysFrom("-/gold"), .limit = 1};
    rig.say(bob, protocol::Query{"4", list});
    const auto page = bob.last<protocol::QueryResult>()->content;
    QCOMPARE(std::string(page.at("items").at(0).at("id").as_string()), std::string("d2"));
    list.pageToken = std::string(page.at("nextPageToken").as_string());
    rig.say(bob, protocol::Query{"5", list});
    const auto next = bob.last<protocol::QueryResult>()->content;
    QCOMPARE(std::string(next.at("items").at(0).at("id").as_string()), std::string("d1"));
    QVERIFY(!next.contains("nextPageToken"));
}

// [G5]
void TestSync::derivedRowsFollowWithinASecond()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice), rig.event(alice, 2, 1, Operation::Update, kGold5)});
    const auto stored = [&] {
        return std::get<std::int64_t>((**(*rig.backend.view())->get("documents", {std::string("d1")}))[4]);
    };
    QCOMPARE(stored(), std::int64_t(0));
    QCOMPARE(rig.state(), std::string(R"({"gold":15,"name":"x"})"));
    rig.wait(std::chrono::seconds(2));
    QCOMPARE(stored(), std::int64_t(2));
}

void TestSync::aRefusedSubscribeLeavesWhatWasFollowed()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    rig.push(alice, {rig.create(alice)});
    Peer &bob = rig.follow("bob");
    rig.say(bob, protocol::Subscribe{.documentId = DocumentId("d1"), .collection = CollectionName("others"), .afterSeq = ServerSeq(0)});
    QCOMPARE(bob.last<protocol::ErrorMessage>()->code, ErrorCode::WrongCollection);
    rig.push(alice, {rig.event(alice, 2, 1, Operation::Update, kGold5)});
    QCOMPARE(bob.eventSeqs().back(), std::int64_t(2));
    QCOMPARE(statuses(rig.push(bob, {rig.event(bob, 1, 2, Operation::Update, kGold5)})), std::string("applied 3"));
    const std::size_t before = bob.eventSeqs().size();
    rig.subscribe(bob); // and one that is right takes its place
    QCOMPARE(bob.eventSeqs().size(), before + 3);
    QCOMPARE(bob.last<protocol::Synced>()->clientSeq, ClientSeq(1));
}

void TestSync::aQueryThatCannotBeReadIsAnsweredUnderItsId()
{
    Rig rig;
    Peer &alice = rig.hello("alice");
    rig.service->receiveInvalid(alice.id, {ErrorCode::InvalidMessage, "no such kind"}, {.requestId = "q7"});
    const auto result = alice.last<protocol::QueryResult>();
    QCOMPARE(result->requestId, std::string("q7"));
    QCOMPARE(result->code.value(), ErrorCode::InvalidMessage);
    QVERIFY(!alice.last<protocol::ErrorMessage>());
    Peer &early = rig.connect();
    rig.service->receiveInvalid(early.id, {ErrorCode::InvalidMessage, "no such kind"}, {.requestId = "q8"});
    QCOMPARE(early.types(), (std::vector<std::string>{"error"}));
}

void TestSync::aSilentPeerIsPingedThenClosed()
{
    Rig rig;
    Peer &alice = rig.hello("alice");
    rig.wait(std::chrono::seconds(16));
    QVERIFY(alice.last<protocol::Ping>().has_value());
    rig.say(alice, protocol::Pong{1});
    rig.wait(std::chrono::seconds(20));
    QVERIFY(!alice.closed);
    rig.wait(std::chrono::seconds(11));
    QCOMPARE(alice.closed.value(), ErrorCode::Timeout);
}

void TestSync::moreInFlightThanGrantedClosesTheConnection()
{
    ServiceOptions options;
    options.limits.inFlight = 2;
    Rig rig(options);
    Peer &alice = rig.follow("alice");
    QCOMPARE(alice.last<protocol::Welcome>()->limits.inFlight, std::int64_t(2));
    rig.push(alice, {rig.create(alice), rig.event(alice, 2, 1, Operation::Update, kGold5),
                     rig.event(alice, 3, 2, Operation::Update, kGold5)});
    QCOMPARE(alice.closed.value(), ErrorCode::RateLimited);
    QVERIFY(!rig.read().has_value());
}

// [G18]
void TestSync::aStopAnswersWhatWasAccepted()
{
    Rig rig;
    Peer &alice = rig.follow("alice");
    const auto event = std::make_shared<const Event>(rig.create(alice));
    bool done = false;
    rig.service->receive(alice.id, protocol::Push{BatchId(1), DocumentId("d1"), {event}});
    rig.service->shutdown([&] { done = true; });
    rig.run();
    QVERIFY(done);
    QCOMPARE(statuses(*alice.last<protocol::Ack>()), std::string("applied 1"));
    QVERIFY(alice.last<protocol::GoAway>().has_value());
    QCOMPARE(alice.closed.value(), ErrorCode::ShuttingDown);
    rig.restart();
    QCOMPARE(rig.head().serverSeq, ServerSeq(1));
}

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    int failed = 0;
    const auto run = [&](QObject &&test) { failed += QTest::qExec(&test, argc, argv); };
    run(TestSync());
    run(AccessTest());
    run(CrdtTest());
    run(CatchUpTest());
    run(AnswersTest());
    run(MaintenanceTest());
    run(GrowthTest());
    run(WorkerTest());
    run(NodesTest());
    run(PartsTest());
    run(TransactionTest());
    return failed;
}

#include "tst_sync.moc"
