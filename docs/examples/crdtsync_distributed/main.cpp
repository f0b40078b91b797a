// SPDX-License-Identifier: Apache-2.0
//
// Nodes that keep one document in step, with what a person types:
//
//   crdtsync_distributed --nodes 3                                    three nodes in this program, over memory
//   crdtsync_distributed --redis redis://localhost --node alice       one node; start others like it in other terminals
//   ... --store alice.db                                              and keep its patches in a file
//
// Commands, one a line: set KEY TEXT, del KEY, show, sync, peers, use N (which node, with --nodes), quit.
#include <eventsync/base/eventloopexecutor.h>
#include <eventsync/crdt/api.h>
#include <eventsync/crdtsync/syncmanager.h>
#include <eventsync/pubsub/memorypubsub.h>
#include <eventsync/pubsub/redispeerdiscovery.h>
#include <eventsync/pubsub/redispubsub.h>

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QFile>
#include <QSocketNotifier>
#include <QTimer>

#include <unistd.h>

#include <cstdio>
#include <cstring>

using namespace eventsync;
using namespace eventsync::crdtsync;

namespace {

void say(const std::string &text)
{
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
}

// The session is kept beside the patches: the numbers of a replica's patches go on where they ended.
std::uint64_t sessionFor(const QString &storePath, Random &random)
{
    const std::uint64_t fresh = crdt::kFirstFreeSession + random.below(crdt::kMaxSessionId - crdt::kFirstFreeSession);
    if (storePath.isEmpty())
        return fresh;
    QFile file(storePath + QStringLiteral(".session"));
    if (file.open(QIODevice::ReadOnly)) {
        bool isNumber = false;
        const qulonglong session = file.readAll().trimmed().toULongLong(&isNumber);
        if (isNumber && session >= crdt::kFirstFreeSession && session <= crdt::kMaxSessionId)
            return session;
    }
    file.close();
    if (file.open(QIODevice::WriteOnly))
        file.write(QByteArray::number(qulonglong(fresh)));
    return fresh;
}

class Node
{
public:
    Node(const std::string &name, std::uint64_t session, pubsub::PubSub &hub, std::unique_ptr<pubsub::PeerDiscovery> peers,
         std::unique_ptr<PatchStore> store, Executor &executor, const Clock &clock, Random &random)
        : m_name(name), m_document(session), m_api(m_document), m_broadcaster(hub, "example-doc-patches", EncodingFormat::Binary),
          m_syncer(hub, "example-doc-sync", EncodingFormat::Binary), m_peers(std::move(peers)), m_store(std::move(store)),
          m_manager(m_document, m_broadcaster, m_syncer, m_peers.get(), *m_store, {.nodeId = name}, executor, clock, random)
    {
        m_manager.setNotificationHandler([this](const SyncNotification &notification) {
            if (notification.kind == SyncNotification::Kind::PatchApplied)
                say(m_name + ": heard of a change");
            else if (notification.error)
                say(m_name + ": " + notification.error->toString());
        });
        m_manager.setFlush([this] { (void)m_manager.applyPatch(m_api.flush()); });
        QObject::connect(&m_timer, &QTimer::timeout, [this] { m_manager.tick(); });
    }

    Result<> start()
    {
        EVENTSYNC_CHECK(m_manager.start());
        m_timer.start(std::chrono::milliseconds(250));
        return {};
    }

