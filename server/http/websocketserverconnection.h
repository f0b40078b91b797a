// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/transport/connection.h>

#include <server/http/websocketreader.h>

#include <QByteArray>
#include <QObject>
#include <QTimer>

#include <memory>
#include <optional>
#include <vector>

class QTcpSocket;

namespace eventsync::server {

/// The server's side of a WebSocket, on a socket whose upgrade has been answered. Frames go to the operating system as bytes
/// that all readers share, bypassing Qt's buffer as long as that is empty (docs/decisions/0085). A violation of RFC 6455 or of
/// the limit is answered with a close frame; a close that the peer does not answer ends in an abort after limits::kCloseTime.
/// Owner only.
class WebSocketServerConnection final : public QObject, public transport::Connection
{
    Q_OBJECT

public:
    WebSocketServerConnection(std::unique_ptr<QTcpSocket> socket, transport::ConnectionInfo info, std::size_t maxFrameBytes);
    ~WebSocketServerConnection() override;

    std::size_t unsentBytes() const override;
    void hold() override { m_holds = true; }
    void release() override;

private:
    void doSend(const transport::Frame &frame, std::string_view resumeToken) override;
    void doClose(transport::CloseCode code, std::string_view text) override;
    void doAbort() override;

    void read();
    void take(WebSocketReader::Message message);
    void onCloseFrame(const WebSocketReader::Message &message);
    void onViolation(const WebSocketReader::Violation &violation);
    void onBytesWritten();
    void onDisconnected();

    void dropSocket();
    void answerPing();
    void enqueue(QByteArray frame);
    void writeOut();
    void writeClose(std::optional<transport::CloseCode> code, std::string_view text);

    std::unique_ptr<QTcpSocket> m_socket; // none once it is closed
    WebSocketReader m_reader;
    bool m_isOver = false;                          // no frame of either side counts any more
    std::optional<transport::CloseReason> m_reason; // of an end that this side's close() or abort() did not begin
    std::optional<Bytes> m_ping;                    // the last one, as long as it is not answered
    std::vector<QByteArray> m_held;                 // whole frames that wait for release()
    std::size_t m_heldBytes = 0;
    bool m_holds = false;
    QTimer m_timer; // of the end
};

} // namespace eventsync::server
