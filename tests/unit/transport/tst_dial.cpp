// SPDX-License-Identifier: Apache-2.0
// Dialling servers that are absent, silent, or speak something else. The whole conversation is tested in server_http.
#include <eventsync/transport/dial.h>

#include <QHostAddress>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTest>
#include <QWebSocket>
#include <QWebSocketServer>

#include <optional>

using namespace eventsync;
using namespace eventsync::transport;
using namespace std::chrono_literals;

class DialTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anAddressThatIsNoneIsRefused_data()
    {
        QTest::addColumn<QString>("url");
        QTest::newRow("no scheme") << QStringLiteral("127.0.0.1:80");
        QTest::newRow("another scheme") << QStringLiteral("ftp://127.0.0.1/");
        QTest::newRow("no host") << QStringLiteral("ws:///sync");
        QTest::newRow("empty") << QString();
    }
    void anAddressThatIsNoneIsRefused()
    {
        QFETCH(QString, url);
        const auto dialled = dial(QUrl(url));
        QVERIFY(!dialled);
        QCOMPARE(dialled.error().code, ErrorCode::InvalidValue);
    }

    void everyFailureHasAName_data()
    {
        QTest::addColumn<QString>("scheme");
        QTest::addColumn<QByteArray>("answer"); // "-": nobody listens; empty: silence
        QTest::addColumn<ErrorCode>("error");
        for (const auto *scheme : {"ws", "http"}) {
            const auto row = [&](const char *name, const QByteArray &answer, ErrorCode error) {
                QTest::addRow("%s %s", scheme, name) << QString::fromLatin1(scheme) << answer << error;
            };
            const auto status = [](const char *line) {
                return QByteArray("HTTP/1.1 ") + line + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            };
            row("nobody listens", "-", ErrorCode::Unavailable);
            row("silence", "", ErrorCode::Timeout);
            row("not HTTP", "220 mail.example.org ESMTP\r\n", ErrorCode::Unavailable);
            row("400", status("400 Bad Request"), ErrorCode::UnsupportedProtocol);
            row("403", status("403 Forbidden"), ErrorCode::PermissionDenied);
            row("404", status("404 Not Found"), ErrorCode::NotFound);
            row("429", status("429 Too Many Requests"), ErrorCode::RateLimited);
            row("503", status("503 Service Unavailable"), ErrorCode::Unavailable);
        }
    }
    void everyFailureHasAName()
    {
        QFETCH(QString, scheme);
        QFETCH(QByteArray, answer);
        QFETCH(ErrorCode, error);

        QTcpServer server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        const quint16 port = server.serverPort();
        if (answer == "-")
            server.close();
        connect(&server, &QTcpServer::newConnection, &server, [&] {
            QTcpSocket *socket = server.nextPendingConnection();
            connect(socket, &QTcpSocket::readyRead, socket, [socket, answer] {
                if (!answer.isEmpty() && socket->readAll().contains("\r\n\r\n")) {
                    socket->write(answer);
                    socket->disconnectFromHost();
                }
            });
        });

        const QUrl url(scheme + QStringLiteral("://127.0.0.1:%1").arg(port));
        auto dialled = dial(url, {.handshakeTime = answer.isEmpty() ? 200ms : 5000ms});
        QVERIFY(dialled);
        const std::unique_ptr<Connection> connection = std::move(*dialled);
        std::optional<CloseReason> closed;
        int opened = 0, closings = 0;
        connection->setCallbacks({.opened = [&] { ++opened; },
                                  .closed = [&](const CloseReason &reason) {
                                      closed = reason;
                                      ++closings;
                                  }});
        QVERIFY(QTest::qWaitFor([&] { return closed.has_value(); }, 8000));
        QVERIFY2(closed->error == error, closed->text.c_str());
        QCOMPARE(closed->code, CloseCode::Abnormal);
        QTest::qWait(20);
        QCOMPARE(closings, 1);
        QCOMPARE(opened, 0);
        QCOMPARE(connection->state(), Connection::State::Closed);
    }

    // Cut into frames of its choice, a text would be cut inside characters.
    void aLargeTextIsOneFrame()
    {
        QWebSocketServer server(QStringLiteral("test"), QWebSocketServer::NonSecureMode);
        server.setSupportedSubprotocols({QString::fromStdString(std::string(subprotocol(Codec::Json)))});
        QVERIFY(server.listen(QHostAddress::LocalHost));
        int frames = 0;
        QString received;
        bool isWhole = false;
        connect(&server, &QWebSocketServer::newConnection, &server, [&] {
            QWebSocket *socket = server.nextPendingConnection();
            socket->setParent(&server);
            connect(socket, &QWebSocket::textFrameReceived, &server, [&](const QString &frame, bool isLast) {
                ++frames;
                received += frame;
                isWhole = isLast;
            });
        });
        auto dialled = dial(QUrl(QStringLiteral("ws://127.0.0.1:%1").arg(server.serverPort())), {.codec = Codec::Json});
        QVERIFY(dialled);
        const QString text = QStringLiteral("a") + QString(600'000, u'한'); // 1.8 MB, and no character at an even place
        (*dialled)->setCallbacks({.opened = [&] { (*dialled)->send(Frame::text(text.toStdString())); }});
        QTRY_VERIFY(isWhole);
        QCOMPARE(frames, 1);
        QCOMPARE(received, text);
    }

    void aConnectionMayBeDroppedWhileItConnects_data()
    {
        QTest::addColumn<QString>("scheme");
        QTest::newRow("ws") << QStringLiteral("ws");
        QTest::newRow("http") << QStringLiteral("http");
    }
    void aConnectionMayBeDroppedWhileItConnects()
    {
        QFETCH(QString, scheme);
        QTcpServer server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        const QUrl url(scheme + QStringLiteral("://127.0.0.1:%1").arg(server.serverPort()));
        auto dropped = dial(url);
        QVERIFY(dropped);
        dropped->reset();
        auto aborted = dial(url);
        QVERIFY(aborted);
        int closings = 0;
        (*aborted)->setCallbacks({.closed = [&](const CloseReason &) { ++closings; }});
        (*aborted)->close();
        QCOMPARE(closings, 0);
        QTRY_COMPARE(closings, 1);
        QTest::qWait(20);
        QCOMPARE(closings, 1);
    }
};

QTEST_GUILESS_MAIN(DialTest)
#include "tst_dial.moc"
