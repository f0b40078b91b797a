// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/document.h>
#include <eventsync/crdt/undo.h>

#include <QString>

#include <memory>
#include <string_view>

namespace eventsync::crdt {

class Api;
class StrApi;
class BinApi;
class ArrApi;
class ObjApi;
class VecApi;
class ValApi;
class ConApi;

/// A place in a sequence, given by the element before it, so it moves with the text around it. The default is the front. A
/// value that can be stored and sent; other replicas find the same place.
struct Anchor
{
    Id after = kOrigin; ///< kOrigin: the front
    bool operator==(const Anchor &) const = default;
};
/// Two anchors that a range of elements lies between.
struct AnchorRange
{
    Anchor begin;
    Anchor end;
};

/// A node of the document, for reading. Handles are small, cheap to make, and valid while their node is in the document;
/// without it, reads are empty and edits fail with NotFound. Owner only, like the document.
class NodeApi
{
public:
    NodeApi(Api &api, Id id) : m_api(&api), m_id(id) {}

    Id id() const { return m_id; }
    bool exists() const;
    std::optional<NodeKind> kind() const;
    json::Value view() const;
    Path path() const;

    /// The node as a handle of its kind. NotFound if it does not exist any more, Invalid if it is of another kind.
    Result<StrApi> str() const;
    Result<BinApi> bin() const;
    Result<ArrApi> arr() const;
    Result<ObjApi> obj() const;
    Result<VecApi> vec() const;
    Result<ValApi> val() const;
    Result<ConApi> con() const;

protected:
    template<class T>
    Result<T> as(NodeKind kind) const;
    Result<NodeIndex> index(NodeKind kind) const;
    NodeIndex locate() const;
    NodeIndex locate(NodeKind kind) const; ///< kNoNode: index() says why
    Document &document() const;

    Api *m_api;
    Id m_id;
    mutable NodeIndex m_index = kNoNode; ///< where the node was found last
};

/// A text. Positions and lengths are UTF-16 units, as in QString; NotFound past the end, InvalidValue between the halves of a
/// surrogate pair and for text that has one half only. No function returns such a text.
class StrApi : public NodeApi
{
public:
    using NodeApi::NodeApi;
    qsizetype length() const;
    QString text() const;
    QString text(qsizetype position, qsizetype count) const;
    Result<> ins(qsizetype position, const QString &text);
    Result<> ins(qsizetype position, std::string_view utf8); ///< the same, from valid UTF-8
    Result<> ins(qsizetype position, const char *utf8) { return ins(position, std::string_view(utf8)); }
    Result<> del(qsizetype position, qsizetype count);
    Result<> replace(qsizetype position, qsizetype count, const QString &text);
    Result<> diff(const QString &wanted); ///< the fewest insertions and deletions that lead there

    Anchor anchor(qsizetype position) const;
    qsizetype position(const Anchor &anchor) const;
};

/// Reads and edits binary data. Positions and counts are bytes.
class BinApi : public NodeApi
{
public:
    using NodeApi::NodeApi;
    std::size_t length() const;
    Bytes bytes() const;
    Result<> ins(std::size_t position, std::string_view bytes);
    Result<> del(std::size_t position, std::size_t count);
};

/// Reads and edits a list. Positions are indexes of visible elements.
class ArrApi : public NodeApi
{
public:
    using NodeApi::NodeApi;
    std::size_t length() const;
    Result<NodeApi> at(std::size_t position) const;
    Result<> ins(std::size_t position, const std::vector<json::Value> &values);
    Result<> upd(std::size_t position, const json::Value &value);
    Result<> del(std::size_t position, std::size_t count);
    Anchor anchor(std::size_t position) const;
    std::size_t position(const Anchor &anchor) const;
};

/// Reads and edits an object.
class ObjApi : public NodeApi
{
public:
    using NodeApi::NodeApi;
    std::vector<std::string> keys() const; ///< those that have a value
    Result<NodeApi> at(std::string_view key) const;
    Result<> set(std::string_view key, const json::Value &value); ///< numbers, booleans, null as con, the rest editable
    Result<> setConstant(std::string_view key, const Constant &constant);
    Result<> del(std::string_view key);
};

/// Reads and edits a vector: a tuple of slots that are set separately.
class VecApi : public NodeApi
{
public:
    using NodeApi::NodeApi;
    std::size_t length() const;
    Result<NodeApi> at(std::size_t index) const;
    Result<> set(std::size_t index, const json::Value &value); ///< up to kMaxVecIndex
};

/// Reads and replaces the value of a register.
class ValApi : public NodeApi
{
public:
    using NodeApi::NodeApi;
    Result<NodeApi> get() const;
    Result<> set(const json::Value &value);
};

/// Reads a constant, which never changes.
class ConApi : public NodeApi
{
public:
    using NodeApi::NodeApi;
    Constant constant() const;
};

/// Local edits of a document. Every edit is applied at once and added to the patch that flush() returns; patches of others may
/// be applied in between. One Api per document at a time. Owner only.
///
///   Api api(document);
///   api.root({{"title", "Notes"}, {"text", ""}});
///   api.str("/text")->ins(0, u"안녕"_s);
///   send(api.flush().bytes());
/// Large because each kind of node and each operation of JSON CRDT Patch has a function.
class Api
{
public:
    explicit Api(Document &document) : m_document(document) {}
    Api(const Api &) = delete;
    Api &operator=(const Api &) = delete;

