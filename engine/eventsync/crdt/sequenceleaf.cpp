// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/sequenceleaf.h>

#include <algorithm>

namespace eventsync::crdt {

SequenceLeaf::SequenceLeaf(const SequenceLeaf &other)
    : parent(other.parent), next(other.next), previous(other.previous), m_width(other.m_width)
{
    reserveSpans(other.m_count);
    m_count = other.m_count;
    std::copy_n(other.m_times, m_count, m_times);
    std::copy_n(other.m_lengths, m_count, m_lengths);
    std::copy_n(other.m_sessions, m_count, m_sessions);
    if (other.m_units == 0)
        return;
    reserveUnits(other.m_units);
    other.forPieces(0, other.m_units, [this](const char *data, std::uint32_t count) {
        insertUnits(m_units, {data, count, m_width});
    });
}

void SequenceLeaf::reserveSpans(std::uint32_t capacity)
{
    capacity = std::max<std::uint32_t>(capacity, 2);
    std::unique_ptr<char[]> block(new char[std::size_t(capacity) * 16]);
    auto *times = reinterpret_cast<std::uint64_t *>(block.get());
    auto *lengths = reinterpret_cast<std::uint32_t *>(times + capacity);
    std::uint32_t *sessions = lengths + capacity;
    std::copy_n(m_times, m_count, times);
    std::copy_n(m_lengths, m_count, lengths);
    std::copy_n(m_sessions, m_count, sessions);
    m_spans = std::move(block);
    m_times = times;
    m_lengths = lengths;
    m_sessions = sessions;
    m_spanCapacity = static_cast<std::uint8_t>(capacity);
}

void SequenceLeaf::insertSpan(std::uint32_t at, std::uint32_t session, std::uint64_t time, std::uint32_t length,
                              bool deleted)
{
    if (m_count == m_spanCapacity)
        reserveSpans(std::min<std::uint32_t>(kSpans, m_count * 2u));
    std::copy_backward(m_times + at, m_times + m_count, m_times + m_count + 1);
    std::copy_backward(m_lengths + at, m_lengths + m_count, m_lengths + m_count + 1);
    std::copy_backward(m_sessions + at, m_sessions + m_count, m_sessions + m_count + 1);
    m_times[at] = time;
    m_lengths[at] = length | (deleted ? kDeleted : 0);
    m_sessions[at] = session;
    ++m_count;
}

void SequenceLeaf::removeSpan(std::uint32_t at)
{
    std::copy(m_times + at + 1, m_times + m_count, m_times + at);
    std::copy(m_lengths + at + 1, m_lengths + m_count, m_lengths + at);
    std::copy(m_sessions + at + 1, m_sessions + m_count, m_sessions + at);
    --m_count;
}

void SequenceLeaf::splitSpan(std::uint32_t at, std::uint32_t offset)
{
    insertSpan(at + 1, m_sessions[at], m_times[at] + offset, length(at) - offset, isDeleted(at));
    setLength(at, offset);
}

void SequenceLeaf::mergeAround(std::uint32_t &at)
{
    if (at + 1 < m_count && continues(at, at + 1)) {
        setLength(at, length(at) + length(at + 1));
        removeSpan(at + 1);
    }
    if (at > 0 && continues(at - 1, at)) {
        setLength(at - 1, length(at - 1) + length(at));
        removeSpan(at);
        --at;
    }
}

void SequenceLeaf::reserveUnits(std::uint32_t capacity)
{
    std::unique_ptr<char[]> buffer(new char[std::size_t(capacity) * m_width]);
    const std::size_t after = std::size_t(m_units - m_gap) * m_width;
    if (m_buffer) {
        std::memcpy(buffer.get(), m_buffer.get(), std::size_t(m_gap) * m_width);
        std::memcpy(buffer.get() + std::size_t(capacity) * m_width - after,
                    m_buffer.get() + std::size_t(m_capacity) * m_width - after, after);
    }
    m_buffer = std::move(buffer);
    m_capacity = capacity;
}

void SequenceLeaf::widen()
{
    std::unique_ptr<char[]> buffer(new char[std::size_t(m_capacity) * 2]);
    for (std::uint32_t i = 0; i < m_capacity; ++i) {
        const std::uint16_t unit = static_cast<std::uint8_t>(m_buffer[i]);
        std::memcpy(buffer.get() + std::size_t(i) * 2, &unit, 2);
    }
    m_buffer = std::move(buffer);
    m_width = 2;
}

void SequenceLeaf::moveGap(std::uint32_t at)
{
    char *data = m_buffer.get();
    const std::uint32_t gap = m_capacity - m_units;
    if (at < m_gap)
        std::memmove(data + std::size_t(at + gap) * m_width, data + std::size_t(at) * m_width,
                     std::size_t(m_gap - at) * m_width);
    else if (at > m_gap)
        std::memmove(data + std::size_t(m_gap) * m_width, data + std::size_t(m_gap + gap) * m_width,
                     std::size_t(at - m_gap) * m_width);
    m_gap = at;
}

// Afterwards the gap is at `at` and takes `units`.
void SequenceLeaf::makeRoom(std::uint32_t at, const Units &units)
{
    if (m_width == 1 && units.width == 2)
        widen();
    if (m_capacity - m_units < units.count) {
        const std::uint32_t needed = m_units + units.count;
        reserveUnits(std::max(needed, needed + needed / 4 + 12));
    }
    if (at != m_gap)
        moveGap(at);
}

void SequenceLeaf::fillGapWidening(const Units &units) // ASCII into UTF-16
{
    char *to = m_buffer.get() + std::size_t(m_gap) * 2;
    const auto *from = static_cast<const std::uint8_t *>(units.data);
    for (std::uint32_t i = 0; i < units.count; ++i) {
        const std::uint16_t unit = from[i];
        std::memcpy(to + std::size_t(i) * 2, &unit, 2);
    }
}

void SequenceLeaf::store(std::uint32_t at, std::uint32_t value)
{
    const std::uint32_t physical = at < m_gap ? at : at + (m_capacity - m_units);
    std::memcpy(m_buffer.get() + std::size_t(physical) * 4, &value, 4);
}

void SequenceLeaf::moveTail(std::uint32_t mid, SequenceLeaf &to)
{
    const std::uint32_t from = visibleBefore(mid);
    const std::uint32_t moved = m_units - from;
    to.m_width = m_width;
    to.reserveSpans(std::min<std::uint32_t>(kSpans, (m_count - mid) * 3u / 2u));
    for (std::uint32_t i = mid; i < m_count; ++i)
        to.insertSpan(to.m_count, m_sessions[i], m_times[i], length(i), isDeleted(i));
    if (moved > 0) {
        to.reserveUnits(moved + moved / 4 + 12);
        forPieces(from, moved, [&to](const char *data, std::uint32_t count) {
            to.insertUnits(to.m_units, {data, count, to.m_width});
        });
        eraseUnits(from, moved);
    }
    m_count = static_cast<std::uint8_t>(mid);
    fit();
}

void SequenceLeaf::fit()
{
    const std::uint32_t wanted = m_units + m_units / 4 + 12;
    if (m_capacity > wanted + wanted / 2)
        reserveUnits(wanted);
}

} // namespace eventsync::crdt
