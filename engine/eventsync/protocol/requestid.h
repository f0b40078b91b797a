// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/protocol/codec.h>

#include <optional>
#include <string>
#include <string_view>

namespace eventsync::protocol {

// Of a frame that decode() refused: the requestId of the `query` that it was meant to be, so that the refusal can be told as
// its `result`. Any bytes; never throws.
std::optional<std::string> requestIdOf(std::string_view frame, Codec codec, const DecodeLimits &limits = {});

} // namespace eventsync::protocol
