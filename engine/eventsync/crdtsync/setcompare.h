// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdtsync/patchset.h>

#include <variant>
#include <vector>

namespace eventsync::crdtsync {

/// A statement of one node about its patches from the end of the range before (or kFirstPatch) until `until`.
struct ComparedRange
{
    struct Same {};              ///< no statement
    /// Consecutive patches, all of which the node has.
    struct Run
    {
        PatchRange range;
        Fingerprint fingerprint; ///< of them
        bool isBlock = false;    ///< the fingerprints of its parts are not known
        bool operator==(const Run &) const = default;
    };
    using Runs = std::vector<Run>; ///< all patches of the node in the range
    PatchId until = kPastPatches;
    std::variant<Same, Fingerprint, Runs> holds;
};
using Comparison = std::vector<ComparedRange>;

/// The answer to a Comparison, and the differences that it showed.
struct Compared
{
    Comparison answer;                ///< empty: the comparison is complete
    std::vector<PatchRange> missing;  ///< the other one has them, this set does not
    std::vector<PatchRange> excess;   ///< this set has them, the other one does not
    std::vector<PatchRange> differing; ///< both have them, with different content somewhere in the range
};

/// Finds the differences of two sets of patches by comparing the fingerprints of ranges. Two pure functions; the nodes keep
/// nothing between messages, so a lost or repeated one does no harm. Answers are bounded by limits::kCompareRanges and
/// kCompareRuns: what does not fit is left out and found by the next comparison. `from` without `what`; both in order, without
/// overlaps.
std::vector<PatchRange> difference(const std::vector<PatchRange> &from, const std::vector<PatchRange> &what);

Comparison beginComparison(const PatchSet &set);
Compared compare(const PatchSet &set, const Comparison &theirs);

} // namespace eventsync::crdtsync
