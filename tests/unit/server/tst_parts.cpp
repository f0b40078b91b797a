// SPDX-License-Identifier: Apache-2.0
// The parts of the program that need no running server: what it is told, and the tokens it gives.
#include <eventsync/base/limits.h>
#include <eventsync/eventlog/blockingcommit.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/memorybackend.h>

#include <server/commandline.h>
#include <server/computethread.h>
#include <server/config/configfile.h>
#include <server/config/configuration.h>
#include <server/datafolder.h>
#include <server/enginethread.h>
#include <server/limits.h>
#include <server/logging.h>
#include <server/routes/context.h>
#include <server/routes/idempotency.h>
#include <server/sessions/resumetoken.h>
#include <server/sessions/sessionbridge.h>
#include <server/storewatch.h>
#include <server/systemd.h>

#include <support/failingsync.h>

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <sys/stat.h>
#include <unistd.h>

#include <deque>
#include <future>

namespace eventsync::server {

namespace {

using namespace Qt::StringLiterals;
using Variables = std::map<std::string, std::string>;

ConfigurationSources sources(Settings commandLine, Variables variables, const QString &file = {})
{
    return {.commandLine = std::move(commandLine),
            .environment = [variables = std::move(variables)](const std::string &name) -> std::optional<std::string> {
                const auto found = variables.find(name);
                return found == variables.end() ? std::nullopt : std::optional(found->second);
            },
            .defaultFile = file.toStdString()};
}

Digest digestFor(int n)
{
    return sha256(std::to_string(n));
}

int keysIn(storage::Backend &store)
{
    int count = 0;
    const auto view = store.view();
    static_cast<void>((*view)->scan({.set = eventlog::sets::kIdempotency}, [&](const storage::Row &) {
        ++count;
        return true;
    }));
    return count;
}

// The `count` events up to `last`.
protocol::Events eventsUpTo(const std::string &document, int last, int count)
{
    return {.documentId = DocumentId(document), .events = std::vector<protocol::EventItem>(static_cast<std::size_t>(count)),
            .chain = digestFor(last), .last = ServerSeq(last)};
}

// Takes everything, at release() and not before.
class HoldingConnection final : public transport::Connection
{
public:
    HoldingConnection() : Connection({}, State::Open) {}
    std::size_t unsentBytes() const override { return m_held; }
    void release() override
    {
        m_held = 0;
        checkWaterMarks();
    }

    void bring(const Bytes &text) { receive(transport::Frame::text(text)); }
    void end() { becomeClosed({}); }

private:
    void doSend(const transport::Frame &frame, std::string_view) override { m_held += frame.size(); }
    void doClose(transport::CloseCode, std::string_view) override {}
    void doAbort() override {}

    std::size_t m_held = 0;
};

// A request whose connection the test ends.
class OpenRequest final : public Responder::Sink
{
public:
    void respond(HttpResponse) override { m_onClosed = {}; }
    std::unique_ptr<HttpStream> startStream(HttpResponse) override { return nullptr; }
    bool isAlive() const override { return true; }
    void onClosed(std::function<void()> callback) override { m_onClosed = std::move(callback); }
    void connectionLost() { std::exchange(m_onClosed, {})(); }

private:
    std::function<void()> m_onClosed;
};

} // namespace

class PartsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void commandLineCountsBeforeEnvironmentBeforeFile();
    void everyOptionCanStandInTheFile();
    void badConfigurationIsNamed_data();
    void badConfigurationIsNamed();
    void badConfigFileIsNamed_data();
    void badConfigFileIsNamed();
    void configFileBringsPolicies();
    void configFileSaysHowLogsAreKept();
    void namedConfigFileMustBeThere();
    void commandsTakeTheirOptions();
    void badCommandLineIsNamed_data();
    void badCommandLineIsNamed();
    void helpNamesEverything();
    void dataFolderIsPrivateAndLocked();
    void aFolderOfOtherThingsIsNotClosed();
    void whatNobodyMeansIsWarnedOf();
    void systemdHearsTwiceWithinItsWatchdogTime();
    void expiredKeysGoHoweverManyThereAre();
    void resumeTokenLeadsBackToThePositions();
    void resumePositionsFollowWhatTheClientTakes();
    void resumeTokenStaysSmall();
    void foreignResumeTokenIsAnError_data();
    void foreignResumeTokenIsAnError();
    void addressImpliesHelloAndSubscribe();
    void whoHearsOfDrainedFindsNothingUnsent();
    void whatWasQueuedWhileItDrainedIsHeardOfToo();
    void drainedIsSaidOnlyAfterHighWater();
    void whatCameBeforeTheEndOfAConnectionIsHandled();
    void whatComesAfterARefusalIsNotHandled();
    void computingTakesTurnsByAddress();
    void computingEndsWithWhatRuns();
    void aComputationThatThrowsIsAnAnswer();
    void anAnswerThatCameTooLateGoesWithTheEngine();
    void aDiskThatLosesWritesIsToldToWhoeverRunsTheServer();
    void aRequestsQueryEndsWithItsConnection();
    void aLogLineObeysNoPeer_data();
    void aLogLineObeysNoPeer();
};

