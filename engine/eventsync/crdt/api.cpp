// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/api.h>

#include <eventsync/crdt/differ_p.h>
#include <eventsync/crdt/utf16_p.h>
#include <eventsync/json/limits.h>

#include <charconv>

namespace eventsync::crdt {

namespace {

Error broken(ErrorCode code, std::string message)
{
    return Error{code, std::move(message), {}};
}

bool hasHiddenKey(const json::Value &value)
{
    if (value.is_array()) {
        for (const json::Value &element : value.get_array()) {
            if (hasHiddenKey(element))
                return true;
        }
    } else if (value.is_object()) {
        for (const auto &member : value.get_object()) {
            if (member.key() == kHiddenKey || hasHiddenKey(member.value()))
                return true;
        }
    }
    return false;
}

} // namespace

// A value that is already as the domain has it and as every encoding keeps it.
bool isPlain(const json::Value &value)
{
    const std::int64_t *number = value.if_int64();
    return value.is_null() || value.is_bool() || (number && *number >= -limits::kMaxInteger && *number <= limits::kMaxInteger);
}

// A value as the domain has it, which can be built.
Result<json::Value> prepared(const json::Value &value)
{
    json::Value copy = value;
    EVENTSYNC_CHECK(json::normalize(copy));
    if (hasHiddenKey(copy))
        return failure(broken(ErrorCode::InvalidValue, "the key __proto__ is reserved"));
    return copy;
}

Result<> checkKey(std::string_view key)
{
    if (key == kHiddenKey)
        return failure(broken(ErrorCode::InvalidValue, "the key __proto__ is reserved"));
    if (key.find('\0') != std::string_view::npos || !isValidUtf8(key))
        return failure(broken(ErrorCode::InvalidValue, "a key that is no text"));
    return {};
}

// ---- flushing

PatchBuilder &Api::next()
{
    if (m_builder.isEmpty())
        m_builder.begin(m_document.clock().next());
    else
        m_builder.skipTo(m_document.clock().time());
    return m_builder;
}

Patch Api::flush()
{
    if (m_undo)
        m_undo->seal();
    return m_builder.flush();
}

void Api::flush(Bytes &out)
{
    if (m_undo)
        m_undo->seal();
    m_builder.flush(out);
}

UndoStack &Api::undoStack()
{
    if (!m_undo)
        m_undo = std::make_unique<UndoStack>(*this);
    return *m_undo;
}

// ---- building nodes

Id Api::buildConstant(const Constant &constant)
{
    const Id id = next().newCon(constant);
    const auto *value = std::get_if<json::Value>(&constant);
    if (value && isPlain(*value))
        return m_document.createLocally(constant);
    return made(id);
}

Id Api::buildMember(const json::Value &value)
{
    return value.is_structured() || value.is_string() ? build(value) : buildConstant(value);
}

Id Api::build(const json::Value &value)
{
    if (value.is_string()) {
        const Id str = made(next().newNode(OpCode::NewStr));
        if (!value.get_string().empty())
            made(next().insStr(str, str, std::string_view(value.get_string())));
        return str;
    }
    if (value.is_array()) {
        const Id arr = made(next().newNode(OpCode::NewArr));
        std::vector<Id> elements;
        for (const json::Value &element : value.get_array())
            elements.push_back(build(element));
        if (!elements.empty())
            made(next().insArr(arr, arr, elements));
        return arr;
    }
    if (value.is_object()) {
        const Id obj = made(next().newNode(OpCode::NewObj));
        std::vector<std::pair<std::string, Id>> entries;
        for (const auto &member : value.get_object())
            entries.emplace_back(member.key(), buildMember(member.value()));
        if (!entries.empty())
            made(next().insObj(obj, entries));
        return obj;
    }
    const Id val = made(next().newNode(OpCode::NewVal));
    const Id con = buildConstant(value);
    made(next().insVal(val, con));
    return val;
}

Id Api::buildVec(const std::vector<json::Value> &values)
{
    const Id vec = made(next().newNode(OpCode::NewVec));
    std::vector<std::pair<std::uint32_t, Id>> entries;
    for (const json::Value &value : values)
        entries.emplace_back(static_cast<std::uint32_t>(entries.size()), buildMember(value));
    if (!entries.empty())
        made(next().insVec(vec, entries));
    return vec;
}

Id Api::buildBin(std::string_view bytes)
{
    const Id bin = made(next().newNode(OpCode::NewBin));
    if (!bytes.empty())
        made(next().insBin(bin, bin, bytes));
    return bin;
}

Id Api::buildCopy(const NodeCopy &copy)
{
    if (copy.kind == NodeKind::Con)
        return buildConstant(copy.constant);
    const Id node = made(next().newNode(static_cast<OpCode>(copy.kind)));
    std::vector<std::pair<std::string, Id>> keys;
    std::vector<std::pair<std::uint32_t, Id>> slots;
    std::vector<Id> elements;
    for (std::size_t i = 0; i < copy.children.size(); ++i) {
        const NodeCopy &child = copy.children[i];
        const bool isHole = copy.kind == NodeKind::Vec && child.kind == NodeKind::Con
            && std::holds_alternative<Undefined>(child.constant);
        const Id id = isHole ? kOrigin : buildCopy(child);
        if (!isHole)
            slots.emplace_back(static_cast<std::uint32_t>(i), id);
        keys.emplace_back(copy.keys[i], id);
        elements.push_back(id);
    }
    if (copy.kind == NodeKind::Str && !copy.content.empty())
        made(next().insStr(node, node, copy.content));
    else if (copy.kind == NodeKind::Bin && !copy.content.empty())
        made(next().insBin(node, node, copy.content));
    else if (copy.kind == NodeKind::Val && !elements.empty())
        made(next().insVal(node, elements.front()));
    else if (copy.kind == NodeKind::Obj && !keys.empty())
        made(next().insObj(node, keys));
    else if (copy.kind == NodeKind::Vec && !slots.empty())
        made(next().insVec(node, slots));
    else if (copy.kind == NodeKind::Arr && !elements.empty())
        made(next().insArr(node, node, elements));
    return node;
}

// ---- edits

Api::Spans Api::spansOf(const Sequence &sequence, std::uint32_t position, std::uint32_t count) const
{
    Spans spans;
    for (const Sequence::Run &run : sequence.runs(position, count)) {
        const Id first = m_document.idOf(run.first);
        spans.push_back({first.sid, first.time, run.length});
    }
    return spans;
}

Id Api::refAt(Id node, const Sequence &sequence, std::uint32_t position) const
{
    return position == 0 ? node : m_document.idOf(sequence.stampAt(position - 1));
}

void Api::insertUnits(NodeIndex index, std::uint32_t position, std::string_view content, const Units &units)
{
    const Node &node = m_document.node(index);
    const Id id = idOf(index);
    PatchBuilder &builder = next(); // its next id is the document's
    const Id ref = m_document.insertLocally(index, position, units);
    const Id first = node.kind == NodeKind::Str ? builder.insStr(id, ref, content, units.count)
                                                : builder.insBin(id, ref, content);
    if (m_undo)
        m_undo->record(UndoStack::Inserted{id, {first.sid, first.time, units.count}});
}

void Api::insertElements(NodeIndex index, std::uint32_t position, const std::vector<Id> &values)
{
    const Id id = idOf(index);
    const Id ref = refAt(id, m_document.node(index).sequence(), position);
    const Id first = made(next().insArr(id, ref, values));
    if (m_undo)
        m_undo->record(UndoStack::Inserted{id, {first.sid, first.time, values.size()}});
}

void Api::deleteUnits(NodeIndex index, std::uint32_t position, std::uint32_t count)
{
    const Node &node = m_document.node(index);
    const Id id = idOf(index);
    PatchBuilder &builder = next();
    IdSpan run;
    if (!m_undo && m_document.eraseRunLocally(index, position, count, &run)) {
        builder.del(id, {run});
        return;
    }
    const Spans spans = spansOf(node.sequence(), position, count);
    if (m_undo) {
        std::uint32_t at = position;
        for (const IdSpan &span : spans) {
            const auto length = static_cast<std::uint32_t>(span.length);
            UndoStack::Removed removed{id, span.first().plus(span.length - 1), span, {}, {}};
            if (node.kind == NodeKind::Str) {
                std::u16string units;
                node.sequence().appendUtf16(units, at, length);
                appendUtf8(removed.content, units, LoneSurrogate::Keep);
            } else if (node.kind == NodeKind::Bin) {
                node.sequence().appendBytes(removed.content, at, length);
            } else {
                for (std::uint32_t i = 0; i < length; ++i)
                    removed.elements.push_back(copyOf(m_document, node.sequence().unitAt(at + i)));
            }
            at += length;
            m_undo->record(std::move(removed));
        }
    }
    builder.del(id, spans);
    m_document.eraseLocally(index, spans);
}

void Api::setKey(NodeIndex index, std::string_view key, Id value)
{
    const Id id = idOf(index);
    if (m_undo) {
        const NodeIndex *old = m_document.node(index).keys().find(key);
        const bool exists = old != nullptr && *old != kNoNode;
        m_undo->record(UndoStack::Replaced{id, std::string(key), 0, kOrigin, value, exists ? idOf(*old) : kOrigin,
                                           exists ? copyOf(m_document, *old) : NodeCopy{}});
    }
    next().insObj(id, key, value);
    m_document.setKeyLocally(index, key, value);
}

void Api::setSlot(NodeIndex index, std::uint32_t slot, Id value)
{
    const Id id = idOf(index);
    if (m_undo) {
        const VecSlots &slots = m_document.node(index).vecSlots();
        const bool exists = slot < slots.size() && slots[slot] != kNoNode;
        m_undo->record(UndoStack::Replaced{id, {}, slot, kOrigin, value, exists ? idOf(slots[slot]) : kOrigin,
                                           exists ? copyOf(m_document, slots[slot]) : NodeCopy{}});
    }
    made(next().insVec(id, {{slot, value}}));
}

void Api::setVal(Id id, NodeIndex old, Id value)
{
    if (m_undo) {
        const bool exists = old != kNoNode;
        m_undo->record(UndoStack::Replaced{id, {}, 0, kOrigin, value, exists ? idOf(old) : kOrigin,
                                           exists ? copyOf(m_document, old) : NodeCopy{}});
    }
    made(next().insVal(id, value));
}

void Api::setElement(NodeIndex index, std::uint32_t position, Id value)
{
    const Id id = idOf(index);
    const Sequence &sequence = m_document.node(index).sequence();
    const Id slot = m_document.idOf(sequence.stampAt(position));
    if (m_undo) {
        const NodeIndex old = sequence.unitAt(position);
        m_undo->record(UndoStack::Replaced{id, {}, 0, slot, value, idOf(old), copyOf(m_document, old)});
    }
    made(next().updArr(id, slot, value));
}

Result<> Api::root(const json::Value &value)
{
    EVENTSYNC_TRY(const json::Value wanted, prepared(value));
    const NodeIndex old = m_document.rootNode();
    const Id made = build(wanted);
    setVal(kOrigin, m_document.rootNode() == old ? old : kNoNode, made);
    return {};
}

Result<> Api::diff(const json::Value &wanted, std::string_view pointer)
{
    EVENTSYNC_TRY(const json::Value value, prepared(wanted));
    if (pointer.empty() && m_document.isEmpty())
        return root(value);
    EVENTSYNC_TRY(const Id node, resolve(pointer, false));
    if (Differ(*this).edit(m_document.find(node), value))
        return {};
    return Differ(*this).replace(pointer, value);
}

// ---- finding

Result<Id> Api::resolve(std::string_view pointer, bool stopAtVal) const
{
    NodeIndex at = m_document.rootNode();
    NodeIndex lastVal = kNoNode;
    const auto passVals = [&] {
        lastVal = kNoNode;
        for (; at != kNoNode && m_document.node(at).kind == NodeKind::Val; at = m_document.node(at).value())
            lastVal = at;
    };
    passVals();
    if (!pointer.empty() && pointer[0] != '/')
        return failure(ErrorCode::InvalidValue, "a JSON Pointer begins with a slash", std::string(pointer));
    for (std::size_t begin = 1; begin <= pointer.size() && at != kNoNode;) {
        const std::size_t end = std::min(pointer.find('/', begin), pointer.size());
        std::string token;
        for (std::size_t i = begin; i < end; ++i) {
            const bool escaped = pointer[i] == '~' && i + 1 < end;
            token += escaped ? (pointer[++i] == '0' ? '~' : '/') : pointer[i];
        }
        begin = end + 1;
        const Node &node = m_document.node(at);
        std::uint32_t index = 0;
        const bool isIndex = std::from_chars(token.data(), token.data() + token.size(), index).ptr
            == token.data() + token.size() && !token.empty();
        at = kNoNode;
        if (node.kind == NodeKind::Obj) {
            if (const NodeIndex *child = node.keys().find(token); child && token != kHiddenKey)
                at = *child;
        } else if (node.kind == NodeKind::Vec && isIndex && index < node.vecSlots().size()) {
            at = node.vecSlots()[index];
        } else if (node.kind == NodeKind::Arr && isIndex && index < node.sequence().length()) {
            at = node.sequence().unitAt(index);
        }
        passVals();
    }
    if (stopAtVal)
        at = lastVal;
    if (at == kNoNode)
        return failure(ErrorCode::NotFound, "no such node", std::string(pointer));
    return idOf(at);
}

Result<NodeApi> Api::at(std::string_view pointer) const
{
    EVENTSYNC_TRY(const Id id, resolve(pointer, false));
    return NodeApi(const_cast<Api &>(*this), id);
}

Result<ValApi> Api::val(std::string_view pointer) const
{
    EVENTSYNC_TRY(const Id id, resolve(pointer, true));
    return ValApi(const_cast<Api &>(*this), id);
}

Result<StrApi> Api::str(std::string_view pointer) const
{
    EVENTSYNC_TRY(const NodeApi node, at(pointer));
    return node.str();
}

Result<BinApi> Api::bin(std::string_view pointer) const
{
    EVENTSYNC_TRY(const NodeApi node, at(pointer));
    return node.bin();
}

Result<ArrApi> Api::arr(std::string_view pointer) const
{
    EVENTSYNC_TRY(const NodeApi node, at(pointer));
    return node.arr();
}

Result<ObjApi> Api::obj(std::string_view pointer) const
{
    EVENTSYNC_TRY(const NodeApi node, at(pointer));
    return node.obj();
}

Result<VecApi> Api::vec(std::string_view pointer) const
{
    EVENTSYNC_TRY(const NodeApi node, at(pointer));
    return node.vec();
}

Result<ConApi> Api::con(std::string_view pointer) const
{
    EVENTSYNC_TRY(const NodeApi node, at(pointer));
    return node.con();
}

} // namespace eventsync::crdt
