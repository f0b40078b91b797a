// SPDX-License-Identifier: Apache-2.0
#include "crdtstatetest.h"

#include "samples.h"

#include <eventsync/base/random.h>
#include <eventsync/crdt/api.h>
#include <eventsync/crdt/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/crdtstate.h>
#include <eventsync/model/documentstate.h>
#include <eventsync/model/limits.h>

using namespace eventsync;
using namespace eventsync::test;

namespace {

const std::uint64_t kAlice = crdtSessionOf(ClientId("alice"));
const std::uint64_t kBob = crdtSessionOf(ClientId("bob"));

DocumentState note()
{
    DocumentState state;
    const auto diff = state.editTo(kAlice, value(R"({"done":false,"list":[1,2],"text":"hello"})"));
    return diff && state.apply(Operation::Create, *diff) ? state : DocumentState();
}

Diff typed(const DocumentState &state, std::uint64_t session, int position, const char *text)
{
    return *state.edit(session, [&](crdt::Api &api) -> Result<> {
        EVENTSYNC_TRY(crdt::StrApi str, api.str("/text"));
        return str.ins(position, std::string_view(text));
    });
}

Diff erased(const DocumentState &state, std::uint64_t session, int position, int count)
{
    return *state.edit(session, [&](crdt::Api &api) -> Result<> {
        EVENTSYNC_TRY(crdt::StrApi str, api.str("/text"));
        return str.del(position, count);
    });
}

// Some edit of any kind that fits what is there.
Diff someEdit(const DocumentState &state, std::uint64_t session, Random &random)
{
    const auto number = static_cast<std::int64_t>(random.below(100));
    const auto diff = state.edit(session, [&](crdt::Api &api) -> Result<> {
        const auto length = static_cast<std::uint64_t>(api.str("/text")->length());
        const auto elements = api.arr("/list")->length();
        switch (random.below(5)) {
        case 0:
            return api.obj("")->set(std::string(1, static_cast<char>('a' + number % 4)), number);
        case 1:
            if (length > 0)
                return api.str("/text")->del(static_cast<qsizetype>(random.below(length)), 1);
            break;
        case 2:
            return api.arr("/list")->ins(random.below(elements + 1), {json::Value(number), json::Value("새")});
        case 3:
            if (elements > 0)
                return api.arr("/list")->del(random.below(elements), 1);
            break;
        default:
            break;
        }
        return api.str("/text")->ins(static_cast<qsizetype>(random.below(length + 1)), std::to_string(number));
    });
    return *diff;
}

Diff built(const std::function<void(crdt::PatchBuilder &)> &build, crdt::Id first)
{
    crdt::PatchBuilder builder(first);
    build(builder);
    return Diff(CrdtPatchBytes{builder.flush().bytes()});
}

void makeNodes(crdt::PatchBuilder &to, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i)
        to.newNode(crdt::OpCode::NewStr);
}

} // namespace

void CrdtStateTest::aSessionFollowsFromTheClientId()
{
    QCOMPARE(kAlice, crdtSessionOf(ClientId("alice")));
    QCOMPARE(kAlice, std::uint64_t(8607615403665213));
    QVERIFY(kAlice != kBob);
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t session = crdtSessionOf(ClientId("client-" + std::to_string(i)));
        QVERIFY(session > crdt::kFirstFreeSession && session <= crdt::kMaxSessionId);
    }
}