void PartsTest::commandLineCountsBeforeEnvironmentBeforeFile()
{
    QTemporaryDir folder;
    QFile file(folder.filePath(QStringLiteral("server.toml")));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("listen = \"127.0.0.1:1\"\ndata = \"/from-file\"\nlog-level = \"debug\"\ndurability = \"off\"\n");
    file.close();
    const auto loaded = loadConfiguration(sources({{"listen", {"127.0.0.1:3"}}},
                                                  {{"EVENTSYNC_LISTEN", "127.0.0.1:2"}, {"EVENTSYNC_DATA", "/from-environment"}},
                                                  file.fileName()));
    QVERIFY(loaded);
    QCOMPARE(loaded->listen.size(), std::size_t(1));
    QCOMPARE(loaded->listen[0].port, std::uint16_t(3));
    QCOMPARE(loaded->dataFolder, std::string("/from-environment"));
    QCOMPARE(loaded->log.level, LogLevel::Debug);
    QCOMPARE(loaded->durability, storage::SqliteBackend::Durability::Off);
}

void PartsTest::aLogLineObeysNoPeer_data()
{
    QTest::addColumn<QString>("message");
    QTest::addColumn<QString>("asText");
    QTest::addColumn<QString>("asJson");
    const auto row = [](const char *name, const QString &message, const QString &asText, const QString &asJson) {
        QTest::newRow(name) << message << asText << asJson;
    };
    const QString escape(QChar(0x1b)), csi(QChar(0x9b));
    row("plain", u"a b"_s, u"a b"_s, u"a b"_s);
    row("another language", u"문서 é"_s, u"문서 é"_s, u"문서 é"_s);
    row("a line of its own", u"a\n2026 info b"_s, u"a 2026 info b"_s, u"a\n2026 info b"_s);
    row("an escape sequence", escape + u"[2J"_s, u"\\x1b[2J"_s, escape + u"[2J"_s);
    row("its one-character form", csi + u"2J"_s, u"\\x9b2J"_s, csi + u"2J"_s);
    row("NUL and DEL", QString(QChar(0)) + QChar(0x7f), u"\\x00\\x7f"_s, QString(QChar(0)) + QChar(0x7f));
    const QString longest(static_cast<qsizetype>(limits::kLogLineCharacters), u'x'), cut = longest + u"... (5096 characters)"_s;
    row("longest", longest, longest, longest);
    row("too long", longest + QString(1000, u'y'), cut, cut);
}

void PartsTest::aLogLineObeysNoPeer()
{
    QFETCH(QString, message);
    QFETCH(QString, asText);
    QFETCH(QString, asJson);
    QCOMPARE(QString::fromStdString(loggedMessage(message, LogFormat::Text)), asText);
    QCOMPARE(QString::fromStdString(loggedMessage(message, LogFormat::Json)), asJson);
}

void PartsTest::everyOptionCanStandInTheFile()
{
    const auto file = parseConfigFile(R"(
listen = ["127.0.0.1:0", "[::1]:8080"]
port-file = "/tmp/port"
store = "memory:"
data = "/data"
durability = "normal"
origin = ["https://a.example"]
host-name = ["sync.example"]
max-connections = 50
log-level = "warning"
log-format = "json"
)", "server.toml", "/");
    QVERIFY2(file, file ? "" : file.error().message.c_str());
    const auto read = configurationFrom(file->settings);
    QVERIFY(read);
    QCOMPARE(read->listen.size(), std::size_t(2));
    QCOMPARE(read->listen[1].address.protocol(), QAbstractSocket::IPv6Protocol);
    QCOMPARE(read->store.kind, StoreLocation::Kind::Memory);
    QCOMPARE(read->maxConnections, std::size_t(50));
    QCOMPARE(read->origins.allowed, std::vector<std::string>{"https://a.example"});
    QCOMPARE(read->log, (LogOptions{LogLevel::Warning, LogFormat::Json}));
}

void PartsTest::badConfigurationIsNamed_data()
{
    QTest::addColumn<QString>("option");
    QTest::addColumn<QString>("value");
    const auto row = [](const char *option, const char *value) {
        QTest::addRow("%s = %s", option, value) << QString::fromLatin1(option) << QString::fromLatin1(value);
    };
    row("listen", "8080");
    row("listen", "127.0.0.1:");
    row("listen", "127.0.0.1:65536");
    row("listen", "127.0.0.1:-1");
    row("listen", "example.org:80");
    row("listen", "::1:80");
    row("listen", "[127.0.0.1]:80");
    row("store", "postgres://x");
    row("store", "mongodb://x");
    row("durability", "some");
    row("log-level", "loud");
    row("log-format", "xml");
    row("host-name", "https://sync.example");
    row("host-name", "sync.example:8080");
    row("host-name", "");
    row("max-connections", "0");
    row("max-connections", "many");
    row("max-connections", "1000000");
    row("max-memory", "0");
    row("max-memory", "1G");
}

void PartsTest::badConfigurationIsNamed()
{
    QFETCH(QString, option);
    QFETCH(QString, value);
    const auto read = configurationFrom({{option.toStdString(), {value.toStdString()}}});
    QVERIFY(!read);
    QCOMPARE(read.error().code, ErrorCode::InvalidValue);
    QVERIFY2(read.error().message.starts_with(option.toStdString() + ": "), read.error().message.c_str());
}

