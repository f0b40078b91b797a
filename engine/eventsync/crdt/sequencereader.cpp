// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/sequence.h>

#include <algorithm>

namespace eventsync::crdt {

bool Sequence::Reader::next(Run &run)
{
    const auto &leaves = m_sequence->m_leaves;
    bool begun = false;
    while (m_leaf != kNone) {
        const SequenceLeaf &leaf = leaves[m_leaf];
        if (m_span == leaf.count()) {
            m_leaf = leaf.next;
            m_span = m_units = 0;
            continue;
        }
        const Run here{{leaf.session(m_span), leaf.time(m_span)}, leaf.length(m_span), leaf.isDeleted(m_span)};
        if (!begun) {
            run = here;
            m_fromLeaf = m_leaf;
            m_fromUnit = m_units;
            begun = true;
        } else if (here.continues(run)) {
            run.length += here.length;
        } else {
            break;
        }
        m_units += leaf.visible(m_span++);
    }
    m_length = begun && !run.deleted ? run.length : 0;
    return begun;
}

template<class F>
void Sequence::Reader::forLeaves(F &&f) const
{
    std::uint32_t at = m_fromLeaf;
    std::uint32_t from = m_fromUnit;
    for (std::uint32_t left = m_length; left > 0;) {
        const SequenceLeaf &leaf = m_sequence->m_leaves[at];
        const std::uint32_t here = std::min(left, leaf.units() - from);
        if (here > 0)
            f(leaf, from, here);
        left -= here;
        from = 0;
        at = leaf.next;
    }
}

bool Sequence::Reader::isAscii() const
{
    bool ascii = true;
    forLeaves([&](const SequenceLeaf &leaf, std::uint32_t, std::uint32_t) { ascii = ascii && leaf.width() == 1; });
    return ascii;
}

void Sequence::Reader::utf16(std::u16string &out) const
{
    forLeaves([&](const SequenceLeaf &leaf, std::uint32_t from, std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i)
            out.push_back(static_cast<char16_t>(leaf.unit(from + i)));
    });
}

void Sequence::Reader::bytes(std::string &out) const
{
    forLeaves([&](const SequenceLeaf &leaf, std::uint32_t from, std::uint32_t count) {
        leaf.forPieces(from, count, [&](const char *data, std::uint32_t units) { out.append(data, units); });
    });
}

void Sequence::Reader::nodes(std::vector<std::uint32_t> &out) const
{
    forLeaves([&](const SequenceLeaf &leaf, std::uint32_t from, std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i)
            out.push_back(leaf.unit(from + i));
    });
}

std::size_t Sequence::runCount() const
{
    std::size_t count = 0;
    forEachRun([&](const Run &) { ++count; });
    return count;
}

} // namespace eventsync::crdt
