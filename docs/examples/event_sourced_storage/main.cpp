// SPDX-License-Identifier: Apache-2.0
//
// Event sourcing with several authors: a game server creates a game, an admin panel gives gold, a mobile client levels up.
// Then somebody who has only seen what the game server did asks for the rest.
//
//   event_sourced_storage [FILE]     keeps the store in FILE; without one, in a temporary folder
#include <eventsync/base/eventloopexecutor.h>
#include <eventsync/eventlog/documentengine.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/eventlog/typedeventsourcedstorage.h>
#include <eventsync/storage/sqlitebackend.h>

#include <QCoreApplication>
#include <QEventLoop>
#include <QFutureWatcher>
#include <QTemporaryDir>

#include <cstdio>

using namespace eventsync;

namespace {

// A document as the program knows it: any gadget will do.
class GameState
{
    Q_GADGET
    Q_PROPERTY(QString name MEMBER name)
    Q_PROPERTY(qint64 gold MEMBER gold)
    Q_PROPERTY(qint64 experience MEMBER experience)
    Q_PROPERTY(int level MEMBER level)

public:
    QString name;
    qint64 gold = 0, experience = 0;
    int level = 1;
};

// A program with a running event loop uses QFuture::then(); this one has nothing else to do.
template<class T>
Result<T> wait(const QFuture<Result<T>> &future)
{
    QEventLoop loop;
    QFutureWatcher<Result<T>> watcher;
    QObject::connect(&watcher, &QFutureWatcherBase::finished, &loop, &QEventLoop::quit);
    watcher.setFuture(future);
    loop.exec();
    return future.result();
}

Result<> play(const QString &file)
{
    const ClientId gameServer("game-server"), adminPanel("admin-panel"), mobileClient("mobile-client");
    const DocumentId gameId("game-1");

    // The store, and the engine that gives its events their order.
    EVENTSYNC_TRY(const auto backend, storage::SqliteBackend::open(file.toStdString(), eventlog::schema()));
    EventLoopExecutor executor;
    SystemClock clock;
    SystemRandom random;
    eventlog::DocumentEngine engine(*backend, executor, clock, random, {});
    eventlog::EventSourcedStorage documents(engine, CollectionName("games"));
    eventlog::TypedEventSourcedStorage<GameState> games(documents);

    // Each call says who makes the change; sequence numbers and vector clocks are kept for each of them.
    GameState game;
    game.name = QStringLiteral("Knight");
    game.gold = 100;
    EVENTSYNC_TRY(const auto created, wait(games.createDocument(gameId, game, gameServer)));
    std::printf("created   version %lld\n", static_cast<long long>(created.version.value()));

    EVENTSYNC_TRY(const auto updated, wait(games.updateDocument(gameId, [](GameState &state) -> Result<> {
        state.gold += 50;
        state.experience += 100;
        return {};
    }, adminPanel)));
    std::printf("updated   version %lld: %s\n", static_cast<long long>(updated.version.value()),
                json::canonical(updated.diff.toJson()).c_str());

    EVENTSYNC_TRY(const auto leveledUp, wait(games.updateDocument(gameId, [](GameState &state) -> Result<> {
        state.level += 1;
        state.experience = 0;
        return {};
    }, mobileClient)));
    std::printf("level up  version %lld: %s\n", static_cast<long long>(leveledUp.version.value()),
                json::canonical(leveledUp.diff.toJson()).c_str());

    // What is missing to one who knows the first event of the game server: the other two, and nothing else.
    const VectorClock known({{gameServer, ClientSeq(1)}});
    EVENTSYNC_TRY(const eventlog::MissingEvents missing, wait(games.getMissingEvents(gameId, known)));
    for (const EventPtr &event : missing.events)
        std::printf("missing   %lld by %s\n", static_cast<long long>(event->serverSeq.value()), event->clientId.text().c_str());
    if (missing.events.size() != 2 || missing.events[0]->clientId != adminPanel || missing.events[1]->clientId != mobileClient)
        return failure(ErrorCode::Internal, "the missing events are not the two that were expected");
    return {};
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QTemporaryDir folder;
    const QString file = argc > 1 ? QString::fromLocal8Bit(argv[1]) : folder.filePath(QStringLiteral("games.sqlite"));
    if (const auto played = play(file); !played) {
        std::fprintf(stderr, "%s\n", played.error().toString().c_str());
        return 1;
    }
    return 0;
}

#include "main.moc"
