// SPDX-License-Identifier: Apache-2.0
// The parts of the HTTP front that need no socket: routes, conditions, origins, gzip, lists of messages, problems.
#include <server/http/gzip.h>
#include <server/http/jsonlist.h>
#include <server/http/originpolicy.h>
#include <server/http/router.h>
#include <server/http/upgradecheck.h>
#include <server/problem.h>

#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

#include <new>
#include <zlib.h>

#include <array>

using namespace eventsync;
using namespace eventsync::server;

namespace {

class RecordingSink final : public Responder::Sink
{
public:
    void respond(HttpResponse given) override { response = std::move(given); }
    std::unique_ptr<HttpStream> startStream(HttpResponse) override { return nullptr; }
    bool isAlive() const override { return true; }
    void onClosed(std::function<void()>) override {}
    HttpResponse response;
};

HttpRequest requestFor(std::string method, std::string_view target)
{
    HttpRequest request;
    request.method = std::move(method);
    auto parsed = parseTarget(target);
    request.path = parsed->path;
    request.query = parsed->query;
    return request;
}

HttpResponse answer(const Router &router, std::string method, std::string_view target)
{
    const auto sink = std::make_shared<RecordingSink>();
    router.handle(requestFor(std::move(method), target), Responder(sink));
    return sink->response;
}

std::string gunzipped(const std::string &bytes)
{
    z_stream stream{};
    if (inflateInit2(&stream, 15 + 16) != Z_OK)
        return {};
    std::string out(1'000'000, '\0');
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef *>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int status = inflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return status == Z_STREAM_END ? out : std::string();
}

} // namespace

class HttpPartsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theMostSpecificRouteWins_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("target");
        QTest::addColumn<int>("status");
        QTest::addColumn<QString>("body");
        const auto row = [](const char *method, const char *target, int status, const char *body) {
            QTest::addRow("%s %s", method, target) << QString::fromLatin1(method) << QString::fromLatin1(target) << status
                                                   << QString::fromLatin1(body);
        };
        row("GET", "/", 200, "root");
        row("GET", "/api/games", 200, "list games");
        row("POST", "/api/games", 200, "create games");
        row("GET", "/api/games/g1", 200, "document games g1");
        row("GET", "/api/stream", 200, "stream");
        row("GET", "/api/stream/x", 405, "");
        row("POST", "/api/stream/x", 200, "post x");
        row("POST", "/api/stream", 405, ""); // not a collection named stream
        row("HEAD", "/api/games/g1", 200, "document games g1");
        row("GET", "/api/a%2Fb", 200, "list a/b");
        row("GET", "/api/games/", 404, "");
        row("GET", "/api/games/g1/x", 404, "");
        row("GET", "/nowhere", 404, "");
        row("BREW", "/api/games", 405, "");
        row("OPTIONS", "/api/games", 204, "");
    }
    void theMostSpecificRouteWins()
    {
        QFETCH(QString, method);
        QFETCH(QString, target);
        QFETCH(int, status);
        QFETCH(QString, body);
        Router router;
        const auto say = [](std::string what) {
            return [what](const HttpRequest &request, const Responder &responder) {
                std::string text = what;
                for (const auto *name : {"collection", "id"}) {
                    if (!request.parameter(name).empty())
                        text += ' ' + std::string(request.parameter(name));
                }
                responder.respond(HttpResponse::text(text));
            };
        };
        router.get("/api/{collection}", say("list"));
        router.post("/api/{collection}", say("create"));
        router.get("/api/{collection}/{id}", say("document"));
        router.post("/api/stream/{id}", say("post"));
        router.get("/api/stream", say("stream"));
        router.get("/", say("root"));
        const auto response = answer(router, method.toStdString(), target.toStdString());
        QCOMPARE(response.status, status);
        if (status == 200)
            QCOMPARE(QString::fromStdString(response.body), body);
    }

    void aRouteWithoutMemoryIsUnavailable()
    {
        Router router;
        router.get("/", [](const HttpRequest &, const Responder &) { throw std::bad_alloc(); });
        QCOMPARE(answer(router, "GET", "/").status, 503);
    }

    void methodsAreToldInAllow()
    {
        Router router;
        router.get("/api/{collection}", {});
        router.post("/api/{collection}", {});
        QCOMPARE(router.allowedMethods({"api", "games"}), std::string("GET, HEAD, OPTIONS, POST"));
        QCOMPARE(router.allowedMethods({"api"}), std::string());
        QCOMPARE(std::string(answer(router, "DELETE", "/api/games").headers.value("Allow")), std::string("GET, HEAD, OPTIONS, POST"));
    }

    void conditionsFollowTheVersion_data()
    {
        QTest::addColumn<QString>("tags");
        QTest::addColumn<bool>("matchFails"); // If-Match on version 17
        QTest::addColumn<bool>("noneMatchHolds");
        QTest::newRow("the same") << QStringLiteral("\"17\"") << false << true;
        QTest::newRow("another") << QStringLiteral("\"16\"") << true << false;
        QTest::newRow("in a list") << QStringLiteral("\"1\" , \"17\"") << false << true;
        QTest::newRow("weak") << QStringLiteral("W/\"17\"") << false << true; // a proxy compressed the answer
        QTest::newRow("marked by a proxy") << QStringLiteral("\"17-gzip\"") << false << true;
        QTest::newRow("weak and another") << QStringLiteral("W/\"16\"") << true << false;
        QTest::newRow("marked otherwise") << QStringLiteral("\"17-x\"") << true << false;
        QTest::newRow("half a tag") << QStringLiteral("W/\"17") << true << false;
        QTest::newRow("any") << QStringLiteral("*") << false << true;
        QTest::newRow("no tag") << QStringLiteral("17") << true << false;
        QTest::newRow("beyond numbers") << QStringLiteral("\"99999999999999999999\"") << true << false;
    }
    void conditionsFollowTheVersion()
    {
        QFETCH(QString, tags);
        QFETCH(bool, matchFails);
        QFETCH(bool, noneMatchHolds);
        HttpRequest request;
        QVERIFY(!ifMatchFails(request, 17));
        QVERIFY(!ifNoneMatchHolds(request, 17));
        request.headers = {{"if-match", tags.toStdString()}, {"If-None-Match", tags.toStdString()}};
        QCOMPARE(ifMatchFails(request, 17), matchFails);
        QVERIFY(ifMatchFails(request, std::nullopt)); // there is nothing it could match
        QCOMPARE(ifNoneMatchHolds(request, 17), noneMatchHolds);
    }

    void foreignOriginsAreRefusedUnlessAllowed_data()
    {
        QTest::addColumn<QString>("origin");
        QTest::addColumn<QString>("host");
        QTest::addColumn<bool>("allowed");
        const auto row = [](const char *origin, const char *host, bool allowed) {
            QTest::addRow("%s at %s", origin, host) << QString::fromLatin1(origin) << QString::fromLatin1(host) << allowed;
        };
        row("", "127.0.0.1:8080", true);
        row("http://127.0.0.1:8080", "127.0.0.1:8080", true);
        row("http://LOCALHOST:8080", "localhost:8080", true);
        row("http://localhost:8081", "localhost:8080", false);
        row("http://localhost", "localhost:80", true);
        row("https://sync.example.org", "sync.example.org", true); // TLS ends at a proxy
        row("https://sync.example.org", "sync.example.org:443", true);
        row("http://sync.example.org", "sync.example.org:443", false);
        row("http://[::1]:8080", "[::1]:8080", true);
        row("http://[::1]", "[::1]", true);
        row("https://evil.example", "127.0.0.1:8080", false);
        row("https://127.0.0.1:8080.evil.example", "127.0.0.1:8080", false);
        row("null", "127.0.0.1:8080", false);
        row("file://", "127.0.0.1:8080", false);
        row("https://app.example.org", "127.0.0.1:8080", true);
        row("https://app.example.org.evil.example", "127.0.0.1:8080", false);
        row("http://evil.example:8080", "evil.example:8080", false); // DNS rebinding
        row("", "evil.example:8080", false);
    }
    void foreignOriginsAreRefusedUnlessAllowed()
    {
        QFETCH(QString, origin);
        QFETCH(QString, host);
        QFETCH(bool, allowed);
        const OriginPolicy policy({.allowed = {"https://app.example.org"}, .hosts = {"sync.example.org"}});
        HttpRequest request;
        request.headers.add("Host", host.toStdString());
        if (!origin.isEmpty())
            request.headers.add("Origin", origin.toStdString());
        const auto checked = policy.check(request, Reach::Network);
        QCOMPARE(checked.has_value(), allowed);
        if (!checked)
            QCOMPARE(checked.error().code, ErrorCode::OriginRefused);
        HttpHeaders headers;
        policy.addCorsHeaders(request, headers);
        QCOMPARE(headers.has("Access-Control-Allow-Origin"), origin == QStringLiteral("https://app.example.org"));
    }

    void aListenerGoesByTheNamesThatLeadToIt_data()
    {
        QTest::addColumn<QString>("host");
        QTest::addColumn<bool>("onLoopback"); // without configured names, then with
        QTest::addColumn<bool>("onLoopbackNamed");
        QTest::addColumn<bool>("onNetwork");
        QTest::addColumn<bool>("onNetworkNamed");
        const auto row = [](const char *host, std::array<bool, 4> known) {
            QTest::newRow(host) << QString::fromLatin1(host) << known[0] << known[1] << known[2] << known[3];
        };
        for (const char *host : {"localhost", "LocalHost:8080", "localhost.", "app.localhost:8080", "127.0.0.1", "127.0.0.1:8080",
                                 "127.8.9.10:1", "[::1]", "[::1]:8080", "[::ffff:127.0.0.1]"})
            row(host, {true, true, true, true});
        for (const char *host : {"192.168.0.7", "10.0.0.1:8080", "[fd00::1]:8080", "0.0.0.0:8080"})
            row(host, {false, false, true, true});
        for (const char *host : {"sync.example.org", "SYNC.example.org:8443", "sync.example.org.", "[fd00::2]"})
            row(host, {false, true, true, true});
        for (const char *host : {"evil.example", "evil.example:8080", "sync.example.org.evil.example", "localhost.evil.example",
                                 "127.0.0.1.evil.example:8080", "notlocalhost", ".localhost", "[::1", ""})
            row(host, {false, false, true, false});
    }
    void aListenerGoesByTheNamesThatLeadToIt()
    {
        QFETCH(QString, host);
        QFETCH(bool, onLoopback);
        QFETCH(bool, onLoopbackNamed);
        QFETCH(bool, onNetwork);
        QFETCH(bool, onNetworkNamed);
        HttpRequest request;
        request.headers.add("Host", host.toStdString());
        const OriginPolicy unnamed, named({.hosts = {"Sync.example.org", "[fd00::2]"}}), every({.hosts = {"*"}});
        QCOMPARE(unnamed.check(request, Reach::Loopback).has_value(), onLoopback);
        QCOMPARE(named.check(request, Reach::Loopback).has_value(), onLoopbackNamed);
        QCOMPARE(unnamed.check(request, Reach::Network).has_value(), onNetwork);
        QCOMPARE(named.check(request, Reach::Network).has_value(), onNetworkNamed);
        QVERIFY(every.check(request, Reach::Loopback));
        QVERIFY(unnamed.check(HttpRequest(), Reach::Loopback)); // HTTP/1.0: no browser
    }

    void gzipIsForThoseWhoAsk_data()
    {
        QTest::addColumn<QString>("accept");
        QTest::addColumn<bool>("wanted");
        QTest::newRow("no") << QString() << false;
        QTest::newRow("gzip") << QStringLiteral("deflate, GZIP") << true;
        QTest::newRow("q") << QStringLiteral("gzip;q=0.5") << true;
        QTest::newRow("q 0") << QStringLiteral("gzip; q=0, *") << false;
        QTest::newRow("q 0.000") << QStringLiteral("gzip;q=0.000") << false;
        QTest::newRow("any") << QStringLiteral("br, *") << true;
        QTest::newRow("another") << QStringLiteral("x-gzip, br") << false;
    }
    void gzipIsForThoseWhoAsk()
    {
        QFETCH(QString, accept);
        QFETCH(bool, wanted);
        HttpRequest request;
        request.headers.add("Accept-Encoding", accept.toStdString());
        QCOMPARE(acceptsGzip(request), wanted);
    }

    void gzipKeepsEveryByte()
    {
        for (const std::string &text : {std::string(), std::string("x"), std::string(300'000, 'x')}) {
            const auto compressed = gzipped(text);
            QVERIFY(compressed.has_value());
            QCOMPARE(gunzipped(*compressed), text);
        }
    }

    void listsAreSplitWhereTheirElementsEnd_data()
    {
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<QByteArrayList>("elements"); // or "!Code"
        QTest::newRow("one") << QByteArray(" {\"a\":[1,2]} ") << QByteArrayList{"{\"a\":[1,2]}"};
        QTest::newRow("a list") << QByteArray("[{\"a\":1}, {\"b\":[2,{}]}\n]") << QByteArrayList{"{\"a\":1}", "{\"b\":[2,{}]}"};
        QTest::newRow("empty") << QByteArray("[ ]") << QByteArrayList{};
        QTest::newRow("strings") << QByteArray("[\"a,]\\\",\",\"\\\\\"]") << QByteArrayList{"\"a,]\\\",\"", "\"\\\\\""};
        QTest::newRow("nothing") << QByteArray(" ") << QByteArrayList{"!InvalidMessage"};
        QTest::newRow("open") << QByteArray("[1,2") << QByteArrayList{"!InvalidMessage"};
        QTest::newRow("open string") << QByteArray("[\"a]") << QByteArrayList{"!InvalidMessage"};
        QTest::newRow("open escape") << QByteArray("[\"a\\") << QByteArrayList{"!InvalidMessage"};
        QTest::newRow("lacks one") << QByteArray("[1,,2]") << QByteArrayList{"!InvalidMessage"};
        QTest::newRow("lacks the last") << QByteArray("[1,]") << QByteArrayList{"!InvalidMessage"};
        QTest::newRow("more behind") << QByteArray("[1]2") << QByteArrayList{"!InvalidMessage"};
        QTest::newRow("a brace too many") << QByteArray("[1}]") << QByteArrayList{"!InvalidMessage"};
        QTest::newRow("deep") << QByteArray("[") + QByteArray(100'000, '[') << QByteArrayList{"!InvalidMessage"};
        QTest::newRow("many") << QByteArray("[1,2,3,4,5]") << QByteArrayList{"!TooLarge"};
    }
    void listsAreSplitWhereTheirElementsEnd()
    {
        QFETCH(QByteArray, body);
        QFETCH(QByteArrayList, elements);
        const std::string text = body.toStdString();
        const auto split = splitJsonList(text, 4);
        QByteArrayList seen;
        if (!split)
            seen = {'!' + QByteArray::fromStdString(std::string(errorName(split.error().code)))};
        else
            for (const auto element : *split)
                seen.append(QByteArray(element.data(), static_cast<qsizetype>(element.size())));
        QCOMPARE(seen, elements);
    }

    void everyErrorHasAStatusAndAProblem_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<int>("status");
        // protocol.md, Errors
        const std::pair<const char *, int> rows[] = {
            {"InvalidMessage", 400}, {"UnknownMessage", 400}, {"InvalidValue", 400}, {"UnknownField", 400},
            {"TooLarge", 413}, {"TooDeep", 413}, {"Unauthenticated", 401}, {"TokenExpired", 401},
            {"PermissionDenied", 403}, {"PermissionRevoked", 403}, {"NotFound", 404}, {"DocumentExists", 409},
            {"WrongCollection", 409},
            {"VersionConflict", 412}, {"Conflict", 409}, {"BaseCompacted", 409}, {"Compacted", 410}, {"PatchFailed", 422},
            {"Invalid", 422}, {"ClientGap", 422}, {"ClientIdReserved", 409}, {"ClientIdInUse", 409},
            {"UnsupportedProtocol", 400}, {"OriginRefused", 403}, {"Replaced", 409}, {"SlowConsumer", 408},
            {"Unavailable", 503}, {"Timeout", 504}, {"RateLimited", 429}, {"QueueFull", 507}, {"ShuttingDown", 503},
            {"Internal", 500}, {"Corrupt", 500}};
        for (const auto &[name, status] : rows)
            QTest::newRow(name) << QString::fromLatin1(name) << status;
    }
    void everyErrorHasAStatusAndAProblem()
    {
        QFETCH(QString, name);
        QFETCH(int, status);
        const auto code = errorCodeFromName(name.toStdString());
        QVERIFY(code);
        const HttpResponse response = problem({*code, "it \"broke\"", "/a"}, {.retryAfter = std::chrono::milliseconds(1200)});
        QCOMPARE(response.status, status);
        QVERIFY(response.headers.value("Content-Type") == "application/problem+json");
        QVERIFY(response.headers.value("Retry-After") == "2");
        const auto body = QJsonDocument::fromJson(QByteArray::fromStdString(response.body)).object();
        QCOMPARE(body.value(QLatin1String("type")).toString(), QStringLiteral("urn:eventsync:error:") + name);
        QCOMPARE(body.value(QLatin1String("code")).toString(), name);
        QCOMPARE(body.value(QLatin1String("status")).toInt(), status);
        QCOMPARE(body.value(QLatin1String("detail")).toString(), QStringLiteral("it \"broke\""));
        QCOMPARE(body.value(QLatin1String("pointer")).toString(), QStringLiteral("/a"));
        QVERIFY(closeCode(*code) != transport::CloseCode::Normal);
    }
};

QTEST_GUILESS_MAIN(HttpPartsTest)
#include "tst_httpparts.moc"
