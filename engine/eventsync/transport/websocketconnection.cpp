// SPDX-License-Identifier: Apache-2.0
#include <eventsync/transport/websocketconnection.h>

#include <eventsync/base/limits.h>
#include <eventsync/base/logging.h>
#include <eventsync/transport/dial.h>

#include <QCoreApplication>
#include <QNetworkRequest>
#include <QRegularExpression>
#include <QSslSocket>
#include <QTcpSocket>
#include <QWebSocket>
#include <QWebSocketHandshakeOptions>

#include <algorithm>
#include <array>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

namespace eventsync::transport {

namespace {

using namespace Qt::StringLiterals;

// Above this, what the operating system does not take at once lies in the socket's buffer as a reference to the bytes that all
// readers share; smaller frames are copied, and lie together there.
constexpr qsizetype kShareFromBytes = 8 * 1024;

constexpr std::size_t kPiecesAtOnce = 64; // of one system call; far below what any system takes

// RFC 6455 section 5.5: a control frame's payload is at most 125 bytes, two of them the code.
constexpr std::size_t kCloseTextBytes = 123;

QString closeText(std::string_view text)
{
    std::size_t length = std::min(text.size(), kCloseTextBytes);
    while (length > 0 && length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
        --length; // never inside a letter
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(length));
}

// The client must know a refusal (never tried again) from an absence (tried again). QWebSocket tells the status of the
// answer to the upgrade only inside its error text, which may be translated: "... status code: 403 (Forbidden)."; of a
// 400 it says that it does not know the condition.
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

std::optional<ErrorCode> errorOf(CloseCode code)
{
    switch (code) {
    case CloseCode::Normal:
    case CloseCode::GoingAway:
        return std::nullopt;
    case CloseCode::ProtocolError:
    case CloseCode::UnsupportedData:
    case CloseCode::InvalidPayload:
        return ErrorCode::InvalidMessage;
    case CloseCode::TooLarge:
        return ErrorCode::TooLarge;
    case CloseCode::PolicyViolation:
        return ErrorCode::PermissionDenied;
    default:
        return ErrorCode::Unavailable;
    }
}

} // namespace

WebSocketConnection::WebSocketConnection(const QUrl &url, const DialOptions &options)
    : Connection({.kind = TransportKind::WebSocket, .secure = url.scheme() == u"wss"_s,
                  .peer = url.authority(QUrl::FullyEncoded).toStdString()},
                 State::Connecting),
      m_webSocket(std::make_unique<QWebSocket>()), m_handshakeTime(options.handshakeTime), m_isServer(false)
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
    m_timer.start(m_handshakeTime);
    m_webSocket->open(request, handshake);
}

WebSocketConnection::WebSocketConnection(std::unique_ptr<QWebSocket> webSocket, QTcpSocket *rawSocket,
                                         ConnectionInfo info)
    : Connection(std::move(info), State::Open), m_webSocket(std::move(webSocket)), m_rawSocket(rawSocket),
      m_isServer(true)
{
    m_webSocket->setParent(nullptr);
    connectSignals();
}

WebSocketConnection::~WebSocketConnection()
{
    // Possibly inside one of its signals: then it must outlive the emission.
    m_webSocket->disconnect(this);
    if (m_rawSocket)
        m_rawSocket->disconnect(this);
    if (state() == State::Connecting || state() == State::Open)
        m_webSocket->abort();
    m_webSocket.release()->deleteLater();
    // A server's socket is nobody's child: the QWebSocketServer deletes it when it disconnects, if it is still there then.
    if (m_isServer && m_rawSocket)
        m_rawSocket->deleteLater();
}

void WebSocketConnection::connectSignals()
{
    setMaxFrameBytes(limits::kFrameBytes);
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &WebSocketConnection::onTimeout);
    connect(m_webSocket.get(), &QWebSocket::textMessageReceived, this,
            [this](const QString &text) { receive(Frame::text(text.toUtf8().toStdString())); });
    connect(m_webSocket.get(), &QWebSocket::binaryMessageReceived, this,
            [this](const QByteArray &bytes) { receive(Frame::binary(bytes.toStdString())); });
    // A close frame of either side, or QWebSocket's own for a frame that breaks the rules.
    connect(m_webSocket.get(), &QWebSocket::aboutToClose, this, [this] { m_sawClose = true; });
    // Queued: abort() makes QWebSocket say it at once, and `closed` is never called inside abort().
    connect(m_webSocket.get(), &QWebSocket::disconnected, this, &WebSocketConnection::onDisconnected,
            Qt::QueuedConnection);
    if (m_rawSocket) {
        connect(m_rawSocket, &QTcpSocket::bytesWritten, this, [this] { checkWaterMarks(); });
        if (const auto *tls = qobject_cast<QSslSocket *>(m_rawSocket))
            connect(tls, &QSslSocket::encryptedBytesWritten, this, [this] { checkWaterMarks(); });
    } else {
        connect(m_webSocket.get(), &QWebSocket::bytesWritten, this, [this] { checkWaterMarks(); });
    }
}

