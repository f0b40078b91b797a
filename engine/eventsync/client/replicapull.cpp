// SPDX-License-Identifier: Apache-2.0
//
// What the log brings: events, and the word that they were all (docs/protocol.md, rules 2, 3, 6).
#include <eventsync/base/limits.h>
#include <eventsync/client/documentreplica.h>

#include <eventsync/base/mutation.h>
#include <eventsync/client/rows.h>

#include <algorithm>
#include <limits>

namespace eventsync::client {

namespace {

constexpr std::int64_t kNowhere = std::numeric_limits<std::int64_t>::min(); // own, with no entry that it settled

} // namespace

// ---- settling

// The log holds an edit of ours: whatever entry holds it leaves the queue. If it holds another version of it, or did not
// execute it as written, then what overlaps the entry follows it.
DocumentReplica::Settled DocumentReplica::settle(const LogHit &hit)
{
    Settled settled;
    const bool versions = !mutated(Mutation::WithoutOtherVersion);
    for (const std::int64_t order : holdersOf(hit.asked, hit.first)) {
        Entry &entry = m_queue.at(order);
        const bool pending = entry.edit.isPending();
        const bool again = entry.edit.id != hit.logged && restoreVersion(entry, hit);
        const bool same = again || entry.edit.id == hit.logged;
        const bool asWritten = same
            && (!hit.event || hit.event->diff == entry.edit.diff
                || (!hit.event->diff.hasChanges() && !entry.edit.onOverlap)); // merged into nothing: all of it was there
        if (!asWritten && pending && versions)
            propagateFate(entry, PendingFate::Conflict);
        if (!same)
            dropUndoOf(entry.edit.id);
        Entry gone = take(entry);
        if (again)
            useVersion(gone, hit.logged);
        settled.any = true;
        if (same)
            settled.order = order;
        if (pending && (asWritten || !versions)) // a parked one was not part of what later entries were made on
            settled.seen = true;
        gone.edit.clientSeq.reset();
        m_facts.push_back(EditLogged{m_id, gone.edit.id, hit.serverSeq, hit.status});
        keep({hit.serverSeq, std::make_shared<const QueueEntry>(std::move(gone.edit)), !same, m_context.clock.wall()});
    }
    return settled;
}

void DocumentReplica::keep(AckedEdit acked)
{
    if (m_ackedById.contains(acked.edit->id))
        return;
    m_ackedById.emplace(acked.edit->id, acked.serverSeq);
    m_steps.push_back(storage::Batch::Put{"acked", rows::ackedRow(m_id, acked)});
    m_acked.emplace(std::pair(acked.serverSeq, acked.edit->id), std::move(acked));
    forgetAcked(Timestamp());
}

// The ids stay known when the edits are no longer kept: one that turns up in the log is no sign of a copy.
void DocumentReplica::forgetAcked(Timestamp now)
{
    const std::size_t most = m_context.options.ackedKeepCount.value_or(limits::kAckedEdits);
    const Timestamp oldest = now - m_context.options.ackedKeep.count();
    while (!m_acked.empty() && (m_acked.size() > most || m_acked.begin()->second.at < oldest)) {
        const AckedEdit &acked = m_acked.begin()->second;
        for (const EventId &id : {acked.edit->id, acked.edit->first()}) {
            if (m_ids.emplace(id, IdKind::Acknowledged).second)
                m_steps.push_back(storage::Batch::Put{"ids", rows::idRow(m_id, id, IdKind::Acknowledged)});
        }
        m_steps.push_back(storage::Batch::Erase{"acked", rows::ackedKey(m_id, acked)});
        m_ackedById.erase(acked.edit->id);
        m_acked.erase(m_acked.begin());
    }
}

// Own events that the log has lost go back to the head of the queue with their ids, order kept.
void DocumentReplica::requeueAcknowledged(const std::vector<AckedEdit> &lost)
{
    if (lost.empty())
        return;
    unapplyQueue();
    for (auto it = lost.rbegin(); it != lost.rend(); ++it) {
        m_steps.push_back(storage::Batch::Erase{"acked", rows::ackedKey(m_id, *it)});
        m_ackedById.erase(it->edit->id);
        m_acked.erase({it->serverSeq, it->edit->id});
        if (m_byId.contains(it->edit->id))
            continue;
        Entry entry{.edit = *it->edit, .order = m_context.firstOrder--};
        entry.edit.state = EntryState::Waiting;
        entry.edit.reason.reset();
        entry.edit.because.reset();
        entry.edit.baseSeq = std::min(entry.edit.baseSeq, m_position.serverSeq);
        if (it->otherVersionLogged && !mutated(Mutation::WithoutOtherVersion)) { // never was in the log itself: a decision
            entry.edit.state = EntryState::Conflict;
            entry.edit.reason = Error{ErrorCode::Conflict, "another version of this edit was logged, and lost"};
        }
        changed(entry.edit.footprint);
        insert(std::move(entry));
    }
}

// ---- events

std::vector<DocumentReplica::Incoming> DocumentReplica::incoming(const protocol::Events &message, bool &gap) const
{
    std::vector<Incoming> fresh;
    ServerSeq next = m_position.serverSeq.next();
    Digest chain = m_position.chain;
    for (const protocol::EventItem &item : message.events) {
        EventPtr event = item.event;
        if (!event && item.canonical) {
            if (auto read = eventFromBytes(*item.canonical, EventForm::Logged))
                event = std::make_shared<const Event>(std::move(*read));
        }
        if (!event || event->documentId != m_id) {
            gap = true;
            break;
        }
        if (!mutated(Mutation::ApplyGap)) {
            if (event->serverSeq < next)
                continue;
            if (event->serverSeq > next) {
                gap = true;
                break;
            }
        }
        if (event->serverSeq.value() == 1)
            chain = chainStart(event->collection, m_id);
        Bytes canonical = canonicalBytes(*event, EventForm::Logged);
        chain = chainNext(chain, event->salt ? digestOf(*event) : sha256(canonical));
        next = event->serverSeq.next();
        fresh.push_back({std::move(event), std::move(canonical), chain});
    }
    return fresh;
}

void DocumentReplica::onEvents(const protocol::Events &message, Changes &out)
{
    if (!m_subscribed)
        return;
    bool gap = false;
    auto fresh = incoming(message, gap);
    const bool whole = !gap && !fresh.empty() && fresh.back().event == message.events.back().event;
    if (whole && fresh.back().chain != message.chain && !mutated(Mutation::NoChain)) {
        repair({ErrorCode::Corrupt, "events of another history"}, out); // the server finds the common point
        return;
    }
    EventsApplied applied{.documentId = m_id, .events = {}};
    for (Incoming &next : fresh) {
        EventPtr event = next.event;
        if (const auto done = applyEvent(std::move(next)); !done) {
            resetHistory();
            repair(done.error(), out);
            return;
        }
        applied.events.push_back(std::move(event));
    }
    if (!applied.events.empty()) {
        m_facts.push_back(std::move(applied));
        if (waitsForDependency())
            unapplyQueue(); // also where own events needed none: see requeueWhenComplete()
    }
    if (gap && !m_gap && !m_context.fork) {
        m_gap = true; // once: what is on its way of the old subscription leaves the same gap
        resubscribe(out);
        m_gap = true;
    }
}

// Our own event, arriving as the first pending entry, exactly as it stands in the tree: what was pending becomes confirmed,
// and nothing has to move. So a long queue drains in linear time.
bool DocumentReplica::confirmFirst(const Event &event, HistoryItem &item)
{
    if (m_queueUnapplied || m_inTree == 0)
        return false;
    std::int64_t order = kEverywhere;
    if (!m_waiting.empty())
        order = *m_waiting.begin();
    if (!m_sent.empty())
        order = std::min(order, *m_sent.begin());
    Entry &entry = m_queue.at(order);
    if (!entry.inverse || entry.edit.id != event.id || entry.edit.operation != event.operation
        || !(entry.edit.diff == event.diff))
        return false;
    item.inverse = std::move(*entry.inverse);
    item.footprint = entry.edit.footprint;
    entry.inverse.reset();
    --m_inTree;
    return true;
}

Result<> DocumentReplica::applyEvent(Incoming incoming)
{
    const Event &event = *incoming.event;
    HistoryItem item{.event = incoming.event, .chain = incoming.chain};
    if (!confirmFirst(event, item)) {
        unapplyQueue();
        EVENTSYNC_TRY(AppliedEvent applied, m_optimistic.apply(event));
        item.inverse = std::move(applied.inverse);
        item.footprint = std::move(applied.footprint);
    }
    item.bytes = rows::historyBytes(item, incoming.canonical.size());
    m_confirmed.reset();
    m_position = {event.serverSeq, incoming.chain};
    m_documentDirty = true;
    if (m_collection != event.collection) {
        m_collection = event.collection;
        refreshCheck();
    }
    setClock(event.clientId, event.clientSeq);

    const Settled settled = settle({.asked = event.id,
                                    .first = event.firstId(),
                                    .logged = event.id,
                                    .serverSeq = event.serverSeq,
                                    .event = &event});
    if (isOwn(event, settled)) {
        item.ownOrder = mutated(Mutation::WithoutOwnOvertook) ? kNowhere : settled.order.value_or(kNowhere);
        unseen(item.footprint, "an own edit that was logged first", *item.ownOrder);
    } else {
        unseen(item.footprint, "event " + event.id.toText(), kEverywhere);
    }
    m_waitingBase = m_position.serverSeq;
    if (event.operation != Operation::Update && !settled.seen)
        forgetCrdtUndo();

    changed(item.footprint);
    m_changedByOthers = m_changedByOthers || !settled.any;
    m_steps.push_back(storage::Batch::Put{"history", rows::historyRow(m_id, item, std::move(incoming.canonical))});
    m_historyBytes += item.bytes;
    m_bytesSinceBase += item.bytes;
    m_history.push_back(std::move(item));
    return {};
}

// Whether what stands behind in the queue was made on top of this event. An event under our own client id that we never
// made says that this replica is a copy, or was copied.
bool DocumentReplica::isOwn(const Event &event, const Settled &settled)
{
    if (event.clientId != m_context.clientId)
        return settled.seen;
    m_last = std::max(m_last, event.clientSeq);
    if (settled.any) {
        m_assigned = std::max(m_assigned, event.clientSeq);
        return settled.seen;
    }
    if (!mutated(Mutation::WithoutOwnIds)) {
        const auto known = m_ids.find(event.id);
        if (m_ackedById.contains(event.id) || (known != m_ids.end() && known->second == IdKind::Acknowledged))
            return true;
        const EventId first = event.firstId();
        if (known != m_ids.end() || m_ids.contains(first) || m_ackedById.contains(first))
            return false; // an edit that was given up: nothing behind was made on top of it
    }
    m_context.fork = Error{ErrorCode::ClientForked, "an event under the own client id that this replica never made"};
    return mutated(Mutation::WithoutCopyIsOther);
}

void DocumentReplica::setClock(const ClientId &client, ClientSeq seq)
{
    m_clock.set(client, seq);
    if (seq.value() > 0)
        m_steps.push_back(storage::Batch::Put{"clocks", {m_id.text(), client.text(), seq.value()}});
    else
        m_steps.push_back(storage::Batch::Erase{"clocks", {m_id.text(), client.text()}});
}

// ---- synced

void DocumentReplica::onSynced(const protocol::Synced &message, Changes &out)
{
    if (!m_subscribed)
        return;
    if (message.policy && m_collection) {
        if (*message.policy != policy()) {
            m_context.policies.set(*m_collection, *message.policy);
            m_steps.push_back(storage::Batch::Put{"meta", rows::policyRow(*m_collection, *message.policy)});
        }
        if (policy() != m_checkedPolicy) { // another document of the collection may have brought it
            unapplyQueue();                      // what waits must pass the new rules
            refreshCheck();
        }
    }
    const bool same = m_position == message.position
        || (m_position.serverSeq.value() == 0 && message.position.serverSeq.value() == 0);
    if (!same && !mutated(Mutation::NoChain)) {
        repair({ErrorCode::Corrupt, "the server is synced at another position"}, out);
        return;
    }
    m_synced = true;
    setReadOnly(message.permission == protocol::Permission::Read);
    m_pushHalted = m_gap = false;
    m_repairs = m_pauses = 0;
    for (const std::int64_t order : m_sent)
        m_queue.at(order).resent = false;
    if (message.clientSeq > m_assigned) {
        m_context.fork = Error{ErrorCode::ClientForked, "the server knows later edits of this replica than it made"};
        return;
    }
    m_last = message.clientSeq;
    m_documentDirty = true;
    if (!mutated(Mutation::WithoutReturnToWaiting)) {
        const auto sent = m_sent;
        for (const std::int64_t order : sent)
            requeue(m_queue.at(order));
    }
    if (!mutated(Mutation::WithoutWaitCleared)) {
        for (const std::int64_t order : m_conflicts) {
            Entry &entry = m_queue.at(order);
            if (entry.wait.value() > 0) {
                entry.wait = ServerSeq();
                touch(entry);
            }
        }
    }
    deadLetterTooLarge();
    findForeignSessions();
    m_facts.push_back(DocumentSynced{m_id, m_position});
}

// Kept over restarts: a replica that starts without a network takes no edit that the server is known to refuse.
void DocumentReplica::setReadOnly(bool readOnly)
{
    if (m_readOnly == readOnly)
        return;
    m_readOnly = readOnly;
    if (readOnly)
        m_steps.push_back(storage::Batch::Put{"rights", {m_id.text(), "read"}});
    else
        m_steps.push_back(storage::Batch::Erase{"rights", {m_id.text()}});
}

// Purged: what the person may no longer read goes, what he has written becomes dead letters that he can see.
void DocumentReplica::onRevoked(const protocol::Revoked &message, Changes &)
{
    deadLetterAll({ErrorCode::PermissionRevoked, message.reason},
            [](const Entry &entry) { return entry.edit.state != EntryState::DeadLetter; });
    resetHistory();
    dropStaging();
    setReadOnly(false); // with the rest of what was known of it
    m_open = m_subscribed = m_synced = false;
    for (const auto &[key, acked] : m_acked) {
        for (const EventId &id : {acked.edit->id, acked.edit->first()}) {
            if (m_ids.emplace(id, IdKind::Acknowledged).second)
                m_steps.push_back(storage::Batch::Put{"ids", rows::idRow(m_id, id, IdKind::Acknowledged)});
        }
    }
    m_acked.clear();
    m_ackedById.clear();
    m_undo.clear();
    m_recreatedIds.clear();
    m_steps.push_back(storage::Batch::Erase{"acked", {m_id.text()}});
    m_steps.push_back(storage::Batch::Erase{"undo", {m_id.text()}});
    m_facts.push_back(DocumentRevoked{m_id, message.reason});
}

} // namespace eventsync::client
