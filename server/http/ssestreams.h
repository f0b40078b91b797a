// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/random.h>
#include <eventsync/transport/connection.h>

#include <server/http/httpserver.h>

#include <QObject>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace eventsync::server {

class SseServerConnection;

/// GET /api/stream and POST /api/stream/{connectionId} as connections. The id is 192 random bits: knowing it is the right to
/// send on that connection. Owner only.
class SseStreams
{
public:
    using Announce = std::function<void(std::unique_ptr<transport::Connection>)>;

    SseStreams(Random &random, const HttpServerOptions &options, Announce announce);
    void addRoutes(Router &router);

private:
    friend class SseServerConnection;
    // The connections may exist longer than this object and the server.
    using Registry = std::map<std::string, SseServerConnection *, std::less<>>;

    void openStream(const HttpRequest &request, const Responder &responder);
    void takeFrames(const HttpRequest &request, const Responder &responder);

    Random &m_random;
    const HttpServerOptions &m_options;
    Announce m_announce;
    std::shared_ptr<Registry> m_registry = std::make_shared<Registry>();
};

} // namespace eventsync::server
