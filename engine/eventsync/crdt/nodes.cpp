// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/nodes.h>

#include <eventsync/base/assert.h>

#include <algorithm>

namespace eventsync::crdt {

// ---- keys of an object

std::size_t ObjectKeys::slot(std::string_view key) const
{
    const std::size_t mask = m_slots.size() - 1;
    std::size_t at = std::hash<std::string_view>()(key) & mask;
    while (m_slots[at] != 0 && m_entries[m_slots[at] - 1].key != key)
        at = (at + 1) & mask;
    return at;
}

NodeIndex *ObjectKeys::find(std::string_view key)
{
    if (m_slots.empty()) {
        for (Entry &entry : m_entries) {
            if (entry.key == key)
                return &entry.value;
        }
        return nullptr;
    }
    const std::uint32_t found = m_slots[slot(key)];
    return found == 0 ? nullptr : &m_entries[found - 1].value;
}

NodeIndex &ObjectKeys::findOrAdd(std::string_view key)
{
    if (NodeIndex *found = find(key))
        return *found;
    m_entries.push_back({std::string(key), kNoNode});
    if (m_entries.size() > kSearched) {
        if (m_entries.size() * 2 > m_slots.size())
            rehash(std::max<std::size_t>(m_slots.size() * 2, 32));
        else
            m_slots[slot(key)] = static_cast<std::uint32_t>(m_entries.size());
    }
    return m_entries.back().value;
}

void ObjectKeys::rehash(std::size_t capacity)
{
    m_slots.assign(capacity, 0);
    for (std::size_t i = 0; i < m_entries.size(); ++i)
        m_slots[slot(m_entries[i].key)] = static_cast<std::uint32_t>(i + 1);
}

// ---- constants

Constant Node::constant() const
{
    if (const auto *number = std::get_if<std::int64_t>(&content))
        return json::Value(*number);
    if (const auto *number = std::get_if<double>(&content))
        return json::Value(*number);
    if (const auto *flag = std::get_if<bool>(&content))
        return json::Value(*flag);
    if (std::holds_alternative<std::nullptr_t>(content))
        return json::Value(nullptr);
    if (const auto *constant = std::get_if<std::unique_ptr<Constant>>(&content))
        return **constant;
    return Undefined{};
}

void Node::setConstant(Constant constant)
{
    const auto *value = std::get_if<json::Value>(&constant);
    if (std::holds_alternative<Undefined>(constant))
        content = std::monostate{};
    else if (value && value->is_null())
        content = nullptr;
    else if (value && value->is_bool())
        content = value->get_bool();
    else if (value && value->is_int64())
        content = value->get_int64();
    else if (value && value->is_double())
        content = value->get_double();
    else
        content = std::make_unique<Constant>(std::move(constant));
}

// ---- all nodes

NodeStore::NodeStore(const NodeStore &other, const LogicalClock &clock)
    : m_clock(&clock), m_free(other.m_free), m_table(other.m_table), m_count(other.m_count)
{
    m_nodes.reserve(other.m_nodes.size());
    for (const Node &from : other.m_nodes) {
        Node &to = m_nodes.emplace_back();
        to.id = from.id;
        to.kind = from.kind;
        to.isDead = from.isDead;
        to.references = from.references;
        to.parent = from.parent;
        std::visit(
            [&](const auto &content) {
                using T = std::decay_t<decltype(content)>;
                if constexpr (std::is_same_v<T, std::unique_ptr<Sequence>>)
                    to.content = std::make_unique<Sequence>(*content, clock);
                else if constexpr (std::is_same_v<T, std::unique_ptr<Constant>>
                                   || std::is_same_v<T, std::unique_ptr<ObjectKeys>>
                                   || std::is_same_v<T, std::unique_ptr<VecSlots>>)
                    to.content = std::make_unique<typename T::element_type>(*content);
                else
                    to.content = content;
            },
            from.content);
    }
}

std::size_t NodeStore::hash(Sequence::Stamp id)
{
    std::uint64_t x = (id.time + (std::uint64_t(id.session) << 40)) * 0x9E3779B97F4A7C15u;
    return static_cast<std::size_t>(x ^ (x >> 32));
}

NodeIndex NodeStore::find(Sequence::Stamp id) const
{
    if (m_table.empty())
        return kNoNode;
    const std::size_t mask = m_table.size() - 1;
    for (std::size_t at = hash(id) & mask; m_table[at] != 0; at = (at + 1) & mask) {
        const Node &node = m_nodes[m_table[at] - 1];
        if (node.id.time == id.time && node.id.session == id.session)
            return m_table[at] - 1;
    }
    return kNoNode;
}

void NodeStore::insertSlot(NodeIndex index)
{
    const std::size_t mask = m_table.size() - 1;
    std::size_t at = hash(m_nodes[index].id) & mask;
    while (m_table[at] != 0)
        at = (at + 1) & mask;
    m_table[at] = index + 1;
}

void NodeStore::eraseSlot(NodeIndex index)
{
    const std::size_t mask = m_table.size() - 1;
    std::size_t at = hash(m_nodes[index].id) & mask;
    while (m_table[at] != index + 1)
        at = (at + 1) & mask;
    // Close the gap: whoever could not get its own place because of it moves up.
    for (std::size_t next = (at + 1) & mask; m_table[next] != 0; next = (next + 1) & mask) {
        const std::size_t home = hash(m_nodes[m_table[next] - 1].id) & mask;
        if (((next - home) & mask) >= ((next - at) & mask)) {
            m_table[at] = m_table[next];
            at = next;
        }
    }
    m_table[at] = 0;
}

Node emptyNode(Sequence::Stamp id, NodeKind kind, const LogicalClock &clock)
{
    Node node;
    node.id = id;
    node.kind = kind;
    switch (kind) {
    case NodeKind::Con: break;
    case NodeKind::Val: node.content = kNoNode; break;
    case NodeKind::Obj: node.content = std::make_unique<ObjectKeys>(); break;
    case NodeKind::Vec: node.content = std::make_unique<VecSlots>(); break;
    case NodeKind::Str: node.content = std::make_unique<Sequence>(Sequence::Kind::Text, clock); break;
    case NodeKind::Bin: node.content = std::make_unique<Sequence>(Sequence::Kind::Bytes, clock); break;
    case NodeKind::Arr: node.content = std::make_unique<Sequence>(Sequence::Kind::Nodes, clock); break;
    }
    return node;
}

NodeIndex NodeStore::create(Sequence::Stamp id, NodeKind kind)
{
    NodeIndex index = static_cast<NodeIndex>(m_nodes.size());
    if (m_free.empty()) {
        m_nodes.emplace_back();
    } else {
        index = m_free.back();
        m_free.pop_back();
    }
    m_nodes[index] = emptyNode(id, kind, *m_clock);
    if (++m_count * 2 > m_table.size()) {
        m_table.assign(std::max<std::size_t>(m_table.size() * 2, 16), 0);
        for (NodeIndex i = 0; i < m_nodes.size(); ++i) {
            if (i != index && m_nodes[i].id.session != LogicalClock::kNone)
                insertSlot(i);
        }
    }
    insertSlot(index);
    return index;
}

void NodeStore::free(NodeIndex index)
{
    eraseSlot(index);
    m_nodes[index] = Node{};
    m_free.push_back(index);
    --m_count;
}

void NodeStore::addReference(NodeIndex index, NodeIndex parent)
{
    ++m_nodes[index].references;
    m_nodes[index].parent = parent;
}

void NodeStore::dropReference(NodeIndex index)
{
    --m_nodes[index].references;
    collect(index);
}

void NodeStore::collect(NodeIndex index)
{
    if (m_nodes[index].isDead && m_nodes[index].references > 0)
        return;
    std::vector<NodeIndex> pending; // a list, not recursion: nodes may be nested as deep as their authors like
    for (NodeIndex at = index;;) {
        Node &node = m_nodes[at];
        if (!node.isDead) {
            node.isDead = true;
            forEachChild(node, [&](NodeIndex child) {
                --m_nodes[child].references;
                pending.push_back(child);
            });
            node.kind = NodeKind::Con;
            node.content = std::monostate{};
        }
        if (node.references == 0 && node.id.session != LogicalClock::kNone)
            free(at);
        if (pending.empty())
            return;
        at = pending.back();
        pending.pop_back();
    }
}

std::vector<NodeIndex> NodeStore::inIdOrder() const
{
    std::vector<NodeIndex> order;
    for (NodeIndex i = 0; i < m_nodes.size(); ++i) {
        if (m_nodes[i].id.session != LogicalClock::kNone && !m_nodes[i].isDead)
            order.push_back(i);
    }
    std::sort(order.begin(), order.end(), [this](NodeIndex a, NodeIndex b) {
        const Sequence::Stamp x = m_nodes[a].id;
        const Sequence::Stamp y = m_nodes[b].id;
        return x.time != y.time ? x.time < y.time : m_clock->sidOf(x.session) < m_clock->sidOf(y.session);
    });
    return order;
}

std::size_t NodeStore::heapBytes() const
{
    std::size_t bytes = m_nodes.capacity() * sizeof(Node) + m_table.capacity() * 4 + m_free.capacity() * 4;
    for (const Node &node : m_nodes) {
        if (const auto *sequence = std::get_if<std::unique_ptr<Sequence>>(&node.content))
            bytes += sizeof(Sequence) + (*sequence)->heapBytes();
    }
    return bytes;
}

} // namespace eventsync::crdt
