// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/documentchanges_p.h>

#include <map>

namespace eventsync::client {

// The parts of a snapshot that is on its way, durable, so that a client that restarts continues where it was. Owner only.
class StagedSnapshot
{
public:
    StagedSnapshot(const DocumentId &id, DocumentChanges &changes) : m_id(id), m_changes(changes) {}

    bool isEmpty() const { return m_parts.empty(); }
    std::int64_t nextPart() const { return static_cast<std::int64_t>(m_parts.size()) + 1; }
    // Takes one part. A part of another snapshot than the one begun replaces it. InvalidMessage if it does not continue what is
    // here; true once all parts are.
    Result<bool> add(const protocol::Snapshot &part);
    // The whole, joined; nothing is left here. Corrupt if its bytes are not those of its digest.
    Result<protocol::Snapshot> takeWhole();
    void drop();

    void load(protocol::Snapshot part);

private:
    const DocumentId &m_id;
    DocumentChanges &m_changes;
    std::map<std::int64_t, protocol::Snapshot> m_parts;
};

} // namespace eventsync::client
