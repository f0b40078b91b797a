// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/protocol/limits.h>

/// \file
/// A client: its queue, its history, and the documents that it follows.
namespace eventsync::limits {

constexpr std::size_t kQueueEntries = 100'000;                ///< edits in the queue of one client: above it QueueFull
constexpr std::size_t kAckedEdits = 100'000;                  ///< own logged edits kept per document, however young: they are in memory
constexpr auto kAckedKeep = std::chrono::hours(24 * 30);      ///< how long an own logged edit is kept, in case the server loses it
constexpr std::size_t kClientHistoryBytes = 8 * kMiB;         ///< events kept per document to go back to a common point
constexpr int kRebaseTries = 5;                               ///< of an edit whose resolver decides: then the server does, by `onOverlap`
constexpr std::size_t kLongestAnswerBytes = 4 * kAnswerBytes; ///< that a client takes: an answer, a largest document, and room
constexpr auto kRetryHealthy = 60'000ms;                      ///< how long a connection was open before the bound is kRetryFirst again
constexpr auto kRequestTime = 30'000ms;                       ///< until a question to the server fails with Timeout
constexpr auto kFollowTurn = 30'000ms;                        ///< of a document that is only read, where others wait for its place
constexpr std::size_t kFollowTurnsPerTick = 64;               ///< turns that may end in one second: each is a new subscription

} // namespace eventsync::limits
