// SPDX-License-Identifier: Apache-2.0
//
// The queue's entries and how one follows another (docs/merging.md, The client's queue).
#include <eventsync/client/documentreplica.h>

#include <eventsync/base/assert.h>
#include <eventsync/base/mutation.h>

#include <algorithm>

namespace eventsync::client {

Entry &DocumentReplica::insert(Entry entry)
{
    const std::int64_t order = entry.order;
    m_byId.emplace(entry.edit.id, order);
    m_byFirst.emplace(entry.edit.first(), order);
    const EntryState state = entry.edit.state;
    const auto [place, fresh] = m_queue.emplace(order, std::move(entry));
    EVENTSYNC_ASSERT(fresh);
    ++m_context.queueSize;
    m_removed.erase(order);
    setState(place->second, state);
    return place->second;
}

Entry DocumentReplica::take(Entry &entry)
{
    detach(entry);
    const std::int64_t order = entry.order;
    m_byId.erase(entry.edit.id);
    const auto [from, to] = m_byFirst.equal_range(entry.edit.first());
    for (auto it = from; it != to; ++it) {
        if (it->second == order) {
            m_byFirst.erase(it);
            break;
        }
    }
    m_waiting.erase(order);
    m_sent.erase(order);
    m_conflicts.erase(order);
    m_dirty.erase(order);
    m_removed.insert(order);
    m_queueChanged = true;
    --m_context.queueSize;
    return std::move(m_queue.extract(order).mapped());
}

const Entry *DocumentReplica::find(const EventId &id) const
{
    const auto found = m_byId.find(id);
    return found == m_byId.end() ? nullptr : &m_queue.at(found->second);
}

Entry *DocumentReplica::find(const EventId &id)
{
    return const_cast<Entry *>(std::as_const(*this).find(id));
}

// The entries that hold the edit an event in the log is a version of, in queue order.
std::vector<std::int64_t> DocumentReplica::holdersOf(const EventId &id, const EventId &first) const
{
    std::vector<std::int64_t> orders;
    if (const auto found = m_byId.find(id); found != m_byId.end())
        orders.push_back(found->second);
    if (!mutated(Mutation::WithoutFirstId)) {
        for (const EventId &wanted : {id, first}) {
            const auto [from, to] = m_byFirst.equal_range(wanted);
            for (auto it = from; it != to; ++it)
                orders.push_back(it->second);
        }
        // A later version may be in the queue while the log has an earlier one by its own id.
        if (const auto found = m_byId.find(first); found != m_byId.end())
            orders.push_back(found->second);
    }
    std::sort(orders.begin(), orders.end());
    orders.erase(std::unique(orders.begin(), orders.end()), orders.end());
    return orders;
}

void DocumentReplica::setState(Entry &entry, EntryState state)
{
    entry.edit.state = state;
    m_waiting.erase(entry.order);
    m_sent.erase(entry.order);
    m_conflicts.erase(entry.order);
    switch (state) {
    case EntryState::Waiting:
        m_waiting.insert(entry.order);
        break;
    case EntryState::Sent:
        m_sent.insert(entry.order);
        break;
    case EntryState::Conflict:
        m_conflicts.insert(entry.order);
        break;
    case EntryState::DeadLetter:
        break;
    }
    m_queueChanged = true;
    touch(entry);
}

// Before an entry that is part of the tree stops being one.
void DocumentReplica::detach(Entry &entry)
{
    if (!entry.inverse)
        return;
    unapplyQueue();
    changed(entry.edit.footprint);
}

namespace {

void clearNumber(Entry &entry)
{
    entry.edit.clientSeq.reset();
    entry.answered.reset();
    entry.resent = false;
}

void clearFlight(Entry &entry)
{
    entry.pendingFate = PendingFate::None;
    entry.fateCause.reset();
    entry.unseenTrimmed.clear();
}

} // namespace

void DocumentReplica::markConflicting(Entry &entry, Error why, std::optional<ServerSeq> base, std::optional<EventId> because)
{
    detach(entry);
    if (base)
        entry.edit.baseSeq = *base;
    else if (entry.waits())
        entry.edit.baseSeq = m_waitingBase;
    clearNumber(entry);
    clearFlight(entry);
    entry.edit.reason = std::move(why);
    entry.edit.because = because;
    entry.wait = ServerSeq();
    entry.announced = false;
    entry.conflictingSince = m_position.serverSeq;
    setState(entry, EntryState::Conflict);
    dropUndoOf(entry.edit.id);
    if (!because)
        propagateFate(entry, PendingFate::Conflict);
}

void DocumentReplica::deadLetter(Entry &entry, Error why, std::optional<EventId> because)
{
    detach(entry);
    if (entry.waits())
        entry.edit.baseSeq = m_waitingBase;
    clearNumber(entry);
    clearFlight(entry);
    m_facts.push_back(DeadLettered{m_id, entry.edit.id, why});
    entry.edit.reason = std::move(why);
    entry.edit.because = because;
    setState(entry, EntryState::DeadLetter);
    dropUndoOf(entry.edit.id);
    if (!because)
        propagateFate(entry, PendingFate::Dead);
}

// What overlaps an entry that is not applied as written follows it, and what overlaps a follower follows that one. One pass
// with a list of leaders instead of a recursion: a chain may be as long as the queue. Equal footprints lead together. CRDT
// patches never overlap: what follows one is what stands on its ids.
void DocumentReplica::propagateFate(const Entry &entry, PendingFate how)
{
    if (mutated(Mutation::NoPropagation))
        return;
    struct Leader
    {
        json::Footprint footprint;
        EventId id;
    };
    std::vector<Leader> leaders{{entry.edit.footprint, entry.edit.id}};
    CrdtIds ids;
    addIds(entry.edit, ids);
    for (auto it = m_queue.upper_bound(entry.order); it != m_queue.end(); ++it) {
        Entry &behind = it->second;
        if (!behind.edit.isPending())
            continue;
        const auto leader = std::find_if(leaders.begin(), leaders.end(), [&](const Leader &l) {
            return json::overlaps(l.footprint, behind.edit.footprint);
        });
        if (leader == leaders.end() && !dependsOn(behind.edit, ids))
            continue;
        const EventId because = leader == leaders.end() ? entry.edit.id : leader->id;
        if (behind.isSent()) {
            behind.pendingFate = how;
            behind.fateCause = because;
            touch(behind);
            continue;
        }
        if (how == PendingFate::Conflict)
            markConflicting(behind, {ErrorCode::Conflict, "follows an edit that was changed"}, {}, because);
        else
            deadLetter(behind, {ErrorCode::DependsOnRejected, "was made on top of a refused edit"}, because);
        const bool known = std::any_of(leaders.begin(), leaders.end(),
                                       [&](const Leader &l) { return l.footprint == behind.edit.footprint; });
        if (!known)
            leaders.push_back({behind.edit.footprint, behind.edit.id});
        addIds(behind.edit, ids);
    }
}

void DocumentReplica::returnToWaiting(Entry &entry)
{
    clearNumber(entry);
    setState(entry, EntryState::Waiting);
}

// Sent, and surely not in the log: it waits again, after the check against all that came since its base.
void DocumentReplica::requeue(Entry &entry)
{
    const ServerSeq base = entry.edit.baseSeq;
    const PendingFate pendingFate = entry.pendingFate;
    const auto fateCause = entry.fateCause;
    bool overlapping = false;
    if (!mutated(Mutation::WithoutCheckSinceBase) && !entry.edit.onOverlap) {
        const auto footprints = unseenOf(entry);
        overlapping = std::any_of(footprints.begin(), footprints.end(), [&](const json::Footprint *footprint) {
            return json::overlaps(entry.edit.footprint, *footprint);
        });
        if (policy().merge() == MergeRule::Strict && !footprints.empty())
            overlapping = true;
    }
    unapplyQueue(); // waiting again, it must pass the validator on the tree as it is now
    returnToWaiting(entry);
    clearFlight(entry);
    if (pendingFate == PendingFate::Conflict) {
        markConflicting(entry, {ErrorCode::Conflict, "follows an edit that was changed"}, base);
        entry.edit.because = fateCause;
    } else if (pendingFate == PendingFate::Dead) {
        deadLetter(entry, {ErrorCode::DependsOnRejected, "was made on top of a refused edit"});
        entry.edit.because = fateCause;
    } else if (overlapping) {
        markConflicting(entry, {ErrorCode::Conflict, "overlaps what came while it was in flight"}, base);
    }
}

std::vector<const json::Footprint *> DocumentReplica::unseenOf(const Entry &entry) const
{
    std::vector<const json::Footprint *> footprints;
    if (mutated(Mutation::NoFreeze))
        return footprints;
    for (const json::Footprint &unseenTrimmed : entry.unseenTrimmed)
        footprints.push_back(&unseenTrimmed);
    const std::int64_t skip = entry.edit.baseSeq - m_historyStart.serverSeq;
    for (std::size_t i = static_cast<std::size_t>(std::max<std::int64_t>(skip, 0)); i < m_history.size(); ++i) {
        const HistoryItem &item = m_history[i];
        if (!item.ownOrder || *item.ownOrder > entry.order)
            footprints.push_back(&item.footprint);
    }
    return footprints;
}

void DocumentReplica::appendQueue(std::vector<std::pair<std::int64_t, QueueEntry>> &all) const
{
    for (const auto &[order, entry] : m_queue) {
        QueueEntry &edit = all.emplace_back(order, entry.edit).second;
        if (entry.waits())
            edit.baseSeq = m_position.serverSeq;
        edit.ready = entry.edit.state == EntryState::Conflict && isReady(entry);
    }
}

std::vector<QueueEntry> DocumentReplica::queue() const
{
    std::vector<std::pair<std::int64_t, QueueEntry>> all;
    appendQueue(all);
    std::vector<QueueEntry> entries;
    entries.reserve(all.size());
    for (auto &[order, edit] : all)
        entries.push_back(std::move(edit));
    return entries;
}

void DocumentReplica::count(QueueCounts &counts) const
{
    counts.waiting += m_waiting.size();
    counts.sent += m_sent.size();
    counts.conflicts += m_conflicts.size();
    counts.deadLetters += m_queue.size() - m_waiting.size() - m_sent.size() - m_conflicts.size();
}

// What came in from others: what waits is checked now; what is in flight when it comes back (unseenOf), since its base
// stays. `before`: only entries that stand before this place.
void DocumentReplica::unseen(const json::Footprint &footprint, const std::string &what, std::int64_t before)
{
    const bool strict = policy().merge() == MergeRule::Strict;
    std::vector<std::int64_t> hit;
    auto check = [&](const std::set<std::int64_t> &orders) {
        for (const std::int64_t order : orders) {
            const Entry &entry = m_queue.at(order);
            if (order < before && !entry.edit.onOverlap && (strict || json::overlaps(entry.edit.footprint, footprint)))
                hit.push_back(order);
        }
    };
    if (!mutated(Mutation::BaseUnchecked))
        check(m_waiting);
    if (mutated(Mutation::NoFreeze))
        check(m_sent);
    std::sort(hit.begin(), hit.end());
    for (const std::int64_t order : hit) {
        Entry &entry = m_queue.at(order);
        if (entry.edit.isPending()) // it may have followed one before it
            markConflicting(entry, {ErrorCode::Conflict, "overlaps " + what});
    }
}

} // namespace eventsync::client
