// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdtsync/messages.h>

/// \file
/// The two encodings of a message; messages.h selects one. A binary message begins with a byte that no JSON text begins with.
namespace eventsync::crdtsync {

constexpr char kBinaryVersion = '\x01';

Bytes encodeBinaryMessage(const Message &message);
Result<Message> decodeBinaryMessage(std::string_view bytes);
Bytes encodeJsonMessage(const Message &message, bool compact);
Result<Message> decodeJsonMessage(std::string_view bytes);

/// Checks the rules of all encodings; InvalidMessage names the violated one.
Result<> check(const Message &message);

} // namespace eventsync::crdtsync
