// SPDX-License-Identifier: Apache-2.0
#include "repairtest.h"

#include <eventsync/eventlog/blockingcommit.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/storage/sqlitebackend.h>
#include <support/executors.h>

#include "rig.h"

#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <functional>

namespace eventsync::client::test {


#define VERIFY_DURABLE(pair) QCOMPARE(QString::fromStdString((pair).device.broken), QString())

namespace {

constexpr auto kInc = R"([{"op":"inc","path":"/gold","value":1}])";
constexpr auto kName = R"([{"op":"replace","path":"/name","value":"mine"}])";
constexpr auto kTheirName = R"([{"op":"replace","path":"/name","value":"theirs"}])";

// Connected and subscribed, but nothing received yet.
void subscribe(Pair &pair)
{
    pair.device.run(pair.device.core->disconnected());
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome());
}

std::vector<storage::Row> rowsOf(Device &device, const char *set)
{
    std::vector<storage::Row> rows;
    const auto view = device.backend.view();
    const auto read = (*view)->scan({.set = set}, [&](const storage::Row &row) {
        rows.push_back(row);
        return true;
    });
    return read ? rows : std::vector<storage::Row>();
}

void commit(Device &device, storage::Batch batch)
{
    eventsync::test::ManualExecutor executor;
    bool done = false;
    device.backend.commit(std::move(batch), executor, [&](const Result<storage::Committed> &result) { done = result.has_value(); });
    executor.runAll();
    QVERIFY(done);
}

// Another cell in the first row of a set, behind the core's back; and the program starts again.
void damage(Device &device, const char *set, std::size_t column, const std::function<storage::Cell(const storage::Cell &)> &change)
{
    storage::Row row = rowsOf(device, set).at(0);
    row[column] = change(row[column]);
    commit(device, storage::Batch().put(set, std::move(row)));
    device.crash();
}

// One letter, or one bit.
storage::Cell altered(const storage::Cell &cell)
{
    storage::Cell other = cell;
    if (auto *number = std::get_if<std::int64_t>(&other))
        *number ^= 1;
    else if (auto *text = std::get_if<std::string>(&other))
        text->at(text->size() / 2) ^= 1;
    else if (auto *blob = std::get_if<storage::Blob>(&other))
        blob->bytes.at(blob->bytes.size() / 2) ^= 1;
    return other;
}

std::function<storage::Cell(const storage::Cell &)> replacing(const std::string &from, const std::string &to)
{
    return [from, to](const storage::Cell &cell) {
        std::string text = std::get<std::string>(cell);
        text.replace(text.find(from), from.size(), to);
        return storage::Cell(text);
    };
}

protocol::KnownId known(const EventPtr &event)
{
    return {event->firstId(), event->id, event->serverSeq};
}

} // namespace

void RepairTest::checkpointsAreOfferedAtDoublingDistances()
{
    Pair pair;
    for (int i = 0; i < 20; ++i)
        pair.log.other(kInc);
    pair.device.receive(pair.log.events(ServerSeq(1)));
    subscribe(pair);
    std::vector<std::int64_t> at;
    const auto subscribed = pair.device.take<protocol::Subscribe>().back();
    for (const auto &point : subscribed.checkpoints) {
        at.push_back(point.serverSeq.value());
        QCOMPARE(point.chain, pair.log.chains[static_cast<std::size_t>(point.serverSeq.value())]);
    }
    QCOMPARE(at, (std::vector<std::int64_t>{20, 19, 17, 13, 5}));
}

void RepairTest::divergedGoesBackAndRequeuesOwnEvents()
{
    Pair pair;
    pair.log.other(kInc);
    pair.device.receive(pair.log.events(ServerSeq(1)));
    const EventId mine = pair.edit(kName);
    pair.logAll(pair.pushed());
    pair.edit(kInc);
    pair.logAll(pair.pushed());
    pair.log.other(R"([{"op":"add","path":"/lost","value":1}])");
    pair.device.receive(pair.log.events(ServerSeq(4)));
    pair.log.cutTo(ServerSeq(2)); // a backup was restored
    pair.log.other(R"([{"op":"add","path":"/new","value":1}])");
    subscribe(pair);
    pair.device.receive(protocol::Diverged{pair.id, ServerSeq(2), pair.log.head()});
    QCOMPARE(pair.device.core->position(pair.id)->serverSeq, ServerSeq(2));
    QCOMPARE(pair.device.states(), (std::vector{EntryState::Waiting, EntryState::Waiting}));
    QCOMPARE(pair.device.entry(0).id, mine);
    VERIFY_DURABLE(pair);
    pair.device.receive(pair.log.events(ServerSeq(2)));
    pair.device.receive(pair.log.synced({}));
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"gold":12,"name":"mine","new":1})"));
    const auto again = pair.pushed();
    QCOMPARE(again.size(), std::size_t(2));
    QCOMPARE(again[0]->id, mine);
    pair.logAll(again);
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.device.notifications<DocumentDiverged>().size(), std::size_t(1));
    VERIFY_DURABLE(pair);
}

