// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documentengine.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/rulesbook.h>
#include <eventsync/eventlog/storeaccess.h>

namespace eventsync::eventlog {

// Found by name once: some count with every push. None without Metrics.
struct EngineMetrics
{
    explicit EngineMetrics(Metrics &all);
    Counter &commits;
    Histogram &rows;
    Counter &events;
    Histogram &commitTime;
};

// All that the documents of an engine share. Everything else belongs to one document, so documents may be divided among several
// engines by their ids: then the three positions and the bytes become atomic, and the books of rules and author ids one for each.
struct EngineState
{
    EngineState(storage::Backend &backend, Executor &executor, const Clock &time, Random &randomSource, DocumentEngine::Options given);

    bool writesRowsAtOnce() const { return options.rows == DocumentEngine::Rows::AtOnce; }
    bool hasRoomToValidate() const { return waitingHeld <= limits::kCommitHeldBytes; }
    std::int64_t snapshotEvery(const std::optional<CollectionName> &collection) const; // events; 0: never by itself

    StoreAccess store;
    const Clock &clock;
    Random &random;
    DocumentEngine::Options options;
    const std::shared_ptr<MemoryAccount> memory;
    std::optional<EngineMetrics> metrics;
    CommitObserver *observer = nullptr;
    RulesBook rules;
    UuidGenerator uuids;

    std::int64_t lastNumber = 0;    // of a document
    std::int64_t lastPosition = 0;  // committed, in the order of arrival
    std::int64_t derivedStored = 0; // every event up to here is in the derived rows, and this is recorded in the store
    std::size_t waitingHeld = 0;    // bytes of submissions that wait for commits
};

} // namespace eventsync::eventlog
