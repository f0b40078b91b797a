// SPDX-License-Identifier: Apache-2.0
#include "crdttest.h"

#include "rig.h"

#include <eventsync/base/assert.h>
#include <eventsync/model/crdtstate.h>

#include <QTest>

namespace eventsync::client::test {

namespace {

using crdt::Api;

const CollectionName kGames("games");
const ClientId kBob("bob");

auto typing(qsizetype position, const QString &text)
{
    return [=](Api &api) -> Result<> {
        EVENTSYNC_TRY(crdt::StrApi str, api.str("/text"));
        return str.ins(position, text);
    };
}

auto erasing(qsizetype position, qsizetype count)
{
    return [=](Api &api) -> Result<> {
        EVENTSYNC_TRY(crdt::StrApi str, api.str("/text"));
        return str.del(position, count);
    };
}

// A device and a log with a CRDT document, which Bob edits as well.
struct CrdtPair : Pair
{
    explicit CrdtPair(std::string_view state = R"({"list":[1],"text":"abc"})") : Pair({}, "")
    {
        static_cast<void>(bob(Operation::Create, [&](Api &api) { return api.root(parsed(state)); }));
        device.receive(log.events(ServerSeq(0)));
        device.announced.clear();
    }

    DocumentState folded() const
    {
        DocumentState state;
        for (const EventPtr &event : log.log)
            EVENTSYNC_ASSERT(state.apply(*event).has_value());
        return state;
    }
    EventPtr bob(Operation operation, const ClientCore::CrdtEdit &edit, const ClientId &client = kBob)
    {
        auto diff = folded().edit(crdtSessionOf(client), edit);
        EVENTSYNC_ASSERT(diff.has_value());
        return log.append({.id = log.uuids.next(),
                           .documentId = id,
                           .collection = kGames,
                           .operation = operation,
                           .clientId = client,
                           .clientSeq = log.bob = log.bob.next(),
                           .baseSeq = log.head(),
                           .timestamp = log.clock.wall(),
                           .diff = std::move(*diff)});
    }
    EventPtr bob(const ClientCore::CrdtEdit &edit) { return bob(Operation::Update, edit); }
    void bobMakesItAnew(std::uint64_t firstTime, std::string_view state)
    {
        log.other("[]", Operation::Delete);
        const EventPtr last = bob(Operation::Create, [&](Api &api) { return api.root(parsed(state)); });
        auto patch = crdt::Patch::decode(last->diff.crdt());
        EVENTSYNC_ASSERT(patch.has_value());
        Event moved = *last;
        moved.diff = Diff(CrdtPatchBytes{patch->rebased(firstTime).bytes()});
        log.cutTo(ServerSeq(log.head().value() - 1));
        log.append(std::move(moved));
    }
    void bobTells(const ClientCore::CrdtEdit &edit)
    {
        const ServerSeq before = log.head();
        bob(edit);
        device.receive(log.events(before));
    }
    EventId edit(const ClientCore::CrdtEdit &edit)
    {
        const auto made = device.run(device.core->updateCrdt(id, edit));
        EVENTSYNC_ASSERT(made.has_value() && made->has_value());
        return **made;
    }
    bool undo(bool redo = false)
    {
        return device.run(redo ? device.core->redo(id) : device.core->undo(id)).has_value();
    }
    QString text() const
    {
        const crdt::Document *document = device.core->crdtDocument(id);
        if (!document)
            return QStringLiteral("absent");
        const json::Value view = document->view();
        const json::Value *text = view.is_object() ? view.get_object().if_contains("text") : nullptr;
        return text && text->is_string() ? QString::fromStdString(std::string(text->get_string())) : QStringLiteral("no text");
    }
    protocol::Snapshot crdtSnapshot(std::vector<protocol::KnownId> known = {}) const
    {
        const DocumentState state = folded();
        const Bytes bytes = state.toBytes();
        return {.documentId = id, .collection = kGames, .kind = DocumentKind::Crdt, .position = log.position(),
                .known = std::move(known), .sha256 = sha256(bytes), .state = {}, .bytes = bytes};
    }
};

// What an editor does with the changes it is told.
struct Editor
{
    explicit Editor(CrdtPair &p) : pair(p), text(p.text()) {}
    void follow()
    {
        for (const CrdtChanged &notification : pair.device.notifications<CrdtChanged>()) {
            if (notification.reset)
                ++resets;
            if (notification.reset)
                text = pair.text();
            for (const CrdtChange &change : notification.changes) {
                if (change.kind == crdt::Change::Kind::Text)
                    text.replace(static_cast<qsizetype>(change.position), static_cast<qsizetype>(change.removed), change.text);
            }
        }
        pair.device.announced.clear();
    }
    CrdtPair &pair;
    QString text;
    int resets = 0;
};

} // namespace

#define VERIFY_DURABLE(pair) QCOMPARE(QString::fromStdString((pair).device.broken), QString())

void CrdtTest::anEditShowsAtOnceAndIsQueuedAsOnePatch()
{
    Pair pair({}, "");
    QVERIFY(pair.device.run(pair.device.core->createCrdt(pair.id, kGames, parsed(R"({"text":"안녕"})"))).has_value());
    const auto made = pair.device.run(pair.device.core->updateCrdt(pair.id, [](Api &api) -> Result<> {
        EVENTSYNC_TRY(crdt::StrApi str, api.str("/text"));
        EVENTSYNC_CHECK(str.ins(2, QStringLiteral("하")));
        return str.ins(3, QStringLiteral("세요"));
    }));
    QVERIFY(made.has_value() && made->has_value());
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"text":"안녕하세요"})"));
    QCOMPARE(pair.device.confirmed(pair.id), std::string("absent"));
    QVERIFY(pair.device.core->crdtDocument(pair.id));
    const auto pushed = pair.pushed();
    QCOMPARE(pushed.size(), std::size_t(2));
    QVERIFY(pushed[0]->diff.isCrdt() && pushed[1]->diff.isCrdt());
    for (const EventPtr &event : pushed)
        QCOMPARE(crdt::PatchView::decode(event->diff.crdt())->id().sid, crdtSessionOf(event->clientId));
    pair.logAll(pushed);
    QCOMPARE(pair.device.confirmed(pair.id), std::string(R"({"text":"안녕하세요"})"));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    VERIFY_DURABLE(pair);
}

