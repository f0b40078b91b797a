// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/patch.h>

#include <functional>

namespace eventsync::json {

// What a collection's policy says of one path (model/CollectionPolicy makes these).
enum class PathRule {
    Plain,   // add, remove, replace
    Counter, // integers that changed give `inc`
    Latest,  // integers or times that grew give `max`; that shrank: replace
    Engine,  // no part of the state: differences are ignored
};

struct DiffOptions
{
    // Asked once per path that differs; Plain where absent.
    std::function<PathRule(const Pointer &)> rule = {};
    // Cells of the longest-common-subsequence table that one array may cost; above it elements are compared in place.
    std::size_t arrayCost = 1'000'000;
};

// The patch that turns `before` into `after`. Minimal for objects; for arrays a longest common subsequence of elements,
// with changed elements in place diffed inside. Equal values give an empty patch.
Patch diff(const Value &before, const Value &after, const DiffOptions &options = {});

} // namespace eventsync::json
