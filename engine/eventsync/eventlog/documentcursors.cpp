// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/documentcursors.h>

#include <eventsync/eventlog/clockrows.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/schema.h>

#include <utility>

namespace eventsync::eventlog {

namespace {

std::size_t entriesOf(const StateVector &cursor)
{
    return 1 + cursor.vectorClock.entries().size();
}

} // namespace

void DocumentCursors::load(const std::vector<StateVector> &stored)
{
    for (const StateVector &cursor : stored) {
        if (!m_all.contains(cursor.clientId))
            set(cursor);
    }
}

const StateVector &DocumentCursors::move(StateVector cursor)
{
    const ClientId client = cursor.clientId;
    set(std::move(cursor));
    m_dirty.insert(client);
    trim(client);
    return m_all.at(client);
}

void DocumentCursors::forget(const ClientId &client)
{
    if (const auto found = m_all.find(client); found != m_all.end())
        erase(found);
    m_dirty.erase(client);
}

void DocumentCursors::set(StateVector cursor)
{
    if (const auto former = m_all.find(cursor.clientId); former != m_all.end())
        erase(former);
    m_entries += entriesOf(cursor);
    m_byAge.emplace(cursor.lastUpdated, cursor.clientId);
    const ClientId client = cursor.clientId;
    m_all.emplace(client, std::move(cursor));
}

void DocumentCursors::erase(Cursors::iterator cursor)
{
    m_entries -= entriesOf(cursor->second);
    m_byAge.erase({cursor->second.lastUpdated, cursor->first});
    m_all.erase(cursor);
}

void DocumentCursors::trim(const ClientId &except)
{
    while (m_entries > limits::kCursorClockEntries && m_all.size() > 1) {
        auto oldest = m_byAge.begin();
        if (oldest->second == except)
            ++oldest;
        m_dirty.insert(oldest->second); // its row goes as well
        erase(m_all.find(oldest->second));
    }
}

std::set<ClientId> DocumentCursors::write(storage::Batch &batch, std::int64_t number)
{
    for (const ClientId &client : m_dirty) {
        const auto found = m_all.find(client);
        if (found == m_all.end()) {
            batch.erase(sets::kStateVectors, {number, client.text()});
            continue;
        }
        batch.put(sets::kStateVectors, toRow(found->second, number));
    }
    return std::exchange(m_dirty, {});
}

} // namespace eventsync::eventlog
