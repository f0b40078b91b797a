// SPDX-License-Identifier: Apache-2.0
#include <server/http/websocketgate.h>

#include <eventsync/transport/websocketconnection.h>

#include <server/http/upgradecheck.h>

#include <QHostAddress>
#include <QTcpSocket>
#include <QWebSocket>
#include <QWebSocketServer>

#include <limits>

namespace eventsync::server {

namespace {

using namespace Qt::StringLiterals;

// Which socket a QWebSocket is on: it does not tell, but both know their addresses.
template<class Socket>
std::string addressKey(const Socket &socket)
{
    return (socket.peerAddress().toString() + u' ' + QString::number(socket.peerPort()) + u' '
            + socket.localAddress().toString() + u' ' + QString::number(socket.localPort()))
        .toStdString();
}

} // namespace

WebSocketGate::WebSocketGate(Announce announce, std::size_t maxFrameBytes)
    : m_announce(std::move(announce)), m_maxFrameBytes(maxFrameBytes),
      m_server(std::make_unique<QWebSocketServer>(u"eventsync"_s, QWebSocketServer::NonSecureMode))
{
    m_server->setSupportedSubprotocols({QString::fromStdString(std::string(transport::subprotocol(transport::Codec::Json))),
                                        QString::fromStdString(std::string(transport::subprotocol(transport::Codec::Cbor)))});
    m_server->setMaxPendingConnections(std::numeric_limits<int>::max()); // they are taken as they come
    connect(m_server.get(), &QWebSocketServer::newConnection, this, &WebSocketGate::onNewConnection);
}

WebSocketGate::~WebSocketGate()
{
    for (auto &[key, waiting] : m_waiting) {
        waiting.socket->disconnect(this);
        waiting.socket->abort();
        waiting.socket->deleteLater();
    }
}

void WebSocketGate::handOver(QTcpSocket *socket, HttpRequest head)
{
    const std::string key = addressKey(*socket);
    m_waiting.insert_or_assign(key, Waiting{socket, std::move(head)});
    connect(socket, &QTcpSocket::disconnected, this, [this, key, socket] {
        if (m_waiting.erase(key) > 0)
            socket->deleteLater();
    });
    m_server->handleConnection(socket);
}

void WebSocketGate::onNewConnection()
{
    while (m_server->hasPendingConnections()) {
        std::unique_ptr<QWebSocket> webSocket(m_server->nextPendingConnection());
        auto waiting = m_waiting.extract(addressKey(*webSocket));
        if (waiting.empty())
            continue; // gone between the handshake and here
        QTcpSocket *socket = waiting.mapped().socket;
        socket->disconnect(this);
        auto info = connectionInfo(waiting.mapped().head, transport::TransportKind::WebSocket);
        const auto codec = transport::codecFromSubprotocol(webSocket->subprotocol().toStdString());
        info.codec = codec.value_or(transport::Codec::Json);
        auto connection = std::make_unique<transport::WebSocketConnection>(std::move(webSocket), socket, std::move(info));
        connection->setMaxFrameBytes(m_maxFrameBytes);
        m_announce(std::move(connection));
    }
}

} // namespace eventsync::server