void CrdtStateTest::patchesFitOrFail_data()
{
    QTest::addColumn<bool>("exists");
    QTest::addColumn<Diff>("diff");
    QTest::addColumn<QString>("code");
    const DocumentState state = note();
    const auto row = [](const char *name, bool exists, const Diff &diff, const char *code) {
        QTest::newRow(name) << exists << diff << code;
    };
    const crdt::Id next{kBob, 100}, text = state.crdt().root();
    row("an edit", true, typed(state, kBob, 5, "!"), "ok");
    row("nothing", true, Diff(), "ok");
    row("no bytes", true, Diff(CrdtPatchBytes{}), "ok");
    row("an edit of nothing", false, typed(state, kBob, 5, "!"), "PatchFailed");
    row("a JSON Patch", true, Diff(patch(R"([{"op":"add","path":"/a","value":1}])")), "PatchFailed");
    row("not a patch", true, Diff(CrdtPatchBytes{"x"}), "InvalidValue");
    row("a reserved session", true, built([&](auto &to) { to.newCon(crdt::Constant(json::Value(1))); }, {3, 100}), "InvalidValue");
    row("the session of nobody", true,
        built([&](auto &to) { to.newCon(crdt::Constant(json::Value(1))); }, {crdt::kFirstFreeSession, 100}), "InvalidValue");
    row("a time used before", true, built([&](auto &to) { to.nop(1); }, {kAlice, 2}), "ClientForked");
    row("a time skipped before", true, built([&](auto &to) { to.nop(1); }, {kBob, 1}), "ok");
    row("a time far ahead", true, built([&](auto &to) { to.nop(1); }, {kBob, limits::kCrdtClockJump + 1'000}), "InvalidValue");
    row("what was not seen", true, built([&](auto &to) { to.insVal({kBob, 7}, to.newCon(crdt::Constant(json::Value(1)))); }, next),
        "MissingDependency");
    row("what is far ahead of its session", true, built([&](auto &to) { to.del({kAlice, 2}, {{kAlice, 2, 1'000}}); }, next),
        "MissingDependency");
    row("itself before it is there", true, built([&](auto &to) { to.insStr({kBob, 101}, {kBob, 101}, "x"); }, next),
        "MissingDependency");
    row("a node of its own", true, built([&](auto &to) { to.insObj(text, "a", to.newCon(crdt::Constant(json::Value(1)))); }, next), "ok");
    row("a node in two places", true, built([&](auto &to) {
            const crdt::Id node = to.newNode(crdt::OpCode::NewObj);
            to.insObj(text, {{"a", node}, {"b", node}});
        }, next), "InvalidValue");
    row("a few nodes in no place", true, built([&](auto &to) { makeNodes(to, limits::kCrdtUnplaced); }, next), "ok");
    row("many nodes in no place", true, built([&](auto &to) { makeNodes(to, limits::kCrdtUnplaced + 1); }, next), "InvalidValue");
    const auto deletesAgain = [&](std::size_t most) { // ids of the text, until so many are named
        return built([&](auto &to) {
            to.insStr({kAlice, 1}, {kAlice, 1}, std::string(100'000, 'x'));
            for (std::size_t named = 0; named + 100'000 <= most; named += 100'000)
                to.del({kAlice, 1}, {{kBob, 100, 100'000}});
        }, next);
    };
    row("as many deletes as a document can need", true, deletesAgain(limits::kDocumentBytes), "ok");
    row("deletes without end", true, deletesAgain(limits::kDocumentBytes + limits::kEventBytes + 100'000), "InvalidValue");
    row("a node of another patch", true, built([&](auto &to) { to.insObj(text, "a", {kAlice, 3}); }, next), "InvalidValue");
}

void CrdtStateTest::patchesFitOrFail()
{
    QFETCH(bool, exists);
    QFETCH(Diff, diff);
    QFETCH(QString, code);
    DocumentState state = exists ? note() : DocumentState();
    const std::string before = state.canonical();
    const Bytes bytes = state.toBytes();
    const auto applied = state.apply(Operation::Update, diff);
    QCOMPARE(outcome(applied), code);
    if (applied)
        VERIFY_OK(state.revert(applied->inverse));
    COMPARE_TEXT(state.canonical(), before);
    QVERIFY(state.toBytes() == bytes);
}

void CrdtStateTest::anEditMakesADiffAndChangesNothing()
{
    DocumentState absent;
    const auto create = absent.editTo(kAlice, value(R"({"a":[1]})"));
    VERIFY_OK(create);
    QVERIFY(!absent.exists());
    VERIFY_OK(absent.apply(Operation::Create, *create));
    QCOMPARE(absent.kind(), DocumentKind::Crdt);
    COMPARE_TEXT(absent.canonical(), R"({"a":[1]})");

    DocumentState state = note();
    const std::string before = state.canonical();
    const Diff diff = typed(state, kBob, 5, " world");
    COMPARE_TEXT(state.canonical(), before);
    QVERIFY(state.crdt().clock().find(kBob) == crdt::LogicalClock::kNone || !state.crdt().clock().knows({kBob, 1}));
    VERIFY_OK(state.apply(Operation::Update, diff));
    COMPARE_TEXT(state.canonical(), R"({"done":false,"list":[1,2],"text":"hello world"})");
    QVERIFY(!state.editTo(kBob, state.view())->hasChanges());
    QCOMPARE(outcome(DocumentState(value("{}")).editTo(kBob, value("{}"))), QStringLiteral("Invalid"));
}

void CrdtStateTest::aFailedEditLeavesNothingBehind()
{
    DocumentState state = note();
    const Bytes before = state.toBytes();
    const auto failed = state.edit(kBob, [](crdt::Api &api) -> Result<> {
        EVENTSYNC_CHECK(api.obj("")->set("a", json::Value(1)));
        return failure(ErrorCode::Invalid, "no");
    });
    QCOMPARE(outcome(failed), QStringLiteral("Invalid"));
    QVERIFY(state.toBytes() == before);
}

// A client goes back behind what it stands on (the server was restored), and forward again.
void CrdtStateTest::aPatchTakenBackWithoutItsGroundComesAgainWhole()
{
    DocumentState state = note();
    std::vector<Diff> diffs;
    std::vector<Diff> inverses;
    const auto apply = [&](const Diff &diff) {
        const auto applied = state.apply(Operation::Update, diff);
        QVERIFY2(applied, applied ? "" : applied.error().message.c_str());
        inverses.push_back(applied->inverse);
    };
    const auto revert = [&](int count) {
        for (; count > 0; --count) {
            VERIFY_OK(state.revert(inverses.back()));
            inverses.pop_back();
        }
    };
    const auto make = [&](const Diff &diff) {
        diffs.push_back(diff);
        apply(diff);
    };
    make(typed(state, kAlice, 5, "!"));
    make(*state.edit(kAlice, [](crdt::Api &api) { return api.obj("")->set("key", json::Value(1)); }));
    make(typed(state, kAlice, 6, "?")); // behind the first one's
    const std::string whole = state.canonical();
    QVERIFY(whole.find("hello!?") != std::string::npos);
    revert(3);
    QVERIFY(state.canonical() != whole); // looked at: what was taken back is forgotten
    apply(diffs[1]);
    apply(diffs[2]); // by its session's last time it may
    revert(2);
    for (const Diff &diff : diffs)
        apply(diff);
    COMPARE_TEXT(state.canonical(), whole);
}

void CrdtStateTest::revertingGoesBackStepByStep()
{
    SeededRandom random(5);
    DocumentState state;
    std::vector<std::pair<std::string, Diff>> steps;
    const auto apply = [&](Operation operation, const Diff &diff) {
        const std::string before = state.canonical();
        const auto applied = state.apply(operation, diff);
        QVERIFY2(applied, applied ? "" : applied.error().message.c_str());
        steps.emplace_back(before, applied->inverse);
    };
    for (int i = 0; i < 400; ++i) {
        if (!state.exists())
            apply(Operation::Create, *state.editTo(kAlice, value(R"({"list":[],"text":""})")));
        else if (random.below(40) == 0)
            apply(Operation::Delete, Diff());
        else
            apply(Operation::Update, someEdit(state, random.below(2) == 0 ? kAlice : kBob, random));
        if (random.below(10) == 0) {
            VERIFY_OK(state.revert(steps.back().second));
            COMPARE_TEXT(state.canonical(), steps.back().first);
            steps.pop_back();
        }
    }
    QVERIFY(steps.size() > 200);
    while (!steps.empty()) {
        VERIFY_OK(state.revert(steps.back().second));
        COMPARE_TEXT(state.canonical(), steps.back().first);
        steps.pop_back();
    }
    QVERIFY(!state.exists());
}

// What a client does at each pull. The outcome is that of the log's order.
void CrdtStateTest::pendingPatchesMoveOverThoseOfOthers()
{
    SeededRandom random(7);
    DocumentState tree = note(), log = note();
    std::vector<std::pair<Diff, Diff>> pending; // and their inverses
    for (int round = 0; round < 100; ++round) {
        for (auto i = random.below(4); i > 0; --i) {
            const Diff diff = someEdit(tree, kAlice, random);
            pending.emplace_back(diff, tree.apply(Operation::Update, diff)->inverse);
        }
        if (random.below(3) == 0)
            static_cast<void>(tree.canonical());
        for (auto entry = pending.rbegin(); entry != pending.rend(); ++entry)
            VERIFY_OK(tree.revert(entry->second));
        for (auto i = random.below(3); i > 0; --i) {
            const Diff diff = someEdit(log, kBob, random);
            VERIFY_OK(log.apply(Operation::Update, diff));
            VERIFY_OK(tree.apply(Operation::Update, diff));
        }
        const auto accepted = random.below(pending.size() + 1);
        for (std::size_t i = 0; i < accepted; ++i) {
            VERIFY_OK(log.apply(Operation::Update, pending[i].first));
            VERIFY_OK(tree.apply(Operation::Update, pending[i].first));
        }
        pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(accepted));
        if (random.below(2) == 0)
            COMPARE_TEXT(tree.canonical(), log.canonical());
        for (auto &[diff, inverse] : pending)
            inverse = tree.apply(Operation::Update, diff)->inverse;
    }
    for (auto entry = pending.rbegin(); entry != pending.rend(); ++entry)
        VERIFY_OK(tree.revert(entry->second));
    COMPARE_TEXT(tree.canonical(), log.canonical());
    QVERIFY(tree.crdt() == log.crdt());
}

void CrdtStateTest::whatWasTakenBackIsNotThereForOthers()
{
    DocumentState state = note();
    const Diff first = typed(state, kBob, 0, "abc");
    const auto inverse = state.apply(Operation::Update, first)->inverse;
    const Diff second = typed(state, kBob, 3, "def");
    VERIFY_OK(state.revert(inverse));
    QCOMPARE(outcome(state.apply(Operation::Update, second)), QStringLiteral("MissingDependency"));
    // Another patch with the same ids takes its place.
    const Diff other = typed(state, kBob, 0, "xyz");
    VERIFY_OK(state.apply(Operation::Update, other));
    COMPARE_TEXT(state.canonical(), R"({"done":false,"list":[1,2],"text":"xyzhello"})");
    VERIFY_OK(state.apply(Operation::Update, second));
    COMPARE_TEXT(state.canonical(), R"({"done":false,"list":[1,2],"text":"xyzdefhello"})");
}

void CrdtStateTest::aDeletedDocumentComesBack()
{
    DocumentState state = note();
    const auto typing = state.apply(Operation::Update, typed(state, kBob, 5, "!"));
    const auto gone = state.apply(Operation::Delete, Diff());
    QVERIFY(gone->footprint.isEverything());
    QVERIFY(!state.exists());
    const auto again = state.apply(Operation::Create, Diff(patch(R"([{"op":"add","path":"","value":{"a":1}}])")));
    QCOMPARE(state.kind(), DocumentKind::Json);
    VERIFY_OK(state.revert(again->inverse));
    VERIFY_OK(state.revert(gone->inverse));
    COMPARE_TEXT(state.canonical(), R"({"done":false,"list":[1,2],"text":"hello!"})");
    VERIFY_OK(state.revert(typing->inverse));
    COMPARE_TEXT(state.canonical(), R"({"done":false,"list":[1,2],"text":"hello"})");
}

void CrdtStateTest::aDeletedDocumentIsForgottenWhenSettled()
{
    for (const bool forgotten : {false, true}) {
        DocumentState state = note();
        const auto gone = state.apply(Operation::Delete, Diff());
        state.settle(forgotten ? 0 : 1);
        QCOMPARE(outcome(state.revert(gone->inverse)), forgotten ? QStringLiteral("Corrupt") : QStringLiteral("ok"));
    }
}

// Of Bob's session nothing is left in the document; an encoded document alone would not name it.
void CrdtStateTest::aSnapshotValidatesAsTheLogDoes()
{
    DocumentState state = note();
    VERIFY_OK(state.apply(Operation::Update, *state.edit(kBob, [](crdt::Api &api) { return api.obj("")->set("a", json::Value("x")); })));
    const auto node = *state.edit(kBob, [](crdt::Api &api) -> Result<> {
        EVENTSYNC_TRY(crdt::StrApi str, api.str("/a"));
        return str.ins(1, std::string_view("y"));
    });
    VERIFY_OK(state.apply(Operation::Update, *state.edit(kAlice, [](crdt::Api &api) { return api.obj("")->set("a", json::Value(2)); })));
    auto loaded = DocumentState::fromBytes(DocumentKind::Crdt, state.toBytes());
    VERIFY_OK(loaded);
    const std::uint64_t last = crdt::Patch::decode(node.crdt())->id().time;
    const std::vector<Diff> patches{
        node,
        built([&](auto &to) { to.nop(1); }, {kBob, last}),
        built([&](auto &to) { to.nop(1); }, {kAlice, 1}),
        built([&](auto &to) { to.del({kBob, 1}, {{kBob, 1, 1}}); }, {kAlice, 500}),
        built([&](auto &to) { to.del({kBob, 900}, {{kBob, 900, 1}}); }, {kAlice, 600}),
        built([&](auto &to) { to.insStr({kAlice, 450}, {kAlice, 450}, "gap"); }, {kBob, 700}),
        built([&](auto &to) { to.insStr({kAlice, 501}, {kAlice, 501}, "ahead"); }, {kBob, 800}),
    };
    const char *outcomes[] = {"ok", "ClientForked", "ClientForked", "ok", "MissingDependency", "ok", "MissingDependency"};
    for (std::size_t i = 0; i < patches.size(); ++i) {
        QCOMPARE(outcome(state.apply(Operation::Update, patches[i])), QString::fromLatin1(outcomes[i]));
        QCOMPARE(outcome(loaded->apply(Operation::Update, patches[i])), QString::fromLatin1(outcomes[i]));
        COMPARE_TEXT(loaded->canonical(), state.canonical());
    }
}

void CrdtStateTest::aSnapshotOfEachStepGoesOnTheSame()
{
    SeededRandom random(11);
    DocumentState state = note(), loaded = note();
    for (int i = 0; i < 200; ++i) {
        const Diff diff = someEdit(state, random.below(2) == 0 ? kAlice : kBob, random);
        VERIFY_OK(state.apply(Operation::Update, diff));
        VERIFY_OK(loaded.apply(Operation::Update, diff));
        auto next = DocumentState::fromBytes(DocumentKind::Crdt, loaded.toBytes());
        VERIFY_OK(next);
        loaded = std::move(*next);
        COMPARE_TEXT(loaded.canonical(), state.canonical());
        QVERIFY(loaded.crdt() == state.crdt());
    }
}

void CrdtStateTest::settlingKeepsTheLastRevertible()
{
    DocumentState state = note();
    const std::uint64_t incarnation = state.crdtIncarnation();
    const std::string text(1'000, 'x');
    std::vector<std::pair<std::string, Diff>> steps;
    for (int i = 0; i < 1'000; ++i) {
        const std::string before = state.canonical();
        const Diff diff = i % 2 == 0 ? typed(state, kBob, 0, text.c_str()) : erased(state, kAlice, 0, 1'000);
        steps.emplace_back(before, state.apply(Operation::Update, diff)->inverse);
        state.settle(10);
        QVERIFY(state.canonicalSize() < 2 * limits::kCrdtSettleBytes);
        QCOMPARE(state.crdtIncarnation(), incarnation);
    }
    for (int i = 0; i < 10; ++i) {
        VERIFY_OK(state.revert(steps.back().second));
        COMPARE_TEXT(state.canonical(), steps.back().first);
        steps.pop_back();
    }
    Result<> reverted;
    while (!steps.empty() && reverted) {
        reverted = state.revert(steps.back().second);
        steps.pop_back();
    }
    QCOMPARE(outcome(reverted), QStringLiteral("Corrupt"));
}

// [G16] Nodes that no snapshot holds do not gather in memory either.
void CrdtStateTest::settlingForgetsNodesWithoutAPlace()
{
    DocumentState state = note();
    const std::size_t nodes = state.crdt().nodes().count();
    std::uint64_t time = 1'000;
    std::size_t patches = 0;
    for (; patches * limits::kCrdtUnplaced < 3 * limits::kCrdtSettleBytes; ++patches, time += limits::kCrdtUnplaced) {
        const Diff diff = built([](auto &to) { makeNodes(to, limits::kCrdtUnplaced); }, {kBob, time});
        const auto applied = state.apply(Operation::Update, diff);
        VERIFY_OK(applied);
        state.settle(1);
        QVERIFY(state.crdt().nodes().count() < nodes + limits::kCrdtSettleBytes + 3 * limits::kCrdtUnplaced);
    }
    COMPARE_TEXT(state.canonical(), note().canonical());
    VERIFY_OK(state.apply(Operation::Update, typed(state, kAlice, 5, "!")));
    COMPARE_TEXT(state.canonical(), R"({"done":false,"list":[1,2],"text":"hello!"})");
}

// [G4] A view that is deeper than any JSON text may be could not be read from a store again.
void CrdtStateTest::everyViewIsJsonThatCanBeRead()
{
    DocumentState state = note();
    json::Value deep = 1;
    for (int i = 0; i < limits::kDepth; ++i)
        deep = json::Array{std::move(deep)};
    const Diff diff = built([&](auto &to) {
        crdt::Id outer = state.crdt().root();
        for (int i = 0; i < limits::kDepth / 2; ++i) {
            const crdt::Id object = to.newNode(crdt::OpCode::NewObj);
            to.insObj(outer, "deep", object);
            outer = object;
        }
        to.insObj(outer, "deep", to.newCon(crdt::Constant(deep)));
    }, {kBob, 100});
    VERIFY_OK(state.apply(Operation::Update, diff));
    const auto read = json::parse(state.canonical());
    VERIFY_OK(read);
    COMPARE_TEXT(json::canonical(*read), state.canonical());
}

void CrdtStateTest::copiesShareNothing()
{
    DocumentState state = note();
    const auto first = state.apply(Operation::Update, typed(state, kBob, 5, "!"));
    const std::string before = state.canonical();
    DocumentState copy = state;
    VERIFY_OK(copy.revert(first->inverse));
    VERIFY_OK(copy.apply(Operation::Update, typed(copy, kAlice, 0, ">")));
    COMPARE_TEXT(state.canonical(), before);
    COMPARE_TEXT(copy.canonical(), R"({"done":false,"list":[1,2],"text":">hello"})");
    VERIFY_OK(state.apply(Operation::Delete, Diff()));
    COMPARE_TEXT(copy.canonical(), R"({"done":false,"list":[1,2],"text":">hello"})");
    copy = state;
    QVERIFY(!copy.exists());
}

void CrdtStateTest::bytesThatAreNoSnapshotAreCorrupt()
{
    const Bytes whole = note().toBytes();
    QVERIFY(DocumentState::fromBytes(DocumentKind::Crdt, whole).has_value());
    QVERIFY(!DocumentState::fromBytes(DocumentKind::Crdt, {})->exists());
    for (std::size_t length = 1; length < whole.size(); ++length)
        QCOMPARE(outcome(DocumentState::fromBytes(DocumentKind::Crdt, std::string_view(whole).substr(0, length))), QStringLiteral("Corrupt"));
    QCOMPARE(outcome(DocumentState::fromBytes(DocumentKind::Crdt, R"({"a":1})")), QStringLiteral("Corrupt"));
    QCOMPARE(outcome(DocumentState::fromBytes(DocumentKind::Json, whole)), QStringLiteral("Corrupt"));
}

void CrdtStateTest::patchesNeverOverlap()
{
    DocumentState state = note();
    const auto one = state.apply(Operation::Update, erased(state, kBob, 0, 5));
    const auto two = state.apply(Operation::Update, typed(state, kAlice, 0, "x"));
    QVERIFY(!json::overlaps(one->footprint, two->footprint));
    const auto gone = state.apply(Operation::Delete, Diff());
    QVERIFY(json::overlaps(one->footprint, gone->footprint));
}

// [G4, G16] What gets through leads a state that is loaded again at each step to the same document.
void CrdtStateTest::anyBytesAreRefusedOrFoldTheSameEverywhere()
{
    SeededRandom random(23);
    DocumentState state = note(), loaded = note();
    int accepted = 0, refused = 0;
    for (int i = 0; i < 1'500; ++i) {
        Bytes bytes = someEdit(state, random.below(2) == 0 ? kAlice : kBob, random).crdt();
        if (bytes.empty())
            continue;
        for (auto flips = random.below(4); flips > 0; --flips)
            bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
        const Diff diff{CrdtPatchBytes{bytes}};
        const std::string before = i % 16 == 0 ? state.canonical() : std::string();
        const auto applied = state.apply(Operation::Update, diff);
        QCOMPARE(outcome(loaded.apply(Operation::Update, diff)), outcome(applied));
        if (!applied && i % 16 == 0)
            COMPARE_TEXT(state.canonical(), before);
        (applied ? accepted : refused)++;
        if (i % 8 != 0)
            continue;
        auto next = DocumentState::fromBytes(DocumentKind::Crdt, loaded.toBytes());
        QVERIFY2(next, next ? "" : next.error().message.c_str());
        QVERIFY(next->isSameDocument(state));
        loaded = std::move(*next);
    }
    QVERIFY(accepted > 200 && refused > 200);
}

// Whoever pushes them on by the greatest step each time gets to the end of what a snapshot can hold, and no further.
void CrdtStateTest::timesAtTheEndAreRefused()
{
    DocumentState state = note();
    const crdt::SessionTimes ends{{kBob, crdt::kMaxTime - limits::kCrdtClockJump - 5}};
    auto far = DocumentState::fromBytes(DocumentKind::Crdt, crdt::encodeSnapshot(state.crdt(), ends, state.crdtIncarnation()));
    VERIFY_OK(far);
    std::uint64_t time = ends.at(kBob) + 1;
    QString last = QStringLiteral("ok");
    for (; last == QLatin1String("ok"); ++time)
        last = outcome(far->apply(Operation::Update, built([](auto &to) { to.nop(1); }, {kBob, time})));
    QCOMPARE(last, QStringLiteral("InvalidValue"));
    VERIFY_OK(DocumentState::fromBytes(DocumentKind::Crdt, far->toBytes()));
}
