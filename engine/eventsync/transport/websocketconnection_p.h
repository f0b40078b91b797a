// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/transport/connection.h>

#include <QObject>
#include <QPointer>
#include <QTimer>

#include <chrono>
#include <memory>

class QTcpSocket;
class QWebSocket;

namespace eventsync::transport {

struct DialOptions;

// The client's side of a WebSocket, a QWebSocket. Frames over limits::kFrameBytes close it with 1009; a close that the peer
// does not answer ends in an abort after limits::kCloseTime. Owner only.
class WebSocketConnection final : public QObject, public Connection
{
    Q_OBJECT

public:
    // `url` is complete: ws or wss, with its path.
    WebSocketConnection(const QUrl &url, const DialOptions &options);
    ~WebSocketConnection() override;

    std::size_t unsentBytes() const override;

private:
    void doSend(const Frame &frame, std::string_view resumeToken) override;
    void doClose(CloseCode code, std::string_view text) override;
    void doAbort() override;
    void connectSignals();
    void onConnected();
    void onTimeout();
    void onDisconnected();

    std::unique_ptr<QWebSocket> m_webSocket;
    QPointer<QTcpSocket> m_rawSocket; // once it is open
    QTimer m_timer; // of the handshake, then of the close
    std::chrono::milliseconds m_handshakeTime{0};
    bool m_sawClose = false;
};

} // namespace eventsync::transport
