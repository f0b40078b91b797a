// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace eventsync {

// Whether a text has a form that JSON Schema's `format` names.
using SchemaFormat = bool (*)(std::string_view text);

// nullptr: the format is unknown or not checked; every text passes.
SchemaFormat schemaFormat(std::string_view name);

} // namespace eventsync
