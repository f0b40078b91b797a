// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/documentcursors.h>

#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/schema.h>

#include <algorithm>
#include <utility>

namespace eventsync::eventlog {

void DocumentCursors::load(const std::vector<StateVector> &stored)
{
    for (const StateVector &cursor : stored)
        m_all.try_emplace(cursor.clientId, cursor);
}

const StateVector &DocumentCursors::move(StateVector cursor)
{
    const ClientId client = cursor.clientId;
    m_all[client] = std::move(cursor);
    m_dirty.insert(client);
    trim(client);
    return m_all.at(client);
}

void DocumentCursors::forget(const ClientId &client)
{
    m_all.erase(client);
    m_dirty.erase(client);
}

void DocumentCursors::trim(const ClientId &except)
{
    std::size_t entries = 0;
    for (const auto &[client, cursor] : m_all)
        entries += 1 + cursor.vectorClock.entries().size();
    while (entries > limits::kCursorClockEntries && m_all.size() > 1) {
        const auto oldest = std::min_element(m_all.begin(), m_all.end(), [&](const auto &a, const auto &b) {
            return std::pair(a.first == except, a.second.lastUpdated) < std::pair(b.first == except, b.second.lastUpdated);
        });
        entries -= 1 + oldest->second.vectorClock.entries().size();
        m_dirty.insert(oldest->first); // its row is removed as well
        m_all.erase(oldest);
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
        const StateVector &cursor = found->second;
        batch.put(sets::kStateVectors, {number, client.text(), cursor.serverSeq.value(),
                                        json::canonical(cursor.vectorClock.toJson()), cursor.lastUpdated.value()});
    }
    return std::exchange(m_dirty, {});
}

} // namespace eventsync::eventlog
