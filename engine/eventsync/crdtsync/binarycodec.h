// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdtsync/messages.h>

/// \file
/// The two ways of writing a message; messages.h chooses between them. A binary message begins with a byte that no JSON text
/// begins with.
namespace eventsync::crdtsync {

constexpr char kBinaryVersion = '\x01';

Bytes encodeBinaryMessage(const Message &message);
Result<Message> decodeBinaryMessage(std::string_view bytes);
Bytes encodeJsonMessage(const Message &message, bool compact);
Result<Message> decodeJsonMessage(std::string_view bytes);

/// The rules that hold in every encoding; InvalidMessage says which was broken.
Result<> check(const Message &message);

} // namespace eventsync::crdtsync
