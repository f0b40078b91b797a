// SPDX-License-Identifier: Apache-2.0
#include "worktest.h"

#include <eventsync/base/budget.h>
#include <eventsync/json/diff.h>
#include <eventsync/json/filter.h>
#include <eventsync/json/mergepatch.h>

#include <QTest>

#include <algorithm>

using namespace eventsync;
using json::Pointer;
using json::Value;

namespace {

constexpr std::uint64_t kPlenty = 1'000'000'000;

Value numbers(int count)
{
    json::Array array;
    for (int i = 0; i < count; ++i)
        array.push_back(i);
    return array;
}

Value members(int count)
{
    json::Object object;
    for (int i = 0; i < count; ++i)
        object.emplace("k" + std::to_string(i), i);
    return object;
}

Value condition(std::string_view path, std::string_view op, Value value)
{
    return json::Object{{"op", op}, {"path", path}, {"value", std::move(value)}};
}

template<class Work>
std::uint64_t stepsOf(const Work &work)
{
    Budget budget(kPlenty);
    work(budget);
    return kPlenty - budget.stepsLeft();
}

} // namespace

void WorkTest::aFilterEndsWithItsBudget_data()
{
    QTest::addColumn<Value>("filter");
    QTest::addColumn<int>("leastSteps");
    const auto row = [](const char *name, Value filter, int leastSteps) { QTest::newRow(name) << std::move(filter) << leastSteps; };
    row("conditions", json::Object{{"any", json::Array(1'000, condition("/none", "exists", true))}}, 1'000);
    row("conditions that do not hold", json::Object{{"not", json::Array(1'000, condition("/none", "exists", true))}}, 1'000);
    row("equal lists", condition("/list", "eq", numbers(1'000)), 1'000);
    row("lists that differ at their end", condition("/list", "ne", numbers(999)), 1);
    row("the order of lists", condition("/list", "le", numbers(1'000)), 1'000);
    row("the order of objects", condition("/object", "ge", members(1'000)), 10'000);
    row("a list among values", condition("/list", "in", json::Array{numbers(1'000)}), 1'000);
    row("the beginning of a text", condition("/text", "prefix", json::String(60'000, 'x')), 900);
    row("the order of texts", condition("/text", "lt", Value(std::string(60'000, 'x') + "y")), 900);
    row("a long path", condition("/a/b/c/d/e/f/g/h", "exists", false), 8);
}

void WorkTest::aFilterEndsWithItsBudget()
{
    QFETCH(Value, filter);
    QFETCH(int, leastSteps);
    const Value state = json::Object{{"list", numbers(1'000)}, {"object", members(1'000)}, {"text", json::String(60'000, 'x')}};
    const auto decoded = json::Filter::fromJson(filter);
    QVERIFY2(decoded.has_value(), decoded ? "" : decoded.error().toString().c_str());
    const bool holds = !filter.as_object().contains("any");
    QCOMPARE(decoded->matches(state), holds);

    const std::uint64_t steps = stepsOf([&](Budget &budget) { QCOMPARE(decoded->matches(state, budget), holds); });
    QVERIFY2(steps >= static_cast<std::uint64_t>(leastSteps), std::to_string(steps).c_str());
    Budget enough(steps), tooLittle(steps - 1);
    QCOMPARE(decoded->matches(state, enough), holds);
    QVERIFY(!enough.isExhausted());
    QVERIFY(!decoded->matches(state, tooLittle));
    QVERIFY(tooLittle.isExhausted());
    QVERIFY(tooLittle.error("filtering").code == ErrorCode::TooLarge);
}

void WorkTest::aListOfValuesIsNotSearchedFromItsBeginning()
{
    const auto filter = json::Filter::fromJson(condition("/n", "in", numbers(50'000)));
    QVERIFY(filter.has_value());
    QVERIFY(stepsOf([&](Budget &budget) { QVERIFY(filter->matches(json::Object{{"n", 49'999}}, budget)); }) < 50);
    QVERIFY(stepsOf([&](Budget &budget) { QVERIFY(!filter->matches(json::Object{{"n", "49999"}}, budget)); }) < 50);
}

void WorkTest::aFilterThatIsTooMuchToTakeInIsRefused()
{
    const auto filter = json::Filter::fromJson(condition("/n", "in", numbers(500'000)));
    QVERIFY(!filter);
    QVERIFY(filter.error().code == ErrorCode::TooLarge);
}

void WorkTest::comparingEndsWithItsBudget()
{
    const Value a = json::Object{{"a", numbers(1'000)}, {"b", members(1'000)}};
    const Value b = json::Object{{"a", numbers(1'000)}, {"b", members(1'001)}};
    for (std::uint64_t steps : {0, 1, 500, 1'500}) {
        Budget budget(steps), other(steps);
        QCOMPARE(json::compareValues(a, b, budget), 0);
        QVERIFY(!json::equal(a, a, other));
        QVERIFY(budget.isExhausted() && other.isExhausted());
    }
    Budget plenty(kPlenty);
    QVERIFY(json::compareValues(a, b, plenty) > 0); // "k1000" stands before "k101"
    QVERIFY(json::equal(a, Value(a), plenty));
    QVERIFY(!json::equal(a, b, plenty));
    QVERIFY(!plenty.isExhausted());
}

void WorkTest::aProjectionCostsNoMoreThanItsFields()
{
    const int count = 20'000;
    std::vector<Pointer> fields;
    for (int i = 0; i < count; ++i)
        fields.push_back(Pointer({"object", "k" + std::to_string(i)}));
    for (int i = count; i-- > 0;)
        fields.push_back(Pointer({"list", std::to_string(i)}));
    const Value state = json::Object{{"list", numbers(count)}, {"object", members(count)}};
    const std::uint64_t steps = stepsOf([&](Budget &budget) { QVERIFY(json::equal(json::project(state, fields, budget), state)); });
    QVERIFY2(steps < 100u * count, std::to_string(steps).c_str()); // each against each would be 400,000,000
}

void WorkTest::aProjectionEndsWithItsBudget()
{
    const Value state = json::Object{{"list", numbers(10'000)}};
    Budget budget(5'000);
    json::project(state, {Pointer({"list"})}, budget);
    QVERIFY(budget.isExhausted());
}

void WorkTest::aSortValueIsCharged()
{
    QVERIFY(stepsOf([](Budget &budget) { json::sortValue(members(10'000), budget); }) >= 10'000);
    Budget budget(5'000);
    json::sortValue(members(10'000), budget);
    QVERIFY(budget.isExhausted());
}

void WorkTest::aDiffOfManyListsComparesTheLastInPlace()
{
    // Elements move within 300 lists: telling what stayed takes a table of 810,000 cells for each.
    json::Object before, after;
    for (int list = 0; list < 300; ++list) {
        json::Array was = numbers(900).as_array(), is = was;
        is.erase(is.begin());
        is.insert(is.begin() + 450, -1);
        is.push_back(-2);
        was.push_back(-3);
        const std::string name = "list" + std::to_string(1'000 + list);
        before.emplace(name, std::move(was));
        after.emplace(name, std::move(is));
    }
    const json::Patch patch = json::diff(before, after, {.fineBytes = SIZE_MAX});
    Value patched = before;
    QVERIFY(json::apply(patched, patch).has_value());
    QVERIFY(json::equal(patched, after));
    const auto operationsFor = [&](std::string_view name) {
        return std::count_if(patch.operations().begin(), patch.operations().end(), [&](const auto &one) { return one.path.tokens().front() == name; });
    };
    QVERIFY(operationsFor("list1000") < 10);
    QVERIFY(operationsFor("list1299") > 400); // which is not the finest, but takes no table
}

void WorkTest::aDiffOfDeepListsIsRight()
{
    // Each list but the innermost is looked at as an element, too.
    Value before = numbers(200'000), after = before;
    after.as_array().back() = "x";
    for (int depth = 0; depth < 60; ++depth) {
        before = json::Array{std::move(before), depth};
        after = json::Array{std::move(after), depth + 1};
    }
    const json::Patch patch = json::diff(before, after);
    Value patched = before;
    QVERIFY(json::apply(patched, patch).has_value());
    QVERIFY(json::equal(patched, after));
    QVERIFY(json::canonicalSize(patch.toJson()) < 20'000);
}

void WorkTest::aMergePatchOfDeepObjectsIsRight()
{
    Value before = members(50'000), after = before;
    after.as_object()["k7"] = "x";
    for (int depth = 0; depth < 60; ++depth) {
        before = json::Object{{"a", std::move(before)}, {"same", json::Object{}}};
        after = json::Object{{"a", std::move(after)}, {"same", json::Object{}}};
    }
    const auto patch = json::mergePatchFor(before, after);
    QVERIFY(patch.has_value());
    QVERIFY(json::canonicalSize(*patch) < 1'000);
    QVERIFY(json::equal(json::applyMergePatch(before, *patch), after));
    QCOMPARE(json::canonical(*json::mergePatchFor(before, before)), std::string("{}"));
    QCOMPARE(json::canonical(*json::mergePatchFor(7, 7)), std::string("7"));
    QVERIFY(!json::mergePatchFor(json::Object{{"a", 1}}, json::Object{{"a", nullptr}}));
    QCOMPARE(json::canonical(*json::mergePatchFor(json::Object{{"a", nullptr}}, json::Object{{"a", nullptr}})), std::string("{}"));
}