void RepairTest::divergedToNothingStartsOver()
{
    Pair pair;
    pair.edit(kName);
    pair.logAll(pair.pushed());
    pair.log.cutTo(ServerSeq(0));
    pair.log.other(R"([{"op":"add","path":"","value":{"gold":3,"name":"other"}}])", Operation::Create);
    subscribe(pair);
    pair.device.receive(protocol::Diverged{pair.id, ServerSeq(0), pair.log.head()});
    pair.device.receive(pair.log.events(ServerSeq(0)));
    pair.device.receive(pair.log.synced({}));
    QCOMPARE(pair.device.confirmed(pair.id), pair.log.state());
    QCOMPARE(pair.device.states(), std::vector{EntryState::Conflict}); // a create overlaps everything
    VERIFY_DURABLE(pair);
}

void RepairTest::requeuedEditsStandBeforeTheOthers()
{
    Pair pair;
    const EventId first = pair.edit(kInc);
    pair.logAll(pair.pushed());
    pair.device.run(pair.device.core->disconnected());
    const EventId second = pair.edit(kInc);
    pair.log.cutTo(ServerSeq(1));
    subscribe(pair);
    pair.device.receive(protocol::Diverged{pair.id, ServerSeq(1), ServerSeq(1)});
    pair.device.receive(pair.log.synced({}));
    const auto pushed = pair.pushed();
    QCOMPARE(pushed.size(), std::size_t(2));
    QCOMPARE(pushed[0]->id, first);
    QCOMPARE(pushed[1]->id, second);
    VERIFY_DURABLE(pair);
}

void RepairTest::anotherVersionReturnsAsAConflict()
{
    Pair pair;
    const EventId mine = pair.edit(kName);
    pair.pushed();
    // A copy of this replica decided the same edit differently, and that version was logged.
    Event version{.id = pair.log.uuids.next(), .documentId = pair.id, .collection = pair.log.collection,
                  .clientId = ClientId("copy"), .clientSeq = ClientSeq(1), .baseSeq = ServerSeq(1),
                  .timestamp = pair.log.clock.wall(), .diff = Diff(patch(kTheirName))};
    version.metadata = json::Object{
        {"replaces", json::Array{json::String(mine.toText()), json::String(mine.toText())}}};
    pair.log.append(version);
    pair.device.receive(pair.log.events(ServerSeq(1)));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    VERIFY_DURABLE(pair);
    pair.log.cutTo(ServerSeq(1));
    subscribe(pair);
    pair.device.receive(protocol::Diverged{pair.id, ServerSeq(1), ServerSeq(1)});
    pair.device.receive(pair.log.synced({}));
    QCOMPARE(pair.device.states(), std::vector{EntryState::Conflict}); // never was in the log: a decision, no repetition
    QCOMPARE(pair.device.entry(0).id, mine);
    VERIFY_DURABLE(pair);
}

void RepairTest::aSnapshotIsOneUnseenEvent_data()
{
    QTest::addColumn<QString>("theirs");
    QTest::addColumn<bool>("sentBefore");
    QTest::addColumn<int>("conflicts");
    QTest::newRow("overlapping, waiting") << QString::fromUtf8(kTheirName) << false << 1;
    QTest::newRow("apart, waiting") << QString::fromUtf8(R"([{"op":"add","path":"/x","value":1}])") << false << 0;
    QTest::newRow("overlapping, in flight") << QString::fromUtf8(kTheirName) << true << 1;
    QTest::newRow("apart, in flight") << QString::fromUtf8(R"([{"op":"add","path":"/x","value":1}])") << true << 0;
}

void RepairTest::aSnapshotIsOneUnseenEvent()
{
    QFETCH(QString, theirs);
    QFETCH(bool, sentBefore);
    QFETCH(int, conflicts);
    Pair pair;
    if (!sentBefore)
        pair.device.run(pair.device.core->disconnected());
    pair.edit(kName);
    QCOMPARE(pair.pushed().size(), std::size_t(sentBefore));
    pair.log.other(theirs.toStdString());
    subscribe(pair);
    pair.device.receive(pair.log.snapshot());
    pair.device.receive(pair.log.synced({}));
    QCOMPARE(pair.device.confirmed(pair.id), pair.log.state());
    QCOMPARE(pair.device.core->queueCounts().conflicts, std::size_t(conflicts));
    QCOMPARE(pair.pushed().size(), std::size_t(1 - conflicts));
    if (conflicts)
        QVERIFY(!pair.device.core->conflict(pair.device.entry(0).id)->baseKnown);
    VERIFY_DURABLE(pair);
}

void RepairTest::aSnapshotSettlesWhatIsKnown()
{
    Pair pair;
    pair.edit(kName);
    const auto pushed = pair.pushed();
    const auto logged = pair.log.accept(pushed[0]);
    pair.log.other(kTheirName);
    subscribe(pair);
    const auto pending = pair.device.take<protocol::Subscribe>().back().pending;
    QCOMPARE(pending.size(), std::size_t(1));
    QCOMPARE(pending[0].current, pushed[0]->id);
    pair.device.receive(pair.log.snapshot({known(logged)}));
    pair.device.receive(pair.log.synced(ClientSeq(1)));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    VERIFY_DURABLE(pair);
}