void CrdtTest::anEditThatFailsHalfWayLeavesNothing()
{
    CrdtPair pair;
    const auto failed = pair.device.core->updateCrdt(pair.id, [](Api &api) -> Result<> {
        EVENTSYNC_CHECK(typing(0, QStringLiteral("half"))(api));
        return failure(ErrorCode::Invalid, "no");
    });
    QCOMPARE(failed.error().code, ErrorCode::Invalid);
    QCOMPARE(pair.text(), QStringLiteral("abc"));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    pair.edit(typing(3, QStringLiteral("d")));
    QCOMPARE(pair.text(), QStringLiteral("abcd"));
    const auto told = pair.device.notifications<CrdtChanged>();
    QCOMPARE(told.size(), std::size_t(1)); // the failed one is not heard of
    QVERIFY(!told[0].reset && told[0].changes.size() == 1);
    pair.logAll(pair.pushed());
    QCOMPARE(QString::fromStdString(pair.folded().canonical()), QStringLiteral(R"({"list":[1],"text":"abcd"})"));
    VERIFY_DURABLE(pair);
}

void CrdtTest::anEditThatFlushesIsRefused()
{
    CrdtPair pair;
    for (const bool more : {false, true}) {
        const auto refused = pair.device.core->updateCrdt(pair.id, [&](Api &api) -> Result<> {
            EVENTSYNC_CHECK(typing(0, QStringLiteral("kept back"))(api));
            static_cast<void>(api.flush());
            return more ? typing(0, QStringLiteral("x"))(api) : Result<>();
        });
        QCOMPARE(refused.error().code, ErrorCode::Invalid);
        QCOMPARE(pair.text(), QStringLiteral("abc"));
    }
    QVERIFY(pair.pushed().empty());
    VERIFY_DURABLE(pair);
}

void CrdtTest::anEditThatChangesNothingMakesNoEntry()
{
    CrdtPair pair;
    const auto nothing = pair.device.run(pair.device.core->updateCrdt(pair.id, [](Api &) { return Result<>(); }));
    QVERIFY(nothing.has_value() && !nothing->has_value());
    const auto same = pair.device.run(
        pair.device.core->update(pair.id, patch(R"([{"op":"replace","path":"/text","value":"abc"}])")));
    QVERIFY(same.has_value() && !same->has_value());
    QVERIFY(pair.pushed().empty());
    QVERIFY(!pair.device.core->canUndo(pair.id));
}

