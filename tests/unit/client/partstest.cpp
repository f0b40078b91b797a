// SPDX-License-Identifier: Apache-2.0
#include "partstest.h"

#include <eventsync/client/documentparts_p.h>
#include <eventsync/client/pullstate_p.h>
#include <eventsync/client/pushstate_p.h>
#include <eventsync/crdt/limits.h>
#include <eventsync/protocol/limits.h>

#include "rig.h"

#include <QFile>
#include <QTest>

namespace eventsync::client::test {

namespace {

constexpr EntryState kStates[] = {EntryState::Waiting, EntryState::Sent, EntryState::Conflict, EntryState::DeadLetter};

Entry::State stateOf(EntryState state)
{
    switch (state) {
    case EntryState::Waiting:
        return Entry::Waiting();
    case EntryState::Sent:
        return Entry::Sent{.clientSeq = ClientSeq(1)};
    case EntryState::Conflict:
        return Entry::Conflict();
    case EntryState::DeadLetter:
        break;
    }
    return Entry::DeadLetter();
}

// The parts of a document without the classes that work on them.
struct Parts
{
    Parts() { context.clientId = ClientId(uuids.next().toText()); }

    QueueEntry edit(std::string_view patchText = R"([{"op":"add","path":"/x","value":1}])")
    {
        QueueEntry edit{.id = uuids.next(), .documentId = document.id, .collection = CollectionName("games"), .diff = Diff(patch(patchText))};
        json::State state = parsed(R"({"gold":10,"name":"a"})");
        edit.footprint = DocumentState::fromJsonState(state).apply(edit.operation, edit.diff)->footprint;
        return edit;
    }
    Entry &insert(std::int64_t order, Entry::State state = Entry::Waiting())
    {
        return document.queue.insert(Entry(edit(), order, std::move(state)));
    }
    // The next event of somebody else, applied.
    void append(std::string_view patchText, std::optional<std::int64_t> ownOrder = {})
    {
        Event event{.id = uuids.next(), .documentId = document.id, .collection = CollectionName("games"),
                    .serverSeq = document.history.serverSeq().next(), .clientId = ClientId(std::string("bob")),
                    .clientSeq = ClientSeq(document.history.serverSeq().value() + 1), .diff = Diff(patch(patchText))};
        if (event.serverSeq.value() == 1)
            event.operation = Operation::Create;
        auto applied = document.tree.state().apply(event);
        const Digest chain = sha256(event.id.view());
        document.history.advance(event, chain);
        HistoryItem item{.event = std::make_shared<const Event>(event), .chain = chain, .inverse = applied->inverse,
                         .footprint = applied->footprint, .ownOrder = ownOrder, .bytes = 100};
        document.history.append(std::move(item), canonicalBytes(event, EventForm::Logged));
    }
    void create() { append(R"([{"op":"add","path":"","value":{"gold":10,"name":"a"}}])"); }
    Changes take()
    {
        Changes out;
        document.queue.writeRows(document.id);
        document.changes.moveTo(out);
        return out;
    }

