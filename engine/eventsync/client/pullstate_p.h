// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace eventsync::client {

// The state of one document's subscription. PushState is the state of its pushes.
enum class PullState {
    Unsubscribed,
    Refused,      // permanently by the server: not requested again before something changes here
    CatchingUp,   // subscribed; events arrive until `synced`
    Refetching,   // the same, after a gap: events of the earlier subscription that are still arriving have the same gap
    Synced,
};
enum class PullEvent {
    Subscribed,   // also again, while subscribed
    GapFound,
    Synced,
    Left,         // unsubscribed, disconnected, revoked, refused temporarily
    Refused,
    MayAskAgain,  // opened, edited, or a pause is over
};

constexpr bool isSubscribed(PullState state)
{
    return state >= PullState::CatchingUp;
}

// The state after `event`. Events that make no difference in a state leave it.
constexpr PullState next(PullState state, PullEvent event)
{
    using enum PullState;
    constexpr PullState kTable[][6] = {
        // Subscribed,  GapFound,     Synced,       Left,         Refused, MayAskAgain
        {CatchingUp,    Unsubscribed, Unsubscribed, Unsubscribed, Refused, Unsubscribed}, // Unsubscribed
        {CatchingUp,    Refused,      Refused,      Unsubscribed, Refused, Unsubscribed}, // Refused
        {CatchingUp,    Refetching,   Synced,       Unsubscribed, Refused, CatchingUp},   // CatchingUp
        {CatchingUp,    Refetching,   Synced,       Unsubscribed, Refused, Refetching},   // Refetching
        {CatchingUp,    Refetching,   Synced,       Unsubscribed, Refused, Synced},       // Synced
    };
    return kTable[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
}

} // namespace eventsync::client