void RepairTest::aSnapshotRequeuesAcknowledgedEditsThatItDoesNotKnow()
{
    Pair pair;
    const EventId mine = pair.edit(R"([{"op":"add","path":"/x","value":1}])");
    pair.logAll(pair.pushed());
    pair.log.cutTo(ServerSeq(1)); // restored, and compacted since
    pair.log.other(kInc);
    subscribe(pair);
    pair.device.receive(pair.log.snapshot());
    pair.device.receive(pair.log.synced({}));
    // It is back; and since the snapshot took away what it wrote, somebody decides.
    QCOMPARE(pair.device.states(), std::vector{EntryState::Conflict});
    QCOMPARE(pair.device.entry(0).id, mine);
    VERIFY_DURABLE(pair);
}

void RepairTest::aSnapshotOfEachRootIsInstalledAsItIs_data()
{
    QTest::addColumn<QString>("root");
    for (const char *root : {"null", "7", "\"text\"", "[1]", "absent"})
        QTest::newRow(root) << root;
}

void RepairTest::aSnapshotOfEachRootIsInstalledAsItIs()
{
    QFETCH(QString, root);
    Pair pair;
    if (root == QLatin1String("absent"))
        pair.log.other("[]", Operation::Delete);
    else
        pair.log.other(R"([{"op":"replace","path":"","value":)" + root.toStdString() + "}]");
    subscribe(pair);
    pair.device.receive(pair.log.snapshot());
    pair.device.receive(pair.log.synced({}));
    QCOMPARE(QString::fromStdString(pair.device.view(pair.id)), root);
    QVERIFY(pair.device.core->isSynced(pair.id));
    VERIFY_DURABLE(pair);
}

void RepairTest::snapshotPartsAreStagedAndResumed()
{
    Pair pair;
    for (int i = 0; i < 5; ++i)
        pair.log.other(kInc);
    const std::string text = pair.log.state();
    const std::size_t third = text.size() / 3;
    auto part = [&](std::int64_t number) {
        protocol::Snapshot message = pair.log.snapshot();
        message.state.reset();
        message.part = number;
        message.parts = 3;
        message.sha256 = sha256(text);
        const auto from = static_cast<std::size_t>(number - 1) * third;
        message.bytes = text.substr(from, number == 3 ? std::string::npos : third);
        return message;
    };
    subscribe(pair);
    pair.device.receive(part(1));
    pair.device.receive(part(2));
    VERIFY_DURABLE(pair);
    pair.device.crash();
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome());
    QCOMPARE(*pair.device.take<protocol::Subscribe>().back().snapshotPart, std::int64_t(3));
    pair.device.receive(part(3));
    pair.device.receive(pair.log.synced({}));
    QCOMPARE(pair.device.view(pair.id), text);
    QVERIFY(pair.device.core->isSynced(pair.id));
    subscribe(pair);
    QVERIFY(!pair.device.take<protocol::Subscribe>().back().snapshotPart);
    VERIFY_DURABLE(pair);
}

void RepairTest::aBrokenSnapshotIsFetchedAgain()
{
    Pair pair;
    pair.log.other(kInc);
    const std::string before = pair.device.view(pair.id);
    protocol::Snapshot broken = pair.log.snapshot();
    broken.bytes = pair.log.state() + " ";
    broken.sha256 = sha256(pair.log.state());
    broken.state.reset();
    subscribe(pair);
    pair.device.take<protocol::Subscribe>();
    pair.device.receive(broken);
    QCOMPARE(pair.device.view(pair.id), before);
    QCOMPARE(pair.device.take<protocol::Subscribe>().size(), std::size_t(1));
    VERIFY_DURABLE(pair);
}

void RepairTest::aCopyTakesANewId_data()
{
    QTest::addColumn<int>("sign");
    QTest::newRow("an event under its id that it never made") << 0;
    QTest::newRow("a clientSeq that it never gave") << 1;
    QTest::newRow("the answer ClientForked") << 2;
    QTest::newRow("ClientExpired at hello") << 3;
}

void RepairTest::aCopyTakesANewId()
{
    QFETCH(int, sign);
    Pair pair;
    const ClientId before = pair.device.core->clientId();
    const EventId mine = pair.edit(kName);
    const EventId apart = pair.edit(kInc);
    const auto pushed = pair.pushed();
    if (sign == 0) {
        Event event = *pushed[0];
        event.id = pair.log.uuids.next();
        event.diff = Diff(patch(kTheirName));
        pair.log.append(event);
        pair.device.receive(pair.log.events(ServerSeq(1)));
    } else if (sign == 1) {
        subscribe(pair);
        pair.device.receive(pair.log.synced(ClientSeq(7)));
    } else if (sign == 2) {
        pair.device.receive(answer(pair.lastPush, AckStatus::Rejected, {}, ErrorCode::ClientForked));
    } else {
        pair.device.receive(protocol::ErrorMessage{ErrorCode::ClientExpired, "forgotten", protocol::ErrorScope::Connection});
    }
    QVERIFY(pair.device.closed.has_value() && !pair.device.closed->never);
    QVERIFY(pair.device.core->clientId() != before);
    const auto changed = pair.device.notifications<ClientIdChanged>();
    QCOMPARE(changed.size(), std::size_t(1));
    QCOMPARE(changed[0].before, before);
    VERIFY_DURABLE(pair);
    pair.device.take<protocol::Hello>();
    pair.connect();
    QCOMPARE(pair.device.take<protocol::Hello>().back().clientId, pair.device.core->clientId());
    const auto again = pair.pushed();
    if (sign == 0) { // the copy's event counts as another's
        QCOMPARE(pair.device.states(), (std::vector{EntryState::Conflict, EntryState::Sent}));
        QCOMPARE(again.size(), std::size_t(1));
    } else {
        QCOMPARE(again.size(), std::size_t(2));
        QCOMPARE(again[0]->id, mine);
    }
    QCOMPARE(again.back()->id, apart);
    QCOMPARE(again[0]->clientSeq, ClientSeq(1));
    QCOMPARE(again[0]->clientId, pair.device.core->clientId());
    VERIFY_DURABLE(pair);
}

