// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdtsync/replica.h>

#include <eventsync/crdt/encoding.h>
#include <eventsync/crdtsync/limits.h>
#include <eventsync/pubsub/limits.h>

#include <algorithm>

namespace eventsync::crdtsync {

void Replica::record(const NumberedPatch &patch)
{
    m_vector.advance(patch.id.replica, patch.id.number);
    m_set.insert(patch.id, PatchDigest::of(patch.id, patch.patch));
}

Result<PatchId> Replica::addLocal(const crdt::Patch &patch)
{
    if (patch.isEmpty())
        return failure(ErrorCode::Invalid, "an empty patch");
    if (replicaOf(patch) != id())
        return failure(ErrorCode::Invalid, "a patch of another session");
    EVENTSYNC_CHECK(m_document->apply(patch));
    const bool isPending = !m_pending.empty() && m_pending.back().id.replica == id();
    const PatchId next{id(), (isPending ? m_pending.back().id.number : m_vector.at(id())).next()};
    m_pending.push_back({next, patch});
    return next;
}

bool Replica::confirmLocal(const PatchId &id)
{
    if (m_pending.empty() || m_pending.front().id != id)
        return false;
    record(m_pending.front());
    m_pending.pop_front();
    return true;
}

void Replica::drop(std::map<PatchId, crdt::Patch>::iterator waiting)
{
    m_waitingBytes -= waiting->second.bytes().size();
    m_waiting.erase(waiting);
}

void Replica::keep(NumberedPatch patch, Received &result)
{
    const std::size_t size = patch.patch.bytes().size();
    const bool isNext = patch.id.number == m_vector.at(patch.id.replica).next();
    const bool isFull = m_waiting.size() >= limits::kCrdtSyncWaiting || m_waitingBytes + size > limits::kCrdtSyncWaitingBytes;
    if (isFull && !isNext) {
        ++result.dropped;
        return;
    }
    const auto [place, isNew] = m_waiting.try_emplace(patch.id, std::move(patch.patch));
    if (isNew)
        m_waitingBytes += size;
    else if (place->second != patch.patch)
        result.forked.push_back(place->first);
}

Replica::Step Replica::applyNext(ReplicaId replica, Received &result)
{
    const auto next = m_waiting.find({replica, m_vector.at(replica).next()});
    if (next == m_waiting.end())
        return Step::Nothing;
    const auto applied = m_document->apply(next->second);
    if (!applied && applied.error().code == ErrorCode::MissingDependency)
        return Step::Blocked;
    if (!applied) {
        result.refused.emplace_back(next->first, applied.error());
        drop(next);
        return Step::Nothing;
    }
    NumberedPatch patch{next->first, next->second};
    drop(next);
    record(patch);
    result.applied.push_back(std::move(patch));
    return Step::Applied;
}

// The patches of each replica are applied as far as possible; after each success the blocked replicas are tried again.
void Replica::applyWaiting(std::set<ReplicaId> ready, Received &result)
{
    while (!ready.empty()) {
        bool progress = false;
        for (const ReplicaId replica : ready) {
            m_blocked.erase(replica);
            Step step = Step::Applied;
            while ((step = applyNext(replica, result)) == Step::Applied)
                progress = true;
            if (step == Step::Blocked)
                m_blocked.insert(replica);
        }
        ready = progress ? m_blocked : std::set<ReplicaId>();
    }
}

void Replica::makeRoom(Received &result)
{
    // If the waiting room is full, further patches are kept only until they were tried.
    while (m_waiting.size() > limits::kCrdtSyncWaiting || m_waitingBytes > limits::kCrdtSyncWaitingBytes) {
        drop(std::prev(m_waiting.end()));
        ++result.dropped;
    }
}

Replica::Received Replica::receive(std::vector<NumberedPatch> patches)
{
    Received result;
    for (NumberedPatch &patch : patches) {
        if (m_vector.has(patch.id)) {
            if (m_set.insert(patch.id, PatchDigest::of(patch.id, patch.patch)) == PatchSet::Insert::Other)
                result.forked.push_back(patch.id);
            continue;
        }
        const auto pending = patch.id.replica != id() ? m_pending.end()
                                                      : std::find_if(m_pending.begin(), m_pending.end(), [&](const auto &own) {
                                                            return own.id == patch.id;
                                                        });
        if (pending != m_pending.end()) {
            if (pending->patch != patch.patch)
                result.forked.push_back(patch.id);
            continue;
        }
        const ReplicaId replica = patch.id.replica;
        keep(std::move(patch), result);
        Step step = Step::Applied;
        while ((step = applyNext(replica, result)) == Step::Applied) {
        }
        if (step == Step::Blocked)
            m_blocked.insert(replica);
    }
    if (!result.applied.empty())
        applyWaiting(m_blocked, result);
    makeRoom(result);
    return result;
}

std::vector<PatchRange> Replica::withoutWaiting(const std::vector<PatchRange> &ranges) const
{
    std::vector<PatchRange> waiting;
    for (const auto &[id, patch] : m_waiting) {
        if (!waiting.empty() && waiting.back().replica == id.replica && waiting.back().last.next() == id.number)
            waiting.back().last = id.number;
        else
            waiting.push_back({id.replica, id.number, id.number});
    }
    return difference(ranges, waiting);
}

Result<SnapshotMessage> Replica::snapshot() const
{
    SnapshotMessage message;
    for (const auto &[replica, number] : m_vector.rows()) {
        const PatchRange range{replica, PatchNumber(1), number};
        const auto time = m_document->clock().lastTime(static_cast<std::uint64_t>(replica.value()));
        message.rows.push_back({range, m_set.sum({replica, range.first}, {replica, range.last.next()}).digest, time.value_or(1)});
    }
    message.document = crdt::encodeBinary(*m_document);
    if (message.document.size() + message.rows.size() * 64 + 1'024 > limits::kPubSubMessageBytes)
        return failure(ErrorCode::TooLarge, "the document does not fit into a message");
    return message;
}

Result<std::vector<NumberedPatch>> Replica::adopt(const SnapshotMessage &snapshot, std::vector<NumberedPatch> more)
{
    EVENTSYNC_TRY(crdt::Document document, crdt::decodeBinary(snapshot.document));
    if (document.clock().isServer())
        return failure(ErrorCode::InvalidMessage, "a document with a server's clock");
    const auto own = m_document->sid();
    if (document.sid() != own)
        document.setSid(own);
    Replica next(document, *m_random);
    for (const SnapshotMessage::Row &row : snapshot.rows) {
        // An encoded document does not name sessions without remaining content, but their later patches may refer to it.
        const crdt::Id last{static_cast<std::uint64_t>(row.range.replica.value()), row.time};
        if (!crdt::Document::mayHaveSeen(last))
            return failure(ErrorCode::InvalidMessage, "a time that no session reaches");
        document.assumeSeen(last);
        next.m_vector.advance(row.range.replica, row.range.last);
        next.m_set.insertBlock(row.range, row.sum);
        // What both hold one by one can be compared.
        const PatchId first{row.range.replica, row.range.first}, end{row.range.replica, row.range.last.next()};
        const auto block = m_set.blockAt(end);
        const bool cut = block && block->first < end.number;
        const PatchSet::Sum here = cut ? PatchSet::Sum() : m_set.sum(first, end);
        if (here.count == row.range.count() && here.digest != row.sum)
            return failure(ErrorCode::ClientForked, "the snapshot holds other patches under the same numbers");
    }
    next.m_floor = next.m_vector;
    if (!next.m_vector.covers(m_floor))
        return failure(ErrorCode::Unavailable, "the snapshot lacks patches that are here only as a sum");
    std::erase_if(more, [&](const NumberedPatch &patch) {
        return next.m_vector.has(patch.id) || std::find(m_pending.begin(), m_pending.end(), patch) != m_pending.end();
    });
    Received result = next.receive(std::move(more));
    if (!result.refused.empty())
        return failure(result.refused.front().second);
    if (!next.m_vector.covers(m_vector))
        return failure(ErrorCode::Conflict, "patches of this node are missing beside the snapshot");
    for (const NumberedPatch &pending : m_pending) {
        if (next.m_vector.has(pending.id))
            return failure(ErrorCode::ClientForked, "the snapshot holds another patch under a number given here");
        EVENTSYNC_CHECK(document.apply(pending.patch));
    }
    next.m_pending = m_pending;
    next.m_document = m_document;
    *m_document = std::move(document);
    std::map<PatchId, crdt::Patch> waiting = std::move(m_waiting);
    *this = std::move(next);
    std::vector<NumberedPatch> again;
    for (auto &[id, patch] : waiting)
        again.push_back({id, std::move(patch)});
    Received later = receive(std::move(again));
    result.applied.insert(result.applied.end(), later.applied.begin(), later.applied.end());
    return std::move(result.applied);
}

} // namespace eventsync::crdtsync
