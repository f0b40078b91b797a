// SPDX-License-Identifier: Apache-2.0
#include <server/server.h>

#include <eventsync/protocol/limits.h>
#include <eventsync/storage/outputfile.h>

#include <server/control/controlserver.h>
#include <server/datafolder.h>
#include <server/http/descriptors.h>
#include <server/http/httpserver.h>
#include <server/limits.h>
#include <server/logging.h>
#include <server/routes/eventstreams.h>
#include <server/routes/idempotency.h>
#include <server/routes/statusroutes.h>
#include <server/routes/webroutes.h>
#include <server/sessions/sessions.h>
#include <server/store.h>
#include <server/storewatch.h>

#include <QTimer>

#include <algorithm>

namespace eventsync::server {

namespace {

using namespace std::chrono_literals;

constexpr auto kPurgeEvery = 10min;
constexpr auto kSocketPoll = 10ms; // while stopping

HttpServerOptions httpOptions(const Configuration &configuration, Metrics &metrics)
{
    HttpServerOptions options;
    options.origins = configuration.origins;
    options.maxConnections = socketsThatFit(configuration.maxConnections);
    if (options.maxConnections < configuration.maxConnections)
        qCWarning(lcServer) << "max-connections is" << configuration.maxConnections
                            << "but the limit of descriptors (ulimit -n, LimitNOFILE) leaves" << options.maxConnections
                            << "sockets: that many are accepted";
    options.problemSent = [&metrics](ErrorCode code) {
        metrics.counter("eventsync_http_problems_total", "Problem documents answered over HTTP, by code",
                        "code=\"" + std::string(errorName(code)) + '"').add();
    };
    return options;
}

sync::ServiceOptions serviceOptions(const Configuration &configuration, const std::string &epoch, Metrics &metrics)
{
    sync::ServiceOptions options;
    options.policies = configuration.policies();
    options.epoch = epoch;
    options.maintenance = configuration.maintenance;
    options.metrics = &metrics;
    options.memory = std::make_shared<MemoryAccount>(configuration.maxMemory, &metrics);
    return options;
}

Result<> writePortFile(const Configuration &configuration, const std::vector<std::uint16_t> &ports)
{
    std::string text;
    for (const std::uint16_t port : ports)
        text += std::to_string(port) + '\n';
    const auto write = [&]() -> Result<> {
        EVENTSYNC_TRY(auto file, storage::OutputFile::create(configuration.portFile,
                                                             {.replace = true, .reserved = reservedFiles(configuration)}));
        EVENTSYNC_CHECK(file.write(text));
        return file.commit();
    };
    if (const auto written = write(); !written)
        return failure(ErrorCode::IoError, "port-file: " + written.error().message);
    return {};
}

// The service on the engine thread reads it too, and reports a store that cannot be read.
eventlog::OperatingTime operatingTime(storage::Backend &backend, const Clock &clock)
{
    const auto view = backend.view();
    return view ? eventlog::OperatingTime::read(**view, clock).value_or(eventlog::OperatingTime(clock)) : eventlog::OperatingTime(clock);
}

} // namespace

// In the order of dependence: later members use earlier ones, and are destroyed first. Large because each part of the server is a
// member.
struct Server::Private
{
    Private(Configuration given, DataFolder taken, std::unique_ptr<Metrics> counted, std::unique_ptr<storage::Backend> backend,
            std::string begun)
        : configuration(std::move(given)), folder(std::move(taken)), epoch(std::move(begun)), metrics(std::move(counted)),
          policies(configuration.policies()), uuids(clock, routeRandom),
          engine(std::move(backend), engineRandom, serviceOptions(configuration, epoch, *metrics)),
          context{engine, policies, *metrics, clock, uuids, owner, operatingTime(engine.backend(), clock)}, sessions(engine, *metrics),
          http(httpRandom, httpOptions(configuration, *metrics)), streams(context, sessions, limits::kHeartbeat),
          storeWatch(engine), control(engine, folder.path())
    {
    }

    Result<> open();
    void drained();

