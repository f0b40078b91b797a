// SPDX-License-Identifier: Apache-2.0
//
// Local edits, undo and redo (docs/merging.md, Undo).
#include <eventsync/base/limits.h>
#include <eventsync/client/documentreplica.h>

#include <eventsync/base/assert.h>
#include <eventsync/base/guard.h>
#include <eventsync/client/rows.h>
#include <eventsync/json/diff.h>
#include <eventsync/json/mergepatch.h>
#include <eventsync/json/normalizedpatch.h>
#include <eventsync/model/eventcheck.h>
#include <eventsync/model/servermetadata.h>

#include <algorithm>

namespace eventsync::client {

namespace {

constexpr std::size_t kEventRoom = 1 * limits::kKiB; // what the server adds to an event

Error renamed(Error error, ErrorCode code)
{
    error.code = code;
    return error;
}

} // namespace

// ---- making an edit

Result<> DocumentReplica::admit(const EditPlan &plan) const
{
    if (m_readOnly)
        return failure(ErrorCode::PermissionDenied, "there is no right to write this document");
    EVENTSYNC_CHECK(checkClientMetadata(plan.metadata));
    if (!plan.replaces && m_context.queueSize >= m_context.options.queueEntries)
        return failure(ErrorCode::QueueFull, "the offline queue is full");
    if (!m_collection)
        return failure(ErrorCode::NotFound, "nothing is known of this document yet");
    const bool exists = m_optimistic.exists();
    if (plan.operation == Operation::Create && exists)
        return failure(ErrorCode::DocumentExists, "the document exists already");
    if (plan.operation != Operation::Create && !exists && !plan.evenIfNothing)
        return failure(ErrorCode::NotFound, "there is no document");
    if (plan.operation == Operation::Update && !plan.diff.isCrdt())
        return policy().checkEnginePaths(plan.diff.patch());
    return {};
}

// Whether the server can take it: its size, in whatever form it travels, and that its canonical form can be read by every peer.
Result<> DocumentReplica::checkTaken(const Event &largest) const
{
    const Bytes canonical = canonicalBytes(largest, EventForm::Pushed);
    EVENTSYNC_CHECK(checkEventSize(largest, EventForm::Pushed, canonical.size() + kEventRoom));
    if (canonical.size() + kEventRoom > m_context.eventBytes())
        return failure(ErrorCode::TooLarge, "the edit is larger than this server takes");
    EVENTSYNC_CHECK(eventFromBytes(canonical, EventForm::Pushed));
    return {};
}

// An edit or a decision: applied to the optimistic state and queued, or an error and nothing has changed.
Result<DocumentReplica::Made> DocumentReplica::enqueue(EditPlan plan, Changes &)
{
    EVENTSYNC_ASSERT(!m_queueUnapplied);
    if (auto admitted = admit(plan); !admitted) {
        forgetObserved();
        return failure(admitted.error());
    }
    const bool buries = plan.operation == Operation::Delete && m_optimistic.kind() == DocumentKind::Crdt;
    json::State before = buries ? m_optimistic.jsonState() : json::State();
    EVENTSYNC_TRY(AppliedEvent applied, m_optimistic.apply(plan.operation, plan.diff));
    auto takeBack = [&] {
        const auto reverted = m_optimistic.revert(applied.inverse);
        EVENTSYNC_ASSERT(reverted.has_value());
        forgetObserved();
    };
    if (!applied.changed && !plan.evenIfNothing) {
        takeBack();
        return Made{{}, plan.diff};
    }
    if (m_hasChecks) {
        if (const auto passed = m_check->checkApplied(m_optimistic, applied.inverse); !passed) {
            takeBack();
            return failure(renamed(passed.error(), ErrorCode::Invalid));
        }
    }
    Entry entry{.edit = {.id = m_context.uuids.next(),
                         .documentId = m_id,
                         .collection = *m_collection,
                         .operation = plan.operation,
                         .diff = plan.diff,
                         .baseSeq = m_position.serverSeq,
                         .madeAt = m_position.serverSeq,
                         .timestamp = m_context.clock.wall(),
                         .metadata = std::move(plan.metadata),
                         .footprint = std::move(applied.footprint)}};
    QueueEntry &edit = entry.edit;
    edit.metadata["madeAt"] = edit.madeAt.value();
    edit.onOverlap = plan.onOverlap;
    if (plan.replaces) {
        edit.firstId = plan.replaces->first();
        edit.tries = plan.replaces->tries + 1;
    }
    edit.clientSeq = ClientSeq(limits::kMaxInteger);
    const EventPtr largest = pushed(entry);
    edit.clientSeq.reset();
    if (auto taken = checkTaken(*largest); !taken) {
        takeBack();
        return failure(taken.error());
    }
    edit.diff.setVersion(m_position.serverSeq);
    auto inverse = inverseStep(edit, applied, std::move(before));
    if (plan.takesBack)
        inverse = UndoStep{.edit = edit.id, .edits = std::move(plan.takesBack)};
    if (!plan.undoIsRedo)
        clearRedo();
    if (plan.operation != Operation::Update)
        forgetCrdtUndo();
    if (inverse) {
        inverse->redo = plan.undoIsRedo.value_or(false);
        pushUndo(std::move(*inverse));
    }
    changed(edit.footprint);
    entry.order = ++m_context.lastOrder;
    entry.inverse = std::move(applied.inverse);
    ++m_inTree;
    const Made made{edit.id, edit.diff};
    insert(std::move(entry));
    m_refused = false; // what refused the subscription may be over; a new edit asks again
    return made;
}

Result<DocumentReplica::Made> DocumentReplica::create(DocumentKind kind, const CollectionName &collection, json::Value state,
                                                      json::Object metadata, Changes &out)
{
    if (m_optimistic.exists())
        return failure(ErrorCode::DocumentExists, "the document exists already");
    if (m_collection && *m_collection != collection && m_position.serverSeq.value() > 0)
        return failure(ErrorCode::WrongCollection, "the document belongs to collection " + m_collection->text());
    EVENTSYNC_CHECK(checkNewDocumentId(m_id));
    const auto before = m_collection;
    m_collection = collection;
    refreshCheck();
    auto tryIt = [&]() -> Result<Made> {
        EVENTSYNC_CHECK(json::normalize(state));
        json::Value plain = policy().withoutEngineFields(std::move(state));
        EVENTSYNC_TRY(Diff diff, createDiff(kind, std::move(plain)));
        return enqueue({.operation = Operation::Create, .diff = std::move(diff), .metadata = std::move(metadata)}, out);
    };
    auto made = tryIt();
    if (!made) {
        m_collection = before;
        refreshCheck();
    } else {
        m_documentDirty = true;
    }
    return made;
}

Result<DocumentReplica::Made> DocumentReplica::update(json::Patch given, json::Object metadata, Changes &out)
{
    EVENTSYNC_TRY(json::Patch patch, json::normalized(given));
    if (m_optimistic.kind() == DocumentKind::Crdt) { // the same change, as a patch that merges
        EVENTSYNC_CHECK(policy().checkEnginePaths(patch));
        json::State wanted = m_optimistic.jsonState();
        EVENTSYNC_CHECK(json::apply(wanted, patch, {.size = json::canonicalSize(*wanted), .wantInverse = false, .wantFootprint = false}));
        if (!wanted)
            return failure(ErrorCode::PatchFailed, "an update cannot remove the document");
        EVENTSYNC_TRY(EditPlan plan, crdtPlanTo(*wanted));
        plan.metadata = std::move(metadata);
        return enqueue(std::move(plan), out);
    }
    return enqueue({.diff = Diff(std::move(patch)), .metadata = std::move(metadata)}, out);
}

Result<DocumentReplica::Made> DocumentReplica::update(const std::function<Result<>(json::Value &)> &edit,
                                                      json::Object metadata, Changes &out)
{
    if (!m_optimistic.exists())
        return failure(ErrorCode::NotFound, "there is no document");
    json::Value view = policy().withEngineFields(m_optimistic.view(), m_position.serverSeq);
    EVENTSYNC_CHECK(guarded(edit, view));
    EVENTSYNC_CHECK(json::normalize(view));
    const json::Value after = policy().withoutEngineFields(std::move(view));
    if (m_optimistic.kind() == DocumentKind::Crdt) {
        EVENTSYNC_TRY(EditPlan plan, crdtPlanTo(after));
        plan.metadata = std::move(metadata);
        return enqueue(std::move(plan), out);
    }
    json::Patch patch = json::diff(m_optimistic.view(), after, policy().diffOptions());
    if (patch.isEmpty())
        return Made{};
    Diff diff(std::move(patch));
    diff.setMergePatch(json::mergePatchFor(m_optimistic.view(), after));
    return enqueue({.diff = std::move(diff), .metadata = std::move(metadata)}, out);
}

Result<DocumentReplica::Made> DocumentReplica::remove(json::Object metadata, Changes &out)
{
    return enqueue({.operation = Operation::Delete, .diff = Diff(json::Patch()), .metadata = std::move(metadata)}, out);
}

// ---- undo

// What takes an edit back that was just applied: its exact inverse, behind a test of every value that it wrote. An `inc` is
// taken back by its negative, and needs none. `before`: a CRDT document that a delete took away, as a value. The create of
// such a document is not taken back: who undoes his edits in a text does not mean the text itself, which others may have open.
std::optional<UndoStep> DocumentReplica::inverseStep(const QueueEntry &edit, const AppliedEvent &applied, json::State before) const
{
    UndoStep step;
    step.edit = edit.id;
    if (edit.operation == Operation::Delete && before) {
        step.operation = Operation::Create;
        step.kind = DocumentKind::Crdt;
        step.state = std::move(before);
        return step;
    }
    if (edit.diff.isCrdt() || applied.inverse.isCrdt())
        return std::nullopt;
    switch (edit.operation) {
    case Operation::Create:
        step.operation = Operation::Delete;
        step.expected = m_optimistic.digest();
        return step;
    case Operation::Delete:
        step.operation = Operation::Create;
        step.state = applied.inverse.patch().operations().front().value;
        return step;
    case Operation::Update:
        break;
    }
    if (edit.footprint.isEverything()) {
        step.expected = m_optimistic.digest();
        step.patch = applied.inverse.patch();
        return step;
    }
    std::vector<json::PatchOperation> operations;
    for (const json::FootprintEntry &entry : edit.footprint.entries()) {
        if (entry.kind == json::FootprintEntry::Kind::Read || entry.kind == json::FootprintEntry::Kind::Inc)
            continue;
        if (const json::Value *value = json::find(m_optimistic.view(), entry.path))
            operations.push_back({.kind = json::OperationKind::Test, .path = entry.path, .from = {}, .value = *value});
        else
            step.absent.push_back(entry.path);
    }
    const auto &inverse = applied.inverse.patch().operations();
    operations.insert(operations.end(), inverse.begin(), inverse.end());
    step.patch = json::Patch(std::move(operations));
    return step;
}

void DocumentReplica::pushUndo(UndoStep step)
{
    step.order = m_undo.empty() ? 1 : m_undo.rbegin()->first + 1;
    m_steps.push_back(storage::Batch::Put{"undo", rows::undoRow(m_id, step)});
    const std::int64_t order = step.order;
    m_undo.emplace(order, std::move(step));
    if (m_undo.size() > limits::kUndoEntries)
        dropUndo(m_undo.begin());
}

void DocumentReplica::dropUndo(std::map<std::int64_t, UndoStep>::iterator step)
{
    m_steps.push_back(storage::Batch::Erase{"undo", {m_id.text(), step->first}});
    m_undo.erase(step);
}

void DocumentReplica::clearRedo()
{
    for (auto it = m_undo.begin(); it != m_undo.end();) {
        const auto step = it++;
        if (step->second.redo)
            dropUndo(step);
    }
}

// An edit that is no longer applied as written cannot be taken back.
void DocumentReplica::dropUndoOf(const EventId &id)
{
    for (auto it = m_undo.begin(); it != m_undo.end();) {
        const auto step = it++;
        if (step->second.edit == id)
            dropUndo(step);
    }
}

bool DocumentReplica::canUndo(bool redo) const
{
    return std::any_of(m_undo.begin(), m_undo.end(), [&](const auto &step) { return step.second.redo == redo; });
}

Result<DocumentReplica::EditPlan> DocumentReplica::planOf(const UndoStep &step) const
{
    const auto changedSince = failure(ErrorCode::Conflict, "somebody has changed it since");
    if (step.expected && (!m_optimistic.exists() || m_optimistic.digest() != *step.expected))
        return changedSince;
    EditPlan plan{.operation = step.operation};
    switch (step.operation) {
    case Operation::Create: {
        if (m_optimistic.exists())
            return changedSince;
        EVENTSYNC_TRY(plan.diff, createDiff(step.kind, *step.state));
        break;
    }
    case Operation::Delete:
        plan.diff = Diff(json::Patch());
        break;
    case Operation::Update:
        if (!m_optimistic.exists())
            return changedSince;
        for (const json::Pointer &path : step.absent) {
            if (json::find(m_optimistic.view(), path))
                return failure(ErrorCode::Conflict, "somebody has put a value there since", path.toText());
        }
        if (step.edits && m_optimistic.kind() != DocumentKind::Crdt)
            return changedSince;
        plan.diff = Diff(step.patch);
        break;
    }
    return plan;
}

Result<DocumentReplica::Made> DocumentReplica::undo(bool redo, Changes &out)
{
    for (;;) {
        const auto found = std::find_if(m_undo.rbegin(), m_undo.rend(), [&](const auto &s) { return s.second.redo == redo; });
        if (found == m_undo.rend())
            return failure(ErrorCode::NotFound, redo ? "nothing to redo" : "nothing to undo");
        const UndoStep step = found->second;
        EVENTSYNC_TRY(EditPlan plan, planOf(step));
        plan.metadata[redo ? "redoes" : "undoes"] = json::String(step.edit.toText());
        plan.undoIsRedo = !redo;
        auto made = step.edits ? undoCrdt(step, std::move(plan), out) : enqueue(std::move(plan), out);
        if (!made) {
            if (made.error().code == ErrorCode::PatchFailed)
                return failure(renamed(made.error(), ErrorCode::Conflict));
            return made;
        }
        dropUndo(m_undo.find(step.order));
        if (made->id || !step.edits)
            return made; // else others have taken all of it away already: the one before it, then
    }
}

} // namespace eventsync::client
