// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/document.h>

#include <deque>
#include <functional>

namespace eventsync::crdt {

class Api;

/// A node and all nodes below it, without ids, for creating it again.
struct NodeCopy
{
    NodeKind kind = NodeKind::Con;
    Constant constant;                                      ///< con
    std::string content;                                    ///< str (UTF-8), bin
    std::vector<std::string> keys;                          ///< obj: of the children
    std::vector<NodeCopy> children;                         ///< val, obj, vec (holes as undefined), arr
};
NodeCopy copyOf(const Document &document, NodeIndex node); ///< null below 2 * limits::kDepth levels, or if its view is null

/// The inverse data of one edit. Undone by deleting these ids.
struct UndoInserted
{
    Id node;
    IdSpan ids;
};
/// Undone by inserting copies after `after`.
struct UndoRemoved
{
    Id node;
    Id after; ///< the element's own id if the element exists, deleted or not
    IdSpan ids;
    std::string content;
    std::vector<NodeCopy> elements;
};
/// A register: undone by a copy of the old value, if `ours` is still its value.
struct UndoReplaced
{
    Id node;        ///< val (kOrigin: the root), obj, vec, arr
    std::string key;
    std::uint32_t index = 0;
    Id slot;        ///< arr: the element
    Id ours;
    Id oldId;       ///< kOrigin: there was none
    NodeCopy old;
};
using UndoEdit = std::variant<UndoInserted, UndoRemoved, UndoReplaced>;
using UndoEdits = std::vector<UndoEdit>;
/// Ids whose content an undo has created again, with the first new id `now`.
struct RecreatedIds
{
    IdSpan old;
    Id now;
    bool operator==(const RecreatedIds &) const = default;
};

/// The form in which edits are stored. InvalidValue for values that were not written by toJson().
json::Value toJson(const UndoEdits &step);
json::Value toJson(const RecreatedIds &again);
Result<UndoEdits> undoStepFrom(const json::Value &value);
Result<RecreatedIds> recreatedIdsFrom(const json::Value &value);
/// The same edits with renamed ids.
void rename(UndoEdits &step, const std::function<Id(Id)> &rename);

/// Undo and redo of the edits made through one Api, never of others'. An undo is an ordinary edit: it deletes what the edit had
/// inserted, inserts again what it had deleted (as new text at the old place), and restores a value only if the edit's value is
/// still there. A step has the edits of one flush(); at most limits::kUndoEntries are kept. Owner only.
class UndoStack
{
public:
    explicit UndoStack(Api &api) : m_api(api) {}

    bool canUndo() const { return !m_open.empty() || !m_undo.empty(); }
    bool canRedo() const { return !m_redo.empty(); }
    /// Edits the document; flush() the Api afterwards. False if there was nothing to undo.
    bool undo();
    bool redo();
    void seal(); ///< the edits so far are a step
    void clear();

    /// For callers that store the steps themselves: takes the newest step from the stack, and gives back steps and recreated
    /// ids.
    std::optional<UndoEdits> takeUndo();
    std::optional<UndoEdits> takeRedo();
    void giveUndo(UndoEdits step) { push(m_undo, std::move(step)); }
    const std::deque<RecreatedIds> &recreatedIds() const { return m_again; }
    void giveRecreatedIds(RecreatedIds again) { m_again.push_back(std::move(again)); }

private:
    friend class Api;
    using Inserted = UndoInserted;
    using Removed = UndoRemoved;
    using Replaced = UndoReplaced;
    using Edit = UndoEdit;
    using Step = UndoEdits;

    void record(Edit edit);
    void revert(const Step &step);
    void revert(const Inserted &edit);
    void revert(const Removed &edit);
    void revert(const Replaced &edit);
    std::vector<IdSpan> current(const IdSpan &span) const; // the span and the ids that replace it
    Id current(Id id) const;
    void push(std::deque<Step> &to, Step step);

    Api &m_api;
    Step m_open;
    std::deque<Step> m_undo;
    std::deque<Step> m_redo;
    enum class Mode { Edit, Undo, Redo } m_mode = Mode::Edit;
    std::deque<RecreatedIds> m_again;
};

} // namespace eventsync::crdt
