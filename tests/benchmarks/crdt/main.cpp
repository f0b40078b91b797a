// SPDX-License-Identifier: Apache-2.0
// bench_crdt: what a JSON CRDT document costs, beside its rivals, in one table. --alone leaves the rivals out.
#include "rivals.h"
#include "scenarios.h"

#include "../table.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace eventsync::bench {
namespace {

struct Row
{
    const char *work;
    const char *name;
    const char *unit;
    double aim; // 0: none
};

const Row kRows[] = {
    {"type the paper, one encoded patch per edit", kTypeEncoded, "ms", 27},
    {"the same, edits only", kType, "ms", 10},
    {"receive: decode and apply 259,778 patches", kReceive, "ms", 34},
    {"bytes of such a patch", kReceiveBytes, "B", 0},
    {"merge a concurrent session, one by one", kConcurrent, "ms", 3.2},
    {"merge two offline sessions of 10,000 edits", kOffline, "ms", 5},
    {"100,000 updates of 1,000 keys, local", kKeysLocal, "ms", 25},
    {"the same, received", kKeysReceived, "ms", 25},
    {"save the finished paper", kSave, "ms", 0.7},
    {"load it", kLoad, "ms", 1.6},
    {"its size", kSavedKb, "kB", 0},
    {"its heap", kHeapKb, "kB", 1000},
};

void printRow(const Row &row, const Results &ours, const std::vector<Rival> &rivals)
{
    const double own = ours.at(row.name);
    double least = 0;
    std::printf("| %s | %s |", row.work, text(own, row.unit).c_str());
    for (const Rival &rival : rivals) {
        const auto it = rival.results.find(row.name);
        if (it == rival.results.end()) {
            std::printf(" |");
            continue;
        }
        std::printf(" %s |", text(it->second, row.unit).c_str());
        least = least == 0 ? it->second : std::min(least, it->second);
    }
    std::printf(" %s |", least == 0 ? "-" : text(own / least, "").c_str());
    if (row.aim == 0)
        std::printf(" - | - |\n");
    else
        std::printf(" %g %s | %s |\n", row.aim, row.unit, own <= row.aim ? "yes" : "no");
}

void printTable(const Results &ours, const std::vector<Rival> &rivals)
{
    std::printf("Times are the least processor time of several runs. Ratio: EventSync's beside the best rival's; below 1 "
                "EventSync is better.\n\n| work | EventSync |");
    for (const Rival &rival : rivals)
        std::printf(" %s |", rival.name.c_str());
    std::printf(" ratio | aim | met |\n|---|---|");
    for (std::size_t i = 0; i < rivals.size() + 3; ++i)
        std::printf("---|");
    std::printf("\n");
    for (const Row &row : kRows)
        printRow(row, ours, rivals);
}

// Beside n log n as arithmetic has it stands a structure that nobody doubts: a std::set, on this machine with its caches.
void printGrowth(const std::vector<Growth> &all)
{
    std::printf("\nGrowth: how many times as long ten times as much takes, beside n log n and a std::set of as many numbers.\n\n"
                "| work | n | time | 10 n | ratio | n log n | std::set |\n|---|---|---|---|---|---|---|\n");
    for (const Growth &growth : all) {
        const double allowed = 10 * (1 + std::log(10.0) / std::log(static_cast<double>(growth.count)));
        std::printf("| %s | %zu | %s | %s | %.1f | %.1f | %.1f |\n", growth.what.c_str(), growth.count,
                    text(growth.small, "ms").c_str(), text(growth.large, "ms").c_str(), growth.large / growth.small, allowed,
                    growth.setLarge / growth.setSmall);
    }
}

int run(bool alone)
{
    const std::string folder = std::string(EVENTSYNC_BENCH_FOLDER) + "/traces";
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    if (!prepareTraces(self, folder)) {
        std::fprintf(stderr, "no editing traces: set EVENTSYNC_CONFORMANCE_DIR to the folder of the conformance data\n");
        return 1;
    }
    const std::string start(20'000, 'x');
    writeTrace(folder + "/offline-left.flat", {start, offlineSession(1, 20'000, 10'000)});
    writeTrace(folder + "/offline-right.flat", {start, offlineSession(2, 20'000, 10'000)});

    const std::vector<Rival> rivals = alone ? std::vector<Rival>() : measureRivals(EVENTSYNC_BENCH_SOURCE, folder);
    printTable(measureEventSync(folder), rivals);
    printGrowth(measureGrowth(folder));
    return 0;
}

} // namespace
} // namespace eventsync::bench

int main(int argc, char **argv)
{
    if (argc == 4 && std::strcmp(argv[1], "--flatten") == 0)
        return eventsync::bench::flatten(argv[2], argv[3]);
    return eventsync::bench::run(argc == 2 && std::strcmp(argv[1], "--alone") == 0);
}
