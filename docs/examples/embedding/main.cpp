// SPDX-License-Identifier: Apache-2.0
//
// A whole system in one process: a server, and two replicas that are edited while they cannot reach it.
//
//   example_embedding            needs no arguments; works on a free port of this machine and in a temporary folder
#include <eventsync/client/syncclient.h>

#include <server/server.h>

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QTemporaryDir>
#include <QTimer>

#include <cstdio>

using namespace eventsync;
using namespace eventsync::client;

namespace {

const DocumentId kHero("hero-1");
const CollectionName kGames("games");

// This program has nothing else to do: it sleeps until something happens. One with windows connects to the client's signals.
bool waitUntil(const std::function<bool()> &condition)
{
    const QDeadlineTimer deadline(30'000);
    QTimer look; // at the deadline, even if nothing happens
    look.start(1'000);
    while (!condition()) {
        if (deadline.hasExpired())
            return false;
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
    }
    return true;
}

template<class T>
Result<T> resultOf(const QFuture<Result<T>> &future)
{
    if (!waitUntil([&] { return future.isFinished(); }))
        return failure(ErrorCode::Timeout, "nothing came within 30 s");
    return future.result();
}

// What the person at this replica sees: what the server has said, and on top of it what is still waiting here.
std::string shown(const SyncClient &client)
{
    const DocumentState *state = client.core().optimistic(kHero);
    return state ? state->canonical() : "nothing";
}

Result<std::unique_ptr<server::Server>> startServer(const QString &folder)
{
    server::Configuration configuration;
    configuration.listen = {{}}; // 127.0.0.1, a free port
    configuration.dataFolder = folder.toStdString();
    return server::Server::start(configuration);
}

Result<std::unique_ptr<SyncClient>> startAlice(const std::string &file, const QUrl &server)
{
    // [readme]
    const DocumentId hero("hero-1");
    EVENTSYNC_TRY(auto client, SyncClient::open(file, {.connect = dialing(server)}));
    client->openDocument(hero, CollectionName("games"));

    // No server has been asked yet. Both edits are shown at once and are kept on disk until a server has them.
    client->create(hero, CollectionName("games"), {{"name", "Knight"}, {"gold", 100}});
    client->update(hero, [](json::Value &state) -> Result<> {
        state.as_object()["name"] = "Dragon";
        return {};
    });

    client->goOnline(); // sends what waits, fetches what others did, and connects again whenever the connection is lost
    // [/readme]
    return client;
}

Result<> giveGold(SyncClient &client, int amount)
{
    // The server's policy says that /gold is a counter: this becomes "add", not "set".
    EVENTSYNC_CHECK(resultOf(client.update(kHero, [amount](json::Value &state) -> Result<> {
        state.as_object()["gold"] = state.as_object()["gold"].as_int64() + amount;
        return {};
    })));
    return {};
}

Result<> play(const QString &folder)
{
    EVENTSYNC_TRY(const auto server, startServer(folder + QStringLiteral("/server")));
    QUrl url = server->url();
    url.setScheme(QStringLiteral("ws")); // WebSocket; with http it would be server-sent events
    EVENTSYNC_TRY(const auto alice, startAlice(folder.toStdString() + "/alice.db", url));
    EVENTSYNC_CHECK(resultOf(alice->waitForSettled(kHero)));

    EVENTSYNC_TRY(const auto bob, SyncClient::open(folder.toStdString() + "/bob.db", {.connect = dialing(url)}));
    bob->openDocument(kHero, kGames);
    bob->goOnline();
    EVENTSYNC_CHECK(resultOf(bob->waitForSynced(kHero)));
    std::printf("bob sees %s\n", shown(*bob).c_str());

    // Both are cut off and go on working.
    alice->goOffline();
    bob->goOffline();
    EVENTSYNC_CHECK(giveGold(*alice, 50));
    EVENTSYNC_CHECK(giveGold(*bob, 30));
    EVENTSYNC_CHECK(resultOf(bob->update(kHero, [](json::Value &state) -> Result<> {
        state.as_object()["level"] = 1;
        return {};
    })));
    std::printf("offline, alice sees %s\n", shown(*alice).c_str());
    std::printf("offline, bob sees %s\n", shown(*bob).c_str());

    alice->goOnline();
    bob->goOnline();
    EVENTSYNC_CHECK(resultOf(alice->waitForSettled(kHero)));
    EVENTSYNC_CHECK(resultOf(bob->waitForSettled(kHero)));
    if (!waitUntil([&] { return shown(*alice) == shown(*bob); }))
        return failure(ErrorCode::Internal, "alice has " + shown(*alice) + ", bob has " + shown(*bob));
    std::printf("everyone has %s\n", shown(*alice).c_str());

    // An orderly stop: what was accepted is committed and answered.
    bool isStopped = false;
    server->shutdown([&] { isStopped = true; });
    waitUntil([&] { return isStopped; });
    return {};
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const QTemporaryDir folder;
    if (const auto played = play(folder.path()); !played) {
        std::fprintf(stderr, "%s\n", played.error().toString().c_str());
        return 1;
    }
    return 0;
}
