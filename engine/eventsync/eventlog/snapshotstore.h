// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/eventstore.h>

#include <functional>
#include <vector>

namespace eventsync::eventlog {

/// Whole states of documents at positions of their logs, on the record set `snapshots`. DocumentEngine makes them (on request,
/// and automatically every limits::kSnapshotEveryEvents events); this class reads and removes them. Calls and answers on the
/// executor's thread; backend and executor must outlive it and its operations.
class SnapshotStore
{
public:
    /// without the state
    struct Entry
    {
        Position position;
        Timestamp createdAt;
        std::size_t bytes = 0; ///< of the state
    };

    SnapshotStore(storage::Backend &backend, Executor &executor) : m_backend(backend), m_executor(executor) {}

    /// The last snapshot at or before `until`; NotFound if there is none, or if the document does not exist.
    void find(const DocumentId &document, ServerSeq until, std::function<void(Result<Snapshot>)> done);
    void list(const DocumentId &document, std::function<void(Result<std::vector<Entry>>)> done); ///< by position
    /// Removes all but the last `keep` (at least 1), and never the first one of a compacted log: no other row has the state
    /// from which that log begins. Returns how many were removed.
    void prune(const DocumentId &document, std::size_t keep, std::function<void(Result<std::size_t>)> done);

    /// The state at `seq`, from the nearest snapshot forward. NotFound above the head, Compacted below the log.
    void stateAt(const DocumentId &document, ServerSeq seq, std::function<void(Result<DocumentState>)> done);

private:
    storage::Backend &m_backend;
    Executor &m_executor;
};

} // namespace eventsync::eventlog
