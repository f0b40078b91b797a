// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/constant.h>

#include <string>
#include <string_view>

namespace eventsync::crdt {

// JSON text as JavaScript's JSON.stringify writes it: no spaces, keys in the order given, array indices among an object's
// keys first. Halves of surrogate pairs, which UTF-8 cannot have, are written as escapes.
void appendJsonText(std::string &out, std::string_view wtf8);
void appendJsonText(std::string &out, std::u16string_view text);
void appendJson(std::string &out, const json::Value &value);
void appendJsonNumber(std::string &out, std::uint64_t number);

// The verbose and compact encodings nest several JSON containers for each node, so their texts may be deeper than a
// document's view. Escaped halves of pairs become U+FFFD.
Result<json::Value> parseEncoding(std::string_view text);

} // namespace eventsync::crdt
