// SPDX-License-Identifier: Apache-2.0
//
// One replica as a process of its own, led by lines on standard input, answering each with one line on standard output:
//   server URL | online | offline | create | edit FROM COUNT | show | settle | quit
// `edit` answers once for every edit, when it is durable here: what was answered must never be lost.
#include <eventsync/client/syncclient.h>

#include <QCoreApplication>
#include <QFuture>
#include <QSocketNotifier>

#include <cstdio>
#include <unistd.h>

using namespace eventsync;
using client::SyncClient;

namespace {

const DocumentId kHero("hero");
const CollectionName kGames("games");

void answer(const std::string &line)
{
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

template<class T>
std::string outcome(const Result<T> &result, const std::string &success)
{
    return result ? success : "error " + result.error().toString();
}

class Replica
{
public:
    Replica(std::unique_ptr<SyncClient> client, std::string name) : m_client(std::move(client)), m_name(std::move(name))
    {
        m_client->openDocument(kHero, kGames);
    }

    void obey(const QStringList &words)
    {
        const QString verb = words.value(0);
        if (verb == QLatin1String("server")) {
            m_client->setServer(client::dialing(QUrl(words.value(1))));
            answer("ok");
        } else if (verb == QLatin1String("online")) {
            m_client->goOnline();
            answer("ok");
        } else if (verb == QLatin1String("offline")) {
            m_client->goOffline();
            answer("ok");
        } else if (verb == QLatin1String("create")) {
            then(m_client->create(kHero, kGames, json::Object{{"name", "Hero"}, {"gold", 0}, {"notes", json::Object()}}), "created");
        } else if (verb == QLatin1String("edit")) {
            const int from = words.value(1).toInt(), count = words.value(2).toInt();
            for (int i = from; i < from + count; ++i)
                edit(i);
        } else if (verb == QLatin1String("settle")) {
            then(m_client->waitForSettled(kHero), "settled");
        } else if (verb == QLatin1String("show")) {
            show();
        } else if (verb == QLatin1String("quit")) {
            QCoreApplication::quit();
        }
    }

private:
    template<class T>
    void then(QFuture<Result<T>> future, const std::string &success)
    {
        future.then(m_client.get(), [success](const Result<T> &result) { answer(outcome(result, success)); });
    }

    void edit(int number)
    {
        const std::string key = m_name + '-' + std::to_string(number);
        json::Patch patch;
        patch.append({json::OperationKind::Inc, json::Pointer({"gold"}), {}, 1});
        patch.append({json::OperationKind::Add, json::Pointer({"notes", key}), {}, true});
        then(m_client->update(kHero, std::move(patch)), "promised " + key);
    }

    void show()
    {
        const auto &core = m_client->core();
        const DocumentState *state = core.confirmed(kHero);
        json::Object line{{"queue", static_cast<std::int64_t>(core.queueSize())},
                          {"version", core.position(kHero).value_or(Position()).serverSeq.value()}};
        line["state"] = state && state->exists() ? state->view() : json::Value();
        answer(json::canonical(line));
    }

    std::unique_ptr<SyncClient> m_client;
    std::string m_name;
};

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const QStringList arguments = application.arguments();
    client::SyncClientOptions options;
    options.retryFirst = std::chrono::milliseconds(50);
    options.retryLongest = std::chrono::milliseconds(400);
    auto client = SyncClient::open(arguments.value(1).toStdString(), std::move(options));
    if (!client) {
        answer("error " + client.error().toString());
        return 1;
    }
    Replica replica(std::move(*client), arguments.value(2).toStdString());
    answer("ready");
    QByteArray pending;
    QSocketNotifier input(STDIN_FILENO, QSocketNotifier::Read);
    QObject::connect(&input, &QSocketNotifier::activated, [&] {
        char buffer[4096];
        const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (got <= 0)
            return QCoreApplication::quit();
        pending.append(buffer, got);
        for (qsizetype end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n')) {
            const QString line = QString::fromUtf8(pending.left(end));
            pending.remove(0, end + 1);
            replica.obey(line.split(u' '));
        }
    });
    return application.exec();
}
