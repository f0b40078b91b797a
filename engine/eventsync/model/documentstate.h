// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/patch.h>
#include <eventsync/model/event.h>

namespace eventsync {

enum class DocumentKind { Json, Crdt };
std::string_view documentKindName(DocumentKind kind); // "json", "crdt"
Result<DocumentKind> documentKindFrom(std::string_view name);

// What applying one event did.
struct AppliedEvent
{
    Diff inverse; // undoes it exactly, for ?at=n, undo and rollback: a local column, never on the wire
    json::Footprint footprint;
    bool changed = false;
};

// A document's state at one position: absent before its create and after its delete. Edited in place; old states come from
// inverse diffs, not from copies. The fold of a log never reads a policy (G4). Owner only.
class DocumentState
{
public:
    DocumentState() = default; // absent
    explicit DocumentState(json::Value value);
    static DocumentState fromJsonState(json::State state);

    bool exists() const { return m_value.has_value(); }
    DocumentKind kind() const { return m_kind; }
    const json::Value &view() const { return *m_value; } // only if exists()
    const json::State &jsonState() const { return m_value; }
    std::size_t canonicalSize() const { return m_size; }

    // create on an existing document or update, delete on an absent one: PatchFailed. Otherwise what json::apply says.
    // On an error nothing has changed. An update or create with an empty patch changes nothing and fits everywhere: it is
    // what stands in the log for an event that merging turned into nothing.
    Result<AppliedEvent> apply(Operation operation, const Diff &diff);
    Result<AppliedEvent> apply(const Event &event) { return apply(event.operation, event.diff); }
    // Takes back what an apply() did, given its inverse. Corrupt if it does not fit.
    Result<> revert(const Diff &inverse);

    std::string canonical() const; // "" when absent
    Digest digest() const;         // of the canonical form

private:
    Result<AppliedEvent> applyCreate(const json::Patch &patch);
    Result<AppliedEvent> applyUpdate(const json::Patch &patch);
    Result<AppliedEvent> applyDelete(const json::Patch &patch);

    json::State m_value;
    DocumentKind m_kind = DocumentKind::Json;
    std::size_t m_size = 0;
};

} // namespace eventsync