    FakeClock clock;
    SeededRandom random{7};
    UuidGenerator uuids{clock, random};
    ClientOptions options{.checkpointEvery = 2, .checkpoints = 2};
    ReplicaContext context{.clock = clock, .uuids = uuids, .options = options};
    DocumentParts document{context, DocumentId("game-1")};
};

std::size_t rowsOf(const Changes &changes, std::string_view set)
{
    return static_cast<std::size_t>(std::ranges::count_if(changes.writes.steps(), [&](const storage::Batch::Step &step) {
        const auto *put = std::get_if<storage::Batch::Put>(&step);
        return put && put->set == set;
    }));
}

protocol::Snapshot part(std::int64_t number, std::string_view bytes, const Digest &digest)
{
    protocol::Snapshot part{.documentId = DocumentId("game-1"), .position = {ServerSeq(5), sha256("5")}};
    part.bytes = Bytes(bytes);
    part.part = number;
    part.parts = 2;
    part.sha256 = digest;
    return part;
}

} // namespace

// ---- the queue

void PartsTest::anEntryChangesItsStateOnlyAsTheTableSays_data()
{
    using enum EntryState;
    QTest::addColumn<int>("from");
    QTest::addColumn<std::vector<bool>>("to"); // in the order of kStates
    QTest::newRow("waiting") << int(Waiting) << std::vector{false, true, true, true};
    QTest::newRow("sent") << int(Sent) << std::vector{true, false, true, true};
    QTest::newRow("conflict") << int(Conflict) << std::vector{true, false, false, true};
    QTest::newRow("dead letter") << int(DeadLetter) << std::vector{false, false, false, false};
}

void PartsTest::anEntryChangesItsStateOnlyAsTheTableSays()
{
    QFETCH(int, from);
    QFETCH(std::vector<bool>, to);
    for (const EntryState next : kStates) {
        const auto before = static_cast<EntryState>(from);
        QCOMPARE(isLegal(before, next), to[std::size_t(next)]);
        if (!isLegal(before, next))
            continue;
        Parts parts;
        Entry &entry = parts.insert(1, stateOf(before));
        parts.document.queue.setState(entry, stateOf(next));
        QCOMPARE(entry.state(), next);
        QueueCounts counts;
        parts.document.queue.count(counts);
        QCOMPARE(counts, (QueueCounts{.waiting = next == EntryState::Waiting, .sent = next == EntryState::Sent,
                                      .conflicts = next == EntryState::Conflict, .deadLetters = next == EntryState::DeadLetter}));
        QCOMPARE(rowsOf(parts.take(), "queue"), std::size_t(1));
    }
}

void PartsTest::thePageHasTheTableOfStates()
{
    QFile page(qEnvironmentVariable("EVENTSYNC_SOURCE_DIR") + QStringLiteral("/docs/architecture.md"));
    QVERIFY(page.open(QIODevice::ReadOnly));
    const std::string text = page.readAll().toStdString();
    std::size_t rows = 0;
    for (const Transition &one : transitions()) {
        const std::string row = "| " + std::string(stateName(one.from)) + " | " + std::string(stateName(one.to)) + " | " + std::string(one.when) + " |";
        QVERIFY2(text.find(row) != std::string::npos, row.c_str());
        ++rows;
    }
    QCOMPARE(rows, std::size_t(8));
}

void PartsTest::theQueueFindsEveryHolderOfAnEdit()
{
    Parts parts;
    EditQueue &queue = parts.document.queue;
    const EventId first = parts.insert(3).edit.id;
    QueueEntry later = parts.edit();
    later.firstId = first;
    queue.insert(Entry(later, 1));
    parts.insert(2);
    QCOMPARE(queue.holdersOf(later.id, first), (std::vector<std::int64_t>{1, 3})); // both versions, in queue order
    QCOMPARE(queue.holdersOf(first, first), (std::vector<std::int64_t>{1, 3}));
    const EventId now = parts.uuids.next();
    queue.setId(queue.at(3), now);
    QVERIFY(!queue.find(first));
    QCOMPARE(queue.find(now)->edit.first(), first);
    QCOMPARE(queue.holdersOf(first, first), (std::vector<std::int64_t>{1, 3}));
    queue.take(queue.at(3));
    QCOMPARE(queue.holdersOf(first, first), (std::vector<std::int64_t>{1}));
    QCOMPARE(parts.context.queueSize, std::size_t(2));
}

void PartsTest::aRowThatIsRemovedAndInsertedAgainIsWritten()
{
    Parts parts;
    Entry &entry = parts.insert(1);
    parts.take();
    Entry taken = parts.document.queue.take(entry);
    parts.document.queue.insert(std::move(taken));
    const Changes changes = parts.take();
    QCOMPARE(changes.writes.steps().size(), std::size_t(1)); // and not erased
    QCOMPARE(rowsOf(changes, "queue"), std::size_t(1));
}

// ---- the state machines of pull and push

void PartsTest::pulling_data()
{
    using Events = std::vector<PullEvent>;
    using enum PullEvent;
    QTest::addColumn<Events>("events");
    QTest::addColumn<PullState>("state");
    QTest::newRow("subscribed, events come") << Events{Subscribed} << PullState::CatchingUp;
    QTest::newRow("all have come") << Events{Subscribed, Synced} << PullState::Synced;
    QTest::newRow("a gap is asked for once") << Events{Subscribed, Synced, Subscribed, GapFound, GapFound} << PullState::Refetching;
    QTest::newRow("... until all have come") << Events{Subscribed, GapFound, Synced} << PullState::Synced;
    QTest::newRow("another subscription ends the gap") << Events{Subscribed, GapFound, Subscribed} << PullState::CatchingUp;
    QTest::newRow("synced of an old subscription") << Events{Subscribed, Left, Synced} << PullState::Unsubscribed;
    QTest::newRow("a gap of an old subscription") << Events{Subscribed, Left, GapFound} << PullState::Unsubscribed;
    QTest::newRow("refused, and not asked again by itself") << Events{Subscribed, Refused, Synced, GapFound} << PullState::Refused;
    QTest::newRow("refused, and asked again after an edit") << Events{Subscribed, Refused, MayAskAgain} << PullState::Unsubscribed;
    QTest::newRow("refused, and disconnected") << Events{Subscribed, Refused, Left} << PullState::Unsubscribed;
    QTest::newRow("an edit while synced") << Events{Subscribed, Synced, MayAskAgain} << PullState::Synced;
    QTest::newRow("an edit while catching up") << Events{Subscribed, MayAskAgain} << PullState::CatchingUp;
}

void PartsTest::pulling()
{
    QFETCH(std::vector<PullEvent>, events);
    QFETCH(PullState, state);
    PullState now = PullState::Unsubscribed;
    for (const PullEvent event : events)
        now = next(now, event);
    QCOMPARE(now, state);
    QCOMPARE(isSubscribed(now), state != PullState::Unsubscribed && state != PullState::Refused);
}

void PartsTest::pushing_data()
{
    using Events = std::vector<PushEvent>;
    using enum PushEvent;
    QTest::addColumn<Events>("events");
    QTest::addColumn<PushState>("state");
    QTest::newRow("at first") << Events{AllAnswered} << PushState::Closed;
    QTest::newRow("synced") << Events{Synced} << PushState::Open;
    QTest::newRow("one refused") << Events{Synced, Refused} << PushState::Halted;
    QTest::newRow("another refused") << Events{Synced, Refused, Refused} << PushState::Halted;
    QTest::newRow("all answered") << Events{Synced, Refused, AllAnswered} << PushState::Open;
    QTest::newRow("synced again") << Events{Synced, Refused, Synced} << PushState::Open;
    QTest::newRow("disconnected") << Events{Synced, Refused, Closed} << PushState::Closed;
    QTest::newRow("an answer afterwards") << Events{Synced, Closed, Refused, AllAnswered} << PushState::Closed;
}

void PartsTest::pushing()
{
    QFETCH(std::vector<PushEvent>, events);
    QFETCH(PushState, state);
    PushState now = PushState::Closed;
    for (const PushEvent event : events)
        now = next(now, event);
    QCOMPARE(now, state);
}

// ---- what a step has changed

void PartsTest::notificationsComeInOrder()
{
    DocumentChanges changes(DocumentId("game-1"));
    changes.queueChanged();
    changes.notify(DocumentSynced{DocumentId("game-1"), {}});
    changes.contentChanged(*json::Pointer::parse("/b"));
    changes.contentChanged(*json::Pointer::parse("/a"));
    changes.contentChanged(*json::Pointer::parse("/b"));
    Changes out;
    changes.moveTo(out, CrdtChanged{.documentId = DocumentId("game-1"), .changes = {}});
    QCOMPARE(out.notifications.size(), std::size_t(4));
    QVERIFY(std::holds_alternative<CrdtChanged>(out.notifications[0]));
    const auto &content = std::get<DocumentChanged>(out.notifications[1]);
    QCOMPARE(content.paths.size(), std::size_t(2));
    QCOMPARE(content.paths[0].toText(), std::string("/a"));
    QVERIFY(std::holds_alternative<DocumentSynced>(out.notifications[2]));
    QVERIFY(std::holds_alternative<QueueChanged>(out.notifications[3]));
    Changes nothing;
    changes.moveTo(nothing);
    QVERIFY(nothing.notifications.empty());
}

void PartsTest::manyPathsAreTheWholeDocument()
{
    DocumentChanges changes(DocumentId("game-1"));
    for (int i = 0; i < 300; ++i)
        changes.contentChanged(json::Pointer(std::vector<std::string>{std::to_string(i)}));
    Parts parts;
    changes.contentChanged(parts.edit().footprint); // one more, of an edit
    Changes out;
    changes.moveTo(out);
    QCOMPARE(std::get<DocumentChanged>(out.notifications[0]).paths, std::vector<json::Pointer>{json::Pointer()});
}

void PartsTest::aPauseGrowsUntilSomethingSucceeds()
{
    using std::chrono::milliseconds;
    RetryPause pause;
    const auto length = [&](std::optional<milliseconds> retryAfter = {}) {
        pause.begin(milliseconds(1000), retryAfter);
        milliseconds now(1000);
        while (!pause.endIfOver(now))
            now += milliseconds(1);
        return now - milliseconds(1000);
    };
    QCOMPARE(length(), limits::kRetryFirst);
    QCOMPARE(length(), 2 * limits::kRetryFirst);
    QCOMPARE(length(milliseconds(7)), milliseconds(7)); // as the server says
    QCOMPARE(length(), 8 * limits::kRetryFirst);
    pause.succeeded();
    QCOMPARE(length(), limits::kRetryFirst);
    QVERIFY(!pause.isActive());
}

// ---- undo

void PartsTest::stepsOfUndoAreBounded()
{
    Parts parts;
    UndoSteps &undo = parts.document.undo;
    for (std::size_t i = 0; i < limits::kUndoEntries + 1; ++i)
        undo.push({.edit = parts.uuids.next()});
    const Changes changes = parts.take();
    QCOMPARE(rowsOf(changes, "undo"), limits::kUndoEntries + 1);
    QCOMPARE(changes.writes.steps().size(), limits::kUndoEntries + 2); // one is erased: the oldest
    QCOMPARE(std::get<storage::Batch::Erase>(changes.writes.steps().back()).key[1], storage::Cell(std::int64_t(1)));
}

void PartsTest::aStepOfAnEditThatIsNotAppliedAsWrittenIsDropped()
{
    Parts parts;
    UndoSteps &undo = parts.document.undo;
    const EventId first = parts.uuids.next(), second = parts.uuids.next(), rewritten = parts.uuids.next();
    undo.push({.edit = first});
    undo.push({.edit = second});
    undo.push({.redo = true, .edit = first});
    QCOMPARE(undo.last(false)->edit, second);
    undo.setEdit(second, rewritten);
    undo.dropOf(second);
    QCOMPARE(undo.last(false)->edit, rewritten);
    undo.dropOf(rewritten);
    QCOMPARE(undo.last(false)->edit, first);
    undo.clearRedo();
    QVERIFY(!undo.last(true));
    undo.clear();
    QVERIFY(!undo.last(false));
}

// ---- snapshots

void PartsTest::aSnapshotIsCompleteWithItsLastPart()
{
    Parts parts;
    StagedSnapshot &staged = parts.document.staged;
    const Digest digest = sha256("abcd");
    QCOMPARE(*staged.add(part(1, "ab", digest)), false);
    QCOMPARE(*staged.add(part(1, "ab", digest)), false); // again
    QCOMPARE(staged.nextPart(), std::int64_t(2));
    QCOMPARE(*staged.add(part(2, "cd", digest)), true);
    QCOMPARE(rowsOf(parts.take(), "staging"), std::size_t(2));
    QCOMPARE(*staged.takeWhole()->bytes, Bytes("abcd"));
    QVERIFY(staged.isEmpty());
    QCOMPARE(parts.take().writes.steps().size(), std::size_t(1)); // the rows are gone
}

void PartsTest::aPartOfAnotherSnapshotBeginsAnew()
{
    Parts parts;
    StagedSnapshot &staged = parts.document.staged;
    QVERIFY(staged.add(part(1, "ab", sha256("abcd"))));
    QCOMPARE(*staged.add(part(1, "xy", sha256("xyz"))), false);
    QCOMPARE(*staged.add(part(2, "z", sha256("xyz"))), true);
    QCOMPARE(*staged.takeWhole()->bytes, Bytes("xyz"));
    QVERIFY(staged.add(part(1, "ab", sha256("abcd"))));
    QCOMPARE(staged.add(part(2, "z", sha256("xyz"))).value_or(true), false); // the first part of that one is missing
    QVERIFY(staged.isEmpty());
}

void PartsTest::bytesOfAnotherSnapshotAreRefused()
{
    Parts parts;
    StagedSnapshot &staged = parts.document.staged;
    QCOMPARE(staged.add(part(2, "cd", sha256("abcd"))).error().code, ErrorCode::InvalidMessage);
    QVERIFY(staged.add(part(1, "ab", sha256("abcd"))));
    QVERIFY(staged.add(part(2, "cX", sha256("abcd"))));
    QCOMPARE(staged.takeWhole().error().code, ErrorCode::Corrupt);
    QVERIFY(staged.isEmpty());
}

// ---- what has left the queue

void PartsTest::anOwnIdIsNeverForgotten()
{
    using Known = AcknowledgedEdits::Known;
    Parts parts;
    parts.options.ackedKeepCount = 1;
    AcknowledgedEdits &acknowledged = parts.document.acknowledged;
    const QueueEntry kept = parts.edit(), other = parts.edit(), given = parts.edit();
    const EventId unknown = parts.uuids.next();
    acknowledged.keep({ServerSeq(1), std::make_shared<const QueueEntry>(kept), false, parts.clock.wall()});
    QCOMPARE(rowsOf(parts.take(), "ids"), std::size_t(0));
    acknowledged.keep({ServerSeq(2), std::make_shared<const QueueEntry>(other), false, parts.clock.wall()});
    QCOMPARE(acknowledged.edits().size(), std::size_t(1)); // the content of the first is gone
    QCOMPARE(rowsOf(parts.take(), "ids"), std::size_t(1));
    acknowledged.giveUp(given);
    acknowledged.clear();
    QVERIFY(acknowledged.edits().empty());
    QVERIFY(acknowledged.known(kept.id, kept.id) == Known::Acknowledged);
    QVERIFY(acknowledged.known(other.id, other.id) == Known::Acknowledged);
    QVERIFY(acknowledged.known(given.id, given.id) == Known::GivenUp);
    QVERIFY(acknowledged.known(unknown, kept.id) == Known::GivenUp); // another version of one of ours
    QVERIFY(acknowledged.known(unknown, unknown) == Known::No);
}

// ---- the confirmed history

void PartsTest::theHistoryRollsBackThroughItsInverses()
{
    Parts parts;
    ConfirmedHistory &history = parts.document.history;
    DocumentState &tree = parts.document.tree.state();
    parts.create();
    const std::string first = tree.canonical();
    parts.append(R"([{"op":"replace","path":"/name","value":"b"}])");
    parts.append(R"([{"op":"inc","path":"/gold","value":5}])");
    const auto past = history.stateAt(ServerSeq(1), tree);
    QVERIFY(past);
    QCOMPARE(past->canonical(), first);
    QVERIFY(!history.stateAt(ServerSeq(4), tree));
    QVERIFY(history.rollBackTo(ServerSeq(1), tree));
    QCOMPARE(tree.canonical(), first);
    QCOMPARE(history.serverSeq(), ServerSeq(1));
    QCOMPARE(history.position().chain, history.items().back().chain);
    QCOMPARE(history.clock().entries().begin()->second, ClientSeq(1));
    QVERIFY(!history.rollBackTo(ServerSeq(2), tree)); // never offered
    history.restart({ServerSeq(9), sha256("9")}, {});
    QVERIFY(!history.rollBackTo(ServerSeq(8), tree)); // before all that is known
    QVERIFY(history.items().empty());
    QVERIFY(history.wantsStateRow(0));
}

void PartsTest::theHistoryKeepsWhatAConflictLooksAt()
{
    Parts parts; // at most four items
    ConfirmedHistory &history = parts.document.history;
    parts.create();
    for (int i = 0; i < 5; ++i)
        parts.append(R"([{"op":"inc","path":"/gold","value":1}])");
    QVERIFY(history.trim(history.serverSeq()).empty()); // the row of the state is older than all of them
    history.writeState(parts.document.tree.state());
    QVERIFY(history.trim(ServerSeq(0)).empty());        // a conflict looks at them
    QCOMPARE(history.trim(history.serverSeq()).size(), std::size_t(2));
    QCOMPARE(history.start().serverSeq, ServerSeq(2));
    QCOMPARE(history.items().size(), std::size_t(4));
    const auto points = history.checkpoints();
    QCOMPARE(points.size(), std::size_t(2));
    QCOMPARE(points[0].serverSeq, ServerSeq(5));
    QCOMPARE(points[1].serverSeq, ServerSeq(4));
}

void PartsTest::whatAnEditHasNotSeenEndsAtItsBase()
{
    Parts parts;
    const ConfirmedHistory &history = parts.document.history;
    parts.create();
    parts.append(R"([{"op":"inc","path":"/gold","value":1}])");
    parts.append(R"([{"op":"inc","path":"/gold","value":1}])", 7); // an own one, from place 7 of the queue
    QCOMPARE(history.unseenBy(ServerSeq(0), 8).size(), std::size_t(2));
    QCOMPARE(history.unseenBy(ServerSeq(0), 6).size(), std::size_t(3)); // made before the own one
    QCOMPARE(history.unseenBy(ServerSeq(2), 8).size(), std::size_t(0));
    QCOMPARE(history.unseenBy(ServerSeq(2), 6).size(), std::size_t(1));
}

// ---- the tree

void PartsTest::theTreeConfirmsItsFirstEntryInPlace()
{
    Parts parts;
    parts.create();
    OptimisticTree &tree = parts.document.tree;
    Entry &entry = parts.insert(1);
    tree.add(entry, tree.state().apply(entry.edit.operation, entry.edit.diff)->inverse);
    Event event{.id = parts.uuids.next(), .documentId = parts.document.id, .collection = CollectionName("games"), .diff = entry.edit.diff};
    HistoryItem item;
    QVERIFY(!tree.confirmFirst(event, item)); // another edit with the same content
    event.id = entry.edit.id;
    QVERIFY(tree.confirmFirst(event, item));
    QCOMPARE(tree.entries(), std::size_t(0));
    QVERIFY(!entry.inverse);
    QVERIFY(item.inverse.hasChanges());
    QVERIFY(!tree.isUnapplied());
    QVERIFY(!tree.confirmFirst(event, item));
}

void PartsTest::takenOffTheTreeTheQueueLeavesTheConfirmedState()
{
    Parts parts;
    parts.create();
    OptimisticTree &tree = parts.document.tree;
    const std::string confirmed = tree.state().canonical();
    for (std::int64_t order : {1, 2}) {
        Entry &entry = parts.document.queue.insert(Entry(parts.edit(R"([{"op":"inc","path":"/gold","value":1}])"), order));
        tree.add(entry, tree.state().apply(entry.edit.operation, entry.edit.diff)->inverse);
    }
    QVERIFY(tree.state().canonical() != confirmed);
    QCOMPARE(tree.confirmed().canonical(), confirmed);
    tree.detach(parts.document.queue.at(2));
    QVERIFY(tree.isUnapplied());
    QCOMPARE(tree.state().canonical(), confirmed);
    QCOMPARE(tree.entries(), std::size_t(0));
    QVERIFY(!parts.document.queue.at(1).inverse);
}

void PartsTest::theSizeOfAPushedEditIsKnownWithoutItsBytes()
{
    Parts parts;
    Entry &entry = parts.insert(1);
    for (const std::int64_t number : {1, 10, 12345}) {
        entry.edit.baseSeq = ServerSeq(number * 99);
        const EventPtr event = parts.document.pushed(entry, ClientSeq(number));
        QCOMPARE(DocumentParts::pushedBytes(entry, *event), canonicalBytes(*event, EventForm::Pushed).size());
    }
    entry.setDiff(Diff(patch(R"([{"op":"add","path":"/longer","value":"than before"}])")));
    const EventPtr event = parts.document.pushed(entry, ClientSeq(1));
    QCOMPARE(DocumentParts::pushedBytes(entry, *event), canonicalBytes(*event, EventForm::Pushed).size());
}

} // namespace eventsync::client::test
