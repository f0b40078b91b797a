// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/documentchanges_p.h>

#include <map>

namespace eventsync::client {

// The parts of a snapshot that is being received. They are durable, so that a client continues after a restart. Owner only.
class StagedSnapshot
{
public:
    StagedSnapshot(const DocumentId &id, DocumentChanges &changes) : m_id(id), m_changes(changes) {}

    bool isEmpty() const { return m_parts.empty(); }
    std::int64_t nextPart() const { return static_cast<std::int64_t>(m_parts.size()) + 1; }
    // Takes one part. A part of another snapshot replaces the one that was begun. InvalidMessage if it is not the next part;
    // true when all parts have arrived.
    Result<bool> add(const protocol::Snapshot &part);
    // The complete snapshot; the parts are removed. Corrupt if its bytes do not have the announced digest.
    Result<protocol::Snapshot> takeWhole();
    void drop();

    void load(protocol::Snapshot part);

private:
    const DocumentId &m_id;
    DocumentChanges &m_changes;
    std::map<std::int64_t, protocol::Snapshot> m_parts;
};

} // namespace eventsync::client