void CrdtTest::jsonEditsAreTranslated()
{
    CrdtPair pair;
    pair.device.run(pair.device.core->disconnected());
    QVERIFY(pair.device.run(pair.device.core->update(pair.id, patch(R"([{"op":"replace","path":"/text","value":"abXc"},
        {"op":"add","path":"/list/-","value":2},{"op":"test","path":"/list/0","value":1}])"))).has_value());
    QVERIFY(pair.device.run(pair.device.core->update(pair.id, [](json::Value &value) -> Result<> {
        value.get_object()["more"] = json::Array{true};
        return {};
    })).has_value());
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"list":[1,2],"more":[true],"text":"abXc"})"));
    pair.bob(typing(1, QStringLiteral("_")));
    pair.connect();
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"list":[1,2],"more":[true],"text":"a_bXc"})")); // not replaced
    const auto failed = pair.device.core->update(pair.id, patch(R"([{"op":"test","path":"/text","value":"abc"}])"));
    QVERIFY(!failed.has_value());
    VERIFY_DURABLE(pair);
}

void CrdtTest::otherKindsAreRefused()
{
    Pair pair;
    QVERIFY(!pair.device.core->crdtDocument(pair.id));
    QCOMPARE(pair.device.core->updateCrdt(pair.id, typing(0, QStringLiteral("x"))).error().code, ErrorCode::Invalid);
    QCOMPARE(pair.device.core->createCrdt(pair.id, kGames, parsed("{}")).error().code, ErrorCode::DocumentExists);
    QCOMPARE(pair.device.core->updateCrdt(DocumentId("nowhere"), typing(0, QStringLiteral("x"))).error().code, ErrorCode::NotFound);
}

void CrdtTest::othersEditsMergeWithWhatWaits()
{
    CrdtPair pair;
    pair.edit(typing(3, QStringLiteral("def")));
    const auto pushed = pair.pushed();
    pair.edit(typing(0, QStringLiteral("0")));
    pair.bobTells(typing(1, QStringLiteral("-")));
    QCOMPARE(pair.text(), QStringLiteral("0a-bcdef"));
    QCOMPARE(pair.device.states(), (std::vector{EntryState::Sent, EntryState::Sent}));
    pair.logAll(pushed);
    pair.logAll(pair.pushed());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.device.confirmed(pair.id), pair.folded().canonical());
    VERIFY_DURABLE(pair);
}

void CrdtTest::offlineEditsOfTwoDevicesMergeWithoutConflict()
{
    CrdtPair pair;
    pair.device.run(pair.device.core->disconnected());
    for (int i = 0; i < 20; ++i) {
        pair.edit(typing(i, QStringLiteral("x")));
        pair.bob(typing(0, QStringLiteral("y")));
        pair.bob([](Api &api) { return api.arr("/list")->ins(0, {json::Value("bob")}); });
    }
    pair.edit([](Api &api) { return api.arr("/list")->ins(1, {json::Value("me")}); });
    pair.connect();
    QCOMPARE(pair.device.core->queueCounts().conflicts, std::size_t(0));
    pair.logAll(pair.pushed());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.device.view(pair.id), pair.folded().canonical());
    QCOMPARE(pair.text().count(QLatin1Char('x')), 20);
    QVERIFY(pair.text().contains(QString(20, QLatin1Char('x')))); // nobody's word is torn apart
    VERIFY_DURABLE(pair);
}

void CrdtTest::changesToldInOrderLeadAnEditorToTheDocument()
{
    CrdtPair pair;
    Editor editor(pair);
    pair.edit(typing(3, QStringLiteral("😀def")));
    editor.follow();
    QCOMPARE(editor.text, pair.text());
    pair.bob(typing(0, QStringLiteral("안녕 ")));
    pair.bob(erasing(3, 2));
    pair.bob(typing(4, QStringLiteral("!")));
    pair.device.receive(pair.log.events(ServerSeq(1)));
    editor.follow();
    QCOMPARE(editor.text, pair.text());
    QVERIFY(pair.undo());
    editor.follow();
    QCOMPARE(editor.text, pair.text());
    pair.logAll(pair.pushed());
    editor.follow();
    QCOMPARE(editor.text, pair.text());
    QCOMPARE(editor.resets, 0);
    VERIFY_DURABLE(pair);
}

void CrdtTest::aDocumentMadeAnewIsToldAsReset()
{
    CrdtPair pair;
    Editor editor(pair);
    pair.edit(typing(0, QStringLiteral("mine ")));
    static_cast<void>(pair.pushed());
    pair.device.receive(answer(pair.lastPush, AckStatus::Rejected, {}, ErrorCode::Invalid));
    editor.follow();
    QCOMPARE(editor.resets, 1);
    QCOMPARE(editor.text, QStringLiteral("abc"));
    const ServerSeq before = pair.log.head();
    pair.log.other("[]", Operation::Delete);
    pair.device.receive(pair.log.events(before));
    editor.follow();
    QCOMPARE(editor.resets, 2);
    QCOMPARE(editor.text, QStringLiteral("absent"));
    VERIFY_DURABLE(pair);
}

