// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace eventsync::crdt {

/// Which leaf of a sequence holds an id of one session: a sorted list of (first time, leaf), each valid up to the next one.
/// Runs of ids in one leaf share an entry, however many spans they are, so splitting a span changes nothing here and splitting
/// a leaf changes about as many entries as spans moved. The list lies in blocks of a bounded size, so that an entry in the
/// middle moves few others; a look-up asks the block of the last hit first. Owner only.
class IdIndex
{
public:
    static constexpr std::uint32_t kNone = 0xFFFFFFFF;

    /// The leaf that holds `time`, if any leaf does.
    std::uint32_t find(std::uint64_t time) const;
    /// The ids [time, time + length) lie in `leaf` from now on.
    void assign(std::uint64_t time, std::uint64_t length, std::uint32_t leaf)
    {
        if (time == m_end && !m_blocks.empty() && m_blocks.back().back().leaf == leaf)
            m_end += length; // typing continues
        else
            assignAnywhere(time, length, leaf);
    }
    std::uint64_t end() const { return m_end; }
    /// The first time after `time` at which another entry begins, or end().
    std::uint64_t nextChange(std::uint64_t time) const;
    std::size_t heapBytes() const;

private:
    static constexpr std::size_t kBlock = 256; // entries
    struct Entry
    {
        std::uint64_t time;
        std::uint32_t leaf;
    };
    struct Place
    {
        std::size_t block;
        std::size_t entry;
    };
    using Block = std::vector<Entry>;

    void assignAnywhere(std::uint64_t time, std::uint64_t length, std::uint32_t leaf);
    bool floor(std::uint64_t time, Place &place) const; // the last entry that begins at or before `time`
    void insertAfter(Place &place, Entry entry);
    void insertFront(Entry entry);
    bool next(Place &place) const;
    void erase(Place place);

    std::vector<Block> m_blocks;
    mutable std::size_t m_lastBlock = 0;
    std::uint64_t m_end = 0; // one past the last id
};

} // namespace eventsync::crdt
