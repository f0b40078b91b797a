// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/budget.h>
#include <eventsync/json/value.h>

#include <string_view>
#include <vector>

/// \file
/// Comparing values whose size a peer decides: each compared value and text is charged to a budget.
namespace eventsync::json {

/// Canonical value order, total over the domain: null < false < true < numbers (by value) < strings (by UTF-16 code units)
/// < arrays (element by element) < objects (by sorted members). Returns <0, 0, >0.
int compareValues(const Value &a, const Value &b);
int compareValues(const Value &a, const Value &b, Budget &budget); ///< 0 once the budget is exhausted

/// Like equal() of value.h; false once the budget is exhausted.
bool equal(const Value &a, const Value &b, Budget &budget);

/// Charges the work of reading or copying a whole value or text. False once the budget is exhausted.
bool chargeWhole(const Value &value, Budget &budget);
bool chargeText(std::string_view text, Budget &budget);

/// In canonical order. Sorting them is charged; none once the budget is exhausted.
std::vector<const boost::json::key_value_pair *> sortedMembers(const Object &object, Budget &budget);

} // namespace eventsync::json
