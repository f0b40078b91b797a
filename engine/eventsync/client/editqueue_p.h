// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/documentchanges_p.h>
#include <eventsync/client/entry_p.h>

#include <map>
#include <unordered_map>

namespace eventsync::client {

// The edits of one document that are not settled, in the order in which they were made, with an index by id and by state.
// Permits only the transitions of kTransitions, and records which rows have changed. An entry whose patch is in the optimistic
// tree is detached from it before it leaves the pending states (OptimisticTree::detach). Owner only.
class EditQueue
{
public:
    using Orders = std::set<std::int64_t>;
    using Entries = std::map<std::int64_t, Entry>;

    EditQueue(DocumentChanges &changes, std::size_t &total) : m_changes(changes), m_total(total) {} // `total`: of all documents
    EditQueue(const EditQueue &) = delete;
    EditQueue &operator=(const EditQueue &) = delete;
    ~EditQueue() { m_total -= m_entries.size(); }

    Entry &insert(Entry entry);
    Entry take(Entry &entry); // out of the queue
    void setState(Entry &entry, Entry::State next);
    void setId(Entry &entry, const EventId &id); // its first id stays
    void clearWait(Entry &conflict);           // the unseen events that it waited for have arrived, or never will
    void touch(const Entry &entry) { m_changes.queueRowChanged(entry.order); } // its row has changed

    bool isEmpty() const { return m_entries.empty(); }
    std::size_t size() const { return m_entries.size(); }
    Entries &entries() { return m_entries; }
    const Entries &entries() const { return m_entries; }
    Entry &at(std::int64_t order) { return m_entries.at(order); }
    const Entry &at(std::int64_t order) const { return m_entries.at(order); }
    Entry *find(const EventId &id);
    const Entry *find(const EventId &id) const;
    // The entries that hold the same edit as this event of the log, in this version or another, in queue order.
    std::vector<std::int64_t> holdersOf(const EventId &id, const EventId &first) const;
    const Orders &waiting() const { return m_byState[0]; }
    std::uint64_t waitingVersion() const { return m_waitingVersion; } // another one since an entry began to wait
    const Orders &sent() const { return m_byState[1]; }
    const Orders &conflicts() const { return m_byState[2]; }
    std::optional<std::int64_t> firstPending() const;
    void count(QueueCounts &counts) const;
    void writeRows(const DocumentId &document);

private:
    Orders &orders(const Entry &entry) { return m_byState[entry.m_state.index()]; }

    DocumentChanges &m_changes;
    std::size_t &m_total;
    Entries m_entries;
    Orders m_byState[std::variant_size_v<Entry::State>];
    std::uint64_t m_waitingVersion = 1;
    std::unordered_map<EventId, std::int64_t> m_byId;
    std::unordered_multimap<EventId, std::int64_t> m_byFirst;
};

} // namespace eventsync::client
