// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/bytes.h>
#include <eventsync/crdt/id.h>
#include <eventsync/json/value.h>

#include <variant>

namespace eventsync::crdt {

/// The absent value. Setting an object's key to it deletes the key.
struct Undefined
{
    bool operator==(const Undefined &) const = default;
};

/// Binary data as a value; a std::string would be a text.
struct Binary
{
    Bytes bytes;
    bool operator==(const Binary &) const = default;
};

/// The content of a `con` node, which never changes: nothing, a JSON value, binary data, or the id of another node.
using Constant = std::variant<Undefined, json::Value, Binary, Id>;

/// A constant in a plain JSON view: undefined and ids are null, binary data is a data URL.
json::Value viewOf(const Constant &constant);

/// "data:application/octet-stream;base64,...": binary data in JSON.
std::string dataUrl(std::string_view bytes);
/// The bytes of a data URL of that form; none for another text.
bool fromDataUrl(std::string_view text, Bytes &out);

/// RFC 4648 section 4, with padding: binary data in the verbose and compact encodings.
std::string toBase64(std::string_view bytes);
bool fromBase64(std::string_view text, Bytes &out);

} // namespace eventsync::crdt
