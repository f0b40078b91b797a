// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <string_view>
#include <vector>

namespace eventsync::server {

/// The texts of a JSON list's elements, or the one text if `body` is no list: a body of POST /api/stream/{connectionId} as
/// messages, byte for byte. Only what is needed to find the commas is looked at; whether an element is JSON is for its
/// decoder to say. InvalidMessage if brackets or quotes do not match or an element is missing; TooLarge beyond maxElements.
Result<std::vector<std::string_view>> splitJsonList(std::string_view body, std::size_t maxElements);

} // namespace eventsync::server
