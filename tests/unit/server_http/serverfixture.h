// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/random.h>

#include <server/http/httpserver.h>
#include <server/problem.h>

#include <QTcpSocket>
#include <QTest>
#include <QTimer>

#include <deque>
#include <memory>

namespace eventsync::server {

inline void waitFor(const std::function<bool()> &condition, int ms = 5000)
{
    QVERIFY(QTest::qWaitFor(condition, ms));
}

// A server on a free port of the loopback interface, with a few routes.
struct ServerFixture
{
    explicit ServerFixture(HttpServerOptions options = {}, ListenOptions listening = {}) : server(random, std::move(options))
    {
        Router &router = server.router();
        router.get("/hello", [](const HttpRequest &, const Responder &responder) { responder.respond(HttpResponse::text("hello")); });
        router.get("/large", [](const HttpRequest &request, const Responder &responder) {
            const auto size = request.queryValue("size").value_or("100000");
            responder.respond(HttpResponse::json('"' + std::string(std::stoul(std::string(size)), 'x') + '"'));
        });
        router.get("/later/{ms}", [](const HttpRequest &request, const Responder &responder) {
            const std::string ms(request.parameter("ms"));
            QTimer::singleShot(std::stoi(ms), [responder, ms] { responder.respond(HttpResponse::text("after " + ms)); });
        });
        router.get("/never", [](const HttpRequest &, const Responder &) {});
        router.get("/inject", [](const HttpRequest &request, const Responder &responder) {
            HttpResponse response = HttpResponse::text("ok");
            response.headers.add("Location", std::string(request.queryValue("to").value_or("")));
            responder.respond(std::move(response));
        });
        router.post("/echo", [](const HttpRequest &request, const Responder &responder) {
            responder.respond(HttpResponse::text(request.body));
        });
        router.get("/numbers", [this](const HttpRequest &, const Responder &responder) {
            streams.push_back(responder.startStream({200, {{"Content-Type", "text/plain"}}, {}}));
            streams.back()->onClosed([this] { ++streamsClosed; });
            for (int i = 0; i < 5; ++i)
                streams.back()->write(std::to_string(i) + '\n');
            streams.back()->finish();
        });
        router.get("/endless", [this](const HttpRequest &, const Responder &responder) {
            streams.push_back(responder.startStream({200, {}, {}}));
            streams.back()->onClosed([this] { ++streamsClosed; });
        });
        port = server.listen(listening).value_or(0);
    }

    SystemRandom random;
    int streamsClosed = 0;
    std::vector<std::unique_ptr<HttpStream>> streams;
    HttpServer server;
    std::uint16_t port = 0;
};

// Bytes to the server and back, as they are.
struct RawClient
{
    QTcpSocket socket;
    QByteArray received;

    explicit RawClient(std::uint16_t port)
    {
        QObject::connect(&socket, &QTcpSocket::readyRead, &socket, [this] { received += socket.readAll(); });
        socket.connectToHost(QHostAddress(QHostAddress::LocalHost), port);
        waitFor([this] { return socket.state() == QAbstractSocket::ConnectedState; });
    }
    void send(const QByteArray &bytes)
    {
        socket.write(bytes);
        socket.flush();
    }
    bool isClosed() const { return socket.state() == QAbstractSocket::UnconnectedState; }
    bool waitForText(const QByteArray &text, int ms = 5000)
    {
        return QTest::qWaitFor([&] { return received.contains(text); }, ms);
    }
    bool waitForClose(int ms = 5000)
    {
        return QTest::qWaitFor([&] { return isClosed(); }, ms);
    }
};

inline QByteArray get(const char *target, const char *more = "")
{
    return QByteArray("GET ") + target + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
}

} // namespace eventsync::server
