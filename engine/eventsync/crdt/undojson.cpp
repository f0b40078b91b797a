// SPDX-License-Identifier: Apache-2.0
//
// Steps of undo as JSON values, for stores. Arrays by position: they are written on every keystroke. Contents are base64url,
// because a text may hold half a surrogate pair where somebody else deleted the other half.
#include <eventsync/crdt/undo.h>

#include <eventsync/json/limits.h>

namespace eventsync::crdt {

namespace {

constexpr std::string_view kUndefined = "undefined", kValue = "value", kBinary = "binary", kId = "id";
constexpr int kDeepest = 2 * limits::kDepth + 2;

tl::unexpected<Error> broken()
{
    return failure(ErrorCode::InvalidValue, "not a step of undo");
}

json::String text(std::string_view value)
{
    return json::String(value);
}

json::Value write(Id id)
{
    return json::Array{static_cast<std::int64_t>(id.sid), static_cast<std::int64_t>(id.time)};
}

json::Value write(const IdSpan &span)
{
    return json::Array{static_cast<std::int64_t>(span.sid), static_cast<std::int64_t>(span.time),
                       static_cast<std::int64_t>(span.length)};
}

json::Value write(const Constant &constant)
{
    if (const auto *value = std::get_if<json::Value>(&constant))
        return json::Array{text(kValue), *value};
    if (const auto *binary = std::get_if<Binary>(&constant))
        return json::Array{text(kBinary), text(toBase64Url(binary->bytes))};
    if (const auto *id = std::get_if<Id>(&constant))
        return json::Array{text(kId), write(*id)};
    return json::Array{text(kUndefined)};
}

json::Value write(const NodeCopy &copy)
{
    json::Array keys, children;
    for (const std::string &key : copy.keys)
        keys.push_back(text(key));
    for (const NodeCopy &child : copy.children)
        children.push_back(write(child));
    return json::Array{static_cast<std::int64_t>(copy.kind), write(copy.constant), text(toBase64Url(copy.content)),
                       std::move(keys), std::move(children)};
}

json::Value write(const UndoInserted &edit)
{
    return json::Array{"inserted", write(edit.node), write(edit.ids)};
}

json::Value write(const UndoRemoved &edit)
{
    json::Array elements;
    for (const NodeCopy &element : edit.elements)
        elements.push_back(write(element));
    return json::Array{"removed", write(edit.node), write(edit.after), write(edit.ids), text(toBase64Url(edit.content)),
                       std::move(elements)};
}

json::Value write(const UndoReplaced &edit)
{
    return json::Array{"replaced",       write(edit.node), text(edit.key),    static_cast<std::int64_t>(edit.index),
                       write(edit.slot), write(edit.ours), write(edit.oldId), write(edit.old)};
}

// ---- reading: one flag for the whole step, asked at the end

class Reader
{
public:
    bool ok = true;

