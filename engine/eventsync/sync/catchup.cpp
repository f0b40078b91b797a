// SPDX-License-Identifier: Apache-2.0
//
// Catching up is pulled: chunks go out only while the peer's unsent bytes are below the high-water mark, one chunk of each
// document in turn, so that neither a large document nor a slow reader delays the others, and control messages are sent in
// between. take() is where a reader that was live falls back to catching up.
#include <eventsync/sync/subscription_p.h>

#include <eventsync/sync/session_p.h>

#include <algorithm>
#include <utility>

namespace eventsync::sync {

using eventlog::DocumentCore;
using eventlog::DocumentPtr;
using eventlog::LogEntryPtr;

struct Subscription::Chunk
{
    std::vector<LogEntryPtr> events;
    std::size_t fitting = 0; // the first ones that fit a frame
    std::optional<VectorClock> clockBefore;
};

namespace {

// Sessions that only read events have no limit for a frame.
std::size_t fittingOf(const std::vector<LogEntryPtr> &events, bool readerOnly)
{
    if (readerOnly)
        return events.size();
    const auto tooLarge = std::find_if_not(events.begin(), events.end(), [](const LogEntryPtr &event) { return event->fitsFrame(); });
    return static_cast<std::size_t>(tooLarge - events.begin());
}

} // namespace

// ---- live

bool Subscription::mayRead() const
{
    return m_state != State::Ended && m_context.options.access->access(m_session.principal(), collection(), m_id) != Access::None;
}

bool Subscription::isOverHighWater() const
{
    return m_session.peer().isOverHighWater();
}

void Subscription::send(const protocol::OutgoingPtr &message)
{
    m_session.peer().send(message);
}

EventSubscriber::Take Subscription::take(ServerSeq before, std::size_t events) const
{
    if (m_state != State::Live)
        return Take::Nothing;
    if (!mayRead())
        return Take::Revoked;
    // Messages that are long because of clocks are sent in steps, like catching up.
    const std::size_t clockBytes = m_session.wantsVectorClocks() ? m_pin->document()->core()->log().clock().canonicalSize() * events : 0;
    if (m_sent != before || isOverHighWater() || clockBytes > m_context.options.catchUpChunkBytes)
        return Take::Behind;
    return m_session.wantsVectorClocks() ? Take::EventsWithClocks : Take::Events;
}

void Subscription::deliver(const EventFrames &frames)
{
    for (const EventFrame &frame : frames)
        send(frame.message);
    m_sent = frames.back().last;
    m_clock.reset();
}

// After a commit with an unknown result the log may have events that were not sent to subscribers.
void Subscription::documentLoaded()
{
    const DocumentCore *core = m_pin ? m_pin->document()->core() : nullptr;
    if (m_state == State::CatchingUp || (m_state == State::Live && core && core->log().head().serverSeq != m_sent))
        catchUp();
}

void Subscription::catchUp()
{
    if (m_state == State::Ended)
        return;
    m_state = State::CatchingUp;
    m_session.enqueue(shared_from_this());
    m_session.sendPending();
}

// ---- steps

Subscription::Step Subscription::step()
{
    const DocumentPtr document = m_pin->document();
    if (!document->core())
        return Step::Done; // documentLoaded() continues
    if (!mayRead()) {
        revoke();
        return Step::Done;
    }
    const DocumentCore &core = *document->core();
    if (m_transfer)
        return sendPart();
    if (m_sent < core.log().horizon().previous() || m_sent > core.log().head().serverSeq)
        return continueBySnapshot(core.log().horizon().previous());
    if (m_sent == core.log().head().serverSeq)
        return announce();
    if (!core.log().recent().reaches(m_sent)) {
        readChunk();
        return Step::Waits;
    }
    const bool withClocks = m_session.wantsVectorClocks();
    const std::size_t clockBytes = withClocks ? core.log().clock().canonicalSize() : 0;
    std::vector<LogEntryPtr> events;
    std::size_t bytes = 0;
    for (ServerSeq seq = m_sent.next(); seq <= core.log().head().serverSeq; seq = seq.next()) {
        const eventlog::LoggedPtr event = core.log().recent().at(seq);
        bytes += event->canonical->size() + clockBytes;
        if (!events.empty() && bytes > m_context.options.catchUpChunkBytes)
            break;
        events.push_back(event);
    }
    if (withClocks && !m_clock)
        m_clock = core.log().clockAt(m_sent);
    const std::size_t fitting = fittingOf(events, m_session.peer().info().readerOnly);
    return sendEvents(std::move(events), fitting);
}

// It has every event: presence and cursors follow, then it is live.
Subscription::Step Subscription::announce()
{
    const std::size_t chunk = m_context.options.catchUpChunkBytes;
    Outbox &peer = m_session.peer();
    if (m_announcements.next() == Announcements::Next::Synced)
        sendSynced();
    if (m_announcements.next() == Announcements::Next::Presences
        && m_announcements.sendPresences(peer, m_id, m_context.presence.of(m_id), m_sessionId, chunk))
        return Step::More;
    if (!m_parameters.clocks)
        m_announcements.skipCursors();
    if (m_announcements.next() == Announcements::Next::Cursors && m_announcements.sendCursors(peer, m_id, m_pin->document()->cursors().all(), chunk))
        return Step::More;
    m_state = State::Live;
    return Step::Done;
}

// The log does not continue at this reader's position: its next events were compacted, or one of them is too large for a frame.
// A snapshot at `atLeast` or later is sent instead. A peer that was synced may have new pending edits: without the information
// which of them the snapshot contains it would apply them twice, so it must subscribe again.
Subscription::Step Subscription::continueBySnapshot(ServerSeq atLeast)
{
    if (!m_synced) {
        startSnapshot(atLeast);
        return Step::Done;
    }
    m_session.unsubscribe(m_id);
    m_session.peer().sendError({ErrorCode::Unavailable, "the log does not lead on from where this reader stands: subscribe again"},
                               protocol::ErrorScope::Document, m_id, std::chrono::milliseconds(0));
    return Step::Done;
}

// Sends the first `fitting` of them.
Subscription::Step Subscription::sendEvents(std::vector<LogEntryPtr> events, std::size_t fitting)
{
    if (fitting == 0)
        return continueBySnapshot(events.front()->serverSeq);
    events.resize(fitting);
    for (const auto &[last, frame] : m_context.broker.frames(m_id, events, m_session.wantsVectorClocks() ? m_clock : std::nullopt)) {
        send(frame);
        m_sent = last;
    }
    if (m_clock) {
        for (const LogEntryPtr &event : events)
            m_clock->advance(event->clientId, event->clientSeq);
    }
    return Step::More;
}

void Subscription::readChunk()
{
    const DocumentCore &core = *m_pin->document()->core();
    m_session.beginRead();
    eventlog::EventStore::Range range{.after = m_sent, .until = core.log().head().serverSeq, .bytes = m_context.options.catchUpChunkBytes,
                                      .untilIsLogged = true};
    if (m_session.wantsVectorClocks()) // clocks are sent with the events, and may be longer than these
        range.events = 1 + m_context.options.catchUpChunkBytes / core.log().clock().canonicalSize();
    std::optional<VectorClock> headClock;
    if (m_session.wantsVectorClocks() && !m_clock)
        headClock = core.log().clock();
    const auto work = [number = core.log().number(), range, headClock, readerOnly = m_session.peer().info().readerOnly,
                       head = core.log().head().serverSeq](storage::ReadView &view) -> Result<Chunk> {
        eventlog::EventStore store(view);
        Chunk chunk;
        EVENTSYNC_TRY(chunk.events, store.entries(number, range));
        chunk.fitting = fittingOf(chunk.events, readerOnly); // here, because a large event is parsed for it
        if (headClock) {
            EVENTSYNC_TRY(chunk.clockBefore, store.clockAt(number, range.after, head, *headClock));
        }
        return chunk;
    };
    const auto done =
        [weak = weak_from_this(), reader = m_session.weak_from_this(), request = m_accepted, after = range.after](Result<Chunk> chunk) {
            const auto session = reader.lock();
            if (!session)
                return;
            session->endRead();
            const auto self = weak.lock();
            if (self && self->m_state != State::Ended && self->m_accepted == request)
                self->chunkRead(after, std::move(chunk));
            session->sendPending();
        };
    if (headClock) // may be long: its peer decides where it begins
        m_context.answers.ask<Chunk>(m_session.requester(), [work](storage::ReadView &view, Budget &) { return work(view); }, done);
    else
        m_context.store().read<Chunk>(work, done);
}

// If nothing is found, the events were compacted meanwhile, and step() will send a snapshot. If this node has not compacted
// them, another node has, and the document is read again.
void Subscription::chunkRead(ServerSeq after, Result<Chunk> chunk)
{
    if (!chunk && chunk.error().code == ErrorCode::TooLarge) // of a read, not of the document: the peer may come again
        return refuse({ErrorCode::Unavailable, "the vector clock at this position took too long to compute"});
    if (!chunk)
        return refuse(chunk.error());
    if (m_sent != after)
        return;
    const DocumentPtr document = m_pin->document();
    if (chunk->events.empty() && !document->isWritingRows()) {
        m_context.engine.whenIdle(document, [document, after, &engine = m_context.engine](const Result<> &idle) {
            if (idle && document->core()->log().horizon() <= after.next())
                engine.reload(document);
        });
    }
    if (chunk->events.empty() || chunk->events.front()->serverSeq != after.next())
        return;
    if (chunk->clockBefore)
        m_clock = std::move(chunk->clockBefore);
    sendEvents(std::move(chunk->events), chunk->fitting);
}

Subscription::Step Subscription::sendPart()
{
    auto part = m_transfer->next();
    if (!part) {
        refuse(part.error());
        return Step::Done;
    }
    m_session.peer().send(std::move(*part));
    if (!m_transfer->isDone())
        return Step::More;
    m_sent = m_transfer->snapshot().position.serverSeq;
    m_clock.reset();
    if (m_session.wantsVectorClocks())
        m_clock = m_transfer->snapshot().vectorClock;
    m_transfer.reset();
    return Step::More;
}

void Subscription::sendSynced()
{
    const DocumentCore &core = *m_pin->document()->core();
    protocol::Synced synced{.documentId = m_id, .position = core.log().head(), .horizon = core.log().horizon(),
                            .clientSeq = core.log().clientSeq(m_session.client()), .permission = m_permission};
    if (collection())
        synced.policy = m_context.engine.rules(*collection())->policy;
    if (!core.log().exists())
        synced.position.chain = chainStart(collection().value_or(CollectionName()), m_id);
    if (m_session.wantsVectorClocks() || m_parameters.clocks)
        synced.vectorClock = core.log().clock();
    m_synced = true;
    m_parameters.pending.clear();
    m_clock.reset();
    m_session.peer().send(std::move(synced));
    m_announcements.synced();
}

// ---- cursors

namespace {

void cursorMoved(SyncContext &context, const DocumentPtr &document, StateVector moved)
{
    const StateVector &cursor = document->cursors().move(std::move(moved));
    protocol::OutgoingPtr outgoing;
    for (const SubscriberPtr &other : context.broker.subscribers(document->id())) {
        if (!other->wantsCursors() || other->isOverHighWater() || !other->mayRead())
            continue;
        if (!outgoing)
            outgoing = std::make_shared<const protocol::OutgoingMessage>(protocol::Cursors{document->id(), {cursor}});
        other->send(outgoing);
    }
}

} // namespace

// The peer's position is clamped to the existing ones.
void Subscription::moveCursor(ServerSeq at)
{
    const DocumentPtr document = m_pin ? m_pin->document() : nullptr;
    const DocumentCore *core = document ? document->core() : nullptr;
    if (!core || !core->log().exists())
        return;
    at = std::min(at, core->log().head().serverSeq);
    if (core->log().recent().reaches(at)) {
        m_cursor.reset();
        return cursorMoved(m_context, document, {m_session.client(), m_id, at, core->log().clockAt(at), m_context.clock.wall()});
    }
    m_cursor = at;
    if (!std::exchange(m_isCursorQueued, true))
        m_session.enqueueCursor(shared_from_this());
}

// The newest one counts, if several came meanwhile.
bool Subscription::readCursor()
{
    m_isCursorQueued = false;
    const std::optional<ServerSeq> at = std::exchange(m_cursor, std::nullopt);
    const DocumentPtr document = m_pin ? m_pin->document() : nullptr;
    const DocumentCore *core = document ? document->core() : nullptr;
    if (!at || !core || m_state == State::Ended)
        return false;
    m_context.answers.ask<VectorClock>(
        m_session.requester(),
        [number = core->log().number(), headClock = core->log().clock(), head = core->log().head().serverSeq, at = *at](storage::ReadView &view, Budget &) {
            return eventlog::EventStore(view).clockAt(number, at, head, headClock);
        },
        [document, at = *at, client = m_session.client(), reader = m_session.weak_from_this(), &context = m_context](Result<VectorClock> known) {
            if (known)
                cursorMoved(context, document, {client, document->id(), at, std::move(*known), context.clock.wall()});
            if (const auto session = reader.lock())
                session->cursorRead();
        });
    return true;
}

} // namespace eventsync::sync
