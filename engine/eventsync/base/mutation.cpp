// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/mutation.h>

#include <array>
#include <cstddef>

namespace eventsync {

namespace {

struct Row
{
    Mutation mutation;
    std::string_view name;
    std::string_view text;
};

constexpr std::array kTable{
    Row{Mutation::NoDrop, "no-drop", "a newer hello does not drop what the older connection had waiting"},
    Row{Mutation::NoDedupe, "no-dedupe", "the server does not look for the id"},
    Row{Mutation::NoFreeze, "no-freeze", "sent entries are rebased like waiting ones, and resent changed"},
    Row{Mutation::NoLowerCheck, "no-lower-check", "a lower clientSeq is processed"},
    Row{Mutation::NoSkip, "no-skip", "a higher clientSeq is processed"},
    Row{Mutation::NoFollow, "no-follow", "entries that overlap a refused or parked one do not follow it"},
    Row{Mutation::AckSettles, "ack-settles", "an entry leaves the queue at the ack, before its event is applied"},
    Row{Mutation::NumberNotDurable, "number-not-durable", "the number given to an entry is lost by a client crash"},
    Row{Mutation::NoRequeue, "no-requeue", "diverged does not put own events back"},
    Row{Mutation::NoChain, "no-chain", "the server compares the position only, not the chain"},
    Row{Mutation::PushBeforeSynced, "push-before-synced", "the client pushes as soon as it is welcome"},
    Row{Mutation::BaseUnchecked, "base-unchecked", "before a push baseSeq becomes the position without a check"},
    Row{Mutation::WindowCompacted, "window-compacted", "compaction forgets ids"},
    Row{Mutation::SnapshotUnchecked, "snapshot-unchecked", "a snapshot is not compared with waiting entries"},
    Row{Mutation::ForkIgnored, "fork-ignored", "the client ignores the signs of a copy"},
    Row{Mutation::OverlapOwnOnly, "overlap-own-only", "the server does not check overlap"},
    Row{Mutation::NoValidatorConflict, "no-validator-conflict", "the server does not validate the merged result"},
    Row{Mutation::ApplyGap, "apply-gap", "a client applies events without looking at serverSeq"},
    Row{Mutation::AckBeforeCommit, "ack-before-commit", "the server acks and sends what a crash can still take back"},
    Row{Mutation::WithoutThawAtSynced, "without-thaw-at-synced", "at synced, what was sent and is not in the log does not wait again"},
    Row{Mutation::WithoutSettleByAnswer, "without-settle-by-answer", "an answer at or below the position does not settle the entry"},
    Row{Mutation::WithoutIdsForEver, "without-ids-for-ever", "ids are looked up among the client's last events only"},
    Row{Mutation::WithoutSameIdDuplicate, "without-same-id-duplicate", "a known id with other numbers is a fork"},
    Row{Mutation::WithoutFirstId, "without-first-id", "the first id of a replaced edit is not looked up"},
    Row{Mutation::WithoutOtherVersion, "without-other-version", "what overlaps an edit logged in another version does not follow it"},
    Row{Mutation::WithoutOwnOvertook, "without-own-overtook", "an own event does not count for the entries before it"},
    Row{Mutation::WithoutKnownInSnapshot, "without-known-in-snapshot", "a snapshot does not say which pending ids it holds"},
    Row{Mutation::WithoutAckedInSnapshot, "without-acked-in-snapshot", "acknowledged events that a snapshot lacks do not go back"},
    Row{Mutation::WithoutBaseOnDiverged, "without-base-on-diverged", "bases stay above commonSeq after diverged"},
    Row{Mutation::WithoutHaltAfterRefusal, "without-halt-after-refusal", "the client goes on sending after a refusal"},
    Row{Mutation::WithoutForkCloses, "without-fork-closes", "after ClientForked the server goes on with that connection"},
    Row{Mutation::WithoutOwnIds, "without-own-ids", "ids of own edits are forgotten with their events"},
    Row{Mutation::WithoutCopyIsOther, "without-copy-is-other", "a copy's events count as one's own"},
    Row{Mutation::WithoutValidateOnRebase, "without-validate-on-rebase", "entries are not validated after a pull"},
    Row{Mutation::WithoutCheckSinceBase, "without-check-since-base", "an entry that was in flight is not checked since its baseSeq"},
    Row{Mutation::WithoutDuplicateFirst, "without-duplicate-first", "the rest of a batch is skipped before its ids are looked up"},
    Row{Mutation::WithoutWaitCleared, "without-wait-cleared", "a conflict waits for its events beyond the next synced"},
};
static_assert(kTable.size() == kMutations);

// mutationName() and mutationText() find a row by its place.
constexpr bool inOrder()
{
    for (std::size_t i = 0; i < kTable.size(); ++i) {
        if (static_cast<std::size_t>(kTable[i].mutation) != i)
            return false;
    }
    return true;
}
static_assert(inOrder());

} // namespace

std::string_view mutationName(Mutation mutation)
{
    return kTable[static_cast<std::size_t>(mutation)].name;
}

std::string_view mutationText(Mutation mutation)
{
    return kTable[static_cast<std::size_t>(mutation)].text;
}

std::optional<Mutation> mutationFrom(std::string_view name)
{
    for (const Row &row : kTable) {
        if (row.name == name)
            return row.mutation;
    }
    return std::nullopt;
}

} // namespace eventsync
