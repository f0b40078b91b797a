// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/collectionpolicy.h>

namespace eventsync {

/// CollectionPolicy::checkCounters() for a change: Invalid, with path, only if a counter of `after` is outside its bounds and
/// was not in `before` (null: absent), or is farther outside than before.
Result<> checkCountersChange(const CollectionPolicy &policy, const json::Value *before, const json::Value &after);

} // namespace eventsync
