// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/budget.h>
#include <eventsync/json/footprint.h>

namespace eventsync::json {

/// overlaps() of footprint.h for pairs that a peer chose. A pair costs the paths of the smaller footprint, times the logarithm
/// of the larger one's size. Once the budget is exhausted the answer is true, which is the safe one; the budget shows whether
/// the comparison was complete.
bool overlaps(const Footprint &a, const Footprint &b, Budget &budget);

} // namespace eventsync::json
