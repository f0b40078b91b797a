// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

namespace eventsync::crdt {

/// Units to insert: bytes or ASCII (width 1), UTF-16 (2) or node numbers (4).
struct Units
{
    const void *data = nullptr;
    std::uint32_t count = 0;
    std::uint8_t width = 1;
};

/// One leaf of a Sequence: up to kSpans runs of ids as parallel arrays in one allocation, and the visible units of exactly
/// these runs in a gap buffer. The buffer is one byte a unit while all of it is ASCII. Owner only.
/// Large because it hides one memory layout behind a function for each use of it.
class SequenceLeaf
{
public:
    static constexpr std::uint32_t kSpans = 32;
    static constexpr std::uint32_t kUnits = 2048;            ///< a buffer with more is split: bounds what an insert moves
    static constexpr std::uint32_t kDeleted = 0x80000000u;
    static constexpr std::uint32_t kNone = 0xFFFFFFFFu;

    std::uint32_t parent = kNone;
    std::uint32_t next = kNone;
    std::uint32_t previous = kNone;

    explicit SequenceLeaf(std::uint8_t width = 1) : m_width(width) {}
    SequenceLeaf(SequenceLeaf &&) = default;
    SequenceLeaf &operator=(SequenceLeaf &&) = default;
    SequenceLeaf(const SequenceLeaf &other);

    /// Runs.
    std::uint32_t count() const { return m_count; }
    std::uint64_t &time(std::uint32_t i) { return m_times[i]; }
    std::uint64_t time(std::uint32_t i) const { return m_times[i]; }
    std::uint32_t &session(std::uint32_t i) { return m_sessions[i]; }
    std::uint32_t session(std::uint32_t i) const { return m_sessions[i]; }
    std::uint32_t length(std::uint32_t i) const { return m_lengths[i] & ~kDeleted; }
    bool isDeleted(std::uint32_t i) const { return (m_lengths[i] & kDeleted) != 0; }
    std::uint32_t visible(std::uint32_t i) const { return isDeleted(i) ? 0 : m_lengths[i]; }
    std::uint64_t end(std::uint32_t i) const { return m_times[i] + length(i); }
    void setLength(std::uint32_t i, std::uint32_t length) { m_lengths[i] = (m_lengths[i] & kDeleted) | length; }
    void setDeleted(std::uint32_t i) { m_lengths[i] |= kDeleted; }
    bool continues(std::uint32_t i, std::uint32_t j) const ///< whether run j continues run i
    {
        return m_sessions[i] == m_sessions[j] && end(i) == m_times[j] && isDeleted(i) == isDeleted(j);
    }
    bool contains(std::uint32_t i, std::uint32_t session, std::uint64_t time) const
    {
        return m_sessions[i] == session && time - m_times[i] < length(i);
    }
    bool goesOn(std::uint32_t i, std::uint32_t session, std::uint64_t time) const ///< whether new units with these ids continue run i
    {
        return end(i) == time && m_sessions[i] == session && !isDeleted(i);
    }
    std::uint32_t find(std::uint32_t session, std::uint64_t time) const ///< kNone if it is not in this leaf
    {
        for (std::uint32_t i = 0; i < m_count; ++i) {
            if (contains(i, session, time))
                return i;
        }
        return kNone;
    }
    std::uint32_t visibleBefore(std::uint32_t i) const
    {
        std::uint32_t sum = 0;
        for (std::uint32_t j = 0; j < i; ++j)
            sum += visible(j);
        return sum;
    }
    void insertSpan(std::uint32_t at, std::uint32_t session, std::uint64_t time, std::uint32_t length, bool deleted);
    void removeSpan(std::uint32_t at);
    void splitSpan(std::uint32_t at, std::uint32_t offset);
    void mergeAround(std::uint32_t &at); ///< joins run `at` with neighbours that continue it

    /// Visible units.
    std::uint32_t units() const { return m_units; }
    std::uint8_t width() const { return m_width; }
    void insertUnits(std::uint32_t at, const Units &units)
    {
        if (units.count == 0)
            return;
        const bool fits = at == m_gap && m_width == units.width && m_capacity - m_units >= units.count;
        if (!fits)
            makeRoom(at, units);
        fillGap(units);
    }
    void eraseUnits(std::uint32_t at, std::uint32_t count)
    {
        if (at + count == m_gap) // backspace
            m_gap = at;
        else
            moveGap(at);
        m_units -= count;
    }
    void setUnit(std::uint32_t at, std::uint32_t value) { store(at, value); }
    std::uint32_t unit(std::uint32_t at) const
    {
        const std::uint32_t physical = at < m_gap ? at : at + (m_capacity - m_units);
        switch (m_width) {
        case 1: return static_cast<std::uint8_t>(m_buffer[physical]);
        case 2: return load<std::uint16_t>(physical);
        default: return load<std::uint32_t>(physical);
        }
    }
    /// The buffer is in two pieces around the gap: calls f(const char *, units) for the pieces of [from, from + count).
    template<class F>
    void forPieces(std::uint32_t from, std::uint32_t count, F &&f) const
    {
        const std::uint32_t left = from < m_gap ? std::min(count, m_gap - from) : 0;
        if (left > 0)
            f(m_buffer.get() + std::size_t(from) * m_width, left);
        if (count > left)
            f(m_buffer.get() + std::size_t(from + left + m_capacity - m_units) * m_width, count - left);
    }

    /// Moves runs from `mid` on, and their units, to an empty leaf.
    void moveTail(std::uint32_t mid, SequenceLeaf &to);
    void fit(); ///< frees unused capacity
    std::size_t heapBytes() const { return std::size_t(m_spanCapacity) * 16 + std::size_t(m_capacity) * m_width; }

private:
    template<class T>
    T load(std::uint32_t at) const
    {
        T value;
        std::memcpy(&value, m_buffer.get() + std::size_t(at) * sizeof(T), sizeof(T));
        return value;
    }
    void store(std::uint32_t at, std::uint32_t value);
    void reserveSpans(std::uint32_t capacity);
    void reserveUnits(std::uint32_t capacity);
    void widen();
    void makeRoom(std::uint32_t at, const Units &units);
    void fillGap(const Units &units)
    {
        char *to = m_buffer.get() + std::size_t(m_gap) * m_width;
        if (units.count == 1 && m_width == 1)
            *to = *static_cast<const char *>(units.data);
        else if (m_width == units.width)
            std::memcpy(to, units.data, std::size_t(units.count) * m_width);
        else
            fillGapWidening(units);
        m_gap += units.count;
        m_units += units.count;
    }
    void fillGapWidening(const Units &units);
    void moveGap(std::uint32_t at);

    std::unique_ptr<char[]> m_spans;
    std::uint64_t *m_times = nullptr; // the three arrays lie in m_spans
    std::uint32_t *m_lengths = nullptr;
    std::uint32_t *m_sessions = nullptr;
    std::unique_ptr<char[]> m_buffer;
    std::uint32_t m_units = 0;
    std::uint32_t m_capacity = 0; // units
    std::uint32_t m_gap = 0;      // units before the gap
    std::uint8_t m_count = 0;
    std::uint8_t m_spanCapacity = 0;
    std::uint8_t m_width = 1;
};

} // namespace eventsync::crdt
