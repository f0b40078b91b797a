// SPDX-License-Identifier: Apache-2.0
// Connections to a whole server in this process: WebSocket in both codecs, event streams, slow readers, an orderly stop.
#include "httpclient.h"

#include <eventsync/protocol/codec.h>

#include <QTcpSocket>
#include <QWebSocket>
#include <QWebSocketHandshakeOptions>

#include <algorithm>

namespace eventsync::server {

namespace {

using namespace protocol;

// A client that keeps every message it gets.
class TestClient
{
public:
    TestClient(const QUrl &server, const QString &path, Codec codec = Codec::Json) : m_codec(codec)
    {
        QObject::connect(&socket, &QWebSocket::textMessageReceived, &socket,
                         [this](const QString &text) { take(text.toStdString()); });
        QObject::connect(&socket, &QWebSocket::binaryMessageReceived, &socket,
                         [this](const QByteArray &bytes) { take(bytes.toStdString()); });
        QUrl url = server.resolved(QUrl(path));
        url.setScheme(QStringLiteral("ws"));
        QNetworkRequest request(url);
        QWebSocketHandshakeOptions options;
        options.setSubprotocols({codec == Codec::Cbor ? QStringLiteral("eventsync.v1.cbor") : QStringLiteral("eventsync.v1.json")});
        socket.open(request, options);
    }
    void send(const Message &message)
    {
        const Bytes bytes = encode(message, m_codec);
        if (m_codec == Codec::Cbor)
            socket.sendBinaryMessage(QByteArray::fromStdString(bytes));
        else
            socket.sendTextMessage(QString::fromStdString(bytes));
    }
    template<class T>
    const T *last() const
    {
        for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
            if (const T *found = std::get_if<T>(&*message))
                return found;
        }
        return nullptr;
    }
    template<class T>
    std::size_t count() const
    {
        return static_cast<std::size_t>(std::count_if(messages.begin(), messages.end(),
                                                      [](const Message &message) { return std::holds_alternative<T>(message); }));
    }
    template<class T>
    bool waitFor(std::size_t number = 1)
    {
        return QTest::qWaitFor([&] { return count<T>() >= number; }, 10'000);
    }
    bool hello(const char *client)
    {
        const bool isOpen = QTest::qWaitFor([&] { return socket.state() == QAbstractSocket::ConnectedState; });
        send(Hello{.clientId = ClientId(client)});
        return isOpen && waitFor<Welcome>();
    }
    bool follow(const char *document)
    {
        send(Subscribe{.documentId = DocumentId(document), .collection = CollectionName("games"), .afterSeq = ServerSeq(0)});
        return waitFor<Synced>();
    }

    QWebSocket socket;
    std::vector<Message> messages;

private:
    void take(const Bytes &bytes)
    {
        auto message = decode(bytes, m_codec);
        QVERIFY2(message, message ? "" : message.error().toString().c_str());
        messages.push_back(std::move(*message));
    }
    const Codec m_codec;
};

constexpr char kCreate[] = R"([{"op":"add","path":"","value":{"gold":0}}])";
constexpr char kIncrement[] = R"([{"op":"inc","path":"/gold","value":1}])";

Push pushOf(const char *document, const char *client, int clientSeq, const char *patch, const EventId &id)
{
    auto event = std::make_shared<Event>();
    event->id = id;
    event->documentId = DocumentId(document);
    event->collection = CollectionName("games");
    event->operation = clientSeq == 1 ? Operation::Create : Operation::Update;
    event->clientId = ClientId(client);
    event->clientSeq = ClientSeq(clientSeq);
    event->baseSeq = ServerSeq(clientSeq - 1);
    event->timestamp = Timestamp(1'795'251'600'000);
    event->diff = Diff(json::Patch::fromJson(json::parse(patch).value()).value());
    return {.batchId = BatchId(clientSeq), .documentId = DocumentId(document), .events = {event}};
}

} // namespace

class SessionsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void pushedEventReachesReadersOfBothCodecs();
    void addressWithAClientNeedsNoHello();
    void streamCarriesTheSameAndResumes();
    void garbageIsAnsweredAndTheConnectionStays();
    void frameOfTheOtherKindIsAnError();
    void slowReaderCatchesUpAndDelaysNobody();
    void shutdownAnswersWhatWasPushed();
    void newerConnectionReplacesTheOlder();
    void portFileIsWhole();

private:
    SystemClock m_clock;
    SystemRandom m_random;
    UuidGenerator m_ids{m_clock, m_random};
};

