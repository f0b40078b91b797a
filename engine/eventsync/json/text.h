// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// \file
/// The strings of canonical JSON (RFC 8785): the only code that escapes.
namespace eventsync::json {

void appendEscaped(std::string &out, std::string_view text); ///< without quotes
void appendString(std::string &out, std::string_view text);  ///< quoted and escaped

} // namespace eventsync::json
