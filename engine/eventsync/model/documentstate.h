// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/patch.h>
#include <eventsync/model/event.h>

#include <functional>
#include <memory>
#include <vector>

namespace eventsync {

class CrdtState;
namespace crdt {
class Api;
class Document;
struct Change;
}

/// What the edits of a document are: JSON Patches, or CRDT patches. It is fixed by the first event.
enum class DocumentKind { Json, Crdt };
std::string_view documentKindName(DocumentKind kind); ///< "json", "crdt"
Result<DocumentKind> documentKindFrom(std::string_view name);

/// The result of applying one event.
struct AppliedEvent
{
    /// The exact inverse, for ?at=n, undo and rollback: a local column, never on the wire. For a CRDT patch it names the ids;
    /// for the delete of a CRDT document it is an empty CRDT patch, because the state keeps the deleted document.
    Diff inverse;
    json::Footprint footprint; ///< of a CRDT patch: empty, because such patches never overlap
    bool changed = false;
};

/// A document's state at one position: absent before its create and after its delete. Its create fixes its kind. It is edited
/// in place; old states are computed from inverse diffs, not from copies. The fold of a log never reads a policy (G4). Owner
/// only; a copy may be of another thread. Large because it answers the same questions about both kinds of documents.
class DocumentState
{
public:
    DocumentState(); ///< absent
    explicit DocumentState(json::Value value);
    static DocumentState fromJsonState(json::State state);
    /// The inverse of toBytes(); empty bytes: absent. Corrupt.
    static Result<DocumentState> fromBytes(DocumentKind kind, std::string_view bytes);
    DocumentState(const DocumentState &other);
    DocumentState &operator=(const DocumentState &other);
    DocumentState(DocumentState &&) noexcept;
    DocumentState &operator=(DocumentState &&) noexcept;
    ~DocumentState();

    bool exists() const { return m_crdt || m_value; }
    DocumentKind kind() const { return m_crdt ? DocumentKind::Crdt : DocumentKind::Json; } ///< absent: Json
    const json::Value &view() const { return *jsonState(); } ///< only if exists()
    const json::State &jsonState() const;                    ///< of a CRDT document: its view
    std::size_t canonicalSize() const;  ///< of a CRDT document: about that of toBytes()
    /// Calls `observer` for every change of an operation on the CRDT document, of any author. Returns true if the document was
    /// made again or replaced since the last call: then the observer must read it again. A copy is not observed. Only if kind()
    /// is Crdt.
    using CrdtObserver = std::function<void(const crdt::Document &, const crdt::Change &)>;
    bool observe(const CrdtObserver &observer);
    std::uint64_t crdtTime(std::uint64_t session) const; ///< the last time that session has used; 0: none
    std::uint64_t crdtIncarnation() const; ///< see CrdtState::incarnation(); 0: there is no CRDT document
    const crdt::Document &crdt() const; ///< only if kind() is Crdt; valid until the state is changed or edited

    /// create on an existing document or update, delete on an absent one, a diff of the other kind: PatchFailed. Otherwise the
    /// errors of json::apply; for CRDT patches (crdtstate.h): InvalidValue, MissingDependency, ClientForked, TooLarge. On an
    /// error nothing has changed. An update or create with an empty patch changes nothing and always applies: merging may have
    /// removed all changes of an event.
    Result<AppliedEvent> apply(Operation operation, const Diff &diff);
    Result<AppliedEvent> apply(const Event &event) { return apply(event.operation, event.diff); }
    /// Reverts an apply(), given its inverse, the last one first. Corrupt if the inverse does not apply.
    Result<> revert(const Diff &inverse);
    /// The last `keep` events that were applied can still be reverted. Older ones may not, for CRDT documents.
    void settle(std::size_t keep);

    /// Makes the diff of an edit of a CRDT document, or, of an absent one, that of its create; the state stays as it is, but
    /// applying the diff next costs nothing. `session`: crdtSessionOf() its author. No changes: an empty diff. The error of the
    /// edit function; Invalid on a document of kind json.
    Result<Diff> edit(std::uint64_t session, const std::function<Result<>(crdt::Api &)> &edit) const;
    /// The same, with the smallest edits that lead to the value `wanted`.
    Result<Diff> editTo(std::uint64_t session, const json::Value &wanted) const;

    /// The same view, and of CRDT documents the same ids behind it and the same times used by each session (G4).
    bool isSameDocument(const DocumentState &other) const;

    std::string canonical() const; ///< of the view; "" when absent
    Digest digest() const;         ///< of the canonical form
    Bytes toBytes() const;         ///< the form in snapshots: canonical JSON, or the CRDT document; empty when absent

private:
    // A deleted CRDT document, so that the delete can be reverted.
    struct Buried
    {
        std::shared_ptr<const CrdtState> state;
        std::size_t at = 0; // the delete's number among the events applied
    };

    Result<AppliedEvent> applyJsonCreate(const json::Patch &patch);
    Result<AppliedEvent> applyJsonUpdate(const json::Patch &patch);
    Result<AppliedEvent> applyCrdt(Operation operation, const Bytes &patch);
    Result<AppliedEvent> applyDelete(const Diff &diff);
    Result<> revertCrdt(const Bytes &inverse);
    Result<> revertJson(const json::Patch &inverse);

    mutable json::State m_value;           // of a CRDT document: its view, as last rendered
    mutable bool m_stale = false;          // ... which must be rendered again
    std::size_t m_size = 0;
    std::unique_ptr<CrdtState> m_crdt;
    std::vector<Buried> m_buried;
    std::size_t m_applied = 0;             // without reverted ones
};

} // namespace eventsync
