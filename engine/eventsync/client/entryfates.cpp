// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/entryfates_p.h>

#include <eventsync/json/overlap.h>

#include <algorithm>
#include <tuple>
#include <vector>

namespace eventsync::client {

namespace {

const Error kFollowsChanged{ErrorCode::Conflict, "it depends on an edit that was not logged as it was made"};
const Error kFollowsRefused{ErrorCode::DependsOnRejected, "it was made on top of a refused edit"};

} // namespace

Entry EntryFates::remove(Entry &entry)
{
    m_doc.tree.detach(entry);
    return m_doc.queue.take(entry);
}

void EntryFates::setAside(Entry &entry, Entry::State state, Error why, std::optional<EventId> because, PendingFate forOthers)
{
    m_doc.tree.detach(entry);
    if (entry.isWaiting())
        entry.edit.baseSeq = m_doc.history.comparedTo();
    entry.edit.reason = std::move(why);
    entry.edit.because = because;
    m_doc.queue.setState(entry, std::move(state));
    m_doc.undo.dropOf(entry.edit.id);
    if (!because)
        propagate(entry, forOthers);
}

void EntryFates::markConflicting(Entry &entry, Error why, std::optional<ServerSeq> base, std::optional<EventId> because)
{
    const Entry::Conflict state{.since = m_doc.history.serverSeq()};
    setAside(entry, state, std::move(why), because, PendingFate::Conflict);
    if (base)
        entry.edit.baseSeq = *base;
}

void EntryFates::deadLetter(Entry &entry, Error why, std::optional<EventId> because)
{
    m_doc.changes.notify(DeadLettered{m_doc.id, entry.edit.id, why});
    setAside(entry, Entry::DeadLetter(), std::move(why), because, PendingFate::DeadLetter);
}

void EntryFates::deadLetterAll(const Error &why, const std::function<bool(const Entry &)> &which)
{
    m_doc.tree.unapply();
    for (auto &[order, entry] : m_doc.queue.entries()) {
        if (!which(entry))
            continue;
        deadLetter(entry, why, entry.edit.id); // with a cause, so that entries that depend on it are not searched for
        entry.edit.because.reset();
    }
}

// Entries that overlap an entry which is not applied as written share its fate, and so do entries that overlap those. One pass
// with a list of footprints is used instead of a recursion, because a chain may be as long as the queue. Equal footprints are
// kept once. CRDT patches never overlap: the entries that depend on one are those that use its ids.
void EntryFates::propagate(const Entry &entry, PendingFate fate)
{
    struct Leader
    {
        json::Footprint footprint;
        EventId id;
    };
    std::vector<Leader> leaders{{entry.edit.footprint, entry.edit.id}};
    CrdtIds ids;
    CrdtIdRewriter::addIds(entry.edit, ids);
    auto &entries = m_doc.queue.entries();
    for (auto it = entries.upper_bound(entry.order); it != entries.end(); ++it) {
        Entry &behind = it->second;
        if (!behind.isPending())
            continue;
        const auto leader = std::ranges::find_if(leaders, [&](const Leader &one) { return json::overlaps(one.footprint, behind.edit.footprint); });
        if (leader == leaders.end() && !CrdtIdRewriter::dependsOn(behind.edit, ids))
            continue;
        const EventId because = leader == leaders.end() ? entry.edit.id : leader->id;
        if (behind.isSent()) {
            behind.in<Entry::Sent>().fate = fate;
            behind.in<Entry::Sent>().fateCause = because;
            m_doc.queue.touch(behind);
            continue;
        }
        if (fate == PendingFate::Conflict)
            markConflicting(behind, kFollowsChanged, {}, because);
        else
            deadLetter(behind, kFollowsRefused, because);
        if (std::ranges::find(leaders, behind.edit.footprint, &Leader::footprint) == leaders.end())
            leaders.push_back({behind.edit.footprint, behind.edit.id});
        CrdtIdRewriter::addIds(behind.edit, ids);
    }
}

void EntryFates::requeue(Entry &entry)
{
    const ServerSeq base = entry.edit.baseSeq;
    const PendingFate fate = entry.in<Entry::Sent>().fate;
    const auto cause = entry.in<Entry::Sent>().fateCause;
    bool overlapping = false;
    if (!entry.edit.onOverlap) {
        const auto unseen = unseenOf(entry);
        overlapping = (m_doc.rules.policy().merge() == MergeRule::Strict && !unseen.empty())
            || std::ranges::any_of(unseen, [&](const json::Footprint *other) { return json::overlaps(entry.edit.footprint, *other); });
    }
    m_doc.tree.unapply(); // it waits again, so it must pass the validators on the current tree
    m_doc.queue.setState(entry, Entry::Waiting());
    if (fate == PendingFate::Conflict)
        markConflicting(entry, kFollowsChanged, base);
    else if (fate == PendingFate::DeadLetter)
        deadLetter(entry, kFollowsRefused);
    else if (overlapping)
        markConflicting(entry, {ErrorCode::Conflict, "it overlaps events that arrived while it was in flight"}, base);
    if (fate != PendingFate::None)
        entry.edit.because = cause;
}

void EntryFates::requeueSent()
{
    const auto sent = m_doc.queue.sent();
    for (const std::int64_t order : sent)
        requeue(m_doc.queue.at(order));
}

void EntryFates::requeueAcknowledged(const std::function<bool(const AckedEdit &)> &isLost)
{
    std::vector<AckedEdit> lost;
    for (const auto &[key, acked] : m_doc.acknowledged.edits()) {
        if (isLost(acked))
            lost.push_back(acked);
    }
    if (lost.empty())
        return;
    m_doc.tree.unapply();
    for (auto it = lost.rbegin(); it != lost.rend(); ++it) {
        m_doc.acknowledged.remove(*it);
        if (m_doc.queue.find(it->edit->id))
            continue;
        Entry entry(*it->edit, m_doc.context.firstOrder--);
        entry.edit.reason.reset();
        entry.edit.because.reset();
        entry.edit.baseSeq = std::min(entry.edit.baseSeq, m_doc.history.serverSeq());
        if (it->otherVersionLogged) { // a decision: the entry itself was never in the log
            entry.edit.reason = Error{ErrorCode::Conflict, "another version of this edit was logged and then lost"};
            entry = Entry(std::move(entry.edit), entry.order, Entry::Conflict());
        }
        m_doc.changes.contentChanged(entry.edit.footprint);
        m_doc.queue.insert(std::move(entry));
    }
}

void EntryFates::damaged(const Entry &entry)
{
    m_doc.tree.unapply();
    propagate(entry, PendingFate::Conflict);
}

// ---- what an edit has not seen

std::vector<const json::Footprint *> EntryFates::unseenOf(const Entry &entry) const
{
    auto footprints = m_doc.history.unseenBy(entry.edit.baseSeq, entry.order);
    for (const json::Footprint &footprint : entry.in<Entry::Sent>().unseenTrimmed)
        footprints.push_back(&footprint);
    return footprints;
}

// Many events come in while many edits wait, and most touch none of them: one comparison with all that wait says so. Yes is not
// certain: each kind of access is kept for each path, written values are not.
bool EntryFates::mayOverlapWaiting(const json::Footprint &footprint)
{
    constexpr std::size_t kFew = 16; // are compared one by one
    const EditQueue::Orders &waiting = m_doc.queue.waiting();
    if (waiting.size() <= kFew)
        return true;
    if (std::exchange(m_waitingVersion, m_doc.queue.waitingVersion()) != m_doc.queue.waitingVersion()) {
        std::vector<json::FootprintEntry> all;
        bool isEverything = false;
        for (const std::int64_t order : waiting) {
            const json::Footprint &one = m_doc.queue.at(order).edit.footprint;
            isEverything = isEverything || one.isEverything();
            for (const json::FootprintEntry &entry : one.entries())
                all.push_back({.path = entry.path, .kind = entry.kind});
        }
        const auto key = [](const json::FootprintEntry &entry) { return std::tie(entry.path, entry.kind); };
        std::ranges::sort(all, {}, key);
        all.erase(std::unique(all.begin(), all.end(), [&](const auto &a, const auto &b) { return key(a) == key(b); }), all.end());
        m_waiting = isEverything ? json::Footprint::everything() : json::Footprint::fromEntries(std::move(all));
    }
    return json::overlaps(m_waiting, footprint, m_doc.overlapWork);
}

void EntryFates::compareWaiting(const json::Footprint &footprint, const std::string &what, std::int64_t before)
{
    const bool strict = m_doc.rules.policy().merge() == MergeRule::Strict;
    if (!strict && !mayOverlapWaiting(footprint))
        return;
    std::vector<std::int64_t> hit;
    for (const std::int64_t order : m_doc.queue.waiting()) {
        const Entry &entry = m_doc.queue.at(order);
        if (order < before && !entry.edit.onOverlap && (strict || json::overlaps(entry.edit.footprint, footprint, m_doc.overlapWork)))
            hit.push_back(order);
    }
    std::sort(hit.begin(), hit.end());
    for (const std::int64_t order : hit) {
        Entry &entry = m_doc.queue.at(order);
        if (entry.isPending()) // an entry before it may have taken it out of the pending states
            markConflicting(entry, {ErrorCode::Conflict, "overlaps " + what});
    }
}

// One overlapping change that a sent entry has not seen is enough to know.
void EntryFates::recordUnseen(Entry &entry, const json::Footprint &footprint)
{
    auto &trimmed = entry.in<Entry::Sent>().unseenTrimmed;
    if (!trimmed.empty() && json::overlaps(trimmed.front(), entry.edit.footprint))
        return;
    if (m_doc.rules.policy().merge() == MergeRule::Strict || json::overlaps(footprint, entry.edit.footprint)) {
        trimmed = {footprint};
        m_doc.queue.touch(entry);
    }
}

// ---- settling

EntryFates::Settled EntryFates::settle(const LogHit &hit)
{
    Settled settled;
    for (const std::int64_t order : m_doc.queue.holdersOf(hit.asked, hit.first)) {
        Entry &entry = m_doc.queue.at(order);
        const bool pending = entry.isPending();
        const bool restored = entry.edit.id != hit.logged && m_rewriter.restoreVersion(entry, hit);
        const bool same = restored || entry.edit.id == hit.logged;
        const bool asWritten = same
            && (!hit.event || hit.event->diff == entry.edit.diff
                || (!hit.event->diff.hasChanges() && !entry.edit.onOverlap)); // it was merged and changed nothing: all its values were there
        if (!asWritten && pending)
            propagate(entry, PendingFate::Conflict);
        if (!same)
            m_doc.undo.dropOf(entry.edit.id);
        Entry gone = remove(entry);
        if (restored)
            CrdtIdRewriter::useVersion(gone.edit, gone.versions, hit.logged);
        settled.any = true;
        if (same)
            settled.order = order;
        if (pending && asWritten) // later entries were not made on top of an entry in conflict
            settled.seen = true;
        m_doc.changes.notify(EditLogged{m_doc.id, gone.edit.id, hit.serverSeq, hit.status});
        m_doc.acknowledged.keep({hit.serverSeq, std::make_shared<const QueueEntry>(std::move(gone.edit)), !same, m_doc.context.clock.wall()});
    }
    return settled;
}

} // namespace eventsync::client
