// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace eventsync::client {

// What one document has of its subscription. The other half is PushState.
enum class PullState {
    Unsubscribed,
    Refused,      // by the server, for good: not asked for again before something changes here
    CatchingUp,   // subscribed; events come until `synced`
    Refetching,   // the same, after a gap: what is on its way of the subscription before leaves the same gap
    Synced,
};
enum class PullEvent {
    Subscribed,   // also again, while subscribed
    GapFound,
    Synced,
    Left,         // unsubscribed, disconnected, revoked, refused for the moment
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
