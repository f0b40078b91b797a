// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/editqueue_p.h>

#include <eventsync/base/assert.h>
#include <eventsync/client/rows_p.h>

#include <algorithm>

namespace eventsync::client {

Entry &EditQueue::insert(Entry entry)
{
    const std::int64_t order = entry.order;
    m_byId.emplace(entry.edit.id, order);
    m_byFirst.emplace(entry.edit.first(), order);
    const auto [place, fresh] = m_entries.emplace(order, std::move(entry));
    EVENTSYNC_ASSERT(fresh);
    ++m_total;
    orders(place->second).insert(order);
    ++m_waitingVersion;
    m_changes.queueChanged();
    touch(place->second);
    return place->second;
}

Entry EditQueue::take(Entry &entry)
{
    EVENTSYNC_ASSERT(!entry.inverse);
    const std::int64_t order = entry.order;
    m_byId.erase(entry.edit.id);
    const auto [from, to] = m_byFirst.equal_range(entry.edit.first());
    m_byFirst.erase(std::find_if(from, to, [&](const auto &item) { return item.second == order; }));
    orders(entry).erase(order);
    m_changes.queueRowRemoved(order);
    m_changes.queueChanged();
    --m_total;
    return std::move(m_entries.extract(order).mapped());
}

void EditQueue::setState(Entry &entry, Entry::State next)
{
    const auto to = static_cast<EntryState>(next.index());
    EVENTSYNC_ASSERT(isLegal(entry.state(), to));
    EVENTSYNC_ASSERT(!entry.inverse || to == EntryState::Waiting || to == EntryState::Sent);
    orders(entry).erase(entry.order);
    entry.m_state = std::move(next);
    orders(entry).insert(entry.order);
    if (to == EntryState::Waiting)
        ++m_waitingVersion;
    m_changes.queueChanged();
    touch(entry);
}

void EditQueue::setId(Entry &entry, const EventId &id)
{
    const EventId first = entry.edit.first();
    m_byId.erase(entry.edit.id);
    entry.edit.firstId = first;
    entry.edit.id = id;
    m_byId.emplace(id, entry.order);
    m_changes.queueChanged();
    touch(entry);
}

void EditQueue::clearWait(Entry &conflict)
{
    if (std::exchange(conflict.in<Entry::Conflict>().wait, ServerSeq()).value() > 0)
        touch(conflict);
}

const Entry *EditQueue::find(const EventId &id) const
{
    const auto found = m_byId.find(id);
    return found == m_byId.end() ? nullptr : &m_entries.at(found->second);
}

Entry *EditQueue::find(const EventId &id)
{
    return const_cast<Entry *>(std::as_const(*this).find(id));
}

std::vector<std::int64_t> EditQueue::holdersOf(const EventId &id, const EventId &first) const
{
    std::vector<std::int64_t> orders;
    if (const auto found = m_byId.find(id); found != m_byId.end())
        orders.push_back(found->second);
    for (const EventId &wanted : {id, first}) {
        const auto [from, to] = m_byFirst.equal_range(wanted);
        for (auto it = from; it != to; ++it)
            orders.push_back(it->second);
    }
    // A later version may be in the queue while the log has an earlier one by its own id.
    if (const auto found = m_byId.find(first); found != m_byId.end())
        orders.push_back(found->second);
    std::sort(orders.begin(), orders.end());
    orders.erase(std::unique(orders.begin(), orders.end()), orders.end());
    return orders;
}

std::optional<std::int64_t> EditQueue::firstPending() const
{
    std::optional<std::int64_t> first;
    for (const Orders *orders : {&waiting(), &sent()}) {
        if (!orders->empty() && (!first || *orders->begin() < *first))
            first = *orders->begin();
    }
    return first;
}

void EditQueue::count(QueueCounts &counts) const
{
    counts.waiting += waiting().size();
    counts.sent += sent().size();
    counts.conflicts += conflicts().size();
    counts.deadLetters += m_byState[3].size();
}

void EditQueue::writeRows(const DocumentId &document)
{
    for (const std::int64_t order : m_changes.takeQueueRows())
        m_changes.put("queue", rows::queueRow(document, at(order)));
}

} // namespace eventsync::client
