// SPDX-License-Identifier: Apache-2.0
#include "propertytest.h"

#include <eventsync/base/random.h>
#include <eventsync/base/timestamp.h>
#include <eventsync/json/diff.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/mergepatch.h>
#include <eventsync/json/overlap.h>

#include <QTest>

using namespace eventsync;
using json::OperationKind;
using json::Pointer;
using json::Value;

namespace {

// Small documents with few names, so that random patches meet often.
class Maker
{
public:
    explicit Maker(std::uint64_t seed) : m_random(seed) {}

    std::uint64_t below(std::uint64_t bound) { return m_random.below(bound); }

    Value scalar()
    {
        switch (below(7)) {
        case 0:
            return nullptr;
        case 1:
            return below(2) == 0;
        case 2:
            return 0.5 * static_cast<double>(1 + 2 * below(3));
        case 3:
            return Value(toText(Timestamp(1'700'000'000'000 + static_cast<std::int64_t>(below(3)) * 1000)));
        case 4:
            return below(2) ? "x" : "\xF0\x9F\x98\x80";
        case 5: // near the edge of the range, so that inc can leave it
            return limits::kMaxInteger - static_cast<std::int64_t>(below(2));
        default:
            return static_cast<std::int64_t>(below(4));
        }
    }
    Value value(int room)
    {
        const auto kind = below(room > 0 ? 5 : 1);
        if (kind <= 1)
            return scalar();
        const auto size = below(4);
        if (kind == 2) {
            json::Array array;
            for (std::uint64_t i = 0; i < size; ++i)
                array.push_back(value(room - 1));
            return array;
        }
        return object(room, size);
    }
    Value object(int room, std::uint64_t size)
    {
        json::Object object;
        for (std::uint64_t i = 0; i < size; ++i)
            object.insert_or_assign(name(), value(room - 1));
        return object;
    }
    std::string_view name()
    {
        static constexpr std::string_view kNames[] = {"a", "b", "c", "d", "0", "1", "a/b", "~"};
        return kNames[below(std::size(kNames))];
    }

    // A path that mostly exists; mostly not the root.
    Pointer path(const Value &document)
    {
        Pointer path;
        const Value *at = &document;
        while (at && (path.isRoot() || below(3) != 0)) {
            std::string token(name());
            if (const auto *array = at->if_array()) {
                const auto index = below(array->size() + 1);
                token = below(5) == 0 ? "-" : std::to_string(index);
                at = index < array->size() ? &(*array)[index] : nullptr;
            } else if (const auto *object = at->if_object()) {
                if (!object->empty() && below(3) != 0)
                    token = (object->begin() + static_cast<std::ptrdiff_t>(below(object->size())))->key();
                at = object->if_contains(token);
            } else {
                break;
            }
            path = path.child(std::move(token));
        }
        return path;
    }

    json::PatchOperation operation(const Value &document)
    {
        json::PatchOperation op{.kind = static_cast<OperationKind>(below(8)), .path = path(document)};
        const Value *at = json::find(document, op.path);
        if (op.kind == OperationKind::Move || op.kind == OperationKind::Copy)
            op.from = path(document);
        else if (op.kind == OperationKind::Test)
            op.value = at ? *at : Value(1);
        else if (op.kind == OperationKind::Inc)
            op.value = static_cast<std::int64_t>(below(5)) - 2;
        else if (op.kind == OperationKind::Max)
            op.value = at && at->is_string() ? Value(toText(Timestamp(1'700'000'001'500))) : Value(2);
        else if (op.kind != OperationKind::Remove)
            op.value = below(3) == 0 ? Value(7) : value(2); // 7: two patches often write the same
        return op;
    }

