// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>
#include <eventsync/transport/connection.h>
#include <eventsync/transport/limits.h>

#include <QSslConfiguration>
#include <QUrl>

#include <chrono>
#include <memory>
#include <optional>

namespace eventsync::transport {

/// How a connection to a server is opened.
struct DialOptions
{
    enum class Transport { Automatic, WebSocket, Sse }; ///< Automatic: ws, wss -> WebSocket; http, https -> SSE

    Transport transport = Transport::Automatic;
    Codec codec = Codec::Json;   ///< the requested codec; info().codec is the one that the server chose. SSE is always JSON
    std::string authorization;   ///< the whole header value, for example "Bearer ..."
    std::string userAgent;
    std::string resumeToken;     ///< SSE: Connection::resumeToken() of the connection before this one
    std::optional<QSslConfiguration> tls = {};
    std::chrono::milliseconds handshakeTime = limits::kHandshakeTime;
};

/// Connects to the server at `url`: scheme ws, wss, http or https (which differ for Automatic only), host, port, and optionally
/// a path of a proxy; "/sync" or "/api/stream" is added unless it is there. The connection is Connecting; `opened` or `closed`
/// follows within handshakeTime. It belongs to the calling thread, which has an event loop. InvalidValue for an invalid URL.
/// The caller decides whether to connect again.
Result<std::unique_ptr<Connection>> dial(const QUrl &url, const DialOptions &options = {});

} // namespace eventsync::transport
