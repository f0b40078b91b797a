// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/snapshot.h>
#include <eventsync/sync/synccontext_p.h>

#include <functional>
#include <memory>
#include <vector>

namespace eventsync::sync {

// Sends a snapshot to one subscriber, in parts of at most `chunkBytes`. A peer that lost its connection continues with the part
// that it lacks, so a snapshot of several parts must be a stored one. Owner only.
class SnapshotTransfer
{
public:
    struct Start
    {
        std::shared_ptr<const Snapshot> snapshot;
        Digest sha256;
        std::int64_t part = 1;                     // the first part that is sent
        std::size_t chunkBytes = 0;
        std::vector<protocol::KnownId> known = {}; // the pending edits of the subscriber that the snapshot contains
    };
    explicit SnapshotTransfer(Start start);

    bool isDone() const { return m_part > m_parts; }
    const Snapshot &snapshot() const { return *m_start.snapshot; }
    Result<protocol::Snapshot> next(); // only before isDone(); Corrupt for a state that cannot be read

private:
    Start m_start;
    const std::int64_t m_parts;
    std::int64_t m_part;
};

// Whether a snapshot costs a subscriber with this message less than the events after `after`. Only for peers without pending
// edits, which would have to be compared with each of the replaced events.
bool snapshotIsCheaper(const SyncContext &context, const eventlog::DocumentCore &core, const protocol::Subscribe &message, ServerSeq after);

// The snapshot for a subscriber with this message, at `atLeast` or later: of the head if it fits one chunk, otherwise a stored
// one, which does not change. `done` is called when the document is idle, at once or later; not if the document cannot be
// loaded.
void prepareTransfer(SyncContext &context, const eventlog::DocumentPtr &document, const protocol::Subscribe &message,
                     const storage::Queries::Requester &requester, ServerSeq atLeast, std::function<void(Result<SnapshotTransfer>)> done);

} // namespace eventsync::sync
