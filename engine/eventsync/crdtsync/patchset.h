// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/random.h>
#include <eventsync/crdtsync/patchid.h>

#include <functional>
#include <optional>
#include <vector>

namespace eventsync::crdtsync {

/// The ids and hashes of a set of patches in the order of their ids, with the Fingerprint of any range in logarithmic time: two
/// nodes compare these to find their differences (setcompare.h). Gaps are allowed.
///
/// A prefix 1 .. n of a replica that came with a snapshot may be one block, of which only the sum is known. A treap with random
/// priorities, so that no choice of patches makes the tree deep. Owner only.
class PatchSet
{
public:
    explicit PatchSet(Random &random) : m_random(&random) {}

    enum class Insert { New, Known, Other }; ///< Other: there is such an id with another digest
    Insert insert(const PatchId &id, const PatchDigest &digest);
    /// Only if no patch of the block is in the set.
    void insertBlock(const PatchRange &range, const PatchDigest &sum);
    void clear();

    std::int64_t size() const { return m_root < 0 ? 0 : at(m_root).sum.count; }
    bool contains(const PatchId &id) const;

    struct Sum
    {
        PatchDigest digest;
        std::int64_t count = 0;
        Fingerprint fingerprint() const { return Fingerprint::of(digest, count); }
    };
    /// Of the patches in [from, until). Blocks must not be cut: see blockAt().
    Sum sum(const PatchId &from, const PatchId &until) const;
    Sum sum() const { return m_root < 0 ? Sum() : at(m_root).sum; }
    Fingerprint fingerprint() const { return sum().fingerprint(); }

    /// The block that contains this id, also if the id is its first one, which would not cut it.
    std::optional<PatchRange> blockAt(const PatchId &id) const;
    /// The first patch at or after `from` with `skip` patches of the set between them; inside a block: the block's first.
    std::optional<PatchId> select(const PatchId &from, std::int64_t skip) const;
    /// Calls visit(run) for the longest runs of consecutive numbers in [from, until), in order, until it returns false. A run
    /// of any length takes logarithmic time.
    void forEachRun(const PatchId &from, const PatchId &until, const std::function<bool(const PatchRange &)> &visit) const;

private:
    using Index = std::int32_t;
    struct Node
    {
        PatchId first;
        PatchNumber last; // beyond first: a block
        PatchDigest digest;
        Sum sum;          // of the subtree, as are the next two
        PatchId lowest, highest;
        std::uint64_t priority = 0;
        Index left = -1, right = -1;
    };
    const Node &at(Index index) const { return m_nodes[static_cast<std::size_t>(index)]; }
    Node &at(Index index) { return m_nodes[static_cast<std::size_t>(index)]; }
    Index floor(const PatchId &id) const; // the last node whose first is at or before id
    void add(const PatchRange &range, const PatchDigest &digest);
    Index insertBelow(Index tree, Index node);
    void split(Index tree, const PatchId &at, Index &left, Index &right);
    void update(Index index);
    std::int64_t rank(const PatchId &id) const; // patches before id
    void collect(Index tree, const PatchId &from, const PatchId &until, Sum &sum) const;
    struct RunVisit;
    bool visitRuns(Index tree, RunVisit &visit) const;

    Random *m_random;
    std::vector<Node> m_nodes;
    Index m_root = -1;
};

/// Before and after every id.
constexpr PatchId kFirstPatch{ReplicaId(0), PatchNumber(0)};
constexpr PatchId kPastPatches{ReplicaId(INT64_MAX), PatchNumber(0)};

} // namespace eventsync::crdtsync
