// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/protocol/codec.h>

#include <optional>

namespace eventsync::protocol::cbor {

// A `push` of plain edits of a json document, which is what most frames to a server are, read without a json::Value for
// anything but the operations' values. Nothing where the frame holds anything else, wrong or only seldom: the way that every
// message can be read then says what it is. What this gives is what that way would give.
std::optional<Push> readPlainPush(std::string_view frame, const DecodeLimits &limits);

} // namespace eventsync::protocol::cbor
