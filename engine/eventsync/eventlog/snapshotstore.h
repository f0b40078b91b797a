// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/eventstore.h>

#include <functional>
#include <vector>

namespace eventsync::eventlog {

/// Whole states of documents at positions of their logs, on the record set `snapshots`. They are taken by whoever has the document's
/// core (DocumentEngine::snapshot, and by itself every limits::kSnapshotEveryEvents); this reads and thins them out.
/// Calls and answers on the executor's thread; backend and executor outlive it and what it has begun.
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

    /// The last one at or before `until`; NotFound if there is none, or no such document.
    void find(const DocumentId &document, ServerSeq until, std::function<void(Result<Snapshot>)> done);
    void list(const DocumentId &document, std::function<void(Result<std::vector<Entry>>)> done); ///< by position
    /// Removes all but the last `keep` (at least 1), and never the first one of a compacted log: nothing else tells the state
    /// where that begins. Gives how many went.
    void prune(const DocumentId &document, std::size_t keep, std::function<void(Result<std::size_t>)> done);

    /// The state at `seq`, from the nearest snapshot forward. NotFound above the head, Compacted below the log.
    void stateAt(const DocumentId &document, ServerSeq seq, std::function<void(Result<DocumentState>)> done);

private:
    storage::Backend &m_backend;
    Executor &m_executor;
};

} // namespace eventsync::eventlog
