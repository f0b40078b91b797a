// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/bytes.h>
#include <eventsync/crdt/id.h>
#include <eventsync/json/value.h>

#include <variant>

namespace eventsync::crdt {

/// A value that is not there. An object's key set to it is deleted.
struct Undefined
{
    bool operator==(const Undefined &) const = default;
};

/// Binary data as a value, apart from std::string, which would read as text.
struct Binary
{
    Bytes bytes;
    bool operator==(const Binary &) const = default;
};

/// What a `con` node holds, for ever: nothing, a JSON value, binary data, or the name of another node.
using Constant = std::variant<Undefined, json::Value, Binary, Id>;

/// How a constant shows in a plain JSON view: undefined and ids as null, binary data as a data URL.
json::Value viewOf(const Constant &constant);

/// "data:application/octet-stream;base64,...": binary data where only JSON can go.
std::string dataUrl(std::string_view bytes);
/// The bytes of a data URL of that form; nothing for any other text.
bool fromDataUrl(std::string_view text, Bytes &out);

/// RFC 4648 section 4, with padding: binary data in the verbose and compact encodings.
std::string toBase64(std::string_view bytes);
bool fromBase64(std::string_view text, Bytes &out);

} // namespace eventsync::crdt