void PartsTest::badConfigFileIsNamed_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("said");
    QTest::newRow("no TOML") << u"listen = \n"_s << u"server.toml:1:"_s;
    QTest::newRow("unknown option") << u"lisen = \"a\""_s << u"lisen"_s;
    QTest::newRow("option of the command line only") << u"check-config = \"true\""_s << u"check-config"_s;
    QTest::newRow("wrong type") << u"data = {a = 1}"_s << u"data"_s;
    QTest::newRow("reserved collection") << u"[collections.clients]"_s << u"collections.clients"_s;
    QTest::newRow("unknown rule") << u"[collections.a.paths]\n\"/x\" = {rule = \"sum\"}"_s << u"collections.a"_s;
    QTest::newRow("unknown field") << u"[collections.a]\nmerges = \"fields\""_s << u"collections.a"_s;
    QTest::newRow("no schema") << u"[collections.a]\nschema = {type = 7}"_s << u"collections.a"_s;
    QTest::newRow("a pattern that is none") << u"[collections.a]\nschema = {properties = {x = {pattern = \"((\"}}}"_s << u"/properties/x/pattern"_s;
    QTest::newRow("a pattern with recursion") << u"[collections.a]\nschema = {items = {pattern = \"(?R)\"}}"_s << u"/items/pattern"_s;
    QTest::newRow("multiples of nothing") << u"[collections.a]\nschema = {multipleOf = 0}"_s << u"/multipleOf"_s;
    QTest::newRow("schema file that is not there") << u"[collections.a]\nschema-file = \"none.json\""_s << u"none.json"_s;
    QTest::newRow("keep of nothing") << u"[collections.a]\ncompact.keep = 0"_s << u"collections.a.compact.keep"_s;
    QTest::newRow("no duration") << u"[collections.a]\ncompact = {keep = 5, every = \"soon\"}"_s << u"collections.a.compact.every"_s;
    QTest::newRow("a duration without its unit") << u"[collections.a]\ncompact = {keep = 5, every = 60}"_s << u"collections.a.compact.every"_s;
    QTest::newRow("unknown rule of logs") << u"[collections.a]\ncompact = {max = 5}"_s << u"collections.a.compact.max"_s;
    QTest::newRow("snapshots without a number") << u"[collections.a]\nsnapshot.every = \"1h\""_s << u"collections.a.snapshot.every"_s;
    QTest::newRow("a date") << u"[collections.a]\nschema = {default = 1979-05-27}"_s << u"date"_s;
}

void PartsTest::badConfigFileIsNamed()
{
    QFETCH(QString, text);
    QFETCH(QString, said);
    const auto file = parseConfigFile(text.toStdString(), "server.toml", "/nowhere");
    QVERIFY(!file);
    QVERIFY2(file.error().message.find(said.toStdString()) != std::string::npos, file.error().message.c_str());
}

void PartsTest::configFileBringsPolicies()
{
    QTemporaryDir folder;
    QFile schema(folder.filePath(QStringLiteral("accounts.json")));
    QVERIFY(schema.open(QIODevice::WriteOnly));
    schema.write(R"({"type": "object"})");
    schema.close();
    const auto file = parseConfigFile(R"(
[collections.accounts]
merge = "strict"
schema-file = "accounts.json"
paths = {"/balance" = {rule = "counter", min = 0}}
)", "server.toml", folder.path().toStdString());
    QVERIFY2(file, file ? "" : file.error().message.c_str());
    Configuration configuration;
    configuration.collections = file->collections;
    const Policies policies = configuration.policies();
    const CollectionPolicy &accounts = policies.of(CollectionName("accounts"));
    QCOMPARE(accounts.merge(), MergeRule::Strict);
    QVERIFY(accounts.schema().has_value());
    QCOMPARE(accounts.rule(json::Pointer::parse("/balance").value()), json::PathRule::Counter);
    QCOMPARE(policies.of(CollectionName("games")), CollectionPolicy::games()); // built in
}

void PartsTest::configFileSaysHowLogsAreKept()
{
    const auto file = parseConfigFile(R"(
[collections.games]
compact = {keep = 500, every = "90s"}
[collections.notes]
merge = "strict"
compact.keep = 10
snapshot.every = 0
)", "server.toml", "/nowhere");
    QVERIFY2(file, file ? "" : file.error().message.c_str());
    using namespace std::chrono_literals;
    QCOMPARE(file->maintenance.at(CollectionName("games")), (eventlog::Maintenance{.keep = 500, .every = 90s}));
    QCOMPARE(file->maintenance.at(CollectionName("notes")), (eventlog::Maintenance{.keep = 10, .every = 1h, .snapshotEvery = 0}));
    Configuration configuration;
    configuration.collections = file->collections;
    QCOMPARE(configuration.policies().of(CollectionName("games")), CollectionPolicy::games()); // says nothing of its rules
    QCOMPARE(configuration.policies().of(CollectionName("notes")).merge(), MergeRule::Strict);
}

void PartsTest::namedConfigFileMustBeThere()
{
    const auto loaded = loadConfiguration(sources({{"config", {"/nowhere/server.toml"}}}, {}));
    QVERIFY(!loaded);
    QCOMPARE(loaded.error().code, ErrorCode::NotFound);
    QVERIFY(loadConfiguration(sources({}, {}, QStringLiteral("/nowhere/server.toml"))));
}

