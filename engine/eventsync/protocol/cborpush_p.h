// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/protocol/codec.h>

#include <optional>

namespace eventsync::protocol::cbor {

// A `push` of plain edits of a json document, which is what most frames to a server are, read without a json::Value for
// anything but the operations' values. None if the frame has anything else, invalid or merely rare: then the general reader
// must be used. The result is the same as that of the general reader.
std::optional<Push> readPlainPush(std::string_view frame, const DecodeLimits &limits);

} // namespace eventsync::protocol::cbor