void SessionsTest::pushedEventReachesReadersOfBothCodecs()
{
    RunningServer running;
    TestClient writer(running.server->url(), QStringLiteral("/sync")), cbor(running.server->url(), QStringLiteral("/sync"), Codec::Cbor);
    QVERIFY(writer.hello("ann") && cbor.hello("bob"));
    QVERIFY(writer.follow("g1") && cbor.follow("g1"));
    writer.send(pushOf("g1", "ann", 1, R"([{"op":"add","path":"","value":{"gold":1}}])", m_ids.next()));
    QVERIFY(writer.waitFor<Ack>() && writer.waitFor<Events>() && cbor.waitFor<Events>());
    QCOMPARE(writer.last<Ack>()->results[0].status, AckStatus::Applied);
    QCOMPARE(cbor.last<Events>()->events[0].event->id, writer.last<Events>()->events[0].event->id);
    QCOMPARE(cbor.last<Events>()->chain, writer.last<Events>()->chain);
    QCOMPARE(HttpClient(running.server->url()).get("/api/games/g1").body, QByteArray("{\"gold\":1,\"version\":1}"));
}

void SessionsTest::addressWithAClientNeedsNoHello()
{
    RunningServer running;
    HttpClient(running.server->url()).send("POST", "/api/games?id=g1", R"({"gold": 1})");
    TestClient reader(running.server->url(), QStringLiteral("/sync/g1?clientId=ann&after=0"));
    QVERIFY(reader.waitFor<Welcome>() && reader.waitFor<Synced>());
    QCOMPARE(reader.count<Events>(), std::size_t(1));
    TestClient plain(running.server->url(), QStringLiteral("/sync/g1?clientId=bob"));
    QVERIFY(plain.waitFor<Welcome>() && plain.waitFor<Synced>());
    QCOMPARE(plain.count<Events>(), std::size_t(1));
    HttpClient(running.server->url()).send("PUT", "/api/games/g1", R"({"gold": 2})");
    QTRY_COMPARE(plain.count<Events>(), std::size_t(2));
    TestClient wrong(running.server->url(), QStringLiteral("/sync/g1?clientId=a:b"));
    QVERIFY(wrong.waitFor<ErrorMessage>());
    QCOMPARE(wrong.last<ErrorMessage>()->code, ErrorCode::ClientIdReserved);
    QTRY_COMPARE(wrong.socket.state(), QAbstractSocket::UnconnectedState);
    QCOMPARE(static_cast<int>(wrong.socket.closeCode()), 1008);
}

