// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>

/// \file
/// The server's half of the protocol: its connections, and what peers can make it keep.
namespace eventsync::limits {

// ---- One connection

constexpr std::size_t kWaitingPushBytes = 16 * kMiB;   ///< of one connection's pushes that are not committed yet, as JSON:
                                                       ///< decoded they take up to ten times as much
constexpr std::size_t kWatchesPerConnection = 256;     ///< collections; above it QueueFull
constexpr std::size_t kQueriesAtATime = 16;            ///< unanswered, of one connection
constexpr std::size_t kCatchUpChunkBytes = 256 * kKiB; ///< small enough that control messages do not wait behind it
constexpr std::uint64_t kHeadSteps = 1'000'000;        ///< of a watch, on one changed document: beyond it the watch ends with TooLarge
constexpr std::size_t kReasonBytes = 1 * kKiB;         ///< of an error's words, and of its path
constexpr auto kHelloTime = 10'000ms;                  ///< from the opening of a connection to its hello

// ---- The service

constexpr std::size_t kAllWaitingPushBytes = 128 * kMiB;    ///< of all connections' pushes that are not committed yet, closed ones included
constexpr auto kHeadPoll = 5'000ms;                         ///< between two reads of what other processes have written
constexpr auto kRetryStore = 5'000ms;                       ///< of a document whose store failed: a full disk is not emptied sooner
constexpr auto kClientExpiry = std::chrono::hours(24 * 30); ///< after which a client that has not connected is forgotten
constexpr auto kClockJump = std::chrono::minutes(1);        ///< a wall clock that moved so much more or less than time passed was set

} // namespace eventsync::limits
