// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/sync/synccontext_p.h>

#include <functional>

namespace eventsync::sync {

struct StartPosition
{
    ServerSeq after;       // the subscriber has everything up to here
    bool diverged = false; // the subscriber has a history that is not in this log
};

// Finds where a subscriber starts: at its position, if the hash chain shows that its history is a part of this log; otherwise
// at the last checkpoint for which this holds; or by its vector clock. If memory does not have the answer it is looked up, so
// `done` is called at once or later, on the engine's thread.
void findStart(SyncContext &context, const eventlog::DocumentPtr &document, const protocol::Subscribe &message,
               const storage::Queries::Requester &requester, std::function<void(const Result<StartPosition> &)> done);

} // namespace eventsync::sync