void SessionsTest::streamCarriesTheSameAndResumes()
{
    RunningServer running;
    HttpClient http(running.server->url());
    http.send("POST", "/api/games?id=g1", R"({"gold": 1})");
    QByteArray received, token;
    const auto post = [&](const QByteArray &messages) {
        const auto at = received.indexOf("\"connectionId\":\"") + 16;
        return http.send("POST", "/api/stream/" + received.mid(at, received.indexOf('"', at) - at), messages);
    };
    {
        const auto stream = http.stream("/api/stream");
        QTRY_VERIFY((received += stream->readAll()).contains("event: open"));
        const QByteArray both = R"([{"type":"hello","protocol":1,"clientId":"ann"},{"type":"subscribe","documentId":"g1","afterSeq":0}])";
        QCOMPARE(post(both).status, 202);
        QTRY_VERIFY((received += stream->readAll()).contains("event: synced"));
        QVERIFY(received.contains("event: welcome"));
        http.send("PUT", "/api/games/g1", R"({"gold": 2})");
        QTRY_VERIFY((received += stream->readAll()).contains("\"serverSeq\":2,"));
        QTRY_VERIFY((received += stream->readAll()).lastIndexOf("id: ") > received.indexOf("event: synced"));
        const auto at = received.lastIndexOf("id: ") + 4;
        token = received.mid(at, received.indexOf('\n', at) - at);
    }
    http.send("PUT", "/api/games/g1", R"({"gold": 3})");
    received.clear();
    const auto resumed = http.stream("/api/stream", {{"Last-Event-ID", token}});
    QTRY_VERIFY((received += resumed->readAll()).contains("event: open"));
    const QByteArray hello = R"({"type":"hello","protocol":1,"clientId":"ann"})";
    QCOMPARE(post(hello).status, 202);
    QTRY_VERIFY((received += resumed->readAll()).contains("event: synced"));
    QVERIFY(received.contains("\"gold\",\"value\":3") || received.contains("\"serverSeq\":3"));
    QVERIFY(!received.contains("\"operation\":\"create\""));
}

void SessionsTest::garbageIsAnsweredAndTheConnectionStays()
{
    RunningServer running;
    TestClient client(running.server->url(), QStringLiteral("/sync"));
    QVERIFY(client.hello("ann"));
    for (const char *text : {"", "{", "[]", R"({"type":"dance"})", R"({"type":"push"})", R"({"type":"hello","protocol":1,"clientId":"ann"})"}) {
        const std::size_t before = client.count<ErrorMessage>();
        client.socket.sendTextMessage(QString::fromLatin1(text));
        QVERIFY2(client.waitFor<ErrorMessage>(before + 1), text);
    }
    client.send(Ping{7});
    QVERIFY(client.waitFor<Pong>());
    client.socket.sendTextMessage(QStringLiteral(R"({"type":"query","requestId":"q","kind":"dance"})"));
    QVERIFY(client.waitFor<QueryResult>());
    QCOMPARE(client.last<QueryResult>()->requestId, std::string("q"));
    QVERIFY(client.last<QueryResult>()->code.has_value());
}

void SessionsTest::frameOfTheOtherKindIsAnError()
{
    RunningServer running;
    TestClient client(running.server->url(), QStringLiteral("/sync"));
    QVERIFY(client.hello("ann"));
    client.socket.sendBinaryMessage(QByteArray::fromStdString(encode(Ping{1}, Codec::Cbor)));
    QVERIFY(client.waitFor<ErrorMessage>());
    QCOMPARE(client.last<ErrorMessage>()->code, ErrorCode::InvalidMessage);
}

