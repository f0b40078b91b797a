// SPDX-License-Identifier: Apache-2.0
#include "patchtest.h"

#include <eventsync/json/diff.h>
#include <eventsync/json/heldbytes.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/mergepatch.h>
#include <eventsync/json/overlap.h>

#include <QTest>

#include <algorithm>
#include <functional>

using namespace eventsync;
using namespace std::literals;
using json::Pointer;
using json::Value;

namespace {

Value parsed(std::string_view text)
{
    auto value = json::parse(text);
    return value ? *value : Value("not JSON");
}

json::Patch patchFrom(std::string_view text)
{
    auto patch = json::Patch::fromJson(parsed(text));
    return patch ? *patch : json::Patch();
}

std::string name(const Error &error)
{
    return std::string(errorName(error.code));
}

} // namespace

void PatchTest::malformedPatchesAreRefused_data()
{
    QTest::addColumn<QByteArray>("patch");
    QTest::addColumn<QByteArray>("path");
    auto row = [](const char *patch, const char *path = "/0") { QTest::newRow(patch) << QByteArray(patch) << QByteArray(path); };
    row("{}", "");
    row("[1]");
    row("[{}]");
    row(R"([{"op":1,"path":""}])");
    row(R"([{"op":"Add","path":"","value":1}])");
    row(R"([{"op":"test","path":"","value":1},{"op":"add","path":"/a"}])", "/1");
    row(R"([{"op":"add","value":1}])");
    row(R"([{"op":"add","path":1,"value":1}])");
    row(R"([{"op":"add","path":"a","value":1}])");
    row(R"([{"op":"move","path":"/a"}])");
    row(R"([{"op":"copy","path":"/a","from":"b"}])");
    row(R"([{"op":"inc","path":"/a","value":0.5}])");
    row(R"([{"op":"inc","path":"/a","value":9007199254740992}])");
    row(R"([{"op":"max","path":"/a","value":"yesterday"}])");
    row(R"([{"op":"max","path":"/a","value":null}])");
}

void PatchTest::malformedPatchesAreRefused()
{
    QFETCH(QByteArray, patch);
    QFETCH(QByteArray, path);
    const auto decoded = json::Patch::fromJson(parsed(patch.toStdString()));
    QVERIFY(!decoded);
    QCOMPARE(name(decoded.error()), "InvalidValue"s);
    QCOMPARE(QByteArray::fromStdString(decoded.error().path), path);
}

void PatchTest::patchesThatDoNotFitChangeNothing_data()
{
    QTest::addColumn<QByteArray>("patch"); // behind operations that fit, and are taken back
    QTest::addColumn<QByteArray>("error");
    QTest::addColumn<QByteArray>("path");
    auto row = [](const char *patch, const char *path, const char *error = "PatchFailed") {
        QTest::newRow(patch) << QByteArray(patch) << QByteArray(error) << QByteArray(path);
    };
    row(R"({"op":"add","path":"/none/a","value":1})", "/none/a");
    row(R"({"op":"add","path":"/list/9","value":1})", "/list/9");
    row(R"({"op":"add","path":"/list/01","value":1})", "/list/01");
    row(R"({"op":"add","path":"/n/a","value":1})", "/n/a");
    row(R"({"op":"replace","path":"/none","value":1})", "/none");
    row(R"({"op":"replace","path":"/list/-","value":1})", "/list/-");
    row(R"({"op":"remove","path":"/none"})", "/none");
    row(R"({"op":"remove","path":""})", "");
    row(R"({"op":"move","from":"/o","path":"/o/in"})", "/o/in");
    row(R"({"op":"move","from":"/none","path":"/x"})", "/none");
    row(R"({"op":"move","from":"/list/0","path":"/list/9"})", "/list/9");
    row(R"({"op":"move","from":"/o","path":"/o2/x"})", "/o2/x");
    row(R"({"op":"copy","from":"/none","path":"/x"})", "/none");
    row(R"({"op":"test","path":"/n","value":2})", "/n");
    row(R"({"op":"test","path":"/n","value":1.5})", "/n");
    row(R"({"op":"test","path":"/none","value":null})", "/none");
    row(R"({"op":"inc","path":"/none","value":1})", "/none");
    row(R"({"op":"inc","path":"/text","value":1})", "/text");
    row(R"({"op":"inc","path":"/big","value":1})", "/big");
    row(R"({"op":"max","path":"/text","value":1})", "/text");
    row(R"({"op":"max","path":"/n","value":"2026-11-21T09:30:00.000Z"})", "/n");
    row(R"({"op":"max","path":"/none","value":1})", "/none");
}

