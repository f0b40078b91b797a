// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documenttable_p.h>
#include <eventsync/eventlog/maintenance.h>

#include <functional>
#include <memory>
#include <optional>

namespace eventsync::eventlog {

// What is written beside the log, one thing of a document at a time and between its commits: derived rows, snapshots,
// compactions. Owner only.
class DocumentRows
{
public:
    using Done = std::function<void(const Result<> &)>;

    DocumentRows(EngineState &state, DocumentTable &documents);

    void idle(const DocumentPtr &document); // where rows are written at once: writes those that are due
    void tick();                            // writes those that are due, and how far all of them reach
    void writeAll(Done done);               // until the rows of every document stand where their logs ended when this was called
    void storeReach();                      // "every event up to here is in the derived rows"

    void snapshot(const DocumentPtr &document, std::function<void(Result<Snapshot>)> done);
    void storedSnapshot(const DocumentPtr &document, ServerSeq atLeast, std::function<void(Result<StoredSnapshot>)> done);
    void compact(const DocumentPtr &document, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done);

    CompactionSchedule &schedule() { return m_schedule; }
    void whenQuiet(std::function<void()> task); // nothing is on its way to the store

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