void CrdtTest::undoTakesBackOwnEditsOnlyAlsoAfterARestart()
{
    CrdtPair pair;
    pair.edit(typing(3, QStringLiteral("def")));
    pair.edit(erasing(0, 2));
    pair.logAll(pair.pushed());
    pair.bobTells(typing(2, QStringLiteral("BOB")));
    QCOMPARE(pair.text(), QStringLiteral("cdBOBef"));
    QVERIFY(pair.undo());
    QCOMPARE(pair.text(), QStringLiteral("abcdBOBef"));
    pair.device.crash();
    pair.connect(ClientSeq(2));
    QVERIFY(pair.undo());
    QCOMPARE(pair.text(), QStringLiteral("abcBOB"));
    QVERIFY(!pair.device.core->canUndo(pair.id));
    QVERIFY(pair.undo(true));
    QVERIFY(pair.undo(true));
    QCOMPARE(pair.text(), QStringLiteral("cdBOBef"));
    QVERIFY(!pair.undo(true));
    QVERIFY(pair.undo()); // what was brought back and taken again
    QCOMPARE(pair.text(), QStringLiteral("abcdBOBef"));
    pair.logAll(pair.pushed());
    QCOMPARE(pair.device.view(pair.id), pair.folded().canonical());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    VERIFY_DURABLE(pair);
}

void CrdtTest::undoSkipsWhatOthersHaveTakenAway()
{
    CrdtPair pair;
    pair.edit(typing(3, QStringLiteral("1")));
    pair.edit(typing(4, QStringLiteral("2")));
    pair.logAll(pair.pushed());
    pair.bobTells(erasing(4, 1));
    QVERIFY(pair.undo());
    QCOMPARE(pair.text(), QStringLiteral("abc"));
    QVERIFY(!pair.device.core->canUndo(pair.id));
    VERIFY_DURABLE(pair);
}

void CrdtTest::undoOfADeleteBringsTheDocumentBack()
{
    CrdtPair pair;
    QVERIFY(pair.device.run(pair.device.core->remove(pair.id)).has_value());
    QCOMPARE(pair.text(), QStringLiteral("absent"));
    pair.device.crash();
    QVERIFY(pair.undo());
    QCOMPARE(pair.text(), QStringLiteral("abc"));
    pair.connect();
    pair.logAll(pair.pushed());
    QCOMPARE(pair.device.view(pair.id), pair.folded().canonical());
    pair.edit(typing(0, QStringLiteral("again ")));
    QCOMPARE(pair.text(), QStringLiteral("again abc"));
    VERIFY_DURABLE(pair);
}

// [G9]
void CrdtTest::aRefusedEditTakesWhatStandsOnItAlong()
{
    CrdtPair pair;
    pair.device.run(pair.device.core->disconnected());
    pair.edit(typing(3, QStringLiteral("XYZ")));
    pair.connect();
    static_cast<void>(pair.pushed());
    pair.edit(typing(4, QStringLiteral("on it")));
    pair.edit(typing(0, QStringLiteral("apart ")));
    protocol::Ack ack = answer(pair.lastPush, AckStatus::Rejected, {}, ErrorCode::Invalid);
    static_cast<void>(pair.pushed());
    ack.results.resize(1);
    pair.device.receive(ack);
    pair.device.run(pair.device.core->disconnected());
    pair.connect();
    QCOMPARE(pair.device.states(), (std::vector{EntryState::DeadLetter, EntryState::DeadLetter, EntryState::Sent}));
    QCOMPARE(pair.device.entry(1).reason->code, ErrorCode::DependsOnRejected);
    QCOMPARE(pair.text(), QStringLiteral("apart abc"));
    pair.logAll(pair.pushed());
    QCOMPARE(pair.device.view(pair.id), pair.folded().canonical());
    VERIFY_DURABLE(pair);
}

void CrdtTest::aRefusedEditMayBeTriedAgain()
{
    CrdtPair pair;
    const EventId refused = pair.edit(typing(3, QStringLiteral("XYZ")));
    static_cast<void>(pair.pushed());
    pair.device.receive(answer(pair.lastPush, AckStatus::Rejected, {}, ErrorCode::Invalid));
    pair.edit(typing(0, QStringLiteral("later ")));
    QVERIFY(pair.device.run(pair.device.core->retry(refused)).has_value());
    QCOMPARE(pair.text(), QStringLiteral("later abcXYZ"));
    pair.logAll(pair.pushed());
    QCOMPARE(pair.device.view(pair.id), pair.folded().canonical());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    VERIFY_DURABLE(pair);
}

