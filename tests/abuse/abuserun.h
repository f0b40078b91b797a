// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "observedserver.h"
#include "ordinaryclients.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace eventsync::abuse {

struct AbuseOptions
{
    std::chrono::seconds quiet{30}, abuse{600};
    std::int64_t documentMiB = 1'024; // the server's max-memory
    bool checksTime = true;        // whether ordinary clients that waited too long are a failure
    std::string only = {};         // one attack; empty: all
};

constexpr std::int64_t kMiB = 1'024 * 1'024;
// What the process may have in memory: its documents, and beside them messages, answers, queues and the database.
constexpr std::int64_t kBesideDocumentsMiB = 256;

struct Waits
{
    std::size_t edits = 0, reads = 0;
    Milliseconds editMedian{}, editLate{}, readMedian{}, readLate{}; // late: the 99th percentile
};

struct AbuseReport
{
    Waits quiet, abused;
    Observation before, after;
    std::vector<std::pair<std::string, std::map<std::string, int>>> attacks; // what each was answered how often
    std::map<std::string, int> failures;                                     // of the ordinary clients
    double busyElsewhere = 0; // processors that other programs used while the quiet values were measured
    std::size_t edited = 0;
    std::vector<std::string> faults; // empty: the server held
    double ratio() const; // of the 99th percentiles, abused to quiet
};

// A server of its own, ten ordinary clients, and every attack at once. A run that cannot be made has a fault that says so.
AbuseReport runAbuse(const AbuseOptions &options);

} // namespace eventsync::abuse
