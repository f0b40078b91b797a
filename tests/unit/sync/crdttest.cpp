// SPDX-License-Identifier: Apache-2.0
#include "crdttest.h"

#include "rig.h"

#include <eventsync/crdt/api.h>
#include <eventsync/crdt/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/crdtstate.h>
#include <eventsync/model/documentstate.h>

#include <QTest>

namespace eventsync::sync::test {

namespace {

const DocumentId kDocument("d1");
const char kNote[] = R"({"done":false,"list":[],"text":"hello"})";

// One editor: what it has of the log, and its own numbers.
struct Editor
{
    Editor(Rig &in, const std::string &name) : rig(in), peer(&in.follow(name)), session(crdtSessionOf(ClientId(name))) { take(); }

    void take()
    {
        for (const auto &message : peer->all<protocol::Events>()) {
            for (const protocol::EventItem &item : message.events) {
                const Event event = eventOf(item);
                if (event.serverSeq != seq.next())
                    continue;
                seq = event.serverSeq;
                if (!state.apply(event))
                    qFatal("event %d does not apply", static_cast<int>(seq.value()));
            }
        }
    }
    Event event(Operation operation, Diff diff)
    {
        Event made = rig.event(*peer, ++number, seq.value(), operation, "[]");
        made.diff = std::move(diff);
        return made;
    }
    Event create(const char *view = kNote) { return event(Operation::Create, *DocumentState().editTo(session, value(view))); }
    Diff typing(int position, const std::string &text) const
    {
        return *state.edit(session, [&](crdt::Api &api) -> Result<> {
            EVENTSYNC_TRY(crdt::StrApi str, api.str("/text"));
            return str.ins(position, std::string_view(text));
        });
    }
    Event typed(int position, const std::string &text) { return event(Operation::Update, typing(position, text)); }
    Event set(const std::string &key, const char *text)
    {
        return event(Operation::Update, *state.edit(session, [&](crdt::Api &api) { return api.obj("")->set(key, value(text)); }));
    }
    std::string push(Event made)
    {
        const std::string answer = statuses(rig.push(*peer, {std::move(made)}));
        take();
        return answer;
    }

