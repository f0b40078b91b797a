// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/private.h>

#include <algorithm>

namespace eventsync::sync {

// Frames of at most one chunk, each with the serverSeq of its last event. With `clockBefore`, the vector clock before the
// first event, every event has its own beside it.
std::vector<std::pair<ServerSeq, protocol::OutgoingPtr>>
SyncService::Private::frames(const DocumentPtr &document, const std::vector<eventlog::LoggedPtr> &events,
                             std::optional<VectorClock> clockBefore)
{
    std::vector<std::pair<ServerSeq, protocol::OutgoingPtr>> frames;
    for (std::size_t next = 0; next < events.size();) {
        protocol::Events message{document->id, {}, {}};
        std::size_t bytes = 0;
        do {
            const eventlog::LoggedPtr &event = events[next++];
            bytes += event->canonical->size();
            protocol::EventItem item{.event = event->event, .canonical = event->canonical};
            if (clockBefore) {
                clockBefore->advance(event->clientId, event->clientSeq);
                item.vectorClock = *clockBefore;
            }
            message.events.push_back(std::move(item));
            message.chain = event->chain;
        } while (next < events.size() && bytes + events[next]->canonical->size() <= options.catchUpChunkBytes);
        const ServerSeq last = events[next - 1]->serverSeq;
        frames.emplace_back(last, std::make_shared<const protocol::OutgoingMessage>(std::move(message)));
    }
    return frames;
}

// One frame for all who follow live: it is encoded once. Whoever reads too slowly is left where it stands and catches up
// when it has drained; so it delays nobody.
void SyncService::Private::publish(const DocumentPtr &document, const std::vector<eventlog::LoggedPtr> &events)
{
    if (events.empty() || document->subscribers.empty())
        return;
    const ServerSeq before = events.front()->serverSeq.previous();
    const auto plain = frames(document, events, {});
    std::vector<std::pair<ServerSeq, protocol::OutgoingPtr>> withClocks;
    std::vector<SessionId> revoked;
    for (const SessionId id : document->subscribers) {
        Session *reader = session(id);
        const auto found = reader ? reader->subscriptions.find(document->id) : decltype(reader->subscriptions.end()){};
        if (!reader || found == reader->subscriptions.end() || found->second.stage != Subscription::Stage::Live)
            continue;
        Subscription &subscription = found->second;
        if (options.access->access(reader->principal, document->core->collection(), document->id) == Access::None) {
            revoked.push_back(id);
            continue;
        }
        if (subscription.sent != before || isOverHighWater(*reader)) {
            beginCatchUp(*reader, document->id);
            continue;
        }
        if (reader->vectorClocks && withClocks.empty())
            withClocks = frames(document, events, document->core->clockAt(before));
        for (const auto &[last, frame] : reader->vectorClocks ? withClocks : plain) {
            reader->sink->send(frame);
            subscription.sent = last;
        }
        if (subscription.clock)
            subscription.clock.reset();
    }
    for (const SessionId id : revoked) {
        if (Session *reader = session(id))
            revoke(*reader, document->id, "access was withdrawn");
    }
}

} // namespace eventsync::sync
