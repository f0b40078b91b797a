// SPDX-License-Identifier: Apache-2.0
#include <eventsync/transport/sseconnection_p.h>

#include <eventsync/transport/dial.h>
#include <eventsync/transport/limits.h>

#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkReply>

#include <algorithm>

namespace eventsync::transport {

namespace {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

int statusOf(const QNetworkReply &reply)
{
    return reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
}

// A problem document names the error; another server's answer is recognised by its HTTP status. 0: there was no answer.
ErrorCode errorOf(int status, const QByteArray &body)
{
    const auto problem = QJsonDocument::fromJson(body).object();
    if (const auto code = errorCodeFromName(problem.value("code"_L1).toString().toStdString()))
        return *code;
    switch (status) {
    case 0:
        return ErrorCode::Unavailable;
    case 400:
        return ErrorCode::UnsupportedProtocol;
    case 401:
        return ErrorCode::Unauthenticated;
    case 403:
        return ErrorCode::PermissionDenied;
    case 404:
        return ErrorCode::NotFound;
    case 413:
        return ErrorCode::TooLarge;
    case 429:
        return ErrorCode::RateLimited;
    default:
        return ErrorCode::Unavailable;
    }
}

} // namespace

SseConnection::SseConnection(const QUrl &streamUrl, const DialOptions &options)
    : Connection({.kind = TransportKind::Sse, .secure = streamUrl.scheme() == u"https"_s,
                  .peer = streamUrl.authority(QUrl::FullyEncoded).toStdString()},
                 State::Connecting),
      m_streamUrl(streamUrl), m_resumeToken(options.resumeToken)
{
    m_template.setAttribute(QNetworkRequest::CacheLoadControlAttribute, QNetworkRequest::AlwaysNetwork);
    m_template.setAttribute(QNetworkRequest::CacheSaveControlAttribute, false);
    m_template.setAttribute(QNetworkRequest::CookieLoadControlAttribute, QNetworkRequest::Manual);
    // If HTTP/2 is offered and the host has addresses of both families, Qt 6.4 to 6.8 do not report that the other side has
    // closed a stream over TLS.
    m_template.setAttribute(QNetworkRequest::Http2AllowedAttribute, false);
    m_template.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::SameOriginRedirectPolicy);
    if (!options.authorization.empty())
        m_template.setRawHeader("Authorization", QByteArray::fromStdString(options.authorization));
    if (!options.userAgent.empty())
        m_template.setRawHeader("User-Agent", QByteArray::fromStdString(options.userAgent));
    if (options.tls)
        m_template.setSslConfiguration(*options.tls);

    QNetworkRequest get = request(m_streamUrl);
    get.setRawHeader("Accept", "text/event-stream");
    get.setRawHeader("Cache-Control", "no-cache");
    if (!m_resumeToken.empty())
        get.setRawHeader("Last-Event-ID", QByteArray::fromStdString(m_resumeToken));
    m_stream = m_network.get(get);
    connect(m_stream, &QNetworkReply::readyRead, this, &SseConnection::onStreamBytes);
    connect(m_stream, &QNetworkReply::finished, this, &SseConnection::onStreamFinished, Qt::QueuedConnection);

    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, [this] {
        if (state() == State::Closing)
            finish({.code = CloseCode::Abnormal});
        else if (state() != State::Open || m_active.now() - m_receivedAt >= m_patience)
            finish({.code = CloseCode::Abnormal, .text = "the server is silent", .error = ErrorCode::Timeout});
    });
    m_timer.start(options.handshakeTime);
}

SseConnection::~SseConnection()
{
    dropReplies();
}

// They are deleted later, and by nothing else, because this may run inside one of their signals: afterwards this object may be gone
// together with the network manager.
void SseConnection::dropReplies()
{
    for (QNetworkReply *reply : {std::exchange(m_stream, nullptr), std::exchange(m_post, nullptr)}) {
        if (reply) {
            reply->disconnect(this);
            reply->setParent(nullptr);
            reply->abort();
            reply->deleteLater();
        }
    }
}

QNetworkRequest SseConnection::request(const QUrl &url) const
{
    QNetworkRequest made(m_template);
    made.setUrl(url);
    return made;
}

void SseConnection::onStreamBytes()
{
    if (m_finished || !m_stream || statusOf(*m_stream) != 200)
        return; // an error's body is read when it is complete
    const QByteArray bytes = m_stream->readAll();
    auto events = m_parser.feed({bytes.constData(), static_cast<std::size_t>(bytes.size())});
    if (!events) {
        finish({.code = CloseCode::TooLarge, .text = events.error().message, .error = ErrorCode::TooLarge});
        return;
    }
    m_receivedAt = m_active.now(); // any bytes show that the peer is active
    const QPointer<SseConnection> self(this);
    for (const SseEvent &event : *events) {
        onEvent(event);
        if (!self || m_finished)
            return;
    }
}

void SseConnection::onEvent(const SseEvent &event)
{
    if (event.type == "open" && m_connectionId.empty()) {
        onOpen(event.data);
        return;
    }
    if (event.type == "close") {
        onCloseEvent(event.data);
        return;
    }
    if (!event.lastEventId.empty())
        m_resumeToken = event.lastEventId;
    receive(Frame::text(event.data, event.type));
}

