// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/ids.h>
#include <eventsync/storage/backend.h>

#include <cstdint>
#include <vector>

namespace eventsync::eventlog {

/// What a writer must know of its store before it does anything: which numbers are taken, and which documents' derived rows
/// lag the log.
struct StoreState
{
    std::int64_t lastNumber = 0;   ///< of a document
    std::int64_t lastPosition = 0; ///< of an event, in the order of arrival
    std::int64_t derived = 0;      ///< every event up to this position is in the derived rows
    std::vector<DocumentId> lagging;

    static Result<StoreState> read(storage::ReadView &view);
};

Result<std::int64_t> lastDocumentNumber(storage::ReadView &view);

} // namespace eventsync::eventlog
