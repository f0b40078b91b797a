// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>

namespace eventsync {

// Looks at a JSON Schema before valijson does, which follows references by recursion, at compiling and at validating, and
// leaves it to its caller that this ends. A schema may come from a server (`synced`), so it is input.
struct SchemaTraits
{
    bool hasPatterns = false; // some keyword runs a regular expression over texts of the state
};

// InvalidValue, with path: not a schema's form, too big or too deep, a reference to another document, a reference that
// leads to nothing or back to itself without going into a child of the value.
Result<SchemaTraits> examineSchema(const json::Value &schema);

} // namespace eventsync
