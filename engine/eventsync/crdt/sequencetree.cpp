// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/sequence.h>

#include <eventsync/base/assert.h>

#include <algorithm>

// The tree above the leaves of a Sequence: splitting, growing, loading, and the index of ids. The idea is in sequence.cpp.

namespace eventsync::crdt {

Sequence::Stamp Sequence::leastOf(const SequenceLeaf &leaf) const
{
    Stamp least{leaf.session(0), leaf.time(0)};
    for (std::uint32_t i = 1; i < leaf.count(); ++i) {
        const Stamp id{leaf.session(i), leaf.time(i)};
        if (less(id, least))
            least = id;
    }
    return least;
}

Sequence::Stamp Sequence::leastOf(const Inner &inner) const
{
    Stamp least = inner.least[0];
    for (std::uint32_t i = 1; i < inner.count; ++i) {
        if (less(inner.least[i], least))
            least = inner.least[i];
    }
    return least;
}

std::uint32_t &Sequence::parentOf(bool isLeaf, std::uint32_t child)
{
    return isLeaf ? m_leaves[child].parent : m_inner[child].parent;
}

std::uint32_t Sequence::newInner(bool aboveLeaves)
{
    m_inner.emplace_back();
    m_inner.back().aboveLeaves = aboveLeaves;
    return static_cast<std::uint32_t>(m_inner.size() - 1);
}

void Sequence::addTo(std::uint32_t parent, std::uint32_t slot, std::uint32_t child, std::uint32_t visible, Stamp least)
{
    Inner &inner = m_inner[parent];
    for (std::uint32_t i = inner.count; i > slot; --i) {
        inner.child[i] = inner.child[i - 1];
        inner.visible[i] = inner.visible[i - 1];
        inner.least[i] = inner.least[i - 1];
    }
    inner.child[slot] = child;
    inner.visible[slot] = visible;
    inner.least[slot] = least;
    ++inner.count;
    parentOf(inner.aboveLeaves, child) = parent;
}

// Moves the upper half of a leaf's runs, or of its only run, to a new leaf behind it.
void Sequence::splitLeaf(std::uint32_t at)
{
    settle();
    if (m_leaves[at].count() == 1)
        m_leaves[at].splitSpan(0, m_leaves[at].length(0) / 2);
    const auto made = static_cast<std::uint32_t>(m_leaves.size());
    m_leaves.emplace_back(width());
    SequenceLeaf &left = m_leaves[at];
    SequenceLeaf &right = m_leaves[made];
    left.moveTail(left.count() / 2, right);
    right.previous = at;
    right.next = left.next;
    if (left.next == kNone)
        m_last = made;
    else
        m_leaves[left.next].previous = made;
    left.next = made;
    if (m_cursor.leaf == at)
        hint(0, 0);
    insertChild(at, made);
    if (m_indexed) {
        for (std::uint32_t i = 0; i < m_leaves[made].count(); ++i)
            index(m_leaves[made].session(i), m_leaves[made].time(i), m_leaves[made].length(i), made);
    }
}

// After a large insert: leaves of at most kUnits again.
void Sequence::shrinkLeaf(std::uint32_t at)
{
    std::vector<std::uint32_t> tooLarge{at};
    while (!tooLarge.empty()) {
        const std::uint32_t leaf = tooLarge.back();
        tooLarge.pop_back();
        if (m_leaves[leaf].units() <= SequenceLeaf::kUnits)
            continue;
        splitLeaf(leaf);
        tooLarge.push_back(leaf);
        tooLarge.push_back(m_leaves[leaf].next);
    }
}

void Sequence::insertChild(std::uint32_t leftLeaf, std::uint32_t rightLeaf)
{
    std::uint32_t parent = m_leaves[leftLeaf].parent;
    if (parent == kNone) {
        m_root = newInner(true);
        addTo(m_root, 0, leftLeaf, m_leaves[leftLeaf].units(), leastOf(m_leaves[leftLeaf]));
        addTo(m_root, 1, rightLeaf, m_leaves[rightLeaf].units(), leastOf(m_leaves[rightLeaf]));
        return;
    }
    if (m_inner[parent].count == kChildren) {
        splitInner(parent);
        parent = m_leaves[leftLeaf].parent;
    }
    const std::uint32_t slot = slotOf(parent, leftLeaf);
    m_inner[parent].visible[slot] = m_leaves[leftLeaf].units();
    m_inner[parent].least[slot] = leastOf(m_leaves[leftLeaf]);
    addTo(parent, slot + 1, rightLeaf, m_leaves[rightLeaf].units(), leastOf(m_leaves[rightLeaf]));
}

// Halves a full inner node; its parent is split before, if it is full too. The depth is that of the tree.
void Sequence::splitInner(std::uint32_t full)
{
    if (m_inner[full].parent != kNone && m_inner[m_inner[full].parent].count == kChildren)
        splitInner(m_inner[full].parent);
    const std::uint32_t made = newInner(m_inner[full].aboveLeaves);
    const std::uint32_t half = kChildren / 2;
    std::uint32_t movedUnits = 0;
    for (std::uint32_t i = half; i < kChildren; ++i) {
        const Inner &left = m_inner[full];
        movedUnits += left.visible[i];
        addTo(made, i - half, left.child[i], left.visible[i], left.least[i]);
    }
    m_inner[full].count = half;
    std::uint32_t keptUnits = 0;
    for (std::uint32_t i = 0; i < half; ++i)
        keptUnits += m_inner[full].visible[i];
    std::uint32_t parent = m_inner[full].parent;
    if (parent == kNone) {
        parent = m_root = newInner(false);
        addTo(parent, 0, full, keptUnits, leastOf(m_inner[full]));
    } else {
        const std::uint32_t slot = slotOf(parent, full);
        m_inner[parent].visible[slot] = keptUnits;
        m_inner[parent].least[slot] = leastOf(m_inner[full]);
    }
    addTo(parent, slotOf(parent, full) + 1, made, movedUnits, leastOf(m_inner[made]));
}

// ---- the index of ids

void Sequence::index(SessionIndex session, std::uint64_t time, std::uint64_t length, std::uint32_t leaf)
{
    if (session >= m_index.size())
        m_index.resize(session + 1);
    m_index[session].assign(time, length, leaf);
}

void Sequence::buildIndex() const
{
    struct Entry
    {
        SessionIndex session;
        std::uint32_t leaf;
        std::uint64_t time;
        std::uint32_t length;
    };
    std::vector<Entry> entries;
    for (std::uint32_t at = 0; at < m_leaves.size(); ++at) {
        const SequenceLeaf &leaf = m_leaves[at];
        for (std::uint32_t i = 0; i < leaf.count(); ++i)
            entries.push_back({leaf.session(i), at, leaf.time(i), leaf.length(i)});
    }
    std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
        return a.session != b.session ? a.session < b.session : a.time < b.time;
    });
    for (const Entry &entry : entries) {
        if (entry.session >= m_index.size())
            m_index.resize(entry.session + 1);
        m_index[entry.session].assign(entry.time, entry.length, entry.leaf);
    }
    m_indexed = true;
}