    Result<> set(const std::string &key, const std::string &text)
    {
        if (m_document.isEmpty())
            EVENTSYNC_CHECK(m_api.root(json::Object()));
        EVENTSYNC_TRY(crdt::ObjApi root, m_api.obj(""));
        EVENTSYNC_CHECK(root.set(key, json::Value(text)));
        return m_manager.applyPatch(m_api.flush());
    }
    Result<> del(const std::string &key)
    {
        EVENTSYNC_TRY(crdt::ObjApi root, m_api.obj(""));
        EVENTSYNC_CHECK(root.del(key));
        return m_manager.applyPatch(m_api.flush());
    }
    void show() const
    {
        say(m_name + ": " + m_document.canonicalView() + " (" + std::to_string(m_manager.stateVector().patchCount()) + " patches)");
    }
    void peers() const
    {
        std::string list = m_name + ": peers";
        for (const pubsub::Peer &peer : m_manager.peers())
            list += " " + peer.nodeId;
        say(list);
    }
    void sync() { m_manager.syncNow(); }

private:
    std::string m_name;
    crdt::Document m_document;
    crdt::Api m_api;
    PubSubBroadcaster m_broadcaster;
    PubSubSyncer m_syncer;
    std::unique_ptr<pubsub::PeerDiscovery> m_peers;
    std::unique_ptr<PatchStore> m_store;
    SyncManager m_manager;
    QTimer m_timer;
};

// One command line. False: the end.
bool obey(const std::string &line, std::vector<std::unique_ptr<Node>> &nodes, std::size_t &used)
{
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string command = line.substr(0, space), rest = space < line.size() ? line.substr(space + 1) : std::string();
    Node &node = *nodes[used];
    Result<> result;
    if (command == "quit") {
        return false;
    } else if (command == "set" && rest.find(' ') != rest.npos) {
        result = isValidUtf8(rest) ? node.set(rest.substr(0, rest.find(' ')), rest.substr(rest.find(' ') + 1))
                                   : Result<>(failure(ErrorCode::InvalidValue, "not UTF-8"));
    } else if (command == "del" && !rest.empty()) {
        result = node.del(rest);
    } else if (command == "show") {
        node.show();
    } else if (command == "sync") {
        node.sync();
    } else if (command == "peers") {
        node.peers();
    } else if (command == "use" && std::atoi(rest.c_str()) >= 1 && std::size_t(std::atoi(rest.c_str())) <= nodes.size()) {
        used = static_cast<std::size_t>(std::atoi(rest.c_str())) - 1;
    } else if (!line.empty()) {
        say("commands: set KEY TEXT, del KEY, show, sync, peers, use N, quit");
    }
    if (!result)
        say(result.error().toString());
    return true;
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QCommandLineParser options;
    const QCommandLineOption redis(QStringLiteral("redis"), QStringLiteral("Where Redis is, redis://host:port or unix:///path."), QStringLiteral("url"));
    const QCommandLineOption name(QStringLiteral("node"), QStringLiteral("This node's name."), QStringLiteral("name"), QStringLiteral("node-1"));
    const QCommandLineOption count(QStringLiteral("nodes"), QStringLiteral("How many nodes (without Redis)."), QStringLiteral("count"), QStringLiteral("2"));
    const QCommandLineOption file(QStringLiteral("store"), QStringLiteral("A file for this node's patches (with Redis)."), QStringLiteral("path"));
    options.addOptions({redis, name, count, file});
    options.addHelpOption();
    options.process(application);

    EventLoopExecutor executor;
    const SystemClock clock;
    SystemRandom random;
    std::unique_ptr<pubsub::PubSub> hub;
    std::vector<std::unique_ptr<Node>> nodes;
    if (options.isSet(redis)) {
        const auto endpoint = pubsub::redisEndpointFrom(options.value(redis).toStdString());
        if (!endpoint) {
            std::fprintf(stderr, "%s\n", endpoint.error().toString().c_str());
            return 2;
        }
        std::unique_ptr<PatchStore> store = std::make_unique<MemoryPatchStore>();
        if (options.isSet(file)) {
            auto opened = SqlitePatchStore::open(options.value(file).toStdString());
            if (!opened) {
                std::fprintf(stderr, "%s\n", opened.error().toString().c_str());
                return 1;
            }
            store = std::move(*opened);
        }
        const std::string id = options.value(name).toStdString();
        hub = std::make_unique<pubsub::RedisPubSub>(pubsub::RedisPubSub::Options{*endpoint, {}, {}}, clock, random);
        auto peers = std::make_unique<pubsub::RedisPeerDiscovery>(
            pubsub::RedisPeerDiscovery::Options{*endpoint, {}, "example-doc", {id, {}}}, clock, random);
        nodes.push_back(std::make_unique<Node>(id, sessionFor(options.value(file), random), *hub, std::move(peers),
                                               std::move(store), executor, clock, random));
    } else {
        hub = std::make_unique<pubsub::MemoryPubSub>();
        const auto directory = pubsub::MemoryPeerDiscovery::makeDirectory();
        for (int i = 1; i <= qBound(1, options.value(count).toInt(), 100); ++i) {
            const std::string id = "node-" + std::to_string(i);
            nodes.push_back(std::make_unique<Node>(
                id, sessionFor({}, random), *hub, std::make_unique<pubsub::MemoryPeerDiscovery>(directory, pubsub::Peer{id, {}}),
                std::make_unique<MemoryPatchStore>(), executor, clock, random));
        }
    }
    for (const auto &node : nodes) {
        if (const auto started = node->start(); !started) {
            std::fprintf(stderr, "%s\n", started.error().toString().c_str());
            return 1;
        }
    }
    say("ready");

    std::size_t used = 0;
    std::string typed;
    QSocketNotifier input(STDIN_FILENO, QSocketNotifier::Read);
    QObject::connect(&input, &QSocketNotifier::activated, &application, [&] {
        char buffer[4096];
        const ssize_t size = ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (size <= 0)
            return application.quit();
        typed.append(buffer, static_cast<std::size_t>(size));
        for (std::size_t end = typed.find('\n'); end != typed.npos; end = typed.find('\n')) {
            const std::string line = typed.substr(0, end);
            typed.erase(0, end + 1);
            if (!obey(line, nodes, used))
                return application.quit();
        }
    });
    const int result = QCoreApplication::exec();
    nodes.clear(); // before the hub
    return result;
}
