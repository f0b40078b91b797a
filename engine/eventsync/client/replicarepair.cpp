// SPDX-License-Identifier: Apache-2.0
//
// When events do not lead on: snapshots, a diverged history, starting over (docs/protocol.md, rules 2 and 8).
#include <eventsync/base/limits.h>
#include <eventsync/client/documentreplica.h>

#include <eventsync/base/logging.h>
#include <eventsync/base/mutation.h>
#include <eventsync/client/rows.h>
#include <eventsync/json/diff.h>

#include <algorithm>

namespace eventsync::client {

namespace {

constexpr int kRepairs = 3; // subscriptions in a row that may fail to reach the server's position

} // namespace

// ---- snapshots

// Takes one part. True when all are here.
bool DocumentReplica::stage(const protocol::Snapshot &message)
{
    if (!m_staged.empty()) {
        const protocol::Snapshot &first = m_staged.begin()->second;
        if (first.sha256 != message.sha256 || first.parts != message.parts || first.position != message.position)
            dropStaging(); // another snapshot than the one begun
    }
    const std::int64_t expected = static_cast<std::int64_t>(m_staged.size()) + 1;
    if (message.part < expected) // again: only what is known may be newer
        m_staged.at(message.part).known = message.known;
    if (message.part != expected)
        return false;
    m_steps.push_back(storage::Batch::Put{"staging", rows::stagedRow(m_id, message)});
    m_staged.emplace(message.part, message);
    return message.part == message.parts;
}

void DocumentReplica::dropStaging()
{
    if (!m_staged.empty())
        m_steps.push_back(storage::Batch::Erase{"staging", {m_id.text()}});
    m_staged.clear();
}

void DocumentReplica::onSnapshot(const protocol::Snapshot &message, Changes &out)
{
    if (!m_subscribed)
        return;
    if (message.deleted || message.state) {
        dropStaging();
        installSnapshot(message, DocumentState::fromJsonState(message.deleted ? json::State() : message.state), out);
        return;
    }
    const bool formed = message.bytes && message.sha256 && message.part >= 1 && message.part <= message.parts;
    if (!formed || message.part > static_cast<std::int64_t>(m_staged.size()) + 1) {
        dropStaging();
        repair({ErrorCode::InvalidMessage, "a part of a snapshot that does not fit"}, out);
        return;
    }
    if (!stage(message))
        return;
    protocol::Snapshot whole = message;
    Bytes joined;
    whole.known.clear();
    for (const auto &[part, staged] : m_staged) {
        joined += *staged.bytes;
        whole.known.insert(whole.known.end(), staged.known.begin(), staged.known.end());
    }
    dropStaging();
    if (sha256(joined) != *message.sha256) {
        repair({ErrorCode::Corrupt, "a snapshot whose bytes are not what its digest says"}, out);
        return;
    }
    auto state = DocumentState::fromBytes(message.kind, joined);
    if (!state) {
        repair(state.error(), out);
        return;
    }
    installSnapshot(whole, std::move(*state), out);
}

// What a snapshot changed, if it changed anything. Edits of a CRDT document overlap a create or delete, as each of them would;
// whether others of them have the ground they stand on, the tree will tell.
std::optional<json::Footprint> DocumentReplica::differenceTo(const DocumentState &state)
{
    if (!m_optimistic.exists() && !state.exists())
        return std::nullopt;
    if (state.kind() == DocumentKind::Crdt) {
        const bool same = m_optimistic.kind() == DocumentKind::Crdt && m_optimistic.crdt() == state.crdt();
        return same ? std::nullopt : std::optional(json::Footprint());
    }
    if (!m_optimistic.exists() || !state.exists() || m_optimistic.kind() != state.kind())
        return json::Footprint::everything();
    const json::Patch patch = json::diff(m_optimistic.view(), state.view(), {.fineBytes = SIZE_MAX}); // for its footprint only
    if (patch.isEmpty())
        return std::nullopt;
    const auto applied = m_optimistic.apply(Operation::Update, Diff(patch));
    return applied ? applied->footprint : json::Footprint::everything();
}

void DocumentReplica::installSnapshot(const protocol::Snapshot &message, DocumentState state, Changes &)
{
    unapplyQueue();
    const bool isMadeAnew = isOtherIncarnation(state); // asked before a create of ours is settled
    std::set<EventId> asked;
    for (const protocol::KnownId &known : message.known) {
        asked.insert(known.asked);
        settle({.asked = known.asked, .first = known.asked, .logged = known.logged, .serverSeq = known.serverSeq,
                .event = nullptr, .status = protocol::AckStatus::Duplicate});
    }
    if (!mutated(Mutation::WithoutAckedInSnapshot)) {
        std::vector<AckedEdit> lost;
        for (const auto &[key, acked] : m_acked) {
            if (!asked.contains(acked.edit->id) && !asked.contains(acked.edit->first()))
                lost.push_back(acked);
        }
        requeueAcknowledged(lost);
    }
    // What the snapshot changed is one unseen event.
    const std::optional<json::Footprint> difference = isMadeAnew ? json::Footprint::everything() : differenceTo(state);
    for (const std::int64_t order : m_sent) {
        Entry &entry = m_queue.at(order);
        for (const json::Footprint *footprint : unseenOf(entry))
            recordUnseen(entry, *footprint);
        if (difference && !mutated(Mutation::SnapshotUnchecked))
            recordUnseen(entry, *difference);
    }
    if (isMadeAnew)
        forgetCrdtUndo();
    m_optimistic = std::move(state);
    m_confirmed.reset();
    m_position = message.position;
    if (message.collection && m_collection != message.collection) {
        m_collection = message.collection;
        refreshCheck();
    }
    clearHistory();
    m_baseDirty = true;
    m_steps.push_back(storage::Batch::Erase{"clocks", {m_id.text()}});
    m_clock = VectorClock();
    for (const auto &[client, seq] : message.vectorClock.entries())
        setClock(client, seq);
    if (difference && !mutated(Mutation::SnapshotUnchecked))
        unseen(*difference, "a snapshot", kEverywhere);
    m_waitingBase = m_position.serverSeq;
    changedEverything();
    m_changedByOthers = true;
}

// Of what a sent entry unseenTrimmed one overlapping change is enough to know.
void DocumentReplica::recordUnseen(Entry &entry, const json::Footprint &footprint) const
{
    if (!entry.unseenTrimmed.empty() && json::overlaps(entry.unseenTrimmed.front(), entry.edit.footprint))
        return;
    if (policy().merge() == MergeRule::Strict || json::overlaps(footprint, entry.edit.footprint)) {
        entry.unseenTrimmed = {footprint};
        const_cast<DocumentReplica *>(this)->touch(entry);
    }
}

// ---- another history

void DocumentReplica::onDiverged(const protocol::Diverged &message, Changes &)
{
    if (!m_subscribed)
        return;
    const ServerSeq common = message.commonSeq;
    const bool rebase = !mutated(Mutation::WithoutBaseOnDiverged);
    m_facts.push_back(DocumentDiverged{m_id, common});
    dropStaging();
    unapplyQueue();
    if (rebase) {
        const auto sent = m_sent;
        for (const std::int64_t order : sent)
            requeue(m_queue.at(order)); // checked against what came in after its base, though it is gone now
    }
    rollBackTo(common);
    if (rebase) {
        for (auto &[order, entry] : m_queue) {
            if (entry.waits())
                continue;
            if (entry.edit.baseSeq > common || entry.wait.value() > 0) {
                entry.edit.baseSeq = std::min(entry.edit.baseSeq, common);
                entry.wait = ServerSeq();
                touch(entry);
            }
        }
    }
    if (!mutated(Mutation::NoRequeue)) {
        std::vector<AckedEdit> lost;
        for (const auto &[key, acked] : m_acked) {
            if (acked.serverSeq > common)
                lost.push_back(acked);
        }
        requeueAcknowledged(lost);
    }
    changedEverything();
    m_changedByOthers = true;
}

// The confirmed state as it was after `common`: back through the inverses, or to nothing.
void DocumentReplica::rollBackTo(ServerSeq common)
{
    unapplyQueue();
    m_confirmed.reset();
    m_documentDirty = true;
    if (common < m_historyStart.serverSeq || common > m_position.serverSeq) {
        resetHistory(); // 0: nothing shared; anything else we never offered, and the gap asks again from the start
        return;
    }
    while (!m_history.empty() && m_position.serverSeq > common) {
        const HistoryItem &item = m_history.back();
        if (const auto reverted = m_optimistic.revert(item.inverse); !reverted) {
            qCWarning(lcClient) << "a document's history cannot be taken back:" << reverted.error().toString().c_str();
            resetHistory();
            return;
        }
        setClock(item.event->clientId, item.event->clientSeq.previous());
        m_steps.push_back(storage::Batch::Erase{"history", {m_id.text(), item.event->serverSeq.value()}});
        m_historyBytes -= item.bytes;
        m_history.pop_back();
        m_position = m_history.empty() ? m_historyStart
                                       : Position{m_history.back().event->serverSeq, m_history.back().chain};
    }
    m_waitingBase = m_position.serverSeq;
    if (m_baseSeq > m_position.serverSeq)
        m_baseDirty = true;
}

// The confirmed state is forgotten; the queue and the kept edits are not.
void DocumentReplica::resetHistory()
{
    unapplyQueue();
    m_optimistic = DocumentState();
    m_confirmed.reset();
    m_position = Position();
    m_waitingBase = ServerSeq();
    clearHistory();
    m_steps.push_back(storage::Batch::Erase{"clocks", {m_id.text()}});
    m_clock = VectorClock();
    for (auto &[order, entry] : m_queue) {
        if (!entry.waits() && entry.edit.baseSeq.value() > 0) {
            entry.edit.baseSeq = ServerSeq();
            touch(entry);
        }
    }
    m_baseDirty = true;
    changedEverything();
}

void DocumentReplica::clearHistory()
{
    m_history.clear();
    m_historyBytes = m_bytesSinceBase = 0;
    m_historyStart = m_position;
    m_steps.push_back(storage::Batch::Erase{"history", {m_id.text()}});
    m_documentDirty = true;
}

// Asks the server anew; after a few times in vain the connection is left instead, for a while.
void DocumentReplica::repair(Error why, Changes &out)
{
    qCWarning(lcClient) << "document" << m_id.text().c_str() << "is fetched again:" << why.toString().c_str();
    if (++m_repairs > kRepairs) {
        out.close = Changes::Close{.reason = std::move(why), .retryAfter = limits::kRetryLongest};
        return;
    }
    resubscribe(out);
}

} // namespace eventsync::client
