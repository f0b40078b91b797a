// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/budget.h>
#include <eventsync/json/footprint.h>

namespace eventsync::json {

/// overlaps() of footprint.h for pairs that a peer chose. A pair costs the paths of the smaller footprint, times the logarithm of
/// the larger one's size. Once the budget is exhausted the answer is true, which is the safe one; the caller asks the budget
/// whether it was found or given up.
bool overlaps(const Footprint &a, const Footprint &b, Budget &budget);

} // namespace eventsync::json
