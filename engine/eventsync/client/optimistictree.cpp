// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/optimistictree_p.h>

#include <eventsync/base/assert.h>

namespace eventsync::client {

void OptimisticTree::revert(const Diff &inverse)
{
    const auto reverted = m_state.revert(inverse);
    EVENTSYNC_ASSERT(reverted.has_value()); // the inverse was computed on this tree
}

void OptimisticTree::unapply()
{
    if (std::exchange(m_unapplied, true))
        return;
    auto &entries = m_queue.entries();
    for (auto it = entries.rbegin(); it != entries.rend() && m_entries > 0; ++it) {
        Entry &entry = it->second;
        if (!entry.inverse)
            continue;
        revert(*entry.inverse);
        entry.inverse.reset();
        --m_entries;
    }
}

void OptimisticTree::add(Entry &entry, Diff inverse)
{
    entry.inverse = std::move(inverse);
    ++m_entries;
}

void OptimisticTree::detach(Entry &entry)
{
    if (!entry.inverse)
        return;
    unapply();
    m_changes.contentChanged(entry.edit.footprint);
}

bool OptimisticTree::confirmFirst(const Event &event, HistoryItem &item)
{
    if (m_unapplied || m_entries == 0)
        return false;
    Entry &entry = m_queue.at(*m_queue.firstPending());
    if (!entry.inverse || entry.edit.id != event.id || entry.edit.operation != event.operation || !(entry.edit.diff == event.diff))
        return false;
    item.inverse = std::move(*entry.inverse);
    item.footprint = entry.edit.footprint;
    entry.inverse.reset();
    --m_entries;
    return true;
}

const DocumentState &OptimisticTree::confirmed() const
{
    if (m_entries == 0)
        return m_state;
    if (!m_confirmed) {
        m_confirmed = std::make_unique<DocumentState>(m_state);
        const auto &entries = m_queue.entries();
        for (auto it = entries.rbegin(); it != entries.rend(); ++it) {
            if (it->second.inverse) {
                const auto reverted = m_confirmed->revert(*it->second.inverse);
                EVENTSYNC_ASSERT(reverted.has_value());
            }
        }
    }
    return *m_confirmed;
}

} // namespace eventsync::client
