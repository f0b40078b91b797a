// SPDX-License-Identifier: Apache-2.0
// The HTTP front as its peers see it: raw bytes over real sockets.
#include "serverfixture.h"

#include <server/http/descriptors.h>

#include <QThread>

#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace eventsync;
using namespace eventsync::server;
using namespace std::chrono_literals;

class HttpServerTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void badInputGetsItsProblemAndTheEnd_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QByteArray>("status");
        QTest::addColumn<QByteArray>("code");
        const auto row = [](const char *name, const QByteArray &bytes, const char *status, const char *code) {
            QTest::newRow(name) << bytes << QByteArray(status) << QByteArray(code);
        };
        const QByteArray post = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
        row("no HTTP", "hello there\r\n\r\n", "400", "InvalidMessage");
        row("TLS on a plain port", QByteArray::fromHex("16030100c8010000c40303") + "\r\n\r\n", "400", "InvalidMessage");
        row("a bad escape", get("/%zz"), "400", "InvalidMessage");
        row("a long head", get("/hello", ("A: " + QByteArray(20'000, 'x') + "\r\n").constData()), "431", "TooLarge");
        row("a head without end", "GET /" + QByteArray(20'000, 'x'), "431", "TooLarge");
        row("a long body", post + "Content-Length: 2000\r\n\r\n" + QByteArray(2000, 'x'), "413", "TooLarge");
        row("a body promised too long", post + "Content-Length: 9999999999\r\n\r\n", "413", "TooLarge");
        row("endless chunks", post + "Transfer-Encoding: chunked\r\n\r\n" + QByteArray("100\r\n" + QByteArray(256, 'x') + "\r\n").repeated(20),
            "413", "TooLarge");
        row("an endless chunk head", post + "Transfer-Encoding: chunked\r\n\r\n1;" + QByteArray(200'000, 'x'), "400", "");
        row("smuggling", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hello", "400", "InvalidMessage");
        row("a foreign page", get("/hello", "Origin: https://evil.example\r\n"), "403", "OriginRefused");
        row("a slow head", "GET /hello HTTP/1.1\r\nHos", "408", "Timeout");
        row("a slow body", post + "Content-Length: 5\r\n\r\nabc", "408", "Timeout");
    }
    void badInputGetsItsProblemAndTheEnd()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QByteArray, status);
        QFETCH(QByteArray, code);
        ServerFixture fixture({.read = {.bodyBytes = 1000}, .requestTime = 300ms, .lingerTime = 50ms});
        RawClient client(fixture.port);
        client.send(bytes);
        QVERIFY(client.waitForClose());
        QVERIFY2(client.received.startsWith("HTTP/1.1 " + status + ' '), client.received.left(200).constData());
        QVERIFY(client.received.contains("application/problem+json"));
        if (!code.isEmpty())
            QVERIFY2(client.received.contains("\"type\":\"urn:eventsync:error:" + code + '"'), client.received.constData());
        QCOMPARE(client.received.count("HTTP/1.1 "), 1); // what came behind was not answered
        QTRY_COMPARE(fixture.server.stats().sockets, std::size_t(0));
    }

    void aPeerThatVanishesLeavesNothing_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("nothing") << QByteArray();
        QTest::newRow("half a head") << QByteArray("GET /hel");
        QTest::newRow("half a body") << QByteArray("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc");
        QTest::newRow("waiting for an answer") << get("/later/50");
        QTest::newRow("in a stream") << get("/endless");
        QTest::newRow("half an upgrade") << get("/sync", "Connection: Upgrade\r\nUpgrade: websocket\r\n").chopped(2);
    }
    void aPeerThatVanishesLeavesNothing()
    {
        QFETCH(QByteArray, bytes);
        ServerFixture fixture;
        {
            RawClient client(fixture.port);
            client.send(bytes);
            QTRY_COMPARE(fixture.server.stats().sockets, std::size_t(1));
            QTest::qWait(10);
            client.socket.abort();
        }
        QTRY_COMPARE(fixture.server.stats().sockets, std::size_t(0));
        if (!fixture.streams.empty())
            QTRY_COMPARE(fixture.streamsClosed, 1);
        QTest::qWait(60); // the late answer is dropped
    }

    void whoEndsItsHalfIsStillAnswered_data()
    {
        QTest::addColumn<QByteArray>("requests");
        QTest::addColumn<QByteArrayList>("answers"); // in this order
        QTest::newRow("at once") << get("/hello") << QByteArrayList{"200 OK", "hello"};
        QTest::newRow("later") << get("/later/50") << QByteArrayList{"200 OK", "after 50"};
        QTest::newRow("with a body") << QByteArray("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc") << QByteArrayList{"200 OK", "abc"};
        QTest::newRow("with chunks") << QByteArray("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
                                     << QByteArrayList{"200 OK", "abc"};
        QTest::newRow("more than the system takes at once") << get("/large?size=9000000") << QByteArrayList{"200 OK", "x\""};
        QTest::newRow("several requests") << get("/later/20") + get("/large?size=9000000") + get("/hello", "Connection: close\r\n")
                                          << QByteArrayList{"after 20", "x\"", "hello"};
        QTest::newRow("refused") << get("/hello", "Origin: https://evil.example\r\n") << QByteArrayList{"403 ", "OriginRefused"};
        QTest::newRow("HTTP/1.0") << QByteArray("GET /later/20 HTTP/1.0\r\n\r\n") << QByteArrayList{"200 OK", "after 20"};
    }
    void whoEndsItsHalfIsStillAnswered()
    {
        QFETCH(QByteArray, requests);
        QFETCH(QByteArrayList, answers);
        ServerFixture fixture;
        RawClient client(fixture.port);
        client.send(requests);
        QVERIFY(::shutdown(static_cast<int>(client.socket.socketDescriptor()), SHUT_WR) == 0);
        QVERIFY(client.waitForClose(15'000));
        qsizetype at = 0;
        for (const QByteArray &answer : answers) {
            const qsizetype found = client.received.indexOf(answer, at);
            QVERIFY2(found >= at, answer.constData());
            at = found;
        }
        QTRY_COMPARE(fixture.server.stats().sockets, std::size_t(0));
    }

    void anAnswerIsNotKeptForEver()
    {
        ServerFixture fixture({.halfClosedTime = 0ms});
        RawClient client(fixture.port), other(fixture.port);
        client.send(get("/held"));
        other.send(get("/held"));
        QTRY_COMPARE(fixture.held.size(), std::size_t(2));
        QVERIFY(::shutdown(static_cast<int>(client.socket.socketDescriptor()), SHUT_WR) == 0);
        QTRY_COMPARE(fixture.heldClosed, 1);
        QVERIFY(client.waitForClose());
        QTRY_COMPARE(fixture.server.stats().sockets, std::size_t(1));
        for (const Responder &responder : std::exchange(fixture.held, {}))
            responder.respond(HttpResponse::text("let go"));
        QVERIFY(other.waitForText("let go"));
        QVERIFY(!client.received.contains("let go"));
    }

    void anUploadThatMakesProgressIsTaken()
    {
        ServerFixture fixture({.requestTime = 2s, .uploadRate = 100});
        RawClient client(fixture.port);
        client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1003\r\n\r\n" + QByteArray(1000, 'x'));
        QTest::qWait(2'500); // beyond the first look
        client.send("end");
        QVERIFY2(client.waitForText("xend"), client.received.constData());
    }

    void tagsAndConditionsKnowOfCompression()
    {
        ServerFixture fixture({.gzipFromBytes = 100});
        RawClient client(fixture.port);
        const auto ask = [&](const char *fields) {
            client.received.clear();
            client.send(get("/version", fields) + get("/hello")); // whose answer ends the first one's
            return client.waitForText("\r\n\r\nhello") ? client.received : QByteArray();
        };
        QVERIFY(ask("").contains("ETag: \"17\"\r\n"));
        const QByteArray zipped = ask("Accept-Encoding: gzip\r\n");
        QVERIFY(zipped.contains("ETag: W/\"17\"\r\n"));
        QVERIFY(zipped.contains("Vary: Accept-Encoding\r\n"));
        const QByteArray same = ask("Accept-Encoding: gzip\r\nIf-None-Match: W/\"17\"\r\n");
        QVERIFY(same.startsWith("HTTP/1.1 304 "));
        QVERIFY(same.contains("ETag: W/\"17\"\r\n"));
        QVERIFY(same.contains("Vary: Accept-Encoding\r\n"));
        QVERIFY(!same.left(same.indexOf("\r\n\r\n")).contains("\r\nContent-"));
    }

    void requestsArriveHoweverTheyAreCut()
    {
        ServerFixture fixture;
        RawClient client(fixture.port);
        const QByteArray bytes = "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        for (const char c : bytes) {
            client.send(QByteArray(1, c));
            QCoreApplication::processEvents();
        }
        QVERIFY(client.waitForText("abcde"));
    }

    void pipelinedRequestsAreAnsweredInOrder()
    {
        ServerFixture fixture;
        RawClient client(fixture.port);
        client.send(get("/later/60") + get("/hello") + get("/later/10") + get("/numbers") + get("/nowhere")
                    + "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nend" + get("/later/1", "Connection: close\r\n"));
        QVERIFY(client.waitForClose());
        qsizetype at = 0;
        for (const char *text : {"after 60", "hello", "after 10", "2\r\n4\n\r\n0\r\n\r\n", "NotFound", "end", "after 1"}) {
            const qsizetype found = client.received.indexOf(text, at);
            QVERIFY2(found >= at, text);
            at = found;
        }
        QCOMPARE(fixture.server.stats().requests, std::uint64_t(7));
    }

    void whoReadsNoAnswersIsNotServedOn()
    {
        ServerFixture fixture;
        QTcpSocket client;
        client.setReadBufferSize(1000);
        client.connectToHost(QHostAddress(QHostAddress::LocalHost), fixture.port);
        QTRY_COMPARE(client.state(), QAbstractSocket::ConnectedState);
        for (int i = 0; i < 200; ++i)
            client.write(get("/large?size=1000000"));
        QTest::qWait(500);
        const auto served = fixture.server.stats().requests;
        QVERIFY2(served < 30, qPrintable(QString::number(served))); // 200 MB would be unsent otherwise
        client.setReadBufferSize(0);
        qint64 read = 0;
        connect(&client, &QTcpSocket::readyRead, &client, [&] { read += client.readAll().size(); });
        read += client.readAll().size();
        QVERIFY(QTest::qWaitFor([&] { return read > 200'000'000; }, 30'000));
        QCOMPARE(fixture.server.stats().requests, std::uint64_t(200));
    }

    // The listener must neither go deaf nor spin: whoever comes is told, and when there is room again it is served.
    void withoutDescriptorsNewConnectionsAreRefusedUntilThereAreSome()
    {
        ServerFixture fixture;
        RawClient warm(fixture.port); // what a first connection opens in this process is open now
        warm.send(get("/hello"));
        QVERIFY(warm.waitForText("hello"));
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_port = htons(fixture.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int caller = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        QVERIFY(caller >= 0);
        rlimit before = {};
        QCOMPARE(::getrlimit(RLIMIT_NOFILE, &before), 0);
        const rlimit few{.rlim_cur = 256, .rlim_max = before.rlim_max};
        QCOMPARE(::setrlimit(RLIMIT_NOFILE, &few), 0);
        std::vector<int> taken;
        for (int descriptor; (descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;)
            taken.push_back(descriptor);
        static_cast<void>(::connect(caller, reinterpret_cast<const sockaddr *>(&address), sizeof address));
        const std::string request = get("/hello").toStdString();
        std::string answer;
        bool isAsked = false;
        const bool answered = QTest::qWaitFor([&] {
            isAsked = isAsked || ::send(caller, request.data(), request.size(), MSG_NOSIGNAL) > 0;
            char bytes[512];
            const ssize_t count = ::recv(caller, bytes, sizeof bytes, 0);
            answer.append(bytes, count > 0 ? static_cast<std::size_t>(count) : 0);
            return answer.find("\r\n\r\n") != std::string::npos;
        });
        for (const int descriptor : taken)
            ::close(descriptor);
        ::close(caller);
        QCOMPARE(::setrlimit(RLIMIT_NOFILE, &before), 0);
        QVERIFY2(answered && answer.starts_with("HTTP/1.1 503 "), answer.c_str());
        RawClient later(fixture.port);
        later.send(get("/hello"));
        QVERIFY(later.waitForText("hello"));
    }

    // Its bytes can be read, but not its address: as a requester without one it would have turns of its own.
    void aConnectionThatWasResetBeforeItWasAcceptedIsDropped()
    {
        ServerFixture fixture;
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_port = htons(fixture.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int caller = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        QVERIFY(caller >= 0);
        QCOMPARE(::connect(caller, reinterpret_cast<const sockaddr *>(&address), sizeof address), 0); // by the kernel
        const std::string request = get("/held").toStdString();
        QCOMPARE(::send(caller, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
        const linger reset{.l_onoff = 1, .l_linger = 0};
        QCOMPARE(::setsockopt(caller, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
        ::close(caller);
        RawClient later(fixture.port); // accepted after the other one
        later.send(get("/hello"));
        QVERIFY(later.waitForText("hello"));
        QVERIFY(fixture.held.empty());
        QCOMPARE(fixture.server.stats().requests, std::uint64_t(1));
    }

    void moreConnectionsThanDescriptorsAreNotPromised()
    {
        rlimit before = {};
        QCOMPARE(::getrlimit(RLIMIT_NOFILE, &before), 0);
        const rlimit few{.rlim_cur = 300, .rlim_max = before.rlim_max};
        QCOMPARE(::setrlimit(RLIMIT_NOFILE, &few), 0);
        QCOMPARE(socketsThatFit(100), std::size_t(100));
        QVERIFY(socketsThatFit(400) == 400 || before.rlim_max < 528); // raised as far as the system lets us
        QVERIFY(socketsThatFit(SIZE_MAX / 4) <= before.rlim_max);
        QCOMPARE(::setrlimit(RLIMIT_NOFILE, &before), 0);
    }

    void anIdleConnectionIsClosed()
    {
        ServerFixture fixture({.requestTime = 200ms, .idleTime = 100ms});
        RawClient silent(fixture.port), served(fixture.port);
        served.send(get("/hello"));
        QVERIFY(served.waitForText("hello"));
        QVERIFY(served.waitForClose());
        QVERIFY(silent.waitForClose());
        QCOMPARE(silent.received, QByteArray());
    }

    void everyRequestIsAnswered()
    {
        ServerFixture fixture;
        RawClient client(fixture.port);
        client.send(get("/never"));
        QVERIFY(client.waitForText("urn:eventsync:error:Internal"));
        QVERIFY(client.received.startsWith("HTTP/1.1 500 "));
        client.send(get("/hello"));
        QVERIFY(client.waitForText("hello"));
    }

    void headAnswersWithoutABody()
    {
        ServerFixture fixture;
        RawClient client(fixture.port);
        client.send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
        QVERIFY(client.waitForText("Content-Length: 5\r\n"));
        client.received.clear();
        client.send("HEAD /numbers HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/hello", "Connection: close\r\n"));
        QVERIFY(client.waitForClose());
        QCOMPARE(client.received.count("HTTP/1.1 200"), 2);
        QVERIFY(!client.received.contains("\r\n\r\n2\r\n"));
        QVERIFY(client.received.endsWith("\r\n\r\nhello"));
    }

    void anHttp10StreamEndsWithItsConnection()
    {
        ServerFixture fixture;
        RawClient client(fixture.port);
        client.send("GET /numbers HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        QVERIFY(client.waitForClose());
        QVERIFY(client.received.endsWith("\r\n\r\n0\n1\n2\n3\n4\n"));
        QVERIFY(client.received.contains("Connection: close\r\n"));
        QTRY_COMPARE(fixture.streamsClosed, 1);
    }

    void aBrokenStreamIsSeenAsBroken()
    {
        ServerFixture fixture;
        RawClient client(fixture.port);
        client.send(get("/endless"));
        QTRY_COMPARE(fixture.streams.size(), std::size_t(1));
        fixture.streams[0]->write("abc");
        QVERIFY(client.waitForText("3\r\nabc\r\n"));
        fixture.streams.clear(); // without finish()
        QVERIFY(client.waitForClose());
        QVERIFY(!client.received.contains("0\r\n\r\n"));
    }

    void noValueBeginsAHeaderOfItsOwn()
    {
        ServerFixture fixture;
        RawClient client(fixture.port);
        client.send(get("/inject?to=a%0d%0aSet-Cookie:%20b", "Connection: close\r\n"));
        QVERIFY(client.waitForClose());
        QVERIFY(client.received.contains("Location: a  Set-Cookie: b\r\n"));
    }

    void preflightsAreAnsweredForAllowedOrigins()
    {
        ServerFixture fixture({.origins = {.allowed = {"https://app.example.org"}}});
        RawClient client(fixture.port);
        client.send("OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example.org\r\n"
                    "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: if-match\r\n\r\n");
        QVERIFY(client.waitForText("\r\n\r\n"));
        for (const char *text : {"HTTP/1.1 204 ", "Access-Control-Allow-Origin: https://app.example.org\r\n",
                                 "Access-Control-Allow-Methods: OPTIONS, POST\r\n", "Access-Control-Allow-Headers: if-match\r\n",
                                 "Vary: Origin\r\n"})
            QVERIFY2(client.received.contains(text), text);
        client.received.clear();
        client.send(get("/hello", "Origin: https://app.example.org\r\n"));
        QVERIFY(client.waitForText("hello"));
        QVERIFY(client.received.contains("Access-Control-Allow-Origin: https://app.example.org\r\n"));
    }

    void aForeignNameReachesNothing_data()
    {
        QTest::addColumn<QByteArray>("request");
        const QByteArray end = "Host: evil.example:8080\r\nOrigin: http://evil.example:8080\r\n";
        const auto row = [&](const char *name, const QByteArray &line, const QByteArray &more) {
            QTest::newRow(name) << line + " HTTP/1.1\r\n" + end + more;
        };
        row("a read", "GET /held", "\r\n");
        row("a write", "PUT /held", "Content-Length: 3\r\n\r\nabc");
        row("a write whose body is still to come", "POST /echo", "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
        row("a preflight", "OPTIONS /echo", "Access-Control-Request-Method: POST\r\n\r\n");
        row("a stream", "GET /api/stream", "Accept: text/event-stream\r\n\r\n");
        row("an upgrade", "GET /sync", QByteArray(kUpgradeFields) + "\r\n");
        row("a path that is not there", "GET /nowhere", "\r\n");
    }
    void aForeignNameReachesNothing()
    {
        QFETCH(QByteArray, request);
        ServerFixture fixture({.lingerTime = 50ms}); // nothing is configured
        std::vector<std::unique_ptr<transport::Connection>> connections;
        fixture.server.setConnectionHandler([&](auto connection) { connections.push_back(std::move(connection)); });
        RawClient client(fixture.port);
        client.send(request);
        QVERIFY(client.waitForClose());
        QVERIFY2(client.received.startsWith("HTTP/1.1 403 "), client.received.constData());
        QVERIFY(client.received.contains("urn:eventsync:error:OriginRefused"));
        QVERIFY(client.received.contains("host-name"));
        QCOMPARE(client.received.count("HTTP/1.1 "), 1);
        QVERIFY(fixture.held.empty());
        QVERIFY(connections.empty());

        // The same request under an accepted name is answered.
        RawClient friendly(fixture.port);
        friendly.send(request.replace("evil.example", "localhost"));
        QTRY_VERIFY(friendly.received.contains("\r\n\r\n") || !fixture.held.empty());
        QVERIFY(!friendly.received.contains("OriginRefused"));
    }

    void upgradesAreCheckedBeforeTheyAreMade_data()
    {
        QTest::addColumn<QByteArray>("target");
        QTest::addColumn<QByteArray>("fields");
        QTest::addColumn<QByteArray>("expected");
        const QByteArray basis = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n";
        const QByteArray key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", version = "Sec-WebSocket-Version: 13\r\n";
        const auto row = [](const char *name, const char *target, const QByteArray &fields, const char *expected) {
            QTest::newRow(name) << QByteArray(target) << fields << QByteArray(expected);
        };
        row("good", "/sync", basis + key + version, "HTTP/1.1 101 ");
        row("of a document", "/sync/game-1?after=3", basis + key + version, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        row("json", "/sync", basis + key + version + "Sec-WebSocket-Protocol: eventsync.v1.json\r\n", "Sec-WebSocket-Protocol: eventsync.v1.json");
        row("cbor among others", "/sync", basis + key + version + "Sec-WebSocket-Protocol: chat, eventsync.v1.cbor\r\n",
            "Sec-WebSocket-Protocol: eventsync.v1.cbor");
        row("own page", "/sync", basis + key + version + "Origin: http://localhost\r\n", "HTTP/1.1 101 ");
        row("only unknown", "/sync", basis + key + version + "Sec-WebSocket-Protocol: chat\r\n", "urn:eventsync:error:UnsupportedProtocol");
        row("a foreign page", "/sync", basis + key + version + "Origin: https://evil.example\r\n", "urn:eventsync:error:OriginRefused");
        row("elsewhere", "/api/games", basis + key + version, "urn:eventsync:error:NotFound");
        row("deeper", "/sync/a/b", basis + key + version, "urn:eventsync:error:NotFound");
        row("an old version", "/sync", basis + key + "Sec-WebSocket-Version: 8\r\n", "HTTP/1.1 426 ");
        row("no key", "/sync", basis + version, "urn:eventsync:error:InvalidMessage");
        row("not admitted", "/sync?token=bad", basis + key + version, "HTTP/1.1 401 ");
    }
    void upgradesAreCheckedBeforeTheyAreMade()
    {
        QFETCH(QByteArray, target);
        QFETCH(QByteArray, fields);
        QFETCH(QByteArray, expected);
        ServerFixture fixture({.lingerTime = 50ms, .admit = [](const HttpRequest &request) -> Result<> {
            if (request.queryValue("token") == "bad")
                return failure(ErrorCode::Unauthenticated, "no");
            return {};
        }});
        std::vector<std::unique_ptr<transport::Connection>> connections;
        fixture.server.setConnectionHandler([&](auto connection) { connections.push_back(std::move(connection)); });
        RawClient client(fixture.port);
        client.send(get("/hello") + get(target.constData(), fields.constData())); // an upgrade may come late
        QVERIFY2(client.waitForText(expected), client.received.constData());
        QTRY_COMPARE(connections.size(), std::size_t(client.received.contains("HTTP/1.1 101 ") ? 1 : 0));
        if (connections.empty())
            QVERIFY(client.waitForClose());
        connections.clear();
        QVERIFY(client.waitForClose());
        QTRY_COMPARE(fixture.server.stats().sockets, std::size_t(0));
    }

    void beyondTheLimitConnectionsAreRefused()
    {
        ServerFixture fixture({.maxConnections = 2, .lingerTime = 50ms});
        RawClient a(fixture.port), b(fixture.port), c(fixture.port);
        QVERIFY(c.waitForClose());
        QVERIFY(c.received.startsWith("HTTP/1.1 503 "));
        QVERIFY(c.received.contains("Retry-After: "));
        a.send(get("/hello"));
        QVERIFY(a.waitForText("hello"));
        b.socket.abort();
        QTRY_COMPARE(fixture.server.stats().sockets, std::size_t(1));
        RawClient d(fixture.port);
        d.send(get("/hello"));
        QVERIFY(d.waitForText("hello"));
    }

    void drainingEndsEachConnectionAfterItsAnswer()
    {
        ServerFixture fixture;
        RawClient idle(fixture.port), busy(fixture.port);
        idle.send(get("/hello"));
        busy.send(get("/later/100") + get("/hello"));
        QVERIFY(idle.waitForText("hello"));
        fixture.server.stopListening();
        fixture.server.drain();
        QVERIFY(idle.waitForClose());
        QVERIFY(busy.waitForClose());
        QVERIFY(busy.received.contains("after 100"));
        QCOMPARE(busy.received.count("HTTP/1.1"), 1);
        QTcpSocket late;
        late.connectToHost(QHostAddress(QHostAddress::LocalHost), fixture.port);
        QTRY_COMPARE(late.error(), QAbstractSocket::ConnectionRefusedError);
    }

    void severalAddressesOneServer()
    {
        ServerFixture fixture;
        const auto second = fixture.server.listen({.address = QHostAddress(QHostAddress::LocalHostIPv6)});
        if (!second)
            QSKIP("this machine has no IPv6 loopback");
        QTcpSocket client;
        client.connectToHost(QHostAddress(QHostAddress::LocalHostIPv6), *second);
        QTRY_COMPARE(client.state(), QAbstractSocket::ConnectedState);
        client.write(get("/hello"));
        QTRY_VERIFY(client.peek(1000).contains("hello"));
        RawClient first(fixture.port);
        first.send(get("/hello"));
        QVERIFY(first.waitForText("hello"));
    }

    void aPortInUseIsAnError()
    {
        ServerFixture fixture;
        const auto again = fixture.server.listen({.port = fixture.port});
        QVERIFY(!again);
        QCOMPARE(again.error().code, ErrorCode::Unavailable);
        const auto elsewhere = fixture.server.listen({.address = QHostAddress(QStringLiteral("192.0.2.1"))});
        QVERIFY(!elsewhere);
        QCOMPARE(elsewhere.error().code, ErrorCode::InvalidValue);
    }

    void theThreadNeedNotBeTheMainOne()
    {
        QThread thread;
        QObject context;
        context.moveToThread(&thread);
        thread.start();
        std::unique_ptr<ServerFixture> fixture;
        QMetaObject::invokeMethod(&context, [&] { fixture = std::make_unique<ServerFixture>(); }, Qt::BlockingQueuedConnection);
        RawClient client(fixture->port);
        client.send(get("/later/5"));
        QVERIFY(client.waitForText("after 5"));
        QMetaObject::invokeMethod(&context, [&] { fixture.reset(); }, Qt::BlockingQueuedConnection);
        QVERIFY(client.waitForClose());
        thread.quit();
        thread.wait();
    }
};

QTEST_GUILESS_MAIN(HttpServerTest)
#include "tst_httpserver.moc"
