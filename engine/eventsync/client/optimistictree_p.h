// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/confirmedhistory_p.h>
#include <eventsync/client/editqueue_p.h>

namespace eventsync::client {

// The one tree of a document: the confirmed state with the pending entries of the queue on top. unapply() takes them off
// through their exact inverses, at most once in a step; DocumentReplica puts them back at its end. An own event that arrives as
// the first pending entry moves the boundary between confirmed and pending, and nothing else. Owner only.
class OptimisticTree
{
public:
    OptimisticTree(EditQueue &queue, DocumentChanges &changes) : m_queue(queue), m_changes(changes) {}

    const DocumentState &state() const { return m_state; } // the confirmed state while isUnapplied()
    DocumentState &state() { return m_state; }
    const DocumentState &confirmed() const;                // made on demand
    void confirmedChanged() { m_confirmed.reset(); }
    std::size_t entries() const { return m_entries; }      // with their patch in the tree

    void unapply();
    void loaded() { m_unapplied = true; }                   // nothing of a loaded queue is in the tree yet
    bool isUnapplied() const { return m_unapplied; }
    void beginReapply() { m_unapplied = false; }           // the caller applies the entries one by one
    void add(Entry &entry, Diff inverse);                  // its patch was just applied to state()
    void revert(const Diff &inverse);                      // of what was just applied
    void detach(Entry &entry);                             // before an entry in the tree stops being pending
    // Whether the event is the first pending entry, exactly as it is in the tree. Then it is confirmed from now on, and `item`
    // gets its inverse and footprint. So a long queue drains in linear time.
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
