// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/eventlog/eventstore.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace eventsync::eventlog {

/// How far a compaction is.
struct CompactProgress
{
    std::int64_t documents = 0, events = 0; ///< documents processed, events removed
};

/// What a compaction removes: the events before the first one that a rule given here keeps. The last event of a log always
/// stays.
struct CompactOptions
{
    std::optional<DocumentId> document = {};   ///< none: all
    std::optional<std::int64_t> keep = {};     ///< the last so many events of each document
    std::optional<Timestamp> before = {};      ///< only events stored before this moment
    /// For an archive: called with each event before it is removed, in order. An error stops the compaction, and the event
    /// stays. After a failure an event may be archived again; (document, serverSeq) identifies it.
    std::function<Result<>(const DocumentRow &document, const LoggedEvent &event)> archive = {};
    std::function<void(const CompactProgress &)> progress = {}; ///< after each document
};

/// Moves the beginning of a log; the events between are removed.
struct CompactStep
{
    DocumentId documentId;
    ServerSeq from, to; ///< horizons
};

/// A damaged document keeps its log, and does not stop the compaction of others.
struct UnreadableDocument
{
    DocumentId documentId;
    Error error; ///< Corrupt
};

/// What a compaction will remove, by document.
struct CompactPlan
{
    std::vector<CompactStep> steps;
    std::vector<UnreadableDocument> unreadable;
};

/// The plan for these options and the current logs: a step for each document that loses events. Used for a store without a
/// server and by a running server, which carries the steps out with SyncService::compact. InvalidValue without a rule;
/// NotFound; Corrupt for a document that was named.
Result<CompactPlan> planCompaction(storage::ReadView &view, const CompactOptions &options);

/// The first event that stays if the last `keep` (at least 1) events stay.
Result<ServerSeq> keptFrom(storage::ReadView &view, const DocumentRow &row, std::int64_t keep);

/// What a compaction has removed.
struct CompactReport
{
    std::int64_t documents = 0, events = 0; ///< documents with removed events; events removed
    std::vector<UnreadableDocument> unreadable = {};
};

/// Removes the beginnings of logs (G13): no state, no head, no chain value, no clock and no id changes; each step writes a
/// snapshot and the ids of the removed events. For a store that no other process uses; a running server has
/// SyncService::compact. InvalidValue without a rule. Blocks; see commitAndWait().
Result<CompactReport> compactLogs(storage::Backend &backend, const Clock &clock, const CompactOptions &options);

/// Expires the replicas that have not connected since `before`: their state vectors and their right to the id are removed;
/// their events, ids and clock rows stay. Returns how many. For a store that no other process uses.
Result<std::int64_t> expireClients(storage::Backend &backend, Timestamp before);

} // namespace eventsync::eventlog
