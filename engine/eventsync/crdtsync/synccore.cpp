// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdtsync/synccore.h>

#include <eventsync/base/assert.h>
#include <eventsync/base/limits.h>
#include <eventsync/crdtsync/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/pubsub/limits.h>

#include <algorithm>

namespace eventsync::crdtsync {

namespace {

std::int64_t countOf(const std::vector<PatchRange> &ranges)
{
    std::int64_t count = 0;
    for (const PatchRange &range : ranges)
        count += std::min(range.count(), limits::kMaxInteger / 2 - count);
    return count;
}

// The most ranges of a message that one answer handles.
void bound(std::vector<PatchRange> &ranges)
{
    if (ranges.size() > limits::kCompareRanges)
        ranges.resize(limits::kCompareRanges);
}

} // namespace

SyncCore::SyncCore(crdt::Document &document, Options options, Random &random)
    : m_options(std::move(options)), m_random(random), m_replica(document, random)
{
    EVENTSYNC_ASSERT(!m_options.nodeId.empty() && m_options.nodeId.size() <= limits::kClientIdBytes);
    EVENTSYNC_ASSERT(!document.clock().isServer());
}

Result<> SyncCore::restore(const std::optional<SnapshotMessage> &snapshot, std::vector<NumberedPatch> patches)
{
    if (snapshot) {
        if (const auto adopted = m_replica.adopt(*snapshot, {}); !adopted)
            return failure(ErrorCode::Corrupt, "the stored snapshot: " + adopted.error().toString());
    }
    const Replica::Received result = m_replica.receive(std::move(patches));
    if (!result.forked.empty() || !result.refused.empty() || result.dropped > 0 || m_replica.waitingCount() > 0)
        return failure(ErrorCode::Corrupt, "the stored patches do not fit together");
    return {};
}

void SyncCore::send(const std::string &to, decltype(Message::body) body, Effects &effects) const
{
    effects.send.push_back({m_options.nodeId, to, std::move(body)});
}

StateMessage SyncCore::state() const
{
    StateMessage state{m_replica.set().size(), m_replica.set().fingerprint(), {}};
    const bool isShort = m_replica.vector().size() <= limits::kCrdtSyncVectorRows;
    if (m_options.exchange == Exchange::Vector || (m_options.exchange == Exchange::Automatic && isShort))
        state.vector = m_replica.vector();
    return state;
}

Result<PatchId> SyncCore::applyLocal(const crdt::Patch &patch, Effects &effects)
{
    EVENTSYNC_TRY(const PatchId id, m_replica.addLocal(patch));
    effects.store.push_back(NumberedPatch{id, patch});
    return id;
}

void SyncCore::stored(const std::vector<Effects::StoreStep> &steps, Milliseconds now, Effects &effects)
{
    PatchesMessage fresh;
    std::size_t bytes = 0;
    for (const Effects::StoreStep &step : steps) {
        const auto *patch = std::get_if<NumberedPatch>(&step);
        if (!patch || !m_replica.confirmLocal(patch->id))
            continue;
        bytes += patch->patch.bytes().size();
        fresh.patches.push_back(*patch);
        if (bytes > limits::kCrdtSyncChunkBytes) {
            send({}, std::exchange(fresh, {}), effects);
            bytes = 0;
        }
    }
    if (!fresh.patches.empty())
        send({}, std::move(fresh), effects);
    if (m_replica.pendingCount() == 0) {
        for (const std::string &peer : std::exchange(m_snapshotWanted, {}))
            sendSnapshot(peer, now, effects);
    }
}

void SyncCore::tick(Milliseconds now, Effects &effects)
{
    std::erase_if(m_asked, [&](const PendingRequest &asked) { return asked.until <= now; });
    if (now < m_nextState)
        return;
    // Between half of the interval and one and a half, so that nodes do not all send at once.
    const auto every = static_cast<std::uint64_t>(m_options.every.count());
    m_nextState = now + Milliseconds(every / 2 + m_random.below(every + 1));
    send({}, state(), effects);
}

void SyncCore::receive(const Message &message, Milliseconds now, Effects &effects)
{
    const bool directed = !message.to.empty();
    if (message.from == m_options.nodeId || (directed && message.to != m_options.nodeId))
        return;
    std::visit([&](const auto &body) { handle(message.from, body, directed, now, effects); }, message.body);
}

void SyncCore::handle(const std::string &from, const PatchesMessage &body, bool directed, Milliseconds now, Effects &effects)
{
    report(m_replica.receive(body.patches), effects);
    if (!directed || !body.more)
        return;
    m_asked.clear();
    if (const auto peer = m_peers.find(from); peer != m_peers.end())
        ask(from, m_replica.vector().missingFrom(peer->second), now, effects);
    else
        send(from, CompareMessage{beginComparison(m_replica.set())}, effects);
}

void SyncCore::handle(const std::string &from, const StateMessage &body, bool directed, Milliseconds now, Effects &effects)
{
    const VersionVector &own = m_replica.vector();
    const bool isEqual = body.count == m_replica.set().size() && body.fingerprint == m_replica.set().fingerprint();
    if (!body.vector) {
        m_peers.erase(from);
        if (!isEqual)
            send(from, CompareMessage{beginComparison(m_replica.set())}, effects);
        return;
    }
    if (m_peers.size() < limits::kPeers || m_peers.contains(from))
        m_peers[from] = *body.vector;
    ask(from, own.missingFrom(*body.vector), now, effects);
    // A state that is addressed to one node is an answer, and not answered again.
    if (!directed && !body.vector->covers(own))
        send(from, state(), effects);
    if (own == *body.vector && !isEqual)
        send(from, CompareMessage{beginComparison(m_replica.set())}, effects); // the same numbers, other patches
}

void SyncCore::ask(const std::string &peer, const std::vector<PatchRange> &missing, Milliseconds now, Effects &effects)
{
    std::vector<PatchRange> ranges = m_replica.withoutWaiting(missing);
    for (const PendingRequest &asked : m_asked) {
        if (asked.until > now)
            ranges = difference(ranges, {asked.range});
    }
    bound(ranges);
    if (ranges.empty())
        return;
    for (const PatchRange &range : ranges) {
        if (m_asked.size() < limits::kCompareRanges)
            m_asked.push_back({range, now + m_options.every});
    }
    send(peer, RequestMessage{std::move(ranges), now >= m_noSnapshotsUntil}, effects);
}

void SyncCore::handle(const std::string &from, const RequestMessage &body, bool, Milliseconds now, Effects &effects)
{
    give(from, body.ranges, body.snapshot, now, effects);
}

void SyncCore::give(const std::string &peer, const std::vector<PatchRange> &ranges, bool snapshot, Milliseconds now,
                    Effects &effects)
{
    // Only patches that are here: a peer may name any.
    std::vector<PatchRange> here;
    bool isBelowFloor = false;
    for (PatchRange range : ranges) {
        range.last = std::min(range.last, m_replica.vector().at(range.replica));
        if (range.first > range.last)
            continue;
        isBelowFloor = isBelowFloor || range.first <= m_replica.floor().at(range.replica);
        here.push_back(range);
    }
    bound(here);
    if (here.empty())
        return;
    if (snapshot && (isBelowFloor || countOf(here) >= m_options.snapshotFrom))
        sendSnapshot(peer, now, effects);
    else
        effects.serve.push_back({peer, std::move(here)});
}

// Own patches that are not durable must not be sent, not even inside a document.
void SyncCore::sendSnapshot(const std::string &peer, Milliseconds now, Effects &effects)
{
    if (m_flush)
        m_flush();
    if (m_replica.pendingCount() > 0) {
        if (m_snapshotWanted.size() < limits::kPeers)
            m_snapshotWanted.insert(peer);
        return;
    }
    std::erase_if(m_snapshotSent, [&](const auto &sent) { return sent.second <= now; });
    if (m_snapshotSent.contains(peer) || m_snapshotSent.size() >= limits::kPeers)
        return;
    auto snapshot = m_replica.snapshot();
    if (!snapshot) {
        effects.notifications.push_back({SyncNotification::Kind::SnapshotRefused, {}, snapshot.error()});
        return;
    }
    m_snapshotSent[peer] = now + m_options.every / 2;
    send(peer, std::move(*snapshot), effects);
}

void SyncCore::handle(const std::string &from, const CompareMessage &body, bool, Milliseconds now, Effects &effects)
{
    Compared result = compare(m_replica.set(), body.ranges);
    if (!result.answer.empty())
        send(from, CompareMessage{std::move(result.answer)}, effects);
    for (const PatchRange &range : result.differing)
        reportFork(range, effects);
    ask(from, result.missing, now, effects);
    give(from, result.excess, true, now, effects);
}

void SyncCore::handle(const std::string &, const SnapshotMessage &body, bool directed, Milliseconds now, Effects &effects)
{
    VersionVector there;
    for (const SnapshotMessage::Row &row : body.rows)
        there.advance(row.range.replica, row.range.last);
    if (!directed || m_adopting || m_replica.vector().covers(there))
        return;
    if (!there.covers(m_replica.floor())) {
        m_noSnapshotsUntil = now + 2 * m_options.every;
        m_asked.clear();
        return;
    }
    m_adopting = true;
    m_sinceAdoption.clear();
    effects.adopt = body;
}

void SyncCore::adopt(const SnapshotMessage &snapshot, std::vector<NumberedPatch> more, Effects &effects)
{
    m_adopting = false;
    more.insert(more.end(), m_sinceAdoption.begin(), m_sinceAdoption.end());
    m_sinceAdoption.clear();
    const VersionVector before = m_replica.vector();
    auto applied = m_replica.adopt(snapshot, std::move(more));
    if (!applied) {
        effects.notifications.push_back({SyncNotification::Kind::SnapshotRefused, {}, applied.error()});
        return;
    }
    m_asked.clear();
    effects.store.push_back(snapshot);
    // Patches that had waited for those of the snapshot are new; the others are in the store already.
    for (NumberedPatch &patch : *applied) {
        if (!before.has(patch.id))
            effects.store.push_back(std::move(patch));
    }
    effects.notifications.push_back({SyncNotification::Kind::DocumentReplaced});
}

void SyncCore::served(const std::string &to, std::vector<NumberedPatch> patches, bool more, Effects &effects)
{
    if (!patches.empty())
        send(to, PatchesMessage{std::move(patches), more}, effects);
}

void SyncCore::report(const Replica::Received &result, Effects &effects)
{
    for (const NumberedPatch &patch : result.applied) {
        effects.store.push_back(patch);
        effects.notifications.push_back({SyncNotification::Kind::PatchApplied, {patch.id.replica, patch.id.number, patch.id.number}});
        if (m_adopting)
            m_sinceAdoption.push_back(patch);
    }
    for (const PatchId &id : result.forked)
        reportFork({id.replica, id.number, id.number}, effects);
    for (const auto &[id, error] : result.refused) {
        const PatchRange range{id.replica, id.number, id.number};
        if (m_reported.size() < limits::kCrdtSyncForks && m_reported.insert(range).second)
            effects.notifications.push_back({SyncNotification::Kind::PatchRefused, range, error});
    }
}

void SyncCore::reportFork(const PatchRange &range, Effects &effects)
{
    if (m_reported.size() >= limits::kCrdtSyncForks || !m_reported.insert(range).second)
        return;
    const bool isOwn = range.replica == m_replica.id();
    std::string text = "replica " + std::to_string(range.replica.value()) + " has two patches under number " +
                       std::to_string(range.first.value());
    if (range.count() > 1)
        text += " to " + std::to_string(range.last.value());
    text += isOwn ? ": this node is a copy or has one; it needs another session" : ": somebody copied it";
    effects.notifications.push_back({SyncNotification::Kind::ReplicaForked, range, Error{ErrorCode::ClientForked, std::move(text)}});
}

} // namespace eventsync::crdtsync
