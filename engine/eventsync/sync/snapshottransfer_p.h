// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/snapshot.h>
#include <eventsync/sync/synccontext_p.h>

#include <functional>
#include <memory>
#include <vector>

namespace eventsync::sync {

// A snapshot on its way to one subscriber, in parts of at most `chunkBytes`. A peer that lost its connection goes on with the part
// that it lacks, so a snapshot of several parts must be a stored one. Owner only.
class SnapshotTransfer
{
public:
    struct Start
    {
        std::shared_ptr<const Snapshot> snapshot;
        Digest sha256;
        std::int64_t part = 1;                     // the first that is sent
        std::size_t chunkBytes = 0;
        std::vector<protocol::KnownId> known = {}; // of the subscriber's pending edits, those that the snapshot contains
    };
    explicit SnapshotTransfer(Start start);

    bool isDone() const { return m_part > m_parts; }
    const Snapshot &snapshot() const { return *m_start.snapshot; }
    Result<protocol::Snapshot> next(); // not when it is done; Corrupt for a state that cannot be read

private:
    Start m_start;
    const std::int64_t m_parts;
    std::int64_t m_part;
};

// Whether a snapshot costs a subscriber with this message less than the events after `after`. Only for peers with nothing pending:
// what a snapshot replaces cannot be looked at event by event.
bool snapshotIsCheaper(const SyncContext &context, const eventlog::DocumentCore &core, const protocol::Subscribe &message, ServerSeq after);

// The snapshot for a subscriber with this message, at `atLeast` or later: as it stands at head if it fits one chunk, or else a stored
// one, which stays what it is. `done` comes when the document is idle, at once or later; not if that cannot be loaded.
void prepareTransfer(SyncContext &context, const eventlog::DocumentPtr &document, const protocol::Subscribe &message, ServerSeq atLeast,
                     std::function<void(Result<SnapshotTransfer>)> done);

} // namespace eventsync::sync