void WebSocketConnection::setMaxFrameBytes(std::size_t bytes)
{
    m_webSocket->setMaxAllowedIncomingFrameSize(bytes);
    m_webSocket->setMaxAllowedIncomingMessageSize(bytes);
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
    // QWebSocket keeps its socket to itself, but as a child; without it unsentBytes() would be 0 under TLS.
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
    return static_cast<std::size_t>(std::max<qint64>(bytes, 0)) + m_heldBytes;
}

void WebSocketConnection::doSend(const Frame &frame, std::string_view)
{
    if (m_isServer && m_rawSocket) {
        // QWebSocket buffers nothing on the way out, so between its own control frames whole frames may be written.
        m_held.push_back(frame.webSocketBytes());
        m_heldBytes += static_cast<std::size_t>(m_held.back().size());
        if (!m_holds)
            writeOut();
    } else if (frame.isText()) {
        m_webSocket->sendTextMessage(frame.toQString());
    } else {
        m_webSocket->sendBinaryMessage(
            QByteArray::fromRawData(frame.bytes().data(), static_cast<qsizetype>(frame.size())));
    }
}

void WebSocketConnection::release()
{
    m_holds = false;
    if (m_held.empty())
        return;
    writeOut();
    checkWaterMarks();
}

namespace {

// What the operating system takes now of the frames from `skip` bytes on; 0 also when it fails, which Qt will find out.
std::size_t writeNow(qintptr socket, const std::vector<QByteArray> &frames, std::size_t skip)
{
    std::array<iovec, kPiecesAtOnce> pieces{};
    std::size_t count = 0, wanted = 0;
    for (const QByteArray &frame : frames) {
        const auto size = static_cast<std::size_t>(frame.size());
        if (skip >= size) {
            skip -= size;
            continue;
        }
        if (count == pieces.size())
            break;
        pieces[count++] = {const_cast<char *>(frame.constData()) + skip, size - skip}; // only read
        wanted += size - skip;
        skip = 0;
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const ssize_t written = ::sendmsg(static_cast<int>(socket), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return written > 0 ? std::min(static_cast<std::size_t>(written), wanted) : 0;
}

} // namespace

void WebSocketConnection::writeOut()
{
    const std::vector<QByteArray> frames = std::exchange(m_held, {});
    const std::size_t bytes = std::exchange(m_heldBytes, 0);
    if (frames.empty() || !m_rawSocket || m_rawSocket->state() != QAbstractSocket::ConnectedState)
        return;
    std::size_t done = 0;
    // Nothing may overtake what waits in Qt's buffer; under TLS everything goes through it.
    const bool direct = m_rawSocket->bytesToWrite() == 0 && !qobject_cast<const QSslSocket *>(m_rawSocket.data());
    while (direct && done < bytes) {
        const std::size_t more = writeNow(m_rawSocket->socketDescriptor(), frames, done);
        if (more == 0)
            break;
        done += more;
    }
    for (const QByteArray &frame : frames) {
        const auto size = static_cast<std::size_t>(frame.size());
        const std::size_t gone = std::min(done, size);
        done -= gone;
        if (gone == 0 && frame.size() >= kShareFromBytes)
            m_rawSocket->write(frame);
        else if (gone < size)
            m_rawSocket->write(frame.constData() + gone, frame.size() - static_cast<qsizetype>(gone));
    }
}

void WebSocketConnection::doClose(CloseCode code, std::string_view text)
{
    writeOut(); // before the close frame
    m_timer.start(limits::kCloseTime);
    if (m_webSocket->state() == QAbstractSocket::ConnectedState)
        m_webSocket->close(static_cast<QWebSocketProtocol::CloseCode>(code), closeText(text));
    else
        doAbort();
}

void WebSocketConnection::doAbort()
{
    m_held.clear();
    m_heldBytes = 0;
    m_webSocket->abort();
    // Where there was no connection yet, QWebSocket says nothing.
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
    // Without a close frame QWebSocket's code is still the one it began with: Normal.
    if (!m_sawClose) {
        becomeClosed({.code = CloseCode::Abnormal, .text = m_webSocket->errorString().toStdString(), .byPeer = true,
                      .error = ErrorCode::Unavailable});
        return;
    }
    const auto code = static_cast<CloseCode>(static_cast<std::uint16_t>(m_webSocket->closeCode()));
    CloseReason reason{.code = code, .text = m_webSocket->closeReason().toStdString(), .byPeer = true, .error = errorOf(code)};
    // The closer's word names the error better than the few codes can.
    if (const auto named = errorCodeFromName(reason.text))
        reason.error = named;
    becomeClosed(std::move(reason));
}

} // namespace eventsync::transport
