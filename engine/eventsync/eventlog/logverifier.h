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

struct VerifyProgress
{
    std::int64_t documents = 0, events = 0, findings = 0; ///< so far
};

struct VerifyOptions
{
    std::optional<DocumentId> document = {};              ///< none: the whole store
    std::size_t keepFindings = limits::kVerifyFindings;   ///< the rest is counted only
    std::function<void(const VerifyProgress &)> progress = {}; ///< after each document
    /// Called between two documents: from then on the view may show a later moment (storage::SteppedView).
    std::function<void()> step = [] {};
};

struct VerifyReport
{
    std::int64_t documents = 0, events = 0, snapshots = 0;
    std::vector<Finding> findings;
    std::int64_t found = 0; ///< all, those not kept included
    bool isIntact() const { return found == 0; }
};

/// Reads every log of a store from its beginning and says what is wrong with it: digests and chain (G2: any change of a byte, a
/// missing or swapped event), clients' numbers (G3), the fold, what is stored beside events, and everything that is derived from
/// the log: documents' rows, snapshots, vector clocks, state vectors, kept ids (G4). An error only if the view itself fails;
/// NotFound if the document asked for is not there. Reads one event at a time; memory holds one document's state.
/// Blocks; on a thread of its own. Each document is looked at as of one moment.
Result<VerifyReport> verifyLogs(storage::ReadView &view, const VerifyOptions &options = {});

} // namespace eventsync::eventlog
