// SPDX-License-Identifier: Apache-2.0
#include <eventsync/pubsub/redisconnection_p.h>

#include <eventsync/base/assert.h>
#include <eventsync/pubsub/logging_p.h>

#include <hiredis/hiredis.h>

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace eventsync::pubsub {

std::string_view textOf(const redisReply &reply)
{
    return {reply.str, static_cast<std::size_t>(reply.len)};
}

RedisConnection::RedisConnection(RedisEndpoint endpoint, RedisTiming timing, const Clock &clock, Random &random,
                                 Handlers handlers)
    : m_endpoint(std::move(endpoint)), m_timing(timing), m_clock(clock), m_random(random), m_handlers(std::move(handlers)),
      m_retryBound(timing.retryFirst)
{
}

RedisConnection::~RedisConnection()
{
    close();
}

void RedisConnection::close()
{
    m_state = State::Closed;
    if (m_context)
        redisFree(std::exchange(m_context, nullptr));
    for (const ReplyHandler &handler : std::exchange(m_replies, {})) {
        if (handler)
            handler(nullptr);
    }
}

int RedisConnection::descriptor() const
{
    return m_context ? m_context->fd : -1;
}

bool RedisConnection::wantsToWrite() const
{
    return m_context && (m_state == State::Connecting || m_wantsToWrite);
}

void RedisConnection::connect()
{
    m_context = m_endpoint.socket.empty() ? redisConnectNonBlock(m_endpoint.host.c_str(), m_endpoint.port)
                                          : redisConnectUnixNonBlock(m_endpoint.socket.c_str());
    m_state = State::Connecting;
    m_due = m_clock.steady() + m_timing.connect;
    if (!m_context)
        broke({ErrorCode::Unavailable, "out of memory"});
    else if (m_context->err != 0)
        broke({ErrorCode::Unavailable, m_context->errstr});
}

void RedisConnection::connected()
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(m_context->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
        return broke({ErrorCode::Unavailable, std::strerror(error)});
    m_context->flags |= REDIS_CONNECTED;
    m_state = State::LoggingIn;
    m_lastReceived = m_clock.steady();
    m_pinged = false;
    logIn();
}

// Replies arrive in order, so the last command's reply shows that all have succeeded.
void RedisConnection::logIn()
{
    const auto check = [this](const redisReply *reply) {
        if (reply && reply->type == REDIS_REPLY_ERROR && m_state == State::LoggingIn)
            broke({ErrorCode::PermissionDenied, std::string(textOf(*reply))});
    };
    const auto send = [this](const std::vector<std::string_view> &parts, ReplyHandler handler) {
        m_state = State::Up; // as far as command() is concerned
        command(parts, std::move(handler));
        m_state = State::LoggingIn;
    };
    if (!m_endpoint.user.empty())
        send({"AUTH", m_endpoint.user, m_endpoint.password}, check);
    else if (!m_endpoint.password.empty())
        send({"AUTH", m_endpoint.password}, check);
    if (m_endpoint.database != 0)
        send({"SELECT", std::to_string(m_endpoint.database)}, check);
    send({"PING"}, [this, check](const redisReply *reply) {
        check(reply);
        if (!reply || m_state != State::LoggingIn)
            return;
        m_state = State::Up;
        m_upSince = m_clock.steady();
        m_handlers.up();
    });
    write();
}

void RedisConnection::broke(const Error &error)
{
    if (m_state == State::Closed || m_state == State::Waiting)
        return;
    const Milliseconds now = m_clock.steady();
    if (m_state == State::Up && now - m_upSince >= m_timing.retryHealthy)
        m_retryBound = m_timing.retryFirst;
    m_state = State::Waiting;
    m_due = now + Milliseconds(m_random.below(static_cast<std::uint64_t>(m_retryBound.count()) + 1));
    m_retryBound = std::min(m_retryBound * 2, m_timing.retryLongest);
    m_wantsToWrite = false;
    // The context may be in use by a caller: tick() frees it.
    for (const ReplyHandler &handler : std::exchange(m_replies, {})) {
        if (handler)
            handler(nullptr);
    }
    qCInfo(lcPubSub, "%s: %s", m_endpoint.toString().c_str(), error.toString().c_str());
    m_handlers.down(error);
}

void RedisConnection::command(const std::vector<std::string_view> &parts, ReplyHandler reply)
{
    EVENTSYNC_ASSERT(m_state == State::Up && m_context);
    std::vector<const char *> texts;
    std::vector<std::size_t> sizes;
    for (const std::string_view part : parts) {
        texts.push_back(part.data());
        sizes.push_back(part.size());
    }
    if (redisAppendCommandArgv(m_context, static_cast<int>(parts.size()), texts.data(), sizes.data()) != REDIS_OK) {
        if (reply)
            reply(nullptr);
        return broke({ErrorCode::Unavailable, "out of memory"});
    }
    if (reply)
        m_replies.push_back(std::move(reply));
    m_wantsToWrite = true;
}

void RedisConnection::write()
{
    int done = 0;
    if (redisBufferWrite(m_context, &done) != REDIS_OK)
        return broke({ErrorCode::Unavailable, m_context->errstr});
    m_wantsToWrite = done == 0;
}

bool RedisConnection::isPong(const redisReply &reply) const
{
    const redisReply *word = reply.type == REDIS_REPLY_ARRAY && reply.elements > 0 ? reply.element[0] : &reply;
    return (word->type == REDIS_REPLY_STATUS || word->type == REDIS_REPLY_STRING) &&
           std::string_view(word->str, static_cast<std::size_t>(word->len)) == (word == &reply ? "PONG" : "pong");
}

void RedisConnection::dispatch(const redisReply *reply)
{
    if (!m_replies.empty()) {
        const ReplyHandler handler = std::move(m_replies.front());
        m_replies.pop_front();
        if (handler)
            handler(reply);
    } else if (!isPong(*reply) && m_handlers.push) {
        m_handlers.push(*reply);
    }
}

void RedisConnection::read()
{
    if (redisBufferRead(m_context) != REDIS_OK)
        return broke({ErrorCode::Unavailable, m_context->errstr});
    m_lastReceived = m_clock.steady();
    m_pinged = false;
    while (m_state == State::LoggingIn || m_state == State::Up) {
        void *reply = nullptr;
        if (redisGetReplyFromReader(m_context, &reply) != REDIS_OK)
            return broke({ErrorCode::Unavailable, m_context->errstr});
        if (!reply)
            return;
        const std::unique_ptr<void, void (*)(void *)> hold(reply, freeReplyObject);
        dispatch(static_cast<redisReply *>(reply));
    }
}

void RedisConnection::ready(bool readable, bool writable)
{
    if (m_state == State::Connecting && (readable || writable))
        return connected();
    if (readable && (m_state == State::LoggingIn || m_state == State::Up))
        read();
    if (writable && (m_state == State::LoggingIn || m_state == State::Up))
        write();
}

void RedisConnection::tick()
{
    const Milliseconds now = m_clock.steady();
    if (m_state == State::Waiting && m_context)
        redisFree(std::exchange(m_context, nullptr));
    if (m_state == State::Waiting && now >= m_due)
        return connect();
    if ((m_state == State::Connecting || m_state == State::LoggingIn) && now >= m_due)
        return broke({ErrorCode::Unavailable, "no answer in time"});
    if (m_state != State::Up)
        return;
    if (now - m_lastReceived >= m_timing.answer && m_pinged)
        return broke({ErrorCode::Unavailable, "silent"});
    if (now - m_lastReceived >= m_timing.ping && !m_pinged) {
        m_pinged = true;
        // On a connection with pushes the answer arrives as a push; otherwise as a reply in order.
        command({"PING"}, m_handlers.push ? ReplyHandler() : [](const redisReply *) {});
    }
}

RedisConnection::Milliseconds RedisConnection::nextDue() const
{
    if (m_state == State::Closed)
        return Milliseconds::max();
    if (m_state != State::Up)
        return m_context && m_state == State::Waiting ? Milliseconds(0) : m_due;
    return m_lastReceived + (m_pinged ? m_timing.answer : m_timing.ping);
}

} // namespace eventsync::pubsub
