// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/document.h>

#include <eventsync/crdt/utf16_p.h>
#include <eventsync/json/limits.h>

#include <algorithm>
#include <set>

namespace eventsync::crdt {

std::string toString(const Path &path)
{
    std::string text;
    for (const PathStep &step : path) {
        text += '/';
        if (const auto *index = std::get_if<std::size_t>(&step)) {
            text += std::to_string(*index);
            continue;
        }
        for (const char c : std::get<std::string>(step))
            c == '~' ? text += "~0" : c == '/' ? text += "~1" : text += c;
    }
    return text;
}

Document::Document(std::uint64_t sid) : Document(LogicalClock(sid)) {}

Document Document::withServerClock(std::uint64_t time)
{
    return Document(LogicalClock(kServerSession, time));
}

Document::Document(LogicalClock clock)
    : m_clock(std::make_unique<LogicalClock>(std::move(clock))), m_nodes(*m_clock)
{
}

Document::Document(Document &&) noexcept = default;
Document &Document::operator=(Document &&) noexcept = default;
Document::~Document() = default;

Document Document::fork(std::uint64_t sid) const
{
    Document copy(m_clock->isServer() ? *m_clock : m_clock->fork(sid));
    copy.m_nodes = NodeStore(m_nodes, *copy.m_clock);
    copy.m_root = m_root;
    return copy;
}

Sequence::Stamp Document::stampOf(Id id) const
{
    return {m_clock->find(id.sid), id.time};
}

NodeIndex Document::lookUp(Id id) const
{
    const Sequence::Stamp stamp = stampOf(id);
    return m_lastFound = stamp.session == LogicalClock::kNone ? kNoNode : m_nodes.find(stamp);
}

Id Document::idOf(NodeIndex node) const
{
    return idOf(m_nodes[node].id);
}

Id Document::root() const
{
    return m_root == kNoNode ? kOrigin : idOf(m_root);
}

// ---- views

namespace {

// Nodes that stand in several places of what can be seen from the top: docs/decisions/0078. What no longer stands in the document, and the
// key that views leave out, may name nodes as well; that does not count.
std::set<NodeIndex> doubles(const Document &document, NodeIndex top)
{
    std::set<NodeIndex> met, twice;
    std::vector<NodeIndex> pending{top};
    while (!pending.empty()) {
        const NodeIndex index = pending.back();
        pending.pop_back();
        if (index == kNoNode)
            continue;
        const Node &node = document.node(index);
        if (node.isShared() && !met.insert(index).second) {
            twice.insert(index);
            continue;
        }
        if (node.kind == NodeKind::Val) {
            pending.push_back(node.value());
        } else if (node.kind == NodeKind::Obj) {
            for (const ObjectKeys::Entry &entry : node.keys().entries()) {
                if (entry.key != kHiddenKey)
                    pending.push_back(entry.value);
            }
        } else if (node.kind == NodeKind::Vec) {
            pending.insert(pending.end(), node.vecSlots().begin(), node.vecSlots().end());
        } else if (node.kind == NodeKind::Arr) {
            node.sequence().forEachUnit([&](NodeIndex child) { pending.push_back(child); });
        }
    }
    return twice;
}

// A constant may hold containers of its own: what of them lies too deep shows as null, like nodes that do.
void cutBelow(json::Value &value, int depth)
{
    if (depth >= limits::kDepth && (value.is_array() || value.is_object())) {
        value = nullptr;
    } else if (value.is_array()) {
        for (json::Value &element : value.get_array())
            cutBelow(element, depth + 1);
    } else if (value.is_object()) {
        for (auto &member : value.get_object())
            cutBelow(member.value(), depth + 1);
    }
}

json::Value viewOfTree(const Document &document, const std::set<NodeIndex> &doubles, NodeIndex index, int depth, bool *isUndefined)
{
    // Registers in registers show the innermost value; a loop, so that a chain of them costs no stack.
    while (index != kNoNode && document.node(index).kind == NodeKind::Val && !doubles.contains(index))
        index = document.node(index).value();
    if (index == kNoNode || document.node(index).isUndefined()) {
        *isUndefined = true;
        return nullptr;
    }
    const Node &node = document.node(index);
    if (!node.isSmallConstant() && doubles.contains(index)) // in each of its places a few bytes would show much, and so on inside
        return nullptr;
    bool hole = false;
    switch (node.kind) {
    case NodeKind::Con: {
        json::Value value = viewOf(node.constant());
        cutBelow(value, depth);
        return value;
    }
    case NodeKind::Str: {
        std::string text;
        if (node.sequence().isAscii()) {
            node.sequence().appendBytes(text, 0, node.sequence().length());
        } else {
            std::u16string units;
            node.sequence().appendUtf16(units, 0, node.sequence().length());
            appendUtf8(text, units, LoneSurrogate::Replace);
        }
        return json::Value(boost::json::string(text));
    }
    case NodeKind::Bin: {
        std::string bytes;
        node.sequence().appendBytes(bytes, 0, node.sequence().length());
        return json::Value(dataUrl(bytes));
    }
    default:
        break;
    }
    if (depth >= limits::kDepth)
        return nullptr;
    if (node.kind == NodeKind::Obj) {
        json::Object object;
        for (const ObjectKeys::Entry &entry : node.keys().entries()) {
            bool gone = entry.key == kHiddenKey;
            if (gone)
                continue;
            json::Value value = viewOfTree(document, doubles, entry.value, depth + 1, &gone);
            if (!gone)
                object.emplace(entry.key, std::move(value));
        }
        return object;
    }
    json::Array array;
    if (node.kind == NodeKind::Vec) {
        for (const NodeIndex child : node.vecSlots())
            array.push_back(viewOfTree(document, doubles, child, depth + 1, &hole));
    } else {
        node.sequence().forEachUnit([&](NodeIndex child) { array.push_back(viewOfTree(document, doubles, child, depth + 1, &hole)); });
    }
    return array;
}

} // namespace

json::Value Document::viewOfNode(NodeIndex index, int depth, bool *isUndefined) const
{
    return viewOfTree(*this, doubles(*this, index), index, depth, isUndefined);
}

json::Value Document::view() const
{
    bool isUndefined = false;
    return viewOfNode(m_root, 0, &isUndefined);
}

json::Value Document::view(Id id) const
{
    bool isUndefined = false;
    return id.isOrigin() ? view() : viewOfNode(find(id), 0, &isUndefined);
}

std::string Document::canonicalView() const
{
    return json::canonical(view());
}

Path Document::pathOf(Id id) const
{
    Path path;
    NodeIndex at = find(id);
    if (at == kNoNode)
        return path;
    for (NodeIndex parent = m_nodes[at].parent; parent != kNoNode; at = parent, parent = m_nodes[at].parent) {
        const Node &node = m_nodes[parent];
        if (node.kind == NodeKind::Obj) {
            const auto &entries = node.keys().entries();
            const auto it = std::find_if(entries.begin(), entries.end(), [at](const auto &e) { return e.value == at; });
            if (it != entries.end())
                path.emplace_back(it->key);
        } else if (node.kind == NodeKind::Vec) {
            const auto it = std::find(node.vecSlots().begin(), node.vecSlots().end(), at);
            path.emplace_back(static_cast<std::size_t>(it - node.vecSlots().begin()));
        } else if (node.kind == NodeKind::Arr) {
            std::size_t position = 0;
            std::size_t found = 0;
            node.sequence().forEachUnit([&](NodeIndex child) { child == at ? found = position++ : position++; });
            path.emplace_back(found);
        }
    }
    std::reverse(path.begin(), path.end());
    return path;
}

} // namespace eventsync::crdt
