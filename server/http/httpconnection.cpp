// SPDX-License-Identifier: Apache-2.0
#include <server/http/httpconnection.h>

#include <eventsync/base/assert.h>

#include <server/http/bodystream.h>
#include <server/http/gzip.h>
#include <server/http/httpdate.h>
#include <server/http/upgradecheck.h>
#include <server/limits.h>
#include <server/logging.h>
#include <server/problem.h>

#include <QSslSocket>
#include <QTcpSocket>

#include <poll.h>

namespace eventsync::server {

namespace {

qint64 unsentOf(const QTcpSocket &socket)
{
    const auto *tls = qobject_cast<const QSslSocket *>(&socket);
    return socket.bytesToWrite() + (tls ? tls->encryptedBytesToWrite() : 0);
}

enum class Peer { Present, Finished, Gone };

// Whether the other side has ended its half of the connection, or all of it. Under TLS the socket reports it.
Peer peerOf(const QTcpSocket &socket)
{
    pollfd look{.fd = static_cast<int>(socket.socketDescriptor()), .events = POLLRDHUP, .revents = 0};
    if (::poll(&look, 1, 0) <= 0)
        return Peer::Present;
    return (look.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0 ? Peer::Gone : Peer::Finished;
}

// A value that a handler took from input must not begin another header.
void appendField(std::string &head, std::string_view name, std::string_view value)
{
    head.append(name).append(": ");
    for (const char c : value)
        head.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
    head.append("\r\n");
}

std::string_view view(const QByteArray &bytes)
{
    return {bytes.constData(), static_cast<std::size_t>(bytes.size())};
}

constexpr qsizetype kShareFromBytes = 8 * 1024; // as for WebSocket frames: small writes are joined, large ones shared

} // namespace

// The one right to answer the current request. The connection and it drop their references to each other when the socket ends.
class HttpConnection::ResponderSink final : public Responder::Sink
{
public:
    explicit ResponderSink(HttpConnection *connection) : m_connection(connection) {}
    ~ResponderSink() override
    {
        if (isAlive())
            respond(problem({ErrorCode::Internal, "the request was not answered"}));
    }

    void respond(HttpResponse response) override
    {
        if (auto *connection = take())
            connection->sendResponse(std::move(response));
    }
    std::unique_ptr<HttpStream> startStream(HttpResponse head) override
    {
        auto *connection = take();
        return connection ? connection->startStream(std::move(head)) : std::make_unique<BodyStream>(nullptr);
    }
    bool isAlive() const override { return m_connection != nullptr; }
    std::string peer() const override { return m_connection ? m_connection->m_request.peer : std::string(); }
    bool takesGzip() const override { return m_connection && acceptsGzip(m_connection->m_request); }
    void onClosed(std::function<void()> callback) override { m_onClosed = std::move(callback); }

