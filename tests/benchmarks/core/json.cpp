// SPDX-License-Identifier: Apache-2.0
//
// diff() and apply() of module json beside nlohmann::json's diff() and patch(), on a record list of about 1 KB, 100 KB
// and 4 MB in which ten leaves (of the smallest: nine) change. Ours applies as the engine does: in place, with the
// inverse and the footprint made, all or nothing. nlohmann's patch() copies the document, its patch_inplace() does not
// (and leaves half a patch on an error); both are there. The last row: one leaf of the 4 MB document edited, beside a
// copy of the document.
#include "../measure.h"
#include "../table.h"
#include "../workload.h"

#include <eventsync/json/diff.h>

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace eventsync;
using namespace eventsync::bench;

namespace {

constexpr int kRuns = 7;
constexpr std::int64_t kLeaves = 10;
constexpr double kRunSeconds = 0.05; // a run repeats its work for at least so long

struct Size
{
    const char *name;
    std::int64_t records;
};

json::Value recordList(std::int64_t records)
{
    std::string text = R"({"items":{)";
    for (std::int64_t i = 0; i < records; ++i) {
        const std::string n = std::to_string(i);
        text += (i == 0 ? "" : ",") + ("\"record-" + n) + R"(":{"name":"Record number )" + n + R"(","gold":)" + n +
                R"(,"ratio":0.)" + std::to_string(i % 9 + 1) + R"(,"tags":["red","green","blue"],"open":true})";
    }
    return parsed(text + "}}");
}

void editLeaves(json::Value &document, std::int64_t records, std::int64_t leaves)
{
    json::Object &items = document.as_object()["items"].as_object();
    for (std::int64_t k = 0; k < leaves; ++k)
        items["record-" + std::to_string(k * records / leaves)].as_object()["gold"] = -1 - k;
}

// Seconds of processor time that `work` takes once. `prepare` runs before each and is not counted.
template<class Prepare, class Work> double secondsOnce(const Prepare &prepare, const Work &work)
{
    double total = 0;
    std::int64_t times = 0;
    while (total < kRunSeconds) {
        auto prepared = prepare();
        const double begin = threadCpuSeconds();
        work(prepared);
        total += threadCpuSeconds() - begin;
        ++times;
    }
    return total / static_cast<double>(times);
}

struct Documents
{
    explicit Documents(std::int64_t records, std::int64_t leaves) : before(recordList(records)), after(before)
    {
        editLeaves(after, records, leaves);
        size = json::canonicalSize(before);
        patch = json::diff(before, after);
        back = json::diff(after, before);
        theirBefore = nlohmann::json::parse(json::canonical(before));
        theirAfter = nlohmann::json::parse(json::canonical(after));
        theirPatch = nlohmann::json::parse(json::canonical(patch.toJson()));
        theirBack = nlohmann::json::parse(json::canonical(back.toJson()));
    }
    json::Value before, after;
    std::size_t size = 0;
    json::Patch patch, back;
    nlohmann::json theirBefore, theirAfter, theirPatch, theirBack;
};

const auto nothing = [] { return 0; };

double ourApply(json::Value &document, const Documents &documents)
{
    // There and back, so that the document need not be made anew; half of it is one.
    return secondsOnce(nothing,
                       [&](int) {
                           const auto there = json::apply(document, documents.patch, {.size = documents.size});
                           EVENTSYNC_ASSERT(there.has_value());
                           const auto back =
                               json::apply(document, documents.back,
                                           {.size = documents.size + static_cast<std::size_t>(there->sizeChange)});
                           EVENTSYNC_ASSERT(back.has_value() && back->sizeChange == -there->sizeChange);
                       }) /
           2;
}

void compare(Table &table, const Size &size)
{
    const std::int64_t leaves = std::min<std::int64_t>(kLeaves, size.records);
    Documents documents(size.records, leaves);
    Series diffs, copying, inPlace;
    for (int run = 0; run < kRuns; ++run) {
        const double ourDiff = secondsOnce(nothing, [&](int) {
            EVENTSYNC_ASSERT(json::diff(documents.before, documents.after).operations().size() == std::size_t(leaves));
        });
        diffs.add(ourDiff * 1e6,
                  1e6 * secondsOnce(nothing, [&](int) {
                      EVENTSYNC_ASSERT(nlohmann::json::diff(documents.theirBefore, documents.theirAfter).size() ==
                                       std::size_t(leaves));
                  }));
        const double ours = ourApply(documents.before, documents) * 1e6;
        copying.add(ours, 1e6 * secondsOnce(nothing, [&](int) {
                              EVENTSYNC_ASSERT(!documents.theirBefore.patch(documents.theirPatch).empty());
                          }));
        inPlace.add(ours, 0.5e6 * secondsOnce(nothing, [&](int) {
                              documents.theirBefore.patch_inplace(documents.theirPatch);
                              documents.theirBefore.patch_inplace(documents.theirBack);
                          }));
    }
    const std::string name = std::string(", ") + size.name + ", CPU";
    table.add("json diff" + name, diffs, "us", Target{Target::Kind::AtMost, 1});
    table.add("json apply" + name + " (nlohmann: patch)", copying, "us", Target{Target::Kind::AtMost, 1});
    table.add("json apply" + name + " (nlohmann: patch_inplace)", inPlace, "us", std::nullopt);
}

void oneLeaf(Table &table, const Size &size)
{
    Documents documents(size.records, 1);
    Series series;
    for (int run = 0; run < kRuns; ++run) {
        const double ours = ourApply(documents.before, documents);
        series.add(ours * 1e6, 1e6 * secondsOnce(nothing, [&](int) {
                                   const json::Value copy = documents.before;
                                   EVENTSYNC_ASSERT(copy.is_object());
                               }));
    }
    table.add(std::string("one leaf of a ") + size.name + " document, beside a copy of it, CPU", series, "us",
              Target{Target::Kind::AtMost, 0.01});
}

} // namespace

int main()
{
    const Size sizes[] = {{"1 KB", 9}, {"100 KB", 900}, {"4 MB", 36'000}};
    Table table;
    for (const Size &size : sizes)
        compare(table, size);
    oneLeaf(table, sizes[2]);
    table.print();
    return 0;
}
