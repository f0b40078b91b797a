// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/document.h>
#include <eventsync/crdtsync/messages.h>

#include <deque>
#include <set>

namespace eventsync::crdtsync {

/// One node's copy of a document, with the patches that are in it (vector, set) and those that arrived early and wait. Every
/// replica's patches are applied in the order of their numbers, each as soon as its dependencies are in the document; so equal
/// vectors mean equal documents, except for copied replicas, which the hashes detect.
///
/// Own patches are pending until they are durable: in the document, but neither in vector() nor in set(), so that no message
/// mentions them. After a crash their numbers are used for other patches.
///
/// Invariant: the document holds exactly the patches of vector(), the pending ones, and edits that are no patch yet. No I/O.
/// Owner only.
class Replica
{
public:
    Replica(crdt::Document &document, Random &random) : m_document(&document), m_set(random), m_random(&random) {}

    ReplicaId id() const { return ReplicaId(static_cast<std::int64_t>(m_document->sid())); }
    const crdt::Document &document() const { return *m_document; }
    const VersionVector &vector() const { return m_vector; }
    const PatchSet &set() const { return m_set; }
    /// The patches that arrived in snapshots only, and are not known one by one.
    const VersionVector &floor() const { return m_floor; }

    /// Numbers a patch of this node's session, which the document may hold already. Invalid: it is another session's or empty;
    /// or an error of Document::apply.
    Result<PatchId> addLocal(const crdt::Patch &patch);
    /// The patch is durable now. False if it is not pending.
    bool confirmLocal(const PatchId &id);
    std::size_t pendingCount() const { return m_pending.size(); }

    struct Received
    {
        std::vector<NumberedPatch> applied; ///< in the order of applying
        std::vector<PatchId> forked;        ///< patches that conflict with another patch under the same id, which is kept
        std::vector<std::pair<PatchId, Error>> refused;
        std::size_t dropped = 0;            ///< no room to keep them waiting
    };
    Received receive(std::vector<NumberedPatch> patches);
    std::size_t waitingCount() const { return m_waiting.size(); }
    /// `ranges` without the patches that wait here already.
    std::vector<PatchRange> withoutWaiting(const std::vector<PatchRange> &ranges) const;

    /// TooLarge if it does not fit a message.
    Result<SnapshotMessage> snapshot() const;
    /// Replaces the document by the snapshot's, and applies those of `more` that it lacks. Unavailable: patches in it are only
    /// sums here and not in the snapshot; Conflict: `more` does not hold everything else; ClientForked; or an error of the
    /// bytes. An error changes nothing. The document's observer is removed. Returns which of `more` were applied.
    Result<std::vector<NumberedPatch>> adopt(const SnapshotMessage &snapshot, std::vector<NumberedPatch> more);

private:
    enum class Step { Applied, Blocked, Nothing };
    Step applyNext(ReplicaId replica, Received &result);
    void applyWaiting(std::set<ReplicaId> ready, Received &result);
    void makeRoom(Received &result);
    void keep(NumberedPatch patch, Received &result);
    void drop(std::map<PatchId, crdt::Patch>::iterator waiting);
    void record(const NumberedPatch &patch);

    crdt::Document *m_document;
    std::deque<NumberedPatch> m_pending;
    VersionVector m_vector;
    VersionVector m_floor;
    PatchSet m_set;
    Random *m_random;
    std::map<PatchId, crdt::Patch> m_waiting;
    std::size_t m_waitingBytes = 0;
    std::set<ReplicaId> m_blocked; // the next patch is here and refers to something that is not
};

} // namespace eventsync::crdtsync
