// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/snapshottransfer_p.h>

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/model/eventcheck.h>
#include <eventsync/storage/limits.h>

#include <algorithm>
#include <utility>

namespace eventsync::sync {

using eventlog::DocumentPtr;

namespace {

using TransferDone = std::function<void(Result<SnapshotTransfer>)>;

constexpr std::size_t kKnownIdBytes = 100; // of JSON: two ids and a position

// As many as fit beside a part of the state.
std::size_t knownIdsPerFrame(const ServiceOptions &options)
{
    const auto frame = static_cast<std::size_t>(options.limits.frameBytes);
    return (frame - std::min(frame, kEventFrameRoom + options.catchUpChunkBytes * 3 / 2)) / kKnownIdBytes;
}

// The pending edits of the peer that the snapshot contains: it must not apply them again. An edit that is left out is pushed
// again, and is a duplicate.
std::vector<protocol::KnownId> knownIn(const Snapshot &snapshot, std::int64_t number, const std::vector<protocol::PendingId> &pending,
                                       const eventlog::KnownEvents &known, std::size_t most)
{
    std::vector<protocol::KnownId> ids;
    const auto add = [&](const EventId &asked) {
        const auto hit = known.find(asked);
        if (hit == known.end() || hit->second.document != number || hit->second.serverSeq > snapshot.position.serverSeq)
            return false;
        ids.push_back({asked, hit->second.logged, hit->second.serverSeq});
        return true;
    };
    for (const protocol::PendingId &edit : pending) {
        if (ids.size() >= most)
            break;
        if (!add(edit.first) && edit.current != edit.first)
            add(edit.current);
    }
    return ids;
}

void lookUpPending(SyncContext &context, const DocumentPtr &document, const std::vector<protocol::PendingId> &pending,
                   const storage::Queries::Requester &requester, SnapshotTransfer::Start start, const TransferDone &done)
{
    std::vector<EventId> ids;
    for (const protocol::PendingId &edit : pending) {
        ids.push_back(edit.first);
        if (edit.current != edit.first)
            ids.push_back(edit.current);
    }
    if (ids.empty())
        return done(SnapshotTransfer(std::move(start)));
    const bool isLong = ids.size() > limits::kPageItems;
    const auto work = [ids = std::move(ids)](storage::ReadView &view) { return eventlog::EventStore(view).known(ids); };
    const auto found =
        [&context, document, pending, start = std::move(start), done](const Result<eventlog::KnownEvents> &known) {
            if (!known && known.error().code != ErrorCode::TooLarge)
                return done(failure(known.error()));
            // Too many ids for one read: then none is named as known.
            context.engine.whenIdle(document, [&context, document, pending, start, done,
                                               known = known ? *known : eventlog::KnownEvents()](const Result<> &idle) mutable {
                if (!idle)
                    return;
                start.known = knownIn(*start.snapshot, document->core()->log().number(), pending, known, knownIdsPerFrame(context.options));
                done(SnapshotTransfer(std::move(start)));
            });
        };
    if (isLong)
        context.answers.ask<eventlog::KnownEvents>(requester, [work](storage::ReadView &view, Budget &) { return work(view); }, found);
    else
        context.store().read<eventlog::KnownEvents>(work, found);
}

} // namespace

SnapshotTransfer::SnapshotTransfer(Start start)
    : m_start(std::move(start)),
      m_parts(std::max<std::int64_t>(1, static_cast<std::int64_t>((m_start.snapshot->state.size() + m_start.chunkBytes - 1) / m_start.chunkBytes))),
      m_part(std::clamp<std::int64_t>(m_start.part, 1, m_parts))
{
}

Result<protocol::Snapshot> SnapshotTransfer::next()
{
    const Snapshot &snapshot = *m_start.snapshot;
    protocol::Snapshot message{.documentId = snapshot.documentId, .collection = snapshot.collection, .kind = snapshot.kind,
                               .position = snapshot.position, .known = std::exchange(m_start.known, {}), .part = m_part,
                               .parts = m_parts, .sha256 = m_start.sha256};
    if (m_part == m_parts)
        message.vectorClock = snapshot.vectorClock;
    if (snapshot.state.empty()) {
        message.deleted = true;
    } else if (m_parts == 1 && snapshot.kind == DocumentKind::Json) {
        EVENTSYNC_TRY(const DocumentState state, eventlog::stateOf(snapshot));
        message.state = state.view();
    } else {
        message.bytes = snapshot.state.substr(static_cast<std::size_t>(m_part - 1) * m_start.chunkBytes, m_start.chunkBytes);
    }
    ++m_part;
    return message;
}

bool snapshotIsCheaper(const SyncContext &context, const eventlog::DocumentCore &core, const protocol::Subscribe &message, ServerSeq after)
{
    const std::int64_t missing = core.log().head().serverSeq - after;
    const std::int64_t every = context.engine.snapshotEvery(core.log().collection());
    if (every <= 0 || !message.pending.empty() || missing <= every || core.log().recent().isEmpty())
        return false;
    std::size_t bytes = 0;
    for (const eventlog::LoggedPtr &event : core.log().recent().events())
        bytes += event->canonical->size();
    const std::size_t expected = bytes / core.log().recent().events().size() * static_cast<std::size_t>(missing);
    return expected > 2 * core.state().canonicalSize();
}

void prepareTransfer(SyncContext &context, const DocumentPtr &document, const protocol::Subscribe &message,
                     const storage::Queries::Requester &requester, ServerSeq atLeast, TransferDone done)
{
    context.engine.whenIdle(document, [&context, document, message, requester, atLeast, done = std::move(done)](const Result<> &idle) {
        if (!idle)
            return;
        SnapshotTransfer::Start start{.snapshot = {}, .sha256 = {}, .part = message.snapshotPart.value_or(1),
                                      .chunkBytes = context.options.catchUpChunkBytes};
        if (document->core()->state().canonicalSize() <= context.options.catchUpChunkBytes) {
            start.snapshot = std::make_shared<const Snapshot>(document->core()->snapshot());
            start.sha256 = sha256(start.snapshot->state);
            return lookUpPending(context, document, message.pending, requester, std::move(start), done);
        }
        context.engine.storedSnapshot(document, atLeast, [&context, document, pending = message.pending, requester, start, done](
                                                             const Result<eventlog::StoredSnapshot> &stored) mutable {
            if (!stored)
                return done(failure(stored.error()));
            start.snapshot = stored->snapshot;
            start.sha256 = stored->sha256;
            lookUpPending(context, document, pending, requester, std::move(start), done);
        });
    });
}

} // namespace eventsync::sync