    Document &document() { return m_document; }
    bool hasChanges() const { return !m_builder.isEmpty(); }
    Patch flush(); ///< all edits since the last one; may be empty. Ends a step of undo
    void flush(Bytes &out);

    /// Replaces the whole document.
    Result<> root(const json::Value &value);
    /// Changes the node at `pointer` to the value `wanted` with the smallest edits: texts are edited, not replaced, and lists
    /// and objects keep common elements and members. A missing root is created.
    Result<> diff(const json::Value &wanted, std::string_view pointer = {});

    /// By JSON Pointer. Registers (val) on the path are followed; the node found is the innermost one, except val().
    Result<NodeApi> at(std::string_view pointer) const;
    Result<StrApi> str(std::string_view pointer) const;
    Result<BinApi> bin(std::string_view pointer) const;
    Result<ArrApi> arr(std::string_view pointer) const;
    Result<ObjApi> obj(std::string_view pointer) const;
    Result<VecApi> vec(std::string_view pointer) const;
    Result<ConApi> con(std::string_view pointer) const;
    Result<ValApi> val(std::string_view pointer) const; ///< the innermost register there

    UndoStack &undoStack(); ///< created at the first call; earlier edits cannot be undone

    /// Node builders: a value as nodes that are not yet in the document. Each edit of a handle uses them.
    Id build(const json::Value &value);        ///< objects obj, arrays arr, texts str, the rest a register with a con
    Id buildMember(const json::Value &value);  ///< the same, but numbers, booleans and null as con: what objects hold
    Id buildConstant(const Constant &constant);
    Id buildVec(const std::vector<json::Value> &values);
    Id buildBin(std::string_view bytes);

private:
    friend class NodeApi;
    friend class StrApi;
    friend class BinApi;
    friend class ArrApi;
    friend class ObjApi;
    friend class VecApi;
    friend class ValApi;
    friend class UndoStack;
    friend class Differ;

    PatchBuilder &next(); // ready to write an operation with the document's next id
    void apply() { m_document.applyLocally(m_builder.last()); }
    Id made(Id id)
    {
        apply();
        return id;
    }
    Id buildCopy(const NodeCopy &copy);
    Id idOf(NodeIndex node) const { return m_document.idOf(node); }
    using Spans = boost::container::small_vector<IdSpan, 2>;
    Spans spansOf(const Sequence &sequence, std::uint32_t position, std::uint32_t count) const;
    Id refAt(Id node, const Sequence &sequence, std::uint32_t position) const;
    void insertUnits(NodeIndex node, std::uint32_t position, std::string_view utf8, const Units &units);
    void insertElements(NodeIndex node, std::uint32_t position, const std::vector<Id> &values);
    void deleteUnits(NodeIndex node, std::uint32_t position, std::uint32_t count);
    void setKey(NodeIndex node, std::string_view key, Id value);
    void setSlot(NodeIndex node, std::uint32_t index, Id value);
    void setVal(Id node, NodeIndex old, Id value);
    void setElement(NodeIndex node, std::uint32_t position, Id value);
    Result<Id> resolve(std::string_view pointer, bool stopAtVal) const;

    Document &m_document;
    PatchBuilder m_builder;
    std::unique_ptr<UndoStack> m_undo;
};

} // namespace eventsync::crdt
