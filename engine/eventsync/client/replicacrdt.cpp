// SPDX-License-Identifier: Apache-2.0
//
// Documents of kind crdt. In the queue, the log and the tree their patches are edits like any other; what is theirs alone is
// here: how an edit is made and told to editors, how it is undone, and how patches are written again.
//
// Why written again. A patch's ids begin with the session of its author, which follows from the client id, and the times of
// a session ascend in the log. A replica that finds itself to be a copy takes a new client id; the patches in its queue then
// have the wrong session, and may have ids that its twin has used for something else. So they get new ids, and with them
// whatever refers to those. It is done as late as possible, when the server has said (`synced`) which of them are not in its
// log, or when the log holds others' ids in their place: an edit that is in the log stays what it is. Since the bytes under
// an event's id never change, a patch written again is a new version of the edit, with a new id, and remembers the versions
// before it. Should one of those turn up in the log nevertheless (the twin had it too, and was faster), the ids go back to
// what they were in it, in everything behind: so nothing that was made on top of an edit ever loses its ground.
#include <eventsync/base/limits.h>
#include <eventsync/client/documentreplica.h>

#include <eventsync/base/assert.h>
#include <eventsync/client/rows.h>
#include <eventsync/model/crdtstate.h>

#include <algorithm>

namespace eventsync::client {

namespace {

crdt::Patch patchOf(const QueueEntry &edit)
{
    auto patch = crdt::Patch::decode(edit.diff.crdt());
    EVENTSYNC_ASSERT(patch.has_value()); // made here, or read back as it was
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

// What chance there is in an id.
std::uint64_t chanceIn(const EventId &id)
{
    std::uint64_t number = 0;
    for (const char byte : id.view().substr(id.view().size() - 2))
        number = number << 8 | static_cast<unsigned char>(byte);
    return number;
}

} // namespace

std::uint64_t DocumentReplica::session() const
{
    return crdtSessionOf(m_context.clientId);
}

const crdt::Document *DocumentReplica::crdtDocument() const
{
    return m_optimistic.kind() == DocumentKind::Crdt ? &m_optimistic.crdt() : nullptr;
}

// Whether this is a state of another document than the one here: somebody has deleted it and made it again. (Not if we did:
// what is in the queue behind that was made on the new one.)
bool DocumentReplica::isOtherIncarnation(const DocumentState &state) const
{
    if (m_optimistic.crdtLife() == 0 || state.crdtLife() == 0 || m_optimistic.crdtLife() == state.crdtLife())
        return false;
    return std::none_of(m_queue.begin(), m_queue.end(), [&](const auto &item) {
        const QueueEntry &edit = item.second.edit;
        return edit.operation == Operation::Create && isPatch(edit) && CrdtState::lifeMadeBy(edit.diff.crdt()) == state.crdtLife();
    });
}

// ---- edits

Result<Diff> DocumentReplica::createDiff(DocumentKind kind, json::Value state) const
{
    if (kind == DocumentKind::Crdt) {
        EVENTSYNC_TRY(Bytes patch, CrdtState::create(session(), state, chanceIn(m_context.uuids.next())));
        return Diff(CrdtPatchBytes{std::move(patch)});
    }
    return Diff(json::Patch({{.kind = json::OperationKind::Add, .path = {}, .from = {}, .value = std::move(state)}}));
}

// An update of the optimistic document, with what takes it back. If it fails, or comes to nothing, nothing is left of it.
Result<DocumentReplica::EditPlan> DocumentReplica::crdtPlan(const ClientCore::CrdtEdit &edit)
{
    if (!m_optimistic.exists())
        return failure(ErrorCode::NotFound, "there is no document");
    if (m_optimistic.kind() != DocumentKind::Crdt)
        return failure(ErrorCode::Invalid, "the document is not of kind crdt");
    EditPlan plan;
    auto diff = m_optimistic.edit(session(), [&](crdt::Api &api) -> Result<> {
        crdt::UndoStack &stack = api.undoStack();
        EVENTSYNC_CHECK(edit(api));
        plan.takesBack = stack.takeUndo();
        return {};
    });
    if (!diff) {
        forgetObserved();
        return failure(diff.error());
    }
    plan.diff = std::move(*diff);
    return plan;
}

Result<DocumentReplica::EditPlan> DocumentReplica::crdtPlanTo(const json::Value &wanted)
{
    return crdtPlan([&](crdt::Api &api) { return api.diff(wanted); });
}

Result<DocumentReplica::Made> DocumentReplica::updateCrdt(const ClientCore::CrdtEdit &edit, json::Object metadata, Changes &out)
{
    EVENTSYNC_TRY(EditPlan plan, crdtPlan(edit));
    plan.metadata = std::move(metadata);
    return enqueue(std::move(plan), out);
}

// ---- what editors see

// Called by the document, for every change of an operation on it.
void DocumentReplica::observed(const crdt::Document &document, const crdt::Change &change)
{
    CrdtChange &seen = m_crdtChanges.emplace_back();
    static_cast<crdt::Change &>(seen) = change;
    if (change.kind != crdt::Change::Kind::Text || change.inserted == 0)
        return;
    const crdt::NodeIndex node = document.find(change.node);
    if (node == crdt::kNoNode || document.node(node).kind != crdt::NodeKind::Str)
        return;
    std::u16string units;
    document.node(node).sequence().appendUtf16(units, change.position, change.inserted);
    seen.text = QString::fromStdU16String(units);
}

// True if it is another document than the one that was observed until now.
bool DocumentReplica::observe()
{
    return m_optimistic.observe([this](const crdt::Document &document, const crdt::Change &change) { observed(document, change); });
}

// After an edit that came to nothing: the document is what it was before.
void DocumentReplica::forgetObserved()
{
    if (m_optimistic.kind() == DocumentKind::Crdt)
        observe();
    m_crdtChanges.clear();
}

namespace {

json::Pointer pointerTo(const crdt::Document &document, const crdt::Change &change)
{
    std::vector<std::string> tokens;
    for (const crdt::PathStep &step : document.pathOf(change.node)) {
        if (const auto *key = std::get_if<std::string>(&step))
            tokens.push_back(*key);
        else
            tokens.push_back(std::to_string(std::get<std::size_t>(step)));
    }
    if (!change.key.empty())
        tokens.push_back(change.key);
    return json::Pointer(std::move(tokens));
}

} // namespace

void DocumentReplica::announceCrdt(Changes &out)
{
    const bool exists = m_optimistic.kind() == DocumentKind::Crdt;
    if (!exists && !m_wasCrdt)
        return;
    bool reset = exists != m_wasCrdt;
    if (exists)
        reset = observe() || reset;
    m_wasCrdt = exists;
    CrdtChanged fact{.documentId = m_id, .changes = std::exchange(m_crdtChanges, {}), .reset = reset, .remote = m_changedByOthers};
    if (reset) {
        fact.changes.clear();
        m_changedAll = true;
    } else if (fact.changes.empty()) {
        return;
    }
    crdt::Id last;
    for (const CrdtChange &change : fact.changes) {
        if (m_changedPaths.size() > kChangedPaths)
            break;
        if (change.node != last || !change.key.empty())
            m_changedPaths.push_back(pointerTo(m_optimistic.crdt(), change));
        last = change.node;
    }
    out.facts.push_back(std::move(fact));
}

// ---- undo

// Takes one step back, as a new edit; none if nothing is left of what it did.
Result<DocumentReplica::Made> DocumentReplica::undoCrdt(const UndoStep &step, EditPlan plan, Changes &out)
{
    std::vector<crdt::MadeAgain> again;
    auto diff = m_optimistic.edit(session(), [&](crdt::Api &api) -> Result<> {
        crdt::UndoStack &stack = api.undoStack();
        for (const auto &[order, known] : m_recreatedIds)
            stack.giveMadeAgain(known);
        const std::size_t before = stack.madeAgain().size();
        stack.giveUndo(*step.edits);
        stack.undo();
        plan.takesBack = stack.takeRedo();
        again.assign(stack.madeAgain().begin() + static_cast<std::ptrdiff_t>(std::min(before, stack.madeAgain().size())),
                     stack.madeAgain().end());
        return {};
    });
    if (!diff) {
        forgetObserved();
        return failure(diff.error());
    }
    plan.diff = std::move(*diff);
    EVENTSYNC_TRY(Made made, enqueue(std::move(plan), out));
    for (crdt::MadeAgain &one : again)
        keepRecreatedIds(std::move(one));
    return made;
}

void DocumentReplica::keepRecreatedIds(crdt::MadeAgain again)
{
    const std::int64_t order = m_recreatedIds.empty() ? -1 : m_recreatedIds.begin()->first - 1; // below the steps' places
    m_steps.push_back(storage::Batch::Put{"undo", rows::recreatedIdsRow(m_id, order, again)});
    m_recreatedIds.emplace(order, std::move(again));
    if (m_recreatedIds.size() > limits::kUndoEntries) {
        const auto oldest = std::prev(m_recreatedIds.end());
        m_steps.push_back(storage::Batch::Erase{"undo", {m_id.text(), oldest->first}});
        m_recreatedIds.erase(oldest);
    }
}

// The document is deleted, or another is made in its place: there is nothing left to take back.
void DocumentReplica::forgetCrdtUndo()
{
    for (auto it = m_undo.begin(); it != m_undo.end();) {
        const auto step = it++;
        if (step->second.edits)
            dropUndo(step);
    }
    for (const auto &[order, again] : m_recreatedIds)
        m_steps.push_back(storage::Batch::Erase{"undo", {m_id.text(), order}});
    m_recreatedIds.clear();
}

// ---- patches written again

// Whether an edit in the queue stands on one of these ids.
bool DocumentReplica::dependsOn(const QueueEntry &edit, const CrdtIds &ids) const
{
    return isPatch(edit) && !ids.isEmpty() && refersTo(patchOf(edit).view(), ids);
}

void DocumentReplica::addIds(const QueueEntry &edit, CrdtIds &ids) const
{
    if (isPatch(edit))
        ids.add(patchOf(edit).idSpan());
}

// Before `synced` lets patches go out: those of another session are written again.
void DocumentReplica::findForeignSessions()
{
    const std::uint64_t own = session();
    m_rewriteIds = std::any_of(m_waiting.begin(), m_waiting.end(), [&](std::int64_t order) {
        const QueueEntry &edit = m_queue.at(order).edit;
        return isPatch(edit) && patchOf(edit).id().sid != own;
    });
    if (m_rewriteIds)
        unapplyQueue();
}

// On the way back onto the tree: refers to the new ids of what was written again before it, and gets new ids itself if it
// must (`anew`, or somebody else has used them), or is of another session and may have them now. All of it at once: ids that
// were renamed already must not be taken for old ones.
void DocumentReplica::rewriteIds(Entry &entry, CrdtRenames &renames, bool anew)
{
    if (!entry.waits() || !isPatch(entry.edit))
        return;
    const crdt::Patch patch = patchOf(entry.edit);
    const crdt::IdSpan ids = patch.idSpan();
    anew = anew || ids.time <= m_optimistic.crdtTime(ids.sid);
    if (renames.isEmpty() && !m_rewriteIds && !anew)
        return;
    if (anew || (m_rewriteIds && ids.sid != session()))
        renames.add(ids, {session(), std::max(ids.time, m_optimistic.crdtTime(session()) + 1)});
    const crdt::Patch now = patch.renamed(renames);
    if (now == patch)
        return;
    EarlierVersion &version = entry.versions.emplace_back(EarlierVersion{entry.edit.id, ids.first()});
    if (const json::Value *replaces = entry.edit.metadata.if_contains("replaces"))
        version.replaces = *replaces;
    giveUp({.id = entry.edit.id, .documentId = m_id, .collection = entry.edit.collection});
    const EventId before = entry.edit.id, first = entry.edit.first();
    m_byId.erase(before);
    entry.edit.firstId = first;
    entry.edit.id = m_context.uuids.next();
    entry.edit.metadata["replaces"] = json::Array{json::String(first.toText()), json::String(before.toText())};
    entry.edit.diff = diffOf(now);
    m_byId.emplace(entry.edit.id, entry.order);
    touch(entry);
    m_queueChanged = true;
    for (auto &[order, step] : m_undo) {
        if (step.edit == before) {
            step.edit = entry.edit.id;
            m_steps.push_back(storage::Batch::Put{"undo", rows::undoRow(m_id, step)});
        }
    }
}

namespace {

// Parked for what it stands on.
bool lacksDependency(const QueueEntry &edit)
{
    return edit.state == EntryState::Conflict && edit.reason && edit.reason->code == ErrorCode::MissingDependency && isPatch(edit);
}

} // namespace

bool DocumentReplica::waitsForDependency() const
{
    return std::any_of(m_conflicts.begin(), m_conflicts.end(), [&](std::int64_t order) {
        return lacksDependency(m_queue.at(order).edit);
    });
}

// A patch that was parked for what it stands on (others had to push that again, after the server was restored) waits again
// as soon as it applies.
void DocumentReplica::requeueWhenComplete(Entry &entry, CrdtRenames &renames)
{
    if (!lacksDependency(entry.edit) || entry.conflictingSince >= m_position.serverSeq || !isReady(entry))
        return;
    // A document that was deleted and made again is not its ground.
    const auto unseen = unseenOf(entry);
    const bool overlapping = std::any_of(unseen.begin(), unseen.end(), [&](const json::Footprint *footprint) {
        return json::overlaps(entry.edit.footprint, *footprint);
    });
    if (overlapping || entry.edit.baseSeq < m_historyStart.serverSeq)
        return;
    const crdt::Patch patch = patchOf(entry.edit);
    const crdt::IdSpan ids = patch.idSpan();
    // One in flight with these times or later ones comes into the log before it, and then it needs new ids; until then nobody
    // knows.
    const bool overtaken = std::any_of(m_sent.begin(), m_sent.end(), [&](std::int64_t order) {
        const QueueEntry &sent = m_queue.at(order).edit;
        if (!isPatch(sent))
            return false;
        const crdt::IdSpan others = patchOf(sent).idSpan();
        return others.sid == ids.sid && others.time + others.length > ids.time;
    });
    if (overtaken)
        return;
    const bool anew = ids.sid != session() || ids.time <= m_optimistic.crdtTime(session());
    CrdtRenames all = renames;
    if (anew)
        all.add(ids, {session(), std::max(ids.time, m_optimistic.crdtTime(session()) + 1)});
    const auto applied = m_optimistic.apply(entry.edit.operation, diffOf(patch.renamed(all)));
    if (!applied)
        return;
    const auto reverted = m_optimistic.revert(applied->inverse);
    EVENTSYNC_ASSERT(reverted.has_value());
    entry.edit.reason.reset();
    entry.edit.because.reset();
    setState(entry, EntryState::Waiting);
    rewriteIds(entry, renames, anew);
}

// The ids that undo knows, after some have become others. A span across the border is rare, and lost.
void DocumentReplica::renameUndo(const CrdtRenames &renames)
{
    const auto rename = [&](crdt::Id id) { return renames(id); };
    for (auto &[order, step] : m_undo) {
        if (!step.edits)
            continue;
        crdt::rename(*step.edits, rename);
        m_steps.push_back(storage::Batch::Put{"undo", rows::undoRow(m_id, step)});
    }
    for (auto &[order, again] : m_recreatedIds) {
        const crdt::Id old = renames(again.old.first());
        again = {{old.sid, old.time, again.old.length}, renames(again.now)};
        m_steps.push_back(storage::Batch::Put{"undo", rows::recreatedIdsRow(m_id, order, again)});
    }
}

// Both of two copies may have written an edit again, each under its own new session.
bool DocumentReplica::isCopysVersion(const QueueEntry &edit, const LogHit &hit)
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

// The log holds an earlier version of a patch that was written again: what was made on top of it refers to that one now.
// (Such an entry behind it that is in flight cannot have been logged: the server skips what comes after a duplicate.)
bool DocumentReplica::restoreVersion(Entry &entry, const LogHit &hit)
{
    if (!isPatch(entry.edit))
        return false;
    auto logged = std::find_if(entry.versions.begin(), entry.versions.end(),
                               [&](const EarlierVersion &version) { return version.id == hit.logged; });
    if (logged == entry.versions.end() && isCopysVersion(entry.edit, hit)) {
        EarlierVersion version{hit.logged, crdt::PatchView::decode(hit.event->diff.crdt())->id()};
        const json::Value *replaces = hit.event->metadata ? hit.event->metadata->if_contains("replaces") : nullptr;
        if (replaces)
            version.replaces = *replaces;
        logged = entry.versions.insert(logged, std::move(version));
    }
    if (logged == entry.versions.end())
        return false;
    unapplyQueue();
    CrdtRenames renames;
    const crdt::Patch patch = patchOf(entry.edit);
    renames.add(patch.idSpan(), logged->first);
    for (auto it = m_queue.upper_bound(entry.order); it != m_queue.end(); ++it) {
        Entry &behind = it->second;
        if (!isPatch(behind.edit))
            continue;
        behind.edit.diff = diffOf(patchOf(behind.edit).renamed(renames));
        touch(behind);
    }
    renameUndo(renames);
    for (auto &[order, step] : m_undo) {
        if (step.edit == entry.edit.id) {
            step.edit = logged->id;
            m_steps.push_back(storage::Batch::Put{"undo", rows::undoRow(m_id, step)});
        }
    }
    entry.edit.diff = hit.event ? hit.event->diff : diffOf(patch.renamed(renames));
    return true;
}

void DocumentReplica::useVersion(Entry &entry, const EventId &version)
{
    const auto logged = std::find_if(entry.versions.begin(), entry.versions.end(),
                                     [&](const EarlierVersion &one) { return one.id == version; });
    const EventId first = entry.edit.first();
    entry.edit.id = version;
    entry.edit.firstId = first == version ? std::nullopt : std::optional(first);
    entry.edit.metadata.erase("replaces");
    if (logged != entry.versions.end() && logged->replaces)
        entry.edit.metadata["replaces"] = *logged->replaces;
}

// A refused patch that is tried again: behind everything made since.
Diff DocumentReplica::rebasedDiff(const QueueEntry &edit) const
{
    if (!isPatch(edit))
        return edit.diff;
    const crdt::Patch patch = patchOf(edit);
    const std::uint64_t time = m_optimistic.kind() == DocumentKind::Crdt ? m_optimistic.crdt().clock().time() : 1;
    CrdtRenames renames;
    renames.add(patch.idSpan(), {session(), time});
    return diffOf(patch.renamed(renames));
}

} // namespace eventsync::client
