// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <server/http/httpserver.h>

#include <QObject>
#include <QPointer>
#include <QTimer>

#include <functional>
#include <memory>

class QTcpSocket;

namespace eventsync::server {

// What the connections of one server share.
struct HttpContext
{
    HttpServerOptions options;
    OriginPolicy origins;
    Router router;
    HttpServerStats stats;
    bool isDraining = false;
    // Takes over the socket of a checked upgrade, its head still unread.
    std::function<void(QTcpSocket *, HttpRequest)> upgrade;
};

class BodyStream;

// One socket, one HTTP/1.x request after the other. Reads only what the present request may need, so that whatever a peer
// sends beyond it waits at the peer. Deletes itself when the socket has gone. Owner only.
class HttpConnection final : public QObject
{
    Q_OBJECT

public:
    HttpConnection(std::unique_ptr<QTcpSocket> socket, std::shared_ptr<HttpContext> context, QObject *parent);
    ~HttpConnection() override;

    void refuse(HttpResponse response); // instead of reading anything
    void drain();                       // close now if idle, else after the answer

    // For the BodyStream of the answer that is being sent.
    void writeChunk(const QByteArray &bytes);
    void finishStream();
    void abortStream();
    std::size_t unsentBytes() const;

private:
    class ResponderSink;
    enum class State { Reading, Answering, Streaming, Lingering };

    void read();
    bool readHead(const QByteArray &window);
    bool readBody(const QByteArray &window);
    void headArrived();
    void dispatch();
    void upgrade();
    void failRequest(const Error &error, int status = 0);
    void onTimeout();
    void onBytesWritten();
    void onDisconnected();

    void sendResponse(HttpResponse response);
    void compress(HttpResponse &response) const;
    void writeHead(HttpResponse &response, const std::string &framing);
    std::unique_ptr<HttpStream> startStream(HttpResponse head);
    void requestDone();

    std::unique_ptr<QTcpSocket> m_socket;
    std::shared_ptr<HttpContext> m_context;
    HttpRequestReader m_reader;
    HttpRequest m_request; // the one being answered, without its body
    std::weak_ptr<ResponderSink> m_sink;
    BodyStream *m_stream = nullptr; // it tells when it goes
    QTimer m_timer; // of the request, the idle time, a stalled reader, the lingering: by state
    State m_state = State::Reading;
    bool m_isReadingNow = false;
    bool m_requestBegun = false;
    bool m_keepAlive = true;
    bool m_isChunked = false;
    bool m_isHead = false;
    qint64 m_progress = 0; // bytes written since the timer was set
};

} // namespace eventsync::server
