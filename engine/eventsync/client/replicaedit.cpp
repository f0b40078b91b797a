// SPDX-License-Identifier: Apache-2.0
//
// Local edits, undo and redo (docs/merging.md, Undo).
#include <eventsync/client/documentreplica.h>

#include <eventsync/base/assert.h>
#include <eventsync/client/rows.h>
#include <eventsync/json/diff.h>
#include <eventsync/json/mergepatch.h>

#include <algorithm>

namespace eventsync::client {

namespace {

constexpr std::size_t kEventRoom = 1 * limits::kKiB; // what the server adds to an event

json::Patch wholeState(json::Value state, json::OperationKind kind)
{
    return json::Patch({{.kind = kind, .path = {}, .from = {}, .value = std::move(state)}});
}

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
    if (!plan.replaces && m_context.queueSize >= m_context.options.queueEntries)
        return failure(ErrorCode::QueueFull, "the offline queue is full");
    if (!m_collection)
        return failure(ErrorCode::NotFound, "nothing is known of this document yet");
    const bool exists = m_tree.exists();
    if (plan.operation == Operation::Create && exists)
        return failure(ErrorCode::DocumentExists, "the document exists already");
    if (plan.operation != Operation::Create && !exists && !plan.evenIfNothing)
        return failure(ErrorCode::NotFound, "there is no document");
    if (plan.operation == Operation::Update && !plan.diff.isCrdt())
        return policy().checkEnginePaths(plan.diff.patch());
    return {};
}

// An edit or a decision: applied to the optimistic state and queued, or an error and nothing has changed.
Result<DocumentReplica::Made> DocumentReplica::enqueue(EditPlan plan, Outcome &)
{
    EVENTSYNC_ASSERT(!m_unwound);
    EVENTSYNC_CHECK(admit(plan));
    EVENTSYNC_TRY(AppliedEvent applied, m_tree.apply(plan.operation, plan.diff));
    auto takeBack = [&] {
        const auto reverted = m_tree.revert(applied.inverse);
        EVENTSYNC_ASSERT(reverted.has_value());
    };
    if (!applied.changed && !plan.evenIfNothing) {
        takeBack();
        return Made{{}, plan.diff};
    }
    if (m_hasChecks) {
        if (const auto passed = m_check->check(m_tree.jsonState()); !passed) {
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
    const std::size_t bytes = canonicalBytes(*pushed(entry), EventForm::Pushed).size();
    edit.clientSeq.reset();
    if (bytes + kEventRoom > limits::kEventBytes) {
        takeBack();
        return failure(ErrorCode::TooLarge, "the edit is larger than an event may be");
    }
    edit.diff.setVersion(m_position.serverSeq);
    UndoStep inverse = inverseStep(edit, applied);
    inverse.redo = plan.undoIsRedo.value_or(false);
    if (!plan.undoIsRedo)
        clearRedo();
    pushUndo(std::move(inverse));
    changed(edit.footprint);
    entry.order = ++m_context.lastOrder;
    entry.inverse = std::move(applied.inverse);
    ++m_inTree;
    const Made made{edit.id, edit.diff};
    insert(std::move(entry));
    return made;
}

Result<DocumentReplica::Made> DocumentReplica::create(const CollectionName &collection, json::Value state,
                                                      json::Object metadata, Outcome &out)
{
    if (m_collection && *m_collection != collection && (m_tree.exists() || m_position.serverSeq.value() > 0))
        return failure(ErrorCode::DocumentExists, "the document belongs to collection " + m_collection->text());
    const auto before = m_collection;
    m_collection = collection;
    refreshCheck();
    auto tryIt = [&]() -> Result<Made> {
        EVENTSYNC_CHECK(json::normalize(state));
        json::Value plain = policy().withoutEngineFields(std::move(state));
        return enqueue({.operation = Operation::Create,
                        .diff = Diff(wholeState(std::move(plain), json::OperationKind::Add)),
                        .metadata = std::move(metadata)},
                       out);
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

Result<DocumentReplica::Made> DocumentReplica::update(json::Patch patch, json::Object metadata, Outcome &out)
{
    return enqueue({.diff = Diff(std::move(patch)), .metadata = std::move(metadata)}, out);
}

Result<DocumentReplica::Made> DocumentReplica::update(const std::function<Result<>(json::Value &)> &edit,
                                                      json::Object metadata, Outcome &out)
{
    if (!m_tree.exists())
        return failure(ErrorCode::NotFound, "there is no document");
    json::Value view = policy().withEngineFields(m_tree.view(), m_position.serverSeq);
    EVENTSYNC_CHECK(edit(view));
    EVENTSYNC_CHECK(json::normalize(view));
    const json::Value after = policy().withoutEngineFields(std::move(view));
    json::Patch patch = json::diff(m_tree.view(), after, policy().diffOptions());
    if (patch.isEmpty())
        return Made{};
    Diff diff(std::move(patch));
    diff.setMergePatch(json::mergePatchFor(m_tree.view(), after));
    return enqueue({.diff = std::move(diff), .metadata = std::move(metadata)}, out);
}

Result<DocumentReplica::Made> DocumentReplica::remove(json::Object metadata, Outcome &out)
{
    return enqueue({.operation = Operation::Delete, .diff = Diff(json::Patch()), .metadata = std::move(metadata)}, out);
}

// ---- undo

// What takes an edit back that was just applied: its exact inverse, behind a test of every value that it wrote. An `inc` is
// taken back by its negative, and needs none.
UndoStep DocumentReplica::inverseStep(const QueueEntry &edit, const AppliedEvent &applied) const
{
    UndoStep step;
    step.edit = edit.id;
    switch (edit.operation) {
    case Operation::Create:
        step.operation = Operation::Delete;
        step.expected = m_tree.digest();
        return step;
    case Operation::Delete:
        step.operation = Operation::Create;
        step.state = applied.inverse.patch().operations().front().value;
        return step;
    case Operation::Update:
        break;
    }
    if (edit.footprint.isEverything()) {
        step.expected = m_tree.digest();
        step.patch = applied.inverse.patch();
        return step;
    }
    std::vector<json::PatchOperation> operations;
    for (const json::FootprintEntry &entry : edit.footprint.entries()) {
        if (entry.kind == json::FootprintEntry::Kind::Read || entry.kind == json::FootprintEntry::Kind::Inc)
            continue;
        if (const json::Value *value = json::find(m_tree.view(), entry.path))
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
    if (step.expected && (!m_tree.exists() || m_tree.digest() != *step.expected))
        return changedSince;
    EditPlan plan{.operation = step.operation};
    switch (step.operation) {
    case Operation::Create:
        if (m_tree.exists())
            return changedSince;
        plan.diff = Diff(wholeState(*step.state, json::OperationKind::Add));
        break;
    case Operation::Delete:
        plan.diff = Diff(json::Patch());
        break;
    case Operation::Update:
        if (!m_tree.exists())
            return changedSince;
        for (const json::Pointer &path : step.absent) {
            if (json::find(m_tree.view(), path))
                return failure(ErrorCode::Conflict, "somebody has put a value there since", path.toText());
        }
        plan.diff = Diff(step.patch);
        break;
    }
    return plan;
}

Result<DocumentReplica::Made> DocumentReplica::undo(bool redo, Outcome &out)
{
    const auto found = std::find_if(m_undo.rbegin(), m_undo.rend(), [&](const auto &s) { return s.second.redo == redo; });
    if (found == m_undo.rend())
        return failure(ErrorCode::NotFound, redo ? "nothing to redo" : "nothing to undo");
    const UndoStep step = found->second;
    EVENTSYNC_TRY(EditPlan plan, planOf(step));
    plan.metadata[redo ? "redoes" : "undoes"] = json::String(step.edit.toText());
    plan.undoIsRedo = !redo;
    auto made = enqueue(std::move(plan), out);
    if (!made) {
        if (made.error().code == ErrorCode::PatchFailed)
            return failure(renamed(made.error(), ErrorCode::Conflict));
        return made;
    }
    dropUndo(m_undo.find(step.order));
    return made;
}

} // namespace eventsync::client