void PatchTest::patchesThatDoNotFitChangeNothing()
{
    QFETCH(QByteArray, patch);
    QFETCH(QByteArray, error);
    QFETCH(QByteArray, path);
    Value value = parsed(R"({"n":1,"big":9007199254740991,"text":"x","list":[1,2,3],"o":{"p":1},"time":"2026-01-01T00:00:00.000Z"})");
    const std::string before = json::canonical(value);
    const auto decoded = json::Patch::fromJson(parsed(
        R"([{"op":"move","from":"/list/0","path":"/o/p"},{"op":"add","path":"/list/-","value":{}},{"op":"copy","from":"/o","path":"/c"},
            {"op":"max","path":"/time","value":"2026-11-21T09:30:00.000Z"},{"op":"remove","path":"/c"},)" + patch.toStdString() + "]"));
    QVERIFY2(decoded.has_value(), decoded ? "" : decoded.error().toString().c_str());
    const auto applied = json::apply(value, *decoded);
    QVERIFY(!applied);
    QCOMPARE(QByteArray::fromStdString(name(applied.error())), error);
    QCOMPARE(QByteArray::fromStdString(applied.error().path), path);
    QVERIFY2(applied.error().message.starts_with("operation 5: "), applied.error().message.c_str());
    QCOMPARE(json::canonical(value), before);
}

