// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/finding.h>

#include <cstddef>
#include <functional>

namespace eventsync::eventlog {

// The beginning of a document's log: the state before its first event.
struct LogStart
{
    DocumentId documentId;
    CollectionName collection;
    std::int64_t number = 0;
    ServerSeq horizon{1};
    Digest baseChain;
    DocumentState state;   // at horizon - 1
    VectorClock clock;     // there
};

// For a complete log it is empty. For a compacted one it is computed from the first state at or after it (a snapshot, or the
// document's row), back through the stored inverses. Corrupt if there is no such state, or if an inverse does not apply.
Result<LogStart> logStartOf(storage::ReadView &view, const DocumentRow &row);

// Folds one document's log, event by event, and checks everything that an event states about itself and about the event before
// it. After a finding it continues with the stored values, so that one damaged event gives one or two findings and not a
// thousand. Owner only.
class LogFold
{
public:
    using Report = std::function<void(FindingKind kind, ServerSeq seq, std::string message)>;
    LogFold(LogStart start, Report report);

    void take(const storage::Row &row); // the next row of the log

    Position at() const { return {m_seq, m_chain}; }
    const DocumentState &state() const { return m_state; }
    const VectorClock &clock() const { return m_clock; }
    bool hasState() const { return m_folds; } // false once an event did not apply
    bool isIntact() const { return m_findings == 0; } // so far
    std::int64_t position() const { return m_position; } // of the last event, in the order of arrival
    Timestamp firstStoredAt() const { return m_firstStoredAt; }
    Timestamp lastStoredAt() const { return m_lastStoredAt; }

private:
    void found(FindingKind kind, ServerSeq seq, std::string message);
    void checkIdentity(const LoggedEvent &logged);
    void fold(const LoggedEvent &logged);

    LogStart m_start;
    Report m_report;
    ServerSeq m_seq;
    Digest m_chain;
    DocumentState m_state;
    VectorClock m_clock;
    std::int64_t m_position = 0;
    Timestamp m_firstStoredAt, m_lastStoredAt;
    std::size_t m_findings = 0;
    bool m_folds = true;
};

} // namespace eventsync::eventlog
