// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/recentevents.h>
#include <eventsync/eventlog/preparedevents.h>

#include <optional>
#include <vector>

namespace eventsync::eventlog {

/// One document's log as memory knows it: whose it is, where it begins and ends, its last events, and the events that wait for
/// their commit. It gives an event its place, and nothing about it depends on a state. Owner only.
class DocumentLog
{
public:
    DocumentLog(DocumentId id, const LoadedDocument *loaded);

    const DocumentId &id() const { return m_row.documentId; }
    bool hasNumber() const { return m_row.number != 0; }
    void setNumber(std::int64_t number) { m_row.number = number; }
    std::int64_t number() const { return m_row.number; }

    // ---- as committed
    bool exists() const { return m_row.at.serverSeq.value() > 0; } ///< ever; a tombstone too
    /// None while the first event is being committed: a crash can still take it back.
    std::optional<CollectionName> collection() const;
    DocumentKind kind() const { return m_row.kind; } ///< decided by the first event, for ever
    const Position &head() const { return m_row.at; }
    ServerSeq horizon() const { return m_row.horizon; }
    const Digest &baseChain() const { return m_row.baseChain; }
    VectorClock clock() const { return clockAt(m_row.at.serverSeq); }
    VectorClock clockAt(ServerSeq seq) const { return m_recent.clockAt(seq, m_clock); } ///< only if recent().reaches(seq)
    ClientSeq clientSeq(const ClientId &client) const;
    const DocumentRow &row() const { return m_row; }         ///< without a state
    DocumentRecord record() const;                           ///< without a state

    // ---- with what is prepared
    bool hasCollection() const { return m_hasCollection; }   ///< its first event was made
    const CollectionName &firstCollection() const { return m_row.collection; }
    const Position &end() const { return m_end; }
    const VectorClock &endClock() const { return m_clock; }
    const RecentEvents &recent() const { return m_recent; }
    const PreparedEvents &prepared() const { return m_prepared; }
    DocumentRecord preparedRecord() const;                   ///< without a state
    /// Older events that validating on `base` needs and the events in memory lack: those after the answer.
    std::optional<ServerSeq> missingBefore(ServerSeq base) const;
    RecentEvents &recent() { return m_recent; }

    // ---- changing
    // The event in its place, in the form in which it is written, sent and read. TooLarge.
    Result<std::shared_ptr<LoggedEvent>> place(Event event) const;
    void append(const std::shared_ptr<LoggedEvent> &event);
    storage::Batch takeBatch();
    std::vector<LoggedPtr> committed(const std::int64_t *positions);
    void compacted(ServerSeq horizon, const Digest &baseChain);

private:
    DocumentRow m_row;      // its place and end as committed
    bool m_hasRow = false;  // in the store
    bool m_hasCollection = false;
    Position m_end;
    VectorClock m_clock;    // at m_end
    RecentEvents m_recent;         // up to m_end
    PreparedEvents m_prepared;
};

} // namespace eventsync::eventlog