void SseConnection::onOpen(const std::string &data)
{
    const auto open = QJsonDocument::fromJson(QByteArray::fromStdString(data)).object();
    m_connectionId = open.value("connectionId"_L1).toString().toStdString();
    const auto heartbeat = std::chrono::milliseconds(open.value("heartbeatMs"_L1).toInt(0));
    if (m_connectionId.empty() || heartbeat <= std::chrono::milliseconds(0)) {
        finish({.code = CloseCode::ProtocolError, .text = "the stream does not begin with an open event",
                .error = ErrorCode::InvalidMessage});
        return;
    }
    m_patience = heartbeat * 2;
    m_timer.setSingleShot(false);
    m_timer.start(std::min<std::chrono::milliseconds>(heartbeat, 1s));
    becomeOpen();
}

void SseConnection::onCloseEvent(const std::string &data)
{
    const auto close = QJsonDocument::fromJson(QByteArray::fromStdString(data)).object();
    const auto code = static_cast<CloseCode>(close.value("code"_L1).toInt(static_cast<int>(CloseCode::Normal)));
    const auto error = errorCodeFromName(close.value("reason"_L1).toString().toStdString());
    finish({.code = code, .text = close.value("reason"_L1).toString().toStdString(), .byPeer = true, .error = error});
}

void SseConnection::onStreamFinished()
{
    if (m_finished || !m_stream)
        return;
    if (statusOf(*m_stream) == 200 && m_stream->bytesAvailable() > 0) {
        const QPointer<SseConnection> self(this);
        onStreamBytes();
        if (!self || m_finished)
            return;
    }
    const int status = statusOf(*m_stream);
    const QString text = m_stream->errorString();
    if (status == 200 || status == 0) {
        finish({.code = CloseCode::Abnormal, .text = text.toStdString(), .byPeer = status == 200,
                .error = ErrorCode::Unavailable});
        return;
    }
    const QByteArray body = m_stream->read(static_cast<qint64>(limits::kHttpHeadBytes));
    finish({.code = CloseCode::Abnormal, .text = "HTTP " + std::to_string(status), .byPeer = true,
            .error = errorOf(status, body)});
}

void SseConnection::doSend(const Frame &frame, std::string_view)
{
    if (!frame.isText()) {
        abortBecause({.code = CloseCode::UnsupportedData, .text = "SSE carries texts only",
                      .error = ErrorCode::UnsupportedProtocol});
        return;
    }
    m_waitingBytes += frame.size();
    m_waiting.push_back(frame);
    // Posted, so that frames sent in one turn of the event loop are joined in one request.
    if (m_waiting.size() == 1 && !m_post)
        QMetaObject::invokeMethod(this, &SseConnection::postWaiting, Qt::QueuedConnection);
}

void SseConnection::postWaiting()
{
    if (m_post || m_finished)
        return;
    if (m_waiting.empty()) {
        if (state() == State::Closing)
            finish({});
        return;
    }
    QByteArray body("[");
    std::size_t frames = 0;
    while (!m_waiting.empty() && frames < limits::kSsePostFrames) {
        const auto bytes = m_waiting.front().bytes();
        if (frames > 0 && static_cast<std::size_t>(body.size()) + bytes.size() > limits::kSsePostBytes)
            break;
        if (frames++ > 0)
            body.append(',');
        body.append(bytes.data(), static_cast<qsizetype>(bytes.size()));
        m_inFlightBytes += bytes.size();
        m_waitingBytes -= bytes.size();
        m_waiting.pop_front();
    }
    body.append(']');

    QUrl url(m_streamUrl);
    url.setQuery(QString());
    url.setPath(url.path() + u'/' + QString::fromStdString(m_connectionId));
    QNetworkRequest post = request(url);
    post.setRawHeader("Content-Type", "application/json");
    post.setTransferTimeout(static_cast<int>(limits::kHttpRequestTime.count()));
    m_post = m_network.post(post, body);
    connect(m_post, &QNetworkReply::finished, this, [this, reply = m_post] { onPosted(reply); }, Qt::QueuedConnection);
}

void SseConnection::onPosted(QNetworkReply *reply)
{
    m_post = nullptr;
    reply->deleteLater();
    if (m_finished)
        return;
    const int status = statusOf(*reply);
    if (status < 200 || status > 299) {
        // It is not known whether the frames arrived; their sender repeats them on the next connection.
        const QByteArray body = reply->read(static_cast<qint64>(limits::kHttpHeadBytes));
        finish({.code = CloseCode::Abnormal, .text = reply->errorString().toStdString(), .byPeer = status != 0,
                .error = status == 404 ? ErrorCode::Unavailable : errorOf(status, body)});
        return;
    }
    m_inFlightBytes = 0;
    const QPointer<SseConnection> self(this);
    checkWaterMarks();
    if (self)
        postWaiting();
}

void SseConnection::doClose(CloseCode, std::string_view)
{
    m_timer.start(limits::kCloseTime); // for frames that wait to be posted
    if (state() == State::Closing && m_connectionId.empty())
        m_waiting.clear();
    QMetaObject::invokeMethod(this, &SseConnection::postWaiting, Qt::QueuedConnection);
}

void SseConnection::doAbort()
{
    QMetaObject::invokeMethod(this, [this] { finish({.code = CloseCode::Abnormal}); }, Qt::QueuedConnection);
}

void SseConnection::finish(CloseReason reason)
{
    if (std::exchange(m_finished, true))
        return;
    m_timer.stop();
    m_waiting.clear();
    m_waitingBytes = m_inFlightBytes = 0;
    dropReplies();
    becomeClosed(std::move(reason));
}

} // namespace eventsync::transport