    // Of few names, so that many lie above, beside and at each other.
    json::Footprint footprint(std::uint64_t most)
    {
        std::vector<json::FootprintEntry> entries;
        for (auto left = below(most + 1); left > 0; --left) {
            std::vector<std::string> tokens;
            for (auto depth = below(5); depth > 0; --depth)
                tokens.push_back(std::string(1, static_cast<char>('a' + below(4))));
            json::FootprintEntry entry{.path = Pointer(std::move(tokens)), .kind = kind(), .guarded = below(8) == 0, .inArray = below(8) == 0};
            if (entry.kind == json::FootprintEntry::Kind::Write && below(2) == 0)
                entry.value = sha256(std::string(1, static_cast<char>('0' + below(2))));
            entries.push_back(std::move(entry));
        }
        return json::Footprint::fromEntries(std::move(entries));
    }
    json::FootprintEntry::Kind kind() // mostly reads: what writes meets nearly everything
    {
        return below(4) > 0 ? json::FootprintEntry::Kind::Read : static_cast<json::FootprintEntry::Kind>(1 + below(3));
    }

    // One that applies to `document`, which it changes; made step by step on what the steps before left.
    std::pair<json::Patch, json::Footprint> patch(Value &document)
    {
        json::Patch patch;
        const Value start = document;
        const auto steps = 1 + below(3);
        for (int attempt = 0; attempt < 12 && patch.operations().size() < steps; ++attempt) {
            json::PatchOperation op = operation(document);
            if (json::apply(document, json::Patch({op})))
                patch.append(std::move(op));
        }
        Value again = start;
        auto applied = json::apply(again, patch);
        return {std::move(patch), applied ? std::move(applied->footprint) : json::Footprint::everything()};
    }

private:
    SeededRandom m_random;
};

std::uint64_t runs(std::uint64_t standard)
{
    return qEnvironmentVariableIsSet("EVENTSYNC_RUNS") ? qEnvironmentVariable("EVENTSYNC_RUNS").toULongLong() : standard;
}

std::uint64_t firstSeed()
{
    return qEnvironmentVariable("EVENTSYNC_SEED", QStringLiteral("1")).toULongLong();
}

std::string story(std::uint64_t seed, std::initializer_list<Value> values)
{
    std::string text = "EVENTSYNC_SEED=" + std::to_string(seed) + " EVENTSYNC_RUNS=1";
    for (const Value &value : values)
        text += "\n    " + json::canonical(value);
    return text;
}

} // namespace