void RepairTest::forgottenOwnIdsAreNoSignOfACopy()
{
    ClientOptions options;
    options.ackedKeepCount = 0;
    Pair pair(options);
    pair.edit(kInc);
    const auto pushed = pair.pushed();
    pair.logAll(pushed);
    pair.device.crash();
    pair.log.cutTo(ServerSeq(1)); // lost by a restore, and pushed again by nobody ...
    pair.log.accept(pushed[0]);   // ... but from a later backup
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome());
    pair.device.receive(protocol::Diverged{pair.id, ServerSeq(1), pair.log.head()});
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0)); // no longer kept
    pair.device.receive(pair.log.events(ServerSeq(1)));
    pair.device.receive(pair.log.synced(ClientSeq(1)));
    QVERIFY(pair.device.notifications<ClientIdChanged>().empty());
    QVERIFY(pair.device.core->isSynced(pair.id));
    VERIFY_DURABLE(pair);
}

void RepairTest::aDecisionThatWasGivenUpIsNoSignOfACopy()
{
    Pair pair;
    pair.edit(kName);
    const auto pushed = pair.pushed();
    pair.device.receive(answer(pair.lastPush, AckStatus::Conflict, ServerSeq(1)));
    QVERIFY(pair.device.run(pair.device.core->discard(pushed[0]->id)).has_value());
    pair.log.accept(pushed[0]); // a server that answered before it was restored, say
    pair.device.receive(pair.log.events(ServerSeq(1)));
    QVERIFY(pair.device.notifications<ClientIdChanged>().empty());
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    VERIFY_DURABLE(pair);
}

// An own event counts as another's for the entries that stand before it.
void RepairTest::anOwnEditThatOvertookConflicts()
{
    Pair pair;
    pair.edit(kName);
    pair.edit(R"([{"op":"replace","path":"/name","value":"mine, later"}])");
    const auto pushed = pair.pushed();
    pair.log.accept(pushed[1]); // the later one alone is in the log of a restored server
    pair.device.receive(pair.log.events(ServerSeq(1)));
    QCOMPARE(pair.device.states(), std::vector{EntryState::Sent});
    subscribe(pair);
    pair.device.receive(pair.log.synced(ClientSeq(2)));
    QCOMPARE(pair.device.states(), std::vector{EntryState::Conflict});
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    VERIFY_DURABLE(pair);
}

// What overlaps an entry that the log holds in another version follows it.
void RepairTest::anotherVersionOfTheEditSettlesIt()
{
    Pair pair;
    pair.device.run(pair.device.core->disconnected());
    const EventId mine = pair.edit(kName);
    pair.edit(R"([{"op":"replace","path":"/name","value":"mine, later"}])");
    pair.edit(kInc);
    Event version{.id = pair.log.uuids.next(), .documentId = pair.id, .collection = pair.log.collection,
                  .clientId = ClientId("copy"), .clientSeq = ClientSeq(1), .baseSeq = ServerSeq(1),
                  .timestamp = pair.log.clock.wall(), .diff = Diff(patch(R"([{"op":"add","path":"/x","value":1}])"))};
    version.metadata = json::Object{
        {"replaces", json::Array{json::String(mine.toText()), json::String(mine.toText())}}};
    pair.log.append(version);
    pair.connect();
    QCOMPARE(pair.device.states(), (std::vector{EntryState::Conflict, EntryState::Sent}));
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"gold":11,"name":"a","x":1})"));
    VERIFY_DURABLE(pair);
}

void RepairTest::revokedPurgesAndKeepsTheEditsAsDeadLetters()
{
    Pair pair;
    pair.edit(kName);
    pair.logAll(pair.pushed());
    pair.edit(kInc);
    pair.device.receive(protocol::Revoked{pair.id, "no longer a player"});
    QCOMPARE(pair.device.view(pair.id), std::string("absent"));
    QCOMPARE(pair.device.confirmed(pair.id), std::string("absent"));
    QCOMPARE(pair.device.states(), std::vector{EntryState::DeadLetter});
    QCOMPARE(pair.device.entry(0).reason->code, ErrorCode::PermissionRevoked);
    QCOMPARE(pair.device.notifications<DocumentRevoked>().size(), std::size_t(1));
    QVERIFY(!pair.device.core->canUndo(pair.id));
    VERIFY_DURABLE(pair);
    pair.device.take<protocol::Subscribe>();
    subscribe(pair);
    QVERIFY(pair.device.take<protocol::Subscribe>().empty());
}

