// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/undosteps_p.h>

#include <eventsync/client/rows_p.h>
#include <eventsync/crdt/limits.h>

#include <algorithm>

namespace eventsync::client {

std::optional<UndoStep> inverseStep(const QueueEntry &edit, const AppliedEvent &applied, json::State before, const DocumentState &after)
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
        step.expected = after.digest();
        return step;
    case Operation::Delete:
        step.operation = Operation::Create;
        step.state = applied.inverse.patch().operations().front().value;
        return step;
    case Operation::Update:
        break;
    }
    if (edit.footprint.isEverything()) {
        step.expected = after.digest();
        step.patch = applied.inverse.patch();
        return step;
    }
    std::vector<json::PatchOperation> operations;
    for (const json::FootprintEntry &entry : edit.footprint.entries()) {
        if (entry.kind == json::FootprintEntry::Kind::Read || entry.kind == json::FootprintEntry::Kind::Inc)
            continue;
        if (const json::Value *value = json::find(after.view(), entry.path))
            operations.push_back({.kind = json::OperationKind::Test, .path = entry.path, .from = {}, .value = *value});
        else
            step.absent.push_back(entry.path);
    }
    const auto &inverse = applied.inverse.patch().operations();
    operations.insert(operations.end(), inverse.begin(), inverse.end());
    step.patch = json::Patch(std::move(operations));
    return step;
}

void UndoSteps::write(const UndoStep &step)
{
    m_changes.put("undo", rows::undoRow(m_id, step));
}

void UndoSteps::load(UndoStep step)
{
    const std::int64_t order = step.order;
    m_steps.emplace(order, std::move(step));
}

void UndoSteps::push(UndoStep step)
{
    step.order = m_steps.empty() ? 1 : m_steps.rbegin()->first + 1;
    write(step);
    load(std::move(step));
    if (m_steps.size() > limits::kUndoEntries)
        drop(m_steps.begin());
}

const UndoStep *UndoSteps::last(bool redo) const
{
    const auto found = std::find_if(m_steps.rbegin(), m_steps.rend(), [&](const auto &step) { return step.second.redo == redo; });
    return found == m_steps.rend() ? nullptr : &found->second;
}

void UndoSteps::drop(Steps::iterator step)
{
    m_changes.erase("undo", {m_id.text(), step->first});
    m_steps.erase(step);
}

template<class Which> void UndoSteps::dropWhere(Which which)
{
    for (auto it = m_steps.begin(); it != m_steps.end();) {
        const auto step = it++;
        if (which(step->second))
            drop(step);
    }
}

void UndoSteps::clearRedo()
{
    dropWhere([](const UndoStep &step) { return step.redo; });
}

void UndoSteps::dropOf(const EventId &edit)
{
    dropWhere([&](const UndoStep &step) { return step.edit == edit; });
}

void UndoSteps::dropCrdt()
{
    dropWhere([](const UndoStep &step) { return step.edits.has_value(); });
    for (const auto &[order, again] : m_recreatedIds)
        m_changes.erase("undo", {m_id.text(), order});
    m_recreatedIds.clear();
}

void UndoSteps::clear()
{
    m_steps.clear();
    m_recreatedIds.clear();
    m_changes.eraseAll("undo");
}

void UndoSteps::setEdit(const EventId &before, const EventId &now)
{
    for (auto &[order, step] : m_steps) {
        if (step.edit == before) {
            step.edit = now;
            write(step);
        }
    }
}

// If only a part of a span was renamed, which is rare, its step does nothing.
void UndoSteps::rename(const CrdtRenames &renames)
{
    for (auto &[order, step] : m_steps) {
        if (step.edits) {
            crdt::rename(*step.edits, [&](crdt::Id id) { return renames(id); });
            write(step);
        }
    }
    for (auto &[order, again] : m_recreatedIds) {
        const crdt::Id old = renames(again.old.first());
        again = {{old.sid, old.time, again.old.length}, renames(again.now)};
        m_changes.put("undo", rows::recreatedIdsRow(m_id, order, again));
    }
}

void UndoSteps::keepRecreatedIds(crdt::RecreatedIds again)
{
    const std::int64_t order = m_recreatedIds.empty() ? -1 : m_recreatedIds.begin()->first - 1;
    m_changes.put("undo", rows::recreatedIdsRow(m_id, order, again));
    m_recreatedIds.emplace(order, std::move(again));
    if (m_recreatedIds.size() > limits::kUndoEntries) {
        const auto oldest = std::prev(m_recreatedIds.end());
        m_changes.erase("undo", {m_id.text(), oldest->first});
        m_recreatedIds.erase(oldest);
    }
}

} // namespace eventsync::client
