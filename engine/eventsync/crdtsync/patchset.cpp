// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdtsync/patchset.h>

#include <eventsync/base/assert.h>

namespace eventsync::crdtsync {

void PatchSet::clear()
{
    m_nodes.clear();
    m_root = -1;
}

PatchSet::Insert PatchSet::insert(const PatchId &id, const PatchDigest &digest)
{
    const Index before = floor(id);
    if (before >= 0 && at(before).first.replica == id.replica && id.number <= at(before).last) {
        const Node &there = at(before);
        const bool single = there.last == there.first.number;
        return !single || there.digest == digest ? Insert::Known : Insert::Other;
    }
    add({id.replica, id.number, id.number}, digest);
    return Insert::New;
}

void PatchSet::insertBlock(const PatchRange &range, const PatchDigest &sum)
{
    EVENTSYNC_ASSERT(range.first <= range.last);
    add(range, sum);
}

void PatchSet::add(const PatchRange &range, const PatchDigest &digest)
{
    Node node;
    node.first = {range.replica, range.first};
    node.last = range.last;
    node.digest = digest;
    node.priority = m_random->next();
    m_nodes.push_back(node);
    const Index index = static_cast<Index>(m_nodes.size()) - 1;
    update(index);
    m_root = insertBelow(m_root, index);
}

PatchSet::Index PatchSet::insertBelow(Index tree, Index node)
{
    if (tree < 0)
        return node;
    if (at(node).priority > at(tree).priority) {
        Index left = -1, right = -1;
        split(tree, at(node).first, left, right);
        at(node).left = left;
        at(node).right = right;
        update(node);
        return node;
    }
    if (at(node).first < at(tree).first) {
        const Index child = insertBelow(at(tree).left, node);
        at(tree).left = child;
    } else {
        const Index child = insertBelow(at(tree).right, node);
        at(tree).right = child;
    }
    update(tree);
    return tree;
}

void PatchSet::split(Index tree, const PatchId &key, Index &left, Index &right)
{
    if (tree < 0) {
        left = right = -1;
    } else if (at(tree).first < key) {
        Index middle = -1;
        split(at(tree).right, key, middle, right);
        at(tree).right = middle;
        update(tree);
        left = tree;
    } else {
        Index middle = -1;
        split(at(tree).left, key, left, middle);
        at(tree).left = middle;
        update(tree);
        right = tree;
    }
}

void PatchSet::update(Index index)
{
    Node &node = at(index);
    node.sum = {node.digest, node.last - node.first.number + 1};
    node.lowest = node.first;
    node.highest = {node.first.replica, node.last};
    if (node.left >= 0) {
        node.sum.digest += at(node.left).sum.digest;
        node.sum.count += at(node.left).sum.count;
        node.lowest = at(node.left).lowest;
    }
    if (node.right >= 0) {
        node.sum.digest += at(node.right).sum.digest;
        node.sum.count += at(node.right).sum.count;
        node.highest = at(node.right).highest;
    }
}

PatchSet::Index PatchSet::floor(const PatchId &id) const
{
    Index best = -1;
    for (Index tree = m_root; tree >= 0;) {
        if (at(tree).first <= id) {
            best = tree;
            tree = at(tree).right;
        } else {
            tree = at(tree).left;
        }
    }
    return best;
}

bool PatchSet::contains(const PatchId &id) const
{
    const Index before = floor(id);
    return before >= 0 && at(before).first.replica == id.replica && id.number <= at(before).last;
}

std::optional<PatchRange> PatchSet::blockAt(const PatchId &id) const
{
    const Index before = floor(id);
    if (before < 0 || at(before).first.replica != id.replica || id.number > at(before).last ||
        at(before).last == at(before).first.number)
        return {};
    return PatchRange{id.replica, at(before).first.number, at(before).last};
}

// Whole subtrees contribute their sums, so only two paths of the tree are visited.
void PatchSet::collect(Index tree, const PatchId &from, const PatchId &until, Sum &sum) const
{
    if (tree < 0 || at(tree).highest < from || at(tree).lowest >= until)
        return;
    const Node &node = at(tree);
    if (node.lowest >= from && node.highest < until) {
        sum.digest += node.sum.digest;
        sum.count += node.sum.count;
        return;
    }
    collect(node.left, from, until, sum);
    if (node.first >= from && node.first < until) {
        sum.digest += node.digest;
        sum.count += node.last - node.first.number + 1;
    }
    collect(node.right, from, until, sum);
}

PatchSet::Sum PatchSet::sum(const PatchId &from, const PatchId &until) const
{
    Sum sum;
    collect(m_root, from, until, sum);
    return sum;
}

std::int64_t PatchSet::rank(const PatchId &id) const
{
    std::int64_t count = 0;
    for (Index tree = m_root; tree >= 0;) {
        const Node &node = at(tree);
        if (node.first < id) {
            count += node.last - node.first.number + 1 + (node.left < 0 ? 0 : at(node.left).sum.count);
            tree = node.right;
        } else {
            tree = node.left;
        }
    }
    return count;
}

std::optional<PatchId> PatchSet::select(const PatchId &from, std::int64_t skip) const
{
    std::int64_t wanted = rank(from) + skip;
    if (wanted >= size())
        return {};
    for (Index tree = m_root; tree >= 0;) {
        const Node &node = at(tree);
        const std::int64_t before = node.left < 0 ? 0 : at(node.left).sum.count;
        const std::int64_t own = node.last - node.first.number + 1;
        if (wanted < before) {
            tree = node.left;
        } else if (wanted < before + own) {
            return node.first;
        } else {
            wanted -= before + own;
            tree = node.right;
        }
    }
    return {};
}

struct PatchSet::RunVisit
{
    PatchId from;
    PatchId until;
    const std::function<bool(const PatchRange &)> &visit;
    std::optional<PatchRange> run = {}; // not passed on yet: it may continue

    bool take(const PatchRange &more)
    {
        if (run && run->replica == more.replica && run->last.next() == more.first) {
            run->last = more.last;
            return true;
        }
        const auto finished = run;
        run = more;
        return !finished || visit(*finished);
    }
};

bool PatchSet::visitRuns(Index tree, RunVisit &visit) const
{
    if (tree < 0 || at(tree).highest < visit.from || at(tree).lowest >= visit.until)
        return true;
    const Node &node = at(tree);
    // A subtree without gaps is one run, and is not visited.
    if (node.lowest >= visit.from && node.highest < visit.until && node.lowest.replica == node.highest.replica &&
        node.highest.number - node.lowest.number + 1 == node.sum.count)
        return visit.take({node.lowest.replica, node.lowest.number, node.highest.number});
    if (!visitRuns(node.left, visit))
        return false;
    if (node.first >= visit.from && node.first < visit.until &&
        !visit.take({node.first.replica, node.first.number, node.last}))
        return false;
    return visitRuns(node.right, visit);
}

void PatchSet::forEachRun(const PatchId &from, const PatchId &until,
                          const std::function<bool(const PatchRange &)> &visit) const
{
    RunVisit state{from, until, visit};
    if (visitRuns(m_root, state) && state.run)
        visit(*state.run);
}

} // namespace eventsync::crdtsync