void RepairTest::refusedDocumentsAreTold()
{
    Pair pair;
    subscribe(pair);
    pair.device.receive(protocol::ErrorMessage{ErrorCode::NotFound, "no", protocol::ErrorScope::Document, pair.id});
    QCOMPARE(pair.device.notifications<DocumentRefused>().size(), std::size_t(1));
    pair.device.take<protocol::Subscribe>();
    pair.device.clock.advance(limits::kRetryLongest * 10);
    pair.device.run(pair.device.core->tick());
    QVERIFY(pair.device.take<protocol::Subscribe>().empty());
}

// [G9] What waits for a document that the server refuses is not silent for ever.
void RepairTest::aRefusalForGoodMakesDeadLetters_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<bool>("dead");
    const auto row = [](ErrorCode code, bool dead) { QTest::newRow(errorName(code).data()) << static_cast<int>(code) << dead; };
    row(ErrorCode::PermissionDenied, true);
    row(ErrorCode::WrongCollection, true);
    row(ErrorCode::NotFound, false);      // it may be created
    row(ErrorCode::Corrupt, false);       // an operator repairs it
    row(ErrorCode::Unavailable, false);
}

void RepairTest::aRefusalForGoodMakesDeadLetters()
{
    QFETCH(int, code);
    QFETCH(bool, dead);
    const auto why = static_cast<ErrorCode>(code);
    Pair pair;
    pair.device.run(pair.device.core->disconnected());
    pair.edit(R"([{"op":"inc","path":"/gold","value":1}])");
    pair.edit(R"([{"op":"replace","path":"/name","value":"b"}])");
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome());
    pair.device.receive(protocol::ErrorMessage{why, "no", protocol::ErrorScope::Document, pair.id});
    const EntryState state = dead ? EntryState::DeadLetter : EntryState::Waiting;
    QCOMPARE(pair.device.states(), (std::vector{state, state}));
    QCOMPARE(pair.device.notifications<DeadLettered>().size(), std::size_t(dead ? 2 : 0));
    for (const QueueEntry &entry : pair.device.core->queue()) {
        if (dead)
            QCOMPARE(entry.reason.value(), (Error{why, "no"}));
    }
    QCOMPARE(pair.device.notifications<ServerError>().back().documentId.value(), pair.id);
    VERIFY_DURABLE(pair);
}

void RepairTest::anEditAsksAgainWhereTheDocumentWasRefused()
{
    Pair pair;
    subscribe(pair);
    pair.device.receive(protocol::ErrorMessage{ErrorCode::PermissionDenied, "no", protocol::ErrorScope::Document, pair.id});
    pair.device.take<protocol::Subscribe>();
    pair.edit(R"([{"op":"inc","path":"/gold","value":1}])");
    QCOMPARE(pair.device.take<protocol::Subscribe>().size(), std::size_t(1));
    pair.device.receive(protocol::ErrorMessage{ErrorCode::PermissionDenied, "no", protocol::ErrorScope::Document, pair.id});
    QCOMPARE(pair.device.states(), std::vector{EntryState::DeadLetter});
    QVERIFY(pair.device.run(pair.device.core->retry(pair.device.entry(0).id)).has_value());
    pair.device.receive(pair.log.synced({}));
    QCOMPARE(pair.pushed().size(), std::size_t(1));
    VERIFY_DURABLE(pair);
}

void RepairTest::aPushThatCannotBeReadMakesDeadLetters()
{
    Pair pair;
    pair.edit(R"([{"op":"inc","path":"/gold","value":1}])");
    QCOMPARE(pair.pushed().size(), std::size_t(1));
    pair.device.receive(protocol::ErrorMessage{ErrorCode::UnknownField, "no", protocol::ErrorScope::Message, pair.id});
    QCOMPARE(pair.device.states(), std::vector{EntryState::DeadLetter});
    QCOMPARE(pair.device.entry(0).reason->code, ErrorCode::UnknownField);
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"gold":10,"name":"a"})"));
    pair.edit(R"([{"op":"inc","path":"/gold","value":2}])");
    const auto next = pair.pushed();
    QCOMPARE(next.size(), std::size_t(1));
    QCOMPARE(next[0]->clientSeq, ClientSeq(1)); // what was not taken has used up no number
    VERIFY_DURABLE(pair);
}