void CrdtTest::anEditOfADeletedDocumentIsAConflict()
{
    CrdtPair pair;
    pair.device.run(pair.device.core->disconnected());
    const EventId mine = pair.edit(typing(3, QStringLiteral("def")));
    pair.log.other("[]", Operation::Delete);
    pair.connect();
    QCOMPARE(pair.device.states(), (std::vector{EntryState::Conflict}));
    const auto view = pair.device.core->conflict(mine);
    QVERIFY(view && view->ours && !view->theirs);
    QCOMPARE(json::canonical(*view->ours), std::string(R"({"list":[1],"text":"abcdef"})"));
    QVERIFY(pair.device.run(pair.device.core->resolve(mine, {.decision = Decision::Ours})).has_value());
    QCOMPARE(pair.text(), QStringLiteral("abcdef"));
    const auto pushed = pair.pushed();
    QCOMPARE(pushed.size(), std::size_t(1));
    QVERIFY(pushed[0]->operation == Operation::Create && pushed[0]->diff.isCrdt());
    pair.logAll(pushed);
    QCOMPARE(pair.device.view(pair.id), pair.folded().canonical());
    VERIFY_DURABLE(pair);
}

namespace {

// What the ledger says of the decision made last.
json::Object recordOf(CrdtPair &pair, const EventId &id, const Resolution &resolution)
{
    EVENTSYNC_ASSERT(pair.device.run(pair.device.core->resolve(id, resolution)).has_value());
    const auto pushed = pair.pushed();
    EVENTSYNC_ASSERT(pushed.size() == 1);
    return pushed[0]->metadata->at("conflict").as_object();
}

} // namespace

void CrdtTest::theDecisionIsRecordedInPatchesOfTheView()
{
    CrdtPair edited;
    edited.device.run(edited.device.core->disconnected());
    const EventId text = edited.edit(typing(3, QStringLiteral("def")));
    edited.bob(erasing(0, 1));
    edited.log.other("[]", Operation::Delete);
    edited.connect();
    json::Object record = recordOf(edited, text, {.decision = Decision::Ours});
    QCOMPARE(record.at("ours"), parsed(R"([{"op":"replace","path":"/text","value":"bcdef"}])")); // on top of what merged
    QCOMPARE(record.at("base"), parsed(R"([{"op":"replace","path":"/text","value":"bc"}])"));
    QCOMPARE(record.at("theirs"), parsed(R"([{"op":"remove","path":""}])"));

    CrdtPair removed;
    removed.device.run(removed.device.core->disconnected());
    const auto gone = removed.device.run(removed.device.core->remove(removed.id));
    QVERIFY(gone && *gone);
    removed.bob(typing(3, QStringLiteral("!")));
    removed.bob(erasing(0, 1));
    removed.connect();
    record = recordOf(removed, **gone, {.decision = Decision::Theirs});
    QCOMPARE(record.at("ours"), parsed(R"([{"op":"remove","path":""}])"));
    QCOMPARE(record.at("base"), parsed(R"([{"op":"add","path":"","value":{"list":[1],"text":"abc"}}])"));
    QCOMPARE(record.at("theirs"), parsed(R"([{"op":"replace","path":"/text","value":"bc!"}])"));
}

void CrdtTest::aSnapshotIsInstalledUnderWhatWaits()
{
    CrdtPair pair;
    const EventId sent = pair.edit(typing(3, QStringLiteral("1")));
    const auto pushed = pair.pushed();
    pair.device.run(pair.device.core->disconnected());
    pair.edit(typing(4, QStringLiteral("2")));
    pair.log.accept(pushed[0]);
    pair.bob(typing(0, QStringLiteral("bob ")));
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome());
    pair.device.receive(pair.crdtSnapshot({{sent, sent, ServerSeq(2)}}));
    QCOMPARE(pair.text(), QStringLiteral("bob abc12"));
    VERIFY_DURABLE(pair);
    pair.device.crash();
    QCOMPARE(pair.text(), QStringLiteral("bob abc12"));
    pair.connect(ClientSeq(1));
    pair.logAll(pair.pushed());
    QCOMPARE(pair.device.view(pair.id), pair.folded().canonical());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    VERIFY_DURABLE(pair);
}

