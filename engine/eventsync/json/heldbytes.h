// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/footprint.h>
#include <eventsync/json/patch.h>

#include <cstddef>

/// \file
/// The memory of values, which is up to thirty times their canonical size: "[]" has 2 bytes of text and 16 of memory.
/// Capacities and the overhead of the allocator are included. Visits each value once; the recursion is bounded by the depth of
/// values.
namespace eventsync::json {

std::size_t heldBytes(const Value &value);     ///< without the Value object itself
bool holdsMoreThan(const Value &value, std::size_t bytes); ///< the same, and ends as soon as it knows
std::size_t heldBytes(const Pointer &pointer);
std::size_t heldBytes(const Patch &patch);
std::size_t heldBytes(const Footprint &footprint);

} // namespace eventsync::json