void RepairTest::transientDocumentErrorsSubscribeAgain()
{
    Pair pair;
    subscribe(pair);
    pair.device.take<protocol::Subscribe>();
    pair.device.receive(protocol::ErrorMessage{.code = ErrorCode::Unavailable, .message = "busy",
                                               .scope = protocol::ErrorScope::Document, .documentId = pair.id,
                                               .retryAfterMs = 5'000});
    pair.device.clock.advance(std::chrono::milliseconds(4'999));
    pair.device.run(pair.device.core->tick());
    QVERIFY(pair.device.take<protocol::Subscribe>().empty());
    pair.device.clock.advance(std::chrono::milliseconds(1));
    pair.device.run(pair.device.core->tick());
    QCOMPARE(pair.device.take<protocol::Subscribe>().size(), std::size_t(1));
}

void RepairTest::connectionErrorsSayWhetherToComeBack_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<bool>("never");
    QTest::addColumn<int>("seconds"); // -1: the usual backoff
    QTest::newRow("Replaced") << static_cast<int>(ErrorCode::Replaced) << false << 60;
    QTest::newRow("Unauthenticated") << static_cast<int>(ErrorCode::Unauthenticated) << true << -1;
    QTest::newRow("UnsupportedProtocol") << static_cast<int>(ErrorCode::UnsupportedProtocol) << true << -1;
    QTest::newRow("ShuttingDown") << static_cast<int>(ErrorCode::ShuttingDown) << false << -1;
    QTest::newRow("SlowConsumer") << static_cast<int>(ErrorCode::SlowConsumer) << false << -1;
}

void RepairTest::connectionErrorsSayWhetherToComeBack()
{
    QFETCH(int, code);
    QFETCH(bool, never);
    QFETCH(int, seconds);
    Pair pair;
    pair.device.receive(
        protocol::ErrorMessage{static_cast<ErrorCode>(code), "why", protocol::ErrorScope::Connection});
    QVERIFY(pair.device.closed.has_value());
    QCOMPARE(pair.device.closed->never, never);
    QCOMPARE(pair.device.closed->retryAfter.has_value(), seconds >= 0);
    if (seconds >= 0)
        QCOMPARE(*pair.device.closed->retryAfter, std::chrono::milliseconds(seconds * 1000));
}

// ---- damage of the profile

void RepairTest::aDamagedStateIsFetchedAgain_data()
{
    QTest::addColumn<QByteArray>("set");
    QTest::addColumn<int>("column");
    const auto row = [](const char *name, const char *set, int column) { QTest::newRow(name) << QByteArray(set) << column; };
    row("the position", "documents", 2);
    row("its chain value", "documents", 3);
    row("the number of own edits", "documents", 6);
    row("the state", "states", 2);
    row("where the state stands", "states", 1);
    row("an event", "history", 2);
    row("an inverse", "history", 4);
    row("a footprint", "history", 5);
    row("a clock", "clocks", 2);
}

void RepairTest::aDamagedStateIsFetchedAgain()
{
    QFETCH(QByteArray, set);
    QFETCH(int, column);
    Pair pair({.checkpointEvery = 1, .checkpoints = 2}); // so that a state is stored
    pair.log.other(kInc);
    pair.log.other(kTheirName);
    pair.device.receive(pair.log.events(ServerSeq(1)));
    const std::string before = pair.device.view(pair.id);
    pair.edit(kInc); // waits: the connection is gone
    pair.device.run(pair.device.core->disconnected());
    damage(pair.device, set.constData(), static_cast<std::size_t>(column), altered);
    pair.device.run(pair.device.core->tick());
    const auto damaged = pair.device.notifications<DocumentDamaged>();
    QCOMPARE(damaged.size(), std::size_t(1));
    QCOMPARE(damaged[0].documentId, pair.id);
    QCOMPARE(damaged[0].error.code, ErrorCode::Corrupt);
    QCOMPARE(pair.device.core->position(pair.id)->serverSeq, ServerSeq(0));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(1)); // the edit is there, whatever has become of it
    VERIFY_DURABLE(pair);
    pair.device.crash(); // and it is not found again
    pair.device.run(pair.device.core->tick());
    QCOMPARE(pair.device.notifications<DocumentDamaged>().size(), std::size_t(1));

    QVERIFY(pair.device.run(pair.device.core->openDocument(pair.id)));
    subscribe(pair);
    QCOMPARE(pair.device.take<protocol::Subscribe>().back().afterSeq.value(), ServerSeq(0));
    pair.device.receive(pair.log.events(ServerSeq(0)));
    QCOMPARE(pair.device.confirmed(pair.id), before);
    QCOMPARE(pair.device.core->queueSize(), std::size_t(1));
    VERIFY_DURABLE(pair);
}

void RepairTest::aDamagedEditIsShownAndNeverSent_data()
{
    using Change = std::function<storage::Cell(const storage::Cell &)>;
    QTest::addColumn<int>("column");
    QTest::addColumn<Change>("change");
    const auto row = [](const char *name, int column, Change change) { QTest::newRow(name) << column << std::move(change); };
    row("another value, which reads well", 2, replacing(R"("value":1)", R"("value":7)"));
    row("what cannot be read", 2, [](const storage::Cell &) { return storage::Cell(std::string("{\"id\":\xff")); });
    row("another document", 1, [](const storage::Cell &) { return storage::Cell(std::string("game-2")); });
    row("no document", 1, [](const storage::Cell &) { return storage::Cell(std::string()); });
    row("its id", 2, [](const storage::Cell &cell) {
        std::string text = std::get<std::string>(cell);
        const auto at = text.find("\"id\":\"") + 6;
        text[at] = text[at] == '0' ? '1' : '0';
        return storage::Cell(text);
    });
}

void RepairTest::aDamagedEditIsShownAndNeverSent()
{
    using Change = std::function<storage::Cell(const storage::Cell &)>;
    QFETCH(int, column);
    QFETCH(Change, change);
    Pair pair;
    pair.device.run(pair.device.core->disconnected());
    pair.edit(kInc);
    pair.edit(kName); // it touches other paths, but who knows what the first one was
    damage(pair.device, "queue", static_cast<std::size_t>(column), change);
    pair.device.run(pair.device.core->tick());
    const auto check = [&] {
        const auto queue = pair.device.core->queue();
        QCOMPARE(queue.size(), std::size_t(2));
        const auto dead = std::ranges::find(queue, EntryState::DeadLetter, &QueueEntry::state);
        QVERIFY(dead != queue.end());
        QCOMPARE(dead->reason->code, ErrorCode::Corrupt);
        QVERIFY(dead->metadata.contains("damaged"));
        const auto retried = pair.device.core->retry(dead->id);
        QVERIFY(!retried);
        QCOMPARE(retried.error().code, ErrorCode::Corrupt);
    };
    check();
    QCOMPARE(pair.device.notifications<DeadLettered>().size(), std::size_t(1));
    VERIFY_DURABLE(pair);
    pair.device.crash();
    check();
    pair.connect();
    for (const EventPtr &event : pair.pushed())
        QVERIFY(json::canonical(event->diff.toJson()).find("/gold") == std::string::npos);
    check();
    const auto queue = pair.device.core->queue();
    QVERIFY(pair.device.run(pair.device.core->discard(std::ranges::find(queue, EntryState::DeadLetter, &QueueEntry::state)->id)));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(1));
    VERIFY_DURABLE(pair);
}

// The server has the edit as it was made; if it loses its log, the altered one must not take its place.
void RepairTest::aDamagedEditThatWasLoggedIsNotSentAgain()
{
    Pair pair;
    pair.edit(kInc);
    const auto sent = pair.pushed();
    QCOMPARE(sent.size(), std::size_t(1));
    pair.log.accept(sent[0]);
    damage(pair.device, "queue", 2, replacing(R"("value":1)", R"("value":7)"));
    QCOMPARE(pair.device.states(), std::vector{EntryState::DeadLetter});
    QVERIFY(pair.device.run(pair.device.core->openDocument(pair.id)));
    subscribe(pair);
    pair.device.receive(pair.log.events(ServerSeq(1)));
    pair.device.receive(pair.log.synced(ClientSeq(1)));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0)); // it is in the log
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    pair.log.cutTo(ServerSeq(1)); // a backup was restored
    subscribe(pair);
    pair.device.receive(protocol::Diverged{pair.id, ServerSeq(1), ServerSeq(1)});
    pair.device.receive(pair.log.synced({}));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QVERIFY(pair.pushed().empty());
    VERIFY_DURABLE(pair);
}

