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

// Whether a merge patch can express the value: not with a null member at any depth outside arrays.
bool canBeSaid(const Value &value)
{
    if (const Object *object = value.if_object()) {
        for (const auto &member : *object)
            if (member.value().is_null() || !canBeSaid(member.value()))
                return false;
    }
    return true;
}

enum class Difference { None, Said, Unsayable };

// The value as a whole is the patch.
Difference replacement(const Value &after, Value &patch)
{
    patch = after;
    return canBeSaid(after) ? Difference::Said : Difference::Unsayable;
}

// Visits each value once. Objects that are equal give an empty patch.
Difference difference(const Value &before, const Value &after, Value &patch)
{
    const Object *was = before.if_object();
    const Object *is = after.if_object();
    if (!was || !is)
        return equal(before, after) ? Difference::None : replacement(after, patch);
    Object changes;
    for (const auto &member : *was)
        if (!is->contains(member.key()))
            changes.emplace(member.key(), nullptr);
    for (const auto &member : *is) {
        const Value *old = was->if_contains(member.key());
        Value change;
        const Difference found = old ? difference(*old, member.value(), change) : replacement(member.value(), change);
        if (found == Difference::Unsayable || (found == Difference::Said && member.value().is_null()))
            return Difference::Unsayable;
        if (found == Difference::Said)
            changes.emplace(member.key(), std::move(change));
    }
    const Difference found = changes.empty() ? Difference::None : Difference::Said;
    patch = std::move(changes);
    return found;
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
    Value patch = after.is_object() ? Value(Object()) : after;
    if (difference(before, after, patch) == Difference::Unsayable)
        return std::nullopt;
    return patch;
}

} // namespace eventsync::json
