// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/mergepatch.h>

namespace eventsync::json {

namespace {

void mergeInto(Value &target, const Value &patch)
{
    const Object *changes = patch.if_object();
    if (!changes) {
        target = patch;
        return;
    }
    if (!target.is_object())
        target = Object();
    Object &object = target.get_object();
    for (const auto &member : *changes) {
        if (member.value().is_null())
            object.erase(member.key());
        else
            mergeInto(object[member.key()], member.value()); // a new member starts as null
    }
}

// Would a value survive being applied as a merge patch? Not with a null member, at any depth outside arrays.
bool canBeSaid(const Value &value)
{
    if (const Object *object = value.if_object()) {
        for (const auto &member : *object)
            if (member.value().is_null() || !canBeSaid(member.value()))
                return false;
    }
    return true;
}

bool differences(const Value &before, const Value &after, Value &patch)
{
    const Object *was = before.if_object();
    const Object *is = after.if_object();
    if (!was || !is) {
        patch = after;
        return canBeSaid(after);
    }
    Object changes;
    for (const auto &member : *was)
        if (!is->contains(member.key()))
            changes.emplace(member.key(), nullptr);
    for (const auto &member : *is) {
        const Value *old = was->if_contains(member.key());
        if (old && equal(*old, member.value()))
            continue;
        Value change;
        if (member.value().is_null() || !differences(old ? *old : Value(), member.value(), change))
            return false;
        changes.emplace(member.key(), std::move(change));
    }
    patch = std::move(changes);
    return true;
}

} // namespace

Value applyMergePatch(const Value &target, const Value &patch)
{
    Value result = target;
    mergeInto(result, patch);
    return result;
}

std::optional<Value> mergePatchFor(const Value &before, const Value &after)
{
    Value patch;
    if (!differences(before, after, patch))
        return std::nullopt;
    return patch;
}

} // namespace eventsync::json
