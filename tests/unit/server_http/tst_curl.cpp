// SPDX-License-Identifier: Apache-2.0
// The HTTP front as curl and Qt's own client see it.
#include "serverfixture.h"

#include <QFile>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>

#include <optional>

using namespace eventsync;
using namespace eventsync::server;
using namespace std::chrono_literals;

namespace {

// curl against the fixture's server; its output (with -i the heads too). The server runs in this very event loop.
QByteArray curl(const ServerFixture &fixture, const QStringList &options, const char *target)
{
    QProcess process;
    process.start(QStringLiteral("curl"),
                  QStringList{QStringLiteral("-sS"), QStringLiteral("--max-time"), QStringLiteral("20")} + options
                      + QStringList{QStringLiteral("http://localhost:%1%2").arg(fixture.port).arg(QString::fromUtf8(target))});
    if (!QTest::qWaitFor([&] { return process.state() == QProcess::NotRunning; }, 25'000))
        return "curl did not end";
    const QByteArray errors = process.readAllStandardError();
    return errors.isEmpty() ? process.readAllStandardOutput() : process.readAllStandardOutput() + "\n!" + errors;
}

QStringList list(std::initializer_list<const char *> options)
{
    QStringList strings;
    for (const char *option : options)
        strings << QString::fromUtf8(option);
    return strings;
}

} // namespace

class CurlTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (QStandardPaths::findExecutable(QStringLiteral("curl")).isEmpty())
            QSKIP("curl is not installed");
    }

    void getAndHead()
    {
        ServerFixture fixture;
        QCOMPARE(curl(fixture, {}, "/hello"), QByteArray("hello"));
        const QByteArray head = curl(fixture, list({"-I"}), "/hello");
        QVERIFY(head.startsWith("HTTP/1.1 200 OK\r\n"));
        QVERIFY(head.contains("Content-Length: 5\r\n"));
        QVERIFY(head.endsWith("\r\n\r\n"));
    }

    void optionsTellTheMethods()
    {
        ServerFixture fixture;
        const QByteArray answer = curl(fixture, list({"-i", "-X", "OPTIONS"}), "/hello");
        QVERIFY(answer.startsWith("HTTP/1.1 204 "));
        QVERIFY(answer.contains("Allow: GET, HEAD, OPTIONS\r\n"));
    }

