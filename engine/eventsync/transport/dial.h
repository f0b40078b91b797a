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

struct DialOptions
{
    enum class Transport { Automatic, WebSocket, Sse }; ///< Automatic: ws, wss -> WebSocket; http, https -> SSE

    Transport transport = Transport::Automatic;
    Codec codec = Codec::Json;   ///< what is asked for; info().codec says what the server chose. SSE is always JSON
    std::string authorization;   ///< the whole header value, for example "Bearer ..."
    std::string userAgent;
    std::string resumeToken;     ///< SSE: Connection::resumeToken() of the connection before this one
    std::optional<QSslConfiguration> tls = {};
    std::chrono::milliseconds handshakeTime = limits::kHandshakeTime;
};

/// Connects to the server at `url`: scheme ws, wss, http or https (which say the same, but for Automatic), host, port, and
/// optionally a path under which a proxy has it; "/sync" or "/api/stream" is added unless it is there. The connection is
/// Connecting; `opened` or `closed` follows within handshakeTime. It lives on the calling thread, which has an event loop.
/// InvalidValue for a URL that cannot be one. Deciding to dial again is the caller's.
Result<std::unique_ptr<Connection>> dial(const QUrl &url, const DialOptions &options = {});

} // namespace eventsync::transport
