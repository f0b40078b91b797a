// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/document.h>

#include <algorithm>
#include <vector>

namespace eventsync::crdt {

// The sessions of a document in the order in which an encoder first meets them, from row 1 on (row 0 is the system
// session's); ids are written as row and difference to the row's time. Row 1 is the document's own session. Owner only.
class ClockTableWriter
{
public:
    explicit ClockTableWriter(const LogicalClock &clock) : m_clock(clock) { append(clock.sid()); }

    struct Relative
    {
        std::uint64_t row;
        std::uint64_t difference;
    };
    Relative relative(Sequence::Stamp id)
    {
        if (id.session >= m_rowOf.size())
            m_rowOf.resize(id.session + 1, 0);
        std::uint32_t &row = m_rowOf[id.session];
        if (row == 0)
            row = append(m_clock.sidOf(id.session));
        return {row, m_rows[row - 1].time - id.time};
    }
    Relative relative(Id id)
    {
        for (std::size_t i = 0; i < m_rows.size(); ++i) {
            if (m_rows[i].sid == id.sid)
                return {i + 1, m_rows[i].time - id.time};
        }
        const std::uint32_t row = append(id.sid);
        return {row, m_rows.back().time - id.time};
    }
    const std::vector<Id> &rows() const { return m_rows; }

private:
    std::uint32_t append(std::uint64_t sid)
    {
        const std::uint64_t last = m_clock.lastTime(sid).value_or(m_clock.time() - 1);
        m_rows.push_back({sid, sid == kSystemSession ? std::max<std::uint64_t>(last, 1) : last}); // its ids are 0 and 1
        const LogicalClock::SessionIndex session = m_clock.find(sid);
        if (session != LogicalClock::kNone) {
            if (session >= m_rowOf.size())
                m_rowOf.resize(session + 1, 0);
            m_rowOf[session] = static_cast<std::uint32_t>(m_rows.size());
        }
        return static_cast<std::uint32_t>(m_rows.size());
    }

    const LogicalClock &m_clock;
    std::vector<Id> m_rows;
    std::vector<std::uint32_t> m_rowOf; // by session number; 0: none
};

} // namespace eventsync::crdt
