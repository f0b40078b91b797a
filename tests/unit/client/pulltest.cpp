// SPDX-License-Identifier: Apache-2.0
#include "pulltest.h"

#include <eventsync/base/limits.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/protocol/limits.h>

#include "rig.h"

#include <QTest>

namespace eventsync::client::test {


#define VERIFY_DURABLE(pair) QCOMPARE(QString::fromStdString((pair).device.broken), QString())

namespace {

constexpr auto kInc = R"([{"op":"inc","path":"/gold","value":1}])";
constexpr auto kName = R"([{"op":"replace","path":"/name","value":"mine"}])";
constexpr auto kTheirName = R"([{"op":"replace","path":"/name","value":"theirs"}])";
constexpr auto kTheirX = R"([{"op":"add","path":"/x","value":1}])";

} // namespace

void PullTest::connectingPullsBeforeItPushes()
{
    Pair pair;
    pair.edit(kName);
    QCOMPARE(pair.pushed().size(), std::size_t(1)); // it was synced
    pair.device.run(pair.device.core->disconnected());
    pair.edit(kInc);
    QVERIFY(pair.pushed().empty());
    pair.device.run(pair.device.core->connected());
    QCOMPARE(pair.device.take<protocol::Hello>().back().clientId, pair.device.core->clientId());
    pair.device.receive(welcome());
    const auto subscribe = pair.device.take<protocol::Subscribe>().back();
    QCOMPARE(subscribe.afterSeq->value(), std::int64_t(1));
    QCOMPARE(*subscribe.chain, pair.log.chains[1]);
    QCOMPARE(subscribe.pending.size(), std::size_t(2));
    QVERIFY(pair.pushed().empty());
    pair.device.receive(pair.log.synced({}));
    const auto pushed = pair.pushed();
    QCOMPARE(pushed.size(), std::size_t(2));
    QCOMPARE(pushed[0]->clientSeq, ClientSeq(1));
    QCOMPARE(pushed[1]->clientSeq, ClientSeq(2));
    VERIFY_DURABLE(pair);
}

void PullTest::anOwnEventLeavesTheQueueAtItsEvent()
{
    Pair pair;
    const EventId id = pair.edit(kInc);
    pair.logAll(pair.pushed());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.device.confirmed(pair.id), pair.log.state());
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    const auto logged = pair.device.notifications<EditLogged>();
    QCOMPARE(logged.size(), std::size_t(1));
    QCOMPARE(logged[0].id, id);
    QCOMPARE(logged[0].serverSeq, ServerSeq(2));
    QCOMPARE(pair.device.core->vectorClock(pair.id).at(pair.device.core->clientId()), ClientSeq(1));
    VERIFY_DURABLE(pair);
}

void PullTest::anAckBehindTheEventChangesNothing()
{
    Pair pair;
    pair.edit(kInc);
    pair.logAll(pair.pushed());
    const std::string view = pair.device.view(pair.id);
    pair.device.receive(answer(pair.lastPush, AckStatus::Applied, ServerSeq(2)));
    QCOMPARE(pair.device.view(pair.id), view);
    QCOMPARE(pair.device.core->position(pair.id)->serverSeq, ServerSeq(2));
    VERIFY_DURABLE(pair);
}

void PullTest::theAckAloneDoesNotSettle()
{
    Pair pair;
    pair.edit(kInc);
    const auto pushed = pair.pushed();
    pair.device.receive(answer(pair.lastPush, AckStatus::Applied, ServerSeq(2)));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(1)); // state and position advance by events only
    QCOMPARE(pair.device.core->position(pair.id)->serverSeq, ServerSeq(1));
    pair.logAll(pushed);
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    VERIFY_DURABLE(pair);
}

void PullTest::eventsApplyOnlyInOrder()
{
    Pair pair;
    pair.log.other(kTheirX);
    pair.log.other(kTheirName);
    pair.device.receive(pair.log.events(ServerSeq(1)));
    const std::string view = pair.device.view(pair.id);
    pair.device.receive(pair.log.events(ServerSeq(0))); // all of it again
    pair.device.receive(pair.log.events(ServerSeq(1)));
    QCOMPARE(pair.device.view(pair.id), view);
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    QVERIFY(pair.device.core->isSynced(pair.id));
    VERIFY_DURABLE(pair);
}