    Configuration configuration;
    DataFolder folder;
    std::string epoch;
    SystemClock clock;
    SystemRandom engineRandom, routeRandom, httpRandom;
    std::unique_ptr<Metrics> metrics;
    Policies policies;
    UuidGenerator uuids;
    QObject owner;
    EngineThread engine;
    RouteContext context;
    Sessions sessions;
    HttpServer http;
    EventStreams streams;
    StoreWatch storeWatch;
    ControlServer control;
    QTimer purge;
    QTimer drainLimit;
    std::vector<std::uint16_t> ports;
    bool isStopping = false;
    bool engineDone = false, connectionsDone = false;
    std::function<void()> whenStopped;
};

Result<> Server::Private::open()
{
    Router &router = http.router();
    addWebRoutes(router);
    addStatusRoutes(router, context, {http, sessions, storeWatch, isStopping});
    addDocumentRoutes(router, context);
    addCollectionRoutes(router, context);
    addHistoryRoutes(router, context, streams);
    addExchangeRoute(router, context);
    http.setConnectionHandler([this](std::unique_ptr<transport::Connection> connection) { sessions.add(std::move(connection)); });
    EVENTSYNC_CHECK(control.listen());
    for (const ListenAddress &listener : configuration.listen) {
        auto port = http.listen({.address = listener.address, .port = listener.port});
        if (!port)
            return failure(port.error().code, "listen " + listener.address.toString().toStdString() + ':'
                                                  + std::to_string(listener.port) + ": " + port.error().message);
        ports.push_back(*port);
    }
    if (!configuration.portFile.empty())
        EVENTSYNC_CHECK(writePortFile(configuration, ports));
    QObject::connect(&purge, &QTimer::timeout, &purge, [this] { purgeIdempotency(context); });
    purge.start(kPurgeEvery);
    storeWatch.start();
    return {};
}

Server::Server(std::unique_ptr<Private> d) : m_d(std::move(d)) {}

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(Configuration configuration)
{
    EVENTSYNC_TRY(DataFolder folder, DataFolder::take(configuration.dataFolder));
    auto metrics = std::make_unique<Metrics>();
    EVENTSYNC_TRY(auto backend, openStore(configuration, StoreUse::Serve, metrics.get()));
    EVENTSYNC_TRY(std::string epoch, ensureEpoch(*backend, SystemClock()));
    auto d = std::make_unique<Private>(std::move(configuration), std::move(folder), std::move(metrics),
                                       std::move(backend), std::move(epoch));
    EVENTSYNC_CHECK(d->open());
    qCInfo(lcServer).noquote() << "the store is" << (d->configuration.store.kind == StoreLocation::Kind::Memory
                                               ? QStringLiteral("in memory")
                                               : QString::fromStdString(d->configuration.storePath()))
                     << "epoch" << d->epoch.c_str() << "durability" << d->engine.backend().durability().c_str();
    return std::unique_ptr<Server>(new Server(std::move(d)));
}

const std::vector<std::uint16_t> &Server::ports() const
{
    return m_d->ports;
}

std::vector<std::string> Server::routes() const
{
    return m_d->http.router().routes();
}

const std::string &Server::epoch() const
{
    return m_d->epoch;
}

void Server::whenAlive(std::function<void()> call)
{
    m_d->engine.ask<bool>([](sync::SyncService &, auto done) { done(true); }, [call = std::move(call)](bool) { call(); });
}

QUrl Server::url() const
{
    QUrl url;
    url.setScheme(QStringLiteral("http"));
    const QHostAddress address = m_d->configuration.listen.front().address;
    const bool isEvery = address == QHostAddress(QHostAddress::Any) || address == QHostAddress(QHostAddress::AnyIPv4)
                         || address == QHostAddress(QHostAddress::AnyIPv6);
    url.setHost(isEvery ? QStringLiteral("127.0.0.1") : address.toString());
    url.setPort(m_d->ports.front());
    return url;
}

// Answers may still be in the buffers: their sockets are closed after them.
void Server::Private::drained()
{
    if (!engineDone || !connectionsDone || !whenStopped)
        return;
    if (http.stats().sockets > 0 && drainLimit.isActive()) {
        QTimer::singleShot(kSocketPoll, &owner, [this] { drained(); });
        return;
    }
    drainLimit.stop();
    std::exchange(whenStopped, {})();
}

void Server::onStoreBroken(std::function<void(const Error &)> call)
{
    m_d->storeWatch.onBroken(std::move(call));
}

void Server::shutdown(std::function<void()> done)
{
    Private &d = *m_d;
    if (std::exchange(d.isStopping, true))
        return;
    d.whenStopped = std::move(done);
    d.http.stopListening();
    d.http.drain();
    d.control.close();
    QObject::connect(&d.drainLimit, &QTimer::timeout, &d.drainLimit, [&d] {
        qCWarning(lcServer) << "stopping took too long:" << d.sessions.count() << "connections are cut";
        d.engineDone = d.connectionsDone = true;
        d.sessions.abortAll();
        d.drained();
    });
    d.drainLimit.setSingleShot(true);
    d.drainLimit.start(limits::kDrainTime);
    d.engine.shutdown([&d] {
        d.engineDone = true;
        d.sessions.onEmpty([&d] {
            d.connectionsDone = true;
            d.drained();
        });
    });
}

namespace {

// The collections for which the two differ.
std::vector<CollectionName> changedCollections(const Configuration &a, const Configuration &b)
{
    std::vector<CollectionName> changed;
    for (const auto *side : {&a, &b}) {
        for (const auto &[name, policy] : side->collections) {
            const auto inA = a.collections.find(name), inB = b.collections.find(name);
            const bool same = inA != a.collections.end() && inB != b.collections.end() && inA->second == inB->second;
            if (!same && std::find(changed.begin(), changed.end(), name) == changed.end())
                changed.push_back(name);
        }
    }
    return changed;
}

// The changed options that need a restart.
QStringList fixedOptions(const Configuration &now, const Configuration &old)
{
    QStringList names;
    const auto look = [&](bool same, const char *name) {
        if (!same)
            names.append(QString::fromLatin1(name));
    };
    look(now.dataFolder == old.dataFolder, "data");
    look(now.storePath() == old.storePath() && now.store.kind == old.store.kind, "store");
    look(now.durability == old.durability, "durability");
    look(now.maxConnections == old.maxConnections, "max-connections");
    look(now.maxMemory == old.maxMemory, "max-memory");
    look(now.portFile == old.portFile, "port-file");
    look(std::equal(now.listen.begin(), now.listen.end(), old.listen.begin(), old.listen.end(),
                    [](const ListenAddress &a, const ListenAddress &b) { return a.address == b.address && a.port == b.port; }),
         "listen");
    return names;
}

} // namespace

void Server::reload(const Configuration &configuration)
{
    Private &d = *m_d;
    QStringList done{QStringLiteral("log"), QStringLiteral("origin")};
    installLogging(configuration.log);
    d.http.setOrigins(configuration.origins);
    const std::vector<CollectionName> changed = changedCollections(configuration, d.configuration);
    const QStringList later = fixedOptions(configuration, d.configuration);
    d.configuration.log = configuration.log;
    d.configuration.origins = configuration.origins;
    if (!changed.empty()) {
        d.configuration.collections = configuration.collections;
        d.policies = d.configuration.policies();
        d.engine.post([policies = d.policies, changed](sync::SyncService &service) { service.setPolicies(policies, changed); });
        for (const CollectionName &name : changed)
            done.append(QStringLiteral("the policy of ") + QString::fromStdString(name.text()));
    }
    if (configuration.maintenance != d.configuration.maintenance) {
        d.configuration.maintenance = configuration.maintenance;
        d.engine.post([maintenance = configuration.maintenance](sync::SyncService &service) { service.setMaintenance(maintenance); });
        done.append(QStringLiteral("compaction and snapshots"));
    }
    qCInfo(lcServer).noquote() << "configuration reloaded:" << done.join(QStringLiteral(", "));
    if (!later.isEmpty())
        qCWarning(lcServer).noquote() << "after a restart only:" << later.join(QStringLiteral(", "));
}

} // namespace eventsync::server
