// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>
#include <eventsync/json/pointer.h>
#include <eventsync/json/value.h>

#include <cstddef>
#include <string_view>

namespace eventsync::json {

// The place of a path in a value: in an object under `key`, in an array at `index`, or the root (no container). Valid until the
// value is changed, and as long as the path exists. Value type.
struct Place
{
    Object *object = nullptr;
    Array *array = nullptr;
    std::string_view key = {};
    std::size_t index = 0; // == array->size(): behind the last element
    Value *target = nullptr;
    bool inArray = false; // an array on the way, or the container

    // The bytes that a member or element adds to its container apart from its own, given the number of others.
    std::ptrdiff_t framing(std::size_t others) const;
    std::size_t siblings() const { return array ? array->size() : object->size(); }
    // Takes an existing member or element out of its container.
    Value takeOut();
    // The path with an array's "-" as a number.
    Pointer resolved(const Pointer &path) const;
};

enum class Want {
    Existing, // `target` is there
    Insertion // the container is there; an array's index may be its size, or "-"
};

// `root` is null where there is no document. PatchFailed with the path.
Result<Place> locate(Value *root, const Pointer &path, Want want);

} // namespace eventsync::json
