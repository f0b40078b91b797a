// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/valuelimits.h>

// Connections and the HTTP front, and how a client reconnects. Part of <eventsync/base/limits.h>.
namespace eventsync::limits {

// Connections.
constexpr std::size_t kUnsentHighWaterBytes = 1 * kMiB; // above it a reader falls back from live to catch-up
constexpr std::size_t kUnsentHardBytes = 8 * kMiB;      // above it the connection is closed (SlowConsumer)
constexpr std::size_t kDocumentsPerConnection = 10'000;
constexpr std::size_t kInFlightEvents = 64;             // unanswered pushed events per document
constexpr std::size_t kCheckpointsPerSubscribe = 16;
// The queue's ids and the kept acknowledged ones: a pair takes 80 bytes of JSON, so that many fit a largest frame beside the
// checkpoints. Ids left out cost a repeated push that is answered `duplicate`, nothing else.
constexpr std::size_t kPendingIdsPerSubscribe = 25'000;
constexpr std::size_t kWaitingPushBytes = 16 * kMiB;     // of one connection's pushes that are not committed yet, as JSON:
                                                         // decoded they take up to ten times as much
constexpr std::size_t kAllWaitingPushBytes = 128 * kMiB; // ... of all connections, those that have gone included
constexpr std::size_t kPageItems = 1'000;
constexpr auto kHeartbeat = 15'000ms;
constexpr auto kPresenceKeep = 30'000ms;
constexpr auto kHeadPoll = 5'000ms;
constexpr auto kHttpRequestTime = 10'000ms;
constexpr auto kHandshakeTime = 10'000ms;               // from dialling to an open connection
constexpr auto kCloseTime = 3'000ms;                    // how long the peer may take to answer a close
constexpr std::size_t kHttpHeadBytes = 16 * kKiB;       // request line and headers
constexpr std::size_t kHttpBodyBytes = 8 * kMiB;        // a largest document written with generous white space
constexpr std::size_t kHttpReadBytes = 64 * kKiB;       // read ahead per socket; the rest waits at the sender
constexpr std::size_t kHttpGzipFromBytes = 2 * kKiB;    // smaller answers fit few packets anyway
constexpr auto kHttpIdleTime = 60'000ms;                // of a kept-alive connection between requests
constexpr std::size_t kHttpUploadRate = 500;            // bytes a second that a body brings at least, over each kHttpRequestTime
constexpr auto kHttpHalfClosedTime = 10'000ms;          // how long who has ended its half of the connection is kept an answer for
constexpr auto kHttpLookTime = 1'000ms;                 // between two looks whether who waits for an answer is still there
constexpr auto kHttpLingerTime = 1'000ms;               // unread input is drained so long, that the answer gets through
constexpr std::size_t kServerConnections = 10'000;      // sockets of one HTTP front, of every kind
constexpr std::size_t kSsePostBytes = 512 * kKiB;       // of waiting frames joined into one request
constexpr std::size_t kSsePostFrames = 1'000;           // of one request's list
constexpr auto kDrainTime = 10'000ms;                   // what an orderly stop waits for
constexpr auto kReadyTime = 2'000ms;                    // the engine thread answers within it, or the server is not ready
constexpr auto kExchangeTime = 30'000ms;                // of one POST /api/sync, from its hello to its last answer
constexpr std::size_t kUnhandledBytes = 16 * kMiB;      // of a connection's messages that wait for the engine thread
constexpr std::size_t kResumeTokenBytes = 8 * kKiB;     // it comes back in a header: half of a largest head
constexpr std::size_t kAnswerBytes = 4 * kMiB;          // of events, items or state vectors in one answer, which has one of them
                                                        // in any case; the next request goes on
constexpr std::size_t kLongestAnswerBytes = 4 * kAnswerBytes; // what a client takes: the above, a largest document, and room
constexpr std::size_t kQueriesAtATime = 16;             // unanswered, of one connection
constexpr std::size_t kReasonBytes = 1 * kKiB;          // of an error's words, and of its path
constexpr std::size_t kIdempotencyKeyBytes = 255;
constexpr std::size_t kConfigBytes = 1 * kMiB;          // a configuration file
constexpr std::size_t kControlLineBytes = 64 * kKiB;    // of a request on the control socket; documents do not travel there
constexpr std::size_t kImportLineBytes = 8 * kMiB;      // a line of an export: an event and room, or a largest state as text

// Reconnecting: full jitter below a doubling bound; reset only after a connection has been healthy for a while.
constexpr auto kRetryFirst = 500ms;
constexpr auto kRetryLongest = 30'000ms;
constexpr auto kRetryHealthy = 60'000ms;
constexpr auto kRetryReplaced = 60'000ms;

} // namespace eventsync::limits
