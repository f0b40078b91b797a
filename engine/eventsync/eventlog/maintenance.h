// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/logcompactor.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace eventsync::eventlog {

/// What is done automatically for the logs of one collection.
struct Maintenance
{
    std::optional<std::int64_t> keep = {};  ///< the number of last events of each document that stay; older ones are removed. None: all stay
    std::chrono::milliseconds every = limits::kCompactEvery;
    std::int64_t snapshotEvery = limits::kSnapshotEveryEvents; ///< events; 0: no automatic snapshots
    bool operator==(const Maintenance &) const = default;
};
using MaintenanceRules = std::map<CollectionName, Maintenance>;

/// Compacts logs by their collections' rules: reads the documents of a collection, some hundreds at a time, and requests
/// compaction of one document after the other, so that edits are processed in between. A log is compacted only when at least a
/// tenth of the events that it keeps can be removed. The owner calls tick(), and reads and compacts for it; nothing waits for
/// it. Owner only.
class CompactionSchedule
{
public:
    /// Documents of a collection in the order of their ids.
    struct Page
    {
        std::vector<CompactStep> steps;
        std::vector<UnreadableDocument> unreadable;
        std::optional<DocumentId> next; ///< where the following page begins; none: this was the last
    };
    struct Calls
    {
        std::function<void(std::function<Result<Page>(storage::ReadView &)> work, std::function<void(Result<Page>)> done)> read;
        std::function<void(const CompactStep &step, std::function<void(Result<>)> done)> compact;
        std::function<void()> shortened; ///< after a round that removed events
    };

    CompactionSchedule(const Clock &clock, Calls calls) : m_clock(clock), m_calls(std::move(calls)) {}

    void setRules(MaintenanceRules rules) { m_rules = std::move(rules); }
    void tick(); ///< called periodically: begins the rounds that are due; the first one at once

private:
    void readPage(std::optional<DocumentId> from);
    void next();
    void endRound();

    const Clock &m_clock;
    const Calls m_calls;
    MaintenanceRules m_rules;
    std::map<CollectionName, std::chrono::milliseconds> m_last; // when its last round began
    std::optional<CollectionName> m_running;
    std::deque<CompactStep> m_steps;
    std::optional<DocumentId> m_nextPage;
    bool m_removed = false;
};

} // namespace eventsync::eventlog
