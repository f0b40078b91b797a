// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>

/// \file
/// Connections over WebSocket and server-sent events, and the HTTP around them.
namespace eventsync::limits {

constexpr auto kHandshakeTime = 10'000ms;         ///< from dialling to an open connection
constexpr auto kCloseTime = 3'000ms;              ///< how long the peer may take to answer a close
constexpr auto kHttpRequestTime = 10'000ms;       ///< for a request's head to arrive, and of a client's POST
constexpr std::size_t kHttpHeadBytes = 16 * kKiB; ///< request line and headers
constexpr std::size_t kSsePostBytes = 512 * kKiB; ///< of waiting frames joined into one request
constexpr std::size_t kSsePostFrames = 1'000;     ///< of one request's list

} // namespace eventsync::limits
