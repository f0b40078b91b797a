// SPDX-License-Identifier: Apache-2.0
#include "syncclienttest.h"

#include "rig.h"

#include <eventsync/base/assert.h>
#include <eventsync/base/eventloopexecutor.h>
#include <eventsync/client/limits.h>
#include <eventsync/client/offlinequeue.h>
#include <eventsync/client/statemanager.h>
#include <eventsync/client/syncclient.h>
#include <eventsync/client/undohistory.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/transport/loopback.h>

#include <support/throwingbackend.h>

#include <QCoreApplication>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <thread>

namespace eventsync::client::test {

namespace {

const DocumentId kGame("game-1");
const CollectionName kGames("games");
constexpr auto kInc = R"([{"op":"inc","path":"/gold","value":1}])";

// Accepts every push; answers what a test needs. One document, any number of connections after another.
class SmallServer
{
public:
    ConnectionFactory factory()
    {
        return [this]() -> Result<std::unique_ptr<transport::Connection>> {
            ++dials;
            auto pair = transport::LoopbackConnection::make(executor, executor);
            m_side = std::move(pair.server);
            m_side->setWaterMarks({.hard = SIZE_MAX}); // it sends as much as a test wants
            m_side->setCallbacks({.frameReceived = [this](const transport::Frame &frame) { receive(frame); }});
            return std::unique_ptr<transport::Connection>(std::move(pair.client));
        };
    }
    void cut() { m_side.reset(); }
    void send(const protocol::Message &message)
    {
        if (m_side)
            m_side->send(transport::Frame::text(protocol::encode(message, Codec::Json)));
    }

    EventLoopExecutor executor;
    Log log{kGame};
    int dials = 0, presences = 0;
    protocol::Welcome greeting = test::welcome();
    bool answersQueries = true;
    std::vector<std::string> pieces;  // of each answer
    std::size_t piecesSent = SIZE_MAX; // after so many it is silent
    std::vector<StateVector> vectors; // told one at a time
    std::optional<ErrorCode> refuses; // at hello
    std::map<ClientId, ClientSeq> last;

private:
    void receive(const transport::Frame &frame)
    {
        const auto message = protocol::decode(frame.bytes(), Codec::Json);
        QVERIFY(message.has_value());
        if (const auto *hello = std::get_if<protocol::Hello>(&*message)) {
            m_client = hello->clientId;
            if (refuses)
                send(protocol::ErrorMessage{*refuses, "no", protocol::ErrorScope::Connection});
            else
                send(greeting);
        } else if (const auto *subscribe = std::get_if<protocol::Subscribe>(&*message)) {
            if (subscribe->afterSeq.value_or(ServerSeq()) < log.head())
                send(log.events(subscribe->afterSeq.value_or(ServerSeq())));
            send(log.synced(last[m_client]));
        } else if (const auto *push = std::get_if<protocol::Push>(&*message)) {
            const ServerSeq before = log.head();
            for (const EventPtr &event : push->events) {
                log.accept(event);
                last[m_client] = event->clientSeq;
            }
            send(log.events(before));
            send(answer(*push, AckStatus::Applied, before.next()));
        } else if (std::holds_alternative<protocol::Presence>(*message)) {
            ++presences;
        } else if (const auto *query = std::get_if<protocol::Query>(&*message); query && answersQueries) {
            if (const auto *asked = std::get_if<protocol::StateVectorsQuery>(&query->query))
                return send(nextVector(query->requestId, *asked));
            if (pieces.empty())
                send(protocol::QueryResult{.requestId = query->requestId, .content = {{"items", json::Array{1, 2, 3}}}});
            answerInPieces(query->requestId);
        }
    }
    protocol::QueryResult nextVector(const std::string &requestId, const protocol::StateVectorsQuery &asked) const
    {
        protocol::QueryResult result{.requestId = requestId};
        for (const StateVector &vector : vectors) {
            if (asked.after && vector.clientId <= *asked.after)
                continue;
            result.content["stateVectors"] = json::Array{vector.toJson()};
            if (!(vector == vectors.back()))
                result.content["next"] = vector.clientId.text();
            break;
        }
        return result;
    }
    void answerInPieces(const std::string &requestId)
    {
        for (std::size_t i = 0; i < std::min(pieces.size(), piecesSent); ++i) {
            send(protocol::QueryResult{.requestId = requestId, .part = static_cast<std::int64_t>(i) + 1,
                                       .more = i + 1 < pieces.size(), .piece = pieces[i]});
        }
    }

