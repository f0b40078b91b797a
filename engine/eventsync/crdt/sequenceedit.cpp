// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/sequence.h>

#include <algorithm>

// Inserting into a Sequence and deleting from it. The idea is in sequence.cpp.

namespace eventsync::crdt {

// ---- inserting

// The commonest edit of all is text that goes on where the cursor's run ends: nothing is looked for, split or moved.
inline bool Sequence::goesOn(Stamp id, const Units &units) const
{
    const SequenceLeaf &leaf = m_leaves[m_cursor.leaf];
    return m_cursor.span < leaf.count() && leaf.goesOn(m_cursor.span, id.session, id.time)
        && units.count <= SequenceLeaf::kUnits - std::min(leaf.units(), SequenceLeaf::kUnits) && units.width <= leaf.width();
}

inline void Sequence::changed(std::uint32_t leaf, std::int64_t visible)
{
    m_length = static_cast<std::uint32_t>(m_length + visible);
    if (m_leaves[leaf].parent != kNone)
        m_cursor.pending += visible; // the cursor is at this leaf
}

inline void Sequence::extend(const Units &units)
{
    SequenceLeaf &leaf = m_leaves[m_cursor.leaf];
    const std::uint32_t length = leaf.length(m_cursor.span);
    if (m_indexed)
        index(leaf.session(m_cursor.span), leaf.end(m_cursor.span), units.count, m_cursor.leaf);
    leaf.insertUnits(m_cursor.before + length, units);
    leaf.setLength(m_cursor.span, length + units.count);
    m_total += units.count;
    changed(m_cursor.leaf, units.count);
}

bool Sequence::insertAt(std::uint32_t position, Stamp id, const Units &units, Stamp *ref)
{
    if (position > m_length || units.count > kMaxElements - m_total)
        return false;
    if (m_cursor.startKnown && goesOn(id, units) && position == m_cursor.start + endOfCursor()) {
        if (ref)
            *ref = {id.session, id.time - 1};
        extend(units);
        return true;
    }
    const Place after = position == 0 ? Place{} : findPosition(position - 1);
    if (ref && position > 0)
        *ref = {m_leaves[after.leaf].session(after.span), m_leaves[after.leaf].time(after.span) + after.offset};
    put(after, id, units, nullptr);
    return true;
}

bool Sequence::insert(Stamp ref, Stamp id, const Units &units, std::uint32_t *position)
{
    if (units.count > kMaxElements - m_total)
        return false;
    if (ref.session == LogicalClock::kNone) {
        put({}, id, units, position);
        return true;
    }
    const bool goesOnBehind = m_cursor.leaf != kNone && ref.session == id.session && ref.time + 1 == id.time
        && goesOn(id, units);
    if (goesOnBehind && isLessBehind(m_cursor.leaf, m_cursor.span, id)) {
        if (position)
            *position = startOf(m_cursor.leaf) + endOfCursor();
        extend(units);
        return true;
    }
    const Place after = findId(ref);
    if (after.leaf == kNone)
        return false;
    put(after, id, units, position);
    return true;
}

// Whether what stands behind a run, if anything does, has a smaller id.
bool Sequence::isLessBehind(std::uint32_t at, std::uint32_t span, Stamp id) const
{
    const SequenceLeaf *leaf = &m_leaves[at];
    if (++span == leaf->count()) {
        if (leaf->next == kNone)
            return true;
        leaf = &m_leaves[leaf->next];
        span = 0;
    }
    return less({leaf->session(span), leaf->time(span)}, id);
}

// Where the first run at or after (leaf, span) begins whose id is smaller than `id`; the end of the last leaf if there is
// none. A run's later ids are larger than its first one, so whole runs are skipped.
Sequence::Place Sequence::firstLess(std::uint32_t at, std::uint32_t span, Stamp id) const
{
    const auto scan = [&](std::uint32_t leaf, std::uint32_t from) {
        const SequenceLeaf &runs = m_leaves[leaf];
        while (from < runs.count() && !less({runs.session(from), runs.time(from)}, id))
            ++from;
        return from;
    };
    span = scan(at, span);
    if (span < m_leaves[at].count() || m_leaves[at].next == kNone)
        return {at, span, 0};
    const SequenceLeaf &next = m_leaves[m_leaves[at].next];
    if (less({next.session(0), next.time(0)}, id))
        return {at, span, 0}; // between two leaves: stay in the left one, where the run to continue may be
    const std::uint32_t found = nextLeafWithLess(at, id);
    if (found == kNone)
        return {m_last, m_leaves[m_last].count(), 0};
    return {found, scan(found, 0), 0};
}

std::uint32_t Sequence::nextLeafWithLess(std::uint32_t leaf, Stamp id) const
{
    std::uint32_t child = leaf;
    for (std::uint32_t parent = m_leaves[leaf].parent; parent != kNone; parent = m_inner[parent].parent) {
        for (std::uint32_t slot = slotOf(parent, child) + 1; slot < m_inner[parent].count; ++slot) {
            if (!less(m_inner[parent].least[slot], id))
                continue;
            for (std::uint32_t at = parent;; slot = 0) { // descend to the first leaf that has one
                const Inner &inner = m_inner[at];
                while (!less(inner.least[slot], id))
                    ++slot;
                at = inner.child[slot];
                if (inner.aboveLeaves)
                    return at;
            }
        }
        child = parent;
    }
    return kNone;
}

void Sequence::put(Place after, Stamp id, const Units &units, std::uint32_t *position)
{
    if (m_first == kNone) {
        m_leaves.emplace_back(width());
        m_first = m_last = 0;
    }
    const bool atFront = after.leaf == kNone;
    Place to = atFront ? Place{m_first, 0, 0} : after;
    // Splitting first, if it might be needed, keeps the places below valid.
    if (m_leaves[to.leaf].count() + 2 > SequenceLeaf::kSpans || m_leaves[to.leaf].units() > SequenceLeaf::kUnits) {
        const std::uint32_t count = m_leaves[to.leaf].count();
        const std::uint32_t full = to.leaf;
        splitLeaf(full);
        const std::uint32_t kept = m_leaves[full].count();
        if (!atFront && count > 1 && to.span >= kept)
            to = {m_leaves[full].next, to.span - kept, to.offset};
        else if (!atFront && count == 1 && to.offset >= m_leaves[full].length(0))
            to = {m_leaves[full].next, 0, to.offset - m_leaves[full].length(0)};
    }
    SequenceLeaf *leaf = &m_leaves[to.leaf];
    bool isInside = false;
    if (!atFront) {
        isInside = to.offset + 1 < leaf->length(to.span)
            && less({leaf->session(to.span), leaf->time(to.span) + to.offset + 1}, id);
    }
    if (isInside) {
        const std::uint32_t before = visibleBefore(to);
        const std::uint32_t shown = leaf->isDeleted(to.span) ? 0 : to.offset + 1;
        leaf->splitSpan(to.span, to.offset + 1);
        moveCursor(to.leaf);
        if (position)
            *position = startOf(to.leaf) + before + shown;
        putInLeaf(to.leaf, to.span + 1, before + shown, id, units);
        return;
    }
    to = firstLess(to.leaf, atFront ? 0 : to.span + 1, id);
    if (m_leaves[to.leaf].count() + 1 > SequenceLeaf::kSpans) { // skipped into another, full leaf
        const std::uint32_t full = to.leaf;
        splitLeaf(full);
        if (to.span > m_leaves[full].count())
            to = {m_leaves[full].next, to.span - m_leaves[full].count(), 0};
    }
    const std::uint32_t before = visibleBefore(to);
    moveCursor(to.leaf);
    if (position)
        *position = startOf(to.leaf) + before;
    putInLeaf(to.leaf, to.span, before, id, units);
}

void Sequence::putInLeaf(std::uint32_t at, std::uint32_t span, std::uint32_t before, Stamp id, const Units &units)
{
    SequenceLeaf &leaf = m_leaves[at];
    const bool isFirst = leaf.count() == 0;
    m_mayHavePairs = m_mayHavePairs || units.width == 2;
    leaf.insertUnits(before, units);
    if (span > 0 && leaf.goesOn(span - 1, id.session, id.time)) {
        const std::uint32_t length = leaf.length(span - 1);
        leaf.setLength(span - 1, length + units.count);
        hint(span - 1, before - length);
    } else {
        leaf.insertSpan(span, id.session, id.time, units.count, false);
        hint(span, before);
        if (!isFirst)
            lowered(at, id);
    }
    m_total += units.count;
    changed(at, units.count);
    if (m_indexed)
        index(id.session, id.time, units.count, at);
    if (leaf.units() > SequenceLeaf::kUnits)
        shrinkLeaf(at);
}

void Sequence::lowered(std::uint32_t leaf, Stamp id)
{
    std::uint32_t child = leaf;
    for (std::uint32_t parent = m_leaves[leaf].parent; parent != kNone; parent = m_inner[parent].parent) {
        Stamp &least = m_inner[parent].least[slotOf(parent, child)];
        if (!less(id, least))
            return;
        least = id;
        child = parent;
    }
}

// ---- deleting

void Sequence::erase(Stamp first, std::uint64_t length, std::vector<std::uint32_t> *nodes, std::vector<Removal> *removals)
{
    const std::uint64_t end = first.time + length;
    for (std::uint64_t time = first.time; time < end;) {
        const Place place = findId({first.session, time});
        if (place.leaf != kNone) {
            const std::uint64_t here = std::min<std::uint64_t>(end - time, m_leaves[place.leaf].length(place.span) - place.offset);
            if (!m_leaves[place.leaf].isDeleted(place.span))
                eraseInRun(place, static_cast<std::uint32_t>(here), nodes, removals);
            time += here;
            continue;
        }
        // Not an element. The next id of this session that may be one: in the leaf the index names, or its next entry.
        if (m_first == kNone)
            return;
        std::uint64_t next = end;
        std::uint32_t at = m_first;
        if (m_root != kNone) {
            if (!m_indexed)
                buildIndex();
            if (first.session >= m_index.size() || time >= m_index[first.session].end())
                return;
            next = std::min(next, m_index[first.session].nextChange(time));
            at = m_index[first.session].find(time);
        }
        if (at != kNone) {
            const SequenceLeaf &leaf = m_leaves[at];
            for (std::uint32_t i = 0; i < leaf.count(); ++i) {
                if (leaf.session(i) == first.session && leaf.time(i) > time)
                    next = std::min(next, leaf.time(i));
            }
        }
        time = next;
    }
}

bool Sequence::eraseRunAt(std::uint32_t position, std::uint32_t count, Run *run)
{
    const Place place = findPosition(position);
    const SequenceLeaf &leaf = m_leaves[place.leaf];
    if (leaf.visible(place.span) - place.offset < count)
        return false;
    *run = {{leaf.session(place.span), leaf.time(place.span) + place.offset}, count, false};
    eraseInRun(place, count, nullptr, nullptr);
    return true;
}

void Sequence::eraseInRun(Place place, std::uint32_t length, std::vector<std::uint32_t> *nodes,
                          std::vector<Removal> *removals)
{
    const Stamp id{m_leaves[place.leaf].session(place.span), m_leaves[place.leaf].time(place.span) + place.offset};
    if (m_leaves[place.leaf].count() + 2 > SequenceLeaf::kSpans) {
        const std::uint32_t full = place.leaf;
        splitLeaf(full);
        const std::uint32_t kept = m_leaves[full].count();
        if (place.span >= kept)
            place = {m_leaves[full].next, place.span - kept, place.offset};
    }
    moveCursor(place.leaf);
    SequenceLeaf &leaf = m_leaves[place.leaf];
    const std::uint32_t before = visibleBefore(place);
    const std::uint32_t from = before + place.offset;
    if (nodes) {
        for (std::uint32_t i = 0; i < length; ++i)
            nodes->push_back(leaf.unit(from + i));
    }
    if (removals)
        removals->push_back({startOf(place.leaf) + from, length});
    leaf.eraseUnits(from, length);

    const std::uint32_t whole = leaf.length(place.span);
    std::uint32_t dead = place.span;
    const std::uint32_t rest = whole - place.offset - length;
    const bool joinsNext = rest == 0 && place.offset > 0 && dead + 1 < leaf.count() && leaf.isDeleted(dead + 1)
        && leaf.session(dead + 1) == id.session && leaf.time(dead + 1) == id.time + length;
    if (joinsNext) { // backspace: the run gives its end to the deleted run behind it
        leaf.setLength(dead, place.offset);
        leaf.time(dead + 1) -= length;
        leaf.setLength(dead + 1, leaf.length(dead + 1) + length);
    } else {
        if (rest > 0)
            leaf.splitSpan(dead, place.offset + length);
        if (place.offset > 0) {
            leaf.splitSpan(dead, place.offset);
            ++dead;
        }
        leaf.setDeleted(dead);
        leaf.mergeAround(dead);
    }
    hint(std::min(dead, place.span), before); // a deleted run it may have joined shows nothing
    changed(place.leaf, -static_cast<std::int64_t>(length));
}

} // namespace eventsync::crdt
