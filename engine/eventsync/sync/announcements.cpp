// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/announcements_p.h>

#include <iterator>
#include <utility>

namespace eventsync::sync {

namespace {

constexpr std::size_t kPresenceBytes = 256; // a message of presence without its state
constexpr std::size_t kCursorBytes = 256;   // a cursor without its clock

} // namespace

void Announcements::synced()
{
    m_next = Next::Presences;
    m_after.reset();
}

void Announcements::skipCursors()
{
    if (m_next == Next::Cursors)
        m_next = Next::None;
}

bool Announcements::sendPresences(Outbox &peer, const DocumentId &document, const Presence::Entries &all, SessionId own, std::size_t chunkBytes)
{
    std::size_t bytes = 0;
    auto at = m_after ? all.upper_bound(*m_after) : all.begin();
    for (; at != all.end() && bytes < chunkBytes; ++at) {
        if (at->second.session == own)
            continue;
        peer.send(protocol::Presence{document, at->first, at->second.state});
        bytes += kPresenceBytes + json::canonicalSize(at->second.state);
    }
    m_after.reset();
    if (at == all.end()) {
        m_next = Next::Cursors;
        return false;
    }
    m_after = std::prev(at)->first;
    return true;
}

bool Announcements::sendCursors(Outbox &peer, const DocumentId &document, const eventlog::DocumentCursors::Cursors &all, std::size_t chunkBytes)
{
    protocol::Cursors message{document, {}};
    std::size_t bytes = 0;
    auto at = m_after ? all.upper_bound(*m_after) : all.begin();
    for (; at != all.end() && bytes < chunkBytes; ++at) {
        message.cursors.push_back(at->second);
        bytes += kCursorBytes + at->second.vectorClock.canonicalSize();
    }
    m_after.reset();
    const bool hasMore = at != all.end();
    if (hasMore)
        m_after = std::prev(at)->first;
    else
        m_next = Next::None;
    if (!message.cursors.empty())
        peer.send(std::move(message));
    return hasMore;
}

} // namespace eventsync::sync
