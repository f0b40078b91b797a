// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/crdtidrewriter_p.h>

#include <eventsync/base/assert.h>

#include <algorithm>

namespace eventsync::client {

namespace {

crdt::Patch patchOf(const QueueEntry &edit)
{
    auto patch = crdt::Patch::decode(edit.diff.crdt());
    EVENTSYNC_ASSERT(patch.has_value()); // made here, or checked when it was read
    return std::move(*patch);
}

Diff diffOf(const crdt::Patch &patch)
{
    return Diff(CrdtPatchBytes{patch.bytes()});
}

bool isPatch(const QueueEntry &edit)
{
    return edit.diff.isCrdt() && edit.diff.hasChanges();
}

bool lacksDependency(const Entry &entry)
{
    return entry.state() == EntryState::Conflict && entry.edit.reason && entry.edit.reason->code == ErrorCode::MissingDependency
        && isPatch(entry.edit);
}

// Two copies may both have rewritten an edit, each under its own new session.
bool isCopysVersion(const QueueEntry &edit, const LogHit &hit)
{
    if (!hit.event || !hit.event->diff.isCrdt() || !hit.event->diff.hasChanges() || hit.event->operation != edit.operation)
        return false;
    const auto theirs = crdt::PatchView::decode(hit.event->diff.crdt());
    const crdt::Patch ours = patchOf(edit);
    if (!theirs || theirs->span() != ours.span())
        return false;
    CrdtRenames renames;
    renames.add(ours.idSpan(), theirs->id());
    return ours.renamed(renames).bytes() == hit.event->diff.crdt();
}

std::optional<json::Value> replacesOf(const std::optional<json::Object> &metadata)
{
    const json::Value *replaces = metadata ? metadata->if_contains("replaces") : nullptr;
    return replaces ? std::optional(*replaces) : std::nullopt;
}

} // namespace

bool CrdtIdRewriter::dependsOn(const QueueEntry &edit, const CrdtIds &ids)
{
    return isPatch(edit) && !ids.isEmpty() && refersTo(patchOf(edit).view(), ids);
}

void CrdtIdRewriter::addIds(const QueueEntry &edit, CrdtIds &ids)
{
    if (isPatch(edit))
        ids.add(patchOf(edit).idSpan());
}

std::uint64_t CrdtIdRewriter::nextTime(std::uint64_t sid, const CrdtIds &unapplied) const
{
    return std::max(m_doc.tree.state().crdtTime(sid) + 1, unapplied.endOf(sid));
}

crdt::Id CrdtIdRewriter::nextId(const crdt::IdSpan &ids, const CrdtIds &unapplied) const
{
    return {m_doc.session(), std::max(ids.time, nextTime(m_doc.session(), unapplied))};
}

void CrdtIdRewriter::findForeignSessions()
{
    m_rewriteForeign = std::ranges::any_of(m_doc.queue.waiting(), [&](std::int64_t order) {
        const QueueEntry &edit = m_doc.queue.at(order).edit;
        return isPatch(edit) && patchOf(edit).id().sid != m_doc.session();
    });
    if (m_rewriteForeign)
        m_doc.tree.unapply();
}

bool CrdtIdRewriter::waitsForDependency() const
{
    return std::ranges::any_of(m_doc.queue.conflicts(), [&](std::int64_t order) { return lacksDependency(m_doc.queue.at(order)); });
}

void CrdtIdRewriter::reapply(Entry &entry, CrdtRenames &renames, const CrdtIds &unapplied)
{
    if (lacksDependency(entry))
        requeueWhenComplete(entry, renames, unapplied);
    else
        rewrite(entry, renames, unapplied, false);
}

void CrdtIdRewriter::endReapply(const CrdtRenames &renames)
{
    m_rewriteForeign = false;
    if (!renames.isEmpty())
        m_doc.undo.rename(renames);
}

// An entry gets new ids if it must (`anew`, or its ids are or will be used by other operations), or if it is of another session
// and may be rewritten now. All ids are mapped at once, so that rewritten ids are not mistaken for old ones.
void CrdtIdRewriter::rewrite(Entry &entry, CrdtRenames &renames, const CrdtIds &unapplied, bool anew)
{
    if (!entry.isWaiting() || !isPatch(entry.edit))
        return;
    const crdt::Patch patch = patchOf(entry.edit);
    const crdt::IdSpan ids = patch.idSpan();
    anew = anew || ids.time < nextTime(ids.sid, unapplied);
    if (renames.isEmpty() && !m_rewriteForeign && !anew)
        return;
    if (anew || (m_rewriteForeign && ids.sid != m_doc.session()))
        renames.add(ids, nextId(ids, unapplied));
    const crdt::Patch now = patch.renamed(renames);
    if (now == patch)
        return;
    const EventId before = entry.edit.id;
    entry.versions.push_back({before, ids.first(), replacesOf(entry.edit.metadata)});
    m_doc.acknowledged.giveUp({.id = before, .documentId = m_doc.id, .collection = entry.edit.collection});
    m_doc.queue.setId(entry, m_doc.context.uuids.next());
    entry.edit.metadata["replaces"] = json::Array{json::String(entry.edit.first().toText()), json::String(before.toText())};
    entry.setDiff(diffOf(now));
    m_doc.undo.setEdit(before, entry.edit.id);
}

// An entry in flight with these times or later ones will be logged before it; then this entry needs new ids, which are not
// known until then.
bool CrdtIdRewriter::isOvertaken(const crdt::IdSpan &ids) const
{
    return std::ranges::any_of(m_doc.queue.sent(), [&](std::int64_t order) {
        const QueueEntry &sent = m_doc.queue.at(order).edit;
        if (!isPatch(sent))
            return false;
        const crdt::IdSpan others = patchOf(sent).idSpan();
        return others.sid == ids.sid && others.time + others.length > ids.time;
    });
}

// For instance after a restore of the server, when other clients push again what the patch depends on.
void CrdtIdRewriter::requeueWhenComplete(Entry &entry, CrdtRenames &renames, const CrdtIds &unapplied)
{
    const ServerSeq base = entry.edit.baseSeq;
    if (entry.in<Entry::Conflict>().since >= m_doc.history.serverSeq() || !entry.isReady(m_doc.history.serverSeq())
        || base < m_doc.history.start().serverSeq)
        return;
    // A document that was deleted and created again is no dependency.
    const auto unseen = m_doc.history.unseenBy(base, entry.order);
    if (std::ranges::any_of(unseen, [&](const json::Footprint *other) { return json::overlaps(entry.edit.footprint, *other); }))
        return;
    const crdt::Patch patch = patchOf(entry.edit);
    const crdt::IdSpan ids = patch.idSpan();
    if (isOvertaken(ids))
        return;
    DocumentState &state = m_doc.tree.state();
    const bool anew = ids.sid != m_doc.session() || ids.time < nextTime(m_doc.session(), unapplied);
    CrdtRenames all = renames;
    if (anew)
        all.add(ids, nextId(ids, unapplied));
    const auto applied = state.apply(entry.edit.operation, diffOf(patch.renamed(all)));
    if (!applied)
        return;
    m_doc.tree.revert(applied->inverse);
    entry.edit.reason.reset();
    entry.edit.because.reset();
    m_doc.queue.setState(entry, Entry::Waiting());
    rewrite(entry, renames, unapplied, anew);
}

// An entry after it that is in flight cannot have been logged: the server skips all events after a duplicate.
bool CrdtIdRewriter::restoreVersion(Entry &entry, const LogHit &hit)
{
    if (!isPatch(entry.edit))
        return false;
    auto logged = std::ranges::find(entry.versions, hit.logged, &EarlierVersion::id);
    if (logged == entry.versions.end() && isCopysVersion(entry.edit, hit))
        logged = entry.versions.insert(logged, {hit.logged, crdt::PatchView::decode(hit.event->diff.crdt())->id(),
                                                replacesOf(hit.event->metadata)});
    if (logged == entry.versions.end())
        return false;
    m_doc.tree.unapply();
    CrdtRenames renames;
    const crdt::Patch patch = patchOf(entry.edit);
    renames.add(patch.idSpan(), logged->first);
    auto &entries = m_doc.queue.entries();
    for (auto it = entries.upper_bound(entry.order); it != entries.end(); ++it) {
        Entry &behind = it->second;
        if (!isPatch(behind.edit))
            continue;
        behind.setDiff(diffOf(patchOf(behind.edit).renamed(renames)));
        m_doc.queue.touch(behind);
    }
    m_doc.undo.rename(renames);
    m_doc.undo.setEdit(entry.edit.id, logged->id);
    entry.setDiff(hit.event ? hit.event->diff : diffOf(patch.renamed(renames)));
    return true;
}

void CrdtIdRewriter::useVersion(QueueEntry &edit, const std::vector<EarlierVersion> &versions, const EventId &version)
{
    const auto logged = std::ranges::find(versions, version, &EarlierVersion::id);
    const EventId first = edit.first();
    edit.id = version;
    edit.firstId = first == version ? std::nullopt : std::optional(first);
    edit.metadata.erase("replaces");
    if (logged != versions.end() && logged->replaces)
        edit.metadata["replaces"] = *logged->replaces;
}

Diff CrdtIdRewriter::rebasedDiff(const QueueEntry &edit) const
{
    if (!isPatch(edit))
        return edit.diff;
    const DocumentState &state = m_doc.tree.state();
    const crdt::Patch patch = patchOf(edit);
    const std::uint64_t time = state.kind() == DocumentKind::Crdt ? state.crdt().clock().time() : 1;
    CrdtRenames renames;
    renames.add(patch.idSpan(), {m_doc.session(), time});
    return diffOf(patch.renamed(renames));
}

} // namespace eventsync::client