    const json::Array &array(const json::Value &value, std::size_t size)
    {
        static const json::Array kNone;
        if (value.is_array() && value.get_array().size() == size)
            return value.get_array();
        ok = false;
        return kNone;
    }
    std::uint64_t number(const json::Value &value, std::uint64_t most = kMaxTime)
    {
        if (value.is_int64() && value.get_int64() >= 0 && static_cast<std::uint64_t>(value.get_int64()) <= most)
            return static_cast<std::uint64_t>(value.get_int64());
        ok = false;
        return 0;
    }
    std::string string(const json::Value &value)
    {
        if (value.is_string())
            return std::string(value.get_string());
        ok = false;
        return {};
    }
    Bytes bytes(const json::Value &value)
    {
        auto read = fromBase64Url(string(value));
        ok = ok && read;
        return read ? std::move(*read) : Bytes();
    }
    Id id(const json::Value &value)
    {
        const json::Array &pair = array(value, 2);
        return ok ? Id{number(pair[0], kMaxSessionId), number(pair[1])} : Id();
    }
    IdSpan span(const json::Value &value)
    {
        const json::Array &triple = array(value, 3);
        return ok ? IdSpan{number(triple[0], kMaxSessionId), number(triple[1]), number(triple[2])} : IdSpan();
    }
    Constant constant(const json::Value &value)
    {
        if (!value.is_array() || value.get_array().empty()) {
            ok = false;
            return {};
        }
        const json::Array &pair = value.get_array();
        const std::string kind = string(pair[0]);
        if (kind == kUndefined && pair.size() == 1)
            return Undefined{};
        if (kind == kValue && pair.size() == 2)
            return pair[1];
        if (kind == kBinary && pair.size() == 2)
            return Binary{bytes(pair[1])};
        if (kind == kId && pair.size() == 2)
            return id(pair[1]);
        ok = false;
        return {};
    }
    NodeCopy copy(const json::Value &value, int depth = 0)
    {
        NodeCopy copy;
        const json::Array &parts = array(value, 5);
        ok = ok && depth < kDeepest && parts[3].is_array() && parts[4].is_array();
        if (!ok)
            return copy;
        copy.kind = static_cast<NodeKind>(number(parts[0], static_cast<std::uint64_t>(NodeKind::Arr)));
        copy.constant = constant(parts[1]);
        copy.content = bytes(parts[2]);
        for (const json::Value &key : parts[3].get_array())
            copy.keys.push_back(string(key));
        for (const json::Value &child : parts[4].get_array())
            copy.children.push_back(this->copy(child, depth + 1));
        ok = ok && (copy.keys.empty() || copy.keys.size() == copy.children.size());
        return copy;
    }
    UndoEdit edit(const json::Value &value)
    {
        const json::Array &parts = array(value, value.is_array() ? value.get_array().size() : 0);
        const std::string name = parts.empty() ? std::string() : string(parts[0]);
        if (name == "inserted" && parts.size() == 3)
            return UndoInserted{id(parts[1]), span(parts[2])};
        if (name == "removed" && parts.size() == 6 && parts[5].is_array()) {
            UndoRemoved removed{id(parts[1]), id(parts[2]), span(parts[3]), bytes(parts[4]), {}};
            for (const json::Value &element : parts[5].get_array())
                removed.elements.push_back(copy(element));
            return removed;
        }
        if (name == "replaced" && parts.size() == 8)
            return UndoReplaced{id(parts[1]), string(parts[2]), static_cast<std::uint32_t>(number(parts[3], kMaxVecIndex)),
                                id(parts[4]), id(parts[5]),     id(parts[6]), copy(parts[7])};
        ok = false;
        return UndoInserted{};
    }
};

} // namespace

json::Value toJson(const UndoEdits &step)
{
    json::Array edits;
    for (const UndoEdit &edit : step)
        edits.push_back(std::visit([](const auto &one) { return write(one); }, edit));
    return edits;
}

json::Value toJson(const RecreatedIds &again)
{
    return json::Array{write(again.old), write(again.now)};
}

Result<UndoEdits> undoStepFrom(const json::Value &value)
{
    if (!value.is_array())
        return broken();
    Reader read;
    UndoEdits step;
    for (const json::Value &edit : value.get_array())
        step.push_back(read.edit(edit));
    if (!read.ok)
        return broken();
    return step;
}

Result<RecreatedIds> recreatedIdsFrom(const json::Value &value)
{
    Reader read;
    const json::Array &pair = read.array(value, 2);
    if (!read.ok)
        return broken();
    const RecreatedIds again{read.span(pair[0]), read.id(pair[1])};
    if (!read.ok)
        return broken();
    return again;
}

void rename(UndoEdits &step, const std::function<Id(Id)> &rename)
{
    const auto renameSpan = [&](IdSpan &span) {
        const Id first = rename(span.first());
        span = {first.sid, first.time, span.length};
    };
    for (UndoEdit &edit : step) {
        if (auto *inserted = std::get_if<UndoInserted>(&edit)) {
            inserted->node = rename(inserted->node);
            renameSpan(inserted->ids);
        } else if (auto *removed = std::get_if<UndoRemoved>(&edit)) {
            removed->node = rename(removed->node);
            removed->after = rename(removed->after);
            renameSpan(removed->ids);
        } else if (auto *replaced = std::get_if<UndoReplaced>(&edit)) {
            for (Id *id : {&replaced->node, &replaced->slot, &replaced->ours, &replaced->oldId})
                *id = rename(*id);
        }
    }
}

} // namespace eventsync::crdt