void PullTest::aGapAsksAgainOnce()
{
    Pair pair;
    pair.device.take<protocol::Subscribe>();
    for (int i = 0; i < 3; ++i)
        pair.log.other(kInc);
    pair.device.receive(pair.log.events(ServerSeq(2), ServerSeq(3)));
    pair.device.receive(pair.log.events(ServerSeq(3), ServerSeq(4)));
    const auto subscribes = pair.device.take<protocol::Subscribe>();
    QCOMPARE(subscribes.size(), std::size_t(1));
    QCOMPARE(subscribes[0].afterSeq->value(), std::int64_t(1));
    QVERIFY(!pair.device.core->isSynced(pair.id));
    pair.device.receive(pair.log.events(ServerSeq(1)));
    pair.device.receive(pair.log.synced({}));
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    QVERIFY(pair.device.core->isSynced(pair.id));
}

void PullTest::eventsOfAnotherHistoryAskAgain()
{
    Pair pair;
    pair.device.take<protocol::Subscribe>();
    pair.log.other(kTheirX);
    auto events = pair.log.events(ServerSeq(1));
    events.chain.bytes[0] ^= 1;
    pair.device.receive(events);
    QCOMPARE(pair.device.core->position(pair.id)->serverSeq, ServerSeq(1));
    QCOMPARE(pair.device.take<protocol::Subscribe>().size(), std::size_t(1));
    for (int i = 0; i < 3; ++i)
        pair.device.receive(events);
    QVERIFY(pair.device.closed.has_value()); // not for ever
    QCOMPARE(pair.device.closed->reason.code, ErrorCode::Corrupt);
}

void PullTest::whatDoesNotOverlapIsRebased()
{
    Pair pair;
    pair.device.run(pair.device.core->disconnected());
    pair.edit(kName);
    pair.edit(kInc);
    pair.log.other(kTheirX);
    pair.log.other(R"([{"op":"inc","path":"/gold","value":100}])");
    pair.connect();
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"gold":111,"name":"mine","x":1})"));
    QCOMPARE(pair.device.confirmed(pair.id), pair.log.state());
    const auto pushed = pair.pushed();
    QCOMPARE(pushed.size(), std::size_t(2));
    QCOMPARE(pushed[0]->baseSeq, ServerSeq(3));
    QCOMPARE(pushed[0]->metadata->at("madeAt").to_number<int>(), 1);
    VERIFY_DURABLE(pair);
}

void PullTest::whatOverlapsBecomesAConflict()
{
    Pair pair;
    pair.device.run(pair.device.core->disconnected());
    const EventId id = pair.edit(kName);
    pair.log.other(kTheirX);
    pair.log.other(kTheirName);
    pair.connect();
    QCOMPARE(pair.device.states(), std::vector{EntryState::Conflict});
    QVERIFY(pair.device.entry(0).ready);
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    QVERIFY(pair.pushed().empty());
    const auto found = pair.device.notifications<ConflictFound>();
    QCOMPARE(found.size(), std::size_t(1));
    QCOMPARE(found[0].entry, id);
    const auto view = pair.device.core->conflict(id);
    QCOMPARE(json::canonical(*view->base), std::string(R"({"gold":10,"name":"a","x":1})"));
    QCOMPARE(json::canonical(*view->ours), std::string(R"({"gold":10,"name":"mine","x":1})"));
    QCOMPARE(json::canonical(*view->theirs), pair.log.state());
    QCOMPARE(view->unseen.size(), std::size_t(1));
    VERIFY_DURABLE(pair);
}

