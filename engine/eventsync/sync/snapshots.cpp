// SPDX-License-Identifier: Apache-2.0
//
// A state that fits one chunk is sent as it stands at head. A larger one goes in parts, and a peer that lost its connection
// goes on with the part it lacks; so the parts must be those of a picture that stays: a stored snapshot, made when needed.
#include <eventsync/base/limits.h>
#include <eventsync/sync/private.h>

#include <eventsync/base/mutation.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/model/eventcheck.h>

#include <algorithm>
#include <utility>

namespace eventsync::sync {

namespace {

// A stored picture that is older than this many events is made anew: its tail would cost more than it saves.
constexpr std::int64_t kPictureAge = 1'000;

constexpr std::size_t kKnownIdBytes = 100; // of JSON: two ids and a position

using MaybeSnapshot = std::optional<eventsync::Snapshot>;

} // namespace

// Only for peers with nothing pending: what a snapshot replaces cannot be looked at event by event.
bool SyncService::Private::snapshotIsCheaper(const DocumentPtr &document, const Subscription &subscription, ServerSeq after) const
{
    const eventlog::DocumentCore &core = *document->core;
    const std::int64_t missing = core.head().serverSeq - after;
    const std::int64_t every = snapshotEvery(core.collection());
    if (every <= 0 || !subscription.pending.empty() || missing <= every || core.tail().empty())
        return false;
    std::size_t bytes = 0;
    for (const eventlog::LoggedPtr &event : core.tail())
        bytes += event->canonical->size();
    const std::size_t expected = bytes / core.tail().size() * static_cast<std::size_t>(missing);
    return expected > 2 * core.state().canonicalSize();
}

void SyncService::Private::startSnapshot(Session &session, const DocumentPtr &document, Subscription &subscription, ServerSeq atLeast)
{
    subscription.stage = Subscription::Stage::Waiting;
    whenIdle(document, [this, id = session.id, document, generation = subscription.generation, atLeast] {
        if (!this->subscription(id, document->id, generation))
            return;
        const eventlog::DocumentCore &core = *document->core;
        if (core.state().canonicalSize() <= options.catchUpChunkBytes) {
            const auto snapshot = std::make_shared<const Snapshot>(core.snapshot());
            return snapshotReady(id, document, generation, snapshot, sha256(snapshot->state));
        }
        const auto fits = [document, atLeast](const Snapshot &picture) {
            return picture.position.serverSeq >= std::max(atLeast, document->core->horizon().previous()) &&
                   document->core->head().serverSeq - picture.position.serverSeq <= kPictureAge;
        };
        if (document->served && fits(*document->served))
            return snapshotReady(id, document, generation, document->served, document->servedHash);
        eventlog::DocumentRow row{.documentId = document->id, .number = core.number(), .collection = *core.collection()};
        read<MaybeSnapshot>(
            [row, head = core.head().serverSeq](storage::ReadView &view) { return eventlog::EventStore(view).snapshot(row, head); },
            [this, id, document, generation, fits](Result<MaybeSnapshot> stored) {
                const auto serve = [this, id, document, generation](const Result<Snapshot> &picture) {
                    if (!picture) {
                        if (this->subscription(id, document->id, generation))
                            failDocument(*this->session(id), document->id, picture.error());
                        return;
                    }
                    document->served = std::make_shared<const Snapshot>(*picture);
                    document->servedHash = sha256(document->served->state);
                    measure(document);
                    snapshotReady(id, document, generation, document->served, document->servedHash);
                };
                whenIdle(document, [this, document, fits, serve, stored = std::move(stored)] {
                    if (stored && *stored && fits(**stored))
                        return serve(**stored);
                    makeSnapshot(document, serve);
                });
            });
    });
}

void SyncService::Private::snapshotReady(SessionId id, const DocumentPtr &document, std::uint64_t generation,
                                         const std::shared_ptr<const Snapshot> &snapshot, const Digest &hash)
{
    Subscription *waiting = subscription(id, document->id, generation);
    if (!waiting)
        return;
    std::vector<EventId> ids;
    if (!mutated(Mutation::WithoutKnownInSnapshot)) {
        for (const protocol::PendingId &pending : waiting->pending) {
            ids.push_back(pending.first);
            if (pending.current != pending.first)
                ids.push_back(pending.current);
        }
    }
    const auto start = [this, id, document, generation, snapshot, hash](const eventlog::KnownEvents &known) {
        Subscription *waits = subscription(id, document->id, generation);
        if (!waits)
            return;
        SnapshotTransfer transfer{.snapshot = snapshot, .sha256 = hash};
        const std::size_t chunk = options.catchUpChunkBytes;
        transfer.parts = std::max<std::int64_t>(1, static_cast<std::int64_t>((snapshot->state.size() + chunk - 1) / chunk));
        transfer.part = std::clamp<std::int64_t>(waits->snapshotPart.value_or(1), 1, transfer.parts);
        waits->snapshotPart.reset();
        const auto add = [&](const EventId &asked) {
            const auto hit = known.find(asked);
            if (hit == known.end() || !document->core || hit->second.document != document->core->number() ||
                hit->second.serverSeq > snapshot->position.serverSeq)
                return false;
            transfer.known.push_back({asked, hit->second.logged, hit->second.serverSeq});
            return true;
        };
        for (const protocol::PendingId &pending : waits->pending) {
            if (transfer.known.size() >= knownIdsPerFrame())
                break; // one that is left out is pushed again, and is a duplicate
            if (!add(pending.first) && pending.current != pending.first)
                add(pending.current);
        }
        waits->transfer = std::move(transfer);
        waits->owesSynced = true;
        beginCatchUp(*session(id), document->id);
    };
    if (ids.empty())
        return start({});
    read<eventlog::KnownEvents>([ids = std::move(ids)](storage::ReadView &view) { return eventlog::EventStore(view).known(ids); },
                                [this, id, document, generation, start](const Result<eventlog::KnownEvents> &known) {
                                    if (!known) {
                                        if (subscription(id, document->id, generation))
                                            failDocument(*session(id), document->id, known.error());
                                        return;
                                    }
                                    whenIdle(document, [start, known = *known] { start(known); });
                                });
}

// As many as fit beside a part of the state.
std::size_t SyncService::Private::knownIdsPerFrame() const
{
    const auto frame = static_cast<std::size_t>(options.limits.frameBytes);
    return (frame - std::min(frame, kEventFrameRoom + options.catchUpChunkBytes * 3 / 2)) / kKnownIdBytes;
}

SyncService::Private::Step SyncService::Private::sendPart(Session &session, const DocumentPtr &document, Subscription &subscription)
{
    SnapshotTransfer &transfer = *subscription.transfer;
    const Snapshot &snapshot = *transfer.snapshot;
    protocol::Snapshot message{.documentId = document->id, .collection = snapshot.collection, .kind = snapshot.kind,
                               .position = snapshot.position, .known = std::exchange(transfer.known, {}), .part = transfer.part,
                               .parts = transfer.parts, .sha256 = transfer.sha256};
    if (transfer.part == transfer.parts)
        message.vectorClock = snapshot.vectorClock;
    if (snapshot.state.empty()) {
        message.deleted = true;
    } else if (transfer.parts == 1 && snapshot.kind == DocumentKind::Json) {
        const auto state = eventlog::stateOf(snapshot);
        if (!state) {
            refuseDocument(session, document->id, state.error());
            return Step::Done;
        }
        message.state = state->view();
    } else {
        const std::size_t chunk = options.catchUpChunkBytes;
        message.bytes = snapshot.state.substr(static_cast<std::size_t>(transfer.part - 1) * chunk, chunk);
    }
    send(session, std::move(message));
    if (transfer.part++ < transfer.parts)
        return Step::More;
    subscription.sent = snapshot.position.serverSeq;
    subscription.clock.reset();
    if (session.vectorClocks)
        subscription.clock = snapshot.vectorClock;
    subscription.transfer.reset();
    return Step::More;
}

} // namespace eventsync::sync