void PatchTest::copiesAreChargedBeforeTheyAreMade()
{
    // Doubling 30 times would ask for gigabytes.
    Value value = parsed(R"({"a":["0123456789"]})");
    const std::string before = json::canonical(value);
    json::Patch patch;
    for (int i = 0; i < 30; ++i)
        patch.append({.kind = json::OperationKind::Copy, .path = Pointer({"a", "-"}), .from = Pointer({"a"})});
    auto applied = json::apply(value, patch, {.limits = {.bytes = 10'000, .depth = 1000}});
    QVERIFY(!applied);
    QCOMPARE(name(applied.error()), "TooLarge"s);
    QCOMPARE(json::canonical(value), before);

    // Overwriting one member again and again keeps the document small, but not its inverse.
    value = parsed(R"({"a":")" + std::string(3000, 'x') + R"(","b":1})");
    patch = {};
    for (int i = 0; i < 4; ++i) {
        patch.append({.kind = json::OperationKind::Copy, .path = Pointer({"b"}), .from = Pointer({"a"})});
        patch.append({.kind = json::OperationKind::Replace, .path = Pointer({"b"}), .value = i});
    }
    QCOMPARE(name(json::apply(value, patch, {.limits = {.bytes = 10'000}}).error()), "TooLarge"s);
    QVERIFY(json::apply(value, patch, {.limits = {.bytes = 20'000}}).has_value());

    // Exactly at the limit is inside it.
    value = parsed("{}");
    patch = patchFrom(R"([{"op":"add","path":"/a","value":"xx"}])"); // {"a":"xx"}
    QVERIFY(json::apply(value, patch, {.limits = {.bytes = 10}, .size = 2}).has_value());
    value = parsed("{}");
    QCOMPARE(name(json::apply(value, patch, {.limits = {.bytes = 9}}).error()), "TooLarge"s);
    QCOMPARE(name(json::apply(value, patchFrom(R"([{"op":"add","path":"/a","value":[[]]}])"), {.limits = {.depth = 2}}).error()), "TooDeep"s);
}

void PatchTest::shiftingAndMeasuringAreBounded()
{
    json::Array array(200'000, Value(1));
    Value value(json::Object{{"a", std::move(array)}});
    json::Patch patch;
    for (int i = 0; i < 5'000; ++i) // each shifts all elements: 10^9 in all
        patch.append({.kind = json::OperationKind::Add, .path = Pointer({"a", "0"}), .value = 1});
    const auto applied = json::apply(value, patch);
    QVERIFY(!applied);
    QCOMPARE(name(applied.error()), "TooLarge"s);
    QCOMPARE(value.at("a").get_array().size(), 200'000u);
}

void PatchTest::stateIsCreatedAndDeletedAndBack()
{
    json::State state;
    const auto created = json::apply(state, patchFrom(R"([{"op":"add","path":"","value":{"a":1}}])"));
    QVERIFY(created.has_value() && created->changed && created->footprint.isEverything());
    QCOMPARE(created->sizeChange, 7);
    QCOMPARE(json::canonical(*state), R"({"a":1})"s);
    QVERIFY(json::apply(state, created->inverse).has_value());
    QVERIFY(!state);
    QCOMPARE(name(json::apply(state, patchFrom(R"([{"op":"add","path":"/a","value":1}])")).error()), "PatchFailed"s);
    QCOMPARE(name(json::apply(state, patchFrom(R"([{"op":"test","path":"","value":null}])")).error()), "PatchFailed"s);
    QVERIFY(!state);
    const auto nothing = json::apply(state, patchFrom(R"([{"op":"add","path":"","value":1},{"op":"remove","path":""}])"));
    QVERIFY(nothing.has_value() && !nothing->changed && !state);
    state = parsed(R"({"b":[2]})");
    const auto removed = json::apply(state, patchFrom(R"([{"op":"remove","path":""}])"));
    QVERIFY(removed.has_value() && removed->changed && !state);
    QVERIFY(json::apply(state, removed->inverse).has_value());
    QCOMPARE(json::canonical(*state), R"({"b":[2]})"s);
}

void PatchTest::netChangeIsFound_data()
{
    QTest::addColumn<QByteArray>("patch");
    QTest::addColumn<bool>("changed");
    auto row = [](const char *patch, bool changed) { QTest::newRow(patch) << QByteArray(patch) << changed; };
    row("[]", false);
    row(R"([{"op":"test","path":"/n","value":1}])", false);
    row(R"([{"op":"replace","path":"/n","value":1}])", false);
    row(R"([{"op":"inc","path":"/n","value":0}])", false);
    row(R"([{"op":"max","path":"/n","value":1}])", false);
    row(R"([{"op":"inc","path":"/n","value":1},{"op":"inc","path":"/n","value":-1}])", false);
    row(R"([{"op":"inc","path":"/n","value":1},{"op":"inc","path":"/m","value":-1}])", true);
    row(R"([{"op":"remove","path":"/n"},{"op":"add","path":"/n","value":1}])", false);
    row(R"([{"op":"remove","path":"/n"},{"op":"add","path":"/n","value":2}])", true);
    row(R"([{"op":"move","from":"/same/0","path":"/same/1"}])", false);
    row(R"([{"op":"move","from":"/list/0","path":"/list/1"}])", true);
    row(R"([{"op":"move","from":"/n","path":"/n"}])", false);
    row(R"([{"op":"move","from":"/n","path":"/k"},{"op":"move","from":"/k","path":"/n"}])", false);
    row(R"([{"op":"copy","from":"/n","path":"/one"}])", false);
}

void PatchTest::netChangeIsFound()
{
    QFETCH(QByteArray, patch);
    QFETCH(bool, changed);
    Value value = parsed(R"({"n":1,"m":2,"one":1,"list":[1,2],"same":[7,7,7]})");
    const std::string before = json::canonical(value);
    const auto applied = json::apply(value, patchFrom(patch.toStdString()));
    QVERIFY2(applied.has_value(), applied ? "" : applied.error().toString().c_str());
    QCOMPARE(applied->changed, changed);
    QCOMPARE(json::canonical(value) != before, changed);
    QCOMPARE(applied->inverse.isEmpty(), !changed);
}

namespace {

std::string manyOf(const std::string &element, int count)
{
    std::string text = "[";
    for (int i = 0; i < count; ++i)
        text += (i > 0 ? "," : "") + element;
    return text + ']';
}

} // namespace

void PatchTest::anInverseHoldsNoMoreThanWhatChanged_data()
{
    QTest::addColumn<QByteArray>("patch");
    QTest::addColumn<int>("operations");
    const auto row = [](const char *name, const std::string &patch, int operations) {
        QTest::newRow(name) << QByteArray::fromStdString(patch) << operations;
    };
    const std::string large = manyOf("[]", 10'000), count = R"({"op":"inc","path":"/n","value":1})";
    row("copied and removed", R"([{"op":"copy","from":"/t","path":"/u"},{"op":"remove","path":"/u"},)" + count + ']', 1);
    row("copied, and removed after something else",
        R"([{"op":"copy","from":"/t","path":"/u"},)" + count + R"(,{"op":"remove","path":"/u"}])", 1);
    row("copied into a list and taken out", R"([{"op":"copy","from":"/t","path":"/l/0"},{"op":"remove","path":"/l/0"},)" + count + ']', 1);
    row("written twice", R"([{"op":"replace","path":"/n","value":)" + large + R"(},{"op":"replace","path":"/n","value":2}])", 1);
    row("written twice where nothing was", R"([{"op":"add","path":"/u","value":)" + large + R"(},{"op":"add","path":"/u","value":2}])", 1);
    row("moved there and back", R"([{"op":"add","path":"/o/x","value":1},{"op":"copy","from":"/t","path":"/o/y"},{"op":"remove","path":"/o/y"}])", 1);
}

void PatchTest::anInverseHoldsNoMoreThanWhatChanged()
{
    QFETCH(QByteArray, patch);
    QFETCH(int, operations);
    const Value before = parsed(R"({"t":)" + manyOf("[]", 10'000) + R"(,"n":1,"l":[1,2],"o":{}})");
    Value value = before;
    const auto applied = json::apply(value, patchFrom(patch.toStdString()));
    QVERIFY(applied.has_value());
    QCOMPARE(applied->inverse.operations().size(), std::size_t(operations));
    QVERIFY(json::heldBytes(applied->inverse) < 1'000);
    QVERIFY(json::apply(value, applied->inverse).has_value());
    QVERIFY(json::equal(value, before));
}

void PatchTest::heldBytesAreThoseThatAreAllocated_data()
{
    QTest::addColumn<QByteArray>("text");
    const auto row = [](const char *name, const std::string &text) { QTest::newRow(name) << QByteArray::fromStdString(text); };
    row("a number", "5");
    row("a short text", R"("abc")");
    row("a long text", '"' + std::string(1'000, 'x') + '"');
    row("nothing but brackets", manyOf("[]", 1'000));
    row("small objects", manyOf(R"({"a":{}})", 1'000));
    row("an object with an index", manyOf(R"({"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1,"q":1,"r":1,"s":1,"t":"some longer text"})", 10));
}

void PatchTest::heldBytesAreThoseThatAreAllocated()
{
    struct Counting final : boost::json::memory_resource
    {
        void *do_allocate(std::size_t bytes, std::size_t) override
        {
            held += bytes;
            ++blocks;
            return ::operator new(bytes);
        }
        void do_deallocate(void *pointer, std::size_t bytes, std::size_t) override
        {
            held -= bytes;
            --blocks;
            ::operator delete(pointer);
        }
        bool do_is_equal(const memory_resource &other) const noexcept override { return this == &other; }
        std::size_t held = 0, blocks = 0;
    };
    QFETCH(QByteArray, text);
    Counting counting;
    const Value value(parsed(text.toStdString()), &counting);
    const std::size_t held = json::heldBytes(value);
    QVERIFY2(held >= counting.held, std::to_string(counting.held).c_str());
    QVERIFY2(held <= counting.held + 32 * counting.blocks, std::to_string(counting.held).c_str());
}

void PatchTest::overlapFollowsTheRules_data()
{
    QTest::addColumn<QByteArray>("a");
    QTest::addColumn<QByteArray>("b");
    QTest::addColumn<bool>("overlap");
    auto row = [](const char *name, const char *a, const char *b, bool overlap) {
        QTest::newRow(name) << '[' + QByteArray(a) + ']' << '[' + QByteArray(b) + ']' << overlap;
    };
    const char *incN = R"({"op":"inc","path":"/n","value":1})";
    const char *maxN = R"({"op":"max","path":"/n","value":9})";
    const char *setN = R"({"op":"replace","path":"/n","value":5})";
    const char *setO = R"({"op":"replace","path":"/o","value":{}})";
    const char *setOP = R"({"op":"replace","path":"/o/p","value":5})";
    const char *append = R"({"op":"add","path":"/list/-","value":5})";
    const char *element = R"({"op":"replace","path":"/list/0/x","value":5})";
    row("different members", setN, setOP, false);
    row("above", setO, setOP, true);
    row("below", setOP, setO, true);
    row("another value", setN, R"({"op":"add","path":"/n","value":6})", true);
    row("same value", setN, R"({"op":"add","path":"/n","value":5})", false);
    row("same value, one tested it", setN, R"({"op":"test","path":"/n","value":1},{"op":"replace","path":"/n","value":5})", true);
    row("same value, one wrote twice", setN, R"({"op":"replace","path":"/n","value":7},{"op":"replace","path":"/n","value":5})", true);
    row("same value, one by copy", R"({"op":"replace","path":"/n","value":2})", R"({"op":"copy","from":"/m","path":"/n"})", true);
    row("same value of an element", R"({"op":"replace","path":"/list/1","value":5})", R"({"op":"replace","path":"/list/1","value":5})", true);
    row("removed by both", R"({"op":"remove","path":"/n"})", R"({"op":"remove","path":"/n"})", true);
    row("read and written", R"({"op":"test","path":"/n","value":1})", setN, true);
    row("read by both", R"({"op":"test","path":"/n","value":1})", R"({"op":"test","path":"/n","value":1})", false);
    row("read above", R"({"op":"test","path":"/o","value":{"p":1}})", setOP, true);
    row("copied from and written", R"({"op":"copy","from":"/n","path":"/k"})", setN, true);
    row("moved from and written", R"({"op":"move","from":"/n","path":"/k"})", setN, true);
    row("moved from and read", R"({"op":"move","from":"/n","path":"/k"})", R"({"op":"copy","from":"/n","path":"/j"})", true);
    row("inc and inc", incN, incN, false);
    row("max and max", maxN, R"({"op":"max","path":"/n","value":4})", false);
    row("inc and max", incN, maxN, true);
    row("inc and replace", incN, setN, true);
    row("inc and test", incN, R"({"op":"test","path":"/n","value":1})", true);
    row("inc beside inc", incN, R"({"op":"inc","path":"/m","value":1})", false);
    row("two appends", append, append, true);
    row("append and an edit inside", append, element, true);
    row("edits inside two elements", element, R"({"op":"inc","path":"/list/1","value":5})", false);
    row("edits inside one element", element, R"({"op":"replace","path":"/list/0/y","value":5})", false);
    row("removal and an edit inside", R"({"op":"remove","path":"/list/1"})", element, true);
    row("copy out of an array", R"({"op":"copy","from":"/list/1","path":"/k"})", element, false);
    row("replaced root", R"({"op":"replace","path":"","value":1})", setN, true);
    row("replaced root and nothing", R"({"op":"replace","path":"","value":1})", "", true);
    row("nothing", "", setN, false);
    row("names with the same start", R"({"op":"add","path":"/na","value":1})", R"({"op":"add","path":"/nab","value":1})", false);
}

void PatchTest::overlapFollowsTheRules()
{
    QFETCH(QByteArray, a);
    QFETCH(QByteArray, b);
    QFETCH(bool, overlap);
    auto footprint = [](const QByteArray &text) {
        Value value = parsed(R"({"n":1,"m":2,"o":{"p":1},"list":[{"x":1,"y":2},3]})");
        auto applied = json::apply(value, patchFrom(text.toStdString()));
        return applied ? applied->footprint : json::Footprint::everything();
    };
    const json::Footprint x = footprint(a);
    const json::Footprint y = footprint(b);
    QCOMPARE(json::overlaps(x, y), overlap);
    QCOMPARE(json::overlaps(y, x), overlap);
    for (const json::Footprint &one : {x, y}) {
        const auto stored = json::Footprint::fromBytes(one.toBytes());
        QVERIFY(stored.has_value());
        QVERIFY(*stored == one);
    }
}

void PatchTest::comparingFootprintsCostsWhatTheSmallerOneNeeds()
{
    const auto entriesOf = [](int count, const char *suffix) {
        std::vector<json::FootprintEntry> entries;
        for (int i = 0; i < count; ++i)
            entries.push_back({.path = json::Pointer({"list", std::to_string(i) + suffix, "x"})});
        return json::Footprint::fromEntries(std::move(entries));
    };
    constexpr std::uint64_t kAllowed = 100'000;
    const auto stepsOf = [](const json::Footprint &a, const json::Footprint &b) {
        Budget budget(kAllowed);
        json::overlaps(a, b, budget);
        return kAllowed - budget.stepsLeft();
    };
    const json::Footprint small = entriesOf(3, "b"), large = entriesOf(20'000, "a");
    QVERIFY(!json::overlaps(small, large));
    QVERIFY(stepsOf(small, large) < 100);
    QVERIFY(stepsOf(large, small) < 100);

    Budget budget(kAllowed); // two large ones
    QVERIFY(json::overlaps(large, entriesOf(20'000, "b"), budget));
    QVERIFY(budget.isExhausted());
}

void PatchTest::malformedFootprintsAreCorrupt()
{
    Value value = parsed(R"({"n":1,"o":{"p":1}})");
    const auto applied = json::apply(value, patchFrom(R"([{"op":"replace","path":"/n","value":2},{"op":"inc","path":"/o/p","value":2}])"));
    const Bytes good = applied->footprint.toBytes();
    QVERIFY(json::Footprint::fromBytes(good).has_value());
    for (std::size_t size = 0; size < good.size(); ++size) {
        const auto cut = json::Footprint::fromBytes(std::string_view(good).substr(0, size));
        if (cut) // cut between two entries: a shorter footprint, which the row's own length cannot hide
            QVERIFY(cut->entries().size() < applied->footprint.entries().size());
        else
            QVERIFY(cut.error().code == ErrorCode::Corrupt);
    }
    const Bytes entries = good.substr(2);
    for (const Bytes &bad : {"\2\0"s + entries, "\1\2"s, "\1\1"s + entries, good + entries, "\1\0\xFF\0\0"s, "\1\0\0\1\0"s,
                             "\1\0\0\0\1\1\xFF"s, "\1\0\0\0\xFF\xFF\xFF\xFF\x7F"s, "\1\0\0\0\x81\0\1a"s})
        QVERIFY(json::Footprint::fromBytes(bad).error().code == ErrorCode::Corrupt);
}

void PatchTest::diffSpeaksTheShortestWay_data()
{
    QTest::addColumn<QByteArray>("before");
    QTest::addColumn<QByteArray>("after");
    QTest::addColumn<QByteArray>("patch");
    auto row = [](const char *before, const char *after, const char *patch) {
        QTest::newRow(patch) << QByteArray(before) << QByteArray(after) << QByteArray(patch);
    };
    row(R"({"a":1})", R"({"a":1})", "[]");
    row(R"({"a":1,"b":2})", R"({"a":1,"b":3})", R"([{"op":"replace","path":"/b","value":3}])");
    row(R"({"a":{"b":{"c":1,"d":2}}})", R"({"a":{"b":{"c":1}}})", R"([{"op":"remove","path":"/a/b/d"}])");
    row(R"({"a":{}})", R"({"a":{"x/y":[]}})", R"([{"op":"add","path":"/a/x~1y","value":[]}])");
    row(R"({"a":{}})", R"({"a":[]})", R"([{"op":"replace","path":"/a","value":[]}])");
    row("[1,2,3]", "[1,3]", R"([{"op":"remove","path":"/1"}])");
    row("[1,3]", "[1,2,3]", R"([{"op":"add","path":"/1","value":2}])");
    row("[1,2,3,4,5]", "[2,3,9,5,6]",
        R"([{"op":"remove","path":"/0"},{"op":"replace","path":"/2","value":9},{"op":"add","path":"/4","value":6}])");
    row(R"([{"id":1,"v":1},{"id":2,"v":1}])", R"([{"id":1,"v":1},{"id":2,"v":5}])", R"([{"op":"replace","path":"/1/v","value":5}])");
    row("1", "2", R"([{"op":"replace","path":"","value":2}])");
}

void PatchTest::diffSpeaksTheShortestWay()
{
    QFETCH(QByteArray, before);
    QFETCH(QByteArray, after);
    QFETCH(QByteArray, patch);
    const json::Patch found = json::diff(parsed(before.toStdString()), parsed(after.toStdString()));
    QCOMPARE(QByteArray::fromStdString(json::canonical(found.toJson())), patch);
}

void PatchTest::diffHonoursThePolicy()
{
    json::DiffOptions options;
    options.rule = [](const Pointer &path) {
        using json::PathRule;
        const std::string text = path.toText();
        return text == "/gold" ? PathRule::Counter : text == "/time" ? PathRule::Latest : text == "/version" || text == "/meta" ? PathRule::Engine
                                                                                                             : PathRule::Plain;
    };
    auto patch = [&](std::string_view before, std::string_view after) {
        return json::canonical(json::diff(parsed(before), parsed(after), options).toJson());
    };
    QCOMPARE(patch(R"({"gold":100})", R"({"gold":70})"), R"([{"op":"inc","path":"/gold","value":-30}])"s);
    QCOMPARE(patch(R"({"gold":100})", R"({"gold":0.5})"), R"([{"op":"replace","path":"/gold","value":0.5}])"s);
    QCOMPARE(patch(R"({"gold":-9007199254740991})", R"({"gold":1})"), R"([{"op":"replace","path":"/gold","value":1}])"s);
    QCOMPARE(patch(R"({"time":1})", R"({"time":2})"), R"([{"op":"max","path":"/time","value":2}])"s);
    QCOMPARE(patch(R"({"time":2})", R"({"time":1})"), R"([{"op":"replace","path":"/time","value":1}])"s);
    QCOMPARE(patch(R"({"time":"2026-01-01T00:00:00.000Z"})", R"({"time":"2026-01-01T00:00:00.001Z"})"),
             R"([{"op":"max","path":"/time","value":"2026-01-01T00:00:00.001Z"}])"s);
    QCOMPARE(patch(R"({"time":"a"})", R"({"time":"b"})"), R"([{"op":"replace","path":"/time","value":"b"}])"s);
    QCOMPARE(patch(R"({"version":1,"meta":{"x":1},"a":1})", R"({"version":2,"meta":{"x":2},"a":1})"), "[]"s);
    QCOMPARE(patch(R"({"version":1})", R"({"meta":1})"), "[]"s);
}

namespace {

using MakeElement = std::function<std::string(int)>;

std::string listOf(int count, const MakeElement &element)
{
    std::string text = "[";
    for (int i = 0; i < count; ++i)
        text += (i > 0 ? "," : "") + element(i);
    return text + "]";
}

std::string inDocument(const std::string &list)
{
    return R"({"name":"x","gold":1,"inside":{"note":"y","list":)" + list + "}}";
}

} // namespace

void PatchTest::aDiffNeverCostsMoreThanTheValue_data()
{
    QTest::addColumn<QByteArray>("before");
    QTest::addColumn<QByteArray>("after");
    QTest::addColumn<QString>("rules"); // "path counter" or "path engine"
    QTest::addColumn<int>("operations");
    QTest::addColumn<QString>("first");
    const auto row = [](const char *name, const std::string &before, const std::string &after, const char *rules, int operations,
                        const char *first) {
        QTest::newRow(name) << QByteArray::fromStdString(before) << QByteArray::fromStdString(after) << QString::fromLatin1(rules)
                            << operations << QString::fromLatin1(first);
    };
    const auto number = [](int i) { return std::to_string(i); };
    const auto next = [](int i) { return std::to_string((i * 7 + 3) % 10); };
    const auto item = [](int i) { return R"({"n":)" + std::to_string(i) + "}"; };
    const auto otherItem = [](int i) { return R"({"n":)" + std::to_string(i + 1) + "}"; };
    const std::string none = inDocument("[]");
    row("a short list is emptied", inDocument(listOf(100, number)), none, "", 100, "/inside/list/0");
    row("a long list is emptied", inDocument(listOf(30'000, number)), none, "", 1, "/inside/list");
    row("a long list is filled", none, inDocument(listOf(30'000, number)), "", 1, "/inside/list");
    row("all of a long list changes", inDocument(listOf(30'000, number)), inDocument(listOf(30'000, next)), "", 1, "/inside/list");
    row("every item changes inside", inDocument(listOf(5'000, item)), inDocument(listOf(5'000, otherItem)), "", 1, "/inside/list");
    row("little of a long list changes", inDocument(listOf(5'000, item)),
        inDocument(listOf(5'000, [&](int i) { return i % 50 == 0 ? otherItem(i) : item(i); })), "", 100, "/inside/list/0/n");
    row("long texts change", inDocument(listOf(50, [](int i) { return '"' + std::string(1'000, 'a') + std::to_string(i) + '"'; })),
        inDocument(listOf(50, [](int i) { return '"' + std::string(1'000, 'b') + std::to_string(i) + '"'; })), "", 1, "/inside/list");
    row("removing shifts too much", inDocument(listOf(301'000, [](int i) { return i < 1'000 ? "1" : "0"; })),
        inDocument(listOf(300'000, [](int) { return "0"; })), "", 1, "/inside/list");
    row("a counter is elsewhere", inDocument(listOf(30'000, number)), none, "/gold counter", 1, "/inside/list");
    row("rules below, and still possible", inDocument(listOf(1'000, item)), none, "/inside/list/*/n counter", 1'000, "/inside/list/0");
    row("rules below, and too much", inDocument(listOf(30'000, item)), none, "/inside/list/*/n counter", 1, "/inside/list");
    row("an engine path differs below", inDocument(listOf(2'000, item)), inDocument(listOf(2'000, otherItem)), "/inside/list/*/n engine",
        0, "");
}

void PatchTest::aDiffNeverCostsMoreThanTheValue()
{
    QFETCH(QByteArray, before);
    QFETCH(QByteArray, after);
    QFETCH(QString, rules);
    QFETCH(int, operations);
    QFETCH(QString, first);
    json::DiffOptions options;
    const auto words = rules.split(QLatin1Char(' '));
    if (words.size() == 2) {
        const auto ruled = *Pointer::parse(words[0].toStdString());
        const auto rule = words[1] == QLatin1String("engine") ? json::PathRule::Engine : json::PathRule::Counter;
        const auto agrees = [ruled](const Pointer &path) {
            for (std::size_t i = 0; i < path.tokens().size(); ++i) {
                if (ruled.tokens()[i] != "*" && ruled.tokens()[i] != path.tokens()[i])
                    return false;
            }
            return true;
        };
        options.rule = [=](const Pointer &path) {
            return path.tokens().size() == ruled.tokens().size() && agrees(path) ? rule : json::PathRule::Plain;
        };
        options.ruledBelow = [=](const Pointer &path) { return path.tokens().size() < ruled.tokens().size() && agrees(path); };
    }
    const Value from = parsed(before.toStdString()), to = parsed(after.toStdString());
    const json::Patch found = json::diff(from, to, options);
    QCOMPARE(found.operations().size(), std::size_t(operations));
    if (!first.isEmpty())
        QCOMPARE(QString::fromStdString(found.operations().front().path.toText()), first);
    QVERIFY(json::canonicalSize(found.toJson()) <= std::max(limits::kFineDiffBytes, json::canonicalSize(to)) + 1'000 ||
            words.size() == 2);
    Value value = from;
    QVERIFY(json::apply(value, found).has_value());
    if (!rules.endsWith(QLatin1String("engine")))
        QVERIFY(json::equal(value, to));
}

void PatchTest::mergePatchOfTheRfc_data()
{
    QTest::addColumn<QByteArray>("target");
    QTest::addColumn<QByteArray>("patch");
    QTest::addColumn<QByteArray>("result");
    int number = 0;
    auto row = [&](const char *target, const char *patch, const char *result) {
        QTest::addRow("RFC 7396 appendix A, %d", ++number) << QByteArray(target) << QByteArray(patch) << QByteArray(result);
    };
    row(R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})");
    row(R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})");
    row(R"({"a":"b"})", R"({"a":null})", "{}");
    row(R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})");
    row(R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})");
    row(R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})");
    row(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})");
    row(R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})");
    row(R"(["a","b"])", R"(["c","d"])", R"(["c","d"])");
    row(R"({"a":"b"})", R"(["c"])", R"(["c"])");
    row(R"({"a":"foo"})", "null", "null");
    row(R"({"a":"foo"})", R"("bar")", R"("bar")");
    row(R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})");
    row("[1,2]", R"({"a":"b","c":null})", R"({"a":"b"})");
    row("{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})");
}

void PatchTest::mergePatchOfTheRfc()
{
    QFETCH(QByteArray, target);
    QFETCH(QByteArray, patch);
    QFETCH(QByteArray, result);
    const Value merged = json::applyMergePatch(parsed(target.toStdString()), parsed(patch.toStdString()));
    QCOMPARE(QByteArray::fromStdString(json::canonical(merged)), result);
}

void PatchTest::nullCannotBeSaidInAMergePatch()
{
    QVERIFY(!json::mergePatchFor(parsed("{}"), parsed(R"({"a":null})")));
    QVERIFY(!json::mergePatchFor(parsed("{}"), parsed(R"({"a":{"b":null}})")));
    QVERIFY(!json::mergePatchFor(parsed("1"), parsed(R"({"b":null})")));
    QCOMPARE(json::canonical(json::mergePatchFor(parsed(R"({"a":null,"b":1})"), parsed(R"({"a":null,"c":[null]})")).value()),
             R"({"b":null,"c":[null]})"s);
}
