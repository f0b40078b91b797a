// SPDX-License-Identifier: Apache-2.0
#include <eventsync/transport/websocketconnection_p.h>

#include <eventsync/base/limits.h>
#include <eventsync/transport/dial.h>
#include <eventsync/transport/limits.h>

#include <QCoreApplication>
#include <QNetworkRequest>
#include <QRegularExpression>
#include <QSslSocket>
#include <QTcpSocket>
#include <QWebSocket>
#include <QWebSocketHandshakeOptions>

#include <algorithm>

namespace eventsync::transport {

namespace {

using namespace Qt::StringLiterals;

// The client must distinguish a refusal (permanent) from an unreachable server (tried again). QWebSocket reports the status of
// the answer to the upgrade only inside its error text, which may be translated: "... status code: 403 (Forbidden)."; for a 400
// it reports an unknown condition.
ErrorCode handshakeError(const QString &text)
{
    constexpr char kBadRequest[] = "QWebSocketPrivate::processHandshake: Unknown error condition encountered. Aborting connection.";
    if (text == QLatin1StringView(kBadRequest) || text == QCoreApplication::translate("QWebSocket", kBadRequest))
        return ErrorCode::UnsupportedProtocol;
    static const QRegularExpression status(u"([45]\\d\\d) \\("_s);
    switch (status.match(text).captured(1).toInt()) {
    case 400:
    case 426:
        return ErrorCode::UnsupportedProtocol;
    case 401:
        return ErrorCode::Unauthenticated;
    case 403:
        return ErrorCode::PermissionDenied;
    case 404:
        return ErrorCode::NotFound;
    case 429:
        return ErrorCode::RateLimited;
    default:
        return ErrorCode::Unavailable;
    }
}

} // namespace

WebSocketConnection::WebSocketConnection(const QUrl &url, const DialOptions &options)
    : Connection({.kind = TransportKind::WebSocket, .secure = url.scheme() == u"wss"_s,
                  .peer = url.authority(QUrl::FullyEncoded).toStdString()},
                 State::Connecting),
      m_webSocket(std::make_unique<QWebSocket>()), m_handshakeTime(options.handshakeTime)
{
    connectSignals();
    connect(m_webSocket.get(), &QWebSocket::connected, this, &WebSocketConnection::onConnected);

    QNetworkRequest request(url);
    if (!options.authorization.empty())
        request.setRawHeader("Authorization", QByteArray::fromStdString(options.authorization));
    if (!options.userAgent.empty())
        request.setRawHeader("User-Agent", QByteArray::fromStdString(options.userAgent));
    QWebSocketHandshakeOptions handshake;
    handshake.setSubprotocols({QString::fromStdString(std::string(subprotocol(options.codec)))});
    if (options.tls)
        m_webSocket->setSslConfiguration(*options.tls);
    // One message is one frame: if QWebSocket splits a text into several, it may split inside characters, and a server may
    // refuse that.
    m_webSocket->setOutgoingFrameSize(QWebSocket::maxOutgoingFrameSize());
    m_timer.start(m_handshakeTime);
    m_webSocket->open(request, handshake);
}

WebSocketConnection::~WebSocketConnection()
{
    // Deleted later, because this may run inside one of its signals.
    m_webSocket->disconnect(this);
    if (m_rawSocket)
        m_rawSocket->disconnect(this);
    if (state() == State::Connecting || state() == State::Open)
        m_webSocket->abort();
    m_webSocket.release()->deleteLater();
}

void WebSocketConnection::connectSignals()
{
    m_webSocket->setMaxAllowedIncomingFrameSize(limits::kFrameBytes);
    m_webSocket->setMaxAllowedIncomingMessageSize(limits::kFrameBytes);
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &WebSocketConnection::onTimeout);
    connect(m_webSocket.get(), &QWebSocket::textMessageReceived, this,
            [this](const QString &text) { receive(Frame::text(text.toUtf8().toStdString())); });
    connect(m_webSocket.get(), &QWebSocket::binaryMessageReceived, this,
            [this](const QByteArray &bytes) { receive(Frame::binary(bytes.toStdString())); });
    // A close frame of either side, or QWebSocket's own for a frame that breaks the rules.
    connect(m_webSocket.get(), &QWebSocket::aboutToClose, this, [this] { m_sawClose = true; });
    // Queued: abort() makes QWebSocket emit it at once, and `closed` is never called inside abort().
    connect(m_webSocket.get(), &QWebSocket::disconnected, this, &WebSocketConnection::onDisconnected,
            Qt::QueuedConnection);
    connect(m_webSocket.get(), &QWebSocket::bytesWritten, this, [this] { checkWaterMarks(); });
}

