// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/crdtrenames_p.h>
#include <eventsync/client/documentchanges_p.h>
#include <eventsync/crdt/undo.h>
#include <eventsync/model/documentstate.h>

#include <map>

namespace eventsync::client {

// What one undo or redo will do. `operation`: an update by `patch` (tests included) or of the `edits` of a CRDT document, a
// create with `state`, or a delete of the document as long as it is still `expected`.
struct UndoStep
{
    std::int64_t order = 0;
    bool redo = false;
    EventId edit;                              // the own edit that it reverts
    Operation operation = Operation::Update;
    json::Patch patch = {};
    std::vector<json::Pointer> absent = {};    // paths that the edit removed: they must still be absent
    json::State state = {};
    DocumentKind kind = DocumentKind::Json;    // of a create
    std::optional<Digest> expected = {};
    std::optional<crdt::UndoEdits> edits = {};
};

// The step that reverts an edit which was just applied and led to `after`: its exact inverse, after a test of every value that
// it wrote. An `inc` is reverted by its negative and needs no test. `before`: the value of a CRDT document that was deleted.
// The create of a CRDT document is not reverted: a user who undoes edits in a text does not want to delete the text, which
// others may have open.
std::optional<UndoStep> inverseStep(const QueueEntry &edit, const AppliedEvent &applied, json::State before, const DocumentState &after);

// The undo and redo steps of one document, oldest first, at most limits::kUndoEntries, each a row. For a CRDT document also the
// new ids of content that an undo brought back. Owner only.
class UndoSteps
{
public:
    UndoSteps(const DocumentId &id, DocumentChanges &changes) : m_id(id), m_changes(changes) {}

    void push(UndoStep step);
    const UndoStep *last(bool redo) const; // the next one that undo() or redo() takes
    void drop(std::int64_t order) { drop(m_steps.find(order)); }
    void clearRedo();
    void dropOf(const EventId &edit);      // an edit that is not applied as written cannot be reverted
    void dropCrdt();                       // the CRDT document is deleted, or another one replaced it
    void clear();
    void setEdit(const EventId &before, const EventId &now); // the edit has a new id
    void rename(const CrdtRenames &renames);

    const std::map<std::int64_t, crdt::RecreatedIds> &recreatedIds() const { return m_recreatedIds; }
    void keepRecreatedIds(crdt::RecreatedIds again);

    void load(UndoStep step);
    void loadRecreatedIds(std::int64_t order, const crdt::RecreatedIds &again) { m_recreatedIds.emplace(order, again); }

private:
    using Steps = std::map<std::int64_t, UndoStep>;
    void drop(Steps::iterator step);
    template<class Which> void dropWhere(Which which);
    void write(const UndoStep &step);

    const DocumentId &m_id;
    DocumentChanges &m_changes;
    Steps m_steps;
    std::map<std::int64_t, crdt::RecreatedIds> m_recreatedIds; // newest first: their places are -1, -2, ...
};

} // namespace eventsync::client
