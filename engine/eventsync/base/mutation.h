// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// Rules of the protocol that a test may break on purpose, to see whether the checks notice (docs/simulation.md). Only with
// the build option EVENTSYNC_MUTATIONS; otherwise mutated() is a constant and every switch compiles to nothing.
// `Without...` switches one rule off; the others replace a rule by a wrong one.
namespace eventsync {

enum class Mutation : unsigned char {
    WithoutReturnToWaiting, WithoutSettleByAnswer, WithoutIdsForEver, WithoutSameIdDuplicate, WithoutFirstId,
    WithoutOtherVersion, WithoutOwnOvertook, WithoutKnownInSnapshot, WithoutAckedInSnapshot, WithoutBaseOnDiverged,
    WithoutHaltAfterRefusal, WithoutForkCloses, WithoutOwnIds, WithoutCopyIsOther, WithoutValidateOnRebase,
    WithoutCheckSinceBase, WithoutDuplicateFirst, WithoutWaitCleared, WithoutFollowingQueued,
    NoDrop, NoDedupe, NoFreeze, NoLowerCheck, NoSkip, NoPropagation, AckSettles, NumberNotDurable, NoRequeue, NoChain,
    PushBeforeSynced, BaseUnchecked, WindowCompacted, SnapshotUnchecked, ForkIgnored, OverlapOwnOnly, NoValidatorConflict,
    ApplyGap, AckBeforeCommit,
};
constexpr int kMutations = static_cast<int>(Mutation::AckBeforeCommit) + 1;

std::string_view mutationName(Mutation mutation); // "without-return-to-waiting", "no-freeze"
std::optional<Mutation> mutationFrom(std::string_view name);

#ifdef EVENTSYNC_MUTATIONS
// Set before the run, on the thread that runs; process-wide.
bool mutated(Mutation mutation);
void setMutated(Mutation mutation, bool on);
#else
constexpr bool mutated(Mutation) { return false; }
#endif

} // namespace eventsync
