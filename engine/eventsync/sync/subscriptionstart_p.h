// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/sync/synccontext_p.h>

#include <functional>

namespace eventsync::sync {

struct StartPosition
{
    ServerSeq after;       // the subscriber has everything up to here
    bool diverged = false; // it stood elsewhere, with a history that is not this log's
};

// Where a subscriber starts: at its position if the hash chain says that its history is this log's; at the last checkpoint that is, if
// not; or by its vector clock. What cannot be told from memory is looked up, so `done` comes at once or later, on the engine's thread.
void findStart(SyncContext &context, const eventlog::DocumentPtr &document, const protocol::Subscribe &message,
               std::function<void(const Result<StartPosition> &)> done);

} // namespace eventsync::sync