// ---- loading

void Sequence::append(const Run &run, const Units &units)
{
    if (m_first == kNone) {
        m_leaves.emplace_back(width());
        m_first = m_last = 0;
    }
    SequenceLeaf *leaf = &m_leaves[m_last];
    const bool isFull = leaf->count() >= SequenceLeaf::kSpans * 3 / 4
        || (leaf->units() > 0 && leaf->units() + units.count > SequenceLeaf::kUnits);
    if (isFull) {
        const auto made = static_cast<std::uint32_t>(m_leaves.size());
        leaf->fit();
        leaf->next = made;
        m_leaves.emplace_back(width());
        leaf = &m_leaves[made];
        leaf->previous = m_last;
        m_last = made;
    }
    leaf->insertSpan(leaf->count(), run.first.session, run.first.time, run.length, run.deleted);
    m_mayHavePairs = m_mayHavePairs || units.width == 2;
    if (!run.deleted)
        leaf->insertUnits(leaf->units(), units);
    m_total += run.length;
    m_length += run.deleted ? 0 : run.length;
}

// Builds the levels above the leaves, left to right, each from the one below.
void Sequence::finish()
{
    if (m_first == m_last) {
        if (m_first != kNone)
            shrinkLeaf(m_first);
        return;
    }
    std::vector<std::uint32_t> level;
    for (std::uint32_t at = m_first; at != kNone; at = m_leaves[at].next)
        level.push_back(at);
    constexpr std::size_t kFill = kChildren * 3 / 4;
    for (bool isLeaf = true; level.size() > 1; isLeaf = false) {
        std::vector<std::uint32_t> above;
        for (std::size_t i = 0; i < level.size(); ++i) {
            if (i % kFill == 0)
                above.push_back(newInner(isLeaf));
            const std::uint32_t child = level[i];
            std::uint32_t visible = 0;
            if (isLeaf) {
                visible = m_leaves[child].units();
            } else {
                for (std::uint32_t slot = 0; slot < m_inner[child].count; ++slot)
                    visible += m_inner[child].visible[slot];
            }
            const Stamp least = isLeaf ? leastOf(m_leaves[child]) : leastOf(m_inner[child]);
            addTo(above.back(), m_inner[above.back()].count, child, visible, least);
        }
        level = std::move(above);
    }
    m_root = level.front();
    for (std::uint32_t at = m_first; at != kNone; at = m_leaves[at].next) {
        if (m_leaves[at].units() > SequenceLeaf::kUnits)
            shrinkLeaf(at);
    }
}

std::size_t Sequence::heapBytes() const
{
    std::size_t bytes = m_leaves.capacity() * sizeof(SequenceLeaf) + m_inner.capacity() * sizeof(Inner)
        + m_index.capacity() * sizeof(IdIndex);
    for (const SequenceLeaf &leaf : m_leaves)
        bytes += leaf.heapBytes();
    for (const IdIndex &sessionIndex : m_index)
        bytes += sessionIndex.heapBytes();
    return bytes;
}

} // namespace eventsync::crdt
