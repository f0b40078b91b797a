// SPDX-License-Identifier: Apache-2.0
#include <server/http/websocketserverconnection.h>

#include <eventsync/base/limits.h>
#include <eventsync/transport/limits.h>

#include <server/limits.h>
#include <server/logging.h>

#include <QPointer>
#include <QSslSocket>
#include <QTcpSocket>

#include <algorithm>
#include <array>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

namespace eventsync::server {

using transport::CloseCode;
using transport::CloseReason;
using transport::Frame;

namespace {

// Above this size, bytes that the operating system does not take at once are kept in the socket's buffer as a reference to the
// bytes that all readers share; smaller frames are copied and joined.
constexpr qsizetype kShareFromBytes = 8 * 1024;

constexpr std::size_t kPiecesAtOnce = 64; // of one system call; far below what any system takes

constexpr char kFinalClose = '\x88', kFinalPong = '\x8A'; // first bytes of control frames

QByteArray controlFrame(char first, std::string_view payload)
{
    QByteArray frame;
    frame.reserve(static_cast<qsizetype>(payload.size()) + 2);
    frame.append(first).append(static_cast<char>(payload.size()));
    return frame.append(payload.data(), static_cast<qsizetype>(payload.size()));
}

// Writes the frames from `skip` bytes on, and returns how many bytes the operating system has taken; 0 also after an error,
// which Qt will detect.
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

WebSocketServerConnection::WebSocketServerConnection(std::unique_ptr<QTcpSocket> socket, transport::ConnectionInfo info,
                                                     std::size_t maxFrameBytes)
    : Connection(std::move(info), State::Open), m_socket(std::move(socket)), m_reader(maxFrameBytes)
{
    connect(m_socket.get(), &QTcpSocket::readyRead, this, &WebSocketServerConnection::read);
    connect(m_socket.get(), &QTcpSocket::bytesWritten, this, &WebSocketServerConnection::onBytesWritten);
    if (const auto *tls = qobject_cast<QSslSocket *>(m_socket.get()))
        connect(tls, &QSslSocket::encryptedBytesWritten, this, &WebSocketServerConnection::onBytesWritten);
    // Queued: abort() makes the socket emit it at once, and `closed` is never called inside abort().
    connect(m_socket.get(), &QTcpSocket::disconnected, this, &WebSocketServerConnection::onDisconnected,
            Qt::QueuedConnection);
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &WebSocketServerConnection::doAbort);
    // For frames that arrived together with the upgrade the signal was emitted before.
    QMetaObject::invokeMethod(this, &WebSocketServerConnection::read, Qt::QueuedConnection);
}

WebSocketServerConnection::~WebSocketServerConnection()
{
    dropSocket();
}

void WebSocketServerConnection::dropSocket()
{
    if (!m_socket)
        return;
    m_held.clear();
    m_heldBytes = 0;
    m_socket->disconnect(this);
    m_socket->abort();
    m_socket.release()->deleteLater(); // this may run inside one of its signals
}

std::size_t WebSocketServerConnection::unsentBytes() const
{
    if (!m_socket)
        return 0;
    const auto *tls = qobject_cast<const QSslSocket *>(m_socket.get());
    const qint64 bytes = m_socket->bytesToWrite() + (tls ? tls->encryptedBytesToWrite() : 0);
    return static_cast<std::size_t>(std::max<qint64>(bytes, 0)) + m_heldBytes;
}

void WebSocketServerConnection::read()
{
    const QPointer<WebSocketServerConnection> self(this);
    while (m_socket && m_socket->bytesAvailable() > 0) {
        const QByteArray bytes = m_socket->readAll(); // at most the socket's read buffer
        std::string_view rest(bytes.constData(), static_cast<std::size_t>(bytes.size()));
        while (!m_isOver && !rest.empty()) {
            auto taken = m_reader.feed(rest);
            if (!taken) {
                onViolation(taken.error());
                break;
            }
            rest.remove_prefix(taken->bytes);
            if (taken->message)
                take(std::move(*taken->message));
            if (!self)
                return;
        }
        if (m_socket)
            answerPing();
    }
}

void WebSocketServerConnection::take(WebSocketReader::Message message)
{
    switch (message.kind) {
    case WebSocketReader::Kind::Text:
        receive(Frame::text(std::move(message.payload)));
        break;
    case WebSocketReader::Kind::Binary:
        receive(Frame::binary(std::move(message.payload)));
        break;
    case WebSocketReader::Kind::Ping:
        m_ping = std::move(message.payload); // answered once for all pings that are read at a time (section 5.5.3)
        break;
    case WebSocketReader::Kind::Pong:
        break;
    case WebSocketReader::Kind::Close:
        onCloseFrame(message);
        break;
    }
}

// A peer that pings and does not read is answered when it reads again, and only to its last ping (section 5.5.3).
void WebSocketServerConnection::answerPing()
{
    if (m_ping && isOpen() && !m_isOver && unsentBytes() <= limits::kUnsentHighWaterBytes)
        enqueue(controlFrame(kFinalPong, *std::exchange(m_ping, std::nullopt)));
}

void WebSocketServerConnection::onCloseFrame(const WebSocketReader::Message &message)
{
    answerPing();
    m_reason = reasonOfCloseFrame(message.code.value_or(CloseCode::Normal), message.payload, true);
    if (state() == State::Open)
        writeClose(message.code, {});
    m_isOver = true;
    m_timer.start(limits::kCloseTime);
    m_socket->disconnectFromHost(); // when all is written
}

void WebSocketServerConnection::onViolation(const WebSocketReader::Violation &violation)
{
    answerPing();
    qCDebug(lcServer) << "closes a WebSocket:" << violation.text.c_str();
    m_reason = reasonOfCloseFrame(violation.code, violation.text, false);
    if (state() == State::Open)
        writeClose(violation.code, violation.text);
    m_isOver = true;
    // Closing with unread input resets the connection and may lose the close frame.
    m_timer.start(limits::kHttpLingerTime);
}

void WebSocketServerConnection::doSend(const Frame &frame, std::string_view)
{
    if (!m_isOver)
        enqueue(frame.webSocketBytes());
}

void WebSocketServerConnection::enqueue(QByteArray frame)
{
    m_heldBytes += static_cast<std::size_t>(frame.size());
    m_held.push_back(std::move(frame));
    if (!m_holds)
        writeOut();
}

void WebSocketServerConnection::release()
{
    m_holds = false;
    if (m_held.empty())
        return;
    writeOut();
    checkWaterMarks();
}

void WebSocketServerConnection::writeOut()
{
    const std::vector<QByteArray> frames = std::exchange(m_held, {});
    const std::size_t bytes = std::exchange(m_heldBytes, 0);
    if (frames.empty() || m_socket->state() != QAbstractSocket::ConnectedState)
        return;
    std::size_t done = 0;
    // Bytes in Qt's buffer must be sent first; under TLS all bytes pass through it.
    const bool direct = m_socket->bytesToWrite() == 0 && !qobject_cast<const QSslSocket *>(m_socket.get());
    while (direct && done < bytes) {
        const std::size_t more = writeNow(m_socket->socketDescriptor(), frames, done);
        if (more == 0)
            break;
        done += more;
    }
    for (const QByteArray &frame : frames) {
        const auto size = static_cast<std::size_t>(frame.size());
        const std::size_t gone = std::min(done, size);
        done -= gone;
        if (gone == 0 && frame.size() >= kShareFromBytes)
            m_socket->write(frame);
        else if (gone < size)
            m_socket->write(frame.constData() + gone, frame.size() - static_cast<qsizetype>(gone));
    }
}

void WebSocketServerConnection::writeClose(std::optional<CloseCode> code, std::string_view text)
{
    Bytes payload;
    if (code) {
        const auto number = static_cast<std::uint16_t>(*code);
        payload = {static_cast<char>(number >> 8), static_cast<char>(number & 0xFF)};
        payload.append(transport::closeFrameText(text));
    }
    enqueue(controlFrame(kFinalClose, payload));
    writeOut(); // held frames are sent before it
}

void WebSocketServerConnection::doClose(CloseCode code, std::string_view text)
{
    if (m_isOver)
        return; // the connection is closing
    writeClose(code, text);
    m_socket->flush(); // the caller may destroy the connection at once
    m_timer.start(limits::kCloseTime);
}

void WebSocketServerConnection::doAbort()
{
    m_isOver = true;
    m_held.clear();
    m_heldBytes = 0;
    m_socket->abort();
    // If it was disconnected already, the socket emits nothing.
    QMetaObject::invokeMethod(this, &WebSocketServerConnection::onDisconnected, Qt::QueuedConnection);
}

void WebSocketServerConnection::onBytesWritten()
{
    const QPointer<WebSocketServerConnection> self(this);
    checkWaterMarks();
    if (self)
        answerPing();
}

void WebSocketServerConnection::onDisconnected()
{
    m_isOver = true;
    m_timer.stop();
    if (!m_socket)
        return;
    if (!m_reason)
        m_reason = CloseReason{.code = CloseCode::Abnormal, .text = m_socket->errorString().toStdString(), .byPeer = true,
                               .error = ErrorCode::Unavailable};
    dropSocket();
    becomeClosed(*m_reason);
}

} // namespace eventsync::server
