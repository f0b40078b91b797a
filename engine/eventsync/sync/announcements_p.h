// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/livedocument.h>
#include <eventsync/sync/outbox_p.h>
#include <eventsync/sync/presence_p.h>

#include <optional>

namespace eventsync::sync {

// What a subscriber is told beside the events, once it has them all: `synced`, then what the others show, then how far they are; the
// last two in chunks. Owner only.
class Announcements
{
public:
    enum class Next { Synced, Presences, Cursors, None };

    Next next() const { return m_next; }
    void restart() { m_next = Next::Synced; }
    void synced(); // that was sent
    // A chunk of what follows `synced`; whether there is more. `own` is the session that is told.
    bool sendPresences(Outbox &peer, const DocumentId &document, const Presence::Entries &all, SessionId own, std::size_t chunkBytes);
    bool sendCursors(Outbox &peer, const DocumentId &document, const eventlog::DocumentCursors::Cursors &all, std::size_t chunkBytes);
    void skipCursors(); // for a subscriber that does not want them

private:
    Next m_next = Next::Synced;
    std::optional<ClientId> m_after; // the client that was told of last
};

} // namespace eventsync::sync