void PullTest::sentEntriesAreFrozenUntilAnswered()
{
    Pair pair;
    pair.edit(kName);
    pair.pushed();
    pair.log.other(kTheirName);
    pair.device.receive(pair.log.events(ServerSeq(1)));
    QCOMPARE(pair.device.states(), std::vector{EntryState::Sent});
    QCOMPARE(pair.device.entry(0).baseSeq, ServerSeq(1));
    VERIFY_DURABLE(pair);
    pair.device.receive(answer(pair.lastPush, AckStatus::Skipped));
    QCOMPARE(pair.device.states(), std::vector{EntryState::Conflict}); // checked against what came while it was in flight
    VERIFY_DURABLE(pair);
}

void PullTest::whatFollowsAConflictIsAConflict()
{
    Pair pair;
    pair.edit(kName);
    pair.edit(R"([{"op":"replace","path":"/name","value":"mine, later"}])");
    pair.edit(kInc);
    auto pushed = pair.pushed();
    pair.log.other(kTheirName);
    protocol::Ack ack = answer(pair.lastPush, AckStatus::Skipped);
    ack.results[0].status = AckStatus::Conflict;
    ack.results[0].head = ServerSeq(2);
    pair.device.receive(ack);
    QCOMPARE(pair.device.states(), (std::vector{EntryState::Conflict, EntryState::Conflict, EntryState::Sent}));
    QVERIFY(!pair.device.entry(0).ready); // its events are on their way
    QVERIFY(pair.device.notifications<ConflictFound>().empty() || pair.device.notifications<ConflictFound>()[0].entry != pushed[0]->id);
    pair.device.receive(pair.log.events(ServerSeq(1)));
    QVERIFY(pair.device.entry(0).ready);
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"gold":11,"name":"theirs"})"));
    VERIFY_DURABLE(pair);
}

void PullTest::whatFollowsARefusalIsADeadLetter()
{
    Pair pair;
    pair.edit(kName);
    const EventId second = pair.edit(R"([{"op":"replace","path":"/name","value":"mine, later"}])");
    pair.edit(kInc);
    const auto pushed = pair.pushed();
    protocol::Ack ack = answer(pair.lastPush, AckStatus::Skipped);
    ack.results[0].status = AckStatus::Rejected;
    ack.results[0].code = ErrorCode::Invalid;
    ack.results[0].reason = "no such name";
    pair.device.receive(ack);
    QCOMPARE(pair.device.states(), (std::vector{EntryState::DeadLetter, EntryState::DeadLetter, EntryState::Sent}));
    QCOMPARE(pair.device.entry(0).reason->code, ErrorCode::Invalid);
    QCOMPARE(pair.device.entry(1).id, second);
    QCOMPARE(pair.device.entry(1).reason->code, ErrorCode::DependsOnRejected);
    QCOMPARE(*pair.device.entry(1).because, pushed[0]->id);
    QCOMPARE(pair.device.notifications<DeadLettered>().size(), std::size_t(2));
    QCOMPARE(pair.pushed().at(0)->clientSeq, ClientSeq(1)); // what depends on nothing goes on, with the next number
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"gold":11,"name":"a"})"));
    VERIFY_DURABLE(pair);
}

void PullTest::afterARefusalNothingIsSentUntilAllIsAnswered()
{
    Pair pair;
    pair.edit(kName);
    pair.edit(kInc);
    pair.pushed();
    protocol::Ack all = answer(pair.lastPush, AckStatus::Skipped);
    protocol::Ack one = all;
    one.results = {all.results[0]};
    one.results[0].status = AckStatus::Rejected;
    one.results[0].code = ErrorCode::Invalid;
    pair.edit(R"([{"op":"add","path":"/later","value":1}])");
    pair.pushed();
    pair.device.receive(one);
    QVERIFY(pair.pushed().empty());
    one.results = {all.results[1]};
    pair.device.receive(one);
    QVERIFY(pair.pushed().empty()); // the third is still unanswered
    one.results[0].id = pair.device.entry(2).id;
    pair.device.receive(one);
    const auto again = pair.pushed();
    QCOMPARE(again.size(), std::size_t(2));
    QCOMPARE(again[0]->clientSeq, ClientSeq(1));
    VERIFY_DURABLE(pair);
}

