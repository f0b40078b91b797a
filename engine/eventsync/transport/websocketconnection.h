// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/transport/connection.h>

#include <QObject>
#include <QPointer>
#include <QTimer>

#include <chrono>
#include <memory>
#include <vector>

class QTcpSocket;
class QWebSocket;

namespace eventsync::transport {

struct DialOptions;

// A WebSocket, of either side. A server's frames go to the operating system as bytes that all readers share, past Qt's buffer
// as long as that is empty (docs/decisions/0085); a client's go through QWebSocket, which masks them. Frames over its limit close it with 1009; a close that the peer does
// not answer ends in an abort after limits::kCloseTime. Owner only.
class WebSocketConnection final : public QObject, public Connection
{
    Q_OBJECT

public:
    // The client's side. `url` is complete: ws or wss, with its path.
    WebSocketConnection(const QUrl &url, const DialOptions &options);
    // The server's side, of an established WebSocket and the socket under it.
    WebSocketConnection(std::unique_ptr<QWebSocket> webSocket, QTcpSocket *rawSocket, ConnectionInfo info);
    ~WebSocketConnection() override;

    void setMaxFrameBytes(std::size_t bytes); // of frames received; limits::kFrameBytes unless set
    std::size_t unsentBytes() const override;
    void hold() override { m_holds = true; }
    void release() override;

private:
    void doSend(const Frame &frame, std::string_view resumeToken) override;
    void doClose(CloseCode code, std::string_view text) override;
    void doAbort() override;
    void writeOut();
    void connectSignals();
    void onConnected();
    void onTimeout();
    void onDisconnected();

    std::unique_ptr<QWebSocket> m_webSocket;
    QPointer<QTcpSocket> m_rawSocket;
    std::vector<QByteArray> m_held; // whole frames, on their way to the raw socket
    std::size_t m_heldBytes = 0;
    bool m_holds = false;
    QTimer m_timer; // of the handshake, then of the close
    std::chrono::milliseconds m_handshakeTime{0};
    bool m_isServer;
    bool m_sawClose = false;
};

} // namespace eventsync::transport
