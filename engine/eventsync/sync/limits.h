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
constexpr std::size_t kWatchChangedBytes = 256 * kKiB; ///< held of its watches' changed documents that it has not read: beyond it the
                                                       ///< changes are listed again from the store
constexpr std::size_t kWatchShownBytes = 8 * kMiB;     ///< ... and of documents that a filter has shown; beyond it all may have been
constexpr std::size_t kConnectionPresenceBytes = 1 * kMiB; ///< held of what it shows of itself: above it QueueFull
constexpr std::size_t kQueriesAtATime = 16;            ///< unanswered, of one connection
constexpr std::size_t kCatchUpChunkBytes = 256 * kKiB; ///< small enough that control messages do not wait behind it
constexpr std::uint64_t kHeadSteps = 1'000'000;        ///< of a watch, on one changed document: beyond it the watch ends with TooLarge
constexpr std::size_t kReasonBytes = 1 * kKiB;         ///< of an error's words, and of its path
constexpr auto kHelloTime = 10'000ms;                  ///< from the opening of a connection to its hello

// ---- The service

constexpr std::size_t kAllWaitingPushBytes = 128 * kMiB;    ///< of all connections' pushes that are not committed yet, closed ones included
constexpr std::size_t kAllPresenceBytes = 64 * kMiB;        ///< held of what all connections show of themselves: above it QueueFull
constexpr std::size_t kNewClients = 10'000;                 ///< client ids between two searches for those that have written nothing
constexpr auto kUnusedClientKeep = std::chrono::hours(24);  ///< after which a client that has written nothing is forgotten
constexpr auto kHeadPoll = 5'000ms;                         ///< between two reads of what other processes have written
constexpr auto kRetryStore = 5'000ms;                       ///< of a document whose store failed: a full disk is not emptied sooner
constexpr auto kClientExpiry = std::chrono::hours(24 * 30); ///< after which a client that has not connected is forgotten
constexpr auto kClockJump = std::chrono::minutes(1);        ///< a wall clock that moved so much more or less than time passed was set

} // namespace eventsync::limits
