// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/error.h>
#include <eventsync/transport/frame.h>

#include <server/http/httpmessage.h>

#include <functional>
#include <memory>
#include <string>

namespace eventsync::server {

/// An answer whose body is sent in parts, until finish() or until the client has gone. Owner only (the server's thread).
class HttpStream
{
public:
    virtual ~HttpStream() = default; ///< without finish(): the connection is aborted, so the client detects an incomplete body
    virtual bool isOpen() const = 0;
    virtual void write(std::string_view bytes) = 0;
    virtual void writeShared(const QByteArray &bytes) = 0; ///< a large one is not copied
    virtual void finish() = 0;
    virtual void abort() = 0;
    virtual std::size_t unsentBytes() const = 0;
    /// `callback` is called once, when the client has gone or after finish() and the last byte; never inside a call of this
    /// object.
    virtual void onClosed(std::function<void()> callback) = 0;
    virtual void onBytesWritten(std::function<void()> callback) = 0;
};

/// text/event-stream over an HttpStream. Its owner must send heartbeat comments. Owner only.
class EventStream
{
public:
    explicit EventStream(std::unique_ptr<HttpStream> stream) : m_stream(std::move(stream)) {}
    void send(const transport::Frame &frame, std::string_view id = {});
    void sendEvent(std::string_view type, std::string_view data, std::string_view id = {});
    void sendComment(std::string_view text = {});
    HttpStream &http() { return *m_stream; }

private:
    std::unique_ptr<HttpStream> m_stream;
};

/// The right to answer one request, now or later, on the server's thread, exactly once. Copies share it. If the last copy is
/// destroyed without an answer the client gets 500: no request stays open. After the client has gone, answers are dropped.
class Responder
{
public:
    class Sink
    {
    public:
        virtual ~Sink() = default;
        virtual void respond(HttpResponse response) = 0;
        virtual std::unique_ptr<HttpStream> startStream(HttpResponse head) = 0;
        virtual bool isAlive() const = 0;
        virtual std::string peer() const { return {}; }
        virtual bool takesGzip() const { return false; }
        virtual void onClosed(std::function<void()> callback) = 0;
    };
    explicit Responder(std::shared_ptr<Sink> sink) : m_sink(std::move(sink)) {}

    void respond(HttpResponse response) const { m_sink->respond(std::move(response)); }
    void fail(const Error &error) const; ///< a problem document
    std::unique_ptr<HttpStream> startStream(HttpResponse head) const { return m_sink->startStream(std::move(head)); }
    EventStream startEvents() const;     ///< 200, text/event-stream, no caching, no buffering by proxies
    bool isAlive() const { return m_sink->isAlive(); }
    std::string peer() const { return m_sink->peer(); }    ///< "127.0.0.1:40312"; empty if it has gone
    bool takesGzip() const { return m_sink->takesGzip(); } ///< the client understands HttpResponse::gzippedBody
    /// `callback` is called once, if the client has gone before the answer.
    void onClosed(std::function<void()> callback) const { m_sink->onClosed(std::move(callback)); }

private:
    std::shared_ptr<Sink> m_sink;
};

} // namespace eventsync::server
