// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/ids.h>

#include <cstdint>
#include <set>

namespace eventsync::eventlog {

/// How far the rows that are derived from one document's log stand in the store.
struct RowsProgress
{
    ServerSeq at;                    ///< of the event that they stand at
    std::int64_t firstUnwritten = 0; ///< position of the first event after it; 0: none
    std::set<ClientId> authors = {}; ///< whose clock rows have to be written
    ServerSeq snapshotSeq = {};      ///< of the latest stored snapshot; 0: none
};

} // namespace eventsync::eventlog
