// SPDX-License-Identifier: Apache-2.0
#include "statetest.h"

#include "samples.h"

#include <eventsync/base/random.h>
#include <eventsync/model/documentstate.h>

using namespace eventsync;
using namespace eventsync::test;

namespace {

Diff creating(std::string_view state)
{
    return Diff(json::Patch({{.kind = json::OperationKind::Add, .path = {}, .from = {}, .value = value(state)}}));
}

} // namespace

void StateTest::eventsFitOrFail_data()
{
    QTest::addColumn<QString>("before"); // empty: absent
    QTest::addColumn<int>("operation");
    QTest::addColumn<QString>("patch"); // "crdt": a CRDT patch
    QTest::addColumn<QString>("code");
    QTest::addColumn<QString>("after");
    const auto row = [](const char *name, const char *before, Operation operation, const char *patch, const char *code,
                        const char *after) {
        QTest::newRow(name) << before << int(operation) << patch << code << after;
    };
    row("create", "", Operation::Create, R"([{"op":"add","path":"","value":{"a":1}}])", "ok", R"({"a":1})");
    row("create twice", R"({"a":1})", Operation::Create, R"([{"op":"add","path":"","value":{}}])", "PatchFailed", R"({"a":1})");
    row("create without a root", "", Operation::Create, R"([{"op":"add","path":"/a","value":1}])", "PatchFailed", "");
    row("update", R"({"a":1})", Operation::Update, R"([{"op":"inc","path":"/a","value":2}])", "ok", R"({"a":3})");
    row("update of nothing", "", Operation::Update, R"([{"op":"add","path":"/a","value":1}])", "PatchFailed", "");
    row("update that does not apply", R"({"a":1})", Operation::Update,
        R"([{"op":"inc","path":"/a","value":2},{"op":"remove","path":"/b"}])", "PatchFailed", R"({"a":1})");
    row("update cannot create", "", Operation::Update, R"([{"op":"add","path":"","value":1}])", "PatchFailed", "");
    row("update cannot delete", R"({"a":1})", Operation::Update, R"([{"op":"remove","path":""}])", "PatchFailed", R"({"a":1})");
    row("delete", R"({"a":1})", Operation::Delete, "[]", "ok", "");
    row("delete of nothing", "", Operation::Delete, "[]", "PatchFailed", "");
    row("delete with a patch", R"({"a":1})", Operation::Delete, R"([{"op":"remove","path":"/a"}])", "PatchFailed", R"({"a":1})");
    row("a CRDT patch on a json document", R"({"a":1})", Operation::Update, "crdt", "PatchFailed", R"({"a":1})");
    row("a CRDT patch on nothing", "", Operation::Update, "crdt", "PatchFailed", "");
}

void StateTest::eventsFitOrFail()
{
    QFETCH(QString, before);
    QFETCH(int, operation);
    QFETCH(QString, patch);
    QFETCH(QString, code);
    QFETCH(QString, after);
    DocumentState state = before.isEmpty() ? DocumentState() : DocumentState(value(before.toStdString()));
    const Diff diff = patch == QLatin1String("crdt") ? Diff(CrdtPatchBytes{"x"}) : Diff(test::patch(patch.toStdString()));
    const auto applied = state.apply(static_cast<Operation>(operation), diff);
    QCOMPARE(outcome(applied), code);
    QCOMPARE(text(state.canonical()), after);
    QCOMPARE(state.exists(), !after.isEmpty());
    QCOMPARE(state.canonicalSize(), std::size_t(after.toUtf8().size()));
    if (applied) {
        QVERIFY(applied->changed);
        VERIFY_OK(state.revert(applied->inverse));
        QCOMPARE(text(state.canonical()), before);
        QCOMPARE(state.canonicalSize(), std::size_t(before.toUtf8().size()));
    }
}

