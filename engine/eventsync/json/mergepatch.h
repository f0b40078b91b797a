// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/patch.h>

namespace eventsync::json {

/// RFC 7396. Applying never fails on values in the domain.
Value applyMergePatch(const Value &target, const Value &patch);

/// The merge patch that turns `before` into `after`, if one exists: it cannot express a null inside `after`.
std::optional<Value> mergePatchFor(const Value &before, const Value &after);

} // namespace eventsync::json
