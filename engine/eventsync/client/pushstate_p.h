// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace eventsync::client {

// Whether waiting edits of one document may be sent, as far as answers of the server decide it (docs/protocol.md, rule 4).
enum class PushState {
    Closed, // the document is not synced
    Open,
    Halted, // one was refused: nothing new until all that is in flight is answered
};
enum class PushEvent { Synced, Closed, Refused, AllAnswered };

constexpr PushState next(PushState state, PushEvent event)
{
    using enum PushState;
    constexpr PushState kTable[][4] = {
        // Synced, Closed, Refused, AllAnswered
        {Open,     Closed, Closed,  Closed}, // Closed
        {Open,     Closed, Halted,  Open},   // Open
        {Open,     Closed, Halted,  Open},   // Halted
    };
    return kTable[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
}

} // namespace eventsync::client
