// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/serverlink_p.h>

#include <eventsync/protocol/codec.h>

namespace eventsync::client {

ServerLink::ServerLink(ActiveTime &active) : m_active(active)
{
    QObject::connect(&m_pingTimer, &QTimer::timeout, &m_pingTimer, [this] {
        if (isOpen())
            send(protocol::Ping{++m_pings});
    });
}

ServerLink::~ServerLink()
{
    mute();
    for (const auto &one : m_closing)
        one->setCallbacks({});
}

void ServerLink::mute()
{
    if (m_connection)
        m_connection->setCallbacks({});
}

void ServerLink::take(std::unique_ptr<transport::Connection> connection, transport::Connection::Callbacks callbacks)
{
    m_connection = std::move(connection);
    ++m_number;
    m_connection->setCallbacks(std::move(callbacks));
}

void ServerLink::drop()
{
    std::unique_ptr<transport::Connection> old(std::move(m_connection));
    ++m_number;
    m_pingTimer.stop();
    if (old->state() == transport::Connection::State::Closed)
        return;
    old->setCallbacks({.closed = [this, closed = old.get()](const transport::CloseReason &) {
        std::erase_if(m_closing, [closed](const auto &one) { return one.get() == closed; });
    }});
    old->close();
    m_closing.push_back(std::move(old));
}

void ServerLink::send(const protocol::Message &message)
{
    const Codec codec = m_connection->info().codec;
    Bytes bytes = protocol::encode(message, codec);
    std::string label(protocol::messageType(message));
    m_connection->send(codec == Codec::Json ? transport::Frame::text(std::move(bytes), std::move(label))
                                            : transport::Frame::binary(std::move(bytes), std::move(label)));
}

bool ServerLink::isSilent()
{
    return isOpen() && m_active.now() - m_receivedAt >= 2 * m_pingTimer.intervalAsDuration();
}

} // namespace eventsync::client
