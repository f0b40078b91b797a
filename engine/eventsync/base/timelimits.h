// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/valuelimits.h>

// Clocks that are wrong, pauses of this process, and what a server keeps for itself. Part of <eventsync/base/limits.h>.
namespace eventsync::limits {

// Silence is looked at every second; a longer time without a look is a pause of our own.
constexpr auto kListenedStep = 2'000ms;
// A wall clock that moved so much more or less than time passed was set.
constexpr auto kClockJump = std::chrono::minutes(1);
// How far ahead of the server's clock a `latest` time may lie: more than a wrong time zone, less than a person takes for right.
constexpr auto kLatestAhead = std::chrono::hours(24);
constexpr std::size_t kOwnDescriptors = 128;              // files, pipes and threads' descriptors of a server, beside its sockets
constexpr auto kAcceptPause = 200ms;                      // after a connection could not be accepted for want of descriptors
constexpr std::size_t kIdempotencyReasonBytes = 1 * kKiB; // of a refusal that is kept with its key

} // namespace eventsync::limits
