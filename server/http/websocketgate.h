// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/transport/connection.h>

#include <server/http/httpmessage.h>

#include <QObject>

#include <functional>
#include <map>
#include <memory>
#include <string>

class QTcpSocket;
class QWebSocketServer;

namespace eventsync::server {

// Makes sockets whose upgrade has been checked into transport connections: QWebSocketServer answers the handshake, which
// it reads from the socket itself. Owner only.
class WebSocketGate final : public QObject
{
    Q_OBJECT

public:
    using Announce = std::function<void(std::unique_ptr<transport::Connection>)>;

    WebSocketGate(Announce announce, std::size_t maxFrameBytes);
    ~WebSocketGate() override;

    void handOver(QTcpSocket *socket, HttpRequest head); // takes the socket

private:
    struct Waiting
    {
        QTcpSocket *socket;
        HttpRequest head;
    };
    void onNewConnection();

    Announce m_announce;
    std::size_t m_maxFrameBytes;
    std::unique_ptr<QWebSocketServer> m_server;
    std::map<std::string, Waiting> m_waiting; // between hand-over and handshake, by both ends' addresses
};

} // namespace eventsync::server
