// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

// Switches for tests only, each of which breaks one rule of the protocol on purpose, to see whether the checks notice
// (docs/simulation.md has the table). Code asks mutated(Mutation::X) at the place of the rule. Without EVENTSYNC_MUTATIONS
// (release builds) that is the constant false, and the switch and the broken branch are compiled away.
//   if (!mutated(Mutation::NoDedupe)) { ... the rule ... }
namespace eventsync {

enum class Mutation : unsigned {
    // rules broken
    NoDrop, NoDedupe, NoFreeze, NoLowerCheck, NoSkip, NoFollow, AckSettles, NumberNotDurable, NoRequeue, NoChain,
    PushBeforeSynced, BaseUnchecked, WindowCompacted, SnapshotUnchecked, ForkIgnored, OverlapOwnOnly, NoValidatorConflict,
    ApplyGap, AckBeforeCommit,
    // rules left out
    WithoutThawAtSynced, WithoutSettleByAnswer, WithoutIdsForEver, WithoutSameIdDuplicate, WithoutFirstId,
    WithoutOtherVersion, WithoutOwnOvertook, WithoutKnownInSnapshot, WithoutAckedInSnapshot, WithoutBaseOnDiverged,
    WithoutHaltAfterRefusal, WithoutForkCloses, WithoutOwnIds, WithoutCopyIsOther, WithoutValidateOnRebase,
    WithoutCheckSinceBase, WithoutDuplicateFirst, WithoutWaitCleared,
};

inline constexpr int kMutations = static_cast<int>(Mutation::WithoutWaitCleared) + 1;
static_assert(kMutations <= 64, "one bit each");

std::string_view mutationName(Mutation mutation); // "no-freeze": on command lines and in tables
std::string_view mutationText(Mutation mutation); // what is wrong while it is on
std::optional<Mutation> mutationFrom(std::string_view name);

#ifdef EVENTSYNC_MUTATIONS

namespace detail {
inline std::atomic<std::uint64_t> mutations{0};
}

// Any thread.
inline bool mutated(Mutation mutation)
{
    return (detail::mutations.load(std::memory_order_relaxed) >> static_cast<unsigned>(mutation)) & 1;
}

// For the whole program; tests switch back what they switched on (MutationScope).
inline void setMutated(Mutation mutation, bool on)
{
    const std::uint64_t bit = std::uint64_t(1) << static_cast<unsigned>(mutation);
    if (on)
        detail::mutations.fetch_or(bit, std::memory_order_relaxed);
    else
        detail::mutations.fetch_and(~bit, std::memory_order_relaxed);
}

class MutationScope
{
public:
    explicit MutationScope(Mutation mutation) : m_mutation(mutation) { setMutated(mutation, true); }
    ~MutationScope() { setMutated(m_mutation, false); }
    MutationScope(const MutationScope &) = delete;
    MutationScope &operator=(const MutationScope &) = delete;

private:
    Mutation m_mutation;
};

#else

constexpr bool mutated(Mutation)
{
    return false;
}

#endif

} // namespace eventsync
