// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <string_view>
#include <vector>

namespace eventsync::server {

/// The texts of a JSON list's elements, or the one text if `body` is no list: a body of POST /api/stream/{connectionId} as
/// messages, byte for byte. Only the commas are searched for; the decoder checks whether an element is valid JSON.
/// InvalidMessage if brackets or quotes do not match or an element is missing; TooLarge beyond maxElements.
Result<std::vector<std::string_view>> splitJsonList(std::string_view body, std::size_t maxElements);

} // namespace eventsync::server
