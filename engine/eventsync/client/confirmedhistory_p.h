// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/clientcore.h>
#include <eventsync/client/documentchanges_p.h>
#include <eventsync/model/documentstate.h>

#include <deque>

namespace eventsync::client {

// One confirmed event with its inverse.
struct HistoryItem
{
    EventPtr event;
    Digest chain; // after it
    Diff inverse;
    json::Footprint footprint;
    std::optional<std::int64_t> ownOrder = {}; // the place of the own entry that it settled; none: the event is of another client
    std::size_t bytes = 0;

    // Whether an edit with this base and place in the queue was made without knowledge of it.
    bool isUnseenBy(ServerSeq base, std::int64_t order) const
    {
        return event->serverSeq > base && (!ownOrder || *ownOrder > order);
    }
};

// What the log has confirmed of one document: the position, the last events with their inverses, and the vector clock. The
// confirmed state itself is the lower part of the optimistic tree. Its row is not written with every event: `states` has an
// older state, and `history` the events since, which are stored anyway for rolling back. A new state row is written when the
// events since the last one are as large as the state, so the bytes written stay proportional to the bytes received. Owner
// only.
class ConfirmedHistory
{
public:
    ConfirmedHistory(const DocumentId &id, const ClientOptions &options, DocumentChanges &changes)
        : m_id(id), m_options(options), m_changes(changes) {}

    const Position &position() const { return m_position; }
    ServerSeq serverSeq() const { return m_position.serverSeq; }
    const Position &start() const { return m_start; } // before the first item
    const std::deque<HistoryItem> &items() const { return m_items; }
    const VectorClock &clock() const { return m_clock; }
    // Waiting entries were compared with everything up to here: the position, except while one event or snapshot is being
    // applied.
    ServerSeq comparedTo() const { return m_comparedTo; }
    void setCompared() { m_comparedTo = m_position.serverSeq; }

    void advance(const Event &event, const Digest &chain); // the event is applied; append() follows
    void append(HistoryItem item, Bytes canonical);
    void restart(const Position &position, const VectorClock &clock); // no event before it is known
    // Reverts events of `confirmed` down to this position. False if the items do not reach it.
    bool rollBackTo(ServerSeq common, DocumentState &confirmed);
    // Removes items above the limits, but none that a conflict with the base `wanted` needs. Returns the removed items.
    std::vector<HistoryItem> trim(ServerSeq wanted);

    // The footprints of what an edit with this base and place in the queue has not seen, as far as the history has them.
    std::vector<const json::Footprint *> unseenBy(ServerSeq base, std::int64_t order) const;
    // The confirmed state at an earlier position; none if the history does not reach it.
    std::optional<DocumentState> stateAt(ServerSeq seq, const DocumentState &confirmed) const;
    // Positions at doubling distances, so that the last position in common with a server is found closely if its log was cut
    // off recently.
    std::vector<protocol::Checkpoint> checkpoints() const;

    bool wantsStateRow(std::size_t stateBytes) const;
    void writeState(const DocumentState &confirmed);

    storage::Row documentCells() const;                          // position and start, for the row of the document
    Result<> loadDocument(const storage::Row &row, std::size_t column); // `column`: where documentCells() begin
    void loadBase(ServerSeq at) { m_base = at; }
    void loadCrdtBase() { m_baseIsCrdt = true; }
    Result<> load(HistoryItem item, DocumentState &tree);
    void loadClock(const ClientId &client, ClientSeq seq) { m_clock.set(client, seq); }
    Result<> checkLoaded() const; // Corrupt: the items do not lead from the start to the position

private:
    void setClock(const ClientId &client, ClientSeq seq);
    std::size_t limit() const;

    const DocumentId &m_id;
    const ClientOptions &m_options;
    DocumentChanges &m_changes;
    Position m_position, m_start;
    ServerSeq m_comparedTo;
    std::deque<HistoryItem> m_items;
    std::size_t m_bytes = 0;
    VectorClock m_clock;
    ServerSeq m_base;                          // position of the row in `states`
    bool m_baseIsCrdt = false;                 // ... and that in `crdts`
    bool m_baseIsOutdated = false;             // the state was changed by something other than events
    std::size_t m_bytesSinceBase = 0;
};

} // namespace eventsync::client
