// SPDX-License-Identifier: Apache-2.0
// Both ends of a connection, over every transport that has a socket: the same suite for WebSocket and SSE, plain and TLS.
#include "serverfixture.h"

#include <eventsync/base/limits.h>
#include <eventsync/transport/dial.h>

#include <QDir>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QProcess>
#include <QSslKey>
#include <QTcpServer>
#include <QTemporaryDir>
#include <QWebSocket>

#include <optional>

using namespace eventsync;
using namespace eventsync::server;
using namespace eventsync::transport;
using namespace std::chrono_literals;

namespace {

struct End
{
    std::unique_ptr<Connection> connection;
    int opened = 0, highWater = 0, drained = 0;
    std::vector<Frame> frames;
    std::vector<CloseReason> closed;

    void take(std::unique_ptr<Connection> given)
    {
        connection = std::move(given);
        connection->setCallbacks({.opened = [this] { ++opened; },
                                  .frameReceived = [this](const Frame &frame) { frames.push_back(frame); },
                                  .highWaterPassed = [this] { ++highWater; },
                                  .drained = [this] { ++drained; },
                                  .closed = [this](const CloseReason &reason) { closed.push_back(reason); }});
    }
    std::string text(std::size_t index) const { return std::string(frames.at(index).bytes()); }
};

struct Variant
{
    DialOptions::Transport transport = DialOptions::Transport::WebSocket;
    bool tls = false;
};

} // namespace

Q_DECLARE_METATYPE(Variant)

class ConnectionsTest : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    std::optional<QSslConfiguration> m_serverTls, m_clientTls;

    void variants()
    {
        QTest::addColumn<Variant>("variant");
        QTest::newRow("WebSocket") << Variant{DialOptions::Transport::WebSocket, false};
        QTest::newRow("SSE") << Variant{DialOptions::Transport::Sse, false};
        QTest::newRow("WebSocket over TLS") << Variant{DialOptions::Transport::WebSocket, true};
        QTest::newRow("SSE over TLS") << Variant{DialOptions::Transport::Sse, true};
    }

    // A server, and a client dialled to it.
    struct Rig
    {
        End client, server;
        std::vector<std::unique_ptr<Connection>> others;
        std::unique_ptr<ServerFixture> fixture;
        QUrl url;

        Rig(const ConnectionsTest &test, Variant variant, HttpServerOptions options = {})
        {
            fixture = std::make_unique<ServerFixture>(std::move(options),
                                                      ListenOptions{.tls = variant.tls ? test.m_serverTls : std::nullopt});
            fixture->server.setConnectionHandler([this](std::unique_ptr<Connection> connection) {
                if (server.connection)
                    others.push_back(std::move(connection));
                else
                    server.take(std::move(connection));
            });
            url.setScheme(variant.tls ? QStringLiteral("wss") : QStringLiteral("ws"));
            url.setHost(QStringLiteral("localhost"));
            url.setPort(fixture->port);
        }
        bool connect(const ConnectionsTest &test, Variant variant, DialOptions options = {})
        {
            options.transport = variant.transport;
            options.tls = variant.tls ? test.m_clientTls : std::nullopt;
            auto dialled = dial(url, options);
            if (!dialled)
                return false;
            client.take(std::move(*dialled));
            return QTest::qWaitFor([this] { return client.opened == 1 && server.connection; }, 5000);
        }
    };

