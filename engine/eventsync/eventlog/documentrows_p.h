// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documenttable_p.h>
#include <eventsync/eventlog/maintenance.h>

#include <functional>
#include <memory>
#include <optional>

namespace eventsync::eventlog {

// Writes everything beside the log: derived rows, snapshots and compactions; for each document one at a time, and between its
// commits. Owner only.
class DocumentRows
{
public:
    using Done = std::function<void(const Result<> &)>;

    DocumentRows(EngineState &state, DocumentTable &documents);

    void idle(const DocumentPtr &document); // with RowWriting::AtOnce: writes the rows that are due
    void tick();                            // writes the rows that are due, and the position up to which all rows are complete
    // Ends when the rows of every document, or of every one of a collection, stand at the head that its log had at the call.
    void writeAll(const std::optional<CollectionName> &collection, Done done);
    void storeReach();                      // "every event up to here is in the derived rows"

    void snapshot(const DocumentPtr &document, std::function<void(Result<Snapshot>)> done);
    void storedSnapshot(const DocumentPtr &document, ServerSeq atLeast, std::function<void(Result<StoredSnapshot>)> done);
    void compact(const DocumentPtr &document, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done);

    CompactionSchedule &schedule() { return m_schedule; }
    void whenQuiet(std::function<void()> task); // called when nothing is being written

private:
    CompactionSchedule::Calls scheduleCalls();
    bool snapshotIsDue(const DocumentPtr &document) const;
    void write(const DocumentPtr &document);
    void commitRows(const DocumentPtr &document);
    void begin(const DocumentPtr &document);
    void end(const DocumentPtr &document, const Result<> &result);
    void ensure(const DocumentPtr &document, ServerSeq at, Done done);
    std::int64_t reach(const DocumentPtr &except) const;
    void makeSnapshot(const DocumentPtr &document, std::function<void(Result<Snapshot>)> done);
    void compactStep(const DocumentPtr &document, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done);
    void commitCompaction(const DocumentPtr &document, const Removal &removal, Done done);

    EngineState &m_state;
    DocumentTable &m_documents;
    CompactionSchedule m_schedule;
    std::size_t m_writing = 0; // documents
    std::vector<std::function<void()>> m_whenQuiet;
};

} // namespace eventsync::eventlog
