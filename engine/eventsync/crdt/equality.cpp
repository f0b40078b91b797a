// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/document.h>

namespace eventsync::crdt {

namespace {

// Two documents number sessions and nodes each their own way, so they are compared by ids, node by node.
class Comparison
{
public:
    Comparison(const Document &a, const Document &b) : m_a(a), m_b(b) {}

    bool run()
    {
        bool same = pair(m_a.rootNode(), m_b.rootNode());
        while (same && !m_pending.empty()) {
            const auto [a, b] = m_pending.back();
            m_pending.pop_back();
            same = nodes(m_a.node(a), m_b.node(b));
        }
        return same;
    }

private:
    bool pair(NodeIndex a, NodeIndex b) // to be looked at later
    {
        if ((a == kNoNode) != (b == kNoNode))
            return false;
        if (a != kNoNode)
            m_pending.emplace_back(a, b);
        return a == kNoNode || m_a.idOf(a) == m_b.idOf(b);
    }

    bool nodes(const Node &a, const Node &b)
    {
        if (a.kind != b.kind)
            return false;
        switch (a.kind) {
        case NodeKind::Con:
            return a.constant() == b.constant();
        case NodeKind::Val:
            return pair(a.value(), b.value());
        case NodeKind::Obj:
            if (a.keys().entries().size() != b.keys().entries().size())
                return false;
            for (const ObjectKeys::Entry &entry : a.keys().entries()) {
                const NodeIndex *other = b.keys().find(entry.key);
                if (!other || !pair(entry.value, *other))
                    return false;
            }
            return true;
        case NodeKind::Vec:
            if (a.vecSlots().size() != b.vecSlots().size())
                return false;
            for (std::size_t i = 0; i < a.vecSlots().size(); ++i) {
                if (!pair(a.vecSlots()[i], b.vecSlots()[i]))
                    return false;
            }
            return true;
        default:
            return sequences(a, b);
        }
    }

    bool sequences(const Node &a, const Node &b)
    {
        Sequence::Reader left(a.sequence());
        Sequence::Reader right(b.sequence());
        Sequence::Run x;
        Sequence::Run y;
        for (;;) {
            const bool more = left.next(x);
            if (more != right.next(y))
                return false;
            if (!more)
                return true;
            if (m_a.idOf(x.first) != m_b.idOf(y.first) || x.length != y.length || x.deleted != y.deleted)
                return false;
            if (!x.deleted && !units(a.kind, left, right))
                return false;
        }
    }

    bool units(NodeKind kind, const Sequence::Reader &left, const Sequence::Reader &right)
    {
        if (kind != NodeKind::Arr) {
            std::u16string x;
            std::u16string y;
            left.utf16(x);
            right.utf16(y);
            return x == y;
        }
        std::vector<NodeIndex> x;
        std::vector<NodeIndex> y;
        left.nodes(x);
        right.nodes(y);
        for (std::size_t i = 0; i < x.size(); ++i) {
            if (!pair(x[i], y[i]))
                return false;
        }
        return true;
    }

    const Document &m_a;
    const Document &m_b;
    std::vector<std::pair<NodeIndex, NodeIndex>> m_pending;
};

} // namespace

bool Document::operator==(const Document &other) const
{
    return Comparison(*this, other).run();
}

} // namespace eventsync::crdt
