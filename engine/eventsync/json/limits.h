// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>

/// \file
/// JSON values, their sizes, and what operations on them may cost.
namespace eventsync::limits {

// ---- Values

constexpr int kDepth = 64;                             ///< containers from a document's root: recursion in every reader of JSON stays this shallow
constexpr int kEventDepthExtra = 8;                    ///< an event wraps the value in its patch
constexpr std::size_t kPointerTokens = 128;            ///< deeper than any value, so that a long pointer costs no memory
constexpr std::int64_t kMaxInteger = 9007199254740991; ///< 2^53 - 1, what every JSON reader keeps exactly (RFC 7493)
constexpr std::size_t kDocumentBytes = 4 * kMiB;       ///< of a document in canonical JSON
constexpr std::size_t kEventBytes = 1 * kMiB;          ///< of an event as pushed, in canonical JSON
constexpr std::size_t kSortCharacters = 128;           ///< of each value that a list is sorted by: see kSortKeys

// ---- Work, in steps of a Budget (base/budget.h) unless it says otherwise

constexpr std::uint64_t kFilterSteps = 2'000'000; ///< of compiling one filter: enough for 100,000 values of `in`
constexpr std::uint64_t kDiffSteps = 4'000'000;   ///< of searching the arrays of two values for elements that moved; then they are compared in place
constexpr std::size_t kFineDiffBytes = 16 * kKiB; ///< a diff is as fine as it can be up to here, for the sake of merging; above, no
                                                  ///< container's part of it costs more than the container (json/diff.h)
constexpr std::size_t kPatchOperations = 100'000; ///< of one patch
constexpr std::uint64_t kPatchWork = 256 * kMiB;  ///< bytes one patch may copy or measure, and array elements it may shift:
                                                  ///< well below a second, whatever its 900 bytes ask for
constexpr std::size_t kInverseBytes = 64 * kKiB;  ///< of an inverse, before a shorter one is looked for

} // namespace eventsync::limits