private Q_SLOTS:
    void initTestCase()
    {
        const QString key = m_folder.filePath(QStringLiteral("key.pem"));
        const QString certificate = m_folder.filePath(QStringLiteral("certificate.pem"));
        QProcess openssl;
        openssl.start(QStringLiteral("openssl"),
                      {QStringLiteral("req"), QStringLiteral("-x509"), QStringLiteral("-newkey"), QStringLiteral("rsa:2048"),
                       QStringLiteral("-nodes"), QStringLiteral("-keyout"), key, QStringLiteral("-out"), certificate,
                       QStringLiteral("-days"), QStringLiteral("2"), QStringLiteral("-subj"), QStringLiteral("/CN=localhost"),
                       QStringLiteral("-addext"), QStringLiteral("subjectAltName=DNS:localhost")});
        QVERIFY2(openssl.waitForStarted(), "the openssl program is needed to make a test certificate");
        QVERIFY(openssl.waitForFinished(30'000));
        QFile keyFile(key);
        QVERIFY(keyFile.open(QIODevice::ReadOnly));
        const auto certificates = QSslCertificate::fromPath(certificate);
        QCOMPARE(certificates.size(), 1);
        m_serverTls = QSslConfiguration::defaultConfiguration();
        m_serverTls->setPrivateKey(QSslKey(keyFile.readAll(), QSsl::Rsa));
        m_serverTls->setLocalCertificate(certificates.front());
        m_serverTls->setPeerVerifyMode(QSslSocket::VerifyNone);
        m_clientTls = QSslConfiguration::defaultConfiguration();
        m_clientTls->setCaCertificates(certificates);
    }

    void framesArriveWholeAndInOrder_data() { variants(); }
    void framesArriveWholeAndInOrder()
    {
        QFETCH(Variant, variant);
        Rig rig(*this, variant);
        QVERIFY(rig.connect(*this, variant));
        const std::string large = "\"" + std::string(1'500'000, 'x') + "\"";
        for (int i = 0; i < 200; ++i) {
            rig.client.connection->send(Frame::text("{\"up\":" + std::to_string(i) + "}"));
            rig.server.connection->send(Frame::text("{\"down\":" + std::to_string(i) + "}\n\r\n", "events"));
        }
        rig.client.connection->send(Frame::text(large));
        rig.server.connection->send(Frame::text(large));
        QTRY_COMPARE(rig.server.frames.size(), std::size_t(201));
        QTRY_COMPARE(rig.client.frames.size(), std::size_t(201));
        for (std::size_t i = 0; i < 200; ++i) {
            QCOMPARE(rig.server.text(i), "{\"up\":" + std::to_string(i) + "}");
            QVERIFY(rig.client.text(i).starts_with("{\"down\":" + std::to_string(i) + "}"));
        }
        QVERIFY(rig.server.text(200) == large && rig.client.text(200) == large);
        QCOMPARE(rig.server.connection->bytesReceived(), rig.client.connection->bytesSent());
        QTRY_COMPARE(rig.client.connection->unsentBytes(), std::size_t(0));
        QTRY_COMPARE(rig.server.connection->unsentBytes(), std::size_t(0));
    }

    void theServerKnowsTheRequest_data() { variants(); }
    void theServerKnowsTheRequest()
    {
        QFETCH(Variant, variant);
        Rig rig(*this, variant);
        const bool isWebSocket = variant.transport == DialOptions::Transport::WebSocket;
        if (isWebSocket)
            rig.url.setPath(QStringLiteral("/sync/game-1"));
        rig.url.setQuery(QStringLiteral("clientId=alice&after=3"));
        QVERIFY(rig.connect(*this, variant, {.authorization = "Bearer t", .userAgent = "test/1", .resumeToken = "g1:7"}));
        const ConnectionInfo &info = rig.server.connection->info();
        QCOMPARE(info.kind, isWebSocket ? TransportKind::WebSocket : TransportKind::Sse);
        QCOMPARE(info.path, (isWebSocket ? std::vector<std::string>{"sync", "game-1"} : std::vector<std::string>{"api", "stream"}));
        QVERIFY(info.queryValue("clientId") == "alice" && info.queryValue("after") == "3");
        QCOMPARE(info.authorization, std::string("Bearer t"));
        QCOMPARE(info.userAgent, std::string("test/1"));
        QCOMPARE(info.secure, variant.tls);
        QVERIFY(info.peer.starts_with("127.0.0.1:"));
        if (!isWebSocket)
            QCOMPARE(info.resumeToken, std::string("g1:7"));
    }

    void eitherSideClosesWithItsReason_data()
    {
        QTest::addColumn<Variant>("variant");
        QTest::addColumn<bool>("byServer");
        for (const bool byServer : {false, true}) {
            for (const auto transport : {DialOptions::Transport::WebSocket, DialOptions::Transport::Sse}) {
                for (const bool tls : {false, true})
                    QTest::addRow("%s%s by the %s", transport == DialOptions::Transport::Sse ? "SSE" : "WebSocket",
                                  tls ? " over TLS" : "", byServer ? "server" : "client")
                        << Variant{transport, tls} << byServer;
            }
        }
    }
    void eitherSideClosesWithItsReason()
    {
        QFETCH(Variant, variant);
        QFETCH(bool, byServer);
        Rig rig(*this, variant);
        QVERIFY(rig.connect(*this, variant));
        End &closer = byServer ? rig.server : rig.client;
        End &other = byServer ? rig.client : rig.server;
        closer.connection->send(Frame::text("\"last\""));
        closer.connection->close(CloseCode::GoingAway, "ShuttingDown");
        QVERIFY(closer.closed.empty());
        QTRY_COMPARE(other.closed.size(), std::size_t(1));
        QTRY_COMPARE(closer.closed.size(), std::size_t(1));
        QCOMPARE(other.frames.size(), std::size_t(1));
        QVERIFY(other.closed[0].byPeer);
        QCOMPARE(closer.closed[0].code, CloseCode::GoingAway);
        QVERIFY(!closer.closed[0].byPeer);
        if (byServer || variant.transport == DialOptions::Transport::WebSocket) { // a client's SSE just ends
            QCOMPARE(other.closed[0].code, CloseCode::GoingAway);
            QCOMPARE(other.closed[0].text, std::string("ShuttingDown"));
        }
        closer.connection.reset();
        other.connection.reset();
        QTRY_COMPARE(rig.fixture->server.stats().sockets, std::size_t(0));
    }

    void aBreakIsSeenOnBothSides_data() { variants(); }
    void aBreakIsSeenOnBothSides()
    {
        QFETCH(Variant, variant);
        Rig rig(*this, variant);
        QVERIFY(rig.connect(*this, variant));
        rig.server.connection->abort();
        QVERIFY(rig.server.closed.empty());
        QTRY_COMPARE(rig.client.closed.size(), std::size_t(1));
        QTRY_COMPARE(rig.server.closed.size(), std::size_t(1));
        QCOMPARE(rig.client.closed[0].code, CloseCode::Abnormal);
        QVERIFY(rig.client.closed[0].error == ErrorCode::Unavailable);
        QTRY_COMPARE(rig.fixture->server.stats().sockets, std::size_t(0));
    }

    // With HTTP/2 on offer Qt does not tell of every break (of a host with addresses of both families).
    void aStreamIsSpokenInHttp1WhateverIsOffered()
    {
        const Variant variant{DialOptions::Transport::Sse, true};
        const auto offersLess = m_serverTls;
        m_serverTls->setAllowedNextProtocols({"h2", "http/1.1"});
        Rig rig(*this, variant);
        m_serverTls = offersLess;
        QVERIFY(rig.connect(*this, variant));
        rig.server.connection->abort();
        QTRY_COMPARE(rig.client.closed.size(), std::size_t(1));
    }

    void theServerMayGoFirst_data() { variants(); }
    void theServerMayGoFirst()
    {
        QFETCH(Variant, variant);
        Rig rig(*this, variant);
        QVERIFY(rig.connect(*this, variant));
        rig.fixture.reset();
        if (variant.transport == DialOptions::Transport::WebSocket) { // an announced WebSocket is its taker's
            rig.server.connection->send(Frame::text("\"still here\""));
            QTRY_COMPARE(rig.client.frames.size(), std::size_t(1));
            rig.server.connection.reset();
        }
        QTRY_COMPARE(rig.client.closed.size(), std::size_t(1));
    }

    void aConnectionMayDieInsideItsCallbacks_data() { variants(); }
    void aConnectionMayDieInsideItsCallbacks()
    {
        QFETCH(Variant, variant);
        Rig rig(*this, variant);
        QVERIFY(rig.connect(*this, variant));
        rig.server.connection->setCallbacks({.frameReceived = [&](const Frame &) { rig.server.connection.reset(); }});
        rig.client.connection->setCallbacks({.closed = [&](const CloseReason &) { rig.client.connection.reset(); }});
        rig.client.connection->send(Frame::text("1"));
        rig.client.connection->send(Frame::text("2"));
        QTRY_VERIFY(!rig.server.connection);
        QTRY_VERIFY(!rig.client.connection);
        QTRY_COMPARE(rig.fixture->server.stats().sockets, std::size_t(0));
    }

    void unsentBytesCountWhatAPeerDoesNotRead_data() { variants(); }
    void unsentBytesCountWhatAPeerDoesNotRead()
    {
        QFETCH(Variant, variant);
        Rig rig(*this, variant, {.heartbeat = 60s});
        const bool isWebSocket = variant.transport == DialOptions::Transport::WebSocket;
        // A peer that shakes hands and then reads nothing.
        std::unique_ptr<QTcpSocket> peer;
        if (variant.tls) {
            auto tls = std::make_unique<QSslSocket>();
            tls->setSslConfiguration(*m_clientTls);
            tls->setReadBufferSize(1000);
            tls->connectToHostEncrypted(QStringLiteral("localhost"), rig.fixture->port);
            QTRY_VERIFY(tls->isEncrypted());
            peer = std::move(tls);
        } else {
            peer = std::make_unique<QTcpSocket>();
            peer->setReadBufferSize(1000);
            peer->connectToHost(QHostAddress(QHostAddress::LocalHost), rig.fixture->port);
            QTRY_COMPARE(peer->state(), QAbstractSocket::ConnectedState);
        }
        peer->write(isWebSocket ? get("/sync", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
                                : get("/api/stream"));
        QTRY_VERIFY(rig.server.connection);

        Connection &connection = *rig.server.connection;
        connection.setWaterMarks({.high = 1'000'000, .low = 500'000, .hard = 20'000'000});
        const Frame frame = Frame::text(std::string(100'000, 'x'), "events");
        std::size_t sent = 0;
        while (rig.server.highWater == 0 && sent < 40'000'000) {
            connection.send(frame);
            sent += frame.size();
            QTest::qWait(1); // for the system to take what it will
        }
        QCOMPARE(rig.server.highWater, 1);
        QVERIFY(connection.unsentBytes() > 1'000'000);
        QCOMPARE(rig.server.drained, 0);

        // It begins to read again.
        std::size_t read = 0;
        peer->setReadBufferSize(0);
        connect(peer.get(), &QTcpSocket::readyRead, peer.get(), [&] { read += static_cast<std::size_t>(peer->readAll().size()); });
        read += static_cast<std::size_t>(peer->readAll().size());
        QTRY_COMPARE(rig.server.drained, 1);
        QTRY_VERIFY(read >= sent);
        QTRY_COMPARE(connection.unsentBytes(), std::size_t(0));

        // And stops for ever: the hard limit ends it.
        peer->disconnect();
        peer->setReadBufferSize(1000);
        connection.setWaterMarks({.high = 1'000'000, .low = 500'000, .hard = 2'000'000});
        for (int i = 0; i < 400 && rig.server.closed.empty(); ++i) {
            connection.send(frame);
            QTest::qWait(1);
        }
        QTRY_COMPARE(rig.server.closed.size(), std::size_t(1));
        QVERIFY(rig.server.closed[0].error == ErrorCode::SlowConsumer);
    }

    void aFrameBeyondTheLimitEndsTheConnection_data() { variants(); }
    void aFrameBeyondTheLimitEndsTheConnection()
    {
        QFETCH(Variant, variant);
        Rig rig(*this, variant, {.maxFrameBytes = 1000});
        QVERIFY(rig.connect(*this, variant));
        rig.client.connection->send(Frame::text("\"" + std::string(998, 'x') + "\""));
        QTRY_COMPARE(rig.server.frames.size(), std::size_t(1));
        rig.client.connection->send(Frame::text("\"" + std::string(999, 'x') + "\""));
        QTRY_COMPARE(rig.client.closed.size(), std::size_t(1));
        QVERIFY2(rig.client.closed[0].error == ErrorCode::TooLarge, rig.client.closed[0].text.c_str());
        QCOMPARE(rig.server.frames.size(), std::size_t(1));
        QTRY_COMPARE(rig.server.closed.size(), std::size_t(1));
    }

    void aRefusalHasItsName_data() { variants(); }
    void aRefusalHasItsName()
    {
        QFETCH(Variant, variant);
        Rig rig(*this, variant, {.admit = [](const HttpRequest &request) -> Result<> {
            if (request.header("Authorization") == "Bearer good")
                return {};
            return failure(ErrorCode::PermissionDenied, "no");
        }});
        QVERIFY(!rig.connect(*this, variant, {.authorization = "Bearer bad", .handshakeTime = 2000ms}));
        QTRY_COMPARE(rig.client.closed.size(), std::size_t(1));
        QVERIFY2(rig.client.closed[0].error == ErrorCode::PermissionDenied, rig.client.closed[0].text.c_str());
        QVERIFY(!rig.server.connection);
        rig.client = {};
        QVERIFY(rig.connect(*this, variant, {.authorization = "Bearer good"}));
    }

    void aSilentStreamIsDead()
    {
        const Variant variant{DialOptions::Transport::Sse, false};
        Rig rig(*this, variant, {.heartbeat = 100ms});
        QVERIFY(rig.connect(*this, variant));
        QTest::qWait(500);
        QVERIFY(rig.client.connection->isOpen()); // heartbeats keep it
        rig.client = {};
        QTRY_COMPARE(rig.server.closed.size(), std::size_t(1));

        QTcpServer silent; // opens a stream and says no more
        QVERIFY(silent.listen(QHostAddress::LocalHost));
        connect(&silent, &QTcpServer::newConnection, &silent, [&] {
            silent.nextPendingConnection()->write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: open\n"
                                                  "data: {\"connectionId\":\"c\",\"heartbeatMs\":100}\n\n");
        });
        rig.url.setPort(silent.serverPort());
        auto dialled = dial(rig.url, {.transport = DialOptions::Transport::Sse});
        QVERIFY(dialled);
        rig.client.take(std::move(*dialled));
        QTRY_COMPARE(rig.client.opened, 1);
        QTRY_COMPARE(rig.client.closed.size(), std::size_t(1));
        QVERIFY(rig.client.closed[0].error == ErrorCode::Timeout);
    }

    void theResumeTokenFollowsTheFrames()
    {
        const Variant variant{DialOptions::Transport::Sse, false};
        Rig rig(*this, variant);
        QVERIFY(rig.connect(*this, variant, {.resumeToken = "old"}));
        QCOMPARE(rig.client.connection->resumeToken(), std::string("old"));
        rig.server.connection->send(Frame::text("1", "events"), "g1:8");
        QTRY_COMPARE(rig.client.frames.size(), std::size_t(1));
        QCOMPARE(rig.client.connection->resumeToken(), std::string("g1:8"));
        QCOMPARE(std::string(rig.client.frames[0].label()), std::string("events"));
        rig.server.connection->send(Frame::text("2"), "no\nline\r break");
        QTRY_COMPARE(rig.client.frames.size(), std::size_t(2));
        QCOMPARE(rig.client.connection->resumeToken(), std::string("noline break"));
    }

    void cborTravelsInBinaryFrames()
    {
        const Variant variant{DialOptions::Transport::WebSocket, false};
        Rig rig(*this, variant);
        QVERIFY(rig.connect(*this, variant, {.codec = Codec::Cbor}));
        QCOMPARE(rig.client.connection->info().codec, Codec::Cbor);
        QCOMPARE(rig.server.connection->info().codec, Codec::Cbor);
        const Frame frame = Frame::binary(std::string("\xa1\x00\xff", 3) + std::string(70'000, '\0'));
        rig.client.connection->send(frame);
        rig.server.connection->send(frame);
        QTRY_COMPARE(rig.server.frames.size(), std::size_t(1));
        QTRY_COMPARE(rig.client.frames.size(), std::size_t(1));
        QVERIFY(rig.server.frames[0] == frame && rig.client.frames[0] == frame);
    }

    void aClientWithoutSubprotocolGetsJson()
    {
        const Variant variant{DialOptions::Transport::WebSocket, false};
        Rig rig(*this, variant);
        QWebSocket plain;
        rig.url.setPath(QStringLiteral("/sync"));
        plain.open(rig.url);
        QTRY_VERIFY(rig.server.connection);
        QCOMPARE(rig.server.connection->info().codec, Codec::Json);
        QCOMPARE(plain.subprotocol(), QString());
        QString received;
        connect(&plain, &QWebSocket::textMessageReceived, &plain, [&](const QString &text) { received = text; });
        rig.server.connection->send(Frame::text("\xED\x95\x9C"));
        QTRY_COMPARE(received, QString(QChar(0xD55C)));
        plain.sendTextMessage(received);
        QTRY_COMPARE(rig.server.frames.size(), std::size_t(1));
        QCOMPARE(rig.server.text(0), std::string("\xED\x95\x9C"));
    }

    void aTextCutInsideACharacterIsOneMessage()
    {
        Rig rig(*this, {});
        RawClient peer(rig.fixture->port);
        const QByteArray text = "{\"t\":\"\xED\x95\x9C\xF0\x9F\x98\x80\"}";
        peer.send(get("/sync", kUpgradeFields));
        for (qsizetype at = 0; at <= text.size(); ++at) {
            peer.send(clientFrame(0x01, text.left(at)));
            peer.send(clientFrame(0x80, text.mid(at)));
            QTRY_COMPARE(rig.server.frames.size(), static_cast<std::size_t>(at + 1));
            QCOMPARE(rig.server.frames.back().bytes(), std::string_view(text.constData(), static_cast<std::size_t>(text.size())));
        }
    }

    void whatBreaksTheFramingIsAnsweredWithItsCloseCode_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("code");
        QTest::newRow("not masked") << clientFrame(0x81, "{}", false) << 1002;
        QTest::newRow("a reserved bit") << clientFrame(0xC1, "{}") << 1002;
        QTest::newRow("no UTF-8") << clientFrame(0x81, "\xff") << 1007;
        QTest::newRow("too long, and more of it") << clientFrame(0x81, QByteArray(2000, 'x')).repeated(100) << 1009;
    }
    void whatBreaksTheFramingIsAnsweredWithItsCloseCode()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(int, code);
        Rig rig(*this, {}, {.maxFrameBytes = 1000});
        RawClient peer(rig.fixture->port);
        peer.send(get("/sync", kUpgradeFields));
        QVERIFY(peer.waitForText("\r\n\r\n"));
        peer.received.clear();
        peer.send(bytes + clientFrame(0x81, "\"after\""));
        QVERIFY(peer.waitForClose());
        QVERIFY2(peer.received.size() > 4 && peer.received[0] == '\x88', peer.received.toHex().constData());
        QCOMPARE(static_cast<unsigned char>(peer.received[2]) * 256 + static_cast<unsigned char>(peer.received[3]), code);
        QCOMPARE(static_cast<qsizetype>(peer.received[1]) + 2, peer.received.size()); // and nothing behind it
        QTRY_COMPARE(rig.server.closed.size(), std::size_t(1));
        QCOMPARE(static_cast<int>(rig.server.closed[0].code), code);
        QVERIFY(!rig.server.closed[0].byPeer && rig.server.closed[0].error);
        QVERIFY(rig.server.frames.empty());
    }

    void framesInOnePieceWithTheUpgradeAreRead()
    {
        Rig rig(*this, {});
        RawClient peer(rig.fixture->port);
        peer.send(get("/sync", kUpgradeFields) + clientFrame(0x81, "\"early\"") + clientFrame(0x89, "p")
                  + clientFrame(0x88, "\x03\xe9"));
        QVERIFY(peer.waitForClose());
        QVERIFY(peer.received.startsWith("HTTP/1.1 101 "));
        QVERIFY2(peer.received.endsWith(serverFrame(0x8A, "p") + serverFrame(0x88, "\x03\xe9")), peer.received.toHex().constData());
        QTRY_COMPARE(rig.server.closed.size(), std::size_t(1));
        QCOMPARE(rig.server.closed[0].code, CloseCode::GoingAway);
        QVERIFY(rig.server.closed[0].byPeer);
        QCOMPARE(rig.server.frames.size(), std::size_t(1));
        QCOMPARE(rig.server.text(0), std::string("\"early\""));
    }

    void pingsThatNobodyReadsTheAnswersOfTakeNoMemory()
    {
        Rig rig(*this, {});
        QTcpSocket peer;
        peer.setReadBufferSize(1000);
        peer.connectToHost(QHostAddress(QHostAddress::LocalHost), rig.fixture->port);
        peer.write(get("/sync", kUpgradeFields));
        QTRY_VERIFY(rig.server.connection);
        const std::string payload(100, 'x');
        rig.server.connection->setWaterMarks({.high = 4'000'000, .low = 1'000, .hard = 80'000'000});
        // What the system takes is full, and a little more than the mark waits behind it.
        while (rig.server.connection->unsentBytes() <= limits::kUnsentHighWaterBytes) {
            rig.server.connection->send(Frame::text(std::string(500'000, 'x')));
            QTest::qWait(1);
        }
        const std::size_t before = rig.server.connection->unsentBytes();
        const QByteArray last = clientFrame(0x81, "\"seen\"");
        peer.write(clientFrame(0x89, QByteArray(125, 'x')).repeated(10'000) + clientFrame(0x89, "last") + last);
        QTRY_COMPARE(rig.server.frames.size(), std::size_t(1));
        QVERIFY(rig.server.connection->unsentBytes() <= before);
        QByteArray end; // it reads again, and the last ping is answered
        peer.setReadBufferSize(0);
        const auto read = [&] { end = (end + peer.readAll()).right(6); };
        connect(&peer, &QTcpSocket::readyRead, &peer, read);
        read();
        QTRY_COMPARE(end, serverFrame(0x8A, "last"));
    }

    void socketsAreCountedAsTheirDescriptorsAre()
    {
        const auto descriptors = [] { return QDir(QStringLiteral("/proc/self/fd")).entryList(QDir::NoDotAndDotDot | QDir::AllEntries | QDir::System).size(); };
        Rig rig(*this, {}, {.requestTime = 300ms, .idleTime = 300ms, .lingerTime = 50ms});
        {
            RawClient first(rig.fixture->port); // what the libraries open once
            first.send(get("/hello", "Connection: close\r\n"));
            QVERIFY(first.waitForClose());
        }
        QTRY_COMPARE(rig.fixture->server.stats().sockets, std::size_t(0));
        const auto before = descriptors();
        const QByteArray upgrade = get("/sync", kUpgradeFields), close = clientFrame(0x88, "\x03\xe8");
        const QList<QByteArray> openings{
            upgrade, upgrade + close, upgrade + close + close, upgrade + clientFrame(0x81, "1") + close, upgrade.chopped(2),
            upgrade + clientFrame(0x81, "1", false), upgrade + upgrade, get("/sync/a/b", kUpgradeFields) + close, get("/hello"),
            get("/hello") + upgrade + close, get("/never"), get("/later/20"), get("/endless"), get("/api/stream"), "GET /hel", "\r\n\r\n", "",
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc"};
        for (int round = 0; round < 4; ++round) {
            std::vector<std::unique_ptr<RawClient>> peers;
            for (const QByteArray &opening : openings) {
                for (const bool waits : {false, true}) {
                    peers.push_back(std::make_unique<RawClient>(rig.fixture->port));
                    peers.back()->send(opening);
                    if (waits)
                        QCoreApplication::processEvents();
                    if (round % 2 == 0)
                        peers.back()->socket.abort();
                }
            }
            QTRY_VERIFY(rig.fixture->server.stats().sockets <= peers.size());
            peers.clear();
            rig.others.clear(); // who took the connections lets them go
            rig.server.connection.reset();
        }
        QTRY_COMPARE(rig.fixture->server.stats().sockets, std::size_t(0));
        rig.others.clear();
        rig.fixture->streams.clear();
        QTRY_COMPARE(descriptors(), before);
    }

    void postsToAStreamAreChecked_data()
    {
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<int>("status");
        QTest::addColumn<int>("frames");
        QTest::newRow("one") << QByteArray("{\"type\":\"ping\"}") << 202 << 1;
        QTest::newRow("a list") << QByteArray("[{\"n\":1},{\"n\":2}]") << 202 << 2;
        QTest::newRow("an empty list") << QByteArray("[]") << 202 << 0;
        QTest::newRow("nothing") << QByteArray() << 400 << 0;
        QTest::newRow("no UTF-8") << QByteArray("\"\xff\"") << 400 << 0;
        QTest::newRow("an open list") << QByteArray("[1,2") << 400 << 0;
        QTest::newRow("one too long") << QByteArray("[1,\"" + QByteArray(1000, 'x') + "\"]") << 413 << 0;
    }
    void postsToAStreamAreChecked()
    {
        QFETCH(QByteArray, body);
        QFETCH(int, status);
        QFETCH(int, frames);
        ServerFixture fixture({.maxFrameBytes = 1000});
        End server;
        fixture.server.setConnectionHandler([&](auto connection) { server.take(std::move(connection)); });
        RawClient stream(fixture.port);
        stream.send(get("/api/stream"));
        QVERIFY(stream.waitForText("\"connectionId\":\""));
        QVERIFY(stream.waitForText("heartbeatMs"));
        const qsizetype at = stream.received.indexOf("\"connectionId\":\"") + 16;
        const QByteArray id = stream.received.mid(at, stream.received.indexOf('"', at) - at);
        QCOMPARE(id.size(), 32); // 192 bits
        QVERIFY(stream.received.contains("X-Accel-Buffering: no\r\n"));
        QVERIFY(stream.received.contains("Cache-Control: no-store, no-transform\r\n"));

        RawClient poster(fixture.port);
        const auto post = [&](const QByteArray &to) {
            poster.received.clear();
            poster.send("POST /api/stream/" + to + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + QByteArray::number(body.size())
                        + "\r\n\r\n" + body);
            return poster.waitForText("HTTP/1.1 ") ? poster.received.mid(9, 3).toInt() : 0;
        };
        QCOMPARE(post(id), status);
        QCOMPARE(server.frames.size(), static_cast<std::size_t>(frames));
        QCOMPARE(post(QByteArray(id).replace(0, 1, id.startsWith("A") ? "B" : "A")), 404);
        stream.socket.abort();
        QTRY_COMPARE(server.closed.size(), std::size_t(1));
        QCOMPARE(post(id), 404);
    }
};

QTEST_GUILESS_MAIN(ConnectionsTest)
#include "tst_connections.moc"
