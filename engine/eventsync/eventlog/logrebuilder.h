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

struct RebuildProgress
{
    std::int64_t documents = 0, events = 0; ///< so far
};

struct RebuildOptions
{
    std::optional<DocumentId> document = {}; ///< none: all that have a row or a log
    std::int64_t snapshotEvery = limits::kSnapshotEveryEvents; ///< 0: none but the one that a compacted log needs
    std::function<void(const RebuildProgress &)> progress = {}; ///< after each document
};

struct RebuildReport
{
    std::int64_t documents = 0, events = 0, snapshots = 0; ///< rebuilt, folded, written
    std::vector<Finding> findings; ///< of documents whose log is not sound: nothing of theirs was changed
};

/// Makes everything that is derived from the logs anew: documents' rows, vector clocks, snapshots (G4), each document's as one
/// commit. A row that is gone altogether is made again from its log, unless that was compacted. A log that does not prove itself
/// is left alone and reported: what is derived from it may be all that is left. State vectors, clients and kept ids are no
/// derived data and stay.
/// For a store that nobody else uses. Blocks; see commitAndWait().
Result<RebuildReport> rebuildLogs(storage::Backend &backend, const Clock &clock, const RebuildOptions &options = {});

} // namespace eventsync::eventlog