void CrdtTest::anEditOfADocumentMadeAnewIsAConflict_data()
{
    QTest::addColumn<quint64>("firstTime"); // that of the document before is 1
    QTest::newRow("with the same ids") << quint64(1);
    QTest::newRow("with later ids") << quint64(100'000);
}

// [G9] Its ids mean other things in the new document, or nothing; nothing in the snapshot but its life says that it is another.
void CrdtTest::anEditOfADocumentMadeAnewIsAConflict()
{
    QFETCH(quint64, firstTime);
    CrdtPair pair;
    pair.edit(erasing(0, 1));
    const auto pushed = pair.pushed();
    pair.logAll(pushed);
    pair.device.run(pair.device.core->disconnected());
    const EventId mine = pair.edit(typing(1, QStringLiteral("2"))); // behind a letter of Bob's
    pair.bobMakesItAnew(firstTime, R"({"list":[2],"text":"new text"})");
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome());
    pair.device.receive(pair.crdtSnapshot({{pushed[0]->id, pushed[0]->id, ServerSeq(2)}}));
    pair.device.receive(pair.log.synced(ClientSeq(1)));
    QCOMPARE(pair.text(), QStringLiteral("new text"));
    QCOMPARE(pair.device.states(), (std::vector{EntryState::Conflict}));
    QVERIFY(!pair.undo());
    VERIFY_DURABLE(pair);
    pair.device.crash();
    QCOMPARE(pair.device.states(), (std::vector{EntryState::Conflict}));
    pair.connect(ClientSeq(1));
    QVERIFY(pair.pushed().empty());
    QVERIFY(pair.device.run(pair.device.core->resolve(mine, {.decision = Decision::Theirs})).has_value());
    pair.logAll(pair.pushed());
    QCOMPARE(pair.device.view(pair.id), std::string(R"({"list":[2],"text":"new text"})"));
    QCOMPARE(pair.device.view(pair.id), pair.folded().canonical());
    VERIFY_DURABLE(pair);
}

void CrdtTest::anEditOfOnesOwnNewDocumentIsNone()
{
    CrdtPair pair;
    const auto run = [&](auto edited) { return pair.device.run(std::move(edited)).has_value(); };
    QVERIFY(run(pair.device.core->remove(pair.id)));
    QVERIFY(run(pair.device.core->createCrdt(pair.id, kGames, parsed(R"({"text":"new"})"))));
    const auto pushed = pair.pushed();
    QCOMPARE(pushed.size(), std::size_t(2));
    pair.device.run(pair.device.core->disconnected());
    pair.edit(typing(3, QStringLiteral("er")));
    std::vector<protocol::KnownId> known;
    for (const EventPtr &event : pushed) {
        pair.log.accept(event);
        known.push_back({event->id, event->id, pair.log.head()});
    }
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome());
    pair.device.receive(pair.crdtSnapshot(known));
    pair.device.receive(pair.log.synced(ClientSeq(2)));
    QCOMPARE(pair.text(), QStringLiteral("newer"));
    pair.logAll(pair.pushed());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QVERIFY(pair.undo());
    QCOMPARE(pair.text(), QStringLiteral("new"));
    VERIFY_DURABLE(pair);
}

// [G12]
void CrdtTest::aLostHistoryComesBackFromTheQueue()
{
    CrdtPair pair;
    pair.edit(typing(3, QStringLiteral("1")));
    pair.logAll(pair.pushed());
    pair.edit(typing(4, QStringLiteral("2")));
    pair.logAll(pair.pushed());
    pair.device.run(pair.device.core->disconnected());
    pair.edit(typing(5, QStringLiteral("3")));
    pair.log.cutTo(ServerSeq(1));
    pair.bob(typing(0, QStringLiteral("bob ")));
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome());
    pair.device.receive(protocol::Diverged{pair.id, ServerSeq(1), pair.log.head()});
    pair.device.receive(pair.log.events(ServerSeq(1)));
    pair.device.receive(pair.log.synced(ClientSeq(0)));
    QCOMPARE(pair.text(), QStringLiteral("bob abc123"));
    const auto pushed = pair.pushed();
    QCOMPARE(pushed.size(), std::size_t(3));
    pair.logAll(pushed);
    QCOMPARE(pair.device.view(pair.id), pair.folded().canonical());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    VERIFY_DURABLE(pair);
}

namespace {

// An edit stands on one of Bob's, which the log loses. Returns Bob's.
EventPtr loseTheGround(CrdtPair &pair)
{
    const EventPtr lost = pair.bob(typing(3, QStringLiteral("BOB")));
    pair.device.receive(pair.log.events(ServerSeq(1)));
    pair.edit(typing(4, QStringLiteral("x")));
    pair.device.run(pair.device.core->disconnected());
    pair.log.cutTo(ServerSeq(1));
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome());
    pair.device.receive(protocol::Diverged{pair.id, ServerSeq(1), pair.log.head()});
    pair.device.receive(pair.log.synced(ClientSeq(0)));
    return lost;
}

} // namespace

