// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/api.h>

#include <string>

namespace eventsync::desktop {

// Where a value stands in a JSON CRDT document: under a key of an object, in a slot of a vec, or as an element of a list, which
// is known by its own id wherever it has moved to meanwhile.
struct NodePlace
{
    crdt::Id container;      // kOrigin: the root register
    std::string key;         // of an obj
    std::uint32_t slot = 0;  // of a vec
    crdt::Id element;        // of an arr
    bool operator==(const NodePlace &) const = default;
};

// What a person does to such a document. Texts are changed where they differ, so that others' changes in the same text stay;
// everything else is replaced. NotFound if the place is not there any more. Stateless.
class NodeEdit
{
public:
    static Result<> setValue(crdt::Api &api, const NodePlace &place, const json::Value &value);
    static Result<> remove(crdt::Api &api, const NodePlace &place);
    // Objects only. The value is made anew under the new key: what others do under the old one meanwhile is lost. InvalidValue:
    // there is such a key.
    static Result<> rename(crdt::Api &api, const NodePlace &place, const std::string &key);
    // Lists only, by a number of places. The element is made anew there: JSON CRDT cannot move. NotFound beyond the ends.
    static Result<NodePlace> move(crdt::Api &api, const NodePlace &place, int by);
    // To the end of the container, or of a list behind one of its elements.
    static Result<NodePlace> add(crdt::Api &api, crdt::Id container, const json::Value &value, const NodePlace *behind = nullptr);
};

} // namespace eventsync::desktop
