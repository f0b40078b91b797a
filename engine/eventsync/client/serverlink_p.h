// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/activetime.h>
#include <eventsync/protocol/messages.h>
#include <eventsync/transport/connection.h>

#include <QTimer>

#include <memory>

namespace eventsync::client {

// The one connection that is open or being opened, if there is one: sends messages in its encoding, pings, and notices silence.
// Its number tells it from those before and after it. Owner only.
class ServerLink
{
public:
    explicit ServerLink(ActiveTime &active);
    ~ServerLink() { mute(); }
    ServerLink(const ServerLink &) = delete;
    ServerLink &operator=(const ServerLink &) = delete;

    bool exists() const { return m_connection != nullptr; }
    bool isOpen() const { return m_connection && m_connection->isOpen(); }
    std::uint64_t number() const { return m_number; }
    bool is(std::uint64_t number) const { return m_connection && m_number == number; }

    void take(std::unique_ptr<transport::Connection> connection, transport::Connection::Callbacks callbacks);
    // The old connection lets out what it has and goes by itself; nothing of it is heard any more.
    void drop();
    void mute();                               // nothing of the connection is heard any more
    void send(const protocol::Message &message);
    void pingEvery(std::chrono::milliseconds interval) { m_pingTimer.start(interval); }
    void received() { m_receivedAt = m_active.now(); }
    bool isSilent();                           // any received bytes count; a silent peer is left after two heartbeats

private:
    ActiveTime &m_active;
    std::unique_ptr<transport::Connection> m_connection;
    std::uint64_t m_number = 0;
    QTimer m_pingTimer;
    std::int64_t m_pings = 0;
    std::chrono::milliseconds m_receivedAt{0};    // ActiveTime
};

} // namespace eventsync::client
