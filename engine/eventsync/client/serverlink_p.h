// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/activetime.h>
#include <eventsync/protocol/messages.h>
#include <eventsync/transport/connection.h>

#include <QTimer>

#include <memory>
#include <vector>

namespace eventsync::client {

// The one connection that is open or being opened, if there is one: sends messages in its encoding, sends pings, and detects
// silence. Its number distinguishes it from earlier and later ones. Owner only.
class ServerLink
{
public:
    explicit ServerLink(ActiveTime &active);
    ~ServerLink();
    ServerLink(const ServerLink &) = delete;
    ServerLink &operator=(const ServerLink &) = delete;

    bool exists() const { return m_connection != nullptr; }
    bool isOpen() const { return m_connection && m_connection->isOpen(); }
    std::uint64_t number() const { return m_number; }
    bool is(std::uint64_t number) const { return m_connection && m_number == number; }

    void take(std::unique_ptr<transport::Connection> connection, transport::Connection::Callbacks callbacks);
    // The connection sends what it has and closes itself; none of its callbacks is called any more. It ends with this object at
    // the latest: a connection that outlives the application has threads of its own, which must not run while the process ends.
    void drop();
    void mute();                               // no callback of the connection is called any more
    void send(const protocol::Message &message);
    void pingEvery(std::chrono::milliseconds interval) { m_pingTimer.start(interval); }
    void received() { m_receivedAt = m_active.now(); }
    bool isSilent();                           // nothing was received for two heartbeats

private:
    ActiveTime &m_active;
    std::unique_ptr<transport::Connection> m_connection;
    std::vector<std::unique_ptr<transport::Connection>> m_closing; // dropped, not closed yet
    std::uint64_t m_number = 0;
    QTimer m_pingTimer;
    std::int64_t m_pings = 0;
    std::chrono::milliseconds m_receivedAt{0};    // ActiveTime
};

} // namespace eventsync::client
