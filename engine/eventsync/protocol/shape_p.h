// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace eventsync::protocol {

// Where a message has bytes. In JSON a hash is hexadecimal text and other bytes are base64url text; in CBOR both are byte
// strings. Messages are built and read in their JSON form; the CBOR codec follows a Shape and converts these places only. The
// names mean the same in every message, so there is one Shape for all. Static data; any thread.
struct Shape
{
    enum class Kind {
        Fields, // an object of the protocol: named members have their own shapes, others are Loose
        Items,  // a list; each item has the shape `item`
        Pair,   // a list whose second item has the shape `item`
        Hash,   // 32 bytes
        Bytes,
        Value,  // JSON of a user, without byte strings
        Loose,  // anything else; a byte string can only be in a field that this version does not know
    };
    struct Field
    {
        std::string_view name;
        const Shape *shape;
    };

    Kind kind = Kind::Loose;
    std::span<const Field> fields = {};
    const Shape *item = nullptr;

    const Shape &member(std::string_view name) const;
    const Shape &element(std::size_t index) const;
};

const Shape &messageShape();

} // namespace eventsync::protocol
