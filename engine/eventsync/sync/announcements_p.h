// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/livedocument.h>
#include <eventsync/sync/outbox_p.h>
#include <eventsync/sync/presence_p.h>

#include <optional>

namespace eventsync::sync {

// What a subscriber gets after the events, once it has them all: `synced`, then the presence of the others, then their cursors;
// the last two in chunks. Owner only.
class Announcements
{
public:
    enum class Next { Synced, Presences, Cursors, None };

    Next next() const { return m_next; }
    void restart() { m_next = Next::Synced; }
    void synced(); // `synced` was sent
    // Sends a chunk of what follows `synced`; true if there is more. `own`: the session that gets it.
    bool sendPresences(Outbox &peer, const DocumentId &document, const Presence::Entries &all, SessionId own, std::size_t chunkBytes);
    bool sendCursors(Outbox &peer, const DocumentId &document, const eventlog::DocumentCursors::Cursors &all, std::size_t chunkBytes);
    void skipCursors(); // for a subscriber that does not want them

private:
    Next m_next = Next::Synced;
    std::optional<ClientId> m_after; // the client that was reported last
};

} // namespace eventsync::sync
