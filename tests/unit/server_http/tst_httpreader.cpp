// SPDX-License-Identifier: Apache-2.0
#include <server/http/httprequestreader.h>

#include <QTest>

using namespace eventsync;
using namespace eventsync::server;

namespace {

struct Outcome
{
    int status = 0; // 0: a request, -1: more is needed
    std::string code;
    HttpRequest request;
    std::string rest;
};

// As a connection does it: what was not taken comes again, with `step` more bytes.
Outcome readInSteps(const std::string &bytes, std::size_t step, HttpReadLimits limits = {})
{
    HttpRequestReader reader(limits);
    std::size_t taken = 0;
    for (std::size_t seen = std::min(step, bytes.size());; seen = std::min(seen + step, bytes.size())) {
        for (;;) {
            const auto some = reader.feed(std::string_view(bytes).substr(taken, seen - taken));
            if (!some)
                return {reader.errorStatus(), std::string(errorName(some.error().code)), {}, {}};
            taken += *some;
            if (reader.isComplete())
                return {0, {}, reader.takeRequest(), bytes.substr(taken)};
            if (*some == 0)
                break;
        }
        if (seen == bytes.size())
            return {-1, {}, {}, {}};
    }
}

const char *const kHost = "Host: a\r\n";

} // namespace

class HttpReaderTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anyBytesLeadToARequestOrANamedError_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("code");
        const auto row = [](const char *name, const QByteArray &bytes, int status, const char *code = "InvalidMessage") {
            QTest::newRow(name) << bytes << status << QByteArray(status > 0 ? code : "");
        };
        const QByteArray host(kHost);
        row("the least", "GET / HTTP/1.1\r\n" + host + "\r\n", 0);
        row("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0);
        row("absolute form", "GET http://a/b?c HTTP/1.1\r\n" + host + "\r\n", 0);
        row("a length", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabc", 0);
        row("chunks", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\nT: t\r\n\r\n", 0);
        row("OPTIONS *", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n", 0);
        row("expects", "POST / HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 1\r\n\r\na", 0);

        row("nothing", "", -1);
        row("half a head", "GET / HTTP/1.1\r\nHos", -1);
        row("half a body", "POST / HTTP/1.1\r\n" + host + "Content-Length: 9\r\n\r\nabc", -1);
        row("half a chunk", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n9\r\nabc", -1);

        row("no words", "\r\n\r\n\r\n", 400);
        row("TLS", QByteArray::fromHex("16030100c8010000c40303") + "\r\n\r\n", 400);
        row("one word", "GET\r\n\r\n", 400);
        row("two words", "GET /\r\n\r\n", 400);
        row("a space too many", "GET  / HTTP/1.1\r\n" + host + "\r\n", 400);
        row("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
        row("no Host", "GET / HTTP/1.1\r\n\r\n", 400);
        row("two Hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", 400);
        row("no path", "GET a HTTP/1.1\r\n" + host + "\r\n", 400);
        row("asterisk", "GET * HTTP/1.1\r\n" + host + "\r\n", 400);
        row("a bad escape", "GET /%zz HTTP/1.1\r\n" + host + "\r\n", 400);
        row("half an escape", "GET /%2 HTTP/1.1\r\n" + host + "\r\n", 400);
        row("NUL in the path", "GET /%00 HTTP/1.1\r\n" + host + "\r\n", 400);
        row("no UTF-8", "GET /%ff HTTP/1.1\r\n" + host + "\r\n", 400);
        row("a surrogate", "GET /%ed%a0%80 HTTP/1.1\r\n" + host + "\r\n", 400);
        row("no UTF-8 in the query", "GET /?a=%ff HTTP/1.1\r\n" + host + "\r\n", 400);
        row("a field without colon", "GET / HTTP/1.1\r\n" + host + "abc\r\n\r\n", 400);
        row("space before the colon", "GET / HTTP/1.1\r\n" + host + "A : b\r\n\r\n", 400);
        row("NUL in a field", QByteArray("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29), 400);
        row("a length that is none", "POST / HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n", 400);
        row("a negative length", "POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", 400);
        row("a length beyond all", "POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n", 400);
        row("two lengths", "POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\na", 400);
        row("length and chunks", "POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
        row("chunks and length", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400);
        row("another transfer coding", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400);
        row("chunked twice", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400);
        row("chunks in HTTP/1.0", "POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
        row("a chunk size that is none", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400);
        row("a chunk without its end", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\nabcdef\r\n0\r\n\r\n", 400);
        row("another expectation", "POST / HTTP/1.1\r\n" + host + "Expect: tea\r\nContent-Length: 1\r\n\r\na", 417);
        row("a coded body", "POST / HTTP/1.1\r\n" + host + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\na", 415);
        row("a long head", "GET / HTTP/1.1\r\n" + host + "A: " + QByteArray(2000, 'x') + "\r\n\r\n", 431, "TooLarge");
        row("a head without end", "GET / HTTP/1.1\r\n" + host + "A: " + QByteArray(2000, 'x'), 431, "TooLarge");
        row("a long target", "GET /" + QByteArray(2000, 'x'), 431, "TooLarge");
        row("a long body", "POST / HTTP/1.1\r\n" + host + "Content-Length: 101\r\n\r\n", 413, "TooLarge");
        row("long chunks", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n65\r\n" + QByteArray(101, 'x') + "\r\n0\r\n\r\n",
            413, "TooLarge");
    }
    void anyBytesLeadToARequestOrANamedError()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(int, status);
        QFETCH(QByteArray, code);
        for (const std::size_t step : {std::size_t(1), std::size_t(2), std::size_t(3), std::size_t(7), std::size_t(4096)}) {
            const auto outcome = readInSteps(bytes.toStdString(), step, {.headBytes = 1000, .bodyBytes = 100});
            QCOMPARE(outcome.status, status);
            QCOMPARE(QByteArray::fromStdString(outcome.code), code);
        }
    }

    void headMayBeAsLongAsTheLimitHoweverItIsCut_data()
    {
        QTest::addColumn<int>("excess");
        QTest::newRow("as long as the limit") << 0;
        QTest::newRow("one byte longer") << 1;
        QTest::newRow("longer by less than the request line") << 14;
    }
    void headMayBeAsLongAsTheLimitHoweverItIsCut()
    {
        QFETCH(int, excess);
        const std::string begin = "GET /a HTTP/1.1\r\nHost: a\r\nA: ", end = "\r\n\r\n";
        const std::string head = begin + std::string(1000 + static_cast<std::size_t>(excess) - begin.size() - end.size(), 'x') + end;
        for (const std::size_t step : {std::size_t(1), std::size_t(7), std::size_t(990), std::size_t(4096)}) {
            const auto outcome = readInSteps(head + "GET /b", step, {.headBytes = 1000, .bodyBytes = 100});
            QCOMPARE(outcome.status, excess > 0 ? 431 : 0);
        }
    }

    void tellsWhatTheRequestSays()
    {
        const std::string next = "GET /next";
        const std::string bytes = "PUT /api/games/a%20b%2Fc?x=1+2&y=%26&z&x=3 HTTP/1.1\r\nHost: a\r\nAccept: text/html, "
                                  "text/event-stream;q=0.9, application/json;q=0\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 2\r\n\r\n{}" + next;
        for (std::size_t step = 1; step <= bytes.size(); step += 5) {
            const auto outcome = readInSteps(bytes, step);
            QCOMPARE(outcome.status, 0);
            const HttpRequest &request = outcome.request;
            QCOMPARE(request.method, std::string("PUT"));
            QCOMPARE(request.path, (std::vector<std::string>{"api", "games", "a b/c"}));
            QCOMPARE(request.query, (HttpRequest::Query{{"x", "1 2"}, {"y", "&"}, {"z", ""}, {"x", "3"}}));
            QVERIFY(request.queryValue("x") == "1 2");
            QVERIFY(!request.queryValue("w"));
            QCOMPARE(request.headers.joined("X-a"), std::string("1, 2"));
            QCOMPARE(request.body, std::string("{}"));
            QVERIFY(request.accepts("text/event-stream"));
            QVERIFY(!request.accepts("application/json"));
            QVERIFY(request.keepAlive);
            QVERIFY(next.starts_with(outcome.rest)); // nothing of the next request was taken
        }
    }

    void keepAliveFollowsVersionAndHeader_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<bool>("keepAlive");
        QTest::newRow("1.1") << QByteArray("GET / HTTP/1.1\r\nHost: a\r\n\r\n") << true;
        QTest::newRow("1.1 close") << QByteArray("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") << false;
        QTest::newRow("1.0") << QByteArray("GET / HTTP/1.0\r\n\r\n") << false;
        QTest::newRow("1.0 keep-alive") << QByteArray("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") << true;
    }
    void keepAliveFollowsVersionAndHeader()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(bool, keepAlive);
        const auto outcome = readInSteps(bytes.toStdString(), 1000);
        QCOMPARE(outcome.status, 0);
        QCOMPARE(outcome.request.keepAlive, keepAlive);
    }

    void aHeadMayExpectToBeToldToGoOn()
    {
        HttpRequestReader reader;
        const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\nExpect: 100-continue\r\n\r\n";
        QVERIFY(reader.feed(head).value_or(0) == head.size());
        QVERIFY(reader.hasHead() && !reader.isComplete() && reader.expectsContinue());
    }
};

QTEST_GUILESS_MAIN(HttpReaderTest)
#include "tst_httpreader.moc"