// How many edits this replica has made is forgotten with the row, until the server says it.
void RepairTest::aDamagedRowOfADocumentIsNoFork()
{
    Pair pair;
    pair.edit(kInc);
    pair.logAll(pair.pushed());
    const ClientId before = pair.device.core->clientId();
    damage(pair.device, "documents", 7, altered);
    pair.device.crash(); // it is not known to the next start either
    QVERIFY(pair.device.run(pair.device.core->openDocument(pair.id)));
    subscribe(pair);
    pair.device.receive(pair.log.events(ServerSeq(0)));
    pair.device.receive(pair.log.synced(ClientSeq(1)));
    QCOMPARE(pair.device.core->clientId(), before);
    QVERIFY(pair.device.notifications<ClientIdChanged>().empty());
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    QVERIFY(pair.device.run(pair.device.core->update(pair.id, patch(kInc))));
    const auto next = pair.pushed();
    QCOMPARE(next.size(), std::size_t(1));
    QCOMPARE(next[0]->clientSeq, ClientSeq(2));
    VERIFY_DURABLE(pair);
}

void RepairTest::anAnswerToTheSubscriptionBeforeIsNoDamage()
{
    Pair pair;
    for (int i = 0; i < 10; ++i) {
        pair.log.other(kInc);
        pair.log.other(kInc);
        pair.device.receive(pair.log.events(pair.log.head().previous())); // one is missing: it subscribes again
        pair.device.receive(pair.log.synced({}));                         // of the subscription before
        QVERIFY(!pair.device.closed);
    }
    pair.device.receive(pair.log.events(ServerSeq(1)));
    pair.device.receive(pair.log.synced({}));
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
    VERIFY_DURABLE(pair);
}

// Its rows have no checksums. A program that opens the store gives no migration.
void RepairTest::aProfileOfTheVersionBeforeIsOpened()
{
    Pair pair;
    pair.device.run(pair.device.core->disconnected());
    const EventId waiting = pair.edit(kInc);
    storage::Schema before = ClientCore::schema();
    before.version = 1;
    const QTemporaryDir folder;
    const std::string path = folder.filePath(QStringLiteral("profile")).toStdString();
    {
        storage::Batch batch;
        for (storage::RecordSet &set : before.sets) {
            set.columns.pop_back();
            for (storage::Row row : rowsOf(pair.device, set.name.c_str())) {
                row.pop_back();
                batch.put(set.name, std::move(row));
            }
        }
        const auto store = storage::SqliteBackend::open(path, before);
        QVERIFY(store);
        QVERIFY(eventlog::commitAndWait(**store, std::move(batch)));
    }
    auto store = storage::SqliteBackend::open(path, ClientCore::schema());
    QVERIFY2(store, store ? "" : store.error().message.c_str());
    const auto view = (*store)->view();
    auto core = ClientCore::load(**view, pair.device.clock, pair.device.random);
    QVERIFY2(core, core ? "" : core.error().message.c_str());
    QCOMPARE((*core)->queueSize(), std::size_t(1));
    QCOMPARE((*core)->queue()[0].id, waiting);
}

