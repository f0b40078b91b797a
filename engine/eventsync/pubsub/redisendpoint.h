// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>
#include <eventsync/pubsub/limits.h>

#include <chrono>
#include <string>
#include <string_view>

namespace eventsync::pubsub {

/// The address of a Redis server, and the credentials.
struct RedisEndpoint
{
    std::string host = "127.0.0.1"; ///< or ...
    int port = 6379;
    std::string socket = {};        ///< ... the path of a Unix socket
    std::string user = {};
    std::string password = {};
    int database = 0;

    /// For log lines and errors: without the password.
    std::string toString() const;
};

/// redis://[user:password@]host[:port][/database] or unix:///path[?db=n]. InvalidValue; Unavailable for rediss://, since TLS is
/// not supported; use a tunnel.
Result<RedisEndpoint> redisEndpointFrom(std::string_view url);

/// How long a connection to Redis waits, and when it tries again.
struct RedisTiming
{
    std::chrono::milliseconds retryFirst = limits::kPubSubRetryFirst;
    std::chrono::milliseconds retryLongest = limits::kPubSubRetryLongest;
    std::chrono::milliseconds retryHealthy = limits::kPubSubRetryHealthy; ///< after a connection of this length the delays are short again
    std::chrono::milliseconds connect = limits::kPubSubConnectTime;
    std::chrono::milliseconds ping = limits::kPubSubPing;
    std::chrono::milliseconds answer = limits::kPubSubAnswerTime;
};

} // namespace eventsync::pubsub
