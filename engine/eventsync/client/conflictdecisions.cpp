// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/conflictdecisions_p.h>

#include <eventsync/client/conflictrecord_p.h>
#include <eventsync/client/rows_p.h>
#include <eventsync/json/diff.h>

namespace eventsync::client {

using json::OperationKind;

std::optional<ConflictView> ConflictDecisions::view(const EventId &id) const
{
    const Entry *entry = m_doc.queue.find(id);
    if (!entry || entry->state() != EntryState::Conflict)
        return std::nullopt;
    const ConfirmedHistory &history = m_doc.history;
    ConflictView view{.entry = entry->content(history.serverSeq()), .policy = m_doc.rules.policy(), .base = {}, .ours = {},
                      .theirs = m_doc.tree.state().jsonState(), .unseen = {}};
    const QueueEntry &edit = view.entry;
    view.unseenFrom = edit.baseSeq.next();
    view.unseenTo = history.serverSeq();
    std::optional<DocumentState> ours = history.stateAt(edit.baseSeq, m_doc.tree.confirmed());
    view.baseKnown = ours.has_value();
    if (ours) {
        view.base = ours->jsonState();
        for (const HistoryItem &item : history.items()) {
            if (item.isUnseenBy(edit.baseSeq, entry->order))
                view.unseen.push_back(item.event);
        }
    }
    if (!ours || !ours->apply(edit.operation, edit.diff)) {
        ours = m_doc.tree.state(); // the edit was made on top of own edits that are not in the base
        static_cast<void>(ours->apply(edit.operation, edit.diff));
    }
    view.ours = ours->jsonState();
    return view;
}

// ---- plans

// The own values at the paths that the own edit wrote; counters are incremented again.
json::Patch ConflictDecisions::ourValues(const ConflictView &view) const
{
    json::Patch patch;
    std::set<json::Pointer> done;
    DocumentState now = DocumentState::fromJsonState(m_doc.tree.state().jsonState());
    auto step = [&](json::PatchOperation operation) {
        const json::Patch one({operation});
        if (now.apply(Operation::Update, Diff(one)))
            patch.append(std::move(operation));
    };
    for (const json::FootprintEntry &entry : view.entry.footprint.entries()) {
        if (entry.kind != json::FootprintEntry::Kind::Write || entry.path.isRoot())
            continue;
        json::Pointer path = entry.path;
        const json::Value *ours = json::find(*view.ours, path);
        // If the container does not exist any more, the whole own member is written into the nearest one that exists.
        while (ours && path.tokens().size() > 1 && !json::find(now.view(), path.parent())) {
            path = path.parent();
            ours = json::find(*view.ours, path);
        }
        if (!done.insert(path).second)
            continue;
        const json::Value *theirs = json::find(now.view(), path);
        if (ours && (!theirs || !json::equal(*ours, *theirs)))
            step({.kind = theirs ? OperationKind::Replace : OperationKind::Add, .path = path, .from = {}, .value = *ours});
        else if (!ours && theirs)
            step({.kind = OperationKind::Remove, .path = path});
    }
    for (const json::PatchOperation &operation : view.entry.diff.patch().operations()) {
        if ((operation.kind == OperationKind::Inc || operation.kind == OperationKind::Max) && !done.contains(operation.path))
            step(operation);
    }
    return patch;
}

// The document gets the value `value`; it is created again if it does not exist.
Result<EditPlan> ConflictDecisions::wholePlan(const QueueEntry &edit, const json::Value &value)
{
    EditPlan plan;
    const DocumentState &state = m_doc.tree.state();
    if (!state.exists()) {
        plan.operation = Operation::Create;
        EVENTSYNC_TRY(plan.diff, m_edits.createDiff(edit.diff.isCrdt() ? DocumentKind::Crdt : DocumentKind::Json, value));
    } else if (state.kind() == DocumentKind::Crdt) {
        EVENTSYNC_TRY(plan, m_edits.crdtPlanTo(value));
    } else {
        plan.diff = Diff(json::Patch({{.kind = OperationKind::Replace, .path = {}, .from = {}, .value = value}}));
    }
    if (!plan.diff.hasChanges())
        plan.diff = Diff(json::Patch());
    return plan;
}

Result<EditPlan> ConflictDecisions::oursPlan(const ConflictView &view)
{
    const DocumentState &state = m_doc.tree.state();
    EditPlan plan{.operation = view.entry.operation, .diff = view.entry.diff};
    if (plan.operation == Operation::Delete) {
        if (!state.exists())
            plan.operation = Operation::Update; // it does not exist any more: only the decision is logged
        return plan;
    }
    if (!view.ours)
        return failure(ErrorCode::PatchFailed, "our edit has no state of its own any more");
    const bool whole = plan.operation == Operation::Create || view.entry.footprint.isEverything(); // it was created meanwhile
    if (!state.exists() || whole || view.entry.diff.isCrdt() || state.kind() == DocumentKind::Crdt)
        return wholePlan(view.entry, *view.ours);
    plan.diff = Diff(ourValues(view));
    return plan;
}

Result<EditPlan> ConflictDecisions::mergedPlan(const QueueEntry &edit, json::State merged)
{
    const DocumentState &state = m_doc.tree.state();
    EditPlan plan{.diff = Diff(json::Patch())};
    if (!merged) {
        if (state.exists())
            plan.operation = Operation::Delete;
        return plan;
    }
    EVENTSYNC_CHECK(json::normalize(*merged));
    const CollectionPolicy &policy = m_doc.rules.policy();
    json::Value value = policy.withoutEngineFields(std::move(*merged));
    if (!state.exists() || state.kind() == DocumentKind::Crdt)
        return wholePlan(edit, value);
    plan.diff = Diff(json::diff(state.view(), value, policy.diffOptions()));
    return plan;
}

Result<EditPlan> ConflictDecisions::planOf(const ConflictView &view, const Resolution &resolution)
{
    EditPlan plan{.diff = Diff(json::Patch())};
    switch (resolution.decision) {
    case Decision::Ask:
        return failure(ErrorCode::Invalid, "to ask is no decision");
    case Decision::Ours: {
        EVENTSYNC_TRY(plan, oursPlan(view));
        break;
    }
    case Decision::Theirs:
        break;
    case Decision::Merged: {
        EVENTSYNC_TRY(plan, mergedPlan(view.entry, resolution.merged));
        break;
    }
    }
    plan.evenIfNothing = true;
    plan.metadata = view.entry.metadata;
    plan.metadata["replaces"] = json::Array{json::String(view.entry.first().toText()), json::String(view.entry.id.toText())};
    plan.replaces = &view.entry;
    if (view.entry.tries + 1 >= m_doc.context.options.rebaseTries)
        plan.onOverlap = resolution.decision == Decision::Theirs ? OnOverlap::Theirs : OnOverlap::Ours;
    return plan;
}

// ---- decisions of a user or a resolver

Result<> ConflictDecisions::resolve(const EventId &id, const Resolution &resolution)
{
    const auto conflict = view(id);
    if (!conflict)
        return failure(ErrorCode::NotFound, "there is no such conflict");
    if (!conflict->entry.ready)
        return failure(ErrorCode::Unavailable, "the events that it conflicts with are not here yet");
    EVENTSYNC_TRY(EditPlan plan, planOf(*conflict, resolution));
    plan.metadata["conflict"] = conflictRecord(*conflict, resolution, m_doc);
    auto made = m_edits.enqueue(plan);
    if (!made && made.error().code == ErrorCode::TooLarge) {
        truncateConflictRecord(plan.metadata["conflict"].as_object());
        made = m_edits.enqueue(std::move(plan));
    }
    EVENTSYNC_CHECK(made);
    giveUp(id);
    return {};
}

void ConflictDecisions::giveUp(const EventId &id)
{
    const Entry gone = m_fates.remove(*m_doc.queue.find(id));
    m_doc.acknowledged.giveUp(gone.edit);
}

Result<> ConflictDecisions::discard(const EventId &id)
{
    const Entry *entry = m_doc.queue.find(id);
    if (!entry)
        return failure(ErrorCode::NotFound, "there is no such entry");
    if (entry->isPending())
        return failure(ErrorCode::Conflict, "the edit is on its way; undo it instead");
    giveUp(id);
    return {};
}

Result<> ConflictDecisions::retry(const EventId &id)
{
    const Entry *entry = m_doc.queue.find(id);
    if (!entry)
        return failure(ErrorCode::NotFound, "there is no such entry");
    if (entry->state() != EntryState::DeadLetter)
        return failure(ErrorCode::Conflict, "only a refused edit is tried again");
    if (rows::isDamaged(entry->edit))
        return failure(ErrorCode::Corrupt, "the edit was damaged on the disk: its content is not known any more");
    EditPlan plan{.operation = entry->edit.operation, .diff = m_rewriter.rebasedDiff(entry->edit), .metadata = entry->edit.metadata,
                  .evenIfNothing = true};
    plan.metadata["retries"] = json::String(id.toText());
    plan.metadata.erase("replaces"); // it is a new edit
    EVENTSYNC_CHECK(m_edits.enqueue(std::move(plan)));
    giveUp(id);
    return {};
}

} // namespace eventsync::client
