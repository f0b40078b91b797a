// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/eventlog/eventstore.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace eventsync::eventlog {

struct CompactProgress
{
    std::int64_t documents = 0, events = 0; ///< looked at, removed
};

/// Events are removed up to the first one that a rule given here keeps; the last event of a log always stays.
struct CompactOptions
{
    std::optional<DocumentId> document = {};   ///< none: all
    std::optional<std::int64_t> keep = {};     ///< the last so many events of each document
    std::optional<Timestamp> before = {};      ///< only events stored before this moment
    /// For a tiered archive: sees each event before it is removed, in order. An error stops there, and the event stays. What
    /// was archived may be archived again after a failure: told apart by (document, serverSeq).
    std::function<Result<>(const DocumentRow &document, const LoggedEvent &event)> archive = {};
    std::function<void(const CompactProgress &)> progress = {}; ///< after each document
};

/// Where the beginning of a log moves from and to; the events between go.
struct CompactStep
{
    DocumentId documentId;
    ServerSeq from, to; ///< horizons
};

/// A document that is damaged keeps its log, and holds up no other.
struct UnreadableDocument
{
    DocumentId documentId;
    Error error; ///< Corrupt
};

struct CompactPlan
{
    std::vector<CompactStep> steps;
    std::vector<UnreadableDocument> unreadable;
};

/// What the options ask for, of the logs as they stand: a step for each document that loses events. One planner for a store at
/// rest and for a running server, which takes the steps through SyncService::compact. InvalidValue without a rule; NotFound; of
/// a document that was named, Corrupt.
Result<CompactPlan> planCompaction(storage::ReadView &view, const CompactOptions &options);

/// The first event of a log that stays where the last `keep` (at least 1) do.
Result<ServerSeq> keptFrom(storage::ReadView &view, const DocumentRow &row, std::int64_t keep);

struct CompactReport
{
    std::int64_t documents = 0, events = 0; ///< with events removed; removed
    std::vector<UnreadableDocument> unreadable = {};
};

/// Removes the beginnings of logs (G13): no state, no head, no chain value, no clock and no id changes; a snapshot and the removed
/// events' ids are written with each step. A running server has SyncService::compact; this is for a store that nobody else uses.
/// InvalidValue without a rule. Blocks; see commitAndWait().
Result<CompactReport> compactLogs(storage::Backend &backend, const Clock &clock, const CompactOptions &options);

/// Forgets the replicas not seen since `before`: their state vectors go, their right to the id goes; their events, ids and
/// clock rows stay. Gives how many. For a store that nobody else uses.
Result<std::int64_t> expireClients(storage::Backend &backend, Timestamp before);

} // namespace eventsync::eventlog
