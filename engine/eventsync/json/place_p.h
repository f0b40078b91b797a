// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>
#include <eventsync/json/pointer.h>
#include <eventsync/json/value.h>

#include <cstddef>
#include <string_view>

namespace eventsync::json {

// Where a path leads in a value: into an object under `key`, into an array at `index`, or to the root (no container). Holds
// until the value is changed, and no longer than the path. Value type.
struct Place
{
    Object *object = nullptr;
    Array *array = nullptr;
    std::string_view key = {};
    std::size_t index = 0; // == array->size(): behind the last element
    Value *target = nullptr;
    bool inArray = false; // an array on the way, or the container

    // What a member or element adds to its container beside its own bytes, where so many others stand.
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
