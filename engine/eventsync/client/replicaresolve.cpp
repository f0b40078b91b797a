// SPDX-License-Identifier: Apache-2.0
//
// Decisions on conflicts and dead letters (docs/merging.md, Resolvers).
#include <eventsync/base/limits.h>
#include <eventsync/client/documentreplica.h>

#include <eventsync/base/assert.h>
#include <eventsync/client/rows.h>
#include <eventsync/json/diff.h>

#include <algorithm>

namespace eventsync::client {

using json::OperationKind;

// The confirmed state as it was at `seq`; none if the history does not reach back that far.
std::optional<DocumentState> DocumentReplica::stateAt(ServerSeq seq) const
{
    if (seq < m_historyStart.serverSeq || seq > m_position.serverSeq)
        return std::nullopt;
    DocumentState state = confirmed();
    for (auto it = m_history.rbegin(); it != m_history.rend() && it->event->serverSeq > seq; ++it) {
        if (!state.revert(it->inverse))
            return std::nullopt;
    }
    return state;
}

std::optional<ConflictView> DocumentReplica::conflict(const EventId &id) const
{
    const Entry *entry = find(id);
    if (!entry || entry->edit.state != EntryState::Conflict)
        return std::nullopt;
    ConflictView view{.entry = entry->edit, .policy = policy(), .base = {}, .ours = {}, .theirs = m_optimistic.jsonState(),
                      .unseen = {}};
    view.entry.ready = isReady(*entry);
    view.unseenFrom = entry->edit.baseSeq.next();
    view.unseenTo = m_position.serverSeq;
    DocumentState ours = m_optimistic;
    if (const auto base = stateAt(entry->edit.baseSeq)) {
        view.base = base->jsonState();
        DocumentState edited = *base;
        if (edited.apply(entry->edit.operation, entry->edit.diff))
            ours = std::move(edited);
        else // it was made on top of own edits that the base does not have
            static_cast<void>(ours.apply(entry->edit.operation, entry->edit.diff));
        for (const HistoryItem &item : m_history) {
            const bool others = !item.ownOrder || *item.ownOrder > entry->order;
            if (item.event->serverSeq > entry->edit.baseSeq && others)
                view.unseen.push_back(item.event);
        }
    } else {
        view.baseKnown = false;
        static_cast<void>(ours.apply(entry->edit.operation, entry->edit.diff));
    }
    view.ours = ours.jsonState();
    return view;
}

// ---- plans

// Our values at the paths we wrote; counters and the like are counted again.
json::Patch DocumentReplica::ourValues(const ConflictView &view) const
{
    json::Patch patch;
    std::set<json::Pointer> done;
    DocumentState now = DocumentState::fromJsonState(m_optimistic.jsonState());
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
        // Where the container has gone, the nearest one that is there gets our whole member.
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

// The whole document shows `value`: made again if it is gone.
Result<DocumentReplica::EditPlan> DocumentReplica::wholePlan(const QueueEntry &edit, const json::Value &value)
{
    EditPlan plan;
    if (!m_optimistic.exists()) {
        plan.operation = Operation::Create;
        EVENTSYNC_TRY(plan.diff, createDiff(edit.diff.isCrdt() ? DocumentKind::Crdt : DocumentKind::Json, value));
    } else if (m_optimistic.kind() == DocumentKind::Crdt) {
        EVENTSYNC_TRY(plan, crdtPlanTo(value));
    } else {
        plan.diff = Diff(json::Patch({{.kind = OperationKind::Replace, .path = {}, .from = {}, .value = value}}));
    }
    if (!plan.diff.hasChanges())
        plan.diff = Diff(json::Patch());
    plan.evenIfNothing = true;
    return plan;
}

Result<DocumentReplica::EditPlan> DocumentReplica::oursPlan(const ConflictView &view)
{
    const bool exists = m_optimistic.exists();
    EditPlan plan{.operation = view.entry.operation, .diff = view.entry.diff, .evenIfNothing = true};
    if (plan.operation == Operation::Delete) {
        if (!exists)
            plan.operation = Operation::Update; // gone already: only the decision is logged
        return plan;
    }
    if (!view.ours)
        return failure(ErrorCode::PatchFailed, "our edit has no state of its own any more");
    const bool whole = plan.operation == Operation::Create || view.entry.footprint.isEverything(); // created meanwhile
    if (!exists || whole || view.entry.diff.isCrdt() || m_optimistic.kind() == DocumentKind::Crdt)
        return wholePlan(view.entry, *view.ours);
    plan.diff = Diff(ourValues(view));
    return plan;
}

Result<DocumentReplica::EditPlan> DocumentReplica::mergedPlan(const QueueEntry &edit, const json::State &merged)
{
    EditPlan plan{.diff = Diff(json::Patch()), .evenIfNothing = true};
    if (!merged) {
        if (m_optimistic.exists())
            plan.operation = Operation::Delete;
        return plan;
    }
    json::Value value = policy().withoutEngineFields(*merged);
    if (!m_optimistic.exists() || m_optimistic.kind() == DocumentKind::Crdt)
        return wholePlan(edit, value);
    plan.diff = Diff(json::diff(m_optimistic.view(), value, policy().diffOptions()));
    return plan;
}

// ---- the record in the event: the conflict ledger

namespace {

// What leads from one view to another, as a patch.
json::Value changeBetween(const json::State &before, const json::State &after)
{
    if (before && after)
        return json::diff(*before, *after).toJson();
    json::Patch patch;
    if (after)
        patch.append({.kind = OperationKind::Add, .path = {}, .from = {}, .value = *after});
    else if (before)
        patch.append({.kind = OperationKind::Remove, .path = {}});
    return patch.toJson();
}

} // namespace

bool DocumentReplica::isAboutCrdt(const ConflictView &view) const
{
    return m_optimistic.kind() == DocumentKind::Crdt || view.entry.diff.isCrdt()
        || std::any_of(view.unseen.begin(), view.unseen.end(), [](const EventPtr &event) { return event->diff.isCrdt(); });
}

// What others did to a document of kind crdt, as patches of its view: one for each of their events would be long, so those
// that came without one of ours between them are one.
std::vector<json::Value> DocumentReplica::theirViews(const ConflictView &view) const
{
    std::vector<json::Value> changes;
    std::optional<DocumentState> state = stateAt(view.entry.baseSeq);
    if (!state)
        return changes;
    auto next = view.unseen.begin();
    std::optional<json::State> before; // of the run of theirs that goes on
    const auto end = [&] {
        if (before)
            changes.push_back(changeBetween(*before, state->jsonState()));
        before.reset();
    };
    for (const HistoryItem &item : m_history) {
        if (item.event->serverSeq <= view.entry.baseSeq)
            continue;
        const bool isTheirs = next != view.unseen.end() && *next == item.event;
        if (isTheirs)
            ++next;
        if (!isTheirs)
            end();
        else if (!before)
            before = state->jsonState();
        if (!state->apply(*item.event)) // never: it was applied before
            return changes;
    }
    end();
    return changes;
}

json::Array DocumentReplica::theirChanges(const ConflictView &view, bool *truncated) const
{
    std::vector<json::Value> changes;
    if (isAboutCrdt(view)) {
        changes = theirViews(view);
    } else {
        for (const EventPtr &event : view.unseen) {
            if (event->operation == Operation::Delete)
                changes.push_back(json::Array{json::Object{{"op", "remove"}, {"path", ""}}});
            else
                changes.push_back(event->diff.patch().toJson());
        }
    }
    json::Array theirs;
    std::size_t bytes = 0;
    for (json::Value &change : changes) {
        bytes += json::canonicalSize(change);
        if (bytes > limits::kConflictRecordBytes) {
            *truncated = true;
            break;
        }
        for (json::Value &operation : change.get_array())
            theirs.push_back(std::move(operation));
    }
    return theirs;
}

json::Object DocumentReplica::conflictRecord(const ConflictView &view, const Resolution &resolution) const
{
    bool truncated = false;
    json::Array theirs = theirChanges(view, &truncated);
    json::Value base = json::Array();
    json::Value ours;
    if (isAboutCrdt(view)) { // patches of ids tell people nothing: those of the view
        ours = changeBetween(view.baseKnown ? view.base : view.theirs, view.ours);
        if (view.baseKnown)
            base = changeBetween(view.ours, view.base);
    } else {
        ours = view.entry.diff.patch().toJson();
        DocumentState state = DocumentState::fromJsonState(view.base);
        const auto applied = state.apply(view.entry.operation, view.entry.diff);
        if (view.baseKnown && applied)
            base = applied->inverse.patch().toJson();
    }
    if (json::canonicalSize(ours) + json::canonicalSize(base) > limits::kConflictRecordBytes) {
        ours = json::Array();
        base = json::Array();
        truncated = true;
    }
    json::Object record{{"base", std::move(base)},
                        {"ours", std::move(ours)},
                        {"theirs", std::move(theirs)},
                        {"strategy", json::String(resolution.strategy)},
                        {"decidedBy", json::String(resolution.decidedBy)},
                        {"unseen", json::Array{view.unseenFrom.value(), view.unseenTo.value()}}};
    if (truncated)
        record["truncated"] = true;
    return record;
}

void DocumentReplica::giveUp(const QueueEntry &edit)
{
    for (const EventId &id : {edit.id, edit.first()}) {
        if (m_ids.emplace(id, IdKind::GivenUp).second)
            m_steps.push_back(storage::Batch::Put{"ids", rows::idRow(m_id, id, IdKind::GivenUp)});
    }
}

// ---- the person's and the resolver's word

// A decision is a new event at the tail of the queue, made on the optimistic state; the conflict it replaces leaves.
Result<> DocumentReplica::resolve(const EventId &id, const Resolution &resolution, Changes &out)
{
    const auto view = conflict(id);
    if (!view)
        return failure(ErrorCode::NotFound, "there is no such conflict");
    if (!view->entry.ready)
        return failure(ErrorCode::Unavailable, "the events that it conflicts with are not here yet");
    EditPlan plan;
    std::optional<OnOverlap> onOverlap;
    switch (resolution.decision) {
    case Decision::Ask:
        return failure(ErrorCode::Invalid, "to ask is no decision");
    case Decision::Ours: {
        EVENTSYNC_TRY(plan, oursPlan(*view));
        onOverlap = OnOverlap::Ours;
        break;
    }
    case Decision::Theirs:
        plan = {.diff = Diff(json::Patch()), .evenIfNothing = true};
        onOverlap = OnOverlap::Theirs;
        break;
    case Decision::Merged: {
        json::State merged = resolution.merged;
        if (merged) {
            EVENTSYNC_CHECK(json::normalize(*merged));
        }
        EVENTSYNC_TRY(plan, mergedPlan(view->entry, merged));
        onOverlap = OnOverlap::Ours;
        break;
    }
    }
    plan.metadata = view->entry.metadata;
    plan.metadata["replaces"] =
        json::Array{json::String(view->entry.first().toText()), json::String(view->entry.id.toText())};
    plan.metadata["conflict"] = conflictRecord(*view, resolution);
    plan.replaces = &view->entry;
    if (view->entry.tries + 1 >= m_context.options.rebaseTries)
        plan.onOverlap = onOverlap;
    auto made = enqueue(plan, out);
    if (!made && made.error().code == ErrorCode::TooLarge) { // the three sides have no room beside the edit
        json::Object &record = plan.metadata["conflict"].as_object();
        for (const char *side : {"base", "ours", "theirs"})
            record[side] = json::Array();
        record["truncated"] = true;
        made = enqueue(std::move(plan), out);
    }
    EVENTSYNC_CHECK(made);
    giveUp(view->entry);
    Entry *entry = find(id);
    take(*entry);
    return {};
}

Result<> DocumentReplica::discard(const EventId &id, Changes &)
{
    Entry *entry = find(id);
    if (!entry)
        return failure(ErrorCode::NotFound, "there is no such entry");
    if (entry->edit.isPending())
        return failure(ErrorCode::Conflict, "the edit is on its way; undo it instead");
    giveUp(entry->edit);
    take(*entry);
    return {};
}

// A refused edit is tried again as a new one, on the state as it is now.
Result<> DocumentReplica::retry(const EventId &id, Changes &out)
{
    const Entry *entry = find(id);
    if (!entry)
        return failure(ErrorCode::NotFound, "there is no such entry");
    if (entry->edit.state != EntryState::DeadLetter)
        return failure(ErrorCode::Conflict, "only a refused edit is tried again");
    const QueueEntry edit = entry->edit;
    EditPlan plan{.operation = edit.operation, .diff = rebasedDiff(edit), .metadata = edit.metadata, .evenIfNothing = true};
    plan.metadata["retries"] = json::String(edit.id.toText());
    plan.metadata.erase("replaces"); // it is a new edit
    EVENTSYNC_CHECK(enqueue(std::move(plan), out));
    giveUp(edit);
    take(*find(id));
    return {};
}

} // namespace eventsync::client
