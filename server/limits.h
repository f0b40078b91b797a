// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>

/// \file
/// The server program: its HTTP front, its files and its control socket.
namespace eventsync::limits {

// ---- HTTP

constexpr std::size_t kServerConnections = 10'000;   ///< sockets of one HTTP front, of every kind
constexpr std::size_t kHttpBodyBytes = 8 * kMiB;     ///< a largest document written with generous white space
constexpr std::size_t kHttpReadBytes = 64 * kKiB;    ///< read ahead per socket; the rest waits at the sender
constexpr std::size_t kHttpGzipFromBytes = 2 * kKiB; ///< smaller answers fit few packets anyway
constexpr std::size_t kHttpGzipHereBytes = 256 * kKiB; ///< larger answers are compressed where they are written, not on the I/O thread
constexpr auto kHttpIdleTime = 60'000ms;             ///< of a kept-alive connection between requests
constexpr std::size_t kHttpUploadRate = 500;         ///< bytes a second that a body brings at least, over each kHttpRequestTime
constexpr auto kHttpHalfClosedTime = 10'000ms;       ///< how long a client that has closed its sending half is kept an answer for
constexpr auto kHttpProbeTime = 1'000ms;              ///< between two checks whether a client that waits for an answer is still there
constexpr auto kHttpLingerTime = 1'000ms;            ///< unread input is drained so long, that the answer gets through
constexpr std::size_t kOwnDescriptors = 128;         ///< files, pipes and threads' descriptors of a server, beside its sockets
constexpr auto kAcceptPause = 200ms;                 ///< after a connection could not be accepted for want of descriptors

// ---- Requests

constexpr auto kExchangeTime = 30'000ms;                  ///< of one POST /api/sync, from its hello to its last answer
constexpr std::size_t kLightMessageBytes = 64 * kKiB;     ///< of a message, body or answer that the I/O thread itself reads or writes as JSON
constexpr std::size_t kUnhandledBytes = 16 * kMiB;        ///< of a connection's messages that wait for the engine thread
constexpr std::size_t kResumeTokenBytes = 8 * kKiB;       ///< it comes back in a header: half of a largest head
constexpr std::size_t kIdempotencyKeyBytes = 255;         ///< of a key that a request gives
constexpr std::size_t kIdempotencyReasonBytes = 1 * kKiB; ///< of a refusal that is kept with its key
constexpr auto kIdempotencyKeep = std::chrono::hours(24); ///< how long a key is kept

// ---- The process

constexpr std::size_t kLookUpThreads = 2;             ///< of the store, beside the kRunningQueries, for all other reads
constexpr auto kDrainTime = 10'000ms;                 ///< what an orderly stop waits for
constexpr auto kReadyTime = 2'000ms;                  ///< the engine thread answers within it, or the server is not ready
constexpr std::size_t kConfigBytes = 1 * kMiB;        ///< a configuration file
constexpr std::size_t kControlLineBytes = 64 * kKiB;  ///< of a request on the control socket; documents do not travel there
constexpr std::size_t kImportLineBytes = 8 * kMiB;    ///< a line of an export: an event and room, or a largest state as text
constexpr std::size_t kLogLineCharacters = 4 * 1'024; ///< of a message in the server's own log; the rest is cut off

} // namespace eventsync::limits
