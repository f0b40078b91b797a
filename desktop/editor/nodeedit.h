// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/api.h>

#include <string>

namespace eventsync::desktop {

// The place of a value in a JSON CRDT document: under a key of an object, in a slot of a vec, or as an element of a list, which
// is identified by its id, at any position.
struct NodePlace
{
    crdt::Id container;      // kOrigin: the root register
    std::string key;         // of an obj
    std::uint32_t slot = 0;  // of a vec
    crdt::Id element;        // of an arr
    bool operator==(const NodePlace &) const = default;
};

// The edits of a user in such a document. Texts are changed where they differ, so that others' changes in the same text stay;
// everything else is replaced. NotFound if the place does not exist any more. Stateless.
class NodeEdit
{
public:
    static Result<> setValue(crdt::Api &api, const NodePlace &place, const json::Value &value);
    static Result<> remove(crdt::Api &api, const NodePlace &place);
    // Objects only. The value is created again under the new key: concurrent edits of others under the old one are lost.
    // InvalidValue: the key exists.
    static Result<> rename(crdt::Api &api, const NodePlace &place, const std::string &key);
    // Lists only, by a number of places. The element is created again there: JSON CRDT cannot move elements. NotFound beyond
    // the ends.
    static Result<NodePlace> move(crdt::Api &api, const NodePlace &place, int by);
    // Adds at the end of the container, or in a list after one of its elements.
    static Result<NodePlace> add(crdt::Api &api, crdt::Id container, const json::Value &value, const NodePlace *behind = nullptr);
};

} // namespace eventsync::desktop