void PullTest::aTransientRefusalIsTriedAgainLater()
{
    Pair pair;
    pair.edit(kInc);
    pair.pushed();
    pair.device.receive(answer(pair.lastPush, AckStatus::Rejected, {}, ErrorCode::RateLimited));
    QCOMPARE(pair.device.states(), std::vector{EntryState::Waiting});
    QVERIFY(pair.pushed().empty());
    pair.device.clock.advance(limits::kRetryLongest);
    pair.device.run(pair.device.core->tick());
    QCOMPARE(pair.pushed().size(), std::size_t(1));
    VERIFY_DURABLE(pair);
}

void PullTest::inFlightIsLimited()
{
    Pair pair;
    pair.device.run(pair.device.core->disconnected());
    for (int i = 0; i < 10; ++i)
        pair.edit(kInc);
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome(4));
    pair.device.receive(pair.log.synced({}));
    auto pushed = pair.pushed();
    QCOMPARE(pushed.size(), std::size_t(4));
    pair.logAll(pushed);
    QCOMPARE(pair.pushed().size(), std::size_t(4));
    VERIFY_DURABLE(pair);
}

void PullTest::largePushesAreSplitByFrames()
{
    Pair pair;
    pair.device.checks = false;
    pair.device.run(pair.device.core->disconnected());
    const std::string large(700 * limits::kKiB, 'x');
    for (int i = 0; i < 5; ++i)
        pair.edit(R"([{"op":"add","path":"/t)" + std::to_string(i) + R"(","value":")" + large + "\"}]");
    pair.connect();
    const auto pushes = pair.device.take<protocol::Push>();
    QCOMPARE(pushes.size(), std::size_t(3)); // two of them fit into a frame
    QVERIFY(pushes[0].batchId != pushes[1].batchId);
    QCOMPARE(pair.device.differences(), std::string());
}

void PullTest::pushesFitFramesOfEitherCodec()
{
    Pair pair;
    pair.device.checks = false;
    pair.device.run(pair.device.core->disconnected());
    std::string numbers = "0.1"; // nine bytes each in CBOR
    while (numbers.size() < 500 * limits::kKiB)
        numbers += ",0.1";
    for (int i = 0; i < 4; ++i)
        pair.edit(R"([{"op":"add","path":"/t)" + std::to_string(i) + R"(","value":[)" + numbers + "]}]");
    pair.connect();
    const auto pushes = pair.device.take<protocol::Push>();
    QCOMPARE(pushes.size(), std::size_t(4));
    for (const protocol::Push &push : pushes)
        QVERIFY(protocol::encode(push, Codec::Cbor).size() <= limits::kFrameBytes);
}

void PullTest::aLostAnswerIsSettledByTheEvent()
{
    Pair pair;
    pair.edit(kInc);
    const auto pushed = pair.pushed();
    pair.device.run(pair.device.core->disconnected());
    pair.log.accept(pushed[0]); // the server has it; neither ack nor event got through
    pair.device.crash();
    QCOMPARE(pair.device.states(), std::vector{EntryState::Sent});
    pair.connect(ClientSeq(1));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QVERIFY(pair.pushed().empty());
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    VERIFY_DURABLE(pair);
}

void PullTest::aLostPushIsPushedAgainUnderTheSameId()
{
    Pair pair;
    const EventId id = pair.edit(kInc);
    pair.pushed();
    pair.device.crash();
    pair.log.other(kTheirX);
    pair.connect();
    const auto pushed = pair.pushed();
    QCOMPARE(pushed.size(), std::size_t(1));
    QCOMPARE(pushed[0]->id, id);
    QCOMPARE(pushed[0]->clientSeq, ClientSeq(1));
    QCOMPARE(pushed[0]->baseSeq, ServerSeq(2));
    VERIFY_DURABLE(pair);
}

void PullTest::aDuplicateAtOrBelowThePositionSettles()
{
    Pair pair;
    pair.edit(kInc);
    pair.pushed();
    pair.device.receive(answer(pair.lastPush, AckStatus::Duplicate, ServerSeq(1)));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    VERIFY_DURABLE(pair);
}

