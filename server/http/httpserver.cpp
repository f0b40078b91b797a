// SPDX-License-Identifier: Apache-2.0
#include <server/http/httpserver.h>

#include <server/http/descriptors.h>
#include <server/http/httpconnection.h>
#include <server/http/ssestreams.h>
#include <server/http/upgradecheck.h>
#include <server/http/websocketserverconnection.h>
#include <server/limits.h>
#include <server/logging.h>
#include <server/problem.h>

#include <QSocketNotifier>
#include <QSslSocket>
#include <QTcpServer>
#include <QTimer>

#include <string_view>
#include <utility>
#include <vector>

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

namespace eventsync::server {

namespace {

constexpr int kBacklog = 1024; // sockets that the system accepts while the thread is busy
constexpr int kAcceptedAtATime = 64; // others are served in between

constexpr std::string_view kNoDescriptor = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
                                           "Connection: close\r\n\r\n";

// QTcpServer that makes the kind of socket its listener wants. It calls accept() itself: without a free descriptor QTcpServer
// tries again at once in a loop, or stops accepting, depending on its version.
class Acceptor final : public QTcpServer
{
public:
    using Accept = std::function<void(std::unique_ptr<QTcpSocket>)>;
    Acceptor(std::optional<QSslConfiguration> tls, Accept accept) : m_tls(std::move(tls)), m_accept(std::move(accept))
    {
        m_pause.setSingleShot(true);
    }
    void begin() // when it listens
    {
        pauseAccepting();
        m_notifier = std::make_unique<QSocketNotifier>(socketDescriptor(), QSocketNotifier::Read);
        connect(m_notifier.get(), &QSocketNotifier::activated, this, [this] { acceptWaiting(); });
        connect(&m_pause, &QTimer::timeout, m_notifier.get(), [this] { m_notifier->setEnabled(true); });
    }

private:
    void acceptWaiting()
    {
        for (int i = 0; i < kAcceptedAtATime; ++i) {
            const int descriptor = ::accept4(static_cast<int>(socketDescriptor()), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (descriptor >= 0)
                incomingConnection(descriptor);
            else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                return refuse();
            else if (errno != ECONNABORTED && errno != EINTR)
                return;
        }
    }
    void refuse()
    {
        m_notifier->setEnabled(false);
        if (!std::exchange(m_isShort, true))
            qCWarning(lcServer) << "there is no descriptor left: new connections are refused until there are some";
        m_reserve.refuseWaiting(static_cast<int>(socketDescriptor()), m_tls ? std::string_view() : kNoDescriptor);
        m_pause.start(limits::kAcceptPause);
    }
    void incomingConnection(qintptr descriptor) override
    {
        if (std::exchange(m_isShort, false))
            qCInfo(lcServer) << "connections are accepted again";
        auto *tls = m_tls ? new QSslSocket : nullptr;
        std::unique_ptr<QTcpSocket> socket(tls ? tls : new QTcpSocket);
        if (!socket->setSocketDescriptor(descriptor)) {
            ::close(static_cast<int>(descriptor));
            return;
        }
        // A peer that has reset the connection: what it sent can still be read, but not its address, so that its requests would
        // take part in no turn and no limit by address. It waits for no answer.
        if (socket->peerAddress().isNull())
            return;
        socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
        socket->setSocketOption(QAbstractSocket::KeepAliveOption, 1);
        if (tls) {
            tls->setSslConfiguration(*m_tls);
            tls->startServerEncryption();
        }
        m_accept(std::move(socket));
    }

    std::optional<QSslConfiguration> m_tls;
    Accept m_accept;
    DescriptorReserve m_reserve;
    std::unique_ptr<QSocketNotifier> m_notifier;
    QTimer m_pause;
    bool m_isShort = false; // of descriptors: logged once
};

ErrorCode listenError(QAbstractSocket::SocketError error)
{
    switch (error) {
    case QAbstractSocket::SocketAccessError:
        return ErrorCode::PermissionDenied;
    case QAbstractSocket::SocketAddressNotAvailableError:
    case QAbstractSocket::UnsupportedSocketOperationError:
        return ErrorCode::InvalidValue;
    default:
        return ErrorCode::Unavailable;
    }
}

} // namespace

struct HttpServer::Private
{
    Private(Random &random, HttpServerOptions options, SseStreams::Announce announce)
        : context(std::make_shared<HttpContext>()), streams(random, context->options, announce)
    {
        context->origins = OriginPolicy(options.origins);
        context->options = std::move(options);
        context->upgraded = [this, announce](std::unique_ptr<QTcpSocket> socket, const HttpRequest &head) {
            auto info = connectionInfo(head, transport::TransportKind::WebSocket);
            info.codec = chosenCodec(head).value_or(Codec::Json);
            announce(std::make_unique<WebSocketServerConnection>(std::move(socket), std::move(info),
                                                                 context->options.maxFrameBytes));
        };
        streams.addRoutes(context->router);
    }

    void accept(std::unique_ptr<QTcpSocket> socket, Reach reach)
    {
        // Counted until the socket is destroyed, also after an upgrade.
        ++context->stats.sockets;
        QObject::connect(socket.get(), &QObject::destroyed, [context = context] { --context->stats.sockets; });
        const bool tooMany = context->stats.sockets > context->options.maxConnections;
        auto *connection = new HttpConnection(std::move(socket), reach, context, &connections);
        if (tooMany)
            connection->refuse(problem({ErrorCode::Unavailable, "too many connections"},
                                       {.retryAfter = std::chrono::seconds(5)}));
    }

    std::shared_ptr<HttpContext> context;
    SseStreams streams;
    std::vector<std::unique_ptr<Acceptor>> acceptors;
    QObject connections; // parent of every HttpConnection
};

HttpServer::HttpServer(Random &random, HttpServerOptions options)
    : m_d(std::make_unique<Private>(random, std::move(options), [this](std::unique_ptr<transport::Connection> connection) {
          announce(std::move(connection));
      }))
{
}

HttpServer::~HttpServer()
{
    m_d->context->upgraded = {};
}

Router &HttpServer::router()
{
    return m_d->context->router;
}

Result<std::uint16_t> HttpServer::listen(const ListenOptions &options)
{
    const Reach reach = options.address.isLoopback() ? Reach::Loopback : Reach::Network;
    auto acceptor = std::make_unique<Acceptor>(
        options.tls, [d = m_d.get(), reach](std::unique_ptr<QTcpSocket> socket) { d->accept(std::move(socket), reach); });
    acceptor->setListenBacklogSize(kBacklog);
    if (!acceptor->listen(options.address, options.port))
        return failure(listenError(acceptor->serverError()), acceptor->errorString().toStdString());
    acceptor->begin();
    const std::uint16_t port = acceptor->serverPort();
    qCInfo(lcServer) << "listening on" << options.address.toString() << port;
    m_d->acceptors.push_back(std::move(acceptor));
    return port;
}

void HttpServer::stopListening()
{
    m_d->acceptors.clear();
}

void HttpServer::drain()
{
    m_d->context->isDraining = true;
    for (QObject *child : m_d->connections.children()) {
        if (auto *connection = qobject_cast<HttpConnection *>(child))
            connection->drain();
    }
}

void HttpServer::setOrigins(OriginOptions origins)
{
    m_d->context->origins = OriginPolicy(std::move(origins));
}

HttpServerStats HttpServer::stats() const
{
    return m_d->context->stats;
}

} // namespace eventsync::server