void PartsTest::commandsTakeTheirOptions()
{
    const auto log = parseCommandLine({"log", "--follow", "--document", "g1", "--after=5", "--json", "--data", "/d"});
    QVERIFY(log);
    QCOMPARE(log->command, std::string("log"));
    QVERIFY(log->has("follow") && log->has("json"));
    QCOMPARE(log->value("document"), std::string("g1"));
    QCOMPARE(log->value("after"), std::string("5"));
    QCOMPARE(log->settings.at("data"), std::vector<std::string>{"/d"});
    const auto serve = parseCommandLine({"--listen", "127.0.0.1:0", "--listen=[::1]:0"});
    QVERIFY(serve);
    QCOMPARE(serve->command, std::string("serve"));
    QCOMPARE(serve->settings.at("listen").size(), std::size_t(2));
    QCOMPARE(parseCommandLine({"export", "-"})->arguments, std::vector<std::string>{"-"});
    QCOMPARE(parseCommandLine({"show", "--", "--odd"})->arguments, std::vector<std::string>{"--odd"});
    QVERIFY(parseCommandLine({"show", "--help"})->wantsHelp);
}

void PartsTest::badCommandLineIsNamed_data()
{
    QTest::addColumn<QStringList>("words");
    QTest::addColumn<QString>("said");
    QTest::newRow("unknown command") << QStringList{u"dance"_s} << u"dance"_s;
    QTest::newRow("unknown option") << QStringList{u"--lisen"_s, u"x"_s} << u"--lisen"_s;
    QTest::newRow("short option") << QStringList{u"-x"_s} << u"-x"_s;
    QTest::newRow("option of another command") << QStringList{u"show"_s, u"g1"_s, u"--follow"_s} << u"--follow"_s;
    QTest::newRow("server's option on a command") << QStringList{u"show"_s, u"g1"_s, u"--listen"_s, u"127.0.0.1:0"_s} << u"--listen"_s;
    QTest::newRow("no value") << QStringList{u"--listen"_s} << u"HOST:PORT"_s;
    QTest::newRow("a value for a switch") << QStringList{u"--check-config=yes"_s} << u"--check-config"_s;
    QTest::newRow("twice") << QStringList{u"--data"_s, u"a"_s, u"--data"_s, u"b"_s} << u"twice"_s;
    QTest::newRow("no argument") << QStringList{u"show"_s} << u"ID"_s;
    QTest::newRow("too many arguments") << QStringList{u"show"_s, u"a"_s, u"b"_s} << u"\"b\""_s;
    QTest::newRow("arguments for serve") << QStringList{u"serve"_s, u"now"_s} << u"\"now\""_s;
}

void PartsTest::badCommandLineIsNamed()
{
    QFETCH(QStringList, words);
    QFETCH(QString, said);
    std::vector<std::string> plain;
    for (const QString &word : words)
        plain.push_back(word.toStdString());
    const auto parsed = parseCommandLine(plain);
    QVERIFY(!parsed);
    QVERIFY2(parsed.error().message.find(said.toStdString()) != std::string::npos, parsed.error().message.c_str());
    QVERIFY(parsed.error().message.find('\n') == std::string::npos);
}

void PartsTest::helpNamesEverything()
{
    const std::string all = helpText("serve", true);
    for (const Option &option : serverOptions())
        QVERIFY2(all.find("--" + std::string(option.name)) != std::string::npos, std::string(option.name).c_str());
    for (const CommandSpec &spec : commandSpecs()) {
        QVERIFY2(all.find("  " + std::string(spec.name)) != std::string::npos, std::string(spec.name).c_str());
        const std::string own = helpText(std::string(spec.name), false);
        for (const Option &option : spec.options)
            QVERIFY2(own.find("--" + std::string(option.name)) != std::string::npos, std::string(option.name).c_str());
    }
}

void PartsTest::dataFolderIsPrivateAndLocked()
{
    QTemporaryDir temporary;
    const std::string path = temporary.filePath(QStringLiteral("a/b/data")).toStdString();
    {
        const auto folder = DataFolder::take(path);
        QVERIFY(folder);
        struct stat found = {};
        QCOMPARE(::stat(path.c_str(), &found), 0);
        QCOMPARE(found.st_mode & 0777, mode_t(0700));
        const auto second = DataFolder::take(path);
        QVERIFY(!second);
        QCOMPARE(second.error().code, ErrorCode::StoreLocked);
        QVERIFY(second.error().message.find(std::to_string(::getpid())) != std::string::npos);
    }
    QCOMPARE(::chmod(path.c_str(), 0755), 0);
    QVERIFY(DataFolder::take(path));
    struct stat found = {};
    QCOMPARE(::stat(path.c_str(), &found), 0);
    QCOMPARE(found.st_mode & 0777, mode_t(0700));
    const std::string file = temporary.filePath(QStringLiteral("file")).toStdString();
    QFile made(QString::fromStdString(file));
    QVERIFY(made.open(QIODevice::WriteOnly));
    QVERIFY(!DataFolder::take(file));
}

