// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <server/http/httpserver.h>

#include <QElapsedTimer>
#include <QObject>
#include <QPointer>
#include <QTimer>

#include <functional>
#include <memory>

class QTcpSocket;

namespace eventsync::server {

/// State that the connections of one server share.
struct HttpContext
{
    HttpServerOptions options;
    OriginPolicy origins;
    Router router;
    HttpServerStats stats;
    bool isDraining = false;
    /// Takes over the socket of an upgrade that has been answered.
    std::function<void(std::unique_ptr<QTcpSocket>, const HttpRequest &)> upgraded;
};

class BodyStream;

/// One socket, one HTTP/1.x request after the other. Reads only the bytes of the current request, so that further ones wait at
/// the peer. A peer that has ended its half of the connection still gets its answer (RFC 9112 section 9.6), not over TLS and no
/// stream. Deletes itself when the socket has gone. Owner only.
class HttpConnection final : public QObject
{
    Q_OBJECT

public:
    HttpConnection(std::unique_ptr<QTcpSocket> socket, Reach reach, std::shared_ptr<HttpContext> context, QObject *parent);
    ~HttpConnection() override;

    void refuse(HttpResponse response); ///< instead of reading anything
    void drain();                       ///< close now if idle, else after the answer

    /// For the BodyStream of the answer that is being sent.
    void writeChunk(const QByteArray &bytes);
    void finishStream();
    void abortStream();
    std::size_t unsentBytes() const;

private:
    class ResponderSink;
    enum class State { Reading, Answering, Streaming, Flushing, Lingering };

    void read();
    bool readHead(const QByteArray &window);
    bool readBody(const QByteArray &window);
    void headArrived();
    void dispatch();
    void upgrade();
    void consume(std::size_t bytes);
    void releaseInput();
    void failRequest(const Error &error, int status = 0);
    void onTimeout();
    void onRequestTimeout();
    void lookAtPeer();
    void onBytesWritten();
    void onDisconnected();

    void sendResponse(HttpResponse response);
    void compress(HttpResponse &response) const;
    void writeHead(HttpResponse &response, const std::string &framing);
    std::unique_ptr<HttpStream> startStream(HttpResponse head);
    void requestDone();
    void nextRequest();
    void end(bool inputIsWhole);

    std::unique_ptr<QTcpSocket> m_socket;
    const Reach m_reach; // of the listener
    std::shared_ptr<HttpContext> m_context;
    HttpRequestReader m_reader;
    HttpRequest m_request; // the one being answered, without its body
    std::weak_ptr<ResponderSink> m_sink;
    BodyStream *m_stream = nullptr; // it reports its destruction
    QTimer m_timer; // by state: for the request, for checking its sender, for the idle time, for a stalled reader, for lingering
    QElapsedTimer m_halfClosed; // since the end of the sender's half was detected
    State m_state = State::Reading;
    bool m_isReadingNow = false;
    bool m_holdsInput = false; // the request's last byte is still in the socket
    bool m_requestBegun = false;
    bool m_keepAlive = true;
    bool m_isChunked = false;
    bool m_isHead = false;
    qint64 m_progress = 0;       // bytes written since the timer was set
    std::size_t m_bodyBytes = 0; // ... and of the body read
};

} // namespace eventsync::server
