// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/idindex.h>

#include <algorithm>

namespace eventsync::crdt {

bool IdIndex::floor(std::uint64_t time, Place &place) const
{
    if (m_blocks.empty() || time < m_blocks.front().front().time)
        return false;
    const auto holds = [&](std::size_t block) {
        return block < m_blocks.size() && m_blocks[block].front().time <= time
            && (block + 1 == m_blocks.size() || time < m_blocks[block + 1].front().time);
    };
    if (!holds(m_lastBlock)) {
        const auto after = std::upper_bound(m_blocks.begin(), m_blocks.end(), time,
                                            [](std::uint64_t t, const Block &block) { return t < block.front().time; });
        m_lastBlock = static_cast<std::size_t>(after - m_blocks.begin()) - 1;
    }
    const Block &block = m_blocks[m_lastBlock];
    place.block = m_lastBlock;
    if (block.back().time <= time) {
        place.entry = block.size() - 1;
        return true;
    }
    const auto after = std::upper_bound(block.begin(), block.end(), time,
                                        [](std::uint64_t t, const Entry &entry) { return t < entry.time; });
    place.entry = static_cast<std::size_t>(after - block.begin()) - 1;
    return true;
}

bool IdIndex::next(Place &place) const
{
    if (++place.entry < m_blocks[place.block].size())
        return true;
    place.entry = 0;
    return ++place.block < m_blocks.size();
}

std::uint32_t IdIndex::find(std::uint64_t time) const
{
    Place place;
    return time < m_end && floor(time, place) ? m_blocks[place.block][place.entry].leaf : kNone;
}

std::uint64_t IdIndex::nextChange(std::uint64_t time) const
{
    Place place{0, 0};
    if (floor(time, place))
        return next(place) ? m_blocks[place.block][place.entry].time : m_end;
    return m_blocks.empty() ? m_end : m_blocks.front().front().time;
}

void IdIndex::insertFront(Entry entry)
{
    if (m_blocks.empty())
        m_blocks.emplace_back();
    Block &block = m_blocks.front();
    block.insert(block.begin(), entry);
    if (block.size() >= kBlock) {
        m_blocks.insert(m_blocks.begin() + 1, Block(block.begin() + kBlock / 2, block.end()));
        m_blocks.front().resize(kBlock / 2);
    }
}

void IdIndex::insertAfter(Place &place, Entry entry)
{
    Block *block = &m_blocks[place.block];
    block->insert(block->begin() + static_cast<std::ptrdiff_t>(place.entry) + 1, entry);
    ++place.entry;
    if (block->size() < kBlock)
        return;
    // A list that only grows at its end keeps full blocks; one that grows inside is halved.
    const bool atEnd = place.block + 1 == m_blocks.size() && place.entry + 1 == block->size();
    const std::size_t keep = atEnd ? block->size() - 1 : block->size() / 2;
    Block rest(block->begin() + static_cast<std::ptrdiff_t>(keep), block->end());
    block->resize(keep);
    m_blocks.insert(m_blocks.begin() + static_cast<std::ptrdiff_t>(place.block) + 1, std::move(rest));
    if (place.entry >= keep)
        place = {place.block + 1, place.entry - keep};
}

void IdIndex::erase(Place place)
{
    Block &block = m_blocks[place.block];
    block.erase(block.begin() + static_cast<std::ptrdiff_t>(place.entry));
    if (block.empty())
        m_blocks.erase(m_blocks.begin() + static_cast<std::ptrdiff_t>(place.block));
}

void IdIndex::assignAnywhere(std::uint64_t time, std::uint64_t length, std::uint32_t leaf)
{
    const std::uint64_t end = time + length;
    Place place{0, 0};
    bool hasFloor = floor(time, place);
    if (time >= m_end) { // the usual case: new ids at the end
        m_end = end;
        if (!hasFloor)
            insertFront({time, leaf});
        else if (m_blocks[place.block][place.entry].leaf != leaf)
            insertAfter(place, {time, leaf});
        return;
    }
    Place atEnd{0, 0};
    const bool hasRight = end < m_end;
    const std::uint32_t right = hasRight && floor(end, atEnd) ? m_blocks[atEnd.block][atEnd.entry].leaf : kNone;

    // Entries that begin inside go; the one that covers `end` is restored behind.
    const auto firstInside = [&](Place &inside) {
        Place at{0, 0};
        if (floor(time, at)) {
            if (m_blocks[at.block][at.entry].time != time && !next(at))
                return false;
        } else if (m_blocks.empty()) {
            return false;
        }
        inside = at;
        return m_blocks[at.block][at.entry].time < end;
    };
    for (Place inside{0, 0}; firstInside(inside);)
        erase(inside);

    hasFloor = floor(time, place);
    if (!hasFloor) {
        insertFront({time, leaf});
        place = {0, 0};
    } else if (m_blocks[place.block][place.entry].leaf != leaf) {
        insertAfter(place, {time, leaf});
    }
    Place after = place;
    const bool beginsAtEnd = next(after) && m_blocks[after.block][after.entry].time == end;
    if (beginsAtEnd) {
        if (m_blocks[after.block][after.entry].leaf == leaf)
            erase(after);
    } else if (hasRight && right != leaf && right != kNone) {
        insertAfter(place, {end, right});
    }
    m_end = std::max(m_end, end);
}

std::size_t IdIndex::heapBytes() const
{
    std::size_t bytes = m_blocks.capacity() * sizeof(Block);
    for (const Block &block : m_blocks)
        bytes += block.capacity() * sizeof(Entry);
    return bytes;
}

} // namespace eventsync::crdt