void StateTest::theSizeFollowsEveryChange()
{
    DocumentState state(value(R"({"list":[1,2,3],"name":"Zoë","gold":5})"));
    for (const char *patch : {R"([{"op":"replace","path":"/name","value":"a\nb\u0001"}])", R"([{"op":"add","path":"/list/1","value":{"x":0.5}}])",
                              R"([{"op":"remove","path":"/list/0"}])", R"([{"op":"move","from":"/gold","path":"/silver"}])",
                              R"([{"op":"inc","path":"/silver","value":995}])", R"([{"op":"copy","from":"/list","path":"/again"}])",
                              R"([{"op":"replace","path":"","value":[]}])"}) {
        VERIFY_OK(state.apply(Operation::Update, Diff(test::patch(patch))));
        QCOMPARE(state.canonicalSize(), state.canonical().size());
        QVERIFY(state.digest() == sha256(state.canonical()));
    }
}

void StateTest::revertingGoesBackStepByStep()
{
    SeededRandom random(3);
    DocumentState state;
    std::vector<std::pair<std::string, Diff>> steps;
    const auto apply = [&](Operation operation, const Diff &diff) {
        const std::string before = state.canonical();
        if (auto applied = state.apply(operation, diff))
            steps.emplace_back(before, std::move(applied->inverse));
    };
    for (int i = 0; i < 400; ++i) {
        const auto key = std::string(1, static_cast<char>('a' + random.below(4)));
        const auto number = json::Value(static_cast<std::int64_t>(random.below(100)));
        switch (random.below(10)) {
        case 0:
            apply(Operation::Create, creating(R"({"a":1,"list":[]})"));
            break;
        case 1:
            apply(Operation::Delete, Diff());
            break;
        case 2:
            apply(Operation::Update, Diff(json::Patch({{.kind = json::OperationKind::Remove, .path = json::Pointer({key})}})));
            break;
        case 3:
            apply(Operation::Update, Diff(json::Patch({{.kind = json::OperationKind::Inc, .path = json::Pointer({key}), .from = {}, .value = number}})));
            break;
        case 4:
            apply(Operation::Update,
                  Diff(json::Patch({{.kind = json::OperationKind::Add, .path = json::Pointer({"list", "0"}), .from = {}, .value = number}})));
            break;
        default:
            apply(Operation::Update, Diff(json::Patch({{.kind = json::OperationKind::Add, .path = json::Pointer({key}), .from = {}, .value = number}})));
        }
        QCOMPARE(state.canonicalSize(), state.canonical().size());
    }
    QVERIFY(steps.size() > 100);
    while (!steps.empty()) {
        VERIFY_OK(state.revert(steps.back().second));
        COMPARE_TEXT(state.canonical(), steps.back().first);
        QCOMPARE(state.canonicalSize(), steps.back().first.size());
        steps.pop_back();
    }
    QVERIFY(!state.exists());
}

void StateTest::createAndDeleteOverlapEverything()
{
    DocumentState state;
    const auto created = state.apply(Operation::Create, creating("{}"));
    QVERIFY(created->footprint.isEverything());
    const auto deleted = state.apply(Operation::Delete, Diff());
    QVERIFY(deleted->footprint.isEverything());
}

void StateTest::anInverseThatDoesNotFitIsCorrupt()
{
    DocumentState state(value(R"({"a":1})"));
    QCOMPARE(outcome(state.revert(Diff(patch(R"([{"op":"remove","path":"/missing"}])")))), QStringLiteral("Corrupt"));
    QCOMPARE(outcome(state.revert(Diff(CrdtPatchBytes{"x"}))), QStringLiteral("Corrupt"));
    COMPARE_TEXT(state.canonical(), R"({"a":1})");
}

void StateTest::anEmptyPatchChangesNothing()
{
    for (const char *before : {"", R"({"a":1})"}) {
        for (const Operation operation : {Operation::Create, Operation::Update}) {
            DocumentState state = *before ? DocumentState(value(before)) : DocumentState();
            const auto applied = state.apply(operation, Diff());
            VERIFY_OK(applied);
            QVERIFY(!applied->changed);
            QVERIFY(applied->footprint.isEmpty());
            COMPARE_TEXT(state.canonical(), before);
            VERIFY_OK(state.revert(applied->inverse));
            COMPARE_TEXT(state.canonical(), before);
        }
    }
}