    Rig &rig;
    Peer *peer;
    std::uint64_t session;
    DocumentState state;
    ServerSeq seq;
    std::int64_t number = 0;
};

Diff built(const std::function<void(crdt::PatchBuilder &)> &build, crdt::Id first)
{
    crdt::PatchBuilder builder(first);
    build(builder);
    return Diff(CrdtPatchBytes{builder.flush().bytes()});
}

ServiceOptions withPolicy(CollectionPolicy policy)
{
    ServiceOptions options;
    options.policies.set(CollectionName("things"), std::move(policy));
    return options;
}

void compact(Rig &rig, ServerSeq horizon)
{
    bool done = false;
    rig.service->compact(kDocument, horizon, [&](const Result<ServerSeq> &result) { done = result.has_value(); });
    rig.run();
    QVERIFY(done);
}

} // namespace

// [G8]
void CrdtTest::concurrentPatchesMergeWithoutConflict()
{
    Rig rig;
    Editor alice(rig, "alice"), bob(rig, "bob");
    QCOMPARE(alice.push(alice.create()), std::string("applied 1"));
    bob.take();
    QCOMPARE(bob.state.kind(), DocumentKind::Crdt);
    const Event late = bob.typed(5, " world");
    QCOMPARE(alice.push(alice.typed(0, ">> ")), std::string("applied 2"));
    QCOMPARE(bob.push(late), std::string("merged 3"));
    alice.take();
    QCOMPARE(rig.state(), std::string(R"({"done":false,"list":[],"text":">> hello world"})"));
    QCOMPARE(alice.state.canonical(), rig.state());
    QVERIFY(alice.state.isSameDocument(bob.state));
    QCOMPARE(rig.read()->kind, DocumentKind::Crdt);
    Event again = late;
    again.clientSeq = ClientSeq(7);
    QCOMPARE(bob.push(again), std::string("duplicate 3"));
}

void CrdtTest::everyPatchIsValidatedByTheRules_data()
{
    QTest::addColumn<Diff>("diff");
    QTest::addColumn<QByteArray>("answer");
    const auto row = [](const char *name, Diff diff, const char *answer) { QTest::newRow(name) << diff << QByteArray(answer); };
    const std::uint64_t alice = crdtSessionOf(ClientId("alice")), bob = crdtSessionOf(ClientId("bob"));
    const crdt::Id next{bob, 1'000};
    const auto nothing = [](crdt::PatchBuilder &to) { to.nop(1); };
    row("of its own session", built(nothing, next), "applied 2");
    row("without any bytes", Diff(CrdtPatchBytes{}), "applied 2");
    row("of another's session", built(nothing, {alice, 1'000}), "rejected PermissionDenied");
    row("of a session nobody has", built(nothing, {99'999, 1'000}), "rejected PermissionDenied");
    row("that is no patch", Diff(CrdtPatchBytes{"\xff"}), "rejected InvalidValue");
    row("far ahead in time", built(nothing, {bob, limits::kCrdtClockJump + 1'000}), "rejected InvalidValue");
    row("with a node in two places", built([&](auto &to) {
            const crdt::Id node = to.newNode(crdt::OpCode::NewObj);
            to.insVec(to.newNode(crdt::OpCode::NewVec), {{0, node}, {1, node}});
        }, next), "rejected InvalidValue");
    row("that needs what is not there", built([&](auto &to) { to.del({alice, 1}, {{alice, 900, 5}}); }, next),
        "conflict MissingDependency");
    row("that is a JSON Patch", Diff(patch(R"([{"op":"add","path":"/a","value":1}])")), "rejected PatchFailed");
}

void CrdtTest::everyPatchIsValidatedByTheRules()
{
    QFETCH(Diff, diff);
    QFETCH(QByteArray, answer);
    Rig rig;
    Editor alice(rig, "alice"), bob(rig, "bob");
    QCOMPARE(alice.push(alice.create()), std::string("applied 1"));
    bob.take();
    QCOMPARE(bob.push(bob.event(Operation::Update, diff)), answer.toStdString());
    QCOMPARE(rig.state(), std::string(kNote));
    QCOMPARE(bob.peer->closed.has_value(), false);
}

// The times of a session are used once: only a copied replica can come to use them again.
void CrdtTest::aPatchThatRepeatsTimesForksItsConnection()
{
    Rig rig;
    Editor alice(rig, "alice");
    alice.push(alice.create());
    const Diff one = alice.typing(5, "!"), other = alice.typing(0, "?");
    QCOMPARE(alice.push(alice.event(Operation::Update, one)), std::string("applied 2"));
    const Event repeated = alice.event(Operation::Update, other);
    const Event behind = alice.typed(0, "x");
    QCOMPARE(statuses(rig.push(*alice.peer, {repeated, behind})), std::string("rejected ClientForked, skipped"));
    QCOMPARE(rig.state(), std::string(R"({"done":false,"list":[],"text":"hello!"})"));
}

void CrdtTest::aRefusedPatchMayComeAgainWhenWhatItNeedsIsThere()
{
    Rig rig;
    Editor alice(rig, "alice"), bob(rig, "bob");
    alice.push(alice.create());
    bob.take();
    const Event typed = alice.typed(5, " there");
    DocumentState ahead = alice.state;
    QVERIFY(ahead.apply(typed));
    // Bob had this from a log that was lost since.
    const Diff after = *ahead.edit(bob.session, [](crdt::Api &api) -> Result<> {
        EVENTSYNC_TRY(crdt::StrApi str, api.str("/text"));
        return str.ins(11, std::string_view("!"));
    });
    Event early = bob.event(Operation::Update, after);
    QCOMPARE(bob.push(early), std::string("conflict MissingDependency"));
    QCOMPARE(alice.push(typed), std::string("applied 2"));
    bob.take();
    early.baseSeq = bob.seq;
    QCOMPARE(bob.push(early), std::string("applied 3"));
    QCOMPARE(rig.state(), std::string(R"({"done":false,"list":[],"text":"hello there!"})"));
}

void CrdtTest::aDocumentKeepsItsKind()
{
    for (const bool crdt : {true, false}) {
        Rig rig;
        Editor alice(rig, "alice");
        const auto create = [&](bool asCrdt) {
            Event made = alice.create();
            if (!asCrdt)
                made.diff = Diff(patch(R"([{"op":"add","path":"","value":{"a":1}}])"));
            return alice.push(made);
        };
        QCOMPARE(create(crdt), std::string("applied 1"));
        QCOMPARE(alice.push(alice.event(Operation::Delete, Diff())), std::string("applied 2"));
        QCOMPARE(rig.read()->kind, crdt ? DocumentKind::Crdt : DocumentKind::Json);
        QCOMPARE(create(!crdt), std::string("rejected Invalid"));
        --alice.number;
        if (crdt) // what was deleted is gone; its times are free again
            alice.state = DocumentState();
        QCOMPARE(create(crdt), std::string("applied 3"));
    }
}

void CrdtTest::aDeleteAgainstAnUnseenEditIsAConflict()
{
    Rig rig;
    Editor alice(rig, "alice"), bob(rig, "bob");
    alice.push(alice.create());
    bob.take();
    const Event gone = bob.event(Operation::Delete, Diff());
    alice.push(alice.typed(5, "!"));
    QCOMPARE(bob.push(gone), std::string("conflict Conflict"));
    --bob.number;
    bob.take();
    const Event late = alice.typed(0, "?");
    QCOMPARE(bob.push(bob.event(Operation::Delete, Diff())), std::string("applied 3"));
    QCOMPARE(alice.push(late), std::string("conflict PatchFailed"));
    QCOMPARE(rig.state(), std::string());
    QCOMPARE(bob.push(bob.create(R"({"text":"new"})")), std::string("applied 4"));
    --alice.number;
    Event lost = late; // it refers to what was there before; a later document knows nothing of it
    QCOMPARE(alice.push(lost), std::string("conflict MissingDependency"));
}

void CrdtTest::strictCollectionsLetNoUnseenPatchPass()
{
    CollectionPolicy policy;
    policy.setMerge(MergeRule::Strict);
    Rig rig(withPolicy(policy));
    Editor alice(rig, "alice"), bob(rig, "bob");
    alice.push(alice.create());
    bob.take();
    const Event late = bob.typed(5, "!");
    alice.push(alice.typed(0, "?"));
    QCOMPARE(bob.push(late), std::string("conflict Conflict"));
}

void CrdtTest::theValidatorSeesTheView()
{
    CollectionPolicy policy;
    policy.setSchema(value(R"({"properties":{"text":{"maxLength":10}}})"));
    Rig rig(withPolicy(policy));
    Editor alice(rig, "alice"), bob(rig, "bob");
    alice.push(alice.create());
    bob.take();
    QCOMPARE(alice.push(alice.typed(0, "too long")), std::string("rejected Invalid"));
    --alice.number;
    const Event late = bob.typed(0, "1234");
    QCOMPARE(alice.push(alice.typed(0, "123")), std::string("applied 2"));
    QCOMPARE(bob.push(late), std::string("conflict Invalid")); // alone it would have passed
    QCOMPARE(rig.state(), std::string(R"({"done":false,"list":[],"text":"123hello"})"));
    QCOMPARE(alice.push(alice.typed(0, "45")), std::string("applied 3"));
}

void CrdtTest::engineFieldsAreNotWritten()
{
    CollectionPolicy policy;
    policy.setPath({json::Pointer({"version"}), json::PathRule::Engine, {}, {}});
    Rig rig(withPolicy(policy));
    Editor alice(rig, "alice");
    alice.push(alice.create());
    QCOMPARE(alice.push(alice.set("version", "9")), std::string("rejected Invalid"));
    --alice.number;
    QCOMPARE(alice.push(alice.set("other", "9")), std::string("applied 2"));
}

// [G15]
void CrdtTest::aDocumentGrowsToItsLimit()
{
    Rig rig;
    Editor alice(rig, "alice");
    alice.push(alice.create());
    const std::string much(limits::kEventBytes / 2, 'x');
    std::string answer = "applied";
    int pushed = 0;
    for (; answer.starts_with("applied") && pushed < 20; ++pushed)
        answer = alice.push(alice.typed(0, much));
    QCOMPARE(answer, std::string("rejected TooLarge"));
    QCOMPARE(std::size_t(pushed), limits::kDocumentBytes / much.size());
    --alice.number;
    QCOMPARE(alice.push(alice.typed(0, "still a little")).substr(0, 7), std::string("applied"));
}

void CrdtTest::behindTheHorizonTheWholeDocumentIsSent_data()
{
    QTest::addColumn<std::size_t>("chunk");
    QTest::newRow("in one part") << std::size_t(1'000'000);
    QTest::newRow("in many parts") << std::size_t(10);
}

// [G13]
void CrdtTest::behindTheHorizonTheWholeDocumentIsSent()
{
    QFETCH(std::size_t, chunk);
    ServiceOptions options;
    options.catchUpChunkBytes = chunk;
    Rig rig(options);
    Editor alice(rig, "alice"), bob(rig, "bob");
    alice.push(alice.create());
    bob.take();
    bob.push(bob.set("title", R"("x")"));
    alice.take();
    alice.push(alice.set("title", "2")); // nothing of Bob's is left
    bob.take();
    const Event late = alice.typed(5, "!");
    compact(rig, ServerSeq(4));
    Peer &carol = rig.hello("carol");
    rig.say(carol, protocol::Subscribe{.documentId = kDocument, .afterSeq = ServerSeq(0)});
    Bytes bytes;
    std::optional<Digest> hash;
    for (const auto &part : carol.all<protocol::Snapshot>()) {
        QCOMPARE(part.kind, DocumentKind::Crdt);
        QVERIFY(!part.state);
        QCOMPARE(part.position.serverSeq, ServerSeq(3));
        bytes += *part.bytes;
        hash = part.sha256;
    }
    QCOMPARE(carol.all<protocol::Snapshot>().size() > 1, chunk == 10);
    QVERIFY(hash == sha256(bytes));
    auto state = DocumentState::fromBytes(DocumentKind::Crdt, bytes);
    QVERIFY(state && state->isSameDocument(alice.state));
    QCOMPARE(alice.push(late), std::string("applied 4"));
    QVERIFY(state->apply(eventOf(carol.last<protocol::Events>()->events.front())));
    QCOMPARE(state->canonical(), rig.state());
}

void CrdtTest::aRestartGoesOnWhereItWas_data()
{
    QTest::addColumn<int>("horizon"); // 0: nothing is compacted
    QTest::addColumn<bool>("snapshot");
    QTest::newRow("from the log") << 0 << false;
    QTest::newRow("from a snapshot") << 0 << true;
    QTest::newRow("from a compacted log") << 3 << false;
    QTest::newRow("from a log compacted to its end") << 5 << false;
}

// [G4, G5]
void CrdtTest::aRestartGoesOnWhereItWas()
{
    QFETCH(int, horizon);
    QFETCH(bool, snapshot);
    Rig rig;
    Editor alice(rig, "alice"), bob(rig, "bob");
    alice.push(alice.create());
    bob.take();
    const Event early = bob.typed(5, "!");
    alice.push(alice.typed(0, "a"));
    if (snapshot) {
        rig.service->snapshot(kDocument, [](const Result<Snapshot> &made) { QVERIFY(made); });
        rig.run();
    }
    alice.push(alice.typed(1, "b"));
    alice.push(alice.set("title", R"("t")"));
    if (horizon > 0)
        compact(rig, ServerSeq(horizon));
    const std::string before = rig.state();
    rig.restart();
    QCOMPARE(rig.state(), before);
    QCOMPARE(rig.read()->kind, DocumentKind::Crdt);
    Editor again(rig, "bob");
    again.state = alice.state;
    again.seq = rig.head().serverSeq;
    again.number = 0;
    Event late = early;
    if (horizon > 0)
        late.baseSeq = again.seq;
    again.number = 1;
    QCOMPARE(again.push(late).substr(0, horizon > 0 ? 7 : 6), std::string(horizon > 0 ? "applied" : "merged"));
    QCOMPARE(again.push(again.typed(0, "<")), std::string("applied 6"));
    QVERIFY(rig.state().find(R"("text":"<abhello!")") != std::string::npos);
}

void CrdtTest::pastStatesAreRead()
{
    Rig rig;
    Editor alice(rig, "alice");
    alice.push(alice.create());
    std::vector<std::string> states{rig.state()};
    for (int i = 0; i < 5; ++i) {
        alice.push(alice.typed(0, std::to_string(i)));
        states.push_back(rig.state());
    }
    compact(rig, ServerSeq(3));
    for (std::int64_t seq = 1; seq <= 6; ++seq) {
        std::optional<protocol::QueryResult> answer;
        rig.service->query({.requestId = "q", .query = protocol::StateAtQuery{kDocument, ServerSeq(seq)}},
                           [&](protocol::QueryResult result) { answer = std::move(result); });
        rig.run();
        QVERIFY(answer);
        if (seq < 2) {
            QCOMPARE(answer->code.value(), ErrorCode::Compacted);
            continue;
        }
        QVERIFY(!answer->code);
        QCOMPARE(json::canonical(answer->content.at("state")), states[static_cast<std::size_t>(seq - 1)]);
    }
}

void CrdtTest::codeWritesBecomePatches()
{
    Rig rig;
    const auto setTo = [](const char *view) {
        return [view](json::State &state) -> Result<> {
            state = value(view);
            return {};
        };
    };
    const SyncService::Write base{.documentId = kDocument, .collection = CollectionName("things"), .clientId = ClientId("rest:server")};
    SyncService::Write write = base;
    write.kind = DocumentKind::Crdt;
    write.edit = setTo(kNote);
    const auto created = rig.write(write);
    QVERIFY(created && created->event->diff.isCrdt());
    Editor bob(rig, "bob");
    const Event late = bob.typed(5, "!");
    write.kind = DocumentKind::Json; // it keeps its kind
    write.edit = setTo(R"({"done":true,"list":[],"text":"so hello"})");
    const auto edited = rig.write(write);
    QVERIFY(edited && edited->event->diff.isCrdt());
    QCOMPARE(crdt::Patch::decode(edited->event->diff.crdt())->id().sid, crdtSessionOf(ClientId("rest:server")));
    QVERIFY(edited->event->diff.crdt().size() < 80);
    QCOMPARE(bob.push(late), std::string("merged 3"));
    QCOMPARE(rig.state(), std::string(R"({"done":true,"list":[],"text":"so hello!"})"));

    SyncService::Write patched = base;
    patched.patch = patch(R"([{"op":"add","path":"/list/0","value":"one"},{"op":"inc","path":"/count","value":0}])");
    QCOMPARE(rig.write(patched).error().code, ErrorCode::PatchFailed);
    patched.patch = patch(R"([{"op":"add","path":"/list/0","value":"one"},{"op":"test","path":"/done","value":true}])");
    QVERIFY(rig.write(patched));
    QCOMPARE(rig.state(), std::string(R"({"done":true,"list":["one"],"text":"so hello!"})"));
    const auto same = rig.write(patched = [&] {
        SyncService::Write again = base;
        again.edit = setTo(R"({"done":true,"list":["one"],"text":"so hello!"})");
        return again;
    }());
    QVERIFY(same && !same->event); // [G7]
    SyncService::Write gone = base;
    gone.edit = [](json::State &state) -> Result<> {
        state.reset();
        return {};
    };
    QVERIFY(rig.write(gone));
    QVERIFY(rig.read()->deleted);
}

void CrdtTest::aDocumentThatCodeMakesAnewHasOtherIds()
{
    Rig rig;
    SyncService::Write make{.documentId = kDocument, .collection = CollectionName("things"), .clientId = ClientId("rest:server")};
    make.kind = DocumentKind::Crdt;
    make.edit = [](json::State &state) -> Result<> {
        state = value(kNote);
        return {};
    };
    SyncService::Write gone = make;
    gone.edit = [](json::State &state) -> Result<> {
        state.reset();
        return {};
    };
    std::vector<crdt::IdSpan> ids;
    std::vector<std::uint64_t> incarnations;
    for (int i = 0; i < 3; ++i) {
        const auto made = rig.write(make);
        QVERIFY(made && made->event->operation == Operation::Create);
        ids.push_back(crdt::Patch::decode(made->event->diff.crdt())->idSpan());
        DocumentState state;
        QVERIFY(state.apply(*made->event));
        incarnations.push_back(state.crdtIncarnation());
        QCOMPARE(DocumentState::fromBytes(DocumentKind::Crdt, state.toBytes())->crdtIncarnation(), incarnations.back());
        QVERIFY(rig.write(gone));
    }
    for (std::size_t a = 0; a < ids.size(); ++a) {
        for (std::size_t b = 0; b < a; ++b) {
            QVERIFY(ids[a].end() <= ids[b].time || ids[b].end() <= ids[a].time);
            QVERIFY(incarnations[a] != incarnations[b]);
        }
    }
}

// [G8, G14]
void CrdtTest::manyRandomEditorsAgreeWithTheServer()
{
    SeededRandom random(17);
    Rig rig;
    std::vector<std::unique_ptr<Editor>> editors;
    for (const char *name : {"a", "b", "c", "d"})
        editors.push_back(std::make_unique<Editor>(rig, name));
    editors[0]->push(editors[0]->create());
    for (int round = 0; round < 150; ++round) {
        std::vector<std::pair<Editor *, Event>> made;
        for (const auto &editor : editors) {
            editor->take();
            const auto length = static_cast<std::uint64_t>(editor->state.view().at("text").as_string().size());
            if (random.below(3) == 0)
                made.emplace_back(editor.get(), editor->set(std::string(1, static_cast<char>('a' + random.below(3))), "1"));
            else
                made.emplace_back(editor.get(), editor->typed(static_cast<int>(random.below(length + 1)), "xy"));
        }
        for (auto &[editor, event] : made) {
            const std::string answer = statuses(rig.push(*editor->peer, {event}));
            QVERIFY2(answer.starts_with("merged") || answer.starts_with("applied"), answer.c_str());
        }
        if (round % 40 == 39) {
            compact(rig, ServerSeq(rig.head().serverSeq.value() - 2));
            for (const auto &editor : editors)
                editor->take();
        }
    }
    for (const auto &editor : editors) {
        editor->take();
        QCOMPARE(editor->state.canonical(), rig.state());
        QVERIFY(editor->state.isSameDocument(editors[0]->state));
    }
}

} // namespace eventsync::sync::test
