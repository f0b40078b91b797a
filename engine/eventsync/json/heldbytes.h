// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/footprint.h>
#include <eventsync/json/patch.h>

#include <cstddef>

/// \file
/// What values hold in memory, which is up to thirty times their canonical size: "[]" are 2 bytes of text and 16 of memory.
/// Capacities count, and what the allocator keeps beside each block. Costs one look at each value; recursive to the depth that
/// values in the domain have.
namespace eventsync::json {

std::size_t heldBytes(const Value &value);     ///< behind the value itself
bool holdsMoreThan(const Value &value, std::size_t bytes); ///< the same, and ends as soon as it knows
std::size_t heldBytes(const Pointer &pointer);
std::size_t heldBytes(const Patch &patch);
std::size_t heldBytes(const Footprint &footprint);

} // namespace eventsync::json