void PullTest::theWaitOfAConflictEndsAtSynced()
{
    Pair pair;
    pair.edit(kName);
    pair.pushed();
    protocol::Ack ack = answer(pair.lastPush, AckStatus::Conflict, ServerSeq(9));
    pair.device.receive(ack);
    QVERIFY(!pair.device.entry(0).ready);
    QCOMPARE(pair.device.run(pair.device.core->resolve(pair.device.entry(0).id, {.decision = Decision::Ours})).error().code,
             ErrorCode::Unavailable);
    pair.device.run(pair.device.core->disconnected());
    pair.connect(); // the server was restored: those events are gone
    QVERIFY(pair.device.entry(0).ready);
    QCOMPARE(pair.device.notifications<ConflictFound>().size(), std::size_t(1));
    VERIFY_DURABLE(pair);
}

void PullTest::anEntryThatNoLongerPassesIsAConflict()
{
    Pair pair;
    pair.device.run(pair.device.core->disconnected());
    pair.edit(R"([{"op":"inc","path":"/gold","value":-8}])");
    pair.log.other(R"([{"op":"inc","path":"/gold","value":-5}])");
    pair.connect();
    QCOMPARE(pair.device.states(), std::vector{EntryState::Conflict}); // two legal withdrawals, one balance
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    VERIFY_DURABLE(pair);
}

// The rules became stricter while the document lay there.
void PullTest::whatTheLogItselfDoesNotPassIsNoFaultOfAnEntry()
{
    Pair pair;
    pair.device.run(pair.device.core->disconnected());
    pair.edit(R"([{"op":"replace","path":"/name","value":"b"}])");
    pair.log.other(R"([{"op":"inc","path":"/gold","value":-50}])");
    pair.connect();
    const auto pushed = pair.pushed();
    QCOMPARE(pushed.size(), std::size_t(1));
    pair.logAll(pushed);
    QVERIFY(pair.device.states().empty());
    const auto change = [&](const char *text) { return pair.device.run(pair.device.core->update(pair.id, patch(text))); };
    QCOMPARE(change(R"([{"op":"inc","path":"/gold","value":-1}])").error().code, ErrorCode::Invalid);
    QVERIFY(change(R"([{"op":"inc","path":"/gold","value":5}])").has_value());
    QVERIFY(change(R"([{"op":"replace","path":"/name","value":"c"}])").has_value());
    pair.log.other(R"([{"op":"add","path":"/note","value":"d"}])");
    pair.device.receive(pair.log.events(ServerSeq(pair.log.head().value() - 1)));
    QCOMPARE(pair.pushed().size(), std::size_t(2));
    VERIFY_DURABLE(pair);
}

// A server that does not know the subscription yet answers with an error of the document, which would hold its edits back.
void PullTest::presenceIsToldOnceTheDocumentIsInStep()
{
    Pair pair;
    const auto told = [&] { return pair.device.take<protocol::Presence>(); };
    const json::Value here = parsed(R"({"name":"Alice"})");
    QVERIFY(pair.device.run(pair.device.core->presence(pair.id, here)).has_value());
    QCOMPARE(told().size(), std::size_t(1)); // it is in step
    for (int round = 0; round < 2; ++round) {
        pair.device.run(pair.device.core->disconnected());
        QVERIFY(pair.device.run(pair.device.core->presence(pair.id, here)).has_value());
        pair.device.run(pair.device.core->connected());
        pair.device.receive(welcome());
        QVERIFY(pair.device.run(pair.device.core->presence(pair.id, here)).has_value());
        QVERIFY(told().empty());
        pair.device.receive(pair.log.synced(ClientSeq()));
        const auto presence = told();
        QCOMPARE(presence.size(), std::size_t(1));
        QCOMPARE(presence[0].state, here);
        QCOMPARE(presence[0].documentId, pair.id);
    }
    QVERIFY(pair.device.run(pair.device.core->presence(pair.id, nullptr)).has_value());
    QVERIFY(told().at(0).state.is_null());
    pair.connect();
    QVERIFY(told().empty()); // who has left is not announced again
}