    void uploadsArriveWhole_data()
    {
        QTest::addColumn<QStringList>("options");
        QTest::addColumn<int>("size");
        const auto row = [](const char *name, QStringList options, int size) { QTest::newRow(name) << options << size; };
        row("small", list({}), 10);
        row("large, curl expects 100 Continue", list({}), 3'000'000);
        row("expected", list({"-H", "Expect: 100-continue"}), 1000);
        row("not expected", list({"-H", "Expect:"}), 3'000'000);
        row("chunked", list({"-H", "Transfer-Encoding: chunked"}), 3'000'000);
        row("chunked and expected", list({"-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue"}), 500'000);
        row("HTTP/1.0", list({"--http1.0"}), 100'000);
    }
    void uploadsArriveWhole()
    {
        QFETCH(QStringList, options);
        QFETCH(int, size);
        QTemporaryDir folder;
        QByteArray body;
        for (int i = 0; body.size() < size; ++i)
            body += QByteArray::number(i) + ',';
        QFile file(folder.filePath(QStringLiteral("body")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(body);
        file.close();
        ServerFixture fixture;
        const QByteArray answer = curl(fixture, options + QStringList{QStringLiteral("--data-binary"), u'@' + file.fileName()}, "/echo");
        QVERIFY2(answer == body, answer.right(200).constData());
    }

    void anUploadTooLargeIsRefusedBeforeItComes()
    {
        ServerFixture fixture({.read = {.bodyBytes = 1000}});
        QTemporaryDir folder;
        QFile file(folder.filePath(QStringLiteral("body")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(QByteArray(5'000'000, 'x'));
        file.close();
        const QByteArray answer = curl(fixture, list({"-i", "-H", "Expect: 100-continue", "--data-binary"}) + QStringList{u'@' + file.fileName()}, "/echo");
        QVERIFY2(answer.startsWith("HTTP/1.1 413 "), answer.left(300).constData());
        QVERIFY(answer.contains("\"code\":\"TooLarge\""));
        QVERIFY(fixture.server.stats().bytesReceived < 100'000);
    }

    void largeAnswersAreCompressedForThoseWhoAsk()
    {
        ServerFixture fixture;
        const QByteArray body = '"' + QByteArray(100'000, 'x') + '"';
        QCOMPARE(curl(fixture, {}, "/large"), body);
        const auto before = fixture.server.stats().bytesSent;
        QCOMPARE(curl(fixture, list({"--compressed"}), "/large"), body);
        QVERIFY(fixture.server.stats().bytesSent - before < 5'000);
        QVERIFY(curl(fixture, list({"-I", "--compressed"}), "/large").contains("Content-Encoding: gzip\r\n"));
        QVERIFY(!curl(fixture, list({"-I", "--compressed"}), "/hello").contains("Content-Encoding"));
        QVERIFY(curl(fixture, list({"-I"}), "/large").contains("Vary: Accept-Encoding\r\n"));
    }

    void oneConnectionServesManyRequests()
    {
        ServerFixture fixture;
        const QString second = QStringLiteral("http://localhost:%1/numbers").arg(fixture.port);
        const QByteArray answer = curl(fixture, list({"-w", "%{num_connects};"}) + QStringList{second, second}, "/hello");
        QCOMPARE(answer, QByteArray("0\n1\n2\n3\n4\n1;0\n1\n2\n3\n4\n0;hello0;"));
    }

    void problemsSayWhatIsWrong()
    {
        ServerFixture fixture;
        const QByteArray answer = curl(fixture, list({"-i"}), "/nowhere");
        QVERIFY(answer.startsWith("HTTP/1.1 404 Not Found\r\n"));
        QVERIFY(answer.contains("Content-Type: application/problem+json\r\n"));
        QVERIFY(answer.contains("\"type\":\"urn:eventsync:error:NotFound\""));
    }

    void aStreamShowsItsFramesAsTheyCome()
    {
        ServerFixture fixture({.heartbeat = 100ms});
        std::unique_ptr<transport::Connection> connection;
        std::vector<std::string> received;
        std::optional<transport::CloseReason> closed;
        fixture.server.setConnectionHandler([&](std::unique_ptr<transport::Connection> given) {
            connection = std::move(given);
            connection->setCallbacks({.frameReceived = [&](const transport::Frame &frame) { received.emplace_back(frame.bytes()); },
                                      .closed = [&](const transport::CloseReason &reason) { closed = reason; }});
        });
        QProcess stream;
        QByteArray output;
        connect(&stream, &QProcess::readyReadStandardOutput, &stream, [&] { output += stream.readAllStandardOutput(); });
        stream.start(QStringLiteral("curl"), list({"-sSN", "-H", "Last-Event-ID: g1:3"})
                                                 + QStringList{QStringLiteral("http://localhost:%1/api/stream").arg(fixture.port)});
        QTRY_VERIFY(output.endsWith("\n\n") && connection);
        QVERIFY2(output.startsWith("event: open\ndata: {\"connectionId\":\""), output.constData());
        QCOMPARE(connection->info().resumeToken, std::string("g1:3"));
        output.clear();
        connection->send(transport::Frame::text("{\"type\":\"welcome\"}", "welcome"));
        connection->send(transport::Frame::text("{\"type\":\"events\"}", "events"), "g1:4");
        QTRY_COMPARE(output.left(96), QByteArray("event: welcome\ndata: {\"type\":\"welcome\"}\n\n"
                                                 "id: g1:4\nevent: events\ndata: {\"type\":\"events\"}\n\n"));
        QTRY_VERIFY(output.endsWith(": \n\n")); // the heartbeat
        connection->close(transport::CloseCode::GoingAway, "ShuttingDown");
        QTRY_COMPARE(stream.state(), QProcess::NotRunning);
        QVERIFY2(output.endsWith("event: close\ndata: {\"code\":1001,\"reason\":\"ShuttingDown\"}\n\n"), output.constData());
        QCOMPARE(stream.exitCode(), 0); // the chunked body ended as it should
        QTRY_VERIFY(closed.has_value());
    }

    void qtsClientIsServedToo()
    {
        ServerFixture fixture;
        QNetworkAccessManager network;
        const QUrl base(QStringLiteral("http://localhost:%1/").arg(fixture.port));
        std::vector<std::unique_ptr<QNetworkReply>> replies;
        for (int i = 0; i < 30; ++i)
            replies.emplace_back(network.get(QNetworkRequest(base.resolved(QUrl(QStringLiteral("/later/%1").arg(i % 7))))));
        replies.emplace_back(network.get(QNetworkRequest(base.resolved(QUrl(QStringLiteral("/large"))))));
        for (const auto &reply : replies)
            QTRY_VERIFY(reply->isFinished());
        for (int i = 0; i < 30; ++i)
            QCOMPARE(replies[static_cast<std::size_t>(i)]->readAll(), "after " + QByteArray::number(i % 7));
        QCOMPARE(replies.back()->readAll().size(), 100'002);
        QVERIFY(fixture.server.stats().sockets <= 6); // it keeps its connections
    }
};

QTEST_GUILESS_MAIN(CurlTest)
#include "tst_curl.moc"