    void connectionLost()
    {
        m_connection = nullptr;
        if (const auto callback = std::exchange(m_onClosed, {}))
            callback();
    }

private:
    HttpConnection *take()
    {
        m_onClosed = {};
        return std::exchange(m_connection, nullptr);
    }
    HttpConnection *m_connection; // null after the answer or after the socket's end
    std::function<void()> m_onClosed;
};

HttpConnection::HttpConnection(std::unique_ptr<QTcpSocket> socket, Reach reach, std::shared_ptr<HttpContext> context,
                               QObject *parent)
    : QObject(parent), m_socket(std::move(socket)), m_reach(reach), m_context(std::move(context)),
      m_reader(m_context->options.read)
{
    m_socket->setReadBufferSize(static_cast<qint64>(limits::kHttpReadBytes));
    connect(m_socket.get(), &QTcpSocket::readyRead, this, &HttpConnection::read);
    connect(m_socket.get(), &QTcpSocket::bytesWritten, this, &HttpConnection::onBytesWritten);
    connect(m_socket.get(), &QTcpSocket::disconnected, this, &HttpConnection::onDisconnected);
    if (auto *tls = qobject_cast<QSslSocket *>(m_socket.get()))
        connect(tls, &QSslSocket::encryptedBytesWritten, this, &HttpConnection::onBytesWritten);
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &HttpConnection::onTimeout);
    m_timer.start(m_context->options.requestTime);
}

HttpConnection::~HttpConnection()
{
    if (m_socket) {
        m_socket->disconnect(this);
        m_socket->abort();
        m_socket.release()->deleteLater(); // this may run inside one of its signals
    }
    if (const auto sink = m_sink.lock())
        sink->connectionLost();
    if (auto *stream = std::exchange(m_stream, nullptr))
        stream->connectionLost();
}

void HttpConnection::refuse(HttpResponse response)
{
    m_keepAlive = false;
    sendResponse(std::move(response));
}

void HttpConnection::drain()
{
    m_keepAlive = false;
    if (m_state == State::Reading && !m_requestBegun)
        m_socket->disconnectFromHost();
}

// Not re-entered: after a handler that answers at once the loop below continues with the next request.
void HttpConnection::read()
{
    if (m_state == State::Lingering && m_socket) {
        m_socket->readAll();
        return;
    }
    if (m_isReadingNow)
        return;
    m_isReadingNow = true;
    const QPointer<HttpConnection> self(this);
    bool goOn = true;
    while (goOn && m_state == State::Reading && m_socket) {
        const QByteArray window = m_socket->peek(static_cast<qint64>(limits::kHttpReadBytes));
        if (window.isEmpty())
            break;
        if (!m_requestBegun) {
            m_requestBegun = true;
            m_timer.start(m_context->options.requestTime);
        }
        goOn = m_reader.hasHead() ? readBody(window) : readHead(window);
        if (!self)
            return;
    }
    m_isReadingNow = false;
}

// What the reader does not take stays in the socket, so that an upgrade's frames are there for whoever takes it over.
bool HttpConnection::readHead(const QByteArray &window)
{
    const auto taken = m_reader.feed(view(window));
    if (!taken) {
        failRequest(taken.error(), m_reader.errorStatus());
        return false;
    }
    if (!m_reader.hasHead())
        return false;
    if (isUpgradeRequest(m_reader.head())) {
        m_context->stats.bytesReceived += *taken;
        m_socket->skip(static_cast<qint64>(*taken));
        upgrade();
        return false;
    }
    consume(*taken);
    headArrived();
    return true;
}

bool HttpConnection::readBody(const QByteArray &window)
{
    const auto taken = m_reader.feed(view(window));
    if (!taken) {
        failRequest(taken.error(), m_reader.errorStatus());
        return false;
    }
    consume(*taken);
    m_bodyBytes += *taken;
    if (m_reader.isComplete()) {
        dispatch();
        return true;
    }
    if (*taken == 0 && window.size() >= static_cast<qsizetype>(limits::kHttpReadBytes))
        failRequest({ErrorCode::TooLarge, "a chunk's head is too long"}, 400);
    return *taken > 0;
}

// QTcpSocket takes the end of the peer's half for the end of the connection, and drops what was to be written. It does not
// look as long as its buffer is full: so the request's last byte stays there until the answer is on its way.
void HttpConnection::consume(std::size_t bytes)
{
    m_context->stats.bytesReceived += bytes;
    m_holdsInput = m_reader.isComplete() && !qobject_cast<QSslSocket *>(m_socket.get());
    m_socket->skip(static_cast<qint64>(bytes) - (m_holdsInput ? 1 : 0));
    if (m_holdsInput)
        m_socket->setReadBufferSize(1);
}

void HttpConnection::releaseInput()
{
    if (!std::exchange(m_holdsInput, false))
        return;
    m_socket->skip(1);
    m_socket->setReadBufferSize(static_cast<qint64>(limits::kHttpReadBytes));
}

void HttpConnection::headArrived()
{
    const HttpRequest &head = m_reader.head();
    m_keepAlive = head.keepAlive && !m_context->isDraining;
    if (auto allowed = m_context->origins.check(head, m_reach); !allowed)
        failRequest(allowed.error());
    else if (m_reader.isComplete())
        dispatch();
    else if (m_reader.expectsContinue())
        m_socket->write("HTTP/1.1 100 Continue\r\n\r\n");
}

void HttpConnection::dispatch()
{
    ++m_context->stats.requests;
    HttpRequest request = m_reader.takeRequest();
    m_reader = HttpRequestReader(m_context->options.read);
    request.secure = qobject_cast<QSslSocket *>(m_socket.get()) != nullptr;
    request.peer = peerText(*m_socket);

    std::string body = std::move(request.body);
    m_request = request;
    request.body = std::move(body);

    m_state = State::Answering;
    m_halfClosed.invalidate();
    m_timer.start(limits::kHttpProbeTime);
    m_isHead = request.method == "HEAD";
    if (m_context->origins.isPreflight(request)) {
        HttpResponse response = HttpResponse::empty();
        const auto methods = m_context->router.allowedMethods(request.path);
        m_context->origins.addPreflightHeaders(request, methods, response.headers);
        sendResponse(std::move(response));
        return;
    }
    const auto sink = std::make_shared<ResponderSink>(this);
    m_sink = sink;
    m_context->router.handle(std::move(request), Responder(sink));
}

void HttpConnection::upgrade()
{
    HttpRequest head = m_reader.head();
    auto checked = checkUpgrade(head, m_context->origins, m_reach);
    if (!checked.error && m_context->options.admit) {
        if (auto admitted = m_context->options.admit(head); !admitted)
            checked.error = admitted.error();
    }
    if (!checked.error && m_context->isDraining)
        checked.error = Error{ErrorCode::ShuttingDown, "the server stops"};
    if (checked.error) {
        HttpResponse response = problem(*checked.error, {.status = checked.status});
        if (checked.status == 426) {
            response.headers.add("Upgrade", "websocket");
            response.headers.add("Sec-WebSocket-Version", "13");
        }
        m_request = std::move(head);
        refuse(std::move(response));
        return;
    }
    head.secure = qobject_cast<QSslSocket *>(m_socket.get()) != nullptr;
    head.peer = peerText(*m_socket);
    m_timer.stop();
    const std::string answer = upgradeAnswer(head);
    m_context->stats.bytesSent += answer.size();
    m_socket->write(answer.data(), static_cast<qint64>(answer.size()));
    m_socket->disconnect(this);
    deleteLater();
    m_context->upgraded(std::move(m_socket), head);
}

void HttpConnection::failRequest(const Error &error, int status)
{
    qCDebug(lcServer) << "refused a request:" << error.toString().c_str();
    if (m_reader.hasHead())
        m_request = m_reader.head();
    refuse(problem(error, {.status = status}));
}

void HttpConnection::onTimeout()
{
    const bool hasProgress = std::exchange(m_progress, 0) > 0;
    const bool hasUnsent = unsentOf(*m_socket) > 0;
    if (m_state == State::Reading && m_requestBegun) {
        onRequestTimeout();
    } else if (m_state == State::Answering) {
        lookAtPeer();
    } else if (m_state == State::Streaming || (hasUnsent && hasProgress)) {
        if (hasUnsent && !hasProgress)
            m_socket->abort();
        else
            m_timer.start(m_context->options.idleTime);
    } else if (hasUnsent) {
        m_socket->abort();
    } else {
        m_socket->disconnectFromHost();
    }
}

// A body may take any time while it arrives at the minimum rate; a head is small.
void HttpConnection::onRequestTimeout()
{
    // Bytes that arrived in the socket while the event loop was busy count.
    const QPointer<HttpConnection> self(this);
    m_socket->waitForReadyRead(0);
    if (!self || m_state != State::Reading || m_timer.isActive())
        return;
    const auto seconds = std::chrono::duration<double>(m_context->options.requestTime).count();
    const auto least = static_cast<double>(m_context->options.uploadRate) * seconds;
    if (m_reader.hasHead() && static_cast<double>(std::exchange(m_bodyBytes, 0)) >= least)
        m_timer.start(m_context->options.requestTime);
    else
        failRequest({ErrorCode::Timeout, "the request did not arrive in time"}, 408);
}

// A peer that has closed only its half cannot be distinguished at first from one that has closed completely, so the answer is
// kept for it for a limited time.
void HttpConnection::lookAtPeer()
{
    const Peer peer = peerOf(*m_socket);
    if (peer == Peer::Finished && !m_halfClosed.isValid())
        m_halfClosed.start();
    if (peer == Peer::Gone || (peer == Peer::Finished && m_halfClosed.hasExpired(m_context->options.halfClosedTime.count())))
        m_socket->abort();
    else
        m_timer.start(limits::kHttpProbeTime);
}

void HttpConnection::onBytesWritten()
{
    ++m_progress;
    if (m_stream)
        m_stream->bytesWritten();
    else if (m_state == State::Flushing)
        nextRequest();
}

void HttpConnection::onDisconnected()
{
    m_timer.stop();
    m_state = State::Lingering;
    const QPointer<HttpConnection> self(this);
    if (const auto sink = m_sink.lock())
        sink->connectionLost();
    if (!self)
        return;
    if (auto *stream = std::exchange(m_stream, nullptr))
        stream->connectionLost();
    if (self)
        deleteLater();
}

// A 304 is made with the body of the 200 answer, to get the headers that this would have.
void HttpConnection::compress(HttpResponse &response) const
{
    if (response.body.size() < m_context->options.gzipFromBytes || !isCompressible(response))
        return;
    response.headers.add("Vary", "Accept-Encoding");
    if (!acceptsGzip(m_request) || (!response.gzippedBody && response.body.size() > limits::kHttpGzipHereBytes))
        return;
    // A strong tag identifies uncompressed bytes.
    if (const std::string tag(response.headers.value("ETag")); tag.starts_with('"'))
        response.headers.set("ETag", "W/" + tag);
    if (response.status == 304)
        return;
    if (auto compressed = response.gzippedBody ? std::exchange(response.gzippedBody, {}) : gzipped(response.body)) {
        response.body = std::move(*compressed);
        response.headers.set("Content-Encoding", "gzip");
    }
}

void HttpConnection::writeHead(HttpResponse &response, const std::string &framing)
{
    m_context->origins.addCorsHeaders(m_request, response.headers);
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
    head.append(reasonPhrase(response.status)).append("\r\n");
    appendField(head, "Date", httpDate());
    appendField(head, "X-Content-Type-Options", "nosniff");
    for (const auto &[name, value] : response.headers.fields())
        appendField(head, name, value);
    head += framing;
    if (!m_keepAlive)
        head += "Connection: close\r\n";
    else if (!m_request.isHttp11)
        head += "Connection: keep-alive\r\n";
    head += "\r\n";
    m_context->stats.bytesSent += head.size();
    m_socket->write(head.data(), static_cast<qint64>(head.size()));
}

void HttpConnection::sendResponse(HttpResponse response)
{
    if (response.problem && m_context->options.problemSent)
        m_context->options.problemSent(*response.problem);
    compress(response);
    const bool hasBody = response.status != 204 && response.status != 304;
    if (!hasBody)
        response.headers.remove("Content-Type");
    writeHead(response, hasBody ? "Content-Length: " + std::to_string(response.body.size()) + "\r\n" : std::string());
    if (hasBody && !m_isHead) {
        m_context->stats.bytesSent += response.body.size();
        m_socket->write(response.body.data(), static_cast<qint64>(response.body.size()));
    }
    requestDone();
}

std::unique_ptr<HttpStream> HttpConnection::startStream(HttpResponse head)
{
    m_isChunked = m_request.isHttp11;
    if (!m_isChunked)
        m_keepAlive = false; // the body ends with the connection
    writeHead(head, m_isChunked ? "Transfer-Encoding: chunked\r\n" : "");
    auto stream = std::make_unique<BodyStream>(m_isHead ? nullptr : this);
    if (m_isHead) {
        requestDone();
        return stream;
    }
    releaseInput(); // the end of its half is the only sign that a stream's reader has gone
    m_state = State::Streaming;
    m_stream = stream.get();
    m_timer.start(m_context->options.idleTime);
    return stream;
}

void HttpConnection::writeChunk(const QByteArray &bytes)
{
    if (bytes.isEmpty())
        return; // an empty chunk would end the body
    m_context->stats.bytesSent += static_cast<std::uint64_t>(bytes.size());
    if (m_isChunked)
        m_socket->write(QByteArray::number(bytes.size(), 16) + "\r\n");
    if (bytes.size() >= kShareFromBytes)
        m_socket->write(bytes);
    else
        m_socket->write(bytes.constData(), bytes.size());
    if (m_isChunked)
        m_socket->write("\r\n", 2);
}

void HttpConnection::finishStream()
{
    m_stream = nullptr;
    if (m_isChunked)
        m_socket->write("0\r\n\r\n", 5);
    requestDone();
}

void HttpConnection::abortStream()
{
    m_stream = nullptr;
    m_socket->abort();
}

std::size_t HttpConnection::unsentBytes() const
{
    return m_socket ? static_cast<std::size_t>(unsentOf(*m_socket)) : 0;
}

void HttpConnection::requestDone()
{
    const bool inputIsWhole = m_state == State::Answering || m_state == State::Streaming;
    m_isHead = false;
    m_requestBegun = false;
    m_progress = 0;
    m_bodyBytes = 0;
    if (!inputIsWhole)
        return end(false);
    m_state = State::Flushing;
    m_timer.start(m_context->options.idleTime);
    m_socket->flush();
    nextRequest();
}

// Not before the system has the whole answer: a peer that reads no answers gets no further ones, and reading may find the end
// of the peer's half, which ends the socket.
void HttpConnection::nextRequest()
{
    if (m_state != State::Flushing || unsentOf(*m_socket) > 0)
        return;
    if (!m_keepAlive || m_context->isDraining)
        return end(true);
    releaseInput();
    m_state = State::Reading;
    m_timer.start(m_context->options.idleTime);
    // A handler that answers later is not called inside read(), and no signal follows for bytes that wait already.
    if (!m_isReadingNow && m_socket->bytesAvailable() > 0)
        QMetaObject::invokeMethod(this, &HttpConnection::read, Qt::QueuedConnection);
}

void HttpConnection::end(bool inputIsWhole)
{
    m_state = State::Lingering;
    if ((inputIsWhole && m_socket->bytesAvailable() <= (m_holdsInput ? 1 : 0)) || peerOf(*m_socket) == Peer::Finished) {
        m_timer.start(m_context->options.idleTime); // for a peer that does not read
        m_socket->disconnectFromHost();
        return;
    }
    // Closing with unread input resets the connection and may lose the answer.
    releaseInput();
    m_socket->readAll();
    m_timer.start(m_context->options.lingerTime);
}

} // namespace eventsync::server
