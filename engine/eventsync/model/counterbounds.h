// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/collectionpolicy.h>

namespace eventsync {

/// CollectionPolicy::checkCounters() for a change: Invalid, with path, only if a counter of `after` stands outside its bounds
/// and did not in `before` (null: absent), or has gone farther away from them.
Result<> checkCountersChange(const CollectionPolicy &policy, const json::Value *before, const json::Value &after);

} // namespace eventsync
