// SPDX-License-Identifier: Apache-2.0
//
// Catching up is pulled: chunks go out only while the peer's unsent bytes are below the high-water mark, one chunk of each
// document in turn, so that neither a large document nor a slow reader holds up the others, and control messages go between.
#include <eventsync/base/limits.h>
#include <eventsync/sync/private.h>

#include <eventsync/base/logging.h>

#include <algorithm>

namespace eventsync::sync {

void SyncService::Private::beginCatchUp(Session &session, const DocumentId &id)
{
    const auto found = session.subscriptions.find(id);
    if (found == session.subscriptions.end())
        return;
    found->second.stage = Subscription::Stage::CatchingUp;
    if (!std::exchange(found->second.queued, true))
        session.behind.push_back(id);
    pump(session);
}

void SyncService::Private::pump(Session &session)
{
    std::size_t waiting = 0; // documents in a row that could not go on
    while (!session.behind.empty() && !session.reading && waiting < session.behind.size() && !isOverHighWater(session)) {
        const DocumentId id = session.behind.front();
        session.behind.pop_front();
        const auto found = session.subscriptions.find(id);
        if (found == session.subscriptions.end())
            continue;
        Subscription &subscription = found->second;
        subscription.queued = false;
        if (subscription.stage != Subscription::Stage::CatchingUp)
            continue;
        const Step stepped = step(session, id, subscription);
        waiting = stepped == Step::Waits ? waiting + 1 : 0;
        if (stepped != Step::Done && !std::exchange(subscription.queued, true))
            session.behind.push_back(id);
        if (session.answer && !isOverHighWater(session))
            sendPiece(session);
    }
    while (session.answer && !isOverHighWater(session))
        sendPiece(session);
    for (auto &[collection, watch] : session.watches) {
        if (isOverHighWater(session))
            return;
        if (std::exchange(watch.owesPage, false))
            listHeads(session.id, collection, watch.generation);
        if (!watch.changed.empty() && changedWatches.emplace(session.id, collection).second && !std::exchange(headsPosted, true))
            post([this] { sendHeads(); });
    }
}

SyncService::Private::Step SyncService::Private::step(Session &session, const DocumentId &id, Subscription &subscription)
{
    const DocumentPtr document = inUse(id);
    if (!document || !document->core)
        return Step::Done; // loaded() begins again
    if (!mayRead(session, document)) {
        revoke(session, id, "access was withdrawn");
        return Step::Done;
    }
    const eventlog::DocumentCore &core = *document->core;
    if (subscription.transfer)
        return sendPart(session, document, subscription);
    if (subscription.sent < core.horizon().previous() || subscription.sent > core.head().serverSeq)
        return leadOnBySnapshot(session, document, subscription, core.horizon().previous());
    if (subscription.sent == core.head().serverSeq) {
        if (subscription.owesSynced)
            sendSynced(session, document, subscription);
        if (subscription.owesPresences && sendPresences(session, document, subscription))
            return Step::More;
        if (subscription.owesCursors && sendCursors(session, document, subscription))
            return Step::More;
        subscription.stage = Subscription::Stage::Live;
        return Step::Done;
    }
    if (!core.tailReaches(subscription.sent)) {
        readChunk(session, document, subscription);
        return Step::Waits;
    }
    const std::size_t clockBytes = session.vectorClocks ? core.clock().canonicalSize() : 0;
    std::vector<eventlog::LogEntryPtr> events;
    std::size_t bytes = 0;
    for (ServerSeq seq = subscription.sent.next(); seq <= core.head().serverSeq; seq = seq.next()) {
        const eventlog::LoggedPtr event = core.inTail(seq);
        bytes += event->canonical->size() + clockBytes;
        if (!events.empty() && bytes > options.catchUpChunkBytes)
            break;
        events.push_back(event);
    }
    if (session.vectorClocks && !subscription.clock)
        subscription.clock = core.clockAt(subscription.sent);
    return sendEvents(session, document, subscription, std::move(events));
}

// The log does not lead on from where this reader stands: its next events were compacted away, or one fits no frame. A snapshot
// does that stands at `atLeast` or later. Whoever was synced named its pending edits long ago: a snapshot that does not say
// which of them are in the log would have them made twice; so it is told to ask again.
SyncService::Private::Step SyncService::Private::leadOnBySnapshot(Session &session, const DocumentPtr &document,
                                                                  Subscription &subscription, ServerSeq atLeast)
{
    if (!subscription.synced) {
        startSnapshot(session, document, subscription, atLeast);
        return Step::Done;
    }
    unsubscribe(session, document->id);
    sendError(session, {ErrorCode::Unavailable, "the log does not lead on from where this reader stands: subscribe again"},
              protocol::ErrorScope::Document, document->id, std::chrono::milliseconds(0));
    return Step::Done;
}

// Those who only read events have no bound for a frame, and nothing else to read.
SyncService::Private::Step SyncService::Private::sendEvents(Session &session, const DocumentPtr &document,
                                                            Subscription &subscription,
                                                            std::vector<eventlog::LogEntryPtr> events)
{
    const auto tooLarge = session.info.readerOnly ? events.end()
                                                  : std::find_if_not(events.begin(), events.end(), [](const eventlog::LogEntryPtr &event) {
                                                        return event->fitsFrame();
                                                    });
    if (tooLarge == events.begin())
        return leadOnBySnapshot(session, document, subscription, events.front()->serverSeq);
    events.erase(tooLarge, events.end());
    for (const auto &[last, frame] : broker.frames(document->id, events, session.vectorClocks ? subscription.clock : std::nullopt)) {
        session.sink->send(frame);
        subscription.sent = last;
    }
    if (subscription.clock) {
        for (const eventlog::LogEntryPtr &event : events)
            subscription.clock->advance(event->clientId, event->clientSeq);
    }
    return Step::More;
}

namespace {

struct Chunk
{
    std::vector<eventlog::LogEntryPtr> events;
    std::optional<VectorClock> clockBefore;
};

Result<Chunk> readEvents(storage::ReadView &view, std::int64_t number, const eventlog::EventStore::Range &range,
                         const std::optional<VectorClock> &headClock, ServerSeq head)
{
    eventlog::EventStore store(view);
    Chunk chunk;
    EVENTSYNC_TRY(chunk.events, store.entries(number, range));
    if (headClock) {
        EVENTSYNC_TRY(chunk.clockBefore, store.clockAt(number, range.after, head, *headClock));
    }
    return chunk;
}

} // namespace

void SyncService::Private::readChunk(Session &session, const DocumentPtr &document, Subscription &subscription)
{
    const eventlog::DocumentCore &core = *document->core;
    session.reading = true;
    eventlog::EventStore::Range range{.after = subscription.sent, .until = core.head().serverSeq,
                                      .bytes = options.catchUpChunkBytes, .untilIsLogged = true};
    if (session.vectorClocks) // which stand beside the events, and may be longer than these
        range.events = 1 + options.catchUpChunkBytes / core.clock().canonicalSize();
    std::optional<VectorClock> headClock;
    if (session.vectorClocks && !subscription.clock)
        headClock = core.clock();
    read<Chunk>(
        [number = core.number(), range, headClock, head = core.head().serverSeq](storage::ReadView &view) {
            return readEvents(view, number, range, headClock, head);
        },
        [this, id = session.id, document, generation = subscription.generation, after = range.after](Result<Chunk> chunk) {
            Session *reader = this->session(id);
            if (!reader)
                return;
            reader->reading = false;
            Subscription *current = this->subscription(id, document->id, generation);
            if (current && !chunk)
                return failDocument(*reader, document->id, chunk.error());
            // Not if it was compacted away meanwhile: then step() finds that a snapshot is needed. If nobody here compacts it,
            // another node has, and tells nobody.
            if (current && current->sent == after && chunk->events.empty() && !document->flushing)
                reloadBehindHorizon(document, after);
            if (current && current->sent == after && !chunk->events.empty() && chunk->events.front()->serverSeq == after.next()) {
                if (chunk->clockBefore)
                    current->clock = std::move(chunk->clockBefore);
                sendEvents(*reader, document, *current, chunk->events);
            }
            pump(*reader);
        });
}

void SyncService::Private::reloadBehindHorizon(const DocumentPtr &document, ServerSeq after)
{
    whenIdle(document, [this, document, after] {
        if (document->core->horizon() > after.next())
            return;
        document->core.reset();
        load(document);
    });
}

void SyncService::Private::sendSynced(Session &session, const DocumentPtr &document, Subscription &subscription)
{
    const eventlog::DocumentCore &core = *document->core;
    protocol::Synced synced{.documentId = document->id, .position = core.head(), .horizon = core.horizon(),
                            .clientSeq = core.clientSeq(session.client), .permission = subscription.permission};
    const auto collection = core.collection() ? core.collection() : subscription.collection;
    if (collection)
        synced.policy = rules.of(*collection)->policy;
    if (!core.exists())
        synced.position.chain = chainStart(collection.value_or(CollectionName()), document->id);
    if (session.vectorClocks || subscription.wantsCursors)
        synced.vectorClock = core.clock();
    subscription.owesSynced = false;
    subscription.synced = true;
    subscription.pending.clear();
    subscription.clock.reset();
    send(session, std::move(synced));
    subscription.owesPresences = true;
    subscription.owesCursors = subscription.wantsCursors;
    subscription.presencesAfter.reset();
    subscription.cursorsAfter.reset();
}

} // namespace eventsync::sync
