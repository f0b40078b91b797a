// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/clock.h>
#include <eventsync/crdt/limits.h>
#include <eventsync/crdt/nodes.h>
#include <eventsync/crdt/patch.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace eventsync::crdt {

/// A step from a container to what is in it: a key of an obj, or an index of a vec or arr.
using PathStep = std::variant<std::string, std::size_t>;
using Path = std::vector<PathStep>;
std::string toString(const Path &path); ///< as a JSON Pointer

/// What one applied operation changed, as an observer sees it. Positions count after the changes before, so an observer that
/// applies the changes in order has the document's text at every step.
struct Change
{
    enum class Kind { Text, Bytes, Elements, Value }; ///< Value: a register (val, key, slot, element) has another value
    Kind kind = Kind::Value;
    Id node;                    ///< the str, bin, arr, val, obj or vec that changed; kOrigin: the root
    std::uint32_t position = 0; ///< Text, Bytes, Elements, Value of an arr: where
    std::uint32_t removed = 0;  ///< removed units
    std::uint32_t inserted = 0; ///< inserted units; they can be read from the document
    std::string key;            ///< Value of an obj
};

/// Whether a patch changed the document. Known: all of it had been applied before.
enum class Applied { New, Known };

/// A JSON CRDT document: a JSON value that replicas change concurrently by patches. Replicas may apply patches in any order in
/// which a patch comes after its dependencies, and any number of times; the result is the same (G14).
///
/// Invariants: apply() applies a patch completely or not at all; the encoded document depends on the set of applied operations
/// alone (apart from the order of an object's keys and of sessions, which is the order of arrival, as in the reference
/// implementation). Owner only; a document may be moved and forked, and forks are independent.
///
/// Values nested deeper than limits::kDepth containers are null in the view.
///
/// Large because patches, views, places and history are all about one tree of nodes, which it alone may change.
class Document
{
public:
    explicit Document(std::uint64_t sid = kFirstFreeSession); ///< logical clock, at time 1
    static Document withServerClock(std::uint64_t time = 1);
    explicit Document(LogicalClock clock);
    Document(Document &&) noexcept;
    Document &operator=(Document &&) noexcept;
    ~Document();

    /// MissingDependency: it refers to an id not seen yet (or, with a server clock, leaves a gap); InvalidValue: it is not a
    /// valid patch, or its time is more than limits::kCrdtClockJump ahead; TooLarge. Any of these changes nothing.
    Result<Applied> apply(const PatchView &patch);
    Result<Applied> apply(const Patch &patch);
    Result<Applied> applyBinary(std::string_view bytes);

    json::Value view() const;        ///< undefined shows as null, binary data as a data URL
    json::Value view(Id node) const; ///< null if there is no such node
    std::string canonicalView() const;
    bool isEmpty() const { return m_root == kNoNode; }

    const LogicalClock &clock() const { return *m_clock; }
    std::uint64_t sid() const { return m_clock->sid(); }
    void setSid(std::uint64_t sid) { m_clock->setSid(sid); }
    Document fork(std::uint64_t sid) const; ///< a deep copy with another session
    /// From now on patches may refer to all ids of this session up to `last`, for callers that know that they were seen
    /// although none of their content is left.
    void assumeSeen(Id last) { m_clock->load(last); }
    static bool mayHaveSeen(Id last) { return last.sid <= kMaxSessionId && last.time < kMaxTime - limits::kCrdtClockJump; }

    /// Same view, and the same ids behind it.
    bool operator==(const Document &other) const;

    /// `observer` is called after every change of an applied operation of any author. Without an observer changes are not
    /// computed.
    using Observer = std::function<void(const Change &)>;
    void setObserver(Observer observer) { m_observer = std::move(observer); }

    /// Nodes are named by their ids; for an id without a node the result is empty.
    Id root() const; ///< the node in the root register; kOrigin if none
    bool has(Id node) const { return find(node) != kNoNode; }
    Path pathOf(Id node) const; ///< from the root; empty for nodes that are not below it, and for the root's own value

    /// For codecs and the editing API, which must keep the invariants.
    NodeIndex find(Id node) const { return isAt(m_lastFound, node) ? m_lastFound : lookUp(node); }
    bool isAt(NodeIndex index, Id node) const ///< whether the node is still at this index: cheaper than find()
    {
        if (index >= m_nodes.size() || m_nodes[index].id.time != node.time)
            return false;
        const LogicalClock::SessionIndex session = m_nodes[index].id.session;
        return session != LogicalClock::kNone && m_clock->sidOf(session) == node.sid;
    }
    Id idOf(NodeIndex node) const;
    Id idOf(Sequence::Stamp stamp) const { return {m_clock->sidOf(stamp.session), stamp.time}; }
    Sequence::Stamp stampOf(Id id) const;
    const Node &node(NodeIndex index) const { return m_nodes[index]; }
    NodeIndex rootNode() const { return m_root; }
    const NodeStore &nodes() const { return m_nodes; }
    std::size_t heapBytes() const { return m_nodes.heapBytes(); }

    /// Local edits that are known to be valid: like apply() with the same operation, without looking up the places again. The
    /// operation's id is clock().next().
    Id insertLocally(NodeIndex node, std::uint32_t position, const Units &units); ///< gives what it follows: the operation's ref
    Id createLocally(const Constant &constant); ///< null, a boolean or an integer: what its encoding would read as again
    void setKeyLocally(NodeIndex node, std::string_view key, Id value);
    void eraseLocally(NodeIndex node, std::span<const IdSpan> ids); ///< also of elements
    bool eraseRunLocally(NodeIndex node, std::uint32_t position, std::uint32_t count, IdSpan *ids); ///< false: several runs, or elements
    void applyLocally(const Operation &operation);

private:
    friend class DocumentLoader;

    Result<> check(const PatchView &patch) const;
    Id firstUnknown(const Operation &op, const IdSpan &self) const;
    Result<> checkOperation(const Operation &op, const IdSpan &self) const;
    bool knows(Id id, const IdSpan &self) const;
    void perform(const Operation &op);
    void createNode(const Operation &op);
    void insertUnits(const Operation &op);
    void insertUnits(NodeIndex node, const Operation &op, std::uint64_t known);
    bool typesOn(const Operation &op);
    void insertElements(const Operation &op);
    void updateElement(const Operation &op);
    void erase(const Operation &op);
    void erase(NodeIndex node, const IdSpan &ids, std::vector<NodeIndex> &gone);
    void setKeys(const Operation &op);
    void setKey(NodeIndex node, Id object, const KeyEntry &entry);
    void setSlots(const Operation &op);
    void setValue(const Operation &op);
    std::uint64_t knownPrefix(const Sequence &sequence, const Operation &op) const;

    NodeIndex lookUp(Id id) const;
    NodeIndex container(Id id, NodeKind kind) const;
    NodeIndex resolve(Id id, bool wanted);
    void discard(Id value);
    bool put(NodeIndex &slot, Id value, NodeIndex container);
    bool isLess(NodeIndex node, Id id) const { return idOf(node) < id; }
    void notify(Change change) const
    {
        if (m_observer)
            m_observer(change);
    }
    json::Value viewOfNode(NodeIndex node, int depth, bool *isUndefined) const;

    std::unique_ptr<LogicalClock> m_clock;
    NodeStore m_nodes;
    NodeIndex m_root = kNoNode;
    mutable NodeIndex m_lastFound = kNoNode;
    Observer m_observer;
};

} // namespace eventsync::crdt
