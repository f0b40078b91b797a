// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/changes.h>

#include <set>

namespace eventsync::client {

// The accumulator of a step: what it has changed in one document. Every class of a replica records here, and results are passed
// on in no other way: rows to write, rows that their owner writes once at the end of the step, messages, notifications, and the
// paths whose content may differ. moveTo() appends them to the Changes in the order that observers rely on: content, other
// notifications, the queue. Owner only.
class DocumentChanges
{
public:
    explicit DocumentChanges(DocumentId id) : m_id(std::move(id)) {}

    // ---- rows
    void put(const char *set, storage::Row row); // with its checksum
    void erase(const char *set, storage::Key key) { m_out.writes.erase(set, std::move(key)); }
    void eraseAll(const char *set) { erase(set, {m_id.text()}); } // of this document
    void documentRowChanged() { m_documentRow = true; }
    bool takeDocumentRow() { return std::exchange(m_documentRow, false); }
    void queueRowChanged(std::int64_t order);
    void queueRowRemoved(std::int64_t order);
    std::set<std::int64_t> takeQueueRows(); // rows to write; rows of removed entries are erased

    // ---- messages and notifications
    void send(protocol::Message message) { m_out.messages.push_back(std::move(message)); }
    void leave(Error why, std::chrono::milliseconds retryAfter);
    void notify(Notification notification) { m_out.notifications.push_back(std::move(notification)); }
    void queueChanged() { m_queueChanged = true; }

    // ---- content
    void contentChanged(const json::Footprint &footprint);
    void contentChanged(json::Pointer path) { m_paths.push_back(std::move(path)); }
    void everythingChanged() { m_everything = true; }
    void causedByOthers() { m_remote = true; }
    bool isCausedByOthers() const { return m_remote; }
    bool hasManyPaths() const { return m_paths.size() > kChangedPaths; }

    // Everything since the last call. `crdt`: comes first, because editors must be updated first.
    void moveTo(Changes &out, std::optional<CrdtChanged> crdt = {});

private:
    static constexpr std::size_t kChangedPaths = 256; // above that the root is reported instead, which is cheaper for all

    DocumentId m_id;
    Changes m_out;
    bool m_documentRow = false, m_queueChanged = false;
    std::set<std::int64_t> m_queueRows, m_removedQueueRows;
    std::vector<json::Pointer> m_paths;
    bool m_everything = false, m_remote = false;
};

} // namespace eventsync::client