void WebSocketConnection::onConnected()
{
    m_timer.stop();
    const auto chosen = m_webSocket->subprotocol().toStdString();
    const auto codec = codecFromSubprotocol(chosen);
    if (!codec && !chosen.empty()) {
        abortBecause({.code = CloseCode::ProtocolError, .text = "the server chose " + chosen,
                      .error = ErrorCode::UnsupportedProtocol});
        return;
    }
    // QWebSocket has no accessor for its socket, but the socket is its child; without it unsentBytes() would be 0 under TLS.
    m_rawSocket = m_webSocket->findChild<QTcpSocket *>();
    if (auto *tls = qobject_cast<QSslSocket *>(m_rawSocket.data()))
        connect(tls, &QSslSocket::encryptedBytesWritten, this, [this] { checkWaterMarks(); });
    m_info.codec = codec.value_or(Codec::Json);
    becomeOpen();
}

std::size_t WebSocketConnection::unsentBytes() const
{
    qint64 bytes = 0;
    if (m_rawSocket) {
        bytes = m_rawSocket->bytesToWrite();
        if (const auto *tls = qobject_cast<const QSslSocket *>(m_rawSocket.data()))
            bytes += tls->encryptedBytesToWrite();
    } else {
        bytes = m_webSocket->bytesToWrite();
    }
    return static_cast<std::size_t>(std::max<qint64>(bytes, 0));
}

void WebSocketConnection::doSend(const Frame &frame, std::string_view)
{
    if (frame.isText()) {
        m_webSocket->sendTextMessage(frame.toQString());
    } else {
        m_webSocket->sendBinaryMessage(
            QByteArray::fromRawData(frame.bytes().data(), static_cast<qsizetype>(frame.size())));
    }
}

void WebSocketConnection::doClose(CloseCode code, std::string_view text)
{
    m_timer.start(limits::kCloseTime);
    if (m_webSocket->state() == QAbstractSocket::ConnectedState) {
        const std::string_view carried = closeFrameText(text);
        m_webSocket->close(static_cast<QWebSocketProtocol::CloseCode>(code),
                           QString::fromUtf8(carried.data(), static_cast<qsizetype>(carried.size())));
    } else {
        doAbort();
    }
}

void WebSocketConnection::doAbort()
{
    m_webSocket->abort();
    // If there was no connection yet, QWebSocket emits nothing.
    QMetaObject::invokeMethod(this, &WebSocketConnection::onDisconnected, Qt::QueuedConnection);
}

void WebSocketConnection::onTimeout()
{
    if (state() == State::Connecting) {
        m_webSocket->abort();
        becomeClosed({.code = CloseCode::Abnormal, .text = "no answer to the handshake", .error = ErrorCode::Timeout});
    } else {
        doAbort();
    }
}

void WebSocketConnection::onDisconnected()
{
    m_timer.stop();
    if (state() == State::Connecting) {
        const QString text = m_webSocket->errorString();
        becomeClosed({.code = CloseCode::Abnormal, .text = text.toStdString(), .error = handshakeError(text)});
        return;
    }
    // Without a close frame QWebSocket's code is still its initial value, Normal.
    if (!m_sawClose) {
        becomeClosed({.code = CloseCode::Abnormal, .text = m_webSocket->errorString().toStdString(), .byPeer = true,
                      .error = ErrorCode::Unavailable});
        return;
    }
    const auto code = static_cast<CloseCode>(static_cast<std::uint16_t>(m_webSocket->closeCode()));
    becomeClosed(reasonOfCloseFrame(code, m_webSocket->closeReason().toStdString(), true));
}

} // namespace eventsync::transport
