// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/limits.h>
#include <eventsync/base/worklimits.h>
#include <eventsync/sync/private.h>

#include <eventsync/eventlog/schema.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace eventsync::sync {

namespace {

constexpr std::size_t kPresenceBytes = 256; // a message of presence without its state
constexpr std::size_t kCursorMessageBytes = 256;   // a cursor without its clock

} // namespace

// Never stored; the newest wins; ends when its sender has been silent for a while, or has gone.
void SyncService::Private::presence(Session &session, const protocol::Presence &message)
{
    const auto found = session.subscriptions.find(message.documentId);
    if (found == session.subscriptions.end() || !found->second.synced)
        return sendError(session, {ErrorCode::NotFound, "presence needs a subscription"}, protocol::ErrorScope::Document,
                         message.documentId);
    if (json::canonicalSize(message.state) > static_cast<std::size_t>(options.limits.presenceBytes))
        return sendError(session, {ErrorCode::TooLarge, "the presence is too large", "/state"}, protocol::ErrorScope::Message);
    const DocumentPtr document = this->document(message.documentId);
    if (message.state.is_null())
        return endPresence(document, session.client);
    document->presence[session.client] = {session.id, message.state, listened.now()};
    const auto outgoing = std::make_shared<const protocol::OutgoingMessage>(
        protocol::Presence{message.documentId, session.client, message.state});
    for (const SessionId id : broker.followers(document->id)) {
        Session *other = this->session(id);
        if (other && id != session.id && !isOverHighWater(*other) && mayRead(*other, document))
            other->sink->send(outgoing);
    }
}

void SyncService::Private::endPresence(const DocumentPtr &document, const ClientId &client)
{
    const auto found = document->presence.find(client);
    if (found == document->presence.end())
        return;
    const SessionId sender = found->second.session;
    document->presence.erase(found);
    const auto outgoing =
        std::make_shared<const protocol::OutgoingMessage>(protocol::Presence{document->id, client, json::Value()});
    for (const SessionId id : broker.followers(document->id)) {
        if (Session *other = session(id); other && id != sender && mayRead(*other, document))
            other->sink->send(outgoing);
    }
}

// A chunk of them; whether there are more.
bool SyncService::Private::sendPresences(Session &session, const DocumentPtr &document, Subscription &subscription)
{
    const auto &all = document->presence;
    std::size_t bytes = 0;
    auto at = subscription.presencesAfter ? all.upper_bound(*subscription.presencesAfter) : all.begin();
    for (; at != all.end() && bytes < options.catchUpChunkBytes; ++at) {
        if (at->second.session == session.id)
            continue;
        send(session, protocol::Presence{document->id, at->first, at->second.state});
        bytes += kPresenceBytes + json::canonicalSize(at->second.state);
    }
    subscription.owesPresences = at != all.end();
    subscription.presencesAfter.reset();
    if (subscription.owesPresences)
        subscription.presencesAfter = std::prev(at)->first;
    return subscription.owesPresences;
}

// A chunk of them; whether there are more.
bool SyncService::Private::sendCursors(Session &session, const DocumentPtr &document, Subscription &subscription)
{
    protocol::Cursors message{document->id, {}};
    std::size_t bytes = 0;
    auto at = subscription.cursorsAfter ? document->cursors.upper_bound(*subscription.cursorsAfter) : document->cursors.begin();
    for (; at != document->cursors.end() && bytes < options.catchUpChunkBytes; ++at) {
        message.cursors.push_back(at->second);
        bytes += kCursorMessageBytes + at->second.vectorClock.canonicalSize();
    }
    subscription.owesCursors = at != document->cursors.end();
    subscription.cursorsAfter.reset();
    if (subscription.owesCursors)
        subscription.cursorsAfter = std::prev(at)->first;
    if (!message.cursors.empty())
        send(session, std::move(message));
    return subscription.owesCursors;
}

// What the peer says is clamped to what exists, and never taken back by a cursor that came late.
void SyncService::Private::cursor(Session &session, const protocol::Cursor &message)
{
    const auto found = session.subscriptions.find(message.documentId);
    const DocumentPtr document = inUse(message.documentId);
    if (found == session.subscriptions.end() || !document || !document->core)
        return;
    const eventlog::DocumentCore &core = *document->core;
    if (!core.exists())
        return;
    const ServerSeq at = std::min(message.serverSeq, core.head().serverSeq);
    if (core.tailReaches(at))
        return cursorMoved(document, session.client, at, core.clockAt(at));
    read<VectorClock>(
        [number = core.number(), headClock = core.clock(), head = core.head().serverSeq, at](storage::ReadView &view) -> Result<VectorClock> {
            VectorClock known = headClock;
            std::set<ClientId> met;
            eventlog::EventStore store(view);
            for (ServerSeq from = at; from < head;) {
                EVENTSYNC_TRY(const std::vector<eventlog::LogEntryPtr> next,
                              store.entries(number, {.after = from, .until = head, .bytes = limits::kFrameBytes}));
                if (next.empty())
                    break;
                for (const eventlog::LogEntryPtr &event : next) {
                    if (met.insert(event->clientId).second)
                        known.set(event->clientId, event->clientSeq.previous());
                }
                from = next.back()->serverSeq;
            }
            return known;
        },
        [this, document, client = session.client, at](Result<VectorClock> known) {
            if (known)
                cursorMoved(document, client, at, std::move(*known));
        });
}

// Ids are invented easily, and each has a clock with an entry for each author: the cursors that moved longest ago go.
void SyncService::Private::forgetCursors(const DocumentPtr &document, const ClientId &except)
{
    std::size_t entries = 0;
    for (const auto &[client, cursor] : document->cursors)
        entries += 1 + cursor.vectorClock.entries().size();
    while (entries > limits::kCursorClockEntries && document->cursors.size() > 1) {
        const auto oldest = std::min_element(document->cursors.begin(), document->cursors.end(), [&](const auto &a, const auto &b) {
            return std::pair(a.first == except, a.second.lastUpdated) < std::pair(b.first == except, b.second.lastUpdated);
        });
        entries -= 1 + oldest->second.vectorClock.entries().size();
        document->newCursors.insert(oldest->first); // its row goes as well
        document->cursors.erase(oldest);
    }
}

void SyncService::Private::cursorMoved(const DocumentPtr &document, const ClientId &client, ServerSeq at, VectorClock known)
{
    document->cursors[client] = {client, document->id, at, std::move(known), clock.wall()};
    document->newCursors.insert(client);
    forgetCursors(document, client);
    const StateVector &cursor = document->cursors.at(client);
    protocol::OutgoingPtr outgoing;
    for (const SessionId id : broker.followers(document->id)) {
        Session *other = session(id);
        if (!other || isOverHighWater(*other) || !mayRead(*other, document))
            continue;
        const auto found = other->subscriptions.find(document->id);
        if (found == other->subscriptions.end() || !found->second.wantsCursors || !found->second.synced)
            continue;
        if (!outgoing)
            outgoing = std::make_shared<const protocol::OutgoingMessage>(protocol::Cursors{document->id, {cursor}});
        other->sink->send(outgoing);
    }
}

} // namespace eventsync::sync
