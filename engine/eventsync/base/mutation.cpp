// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/mutation.h>

#include <array>
#include <bitset>

namespace eventsync {

namespace {

constexpr std::array<std::string_view, kMutations> kNames = {
    "without-return-to-waiting", "without-settle-by-answer", "without-ids-for-ever", "without-same-id-duplicate",
    "without-first-id", "without-other-version", "without-own-overtook", "without-known-in-snapshot",
    "without-acked-in-snapshot", "without-base-on-diverged", "without-halt-after-refusal", "without-fork-closes",
    "without-own-ids", "without-copy-is-other", "without-validate-on-rebase", "without-check-since-base",
    "without-duplicate-first", "without-wait-cleared", "without-following-queued",
    "no-drop", "no-dedupe", "no-freeze", "no-lower-check", "no-skip", "no-propagation", "ack-settles", "number-not-durable",
    "no-requeue", "no-chain", "push-before-synced", "base-unchecked", "window-compacted", "snapshot-unchecked",
    "fork-ignored", "overlap-own-only", "no-validator-conflict", "apply-gap", "ack-before-commit",
};
static_assert(!kNames.back().empty());

#ifdef EVENTSYNC_MUTATIONS
std::bitset<kMutations> s_mutated; // the simulation runs on one thread
#endif

} // namespace

std::string_view mutationName(Mutation mutation)
{
    return kNames[static_cast<std::size_t>(mutation)];
}

std::optional<Mutation> mutationFrom(std::string_view name)
{
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == name)
            return static_cast<Mutation>(i);
    }
    return std::nullopt;
}

#ifdef EVENTSYNC_MUTATIONS
bool mutated(Mutation mutation)
{
    return s_mutated[static_cast<std::size_t>(mutation)];
}

void setMutated(Mutation mutation, bool on)
{
    s_mutated[static_cast<std::size_t>(mutation)] = on;
}
#endif

} // namespace eventsync