void PartsTest::aFolderOfOtherThingsIsNotClosed()
{
    QTemporaryDir temporary;
    const std::string path = temporary.path().toStdString();
    QFile other(temporary.filePath(QStringLiteral("notes.txt")));
    QVERIFY(other.open(QIODevice::WriteOnly));
    QCOMPARE(::chmod(path.c_str(), 0755), 0);
    QVERIFY(!DataFolder::take(path));
    struct stat found = {};
    QCOMPARE(::stat(path.c_str(), &found), 0);
    QCOMPARE(found.st_mode & 0777, mode_t(0755));
    QFile store(temporary.filePath(QStringLiteral("eventsync.sqlite")));
    QVERIFY(store.open(QIODevice::WriteOnly));
    QVERIFY(DataFolder::take(path));
    QCOMPARE(::stat(path.c_str(), &found), 0);
    QCOMPARE(found.st_mode & 0777, mode_t(0700));
}

void PartsTest::whatNobodyMeansIsWarnedOf()
{
    Configuration configuration;
    configuration.listen = {{QHostAddress(QHostAddress::LocalHost), 8080}, {QHostAddress(QHostAddress::LocalHostIPv6), 8080}};
    QVERIFY(warningsOf(configuration, false).empty());
    QCOMPARE(warningsOf(configuration, true).size(), std::size_t(1));
    configuration.listen.push_back({QHostAddress(QHostAddress::Any), 8081});
    const auto warnings = warningsOf(configuration, false);
    QCOMPARE(warnings.size(), std::size_t(2));
    for (const std::string &warning : warnings)
        QVERIFY(warning.find("8081") != std::string::npos);
    QVERIFY(warnings.back().find("host-name") != std::string::npos);
    configuration.origins.hosts = {"sync.example"};
    QCOMPARE(warningsOf(configuration, false).size(), std::size_t(1));
}