void PropertyTest::patchesThatDoNotOverlapCommute()
{
    std::uint64_t apart = 0, overlapping = 0, bothOrders = 0;
    const std::uint64_t wanted = runs(100'000); // pairs that do not overlap; the others do not count
    for (std::uint64_t seed = firstSeed(); apart < wanted && seed < firstSeed() + 40 * wanted; ++seed) {
        Maker make(seed);
        const Value document = make.object(3, 2 + make.below(5));
        Value afterA = document;
        Value afterB = document;
        const auto [a, footprintA] = make.patch(afterA);
        const auto [b, footprintB] = make.patch(afterB);
        QCOMPARE(json::overlaps(footprintA, footprintB), json::overlaps(footprintB, footprintA));
        if (json::overlaps(footprintA, footprintB)) {
            ++overlapping;
            if (wanted == 1)
                return;
            continue;
        }
        ++apart;
        const bool aThenB = json::apply(afterA, b).has_value();
        const bool bThenA = json::apply(afterB, a).has_value();
        if (aThenB && bThenA) {
            ++bothOrders;
            if (json::canonical(afterA) != json::canonical(afterB))
                QFAIL(story(seed, {document, a.toJson(), b.toJson(), afterA, afterB}).c_str());
        }
        // A footprint is the same after it was stored.
        const auto stored = json::Footprint::fromBytes(footprintA.toBytes());
        QVERIFY2(stored && *stored == footprintA, story(seed, {document, a.toJson()}).c_str());
    }
    QCOMPARE(apart, wanted);
    if (wanted > 1000) { // the random pairs are worth something: many overlap, and most of the others apply both ways
        QVERIFY(overlapping > wanted / 10);
        QVERIFY(bothOrders > wanted * 9 / 10);
    }
}

void PropertyTest::overlapIsThatOfAllPairs()
{
    using Kind = json::FootprintEntry::Kind;
    const auto meet = [](const json::FootprintEntry &a, const json::FootprintEntry &b) {
        if (a.path == b.path)
            return a.kind != b.kind || (a.kind == Kind::Write && (!a.value || a.value != b.value || a.inArray || b.inArray || a.guarded || b.guarded));
        return (a.path.isPrefixOf(b.path) || b.path.isPrefixOf(a.path)) && (a.kind != Kind::Read || b.kind != Kind::Read);
    };
    std::uint64_t overlapping = 0;
    for (std::uint64_t seed = firstSeed(); seed < firstSeed() + runs(50'000); ++seed) {
        Maker make(seed);
        const json::Footprint a = make.footprint(6), b = make.footprint(12);
        const bool expected = std::ranges::any_of(a.entries(), [&](const json::FootprintEntry &one) {
            return std::ranges::any_of(b.entries(), [&](const json::FootprintEntry &other) { return meet(one, other); });
        });
        overlapping += expected ? 1 : 0;
        QVERIFY2(json::overlaps(a, b) == expected && json::overlaps(b, a) == expected, story(seed, {}).c_str());
    }
    if (runs(50'000) > 1000)
        QVERIFY(overlapping > runs(50'000) / 10 && overlapping < runs(50'000) * 9 / 10);
}

void PropertyTest::inverseGivesBackTheStateBefore()
{
    for (std::uint64_t seed = firstSeed(); seed < firstSeed() + runs(20'000); ++seed) {
        Maker make(seed);
        const Value document = make.object(3, 2 + make.below(5));
        const std::string before = json::canonical(document);
        json::Patch patch;
        for (auto steps = 1 + make.below(4); steps > 0; --steps)
            patch.append(make.operation(document)); // not made to fit: many fail midway
        Value value = document;
        const auto applied = json::apply(value, patch);
        const std::string after = json::canonical(value);
        auto told = [&] { return story(seed, {document, patch.toJson()}); };
        if (!applied) {
            QVERIFY2(after == before, told().c_str());
            continue;
        }
        QVERIFY2(applied->changed == (after != before), told().c_str());
        QVERIFY2(applied->sizeChange == std::ptrdiff_t(after.size()) - std::ptrdiff_t(before.size()), told().c_str());
        const auto undone = json::apply(value, applied->inverse, {.size = after.size()});
        QVERIFY2(undone.has_value(), told().c_str());
        QVERIFY2(json::canonical(value) == before, told().c_str());
        QVERIFY2(json::apply(value, undone->inverse).has_value(), told().c_str());
        QVERIFY2(json::canonical(value) == after, told().c_str());
    }
}

void PropertyTest::diffLeadsFromOneValueToTheOther()
{
    using json::PathRule;
    static constexpr PathRule kRules[] = {PathRule::Plain, PathRule::Counter, PathRule::Latest};
    for (std::uint64_t seed = firstSeed(); seed < firstSeed() + runs(20'000); ++seed) {
        Maker make(seed);
        const Value before = make.value(4);
        Value after = before;
        if (make.below(4) == 0)
            after = make.value(4);
        else
            make.patch(after);
        const PathRule rule = kRules[make.below(std::size(kRules))];
        json::DiffOptions options{.rule = [&](const Pointer &) { return rule; }};
        if (make.below(3) == 0)
            options.arrayCost = 2;
        if (make.below(3) == 0)
            options.fineBytes = make.below(2) * 100; // coarse, though the values are small
        const json::Patch patch = json::diff(before, after, options);
        auto told = [&] { return story(seed, {before, after, patch.toJson()}); };
        QVERIFY2(patch.isEmpty() == json::equal(before, after), told().c_str());
        Value value = before;
        const auto applied = json::apply(value, patch);
        QVERIFY2(applied.has_value(), told().c_str());
        QVERIFY2(json::canonical(value) == json::canonical(after), told().c_str());
    }
}

void PropertyTest::mergePatchLeadsFromOneValueToTheOther()
{
    int said = 0;
    for (std::uint64_t seed = firstSeed(); seed < firstSeed() + runs(20'000); ++seed) {
        Maker make(seed);
        const Value before = make.object(3, 4);
        Value after = before;
        make.patch(after);
        const auto patch = json::mergePatchFor(before, after);
        if (!patch)
            continue;
        ++said;
        QVERIFY2(json::equal(json::applyMergePatch(before, *patch), after), story(seed, {before, after, *patch}).c_str());
    }
    QVERIFY(said > 0);
}
