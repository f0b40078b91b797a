// SPDX-License-Identifier: Apache-2.0
#include <desktop/editor/nodeedit.h>

#include <algorithm>

namespace eventsync::desktop {

using crdt::Api;
using crdt::ArrApi;
using crdt::NodeKind;
using crdt::ObjApi;
using crdt::VecApi;

namespace {

Result<NodeKind> kindOf(Api &api, crdt::Id id)
{
    const auto kind = crdt::NodeApi(api, id).kind();
    if (!kind)
        return failure(ErrorCode::NotFound, "the container is gone");
    return *kind;
}

// The current position of an element of a list.
Result<std::size_t> positionOf(Api &api, const NodePlace &place)
{
    const ArrApi list(api, place.container);
    const std::size_t behind = list.position({place.element});
    if (behind == 0 || list.anchor(behind).after != place.element)
        return failure(ErrorCode::NotFound, "the element is gone");
    return behind - 1;
}

NodePlace placeAt(Api &api, crdt::Id list, std::size_t position)
{
    return {.container = list, .key = {}, .slot = 0, .element = ArrApi(api, list).anchor(position + 1).after};
}

Result<crdt::NodeApi> nodeAt(Api &api, const NodePlace &place)
{
    if (place.container.isOrigin())
        return api.at("");
    EVENTSYNC_TRY(const NodeKind kind, kindOf(api, place.container));
    switch (kind) {
    case NodeKind::Obj: return ObjApi(api, place.container).at(place.key);
    case NodeKind::Vec: return VecApi(api, place.container).at(place.slot);
    case NodeKind::Arr: {
        EVENTSYNC_TRY(const std::size_t position, positionOf(api, place));
        return ArrApi(api, place.container).at(position);
    }
    default: return failure(ErrorCode::Invalid, "there is nothing in it");
    }
}

// A register is replaced by its value.
Result<crdt::NodeApi> heldAt(Api &api, const NodePlace &place)
{
    EVENTSYNC_TRY(crdt::NodeApi node, nodeAt(api, place));
    while (node.kind() == NodeKind::Val) {
        EVENTSYNC_TRY(const crdt::NodeApi held, crdt::ValApi(api, node.id()).get());
        node = held;
    }
    return node;
}

std::string freshKey(const std::vector<std::string> &keys)
{
    std::string key = "new";
    for (int number = 2; std::find(keys.begin(), keys.end(), key) != keys.end(); ++number)
        key = "new " + std::to_string(number);
    return key;
}

} // namespace

Result<> NodeEdit::setValue(Api &api, const NodePlace &place, const json::Value &value)
{
    EVENTSYNC_TRY(const crdt::NodeApi held, heldAt(api, place));
    if (held.kind() == NodeKind::Str && value.is_string())
        return crdt::StrApi(api, held.id()).diff(QString::fromUtf8(value.get_string().data(), qsizetype(value.get_string().size())));
    if (place.container.isOrigin())
        return api.root(value);
    EVENTSYNC_TRY(const NodeKind kind, kindOf(api, place.container));
    if (kind == NodeKind::Obj)
        return ObjApi(api, place.container).set(place.key, value);
    if (kind == NodeKind::Vec)
        return VecApi(api, place.container).set(place.slot, value);
    EVENTSYNC_TRY(const std::size_t position, positionOf(api, place));
    return ArrApi(api, place.container).upd(position, value);
}

Result<> NodeEdit::remove(Api &api, const NodePlace &place)
{
    EVENTSYNC_TRY(const NodeKind kind, kindOf(api, place.container));
    if (kind == NodeKind::Obj)
        return ObjApi(api, place.container).del(place.key);
    if (kind != NodeKind::Arr)
        return failure(ErrorCode::Invalid, "a slot cannot be removed");
    EVENTSYNC_TRY(const std::size_t position, positionOf(api, place));
    return ArrApi(api, place.container).del(position, 1);
}

Result<> NodeEdit::rename(Api &api, const NodePlace &place, const std::string &key)
{
    if (key == place.key)
        return {};
    ObjApi object(api, place.container);
    const std::vector<std::string> keys = object.keys();
    if (std::find(keys.begin(), keys.end(), key) != keys.end())
        return failure(ErrorCode::InvalidValue, "there is such a key already", key);
    EVENTSYNC_TRY(const crdt::NodeApi node, object.at(place.key));
    const json::Value value = node.view();
    EVENTSYNC_CHECK(object.set(key, value));
    return object.del(place.key);
}

Result<NodePlace> NodeEdit::move(Api &api, const NodePlace &place, int by)
{
    EVENTSYNC_TRY(const NodeKind kind, kindOf(api, place.container));
    if (kind != NodeKind::Arr)
        return failure(ErrorCode::Invalid, "only what is in a list can be moved");
    EVENTSYNC_TRY(const std::size_t position, positionOf(api, place));
    ArrApi list(api, place.container);
    const auto wanted = std::int64_t(position) + by;
    if (wanted < 0 || wanted >= std::int64_t(list.length()))
        return failure(ErrorCode::NotFound, "the list ends there");
    EVENTSYNC_TRY(const crdt::NodeApi node, list.at(position));
    const json::Value value = node.view();
    EVENTSYNC_CHECK(list.del(position, 1));
    EVENTSYNC_CHECK(list.ins(std::size_t(wanted), {value}));
    return placeAt(api, place.container, std::size_t(wanted));
}

Result<NodePlace> NodeEdit::add(Api &api, crdt::Id container, const json::Value &value, const NodePlace *behind)
{
    EVENTSYNC_TRY(const NodeKind kind, kindOf(api, container));
    if (kind == NodeKind::Obj) {
        ObjApi object(api, container);
        const std::string key = freshKey(object.keys());
        EVENTSYNC_CHECK(object.set(key, value));
        return NodePlace{.container = container, .key = key, .slot = 0, .element = {}};
    }
    if (kind == NodeKind::Vec) {
        VecApi vec(api, container);
        const std::size_t slot = vec.length();
        EVENTSYNC_CHECK(vec.set(slot, value));
        return NodePlace{.container = container, .key = {}, .slot = std::uint32_t(slot), .element = {}};
    }
    if (kind != NodeKind::Arr)
        return failure(ErrorCode::Invalid, "nothing can be put into it");
    ArrApi list(api, container);
    std::size_t position = list.length();
    if (behind) {
        EVENTSYNC_TRY(const std::size_t before, positionOf(api, *behind));
        position = before + 1;
    }
    EVENTSYNC_CHECK(list.ins(position, {value}));
    return placeAt(api, container, position);
}

} // namespace eventsync::desktop
