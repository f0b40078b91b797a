// SPDX-License-Identifier: Apache-2.0
#include <eventsync/transport/dial.h>

#include <eventsync/transport/sseconnection_p.h>
#include <eventsync/transport/websocketconnection_p.h>

namespace eventsync::transport {

namespace {

using namespace Qt::StringLiterals;

// The server's address with the transport's own scheme and path.
QUrl endpoint(QUrl url, const QString &scheme, const QString &path)
{
    const bool secure = url.scheme() == u"wss"_s || url.scheme() == u"https"_s;
    url.setScheme(secure ? scheme + u's' : scheme);
    url.setFragment(QString());
    QString prefix = url.path();
    if (prefix.endsWith(path) || prefix.contains(path + u'/'))
        return url;
    while (prefix.endsWith(u'/'))
        prefix.chop(1);
    url.setPath(prefix + path);
    return url;
}

} // namespace

Result<std::unique_ptr<Connection>> dial(const QUrl &url, const DialOptions &options)
{
    const QString scheme = url.scheme();
    const bool isWebSocketScheme = scheme == u"ws"_s || scheme == u"wss"_s;
    const bool isHttpScheme = scheme == u"http"_s || scheme == u"https"_s;
    if (!url.isValid() || url.host().isEmpty() || (!isWebSocketScheme && !isHttpScheme))
        return failure(ErrorCode::InvalidValue, "not the address of a server: " + url.toString().toStdString());

    const bool useSse = options.transport == DialOptions::Transport::Sse
                        || (options.transport == DialOptions::Transport::Automatic && isHttpScheme);
    std::unique_ptr<Connection> connection;
    if (useSse)
        connection = std::make_unique<SseConnection>(endpoint(url, u"http"_s, u"/api/stream"_s), options);
    else
        connection = std::make_unique<WebSocketConnection>(endpoint(url, u"ws"_s, u"/sync"_s), options);
    return connection;
}

} // namespace eventsync::transport