void RepairTest::damageOfOneDocumentLeavesTheOthersAlone()
{
    Pair pair({.checkpointEvery = 1, .checkpoints = 2});
    pair.log.other(kInc);
    pair.log.other(kInc);
    pair.device.receive(pair.log.events(ServerSeq(1)));
    pair.device.run(pair.device.core->disconnected());
    const DocumentId other("other");
    QVERIFY(pair.device.run(pair.device.core->create(other, CollectionName("games"), parsed(R"({"gold":3})"))));
    QVERIFY(pair.device.run(pair.device.core->update(other, patch(kInc))));
    const auto before = pair.device.core->queue(other);
    damage(pair.device, "states", 2, altered); // of the first document
    pair.device.run(pair.device.core->tick());
    QCOMPARE(pair.device.notifications<DocumentDamaged>().size(), std::size_t(1));
    QCOMPARE(pair.device.notifications<DocumentDamaged>()[0].documentId, pair.id);
    QCOMPARE(pair.device.view(other), std::string(R"({"gold":4})"));
    QCOMPARE(pair.device.core->queue(other), before);
    VERIFY_DURABLE(pair);
}

void RepairTest::withoutItsClientIdAReplicaIsANewOne()
{
    Pair pair;
    pair.edit(kInc);
    QCOMPARE(pair.pushed().size(), std::size_t(1));
    pair.device.run(pair.device.core->disconnected());
    const ClientId before = pair.device.core->clientId();
    damage(pair.device, "meta", 1, altered);
    pair.device.run(pair.device.core->tick());
    QVERIFY(pair.device.core->clientId() != before);
    QCOMPARE(pair.device.notifications<ClientIdChanged>().back().reason.code, ErrorCode::Corrupt);
    VERIFY_DURABLE(pair);
    QVERIFY(pair.device.run(pair.device.core->openDocument(pair.id)));
    pair.connect();
    const auto again = pair.pushed();
    QCOMPARE(again.size(), std::size_t(1));
    QCOMPARE(again[0]->clientId, pair.device.core->clientId());
    QCOMPARE(again[0]->clientSeq, ClientSeq(1));
}

// Those of a profile that an earlier version has written.
void RepairTest::rowsWithoutAChecksumPass()
{
    Pair pair;
    pair.device.run(pair.device.core->disconnected());
    pair.edit(kInc);
    const auto before = pair.device.core->queue();
    const std::string view = pair.device.view(pair.id);
    storage::Batch batch;
    std::size_t rows = 0;
    for (const storage::RecordSet &set : ClientCore::schema().sets) {
        for (storage::Row row : rowsOf(pair.device, set.name.c_str())) {
            QVERIFY(!std::holds_alternative<std::monostate>(row.back()));
            row.back() = storage::Cell();
            batch.put(set.name, std::move(row));
            ++rows;
        }
    }
    QVERIFY(rows >= 5);
    commit(pair.device, std::move(batch));
    pair.device.crash();
    QCOMPARE(pair.device.core->queue(), before);
    QCOMPARE(pair.device.view(pair.id), view);
    QVERIFY(pair.device.notifications<DocumentDamaged>().empty());
}

void RepairTest::theHistoryIsBoundedAndTheStateSurvives()
{
    ClientOptions options;
    options.checkpointEvery = 4;
    options.checkpoints = 4;
    Pair pair(options);
    for (int i = 0; i < 100; ++i) {
        const ServerSeq before = pair.log.head();
        pair.log.other(kInc);
        pair.device.receive(pair.log.events(before));
    }
    VERIFY_DURABLE(pair);
    auto view = pair.device.backend.view();
    std::size_t rows = 0;
    QVERIFY((*view)->scan({.set = "history"}, [&](const storage::Row &) { return ++rows > 0; }).has_value());
    QVERIFY(rows >= 8 && rows <= 24);
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
}

// Of another client's edits of 60 bytes each second one has an inverse that holds 1.6 MB.
void RepairTest::theHistoryIsBoundedInWhatItsInversesHold()
{
    Pair pair;
    std::string large = "[[]";
    for (int i = 0; i < 100'000; ++i)
        large += ",[]";
    const std::string edits[] = {R"([{"op":"add","path":"/t","value":)" + large + "]}]", R"([{"op":"copy","from":"/t","path":"/u"}])",
                                 R"([{"op":"remove","path":"/u"}])"};
    for (int i = 0; i < 41; ++i) {
        const ServerSeq before = pair.log.head();
        pair.log.other(edits[i == 0 ? 0 : 2 - i % 2]);
        pair.device.receive(pair.log.events(before));
    }
    VERIFY_DURABLE(pair);
    auto view = pair.device.backend.view();
    std::size_t rows = 0;
    QVERIFY((*view)->scan({.set = "history"}, [&](const storage::Row &) { return ++rows > 0; }).has_value());
    QVERIFY2(rows >= 2 && rows <= 16, std::to_string(rows).c_str());
    QCOMPARE(pair.device.view(pair.id), pair.log.state());
}

} // namespace eventsync::client::test
