// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/conflictrecord_p.h>

#include <eventsync/eventlog/limits.h>
#include <eventsync/json/diff.h>

#include <algorithm>

namespace eventsync::client {

using json::OperationKind;

namespace {

// The patch that leads from one view to another.
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

bool isAboutCrdt(const ConflictView &view, const DocumentParts &document)
{
    return document.tree.state().kind() == DocumentKind::Crdt || view.entry.diff.isCrdt()
        || std::ranges::any_of(view.unseen, [](const EventPtr &event) { return event->diff.isCrdt(); });
}

// What others did to a document of kind crdt, as patches of its view. A patch for each of their events would be long, so
// consecutive events of others, without an own event between them, give one patch.
std::vector<json::Value> theirViews(const ConflictView &view, const DocumentParts &document)
{
    std::vector<json::Value> changes;
    std::optional<DocumentState> state = document.history.stateAt(view.entry.baseSeq, document.tree.confirmed());
    if (!state)
        return changes;
    auto next = view.unseen.begin();
    std::optional<json::State> before; // of the current run of others' events
    const auto end = [&] {
        if (before)
            changes.push_back(changeBetween(*before, state->jsonState()));
        before.reset();
    };
    for (const HistoryItem &item : document.history.items()) {
        if (item.event->serverSeq <= view.entry.baseSeq)
            continue;
        const bool isTheirs = next != view.unseen.end() && *next == item.event;
        if (isTheirs)
            ++next;
        if (!isTheirs)
            end();
        else if (!before)
            before = state->jsonState();
        if (!state->apply(*item.event)) // cannot happen: the event was applied before
            return changes;
    }
    end();
    return changes;
}

json::Array theirChanges(const ConflictView &view, const DocumentParts &document, bool *truncated)
{
    std::vector<json::Value> changes;
    if (isAboutCrdt(view, document)) {
        changes = theirViews(view, document);
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

} // namespace

json::Object conflictRecord(const ConflictView &view, const Resolution &resolution, const DocumentParts &document)
{
    bool truncated = false;
    json::Array theirs = theirChanges(view, document, &truncated);
    json::Value base = json::Array();
    json::Value ours;
    if (isAboutCrdt(view, document)) { // patches of ids cannot be read by a user: patches of the view are recorded
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

void truncateConflictRecord(json::Object &record)
{
    for (const char *side : {"base", "ours", "theirs"})
        record[side] = json::Array();
    record["truncated"] = true;
}

} // namespace eventsync::client
