// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/ids.h>
#include <eventsync/storage/backend.h>

#include <cstdint>
#include <vector>

namespace eventsync::eventlog {

/// What a writer must read from its store first: the numbers in use, and the documents whose derived rows lag the log.
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
