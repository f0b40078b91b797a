// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/eventlog/finding.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/storage/backend.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace eventsync::eventlog {

/// How far a rebuild is.
struct RebuildProgress
{
    std::int64_t documents = 0, events = 0; ///< so far
};

/// What a rebuild does.
struct RebuildOptions
{
    std::optional<DocumentId> document = {}; ///< none: all that have a row or a log
    std::int64_t snapshotEvery = limits::kSnapshotEveryEvents; ///< 0: only the one that a compacted log needs
    std::function<void(const RebuildProgress &)> progress = {}; ///< after each document
};

/// What a rebuild has done.
struct RebuildReport
{
    std::int64_t documents = 0, events = 0, snapshots = 0; ///< rebuilt, folded, written
    std::vector<Finding> findings; ///< of documents with a damaged log, which are not changed
};

/// Writes all derived rows again from the logs: documents' rows, vector clocks and snapshots (G4), with one commit per
/// document. A missing row is made from its log, unless that was compacted. A damaged log is reported and its derived rows are
/// kept, because they may be all that is left. State vectors, clients and kept ids are not derived and stay. For a store that
/// no other process uses. Blocks; see commitAndWait().
Result<RebuildReport> rebuildLogs(storage::Backend &backend, const Clock &clock, const RebuildOptions &options = {});

} // namespace eventsync::eventlog
