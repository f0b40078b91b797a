// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/documentchanges_p.h>

#include <eventsync/client/rows_p.h>

#include <algorithm>

namespace eventsync::client {

void DocumentChanges::put(const char *set, storage::Row row)
{
    m_out.writes.put(set, rows::withChecksum(std::move(row)));
}

void DocumentChanges::queueRowChanged(std::int64_t order)
{
    m_removedQueueRows.erase(order);
    m_queueRows.insert(order);
}

void DocumentChanges::queueRowRemoved(std::int64_t order)
{
    m_queueRows.erase(order);
    m_removedQueueRows.insert(order);
}

std::set<std::int64_t> DocumentChanges::takeQueueRows()
{
    for (const std::int64_t order : std::exchange(m_removedQueueRows, {}))
        erase("queue", {order});
    return std::exchange(m_queueRows, {});
}

void DocumentChanges::leave(Error why, std::chrono::milliseconds retryAfter)
{
    m_out.close = Changes::Close{.reason = std::move(why), .retryAfter = retryAfter};
}

void DocumentChanges::contentChanged(const json::Footprint &footprint)
{
    if (footprint.isEverything() || hasManyPaths()) {
        m_everything = true;
        return;
    }
    for (const auto &entry : footprint.entries()) {
        if (entry.kind != json::FootprintEntry::Kind::Read)
            m_paths.push_back(entry.path);
    }
}

void DocumentChanges::moveTo(Changes &out, std::optional<CrdtChanged> crdt)
{
    out.writes.append(std::exchange(m_out.writes, {}));
    std::ranges::move(m_out.messages, std::back_inserter(out.messages));
    if (m_out.close)
        out.close = std::move(m_out.close);
    if (crdt)
        out.notifications.push_back(std::move(*crdt));
    if (m_everything) {
        out.notifications.push_back(DocumentChanged{.documentId = m_id, .paths = {json::Pointer()}, .remote = m_remote});
    } else if (!m_paths.empty()) {
        std::sort(m_paths.begin(), m_paths.end());
        m_paths.erase(std::unique(m_paths.begin(), m_paths.end()), m_paths.end());
        out.notifications.push_back(DocumentChanged{.documentId = m_id, .paths = std::move(m_paths), .remote = m_remote});
    }
    std::ranges::move(m_out.notifications, std::back_inserter(out.notifications));
    if (m_queueChanged)
        out.notifications.push_back(QueueChanged{m_id});
    *this = DocumentChanges(m_id);
}

} // namespace eventsync::client
