// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
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

struct MutationInfo
{
    Mutation mutation;
    std::string_view name; // on command lines and in tables
    std::string_view text;
};

inline constexpr std::array kMutations{
    MutationInfo{Mutation::NoDrop, "no-drop", "a newer hello does not drop what the older connection had waiting"},
    MutationInfo{Mutation::NoDedupe, "no-dedupe", "the server does not look for the id"},
    MutationInfo{Mutation::NoFreeze, "no-freeze", "sent entries are rebased like waiting ones, and resent changed"},
    MutationInfo{Mutation::NoLowerCheck, "no-lower-check", "a lower clientSeq is processed"},
    MutationInfo{Mutation::NoSkip, "no-skip", "a higher clientSeq is processed"},
    MutationInfo{Mutation::NoFollow, "no-follow", "entries that overlap a refused or parked one do not follow it"},
    MutationInfo{Mutation::AckSettles, "ack-settles", "an entry leaves the queue at the ack, before its event is applied"},
    MutationInfo{Mutation::NumberNotDurable, "number-not-durable", "the number given to an entry is lost by a client crash"},
    MutationInfo{Mutation::NoRequeue, "no-requeue", "diverged does not put own events back"},
    MutationInfo{Mutation::NoChain, "no-chain", "the server compares the position only, not the chain"},
    MutationInfo{Mutation::PushBeforeSynced, "push-before-synced", "the client pushes as soon as it is welcome"},
    MutationInfo{Mutation::BaseUnchecked, "base-unchecked", "before a push baseSeq becomes the position without a check"},
    MutationInfo{Mutation::WindowCompacted, "window-compacted", "compaction forgets ids"},
    MutationInfo{Mutation::SnapshotUnchecked, "snapshot-unchecked", "a snapshot is not compared with waiting entries"},
    MutationInfo{Mutation::ForkIgnored, "fork-ignored", "the client ignores the signs of a copy"},
    MutationInfo{Mutation::OverlapOwnOnly, "overlap-own-only", "the server does not check overlap"},
    MutationInfo{Mutation::NoValidatorConflict, "no-validator-conflict", "the server does not validate the merged result"},
    MutationInfo{Mutation::ApplyGap, "apply-gap", "a client applies events without looking at serverSeq"},
    MutationInfo{Mutation::AckBeforeCommit, "ack-before-commit", "the server acks and sends what a crash can still take back"},
    MutationInfo{Mutation::WithoutThawAtSynced, "without-thaw-at-synced", "at synced, what was sent and is not in the log does not wait again"},
    MutationInfo{Mutation::WithoutSettleByAnswer, "without-settle-by-answer", "an answer at or below the position does not settle the entry"},
    MutationInfo{Mutation::WithoutIdsForEver, "without-ids-for-ever", "ids are looked up among the client's last events only"},
    MutationInfo{Mutation::WithoutSameIdDuplicate, "without-same-id-duplicate", "a known id with other numbers is a fork"},
    MutationInfo{Mutation::WithoutFirstId, "without-first-id", "the first id of a replaced edit is not looked up"},
    MutationInfo{Mutation::WithoutOtherVersion, "without-other-version", "what overlaps an edit logged in another version does not follow it"},
    MutationInfo{Mutation::WithoutOwnOvertook, "without-own-overtook", "an own event does not count for the entries before it"},
    MutationInfo{Mutation::WithoutKnownInSnapshot, "without-known-in-snapshot", "a snapshot does not say which pending ids it holds"},
    MutationInfo{Mutation::WithoutAckedInSnapshot, "without-acked-in-snapshot", "acknowledged events that a snapshot lacks do not go back"},
    MutationInfo{Mutation::WithoutBaseOnDiverged, "without-base-on-diverged", "bases stay above commonSeq after diverged"},
    MutationInfo{Mutation::WithoutHaltAfterRefusal, "without-halt-after-refusal", "the client goes on sending after a refusal"},
    MutationInfo{Mutation::WithoutForkCloses, "without-fork-closes", "after ClientForked the server goes on with that connection"},
    MutationInfo{Mutation::WithoutOwnIds, "without-own-ids", "ids of own edits are forgotten with their events"},
    MutationInfo{Mutation::WithoutCopyIsOther, "without-copy-is-other", "a copy's events count as one's own"},
    MutationInfo{Mutation::WithoutValidateOnRebase, "without-validate-on-rebase", "entries are not validated after a pull"},
    MutationInfo{Mutation::WithoutCheckSinceBase, "without-check-since-base", "an entry that was in flight is not checked since its baseSeq"},
    MutationInfo{Mutation::WithoutDuplicateFirst, "without-duplicate-first", "the rest of a batch is skipped before its ids are looked up"},
    MutationInfo{Mutation::WithoutWaitCleared, "without-wait-cleared", "a conflict waits for its events beyond the next synced"},
};
static_assert(kMutations.size() <= 64, "one bit each");

inline std::optional<Mutation> mutationFromName(std::string_view name)
{
    const auto *found = std::find_if(kMutations.begin(), kMutations.end(), [&](const auto &m) { return m.name == name; });
    return found == kMutations.end() ? std::nullopt : std::optional(found->mutation);
}

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
