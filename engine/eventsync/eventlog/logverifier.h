// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/finding.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/storage/backend.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace eventsync::eventlog {

/// How far a verification is.
struct VerifyProgress
{
    std::int64_t documents = 0, events = 0, findings = 0; ///< so far
};

/// What a verification checks.
struct VerifyOptions
{
    std::optional<DocumentId> document = {};              ///< none: the whole store
    std::size_t keepFindings = limits::kVerifyFindings;   ///< further ones are only counted
    std::function<void(const VerifyProgress &)> progress = {}; ///< after each document
    /// Called between two documents: from then on the view may show a later moment (storage::SteppedView).
    std::function<void()> step = [] {};
};

/// What a verification has found.
struct VerifyReport
{
    std::int64_t documents = 0, events = 0, snapshots = 0;
    std::vector<Finding> findings;
    std::int64_t found = 0; ///< including those that were not kept
    bool isIntact() const { return found == 0; }
};

/// Reads every log of a store from its beginning and reports all damage: digests and chain (G2: any change of a byte, a missing
/// or swapped event), clients' numbers (G3), the fold, the columns beside events, and everything that is derived from the log:
/// documents' rows, snapshots, vector clocks, state vectors, kept ids (G4). An error only if the view itself fails; NotFound if
/// a requested document does not exist. Reads one event at a time; memory holds one document's state. Blocks; on a thread of
/// its own. Each document is checked as of one moment.
Result<VerifyReport> verifyLogs(storage::ReadView &view, const VerifyOptions &options = {});

} // namespace eventsync::eventlog
