// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/bytes.h>
#include <eventsync/base/ids.h>
#include <eventsync/crdt/snapshot.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace eventsync {

namespace crdt {
class Api;
}

/// The session under which a client, or a code author, writes into CRDT documents. It follows from its id, so the server can
/// check it without a table, and a replica that takes a new client id has a new session with it.
std::uint64_t crdtSessionOf(const ClientId &client);

/// The data of a document of kind crdt: a base, the patches since then, and the document that results.
///
/// The document may contain more patches than are wanted. Patches commute, so a reverted patch stays in the document until the
/// document is read, and applying it again costs nothing: a client that reverts its pending patches, applies those of others
/// and applies its own again has the cost of the others only. If a document with unwanted patches is read, it is made again
/// from the base.
///
/// Whether a patch is accepted depends on the patches accepted before it and on nothing else, in particular not on encoding or
/// rebuilding meanwhile (G4):
/// - its time is after that of every earlier patch of its session;
/// - the ids that it refers to are at or before the last time of their session;
/// - it places only nodes that it has created itself, each once, so that a view cannot grow without bound (G16);
/// - it creates at most limits::kCrdtUnplaced nodes that it does not place: they would use memory that no snapshot shows;
/// - the spans it deletes are together no longer than a document can be, so that deleting elements again is bounded (G16).
/// Owner only; copies share only immutable data.
class CrdtState
{
public:
    /// A patch that makes a document with this view. Its times begin at a random number: ids of a document that had the name
    /// before, which is deleted now, should not be found in it.
    static Result<Bytes> create(std::uint64_t session, const json::Value &view, std::uint64_t random);

    CrdtState(); ///< the empty document
    static Result<CrdtState> decode(std::string_view snapshot); ///< Corrupt
    Bytes encode() const;
    CrdtState(const CrdtState &other);
    CrdtState &operator=(const CrdtState &other);
    CrdtState(CrdtState &&) noexcept = default;
    CrdtState &operator=(CrdtState &&) noexcept = default;
    ~CrdtState() = default;

    /// Returns the inverse: a patch that does nothing, with the same ids. InvalidValue, MissingDependency, TooLarge, and
    /// ClientForked for ids that its session may have used before. On an error nothing has changed.
    Result<Bytes> apply(const Bytes &patch);
    Result<> revert(const Bytes &inverse); ///< the inverse of the last patch that is not reverted; Corrupt otherwise
    /// Calls an edit function on the current document and returns its patch, without applying it. Empty if it changed nothing.
    Result<Bytes> edit(std::uint64_t session, const std::function<Result<>(crdt::Api &)> &edit) const;
    /// The last `keep` patches can still be reverted, those before need not.
    void settle(std::size_t keep);

    bool isJustCreated() const { return !m_base && m_patches.size() == 1; }
    const crdt::Document &document() const;
    /// See DocumentState. An observed state must not be moved; a copy is not observed.
    bool observe(const std::function<void(const crdt::Document &, const crdt::Change &)> &observer);
    const crdt::SessionTimes &sessions() const { return m_sessions; }
    /// The incarnation of the document, which follows from the patch that created it. Documents under one id have different
    /// ones.
    std::uint64_t incarnation() const;
    static std::uint64_t incarnationOf(const Bytes &patch);
    std::size_t size() const { return m_baseSize + m_patchBytes; } ///< about that of encode()

private:
    struct Entry
    {
        std::shared_ptr<const crdt::Patch> patch;
        std::uint64_t lastBefore = 0; // of its session; 0: none
        std::uint64_t timeBefore = 0; // of the document
    };

    Result<> check(const crdt::PatchView &patch) const;
    Result<crdt::Document> makeDocument(std::size_t patches) const;
    void keepUnwanted(std::shared_ptr<const crdt::Patch> patch) const;
    void drop() const; // the document is made again when it is needed
    std::uint64_t lastOf(std::uint64_t sid) const;

    std::shared_ptr<const Bytes> m_base; // null: the empty document
    std::size_t m_baseSize = 0;
    std::uint64_t m_baseIncarnation = 0;
    std::vector<Entry> m_patches;
    std::size_t m_patchBytes = 0;
    crdt::SessionTimes m_sessions;
    std::uint64_t m_time = 0;            // the last one of all sessions

    mutable std::optional<crdt::Document> m_document;
    mutable bool m_isObserved = false; // m_document is
    mutable std::vector<std::shared_ptr<const crdt::Patch>> m_unwanted; // in the document
    mutable std::size_t m_unwantedBytes = 0;
};

} // namespace eventsync
