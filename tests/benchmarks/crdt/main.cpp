// SPDX-License-Identifier: Apache-2.0
// bench_crdt: what a JSON CRDT document costs, beside its rivals, in one table.
#include "rivals.h"
#include "scenarios.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace {

struct Row
{
    const char *work;
    const char *name;
    const char *unit;
};

const Row kRows[] = {
    {"type the paper, one encoded patch per edit", bench::kTypeEncoded, "ms"},
    {"the same, edits only", bench::kType, "ms"},
    {"receive: decode and apply 259,778 patches", bench::kReceive, "ms"},
    {"bytes of such a patch", bench::kReceiveBytes, "B"},
    {"merge a concurrent session, one by one", bench::kConcurrent, "ms"},
    {"merge two offline sessions of 10,000 edits", bench::kOffline, "ms"},
    {"100,000 updates of 1,000 keys, local", bench::kKeysLocal, "ms"},
    {"the same, received", bench::kKeysReceived, "ms"},
    {"save the finished paper", bench::kSave, "ms"},
    {"load it", bench::kLoad, "ms"},
    {"its size", bench::kSavedKb, "kB"},
    {"its heap", bench::kHeapKb, "kB"},
};

void printTable(const bench::Results &ours, const std::vector<std::pair<std::string, bench::Results>> &rivals)
{
    std::printf("| work | EventSync |");
    for (const auto &[name, results] : rivals)
        std::printf(" %s | ratio |", name.c_str());
    std::printf("\n|---|---|");
    for (std::size_t i = 0; i < rivals.size(); ++i)
        std::printf("---|---|");
    std::printf("\n");
    for (const Row &row : kRows) {
        const double own = ours.at(row.name);
        std::printf("| %s | %.3g %s |", row.work, own, row.unit);
        for (const auto &[name, results] : rivals) {
            const auto it = results.find(row.name);
            if (it == results.end())
                std::printf(" | |");
            else
                std::printf(" %.3g %s | %.2f |", it->second, row.unit, it->second / own);
        }
        std::printf("\n");
    }
}

} // namespace

int main(int argc, char **argv)
{
    if (argc == 4 && std::strcmp(argv[1], "--flatten") == 0)
        return bench::flatten(argv[2], argv[3]);
    const std::string folder = std::string(EVENTSYNC_BENCH_FOLDER) + "/traces";
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    if (!bench::prepareTraces(self, folder)) {
        std::fprintf(stderr, "no editing traces: set EVENTSYNC_CONFORMANCE_DIR to the folder of the conformance data\n");
        return 1;
    }
    const std::string start(20'000, 'x');
    bench::writeTrace(folder + "/offline-left.flat", {start, bench::offlineSession(1, 20'000, 10'000)});
    bench::writeTrace(folder + "/offline-right.flat", {start, bench::offlineSession(2, 20'000, 10'000)});

    const bool alone = argc == 2 && std::strcmp(argv[1], "--alone") == 0;
    const auto rivals = alone ? std::vector<std::pair<std::string, bench::Results>>()
                              : bench::measureRivals(EVENTSYNC_BENCH_SOURCE, folder);
    const bench::Results ours = bench::measureEventSync(folder);
    std::printf("Minima of several runs; a ratio above 1 means that EventSync is better.\n\n");
    printTable(ours, rivals);
    std::printf("\nGrowth: ten times the work may take a little more than ten times as long (n log n).\n\n");
    std::printf("| work | n | 10 n | ratio |\n|---|---|---|---|\n");
    for (const bench::Growth &growth : bench::measureGrowth(folder))
        std::printf("| %s | %.3g ms | %.3g ms | %.1f |\n", growth.what.c_str(), growth.small, growth.large, growth.large / growth.small);
    return 0;
}