void CrdtTest::aPatchThatCameTooEarlyWaitsForWhatItStandsOn()
{
    CrdtPair pair;
    const EventPtr lost = loseTheGround(pair);
    QCOMPARE(pair.device.states(), (std::vector{EntryState::Conflict}));
    QCOMPARE(pair.device.entry(0).reason->code, ErrorCode::MissingDependency);
    pair.log.append(*lost); // Bob has pushed it again
    pair.device.receive(pair.log.events(ServerSeq(1)));
    QCOMPARE(pair.device.states(), (std::vector{EntryState::Sent}));
    QCOMPARE(pair.text(), QStringLiteral("abcBxOB"));
    static_cast<void>(pair.device.take<protocol::Push>());
    VERIFY_DURABLE(pair);
}

// Times of a session ascend in the log: what was made earlier and comes later needs new ids.
void CrdtTest::aPatchThatWaitedLetsALaterOneInFlightGoFirst()
{
    CrdtPair pair;
    const EventPtr lost = loseTheGround(pair);
    static_cast<void>(pair.pushed());
    pair.edit(typing(0, QStringLiteral("yesterday "))); // uses the same times: nobody knows of those that wait
    const auto later = pair.pushed();
    QCOMPARE(later.size(), std::size_t(1));
    pair.log.append(*lost);
    pair.device.receive(pair.log.events(ServerSeq(1)));
    QCOMPARE(pair.device.states(), (std::vector{EntryState::Conflict, EntryState::Sent}));
    pair.logAll(later);
    const auto waited = pair.pushed();
    QCOMPARE(waited.size(), std::size_t(1));
    const auto timeOf = [](const EventPtr &event) { return crdt::PatchView::decode(event->diff.crdt())->id().time; };
    QVERIFY(timeOf(waited.front()) > timeOf(later.front()));
    pair.logAll(waited);
    QCOMPARE(pair.text(), QStringLiteral("yesterday abcBxOB"));
    QCOMPARE(pair.device.view(pair.id), pair.folded().canonical());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    VERIFY_DURABLE(pair);
}

void CrdtTest::aForkIsHeardAlsoAboutAnEditThatIsSettled()
{
    CrdtPair pair;
    const ClientId before = pair.device.core->clientId();
    pair.edit(typing(3, QStringLiteral("x")));
    const auto pushes = pair.device.take<protocol::Push>();
    QCOMPARE(pushes.size(), std::size_t(1));
    const EventPtr &pushed = pushes.front().events.front();
    pair.log.accept(pushed);
    pair.device.receive(pair.log.events(ServerSeq(1)));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    pair.device.receive(protocol::Ack{pushes.front().batchId, pair.id,
                                      {{.id = pushed->id, .clientSeq = pushed->clientSeq, .status = AckStatus::Rejected,
                                        .code = ErrorCode::ClientForked, .reason = "another decision"}}});
    QVERIFY(pair.device.core->clientId() != before);
    VERIFY_DURABLE(pair);
}

namespace {

// The replica finds that it is a copy: an event under its id that it never made, with ids it has used itself.
void meetTheTwin(CrdtPair &pair, const QString &text)
{
    const ServerSeq before = pair.log.head();
    pair.log.bob = ClientSeq();
    pair.bob(Operation::Update, typing(0, text), pair.device.core->clientId());
    pair.device.receive(pair.log.events(before));
}

} // namespace

// [G3] [G14]
void CrdtTest::aCopyWritesItsEditsAgainUnderANewSession()
{
    CrdtPair pair;
    const ClientId before = pair.device.core->clientId();
    const EventId first = pair.edit(typing(3, QStringLiteral("12")));
    pair.edit(typing(4, QStringLiteral("_")));
    pair.edit(erasing(3, 1));
    static_cast<void>(pair.pushed());
    meetTheTwin(pair, QStringLiteral("twin "));
    QVERIFY(pair.device.core->clientId() != before);
    QCOMPARE(pair.text(), QStringLiteral("twin abc_2"));
    VERIFY_DURABLE(pair);
    pair.edit(typing(0, QStringLiteral("> ")));
    pair.device.crash();
    pair.connect();
    const auto pushed = pair.pushed();
    QCOMPARE(pushed.size(), std::size_t(4));
    QCOMPARE(pushed[0]->firstId(), first);
    for (const EventPtr &event : pushed)
        QCOMPARE(crdt::PatchView::decode(event->diff.crdt())->id().sid, crdtSessionOf(pair.device.core->clientId()));
    pair.logAll(pushed);
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.text(), QStringLiteral("> twin abc_2"));
    QCOMPARE(pair.device.view(pair.id), pair.folded().canonical());
    QVERIFY(pair.undo());
    QVERIFY(pair.undo());
    QVERIFY(pair.undo());
    QVERIFY(pair.undo());
    QCOMPARE(pair.text(), QStringLiteral("twin abc"));
    VERIFY_DURABLE(pair);
}

