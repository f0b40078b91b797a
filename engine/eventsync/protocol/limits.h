// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>

/// \file
/// What a message contains, what a server grants, and how a client reconnects: where client and server have to agree.
namespace eventsync::limits {

// ---- Messages

constexpr std::size_t kCheckpointsPerSubscribe = 16; ///< positions before the client's own, to find the common one
/// The queue's ids and the kept acknowledged ones: a pair takes 80 bytes of JSON, so that many fit a largest frame beside the
/// checkpoints. Ids left out cost a repeated push that is answered `duplicate`, nothing else.
constexpr std::size_t kPendingIdsPerSubscribe = 25'000;
constexpr std::size_t kPresenceBytes = 4 * kKiB;        ///< of a presence state, in canonical JSON
constexpr auto kPresenceKeep = 30'000ms;                ///< how long a presence that is not repeated is shown
constexpr std::size_t kAnswerBytes = 4 * kMiB;          ///< of events, items or state vectors in one answer, which has one of them
                                                        ///< in any case; the next request goes on

// ---- Connections

constexpr std::size_t kDocumentsPerConnection = 10'000; ///< subscriptions of one connection
constexpr std::size_t kInFlightEvents = 64;             ///< unanswered pushed events per document
constexpr auto kHeartbeat = 15'000ms;                   ///< of silence before a ping

// ---- Reconnecting: full jitter below a doubling bound, reset only after a connection has been healthy for a while

constexpr auto kRetryFirst = 500ms;       ///< the first bound
constexpr auto kRetryLongest = 30'000ms;  ///< the last bound
constexpr auto kRetryReplaced = 60'000ms; ///< after a newer connection has taken the client id

} // namespace eventsync::limits
