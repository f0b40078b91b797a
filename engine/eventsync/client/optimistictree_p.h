// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/confirmedhistory_p.h>
#include <eventsync/client/editqueue_p.h>

namespace eventsync::client {

// The one tree of a document: the confirmed state with the pending entries of the queue on top. unapply() reverts them through
// their exact inverses, at most once in a step; DocumentReplica applies them again at its end. If an own event arrives and is
// the first pending entry, only the boundary between confirmed and pending moves. Owner only.
class OptimisticTree
{
public:
    OptimisticTree(EditQueue &queue, DocumentChanges &changes) : m_queue(queue), m_changes(changes) {}

    const DocumentState &state() const { return m_state; } // the confirmed state while isUnapplied()
    DocumentState &state() { return m_state; }
    const DocumentState &confirmed() const;                // computed on demand
    void confirmedChanged() { m_confirmed.reset(); }
    std::size_t entries() const { return m_entries; }      // whose patch is in the tree

    void unapply();
    void loaded() { m_unapplied = true; }                   // no entry of a loaded queue is in the tree yet
    bool isUnapplied() const { return m_unapplied; }
    void beginReapply() { m_unapplied = false; }           // the caller applies the entries one by one
    void add(Entry &entry, Diff inverse);                  // its patch was just applied to state()
    void revert(const Diff &inverse);                      // of the patch that was just applied
    void detach(Entry &entry);                             // before an entry whose patch is in the tree leaves the pending states
    // Whether the event is the first pending entry, exactly as it is in the tree. If so, it is confirmed, and `item` gets its
    // inverse and footprint. This lets a long queue drain in linear time.
    bool confirmFirst(const Event &event, HistoryItem &item);

private:
    EditQueue &m_queue;
    DocumentChanges &m_changes;
    DocumentState m_state;
    mutable std::unique_ptr<DocumentState> m_confirmed;    // while entries are on top of it
    bool m_unapplied = false;
    std::size_t m_entries = 0;
};

} // namespace eventsync::client
