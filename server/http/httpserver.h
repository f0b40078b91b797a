// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>
#include <eventsync/base/random.h>
#include <eventsync/base/result.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/transport/limits.h>
#include <eventsync/transport/listener.h>

#include <server/http/httprequestreader.h>
#include <server/http/originpolicy.h>
#include <server/http/router.h>
#include <server/limits.h>

#include <QHostAddress>
#include <QObject>
#include <QSslConfiguration>

#include <chrono>
#include <memory>
#include <optional>

namespace eventsync::server {

/// The settings of an HttpServer.
struct HttpServerOptions
{
    HttpReadLimits read = {};
    OriginOptions origins = {};
    std::size_t maxConnections = limits::kServerConnections; ///< beyond it: 503
    std::size_t maxFrameBytes = limits::kFrameBytes;
    std::size_t gzipFromBytes = limits::kHttpGzipFromBytes;
    std::chrono::milliseconds requestTime = limits::kHttpRequestTime; ///< for a head to arrive, and between checks of a body's rate: 408
    std::size_t uploadRate = limits::kHttpUploadRate;                 ///< bytes a second of a body, on average over requestTime
    std::chrono::milliseconds halfClosedTime = limits::kHttpHalfClosedTime;
    std::chrono::milliseconds idleTime = limits::kHttpIdleTime;       ///< between requests
    std::chrono::milliseconds lingerTime = limits::kHttpLingerTime;   ///< of a refused request's socket
    std::chrono::milliseconds heartbeat = limits::kHeartbeat;         ///< of SSE streams
    /// Called before an upgrade or an SSE stream is accepted; an error is answered as a problem document.
    std::function<Result<>(const HttpRequest &)> admit = {};
    std::function<void(ErrorCode)> problemSent = {}; ///< called for each problem document, for metrics
};

/// Where an HttpServer listens.
struct ListenOptions
{
    QHostAddress address = QHostAddress(QHostAddress::LocalHost);
    std::uint16_t port = 0; ///< 0: a free one
    std::optional<QSslConfiguration> tls = {};
};

/// Totals since the start.
struct HttpServerStats
{
    std::uint64_t requests = 0, bytesReceived = 0, bytesSent = 0; ///< bytes of HTTP, not of WebSocket
    std::size_t sockets = 0;                                       ///< now, of every kind
};

/// The one port: HTTP/1.1 requests go to the router, WebSocket upgrades of /sync and /sync/{documentId} and the streams GET
/// /api/stream (+ POST /api/stream/{connectionId}) become transport::Connections for the Listener's handler. One request at a
/// time per socket, so pipelined ones are answered in order. Owner only: the thread that made it, which has an event loop; it
/// need not be the main one. Destroying it aborts its requests, but not the connections that it has passed on.
class HttpServer final : public QObject, public transport::Listener
{
    Q_OBJECT

public:
    /// `random` makes the secret ids of streams, so it is SystemRandom in programs.
    explicit HttpServer(Random &random, HttpServerOptions options = {});
    ~HttpServer() override;

    Router &router();

    /// May be called several times. Returns the port in use. Unavailable (port taken), PermissionDenied, InvalidValue
    /// (address).
    Result<std::uint16_t> listen(const ListenOptions &options = {});
    void stopListening(); ///< existing connections stay
    /// No new requests on kept-alive connections: each is closed after its answer. Streams must be closed by their owners.
    void drain();
    void setOrigins(OriginOptions origins); ///< for requests from now on
    HttpServerStats stats() const;

private:
    struct Private;
    std::unique_ptr<Private> m_d;
};

} // namespace eventsync::server
