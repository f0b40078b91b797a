// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/finding.h>

#include <cstddef>
#include <functional>

namespace eventsync::eventlog {

// Where a document's log begins: what is known before its first event.
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

// Of a whole log that is nothing. Of a compacted one it is found from the first snapshot at or after it (a snapshot, or the
// document's row), back through the stored inverses. Corrupt if there is none, or if it does not go back.
Result<LogStart> logStartOf(storage::ReadView &view, const DocumentRow &row);

// Folds one document's log, event by event, and checks all that an event says about itself and about the one before it.
// After a finding it goes on with what is stored, so that one wrong event gives one or two findings and not a thousand.
// Owner only.
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