void PartsTest::systemdHearsTwiceWithinItsWatchdogTime()
{
    QVERIFY(!watchdogInterval());
    qputenv("WATCHDOG_USEC", "30000000");
    QCOMPARE(watchdogInterval().value().count(), std::int64_t(15'000));
    qputenv("WATCHDOG_PID", "1"); // meant for another process
    QVERIFY(!watchdogInterval());
    qputenv("WATCHDOG_PID", QByteArray::number(::getpid()));
    QVERIFY(watchdogInterval());
    qputenv("WATCHDOG_USEC", "nonsense");
    QVERIFY(!watchdogInterval());
    qunsetenv("WATCHDOG_USEC");
    qunsetenv("WATCHDOG_PID");
}

void PartsTest::expiredKeysGoHoweverManyThereAre()
{
    auto backend = std::make_unique<storage::MemoryBackend>(sync::SyncService::schema());
    storage::Backend &store = *backend;
    SystemClock clock;
    storage::Batch batch;
    for (int i = 0; i < 2'500; ++i) {
        const std::int64_t expires = i < 2'400 ? 1 : clock.wall().value() + 1'000'000;
        batch.put(eventlog::sets::kIdempotency, {":key-" + std::to_string(i), std::string("{}"), expires});
    }
    QVERIFY(eventlog::commitAndWait(store, std::move(batch)).has_value());
    SystemRandom random;
    UuidGenerator uuids(clock, random);
    Metrics metrics;
    Policies policies;
    QObject owner;
    EngineThread engine(std::move(backend), random, {});
    RouteContext context{engine, policies, metrics, clock, uuids, owner, eventlog::OperatingTime(clock)};
    purgeIdempotency(context);
    QTRY_COMPARE(keysIn(store), 100);
}

void PartsTest::resumeTokenLeadsBackToThePositions()
{
    ResumePositions positions;
    positions.follow(protocol::Synced{.documentId = DocumentId("a"), .position = {ServerSeq(3), digestFor(3)}});
    positions.follow(protocol::Synced{.documentId = DocumentId("b"), .position = {ServerSeq(0), digestFor(0)}});
    positions.follow(eventsUpTo("a", 5, 2));
    const auto subscriptions = subscriptionsFrom(positions.tokenFor(100));
    QVERIFY(subscriptions);
    QCOMPARE(subscriptions->size(), std::size_t(2));
    QCOMPARE(subscriptions->at(0).documentId, DocumentId("a"));
    QCOMPARE(*subscriptions->at(0).afterSeq, ServerSeq(5));
    QCOMPARE(*subscriptions->at(0).chain, digestFor(5));
    QCOMPARE(*subscriptions->at(1).afterSeq, ServerSeq(0));
    QVERIFY(positions.tokenFor(100).empty()); // nothing new to say
}

void PartsTest::resumePositionsFollowWhatTheClientTakes()
{
    ResumePositions positions;
    const auto resumed = [&] {
        const auto subscriptions = subscriptionsFrom(positions.tokenFor(100));
        return subscriptions && subscriptions->size() == 1 ? subscriptions->front().afterSeq->value() : std::int64_t(-1);
    };
    positions.follow(eventsUpTo("a", 2, 2)); // nobody subscribed
    QVERIFY(positions.tokenFor(100).empty());
    positions.subscribed({.documentId = DocumentId("a"), .afterSeq = ServerSeq(0)});
    QCOMPARE(resumed(), std::int64_t(0)); // cut before the first event: from where the client began
    positions.follow(eventsUpTo("a", 2, 2));
    QCOMPARE(resumed(), std::int64_t(2)); // still catching up
    positions.follow(eventsUpTo("a", 9, 1));
    QVERIFY(positions.tokenFor(100).empty()); // after a gap, which the client does not take either
    positions.follow(eventsUpTo("a", 4, 3));
    QCOMPARE(resumed(), std::int64_t(4)); // the second one again, and two more
    positions.follow(protocol::Diverged{.documentId = DocumentId("a"), .commonSeq = ServerSeq(1), .serverSeq = ServerSeq(3)});
    positions.follow(eventsUpTo("a", 2, 1));
    QCOMPARE(resumed(), std::int64_t(2)); // back, and on from there
    protocol::Snapshot part{.documentId = DocumentId("a"), .position = {ServerSeq(7), digestFor(7)}, .part = 1, .parts = 2};
    positions.follow(part);
    QVERIFY(positions.tokenFor(100).empty()); // half a snapshot is no position: the one before stays
    part.part = 2;
    positions.follow(part);
    QCOMPARE(resumed(), std::int64_t(7));
    positions.subscribed({.documentId = DocumentId("a"), .afterSeq = ServerSeq(5), .chain = digestFor(5)});
    // Of the subscription before:
    positions.follow(protocol::Synced{.documentId = DocumentId("a"), .position = {ServerSeq(7), digestFor(7)}});
    QCOMPARE(resumed(), std::int64_t(5));
    positions.follow(protocol::Revoked{.documentId = DocumentId("a"), .reason = {}});
    QCOMPARE(subscriptionsFrom(positions.tokenFor(100))->size(), std::size_t(0));
}

void PartsTest::resumeTokenStaysSmall()
{
    ResumePositions positions;
    for (int i = 0; i < 50; ++i)
        positions.follow(protocol::Synced{.documentId = DocumentId("document-" + std::to_string(i)), .position = {ServerSeq(i), digestFor(i)}});
    std::size_t sent = 0, tokens = 0;
    for (int i = 0; i < 2000; ++i) {
        positions.follow(eventsUpTo("document-1", i + 2, 1));
        sent += 300;
        tokens += positions.tokenFor(300).size();
    }
    QVERIFY(tokens > 0);
    QVERIFY2(tokens < sent / 4, "tokens are a small part of the stream");
    for (int i = 0; i < 1000; ++i)
        positions.follow(protocol::Synced{.documentId = DocumentId("more-" + std::to_string(i)), .position = {ServerSeq(i), digestFor(i)}});
    QVERIFY(positions.tokenFor(100'000'000).empty()); // would not fit a header
}

void PartsTest::foreignResumeTokenIsAnError_data()
{
    QTest::addColumn<QByteArray>("token");
    const auto encoded = [](const std::string &text) { return QByteArray::fromStdString(toBase64Url(text)); };
    QTest::newRow("a number") << QByteArray("17");
    QTest::newRow("no base64") << QByteArray("%%");
    QTest::newRow("another version") << encoded("2\na 1 x");
    QTest::newRow("no fields") << encoded("1\nabc");
    QTest::newRow("no number") << encoded("1\na x " + toBase64Url(digestFor(1).view()));
    QTest::newRow("negative") << encoded("1\na -1 " + toBase64Url(digestFor(1).view()));
    QTest::newRow("no chain") << encoded("1\na 1 -");
    QTest::newRow("short chain") << encoded("1\na 1 abcd");
    QTest::newRow("bad id") << encoded("1\na/b 1 " + toBase64Url(digestFor(1).view()));
    QTest::newRow("too long") << QByteArray(100'000, 'A');
}

void PartsTest::foreignResumeTokenIsAnError()
{
    QFETCH(QByteArray, token);
    const auto subscriptions = subscriptionsFrom(token.toStdString());
    QVERIFY(!subscriptions);
    QCOMPARE(subscriptions.error().code, ErrorCode::InvalidMessage);
}

void PartsTest::addressImpliesHelloAndSubscribe()
{
    transport::ConnectionInfo info;
    info.path = {"sync", "game-1"};
    QVERIFY(impliedBy(info)->empty());
    info.query = {{"clientId", "ann"}};
    info.authorization = "Bearer secret";
    auto implied = impliedBy(info);
    QCOMPARE(implied->size(), std::size_t(2));
    QCOMPARE(*std::get<protocol::Hello>(implied->at(0)).token, std::string("secret"));
    QCOMPARE(*std::get<protocol::Subscribe>(implied->at(1)).afterSeq, ServerSeq(0));
    info.path = {"sync"};
    QCOMPARE(impliedBy(info)->size(), std::size_t(1)); // no document, no subscription
    info.path = {"sync", "game-1"};
    info.query.emplace_back("after", "4");
    QCOMPARE(impliedBy(info).error().code, ErrorCode::InvalidMessage); // a position without its chain
    info.query.emplace_back("chain", digestFor(4).toHex());
    implied = impliedBy(info);
    QCOMPARE(implied->size(), std::size_t(2));
    QCOMPARE(std::get<protocol::Subscribe>(implied->at(1)).documentId, DocumentId("game-1"));
    QCOMPARE(*std::get<protocol::Subscribe>(implied->at(1)).afterSeq, ServerSeq(4));
    info.query = {{"clientId", "a:b"}};
    QCOMPARE(impliedBy(info).error().code, ErrorCode::ClientIdReserved);
}

void PartsTest::whoHearsOfDrainedFindsNothingUnsent()
{
    const auto link = std::make_shared<SessionLink>(1);
    SessionBridge bridge(std::make_unique<HoldingConnection>(), link);
    int calls = 0;
    std::size_t unsent = 0;
    bridge.start({.drained = [&] {
        ++calls;
        unsent = link->queued + link->inSocket;
    }});
    const auto frame = transport::Frame::text(Bytes(limits::kUnsentHighWaterBytes, ' '));
    link->queued = frame.size();
    link->above = true;
    QVERIFY(bridge.send(frame, protocol::Ping{1}, frame.size()));
    QCOMPARE(calls, 0);
    bridge.flush();
    QCOMPARE(calls, 1);
    QCOMPARE(unsent, std::size_t(0));
    QCOMPARE(link->queued + link->inSocket, std::size_t(0));
}

// The engine queues another large frame while the I/O thread says that the last one has gone. The engine looks, finds too
// much again and waits: it must hear of that frame as well.
void PartsTest::whatWasQueuedWhileItDrainedIsHeardOfToo()
{
    const auto link = std::make_shared<SessionLink>(1);
    SessionBridge bridge(std::make_unique<HoldingConnection>(), link);
    const auto frame = transport::Frame::text(Bytes(limits::kUnsentHighWaterBytes, ' '));
    int calls = 0;
    std::size_t seen = 0;
    bridge.start({.drained = [&] {
        if (++calls == 1)
            link->queued += frame.size();
        seen = link->unsentBytes(); // the service asks whether it may go on
    }});
    link->queued = frame.size();
    QVERIFY(link->unsentBytes() >= limits::kUnsentHighWaterBytes);
    for (int sent = 1; sent <= 2; ++sent) {
        QVERIFY(bridge.send(frame, protocol::Ping{1}, frame.size()));
        bridge.flush();
        QCOMPARE(calls, sent);
    }
    QCOMPARE(seen, std::size_t(0));
}

// Whoever was not told of high water hears nothing.
void PartsTest::drainedIsSaidOnlyAfterHighWater()
{
    const auto link = std::make_shared<SessionLink>(1);
    SessionBridge bridge(std::make_unique<HoldingConnection>(), link);
    int calls = 0;
    bridge.start({.drained = [&] { ++calls; }});
    const auto frame = transport::Frame::text(Bytes(limits::kUnsentHighWaterBytes, ' '));
    link->queued = frame.size();
    QVERIFY(bridge.send(frame, protocol::Ping{1}, frame.size()));
    bridge.flush();
    QCOMPARE(calls, 0);
}

namespace {

Bytes textOf(const protocol::Message &message)
{
    return protocol::encode(message, Codec::Json);
}

// Longer than what the I/O thread reads itself.
Bytes largeUnsubscribe(const std::string &document)
{
    return textOf(protocol::Unsubscribe{DocumentId(document)}).insert(1, limits::kLightMessageBytes, ' ');
}

// A bridge whose large frames are decoded when the test says so.
struct BridgeRig
{
    BridgeRig()
    {
        auto made = std::make_unique<HoldingConnection>();
        connection = made.get();
        bridge = std::make_unique<SessionBridge>(std::move(made), link);
        bridge->start({.received = [this](const std::vector<protocol::Message> &messages, std::size_t bytes) {
                           link->unhandled -= SessionLink::heldBytes(bytes, messages.size());
                           for (const protocol::Message &message : messages)
                               seen.emplace_back(protocol::messageType(message));
                       },
                       .receivedInvalid = [this](const Error &, const protocol::RefusedNames &) { seen.emplace_back("invalid"); },
                       .compute = [this](std::function<void()> work, std::function<void()> then) {
                           work();
                           waiting.push_back(std::move(then));
                       },
                       .closed = [this](const transport::CloseReason &) {
                           seen.emplace_back("closed");
                           bridge.reset();
                       }});
    }
    void decoded()
    {
        const auto then = std::move(waiting.front());
        waiting.pop_front();
        then();
    }

    SessionLinkPtr link = std::make_shared<SessionLink>(1);
    HoldingConnection *connection = nullptr;
    std::unique_ptr<SessionBridge> bridge;
    std::deque<std::function<void()>> waiting;
    std::vector<std::string> seen;
};

} // namespace

void PartsTest::whatCameBeforeTheEndOfAConnectionIsHandled()
{
    BridgeRig rig;
    rig.connection->bring(largeUnsubscribe("1"));
    rig.connection->bring(textOf(protocol::Ping{1}));
    rig.connection->bring(largeUnsubscribe("2"));
    rig.connection->end();
    QVERIFY(rig.seen.empty());
    QVERIFY(rig.link->unhandled >= 2 * limits::kLightMessageBytes);
    rig.decoded();
    QCOMPARE(rig.seen.size(), std::size_t(2));
    rig.decoded();
    QCOMPARE(rig.seen, (std::vector<std::string>{"unsubscribe", "ping", "unsubscribe", "closed"}));
    QVERIFY(!rig.bridge);
    QCOMPARE(rig.link->unhandled.load(), std::size_t(0));
}

void PartsTest::whatComesAfterARefusalIsNotHandled()
{
    BridgeRig rig;
    rig.connection->bring(largeUnsubscribe("1"));
    rig.connection->bring(textOf(protocol::Ping{1}));
    rig.bridge->close(ErrorCode::SlowConsumer, "too slow");
    rig.connection->end();
    rig.decoded();
    QCOMPARE(rig.seen, std::vector<std::string>{"closed"});
    QCOMPARE(rig.link->unhandled.load(), std::size_t(0));
}

void PartsTest::computingTakesTurnsByAddress()
{
    std::promise<void> begun, mayGoOn, ended;
    std::string order; // of the compute thread
    ComputeThread compute;
    compute.post("10.0.0.1:1", [&begun, goOn = mayGoOn.get_future().share()] {
        begun.set_value();
        goOn.wait();
    });
    begun.get_future().wait();
    for (const auto &[peer, name] : std::vector<std::pair<std::string, char>>{
             {"10.0.0.1:1", 'a'}, {"10.0.0.1:2", 'b'}, {"10.0.0.1:3", 'c'}, {"10.0.0.2:1", 'x'}, {"10.0.0.2:1", 'y'}, {"[::1]:9", 'z'}})
        compute.post(peer, [&order, name = name] { order += name; });
    compute.post("10.0.0.1:4", [&] { ended.set_value(); });
    mayGoOn.set_value();
    ended.get_future().wait();
    QCOMPARE(QString::fromStdString(order), u"axzbyc"_s);
}

void PartsTest::computingEndsWithWhatRuns()
{
    auto kept = std::make_shared<int>(0);
    const std::weak_ptr<int> watched = kept;
    std::promise<void> begun;
    bool hasEnded = false;
    {
        ComputeThread compute;
        compute.post("10.0.0.1:1", [&] {
            begun.set_value();
            QTest::qSleep(50);
            hasEnded = true;
        });
        compute.post("10.0.0.1:1", [kept = std::move(kept)] { ++*kept; });
        begun.get_future().wait();
    }
    QVERIFY(hasEnded);
    QVERIFY(watched.expired());
}

void PartsTest::aComputationThatThrowsIsAnAnswer()
{
    SystemRandom random;
    EngineThread engine(std::make_unique<storage::MemoryBackend>(sync::SyncService::schema()), random, {});
    std::optional<Result<int>> answer;
    engine.compute<int>("10.0.0.1:1", []() -> Result<int> { throw std::bad_alloc(); }, [&](Result<int> given) { answer = std::move(given); });
    QTRY_VERIFY(answer);
    QCOMPARE(answer->error().code, ErrorCode::Unavailable);
}

void PartsTest::anAnswerThatCameTooLateGoesWithTheEngine()
{
    auto held = std::make_shared<int>(0);
    const std::weak_ptr<int> watched = held;
    SystemRandom random;
    auto backend = std::make_unique<storage::MemoryBackend>(sync::SyncService::schema());
    {
        EngineThread engine(std::move(backend), random, {});
        std::promise<void> answered;
        engine.ask<bool>(
            [&answered](sync::SyncService &, const EngineThread::Continuation<bool> &done) {
                done(true);
                answered.set_value();
            },
            [kept = std::move(held)](bool) {});
        answered.get_future().wait(); // and no event loop takes it
    }
    QVERIFY(watched.expired());
}

void PartsTest::aRequestsQueryEndsWithItsConnection()
{
    const auto open = std::make_shared<OpenRequest>();
    HttpRequest request;
    request.peer = "127.0.0.1:40312";
    const storage::Queries::Requester requester = requesterOf(request, Responder(open));
    QCOMPARE(requester.name, std::string("127.0.0.1"));
    QVERIFY(!requester.gone->load());
    open->connectionLost();
    QVERIFY(requester.gone->load());
}

void PartsTest::aDiskThatLosesWritesIsToldToWhoeverRunsTheServer()
{
    QTemporaryDir folder;
    eventsync::test::FailingSync disk;
    auto backend = storage::SqliteBackend::open(folder.filePath(u"store"_s).toStdString(), sync::SyncService::schema());
    QVERIFY(backend);
    SystemRandom random;
    EngineThread engine(std::move(*backend), random, {});
    StoreWatch watch(engine);
    std::vector<ErrorCode> told;
    watch.onBroken([&](const Error &error) { told.push_back(error.code); });
    watch.start();
    const auto write = [&] {
        using Written = Result<sync::SyncService::Written>;
        std::optional<Written> written;
        engine.ask<Written>(
            [](sync::SyncService &service, auto done) {
                service.write({.documentId = DocumentId("d"), .collection = CollectionName("c"), .clientId = ClientId("server"),
                               .edit = [](json::State &state) -> Result<> {
                                   state = json::Object{{"at", state ? 2 : 1}};
                                   return {};
                               }},
                              done);
            },
            [&](Written answer) { written = std::move(answer); });
        return QTest::qWaitFor([&] { return written.has_value(); }) ? *written : Written(failure(ErrorCode::Timeout, "no answer"));
    };
    QVERIFY(write());
    QVERIFY(!watch.problem());
    eventsync::test::FailingSync::fails = true;
    QCOMPARE(write().error().code, ErrorCode::IoError);
    eventsync::test::FailingSync::fails = false; // as the kernel reports the next one
    QCOMPARE(watch.problem().value().code, ErrorCode::IoError);
    QTRY_COMPARE(told, std::vector<ErrorCode>{ErrorCode::IoError});
    QCOMPARE(write().error().code, ErrorCode::IoError);
}

} // namespace eventsync::server

QTEST_GUILESS_MAIN(eventsync::server::PartsTest)
#include "tst_parts.moc"