// [G15] 3,000 edits wait and 700 events come in one message. Where these touch what waits, and write the same, each is compared with all
// of it: the client stops when it has compared much, and asks for the rest again. Where they touch nothing, one look is enough.
void PullTest::manyEventsPassALongQueueInBoundedSteps()
{
    constexpr int kWaiting = 3'000, kEvents = 700;
    const auto set = [](int key, const char *value) {
        return R"([{"op":"add","path":"/k)" + std::to_string(key) + R"(","value":")" + value + "\"}]";
    };
    Pair pair;
    pair.device.checks = false;
    pair.device.run(pair.device.core->disconnected());
    for (int i = 0; i < kWaiting; ++i)
        pair.edit(set(i, "same"));
    for (int i = 0; i < kEvents; ++i)
        pair.log.other(set(100'000 + i, "theirs"));
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome());
    pair.device.take<protocol::Subscribe>();
    pair.device.receive(pair.log.events(ServerSeq(1)));
    QCOMPARE(pair.device.core->position(pair.id)->serverSeq, pair.log.head());
    QVERIFY(pair.device.take<protocol::Subscribe>().empty());

    const ServerSeq before = pair.log.head();
    for (int i = 0; i < kEvents; ++i)
        pair.log.other(set(i, "same"));
    pair.device.receive(pair.log.events(before));
    int steps = 1;
    for (; pair.device.core->position(pair.id)->serverSeq < pair.log.head(); ++steps) {
        QVERIFY(steps < kEvents);
        const auto again = pair.device.take<protocol::Subscribe>();
        QCOMPARE(again.size(), std::size_t(1));
        QCOMPARE(*again[0].afterSeq, pair.device.core->position(pair.id)->serverSeq);
        pair.device.receive(pair.log.events(*again[0].afterSeq));
    }
    QVERIFY(steps > 1);
    QCOMPARE(pair.device.core->queueCounts().waiting, std::size_t(kWaiting)); // none of them is a conflict
    pair.device.receive(pair.log.synced({}));
    QVERIFY(pair.device.core->isSynced(pair.id));
    QCOMPARE(pair.device.confirmed(pair.id), pair.log.state());
}

void PullTest::whatAFullListDoesNotNameHasGone_data()
{
    QTest::addColumn<bool>("full");
    QTest::addColumn<std::size_t>("gone");
    QTest::newRow("everything there is") << true << std::size_t(1);
    QTest::newRow("what has changed") << false << std::size_t(0);
}

void PullTest::whatAFullListDoesNotNameHasGone()
{
    QFETCH(bool, full);
    QFETCH(std::size_t, gone);
    Pair pair;
    const CollectionName games("games");
    const auto head = [](const char *id) { return protocol::Head{.documentId = DocumentId(id), .serverSeq = ServerSeq(1)}; };
    QVERIFY(pair.device.run(pair.device.core->watch(games, {})).has_value());
    pair.device.receive(protocol::Heads{games, {head("kept"), head("ghost")}});
    pair.device.receive(protocol::Watching{games, "first", true});
    pair.device.run(pair.device.core->disconnected());
    pair.connect();
    QCOMPARE(*pair.device.take<protocol::Watch>().back().since, std::string("first"));
    pair.device.announced.clear();
    pair.device.receive(protocol::Heads{games, {head("kept")}});
    pair.device.receive(protocol::Watching{games, "second", full});
    std::vector<DocumentId> deleted;
    for (const HeadsChanged &notification : pair.device.notifications<HeadsChanged>()) {
        for (const protocol::Head &told : notification.heads) {
            if (told.deleted)
                deleted.push_back(told.documentId);
        }
    }
    QCOMPARE(deleted.size(), gone);
    QVERIFY(gone == 0 || deleted.front() == DocumentId("ghost"));
    QCOMPARE(pair.device.notifications<WatchReady>().back().full, full);
}

} // namespace eventsync::client::test
