// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/limits.h>
#include <eventsync/json/patch.h>

#include <functional>

namespace eventsync::json {

/// The rule of a collection's policy for one path (see CollectionPolicy).
enum class PathRule {
    Plain,   ///< add, remove, replace
    Counter, ///< integers that changed give `inc`
    Latest,  ///< integers or times that grew give `max`; that shrank: replace
    Engine,  ///< written by the engine, not a part of the state: differences are ignored
};

/// How diff() describes a change.
struct DiffOptions
{
    /// Called once per path that differs; absent: Plain.
    std::function<PathRule(const Pointer &)> rule = {};
    /// Whether a rule other than Plain is set for anything below a path; if only `rule` is set, this is assumed.
    std::function<bool(const Pointer &)> ruledBelow = {};
    /// Differences in one container that cost no more than this get an operation each.
    std::size_t fineBytes = limits::kFineDiffBytes;
    /// Cells of the longest-common-subsequence table that one array may cost; above it elements are compared in place.
    std::size_t arrayCost = 1'000'000;
};

/// The patch that turns `before` into `after`. Minimal for objects; for arrays a longest common subsequence of elements, with
/// changed elements in place diffed inside. Equal values give an empty patch.
///
/// Where the operations for one container cost more than writing it whole, in bytes or in elements to be shifted, it is
/// replaced: the innermost such container, and only above `fineBytes`, because a replaced container merges with nothing that
/// others did in it. A container with rules below it is replaced only if the patch would otherwise come near the size limit of
/// an event, and never if that would write an Engine path.
Patch diff(const Value &before, const Value &after, const DiffOptions &options = {});

} // namespace eventsync::json
