// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/documentpull_p.h>

namespace eventsync::client {

// An edit or a decision that is to be made.
struct EditPlan
{
    Operation operation = Operation::Update;
    Diff diff = {};
    json::Object metadata = {};
    const QueueEntry *replaces = nullptr;      // the entry that a decision replaces: keeps the first id, counts its tries
    std::optional<OnOverlap> onOverlap = {};
    bool evenIfNothing = false;                // a decision is logged even if it changes nothing
    std::optional<bool> undoIsRedo = {};       // of an undo (true) or a redo (false): decides which stack gets its inverse
    std::optional<crdt::UndoEdits> takesBack = {}; // of an update of a CRDT document
};

// Local edits, undo and redo: each is validated, applied to the optimistic tree and queued, or fails and changes nothing. Owner
// only.
class LocalEdits
{
public:
    LocalEdits(DocumentParts &document, DocumentPull &pull) : m_doc(document), m_pull(pull) {}

    struct Made
    {
        std::optional<EventId> id;             // none: the edit changes nothing
        Diff diff;
    };
    Result<Made> create(DocumentKind kind, const CollectionName &collection, json::Value state, json::Object metadata);
    Result<Made> update(json::Patch given, json::Object metadata);
    Result<Made> update(const std::function<Result<>(json::Value &)> &edit, json::Object metadata);
    Result<Made> updateCrdt(const ClientCore::CrdtEdit &edit, json::Object metadata);
    Result<Made> remove(json::Object metadata);
    Result<Made> undo(bool redo);              // docs/merging.md, Undo

    Result<Made> enqueue(EditPlan plan);
    // The diff of a create, and the plan that gives an existing CRDT document a value.
    Result<Diff> createDiff(DocumentKind kind, json::Value state) const;
    Result<EditPlan> crdtPlanTo(const json::Value &wanted);

private:
    const DocumentState &state() const { return m_doc.tree.state(); }
    Result<> admit(const EditPlan &plan) const;
    Result<> checkSize(const Event &largest, Entry &entry) const;
    Result<EditPlan> crdtPlan(const ClientCore::CrdtEdit &edit);
    Result<EditPlan> planOf(const UndoStep &step) const;
    Result<Made> undoCrdt(const UndoStep &step, EditPlan plan);

    DocumentParts &m_doc;
    DocumentPull &m_pull;                      // an edit is a reason to subscribe again after a refusal
};

} // namespace eventsync::client
