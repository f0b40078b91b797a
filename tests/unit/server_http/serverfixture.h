// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/random.h>

#include <server/http/httpserver.h>
#include <server/problem.h>

#include <QTcpSocket>
#include <QTest>
#include <QTimer>

#include <cstdint>
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
        router.get("/held", [this](const HttpRequest &, const Responder &responder) {
            held.push_back(responder);
            responder.onClosed([this] { ++heldClosed; });
        });
        router.get("/version", [](const HttpRequest &request, const Responder &responder) {
            HttpResponse response = HttpResponse::json('"' + std::string(3000, 'x') + '"');
            response.headers.add("ETag", etagOf(17));
            if (ifNoneMatchHolds(request, 17))
                response.status = 304;
            responder.respond(std::move(response));
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
    int streamsClosed = 0, heldClosed = 0;
    std::vector<Responder> held;
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

constexpr const char *kUpgradeFields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

// A client's frame: its first byte (final bit, reserved bits, opcode), masked unless told otherwise.
inline QByteArray clientFrame(unsigned char first, QByteArray payload, bool masked = true)
{
    const unsigned char mask[] = {0x37, 0xfa, 0x21, 0x3d};
    QByteArray frame(1, static_cast<char>(first));
    const auto size = static_cast<std::uint64_t>(payload.size());
    const int lengthBytes = size < 126 ? 0 : size < 65'536 ? 2 : 8;
    frame.append(static_cast<char>((masked ? 0x80 : 0) | (lengthBytes == 0 ? size : lengthBytes == 2 ? 126 : 127)));
    for (int shift = 8 * (lengthBytes - 1); shift >= 0; shift -= 8)
        frame.append(static_cast<char>((size >> shift) & 0xff));
    if (!masked)
        return frame + payload;
    frame.append(reinterpret_cast<const char *>(mask), 4);
    for (qsizetype i = 0; i < payload.size(); ++i)
        payload[i] = static_cast<char>(static_cast<unsigned char>(payload[i]) ^ mask[i % 4]);
    return frame + payload;
}

// A server's frame with less than 126 bytes.
inline QByteArray serverFrame(unsigned char first, const QByteArray &payload)
{
    return QByteArray(1, static_cast<char>(first)).append(static_cast<char>(payload.size())) + payload;
}

} // namespace eventsync::server