// A snapshot with the twin's edit in the times of one in flight: what stands on that one waits for its answer with it.
void CrdtTest::whatStandsOnAnEditInFlightWaitsForItsAnswer()
{
    CrdtPair pair;
    pair.edit(typing(3, QStringLiteral("12")));
    static_cast<void>(pair.pushed());
    pair.device.run(pair.device.core->disconnected());
    pair.edit(typing(4, QStringLiteral("_")));
    pair.log.bob = ClientSeq();
    pair.bob(Operation::Update, typing(0, QStringLiteral("!")), pair.device.core->clientId());
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome());
    pair.device.receive(pair.crdtSnapshot());
    QCOMPARE(pair.device.states(), (std::vector{EntryState::Sent, EntryState::Waiting}));
    VERIFY_DURABLE(pair);
    pair.device.receive(pair.log.synced(ClientSeq(1)));
    const auto pushed = pair.pushed();
    QCOMPARE(pushed.size(), std::size_t(2));
    pair.logAll(pushed);
    QCOMPARE(pair.text(), QStringLiteral("!abc1_2"));
    QCOMPARE(pair.device.view(pair.id), pair.folded().canonical());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    VERIFY_DURABLE(pair);
}

// As above; of two edits that wait the first needs new ids, because the twin has used its times. They end behind the times
// of the second, which must not keep its own, although nothing of both is on the tree.
void CrdtTest::whatWaitsForAnAnswerKeepsItsIdsApart()
{
    CrdtPair pair;
    pair.edit(typing(3, QStringLiteral("12")));
    static_cast<void>(pair.pushed());
    pair.device.run(pair.device.core->disconnected());
    pair.edit(typing(4, QStringLiteral("____")));
    pair.edit(typing(6, QStringLiteral("x")));
    pair.log.bob = ClientSeq();
    pair.bob(Operation::Update, typing(0, QStringLiteral("!!!")), pair.device.core->clientId());
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome());
    pair.device.receive(pair.crdtSnapshot());
    QCOMPARE(pair.device.states(), (std::vector{EntryState::Sent, EntryState::Waiting, EntryState::Waiting}));
    VERIFY_DURABLE(pair);
    pair.device.receive(pair.log.synced(ClientSeq(1)));
    const auto pushed = pair.pushed();
    QCOMPARE(pushed.size(), std::size_t(3));
    pair.logAll(pushed);
    QCOMPARE(pair.text(), QStringLiteral("!!!abc1__x__2"));
    QCOMPARE(pair.device.view(pair.id), pair.folded().canonical());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    VERIFY_DURABLE(pair);
}

// [G3] [G9]
void CrdtTest::aVersionThatTheTwinLoggedIsTakenBack()
{
    CrdtPair pair;
    pair.edit(typing(3, QStringLiteral("12")));
    pair.edit(typing(4, QStringLiteral("_")));
    const auto original = pair.pushed(); // the twin has these in its queue as well
    pair.device.receive(answer(pair.lastPush, AckStatus::Rejected, {}, ErrorCode::ClientForked));
    pair.connect();
    const auto again = pair.pushed();
    QCOMPARE(again.size(), std::size_t(2));
    QVERIFY(again[0]->id != original[0]->id && again[0]->firstId() == original[0]->id);
    const protocol::Push push = pair.lastPush;
    pair.logAll({original[0]}); // it was faster
    protocol::Ack ack = answer(push, AckStatus::Skipped);
    ack.results[0].status = AckStatus::Duplicate;
    ack.results[0].serverSeq = ServerSeq(2);
    pair.device.receive(ack);
    QCOMPARE(pair.text(), QStringLiteral("abc1_2"));
    QCOMPARE(pair.device.core->queueSize(), std::size_t(1));
    pair.logAll(pair.pushed());
    QCOMPARE(pair.device.core->queueSize(), std::size_t(0));
    QCOMPARE(pair.text(), QStringLiteral("abc1_2"));
    QCOMPARE(pair.device.view(pair.id), pair.folded().canonical());
    QVERIFY(pair.undo());
    QVERIFY(pair.undo());
    QCOMPARE(pair.text(), QStringLiteral("abc"));
    VERIFY_DURABLE(pair);
}

} // namespace eventsync::client::test