void SessionsTest::slowReaderCatchesUpAndDelaysNobody()
{
    RunningServer running;
    HttpClient http(running.server->url());
    http.send("POST", "/api/games?id=g1", R"({"text": ""})");
    // A peer that takes nothing: a plain socket that sends its frames and reads no answer.
    QTcpSocket slow;
    slow.setReadBufferSize(1024);
    slow.connectToHost(QHostAddress(QHostAddress::LocalHost), static_cast<quint16>(running.server->url().port()));
    QVERIFY(QTest::qWaitFor([&] { return slow.state() == QAbstractSocket::ConnectedState; }));
    slow.write("GET /sync/g1?clientId=slow&after=0 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    TestClient fast(running.server->url(), QStringLiteral("/sync/g1?clientId=fast&after=0"));
    QVERIFY(fast.waitFor<Synced>());
    const QByteArray large(200'000, 'x');
    constexpr int kEdits = 60; // 12 MB and more: beyond what the system and the marks take
    for (int i = 0; i < kEdits; ++i)
        QCOMPARE(http.send("PUT", "/api/games/g1", "{\"text\":\"" + large + QByteArray::number(i) + "\"}").status, 200);
    const auto eventsOf = [&] {
        std::size_t events = 0;
        for (const Message &message : fast.messages) {
            if (const auto *some = std::get_if<Events>(&message))
                events += some->events.size();
        }
        return events;
    };
    QTRY_COMPARE_WITH_TIMEOUT(eventsOf(), std::size_t(kEdits + 1), 20'000);
    QVERIFY(slow.state() == QAbstractSocket::ConnectedState); // it fell back to catching up, and was not cut
    // Now it reads: everything comes, in order.
    slow.setReadBufferSize(0);
    QByteArray received;
    QVERIFY(QTest::qWaitFor([&] {
        received += slow.readAll();
        return received.contains(large + QByteArray::number(kEdits - 1));
    }, 20'000));
    for (int i = 0; i < kEdits; ++i)
        QVERIFY(received.contains(large + QByteArray::number(i) + '"'));
}

void SessionsTest::shutdownAnswersWhatWasPushed()
{
    QTemporaryDir folder;
    RunningServer running({.kind = StoreLocation::Kind::Sqlite}, folder.filePath(QStringLiteral("data")));
    TestClient writer(running.server->url(), QStringLiteral("/sync"));
    QVERIFY(writer.hello("ann"));
    QVERIFY(writer.follow("g1"));
    for (int i = 1; i <= 20; ++i)
        writer.send(pushOf("g1", "ann", i, i == 1 ? kCreate : kIncrement, m_ids.next()));
    QVERIFY(writer.waitFor<Ack>());
    bool stopped = false;
    running.server->shutdown([&] { stopped = true; });
    QTRY_VERIFY(stopped);
    QTRY_COMPARE(writer.socket.state(), QAbstractSocket::UnconnectedState);
    QVERIFY(writer.count<GoAway>() == 1);
    const std::size_t acknowledged = writer.count<Ack>();
    running.server.reset();
    RunningServer again({.kind = StoreLocation::Kind::Sqlite}, folder.filePath(QStringLiteral("data")));
    const Reply events = HttpClient(again.server->url()).get("/api/events/g1");
    QVERIFY2(events.json().as_array().size() >= acknowledged, "G18: what was acknowledged is there");
}

void SessionsTest::newerConnectionReplacesTheOlder()
{
    RunningServer running;
    TestClient older(running.server->url(), QStringLiteral("/sync")), newer(running.server->url(), QStringLiteral("/sync"));
    QVERIFY(older.hello("ann"));
    QVERIFY(newer.hello("ann"));
    QVERIFY(older.waitFor<ErrorMessage>());
    QCOMPARE(older.last<ErrorMessage>()->code, ErrorCode::Replaced);
    QTRY_COMPARE(older.socket.state(), QAbstractSocket::UnconnectedState);
    QCOMPARE(newer.socket.state(), QAbstractSocket::ConnectedState);
}

void SessionsTest::portFileIsWhole()
{
    QTemporaryDir folder;
    Configuration configuration;
    configuration.listen = {{}, {}};
    configuration.store.kind = StoreLocation::Kind::Memory;
    configuration.dataFolder = folder.filePath(QStringLiteral("data")).toStdString();
    configuration.portFile = folder.filePath(QStringLiteral("port")).toStdString();
    auto server = Server::start(configuration);
    QVERIFY(server);
    QFile file(QString::fromStdString(configuration.portFile));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto &ports = (*server)->ports();
    QCOMPARE(file.readAll(), QByteArray::number(ports[0]) + '\n' + QByteArray::number(ports[1]) + '\n');
    configuration.listen = {{QHostAddress(QHostAddress::LocalHost), ports[0]}};
    configuration.dataFolder += "2";
    const auto taken = Server::start(configuration);
    QVERIFY(!taken);
    QCOMPARE(taken.error().code, ErrorCode::Unavailable);
}

} // namespace eventsync::server

QTEST_GUILESS_MAIN(eventsync::server::SessionsTest)
#include "tst_sessions.moc"
