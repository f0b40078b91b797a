// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/constant.h>
#include <eventsync/crdt/sequence.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace eventsync::crdt {

/// In the numbering of the structural encodings.
enum class NodeKind : std::uint8_t { Con = 0, Val = 1, Obj = 2, Vec = 3, Str = 4, Bin = 5, Arr = 6 };

using NodeIndex = std::uint32_t;
constexpr NodeIndex kNoNode = 0xFFFFFFFF;

/// The keys of an `obj` in the order in which they were first set. Small ones are searched, larger ones hashed.
class ObjectKeys
{
public:
    struct Entry
    {
        std::string key;
        NodeIndex value = kNoNode;
    };
    NodeIndex *find(std::string_view key);
    const NodeIndex *find(std::string_view key) const { return const_cast<ObjectKeys *>(this)->find(key); }
    NodeIndex &findOrAdd(std::string_view key);
    const std::vector<Entry> &entries() const { return m_entries; }

private:
    static constexpr std::size_t kSearched = 8;
    std::size_t slot(std::string_view key) const; // where it is, or would be
    void rehash(std::size_t capacity);

    std::vector<Entry> m_entries;
    std::vector<std::uint32_t> m_slots; // entry + 1; 0: free. Empty while few
};

/// JavaScript objects cannot have this key, so the reference implementation omits it in views and loses it in its JSON
/// encodings; a reader that accepted it would let a peer change the prototypes of a page. It is stored, and omitted in views.
constexpr std::string_view kHiddenKey = "__proto__";

using VecSlots = std::vector<NodeIndex>;
constexpr std::uint32_t kMaxVecIndex = 255;

/// One node. Small constants are stored in the node itself.
struct Node
{
    Sequence::Stamp id;
    NodeKind kind = NodeKind::Con;
    bool isDead = false;           ///< removed from its place: it has no content any more
    std::uint32_t references = 0;  ///< slots that name it
    NodeIndex parent = kNoNode;    ///< the container it was put in last; none: the root register or nowhere
    /// Con: Constant or a small one; Val: NodeIndex; Obj, Vec and the sequences
    std::variant<std::monostate, std::int64_t, double, bool, std::nullptr_t, NodeIndex, std::unique_ptr<Constant>,
                 std::unique_ptr<ObjectKeys>, std::unique_ptr<VecSlots>, std::unique_ptr<Sequence>>
        content;

    Constant constant() const; ///< of a con
    void setConstant(Constant constant);
    NodeIndex &value() { return std::get<NodeIndex>(content); } ///< of a val
    NodeIndex value() const { return std::get<NodeIndex>(content); }
    ObjectKeys &keys() { return *std::get<std::unique_ptr<ObjectKeys>>(content); }
    const ObjectKeys &keys() const { return *std::get<std::unique_ptr<ObjectKeys>>(content); }
    VecSlots &vecSlots() { return *std::get<std::unique_ptr<VecSlots>>(content); }
    const VecSlots &vecSlots() const { return *std::get<std::unique_ptr<VecSlots>>(content); }
    Sequence &sequence() { return *std::get<std::unique_ptr<Sequence>>(content); }
    const Sequence &sequence() const { return *std::get<std::unique_ptr<Sequence>>(content); }
    /// It is in several places, which no editor produces: docs/decisions/0078. Then only a small constant has a view.
    bool isShared() const { return references > 1; }
    bool isSmallConstant() const { return kind == NodeKind::Con && !std::holds_alternative<std::unique_ptr<Constant>>(content); }
    bool isUndefined() const { return kind == NodeKind::Con && std::holds_alternative<std::monostate>(content); }
};

Node emptyNode(Sequence::Stamp id, NodeKind kind, const LogicalClock &clock);

/// All nodes of a document, found by id. Indexes of freed nodes are reused. Owner only.
class NodeStore
{
public:
    explicit NodeStore(const LogicalClock &clock) : m_clock(&clock) {}
    NodeStore(const NodeStore &other, const LogicalClock &clock); ///< a deep copy

    Node &operator[](NodeIndex index) { return m_nodes[index]; }
    const Node &operator[](NodeIndex index) const { return m_nodes[index]; }
    NodeIndex find(Sequence::Stamp id) const;
    NodeIndex create(Sequence::Stamp id, NodeKind kind); ///< it must not exist
    /// The node was removed from its place: it and all nodes below are emptied, and freed if nothing refers to them.
    void collect(NodeIndex index);
    void addReference(NodeIndex index, NodeIndex parent);
    void dropReference(NodeIndex index);

    std::size_t count() const { return m_count; }
    std::size_t size() const { return m_nodes.size(); } ///< numbers given out, freed ones too
    std::vector<NodeIndex> inIdOrder() const; ///< living ones
    std::size_t heapBytes() const;

private:
    static std::size_t hash(Sequence::Stamp id);
    void insertSlot(NodeIndex index);
    void eraseSlot(NodeIndex index);
    void free(NodeIndex index);
    template<class F>
    static void forEachChild(const Node &node, F &&f);

    const LogicalClock *m_clock;
    std::vector<Node> m_nodes;
    std::vector<NodeIndex> m_free;
    std::vector<std::uint32_t> m_table; // node + 1; open addressing, linear probing, power of two
    std::size_t m_count = 0;
};

template<class F>
void NodeStore::forEachChild(const Node &node, F &&f)
{
    switch (node.kind) {
    case NodeKind::Val:
        if (node.value() != kNoNode)
            f(node.value());
        return;
    case NodeKind::Obj:
        for (const ObjectKeys::Entry &entry : node.keys().entries())
            f(entry.value);
        return;
    case NodeKind::Vec:
        for (const NodeIndex child : node.vecSlots()) {
            if (child != kNoNode)
                f(child);
        }
        return;
    case NodeKind::Arr:
        node.sequence().forEachUnit([&](std::uint32_t child) { f(child); });
        return;
    default:
        return;
    }
}

} // namespace eventsync::crdt
