// SPDX-License-Identifier: Apache-2.0
//
// A program that was written for a plain Storage gets a log of events by exchanging one object: EventSyncStorage is a Storage.
// What it changes is recorded as the changes of `game-server`.
#include <eventsync/base/eventloopexecutor.h>
#include <eventsync/eventlog/eventsyncstorage.h>
#include <eventsync/eventlog/documentengine.h>
#include <eventsync/eventlog/missingevents.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/sqlitebackend.h>
#include <eventsync/storage/typedstorage.h>

#include <QCoreApplication>
#include <QEventLoop>
#include <QFutureWatcher>
#include <QTemporaryDir>

#include <cstdio>

using namespace eventsync;

namespace {

class GameState
{
    Q_GADGET
    Q_PROPERTY(QString name MEMBER name)
    Q_PROPERTY(qint64 gold MEMBER gold)
    Q_PROPERTY(qint64 experience MEMBER experience)

public:
    QString name;
    qint64 gold = 0, experience = 0;
};

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

// The program's own code: it knows a Storage, and nothing of events.
Result<> playWith(storage::Storage &storage, const DocumentId &gameId)
{
    storage::TypedStorage<GameState> games(storage, CollectionName("games"));
    GameState game;
    game.name = QStringLiteral("Knight");
    EVENTSYNC_CHECK(wait(games.createOne(gameId, game)));
    EVENTSYNC_TRY(const auto updated, wait(games.findOneAndUpdate(gameId, [](GameState &state) -> Result<> {
        state.gold += 50;
        state.experience += 100;
        return {};
    })));
    std::printf("gold %lld, %s\n", static_cast<long long>(updated.value.gold), json::canonical(updated.diff.toJson()).c_str());
    EVENTSYNC_CHECK(wait(games.deleteOne(gameId)));
    return {};
}

Result<> play(const QString &file)
{
    const DocumentId gameId("game-1");
    EVENTSYNC_TRY(const auto backend, storage::SqliteBackend::open(file.toStdString(), eventlog::schema()));
    EventLoopExecutor executor;
    SystemClock clock;
    SystemRandom random;
    eventlog::DocumentEngine engine(*backend, executor, clock, random, {});
    eventlog::StoredVectorClockManager vectorClocks(*backend, executor);
    eventlog::EventSyncStorage storage(engine, {.clientId = ClientId("game-server"), .vectorClocks = &vectorClocks});
    EVENTSYNC_CHECK(playWith(storage, gameId));

    EVENTSYNC_TRY(const auto view, backend->view());
    EVENTSYNC_TRY(const auto log, eventlog::missingEvents(*view, gameId, {}));
    for (const EventPtr &event : log.events)
        std::printf("%lld %s by %s\n", static_cast<long long>(event->serverSeq.value()),
                    std::string(operationName(event->operation)).c_str(), event->clientId.text().c_str());
    if (log.events.size() != 3 || log.events.back()->operation != Operation::Delete)
        return failure(ErrorCode::Internal, "not every change is in the log");
    return {};
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QTemporaryDir folder;
    if (const auto played = play(folder.filePath(QStringLiteral("games.sqlite"))); !played) {
        std::fprintf(stderr, "%s\n", played.error().toString().c_str());
        return 1;
    }
    return 0;
}

#include "main.moc"
