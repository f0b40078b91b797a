// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/bytes.h>
#include <eventsync/base/clock.h>
#include <eventsync/base/random.h>
#include <eventsync/pubsub/redisendpoint.h>

#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

struct redisContext;
struct redisReply;

namespace eventsync::pubsub {

// The text of a string, status or error reply, as long as the reply.
std::string_view textOf(const redisReply &reply);

// One connection to a Redis server over hiredis, which blocks only for the look-up of a host name. It connects, authenticates,
// sends commands and delivers replies in order, detects a silent server with pings, and connects again with full jitter after a
// loss. Used by a RedisThread; owner only (that thread).
class RedisConnection
{
public:
    using Milliseconds = std::chrono::milliseconds;
    using ReplyHandler = std::function<void(const redisReply *)>; // null: the connection was lost before the reply
    struct Handlers
    {
        std::function<void()> up;
        std::function<void(const Error &)> down;         // after `up`, or after a failed attempt
        std::function<void(const redisReply &)> push = {}; // replies that belong to no command
    };

    RedisConnection(RedisEndpoint endpoint, RedisTiming timing, const Clock &clock, Random &random, Handlers handlers);
    ~RedisConnection();
    RedisConnection(const RedisConnection &) = delete;
    RedisConnection &operator=(const RedisConnection &) = delete;

    bool isUp() const { return m_state == State::Up; }
    // Only while the connection is up. Without a handler no reply is expected (or it arrives as a push).
    void command(const std::vector<std::string_view> &parts, ReplyHandler reply);
    void close(); // permanently

    // For the thread's loop.
    int descriptor() const;
    bool wantsToWrite() const;
    void ready(bool readable, bool writable);
    void tick();                        // does what is due: a retry, a ping, a time-out
    Milliseconds nextDue() const;       // steady time

private:
    enum class State { Waiting, Connecting, LoggingIn, Up, Closed };
    void connect();
    void connected();
    void logIn();
    void broke(const Error &error);
    void read();
    void write();
    void dispatch(const redisReply *reply);
    bool isPong(const redisReply &reply) const;

    RedisEndpoint m_endpoint;
    RedisTiming m_timing;
    const Clock &m_clock;
    Random &m_random;
    Handlers m_handlers;
    State m_state = State::Waiting;
    redisContext *m_context = nullptr;
    std::deque<ReplyHandler> m_replies;
    bool m_wantsToWrite = false;
    bool m_pinged = false;
    Milliseconds m_due{0};       // Waiting: the retry; Connecting, LoggingIn: the time-out
    Milliseconds m_lastReceived{0};
    Milliseconds m_upSince{0};
    Milliseconds m_retryBound{0};
};

} // namespace eventsync::pubsub
