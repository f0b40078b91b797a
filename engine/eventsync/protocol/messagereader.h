// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/protocol/codec.h>

namespace eventsync::protocol {

struct ReadLimits
{
    std::size_t eventBytes;
    bool measureEvents; // false when the whole frame is so small that no event in it can be too large
};

// A message from its JSON form: InvalidMessage, UnknownMessage, and what its fields say. Unknown fields are ignored, those
// of events refused.
Result<Message> messageFrom(const json::Value &value, const ReadLimits &limits);

} // namespace eventsync::protocol