    std::unique_ptr<transport::LoopbackConnection> m_side;
    ClientId m_client;
};

SyncClientOptions optionsFor(SmallServer &server)
{
    SyncClientOptions options;
    options.connect = server.factory();
    options.retryFirst = options.retryLongest = std::chrono::milliseconds(5);
    options.core.policies.set(kGames, CollectionPolicy::games());
    return options;
}

std::unique_ptr<SyncClient> opened(SyncClientOptions options)
{
    auto client = SyncClient::inMemory(std::move(options));
    EVENTSYNC_ASSERT(client.has_value());
    return std::move(*client);
}

template<class T>
bool ends(const QFuture<Result<T>> &future)
{
    return QTest::qWaitFor([&] { return future.isFinished(); }, 5'000);
}

template<class T>
Result<T> resultOf(const QFuture<Result<T>> &future)
{
    if (!ends(future) || future.resultCount() != 1)
        return failure(ErrorCode::Internal, "the future does not end");
    return future.result();
}

// A memory store whose commits can be made to fail from outside.
struct FailingStore
{
    storage::MemoryBackend *memory = nullptr;
    std::unique_ptr<storage::Backend> take()
    {
        auto made = std::make_unique<storage::MemoryBackend>(ClientCore::schema());
        memory = made.get();
        return made;
    }
};

} // namespace

void SyncClientTest::editsTravelAndComeBack()
{
    SmallServer server;
    auto client = opened(optionsFor(server));
    OfflineQueue queue(*client);
    client->goOnline();
    client->openDocument(kGame, kGames);
    QVERIFY(resultOf(client->create(kGame, kGames, parsed(R"({"gold":1})"))).has_value());
    QVERIFY(resultOf(client->update(kGame, patch(kInc))).has_value());
    QVERIFY(resultOf(client->waitForSynced(kGame)).has_value());
    QVERIFY(resultOf(client->waitForSettled(kGame)).has_value());
    QCOMPARE(server.log.state(), std::string(R"({"gold":2})"));
    QCOMPARE(client->core().confirmed(kGame)->canonical(), server.log.state());
    QCOMPARE(client->state(), SyncClient::State::Online);
    QVERIFY(queue.isEmpty());
    UndoHistory undo(*client);
    QVERIFY(undo.canUndo(kGame));
    QVERIFY(resultOf(undo.undo(kGame)).has_value());
    QVERIFY(resultOf(client->waitForSettled(kGame)).has_value());
    QCOMPARE(server.log.state(), std::string(R"({"gold":1})"));
    const auto content = resultOf(client->list({.collection = kGames}));
    QCOMPARE(content->at("items"), parsed("[1,2,3]"));
}

void SyncClientTest::anAnswerInPiecesIsPutTogether_data()
{
    QTest::addColumn<QStringList>("pieces");
    QTest::addColumn<QString>("outcome");
    const auto row = [](const char *name, const QStringList &pieces, const char *outcome) {
        QTest::newRow(name) << pieces << QString::fromLatin1(outcome);
    };
    row("whole", {QStringLiteral(R"({"items":[1,)"), QStringLiteral(R"("\"가"],"nextPage)"), QStringLiteral(R"(Token":"t"})")}, "ok");
    row("one piece", {QStringLiteral(R"({"items":[1,"\"가"],"nextPageToken":"t"})")}, "ok");
    row("something is missing", {QStringLiteral(R"({"items":[1)"), QStringLiteral("}")}, "InvalidMessage");
    row("no object", {QStringLiteral("[1"), QStringLiteral("]")}, "InvalidMessage");
    row("without end", QStringList(12, QString(1'500'000, QLatin1Char('1'))), "TooLarge");
}

void SyncClientTest::anAnswerInPiecesIsPutTogether()
{
    QFETCH(QStringList, pieces);
    QFETCH(QString, outcome);
    SmallServer server;
    auto client = opened(optionsFor(server));
    client->goOnline();
    QTRY_COMPARE(client->state(), SyncClient::State::Online);
    for (const QString &piece : pieces)
        server.pieces.push_back(piece.toStdString());
    const auto content = resultOf(client->list({.collection = kGames}));
    QCOMPARE(content ? QStringLiteral("ok") : QString::fromStdString(std::string(errorName(content.error().code))), outcome);
    if (content)
        QCOMPARE(json::canonical(*content), std::string(R"({"items":[1,"\"가"],"nextPageToken":"t"})"));
    server.pieces.clear(); // the connection is as it was
    QCOMPARE(resultOf(client->list({.collection = kGames}))->at("items"), parsed("[1,2,3]"));
}

void SyncClientTest::stateVectorsAreAskedForToTheLast()
{
    SmallServer server;
    auto client = opened(optionsFor(server));
    client->goOnline();
    QTRY_COMPARE(client->state(), SyncClient::State::Online);
    for (const char *name : {"ann", "bob", "eve"})
        server.vectors.push_back({.clientId = ClientId(name), .documentId = kGame, .serverSeq = ServerSeq(1)});
    const auto vectors = resultOf(client->stateVectors(kGame));
    QVERIFY(vectors.has_value());
    QVERIFY(*vectors == server.vectors);
}

void SyncClientTest::offlineEditsWaitAndAreSentLater()
{
    SmallServer server;
    auto client = opened(optionsFor(server));
    client->openDocument(kGame, kGames);
    QVERIFY(resultOf(client->create(kGame, kGames, parsed(R"({"gold":1})"))).has_value());
    QCOMPARE(client->state(), SyncClient::State::Offline);
    QCOMPARE(server.dials, 0);
    client->goOnline();
    QVERIFY(QTest::qWaitFor([&] { return server.log.head().value() == 1; }));
    client->goOffline();
    QVERIFY(resultOf(client->update(kGame, patch(kInc))).has_value());
    QTest::qWait(30);
    QCOMPARE(server.log.head(), ServerSeq(1));
    client->goOnline();
    QVERIFY(QTest::qWaitFor([&] { return server.log.head().value() == 2; }));
}

void SyncClientTest::aLostConnectionIsDialledAgain()
{
    SmallServer server;
    auto client = opened(optionsFor(server));
    client->openDocument(kGame, kGames);
    client->goOnline();
    QVERIFY(resultOf(client->waitForSynced(kGame)).has_value());
    for (int i = 0; i < 3; ++i) {
        const int dials = server.dials;
        server.cut();
        QVERIFY(QTest::qWaitFor([&] { return client->state() != SyncClient::State::Online; }));
        QVERIFY(QTest::qWaitFor([&] { return client->state() == SyncClient::State::Online; }));
        QVERIFY(server.dials > dials);
    }
    QVERIFY(resultOf(client->create(kGame, kGames, parsed(R"({"gold":1})"))).has_value());
    QVERIFY(resultOf(client->waitForSettled(kGame)).has_value());
    QCOMPARE(server.log.head(), ServerSeq(1));
}

void SyncClientTest::refusedForGoodStaysAway()
{
    SmallServer server;
    server.refuses = ErrorCode::Unauthenticated;
    auto client = opened(optionsFor(server));
    client->goOnline();
    QVERIFY(QTest::qWaitFor([&] { return client->state() == SyncClient::State::Refused; }));
    QVERIFY(client->lastError());
    QCOMPARE(client->lastError()->code, ErrorCode::Unauthenticated);
    QTest::qWait(50);
    QCOMPARE(server.dials, 1);
    server.refuses.reset();
    client->goOnline();
    QVERIFY(QTest::qWaitFor([&] { return client->state() == SyncClient::State::Online; }));
}

void SyncClientTest::resolversDecideByThemselves()
{
    SmallServer server;
    server.log.other(R"([{"op":"add","path":"","value":{"gold":1,"name":"a"}}])", Operation::Create);
    auto client = opened(optionsFor(server));
    client->setResolver(kGames, oursResolver());
    client->openDocument(kGame, kGames);
    client->goOnline();
    QVERIFY(resultOf(client->waitForSynced(kGame)).has_value());
    client->goOffline();
    QVERIFY(resultOf(client->update(kGame, patch(R"([{"op":"replace","path":"/name","value":"mine"}])"))).has_value());
    server.log.other(R"([{"op":"replace","path":"/name","value":"theirs"}])");
    int asked = 0;
    connect(client.get(), &SyncClient::conflictFound, this, [&] { ++asked; });
    client->goOnline();
    QVERIFY(QTest::qWaitFor([&] { return server.log.head().value() == 3; }));
    QCOMPARE(server.log.state(), std::string(R"({"gold":1,"name":"mine"})"));
    QCOMPARE(server.log.log.back()->metadata->at("conflict").as_object().at("strategy"), json::Value("ours"));
    QCOMPARE(asked, 0);
}

void SyncClientTest::everyFutureEnds()
{
    SmallServer server;
    server.answersQueries = false;
    auto client = opened(optionsFor(server));
    const auto offline = client->list({.collection = kGames});
    QCOMPARE(resultOf(offline).error().code, ErrorCode::Unavailable);
    QCOMPARE(resultOf(client->update(kGame, patch(kInc))).error().code, ErrorCode::NotFound);
    client->goOnline();
    QVERIFY(QTest::qWaitFor([&] { return client->state() == SyncClient::State::Online; }));
    const auto lost = client->list({.collection = kGames});
    server.cut();
    QCOMPARE(resultOf(lost).error().code, ErrorCode::Unavailable);
    QVERIFY(QTest::qWaitFor([&] { return client->state() == SyncClient::State::Online; }));
    const auto question = client->list({.collection = kGames});
    const auto at = client->stateAt(kGame, ServerSeq(1));
    const auto synced = client->waitForSynced(DocumentId("never"));
    const auto edit = client->create(kGame, kGames, parsed("{}"));
    client.reset();
    QCOMPARE(resultOf(question).error().code, ErrorCode::Cancelled);
    QCOMPARE(resultOf(at).error().code, ErrorCode::Cancelled);
    QCOMPARE(resultOf(synced).error().code, ErrorCode::Cancelled);
    QVERIFY(edit.isFinished());
}

void SyncClientTest::questionsTimeOut()
{
    SmallServer server;
    server.answersQueries = false;
    auto options = optionsFor(server);
    options.requestTime = std::chrono::milliseconds(50);
    auto client = opened(options);
    client->goOnline();
    QVERIFY(QTest::qWaitFor([&] { return client->state() == SyncClient::State::Online; }));
    QCOMPARE(resultOf(client->list({.collection = kGames})).error().code, ErrorCode::Timeout);
    QCOMPARE(resultOf(client->waitForSynced(DocumentId("never"))).error().code, ErrorCode::Timeout);
}

void SyncClientTest::anAnswerThatStopsAfterAPieceTimesOut()
{
    SmallServer server;
    server.pieces = {R"({"items":)", "[]}"};
    server.piecesSent = 1;
    auto options = optionsFor(server);
    options.requestTime = std::chrono::milliseconds(50);
    auto client = opened(options);
    client->goOnline();
    QVERIFY(QTest::qWaitFor([&] { return client->state() == SyncClient::State::Online; }));
    QCOMPARE(resultOf(client->list({.collection = kGames})).error().code, ErrorCode::Timeout);
}

void SyncClientTest::aFailedStoreGoesBackToWhatIsDurable()
{
    SmallServer server;
    FailingStore store;
    auto made = SyncClient::open(store.take(), optionsFor(server));
    QVERIFY(made.has_value());
    SyncClient &client = **made;
    QVERIFY(resultOf(client.create(kGame, kGames, parsed(R"({"gold":1})"))).has_value());
    int failed = 0;
    connect(&client, &SyncClient::storeFailed, this, [&] { ++failed; });
    store.memory->failNextCommits({ErrorCode::StoreFull, "no room"});
    const auto first = client.update(kGame, patch(kInc));
    const auto second = client.update(kGame, patch(kInc)); // rests on the first
    QCOMPARE(client.core().optimistic(kGame)->canonical(), std::string(R"({"gold":3})"));
    QCOMPARE(resultOf(first).error().code, ErrorCode::StoreFull);
    QCOMPARE(resultOf(second).error().code, ErrorCode::StoreFull);
    QCOMPARE(failed, 1);
    QCOMPARE(client.core().optimistic(kGame)->canonical(), std::string(R"({"gold":1})"));
    QVERIFY(resultOf(client.update(kGame, patch(kInc))).has_value());
    QCOMPARE(client.core().optimistic(kGame)->canonical(), std::string(R"({"gold":2})"));
}

namespace {

class ThrowingResolver final : public ConflictResolver
{
public:
    std::string name() const override { return "throwing"; }
    Resolution resolve(const ConflictView &view) const override
    {
        view.ours->at("name").as_int64(); // what Boost.JSON throws
        return {};
    }
};

} // namespace

void SyncClientTest::whatAResolverThrowsIsForAPerson()
{
    SmallServer server;
    server.log.other(R"([{"op":"add","path":"","value":{"gold":1,"name":"a"}}])", Operation::Create);
    auto client = opened(optionsFor(server));
    client->setResolver(kGames, std::make_shared<ThrowingResolver>());
    client->openDocument(kGame, kGames);
    client->goOnline();
    QVERIFY(resultOf(client->waitForSynced(kGame)).has_value());
    client->goOffline();
    QVERIFY(resultOf(client->update(kGame, patch(R"([{"op":"replace","path":"/name","value":"mine"}])"))).has_value());
    server.log.other(R"([{"op":"replace","path":"/name","value":"theirs"}])");
    int asked = 0;
    connect(client.get(), &SyncClient::conflictFound, this, [&] { ++asked; });
    client->goOnline();
    QVERIFY(QTest::qWaitFor([&] { return asked == 1; }));
    QCOMPARE(client->core().queueCounts().conflicts, std::size_t(1));
}

void SyncClientTest::aWatchThatThrowsHearsTheNextChange()
{
    SmallServer server;
    auto client = opened(optionsFor(server));
    StateManager states(*client);
    int heard = 0;
    states.watch(kGame, *json::Pointer::parse("/gold"), [&](const json::Value *) {
        ++heard;
        throw std::runtime_error("not now");
    });
    QVERIFY(resultOf(client->create(kGame, kGames, parsed(R"({"gold":1})"))).has_value());
    QVERIFY(resultOf(client->update(kGame, patch(kInc))).has_value());
    QCOMPARE(heard, 3); // at once, and after each change
}

void SyncClientTest::whatABackendThrowsIsAFailedStore()
{
    SmallServer server;
    auto made = std::make_unique<eventsync::test::ThrowingBackend>(ClientCore::schema());
    auto &store = *made;
    auto opened = SyncClient::open(std::unique_ptr<storage::Backend>(std::move(made)), optionsFor(server));
    QVERIFY(opened.has_value());
    SyncClient &client = **opened;
    QVERIFY(resultOf(client.create(kGame, kGames, parsed(R"({"gold":1})"))).has_value());
    store.throwsAtCommit = true;
    const auto edit = client.update(kGame, patch(kInc));
    QCOMPARE(resultOf(edit).error().code, ErrorCode::Invalid);
    QCOMPARE(client.core().optimistic(kGame)->canonical(), std::string(R"({"gold":1})"));
    store.throwsAtCommit = false;
    QVERIFY(resultOf(client.update(kGame, patch(kInc))).has_value());

    auto unreadable = std::make_unique<eventsync::test::ThrowingBackend>(ClientCore::schema());
    unreadable->throwsAtRead = true;
    const auto failed = SyncClient::open(std::unique_ptr<storage::Backend>(std::move(unreadable)), optionsFor(server));
    QCOMPARE(failed.error().code, ErrorCode::Invalid);
}

void SyncClientTest::aConnectionThatThrowsIsRefused()
{
    SyncClientOptions options;
    options.connect = []() -> Result<std::unique_ptr<transport::Connection>> { throw std::runtime_error("no address"); };
    auto client = opened(std::move(options));
    client->goOnline();
    QCOMPARE(client->state(), SyncClient::State::Refused);
    QVERIFY(client->lastError());
    QVERIFY(client->lastError()->message.ends_with("no address"));
}

void SyncClientTest::namesThatCannotBeLoggedAreRefusedAtTheCall()
{
    SmallServer server;
    auto client = opened(optionsFor(server));
    const DocumentId id("not allowed/id");
    const CollectionName events("events");
    QCOMPARE(resultOf(client->openDocument(id, kGames)).error().code, ErrorCode::InvalidValue);
    QCOMPARE(resultOf(client->openDocument(kGame, events)).error().code, ErrorCode::InvalidValue);
    QCOMPARE(resultOf(client->create(id, kGames, parsed("{}"))).error().code, ErrorCode::InvalidValue);
    QCOMPARE(resultOf(client->create(kGame, events, parsed("{}"))).error().code, ErrorCode::InvalidValue);
    QCOMPARE(resultOf(client->watch(events)).error().code, ErrorCode::InvalidValue);
    QCOMPARE(resultOf(client->setPresence(id, parsed("{}"))).error().code, ErrorCode::InvalidValue);
    QCOMPARE(resultOf(client->stateVectors(id)).error().code, ErrorCode::InvalidValue);
    QCOMPARE(resultOf(client->setPresence(kGame, std::string(limits::kPresenceBytes, 'a').c_str())).error().code, ErrorCode::TooLarge);
    QVERIFY(client->core().documents().empty());
}

void SyncClientTest::editsOfDocumentsThatAreNotOpenTravel()
{
    SmallServer server;
    auto client = opened(optionsFor(server));
    client->goOnline();
    QVERIFY(resultOf(client->create(kGame, kGames, parsed(R"({"gold":1})"))).has_value());
    QVERIFY(resultOf(client->waitForSettled(kGame)).has_value());
    QCOMPARE(server.log.state(), std::string(R"({"gold":1})"));
    QVERIFY(!client->core().isSynced(kGame)); // and it is not followed any more
}

void SyncClientTest::aStoreThatCannotBeReadAgainIsLostForGood()
{
    SmallServer server;
    auto made = std::make_unique<eventsync::test::ThrowingBackend>(ClientCore::schema());
    eventsync::test::ThrowingBackend &store = *made;
    const auto client = SyncClient::open(std::unique_ptr<storage::Backend>(std::move(made)), optionsFor(server));
    QVERIFY(client.has_value());
    SyncClient &lost = **client;
    lost.goOnline();
    QVERIFY(resultOf(lost.create(kGame, kGames, parsed(R"({"gold":1})"))).has_value());
    QVERIFY(resultOf(lost.waitForSettled(kGame)).has_value());
    store.throwsAtCommit = store.throwsAtRead = true;
    QVERIFY(!resultOf(lost.update(kGame, patch(kInc))).has_value());
    QVERIFY(QTest::qWaitFor([&] { return lost.state() == SyncClient::State::StoreLost; }));
    QVERIFY(lost.lastError());
    // Nothing is built on what may not be durable, and nothing of it leaves, even if the store should come back.
    store.throwsAtCommit = store.throwsAtRead = false;
    const int dials = server.dials;
    const std::string shown = lost.core().optimistic(kGame)->canonical();
    QCOMPARE(resultOf(lost.update(kGame, patch(kInc))).error().code, lost.lastError()->code);
    QCOMPARE(resultOf(lost.list({.collection = kGames})).error().code, ErrorCode::Unavailable);
    lost.goOffline();
    lost.goOnline();
    QCOMPARE(lost.state(), SyncClient::State::StoreLost);
    QCOMPARE(lost.core().optimistic(kGame)->canonical(), shown);
    QCOMPARE(server.dials, dials);
    QCOMPARE(server.log.head(), ServerSeq(1));
}

void SyncClientTest::anErrorIsToldWhileSomethingIsWrong()
{
    SmallServer server;
    auto client = opened(optionsFor(server));
    QVERIFY(!client->lastError());
    client->goOnline();
    QVERIFY(QTest::qWaitFor([&] { return client->state() == SyncClient::State::Online; }));
    QVERIFY(!client->lastError());
    bool isTold = false;
    connect(client.get(), &SyncClient::stateChanged, this, [&](SyncClient::State state) {
        isTold = isTold || (state == SyncClient::State::Waiting && client->lastError());
    });
    server.cut();
    QVERIFY(QTest::qWaitFor([&] { return isTold; }));
    client->goOffline();
    QVERIFY(!client->lastError());
}

int callFromAnotherThread()
{
    const auto client = SyncClient::inMemory();
    std::thread([&client] { static_cast<void>((*client)->state()); }).join();
    return 0;
}

void SyncClientTest::aCallFromAnotherThreadIsAnAssertion()
{
    QProcess child;
    child.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--another-thread")});
    QVERIFY(child.waitForFinished());
    QCOMPARE(child.exitStatus(), QProcess::CrashExit);
    QVERIFY(child.readAllStandardError().contains("assertion failed"));
}

// A stopped process, a laptop that slept: what the server said meanwhile lies unread when the clock is looked at.
void SyncClientTest::aPauseOfTheClientIsNoSilenceOfTheServer()
{
    FakeClock clock;
    SmallServer server;
    server.answersQueries = false;
    SyncClientOptions options = optionsFor(server);
    options.clock = &clock;
    const auto client = opened(std::move(options));
    client->openDocument(kGame, kGames);
    client->goOnline();
    QVERIFY(resultOf(client->waitForSynced(kGame)));
    client->setPresence(kGame, "here");
    const auto question = client->list({.collection = kGames});
    QTRY_COMPARE(server.presences, 1);
    clock.advance(limits::kRequestTime * 2);
    QTRY_COMPARE(server.presences, 2); // so the client has looked at the clock
    QCOMPARE(server.dials, 1);
    QVERIFY(!question.isFinished());
}

void SyncClientTest::aSilentServerIsLeft()
{
    SmallServer server;
    server.greeting.heartbeatMs = 1'000;
    const auto client = opened(optionsFor(server));
    std::optional<ErrorCode> reason;
    connect(client.get(), &SyncClient::stateChanged, this, [&](SyncClient::State state) {
        if (state == SyncClient::State::Waiting && client->lastError())
            reason = client->lastError()->code;
    });
    client->goOnline();
    QTRY_VERIFY_WITH_TIMEOUT(reason.has_value(), 30'000);
    QCOMPARE(*reason, ErrorCode::Timeout);
}

void SyncClientTest::watchesHearOfTheirPathsOnly()
{
    SmallServer server;
    auto client = opened(optionsFor(server));
    StateManager states(*client);
    QVERIFY(resultOf(client->create(kGame, kGames, parsed(R"({"gold":1,"name":"a"})"))).has_value());
    std::vector<std::string> gold;
    const int watch = states.watch(kGame, *json::Pointer::parse("/gold"), [&](const json::Value *value) {
        gold.push_back(value ? json::canonical(*value) : "none");
    });
    QVERIFY(resultOf(client->update(kGame, patch(R"([{"op":"replace","path":"/name","value":"b"}])"))).has_value());
    QVERIFY(resultOf(client->update(kGame, patch(kInc))).has_value());
    QVERIFY(resultOf(client->update(kGame, patch(R"([{"op":"remove","path":"/gold"}])"))).has_value());
    QCOMPARE(gold, (std::vector<std::string>{"1", "2", "none"}));
    states.unwatch(watch);
    QVERIFY(resultOf(client->update(kGame, patch(R"([{"op":"add","path":"/gold","value":7}])"))).has_value());
    QCOMPARE(gold.size(), std::size_t(3));
    QCOMPARE(json::canonical(*states.optimistic(kGame)), std::string(R"({"gold":7,"name":"b","version":0})"));
    QVERIFY(states.isPending(kGame));
}

void SyncClientTest::aProfileIsLockedAgainstASecondClient()
{
    const QTemporaryDir folder;
    const std::string path = folder.filePath(QStringLiteral("profile.db")).toStdString();
    const auto first = SyncClient::open(path);
    QVERIFY(first.has_value());
    const auto second = SyncClient::open(path);
    QVERIFY(!second.has_value());
    QCOMPARE(second.error().code, ErrorCode::StoreLocked);
}

int editUntilKilled(const char *path)
{
    SyncClientOptions options;
    options.core.policies.set(kGames, CollectionPolicy::games());
    auto client = SyncClient::open(std::string(path), std::move(options));
    if (!client)
        return 2;
    std::function<void()> next = [&] {
        auto edit = (*client)->core().optimistic(kGame) && (*client)->core().optimistic(kGame)->exists()
            ? (*client)->update(kGame, patch(kInc))
            : (*client)->create(kGame, kGames, parsed(R"({"gold":0})"));
        edit.then(client->get(), [&](const Result<std::optional<EventId>> &made) {
            if (!made)
                QCoreApplication::exit(3);
            std::printf("%s\n", (*made)->toText().c_str());
            std::fflush(stdout);
            next();
        });
    };
    next();
    return QCoreApplication::exec();
}

// kill -9 at any point: what was answered is in the queue, in order, and the profile opens.
void SyncClientTest::queuedEditsSurviveKill()
{
    const QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("profile.db"));
    std::vector<std::string> promised;
    for (int round = 0; round < 4; ++round) {
        QProcess child;
        child.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--edit"), path});
        QVERIFY(child.waitForStarted());
        QByteArray printed;
        while (printed.count('\n') < 10 + 7 * round && child.waitForReadyRead(20'000))
            printed += child.readAllStandardOutput();
        child.kill();
        QVERIFY(child.waitForFinished());
        printed += child.readAllStandardOutput();
        QCOMPARE(child.exitStatus(), QProcess::CrashExit);
        const QByteArrayList lines = printed.left(printed.lastIndexOf('\n')).split('\n');
        QVERIFY(lines.size() >= 10);
        for (const QByteArray &line : lines)
            promised.push_back(line.toStdString());
    }
    auto client = SyncClient::open(path.toStdString());
    QVERIFY2(client.has_value(), client ? "" : client.error().toString().c_str());
    const auto entries = (*client)->core().queue();
    std::size_t found = 0;
    for (const QueueEntry &entry : entries) {
        if (found < promised.size() && entry.id.toText() == promised[found])
            ++found;
    }
    QCOMPARE(found, promised.size()); // all of them, in the order they were promised
    const auto gold = (*client)->core().optimistic(kGame)->view().at("gold").to_number<std::size_t>();
    QCOMPARE(gold, entries.size() - 1);
}

// Counted in rows written and in messages, not in time: one pull rewrites no entry that it does not change.
void SyncClientTest::tenThousandEventsWithPendingEditsAreLinear()
{
    Pair pair;
    pair.device.checks = false;
    pair.device.run(pair.device.core->disconnected());
    for (int i = 0; i < 100; ++i)
        pair.edit(R"([{"op":"add","path":"/mine)" + std::to_string(i) + R"(","value":1}])");
    const auto pull = [&](int count) {
        const ServerSeq before = pair.log.head();
        for (int i = 0; i < count; ++i)
            pair.log.other(kInc);
        const std::size_t rows = pair.device.rows;
        for (ServerSeq at = before; at < pair.log.head(); at = at + 500)
            pair.device.receive(pair.log.events(at, std::min(at + 500, pair.log.head())));
        return pair.device.rows - rows;
    };
    pair.device.run(pair.device.core->connected());
    pair.device.receive(welcome());
    pull(2'000); // the history has its full length from here on
    const std::size_t few = pull(1'000);
    const std::size_t many = pull(10'000);
    QVERIFY2(many <= few * 11, qPrintable(QStringLiteral("%1 and %2 rows").arg(few).arg(many)));
    QVERIFY2(many <= 10'000 * 4, "an event writes its history, its clock, and in time the erasure of an old one");
    pair.device.receive(pair.log.synced({}));
    QCOMPARE(pair.pushed().size(), std::size_t(64));
    QCOMPARE(pair.device.differences(), std::string());
}

} // namespace eventsync::client::test
