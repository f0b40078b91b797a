// SPDX-License-Identifier: Apache-2.0
// The server program from outside: asked by curl and by clients, killed, stopped, backed up, restored, misused.
#include "futures.h"
#include "serverprocess.h"

#include <eventsync/client/syncclient.h>
#include <eventsync/json/value.h>

#include <QDir>
#include <QFile>
#include <QFuture>
#include <QSignalSpy>
#include <QTest>
#include <QWebSocket>

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace eventsync::test {

namespace {

using namespace Qt::StringLiterals;
using client::SyncClient;

const DocumentId kHero("hero");
const CollectionName kGames("games");

json::Value jsonOf(const QByteArray &text)
{
    auto value = json::parse(text.trimmed().toStdString());
    return value ? *value : json::Value();
}

// A number or a text in an object; -1 and empty if it is not there.
int numberIn(const QByteArray &text, const char *name)
{
    const json::Value value = jsonOf(text);
    const json::Value *found = value.is_object() ? value.get_object().if_contains(name) : nullptr;
    return found && found->is_int64() ? static_cast<int>(found->get_int64()) : -1;
}

QByteArray textIn(const QByteArray &text, const char *name)
{
    const json::Value value = jsonOf(text);
    const json::Value *found = value.is_object() ? value.get_object().if_contains(name) : nullptr;
    return found && found->is_string() ? QByteArray(found->get_string().c_str()) : QByteArray();
}

std::unique_ptr<SyncClient> openClient(const QString &profile, const QUrl &server)
{
    auto opened = SyncClient::open(profile.toStdString(), {.connect = client::dialing(server)});
    if (!opened)
        qFatal("%s", opened.error().toString().c_str());
    (*opened)->setDefaultResolver(client::oursResolver());
    (*opened)->openDocument(kHero, kGames);
    (*opened)->goOnline();
    return std::move(*opened);
}

int goldOf(const SyncClient &client)
{
    const DocumentState *state = client.core().optimistic(kHero);
    if (!state || !state->exists())
        return -1;
    return static_cast<int>(state->view().at("gold").as_int64());
}

json::Patch addGold(int amount)
{
    return json::Patch({{.kind = json::OperationKind::Inc, .path = json::Pointer::parse("/gold").value(), .value = amount}});
}

} // namespace

class ServerTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (QStringLiteral(EVENTSYNC_CURL_PROGRAM).endsWith(u"NOTFOUND"_s))
            QSKIP("curl is not installed");
    }
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }

    void curlAndWebSocketSeeTheSameDocumentLive();
    void whatWasAcknowledgedSurvivesSigkill();
    void sigtermDrains_data();
    void sigtermDrains();
    void secondServerOnADataFolderIsRefused();
    void wrongUseEndsWithItsCodeAndOneLine_data();
    void wrongUseEndsWithItsCodeAndOneLine();
    void environmentAndFileAreRead();
    void sighupReloadsTheLogLevel();
    void sighupReloadsThePolicies();
    void commandsReadARunningServersStore();
    void commandsChangeThroughARunningServer();
    void commandsThatNeedTheServerStoppedSayWhoHasIt();
    void commandsWorkWithoutAServer();
    void commandsNeverWriteOntoTheStore_data();
    void commandsNeverWriteOntoTheStore();
    void anOlderFileIsReplacedOnlyWithForce();
    void backupNeedsNothingOfTheServer();
    void compactionMakesTheStoreSmaller();
    void restoreTakesWhatLiesInTheWriteAheadLog();
    void restoredStoreBelongsToTheOwnerOfTheFormerOne();
    void restoreBehindALinkKeepsTheFormerStore();
    void emptyStoreIsBegunAnewOnlyWhenTold();
    void removedStoreTakesNoEditsAndIsNotReady();
    void aSlowExportLetsTheWriteAheadLogBeCutBack();
    void exportGoesThroughAPipeIntoAnotherStore();
    void verifyFindsATamperedStore();
    void aDamagedLogIsNamedAtTheClientAndInTheServersLog();
    void restoreBeginsAnEpochAndTheClientRepairs();
    void aFollowerOfTheLogIsToldOfARestore_data();
    void aFollowerOfTheLogIsToldOfARestore();

private:
    QString data() const { return m_folder->filePath(u"data"_s); }
    QByteArray create(const ServerProcess &server, const QString &id, const QByteArray &state);
    Finished command(const QStringList &words) { return runServerCommand(words + QStringList{u"--data"_s, data()}); }

    std::unique_ptr<QTemporaryDir> m_folder;
};

QByteArray ServerTest::create(const ServerProcess &server, const QString &id, const QByteArray &state)
{
    return curl({u"-X"_s, u"PUT"_s, u"-H"_s, u"Content-Type: application/json"_s, u"--data-binary"_s, u"@-"_s,
                 server.url(u"/api/games/"_s + id).toString()},
                state)
        .output;
}

void ServerTest::curlAndWebSocketSeeTheSameDocumentLive()
{
    ServerProcess server(data());
    QVERIFY2(server.isReady(), server.errors().constData());
    QCOMPARE(create(server, u"hero"_s, "{\"gold\": 1}"), QByteArray("{\"gold\":1,\"version\":1}"));
    QProcess stream;
    stream.start(QStringLiteral(EVENTSYNC_CURL_PROGRAM),
                 {u"-sN"_s, u"-H"_s, u"Accept: text/event-stream"_s, server.url(u"/api/events/hero"_s).toString()});
    QByteArray streamed;
    QTRY_VERIFY((streamed += stream.readAllStandardOutput()).contains("\"serverSeq\":1,"));
    const auto webSocket = openClient(m_folder->filePath(u"a.sqlite"_s), server.webSocketUrl());
    const auto sse = openClient(m_folder->filePath(u"b.sqlite"_s), server.url());
    QTRY_COMPARE(goldOf(*webSocket), 1);
    QTRY_COMPARE(goldOf(*sse), 1);
    // One edit by each; all see all.
    const Finished patched = curl({u"-X"_s, u"PATCH"_s, u"-H"_s, u"Content-Type: application/json-patch+json"_s, u"-d"_s,
                                   uR"([{"op":"inc","path":"/gold","value":10}])"_s, server.url(u"/api/games/hero"_s).toString()});
    QCOMPARE(patched.output, QByteArray("{\"gold\":11,\"version\":2}"));
    QVERIFY(resultOf(webSocket->update(kHero, addGold(100)))->has_value());
    QVERIFY(resultOf(sse->update(kHero, addGold(1000)))->has_value());
    QTRY_COMPARE(goldOf(*webSocket), 1111);
    QTRY_COMPARE(goldOf(*sse), 1111);
    QTRY_VERIFY((streamed += stream.readAllStandardOutput()).contains("\"serverSeq\":4,"));
    QCOMPARE(curl({server.url(u"/api/games/hero"_s).toString()}).output, QByteArray("{\"gold\":1111,\"version\":4}"));
    stream.kill();
    stream.waitForFinished();
}

// G1, G8, G9: a writer under load, the server killed again and again; at the end everything is there once.
void ServerTest::whatWasAcknowledgedSurvivesSigkill()
{
    constexpr int kEdits = 600;
    auto server = std::make_unique<ServerProcess>(data());
    QVERIFY2(server->isReady(), server->errors().constData());
    create(*server, u"hero"_s, R"({"gold": 0})");
    const auto writer = openClient(m_folder->filePath(u"a.sqlite"_s), server->webSocketUrl());
    QTRY_COMPARE(goldOf(*writer), 0);
    int logged = 0, made = 0, kills = 0;
    QObject::connect(writer.get(), &SyncClient::editLogged, this, [&] { ++logged; });
    while (made < kEdits) {
        for (int i = 0; i < 50; ++i, ++made)
            static_cast<void>(writer->update(kHero, addGold(1)));
        const int before = logged;
        QTRY_VERIFY_WITH_TIMEOUT(logged > before, 30'000);
        if (kills < 4 && made % 100 == 0) {
            ++kills;
            server->kill(); // with pushes under way
            server = std::make_unique<ServerProcess>(data());
            QVERIFY2(server->isReady(), server->errors().constData());
            writer->setServer(client::dialing(server->webSocketUrl()));
            writer->goOffline();
            writer->goOnline();
        }
    }
    QVERIFY(kills >= 3);
    QVERIFY(resultOf(writer->waitForSettled(kHero))->has_value());
    QTRY_COMPARE(goldOf(*writer), kEdits);
    QCOMPARE(create(*server, u"other"_s, "{}"), QByteArray("{\"version\":1}"));
    QCOMPARE(curl({server->url(u"/api/games/hero"_s).toString()}).output,
             "{\"gold\":" + QByteArray::number(kEdits) + ",\"version\":" + QByteArray::number(kEdits + 1) + "}");
    server->kill();
    const Finished verified = command({u"verify"_s});
    QVERIFY2(verified.exitCode == 0, (verified.output + verified.errors).constData());
}

void ServerTest::sigtermDrains_data()
{
    QTest::addColumn<int>("signal");
    QTest::newRow("SIGTERM") << SIGTERM;
    QTest::newRow("SIGINT") << SIGINT;
}

// G18: what was acknowledged is there, the program ends with 0.
void ServerTest::sigtermDrains()
{
    QFETCH(int, signal);
    ServerProcess server(data());
    QVERIFY2(server.isReady(), server.errors().constData());
    create(server, u"hero"_s, "{\"gold\": 0}");
    const auto writer = openClient(m_folder->filePath(u"a.sqlite"_s), server.webSocketUrl());
    QTRY_COMPARE(goldOf(*writer), 0);
    int logged = 0;
    QObject::connect(writer.get(), &SyncClient::editLogged, this, [&] { ++logged; });
    for (int i = 0; i < 100; ++i)
        static_cast<void>(writer->update(kHero, addGold(1)));
    QTRY_VERIFY(logged > 0);
    const Finished ended = server.terminate(signal);
    QCOMPARE(ended.exitCode, 0);
    QVERIFY(ended.errors.contains("stopping"));
    QVERIFY(!QFile::exists(data() + u"/eventsync.sqlite-wal"_s)); // closed in order
    QTRY_VERIFY(writer->state() != SyncClient::State::Online);
    const Finished shown = command({u"show"_s, u"hero"_s});
    QVERIFY2(numberIn(shown.output, "gold") >= logged, shown.output.constData());
}

void ServerTest::secondServerOnADataFolderIsRefused()
{
    ServerProcess first(data());
    QVERIFY2(first.isReady(), first.errors().constData());
    const Finished second = command({u"serve"_s, u"--listen"_s, u"127.0.0.1:0"_s});
    QCOMPARE(second.exitCode, 5);
    QCOMPARE(second.errors.count('\n'), 1);
    QVERIFY2(second.errors.contains("process " + QByteArray::number(first.pid())), second.errors.constData());
    QCOMPARE(curl({first.url(u"/healthz"_s).toString()}).output, QByteArray("ok\n"));
}

void ServerTest::wrongUseEndsWithItsCodeAndOneLine_data()
{
    QTest::addColumn<QStringList>("words");
    QTest::addColumn<int>("code");
    QTest::newRow("unknown option") << QStringList{u"--lisen"_s, u"x"_s} << 2;
    QTest::newRow("bad value") << QStringList{u"--listen"_s, u"x"_s} << 2;
    QTest::newRow("unknown command") << QStringList{u"dance"_s} << 2;
    QTest::newRow("missing argument") << QStringList{u"show"_s} << 2;
    QTest::newRow("compact without a rule") << QStringList{u"compact"_s} << 2;
    QTest::newRow("bad time") << QStringList{u"compact"_s, u"--before"_s, u"yesterday"_s} << 2;
    QTest::newRow("configuration that is not there") << QStringList{u"--config"_s, u"/nowhere.toml"_s} << 3;
    QTest::newRow("configuration that is none") << QStringList{u"--config"_s, u"CONFIG"_s, u"--check-config"_s} << 3;
    QTest::newRow("port in use") << QStringList{u"--listen"_s, u"PORT"_s, u"--store"_s, u"memory:"_s} << 4;
    QTest::newRow("data folder that is a file") << QStringList{u"--listen"_s, u"127.0.0.1:0"_s, u"--data"_s, u"CONFIG"_s} << 5;
    QTest::newRow("no store to read") << QStringList{u"show"_s, u"hero"_s} << 1;
    QTest::newRow("backup that is none") << QStringList{u"restore"_s, u"CONFIG"_s} << 5;
    QTest::newRow("export that is none") << QStringList{u"import"_s, u"CONFIG"_s} << 1;
}

void ServerTest::wrongUseEndsWithItsCodeAndOneLine()
{
    QFETCH(QStringList, words);
    QFETCH(int, code);
    ServerProcess running(m_folder->filePath(u"other"_s));
    QVERIFY(running.isReady());
    QFile file(m_folder->filePath(u"broken.toml"_s));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("listen = \n");
    file.close();
    words.replaceInStrings(u"CONFIG"_s, file.fileName());
    words.replaceInStrings(u"PORT"_s, u"127.0.0.1:"_s + QString::number(running.url().port()));
    const Finished ended = words.contains(u"--data"_s) ? runServerCommand(words) : command(words);
    QCOMPARE(ended.exitCode, code);
    QVERIFY2(ended.errors.startsWith("eventsync-server: ") && ended.errors.count('\n') == 1, ended.errors.constData());
    QVERIFY(ended.output.isEmpty());
}

void ServerTest::environmentAndFileAreRead()
{
    QFile file(m_folder->filePath(u"server.toml"_s));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("log-format = \"json\"\n[collections.accounts.paths]\n\"/balance\" = {rule = \"counter\", min = 0}\n");
    file.close();
    QCOMPARE(runServerCommand({u"--config"_s, file.fileName(), u"--check-config"_s}).exitCode, 0);
    qputenv("EVENTSYNC_STORE", "memory:");
    ServerProcess server(data(), {u"--config"_s, file.fileName()});
    qunsetenv("EVENTSYNC_STORE");
    QVERIFY2(server.isReady(), server.errors().constData());
    QVERIFY(!QFile::exists(data() + u"/eventsync.sqlite"_s));
    const Finished refused = curl({u"-H"_s, u"Content-Type: application/json"_s, u"-d"_s, uR"({"balance": -1})"_s,
                                   server.url(u"/api/accounts"_s).toString()});
    QCOMPARE(textIn(refused.output, "code"), QByteArray("Invalid"));
    const Finished ended = server.terminate(SIGTERM);
    for (const QByteArray &line : ended.errors.trimmed().split('\n'))
        QVERIFY2(jsonOf(line).is_object(), line.constData());
}

void ServerTest::sighupReloadsTheLogLevel()
{
    QFile file(m_folder->filePath(u"server.toml"_s));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("log-level = \"info\"\n");
    file.close();
    ServerProcess server(data(), {u"--config"_s, file.fileName()});
    QVERIFY(server.isReady());
    curl({server.url(u"/api/events/hero"_s).toString()});
    QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
    file.write("log-level = \"debug\"\n");
    file.close();
    ::kill(static_cast<pid_t>(server.pid()), SIGHUP);
    QByteArray errors;
    QTRY_VERIFY((errors += server.errors()).contains("configuration reloaded"));
    const auto client = openClient(m_folder->filePath(u"a.sqlite"_s), server.webSocketUrl());
    QTRY_VERIFY((errors += server.errors()).contains("debug eventsync.server connection"));
    QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
    file.write("log-level = 5.5\n");
    file.close();
    ::kill(static_cast<pid_t>(server.pid()), SIGHUP);
    QTRY_VERIFY((errors += server.errors()).contains("stays as it was"));
    QCOMPARE(server.terminate(SIGTERM).exitCode, 0);
}

void ServerTest::sighupReloadsThePolicies()
{
    QFile file(m_folder->filePath(u"server.toml"_s));
    const auto write = [&file](const QByteArray &text) {
        const bool isOpen = file.open(QIODevice::WriteOnly | QIODevice::Truncate);
        file.write(text);
        file.close();
        return isOpen;
    };
    QVERIFY(write("log-level = \"info\"\n"));
    ServerProcess server(data(), {u"--config"_s, file.fileName()});
    QVERIFY2(server.isReady(), server.errors().constData());
    const auto account = [&server] {
        return curl({u"-H"_s, u"Content-Type: application/json"_s, u"-d"_s, uR"({"balance": -1})"_s, server.url(u"/api/accounts"_s).toString()});
    };
    QVERIFY(account().output.contains("-1"));
    QByteArray errors;
    QVERIFY(write("durability = \"normal\"\n[collections.accounts.paths]\n\"/balance\" = {rule = \"counter\", min = 0}\n"));
    const Finished misfits = command({u"verify"_s, u"--rules"_s, file.fileName()}); // before they go live
    QCOMPARE(misfits.exitCode, 1);
    QVERIFY2(misfits.output.startsWith("rule: ") && misfits.output.contains("/balance: "), misfits.output.constData());
    QCOMPARE(command({u"verify"_s}).exitCode, 0);
    ::kill(static_cast<pid_t>(server.pid()), SIGHUP);
    QTRY_VERIFY_WITH_TIMEOUT((errors += server.errors()).contains("after a restart only: durability"), 30'000);
    QVERIFY2(errors.contains("configuration reloaded: log, origin, the policy of accounts"), errors.constData());
    QCOMPARE(textIn(account().output, "code"), QByteArray("Invalid"));
    QVERIFY(write("[collections.accounts.paths]\n\"/balance\" = {rule = \"sum\"}\n")); // no such rule: the old ones stay
    ::kill(static_cast<pid_t>(server.pid()), SIGHUP);
    QTRY_VERIFY_WITH_TIMEOUT((errors += server.errors()).contains("stays as it was"), 30'000);
    QVERIFY2(errors.contains("collections.accounts"), errors.constData());
    QCOMPARE(textIn(account().output, "code"), QByteArray("Invalid"));
    QCOMPARE(server.terminate(SIGTERM).exitCode, 0);
}

void ServerTest::commandsReadARunningServersStore()
{
    ServerProcess server(data());
    QVERIFY(server.isReady());
    create(server, u"hero"_s, "{\"gold\": 1}");
    create(server, u"hero"_s, "{\"gold\": 3}");
    create(server, u"other"_s, "{}");
    QCOMPARE(command({u"show"_s, u"hero"_s}).output, QByteArray("{\"gold\":3}\n"));
    QCOMPARE(command({u"show"_s, u"hero"_s, u"--at"_s, u"1"_s}).output, QByteArray("{\"gold\":1}\n"));
    QCOMPARE(command({u"show"_s, u"nobody"_s}).exitCode, 1);
    QCOMPARE(command({u"log"_s}).output.count('\n'), 3);
    const Finished log = command({u"log"_s, u"--json"_s, u"--document"_s, u"hero"_s, u"--after"_s, u"1"_s});
    QCOMPARE(log.output.count('\n'), 1);
    QCOMPARE(numberIn(log.output, "serverSeq"), 2);
    QCOMPARE(numberIn(command({u"stats"_s, u"--json"_s}).output, "events"), 3);
    QCOMPARE(command({u"verify"_s}).exitCode, 0);
    QCOMPARE(command({u"verify"_s, u"hero"_s}).exitCode, 0);
    QProcess follower;
    follower.start(QStringLiteral(EVENTSYNC_SERVER_PROGRAM), {u"log"_s, u"--follow"_s, u"--data"_s, data()});
    QByteArray followed;
    QTRY_COMPARE((followed += follower.readAllStandardOutput()).count('\n'), 3);
    create(server, u"hero"_s, "{\"gold\": 4}");
    QTRY_COMPARE((followed += follower.readAllStandardOutput()).count('\n'), 4);
    follower.kill();
    follower.waitForFinished();
}

void ServerTest::commandsChangeThroughARunningServer()
{
    ServerProcess server(data());
    QVERIFY(server.isReady());
    for (int i = 1; i <= 10; ++i)
        create(server, u"hero"_s, R"({"gold": )" + QByteArray::number(i) + "}");
    QCOMPARE(command({u"snapshot"_s, u"hero"_s}).exitCode, 0);
    QCOMPARE(numberIn(curl({server.url(u"/api/snapshots/hero"_s).toString()}).output, "serverSeq"), 10);
    QCOMPARE(command({u"compact"_s, u"--keep"_s, u"3"_s, u"--dry-run"_s}).output.split('\n').at(1),
             QByteArray("would remove 7 events of 1 documents"));
    QCOMPARE(command({u"compact"_s, u"--keep"_s, u"3"_s}).output.split('\n').at(0), QByteArray("removed 7 events of 1 documents"));
    QCOMPARE(textIn(curl({server.url(u"/api/events/hero"_s).toString()}).output, "code"), QByteArray("Compacted"));
    QCOMPARE(curl({server.url(u"/api/games/hero"_s).toString()}).output, QByteArray("{\"gold\":10,\"version\":10}")); // G13
    const QString backup = m_folder->filePath(u"backup.sqlite"_s);
    QCOMPARE(command({u"backup"_s, backup}).exitCode, 0);
    QCOMPARE(runServerCommand({u"show"_s, u"hero"_s, u"--store"_s, u"sqlite:"_s + backup}).output, QByteArray("{\"gold\":10}\n"));
    QCOMPARE(runServerCommand({u"verify"_s, u"--store"_s, u"sqlite:"_s + backup}).exitCode, 0);
    QCOMPARE(QFileInfo(data() + u"/control.sock"_s).permissions() & (QFileDevice::ReadGroup | QFileDevice::ReadOther
                                                                     | QFileDevice::WriteGroup | QFileDevice::WriteOther),
             QFileDevice::Permissions());
}

void ServerTest::commandsThatNeedTheServerStoppedSayWhoHasIt()
{
    ServerProcess server(data());
    QVERIFY(server.isReady());
    create(server, u"hero"_s, "{}");
    const QString backup = m_folder->filePath(u"backup.sqlite"_s);
    QCOMPARE(command({u"backup"_s, backup}).exitCode, 0);
    for (const QStringList &words : {QStringList{u"rebuild"_s}, QStringList{u"restore"_s, backup}, QStringList{u"import"_s, backup}}) {
        const Finished refused = command(words);
        QCOMPARE(refused.exitCode, 5);
        QVERIFY2(refused.errors.contains("process " + QByteArray::number(server.pid())), refused.errors.constData());
    }
}

void ServerTest::commandsWorkWithoutAServer()
{
    {
        ServerProcess server(data());
        QVERIFY(server.isReady());
        for (int i = 1; i <= 5; ++i)
            create(server, u"hero"_s, R"({"gold": )" + QByteArray::number(i) + "}");
        server.kill(); // derived rows lag behind the log now
    }
    QCOMPARE(command({u"show"_s, u"hero"_s}).output, QByteArray("{\"gold\":5}\n"));
    QCOMPARE(command({u"snapshot"_s, u"hero"_s}).output, QByteArray("snapshot of hero at 5, 10 bytes\n"));
    QCOMPARE(command({u"compact"_s, u"--keep"_s, u"2"_s}).output.split('\n').at(0), QByteArray("removed 3 events of 1 documents"));
    QCOMPARE(command({u"rebuild"_s}).exitCode, 0);
    QCOMPARE(command({u"verify"_s}).exitCode, 0);
    QCOMPARE(command({u"backup"_s, m_folder->filePath(u"b.sqlite"_s)}).exitCode, 0);
    QCOMPARE(command({u"show"_s, u"hero"_s}).output, QByteArray("{\"gold\":5}\n"));
}

void ServerTest::commandsNeverWriteOntoTheStore_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("target");
    for (const char *name : {"backup", "export"}) {
        for (const char *target : {"eventsync.sqlite", "eventsync.sqlite-wal", "eventsync.sqlite-shm", "eventsync.sqlite.lock",
                                   "server.lock", "control.sock", "x/../eventsync.sqlite", "hard", "soft"})
            QTest::addRow("%s onto %s", name, target) << QString::fromLatin1(name) << QString::fromLatin1(target);
    }
}

void ServerTest::commandsNeverWriteOntoTheStore()
{
    QFETCH(QString, name);
    QFETCH(QString, target);
    ServerProcess server(data());
    QVERIFY(server.isReady());
    create(server, u"hero"_s, "{\"gold\": 1}");
    QVERIFY(QDir(data()).mkdir(u"x"_s));
    QCOMPARE(::link((data() + u"/eventsync.sqlite"_s).toUtf8(), (data() + u"/hard"_s).toUtf8()), 0);
    QVERIFY(QFile::link(data() + u"/eventsync.sqlite"_s, data() + u"/soft"_s));
    const Finished refused = command({name, u"--force"_s, data() + u'/' + target});
    QCOMPARE(refused.exitCode, 1);
    QVERIFY2(refused.errors.contains("is a file of the store"), refused.errors.constData());
    QCOMPARE(create(server, u"other"_s, "{\"gold\": 2}"), QByteArray("{\"gold\":2,\"version\":1}"));
    server.kill();
    QCOMPARE(command({u"show"_s, u"other"_s}).output, QByteArray("{\"gold\":2}\n"));
}

void ServerTest::anOlderFileIsReplacedOnlyWithForce()
{
    ServerProcess server(data());
    QVERIFY(server.isReady());
    create(server, u"hero"_s, "{}");
    const QString path = m_folder->filePath(u"mine"_s);
    for (const QString &name : {u"backup"_s, u"export"_s}) {
        QFile mine(path);
        QVERIFY(mine.open(QIODevice::WriteOnly) && mine.write("mine") == 4);
        mine.close();
        const Finished refused = command({name, path});
        QCOMPARE(refused.exitCode, 1);
        QVERIFY2(refused.errors.contains("--force"), refused.errors.constData());
        QVERIFY(mine.open(QIODevice::ReadOnly));
        QCOMPARE(mine.readAll(), QByteArray("mine"));
        const Finished replaced = command({name, u"--force"_s, path});
        QVERIFY2(replaced.exitCode == 0, replaced.errors.constData());
        QVERIFY(QFileInfo(path).size() > 4);
    }
    QVERIFY(QDir(m_folder->path()).entryList({u"*.part-*"_s}).isEmpty());
    const Finished nowhere = command({u"backup"_s, m_folder->filePath(u"no/folder"_s)});
    QCOMPARE(nowhere.exitCode, 1);
    QVERIFY2(nowhere.errors.contains("No such file"), nowhere.errors.constData());
}

// A service may be allowed to write nowhere but in its own folder: who calls the command writes.
void ServerTest::backupNeedsNothingOfTheServer()
{
    ServerProcess server(data());
    QVERIFY(server.isReady());
    create(server, u"hero"_s, "{\"gold\": 1}");
    const QString backup = m_folder->filePath(u"backup.sqlite"_s);
    QCOMPARE(::kill(static_cast<pid_t>(server.pid()), SIGSTOP), 0);
    const Finished done = command({u"backup"_s, backup});
    QCOMPARE(::kill(static_cast<pid_t>(server.pid()), SIGCONT), 0);
    QVERIFY2(done.exitCode == 0, done.errors.constData());
    QCOMPARE(runServerCommand({u"show"_s, u"hero"_s, u"--store"_s, u"sqlite:"_s + backup}).output, QByteArray("{\"gold\":1}\n"));
}

void ServerTest::compactionMakesTheStoreSmaller()
{
    ServerProcess server(data());
    QVERIFY(server.isReady());
    const QByteArray text(200'000, 'x');
    for (int i = 0; i < 40; ++i)
        create(server, u"hero"_s, R"({"text": ")" + text + R"(", "n": )" + QByteArray::number(i) + "}");
    for (int i = 0; i < 40; ++i)
        create(server, u"hero"_s, R"({"text": ")" + QByteArray::number(i) + text + R"("})");
    const qint64 before = QFileInfo(data() + u"/eventsync.sqlite"_s).size();
    const Finished done = command({u"compact"_s, u"--keep"_s, u"2"_s});
    QVERIFY2(done.output.contains("bytes smaller"), (done.output + done.errors).constData());
    QTRY_VERIFY(QFileInfo(data() + u"/eventsync.sqlite"_s).size() < before / 2);
}

// What a killed server leaves is a store and the log beside it; what was acknowledged lies in both.
void ServerTest::restoreTakesWhatLiesInTheWriteAheadLog()
{
    const QString other = m_folder->filePath(u"other"_s);
    {
        ServerProcess server(other);
        QVERIFY(server.isReady());
        for (int i = 1; i <= 11; ++i)
            create(server, u"hero"_s, R"({"gold": )" + QByteArray::number(i) + "}");
        server.kill();
    }
    const QString killed = other + u"/eventsync.sqlite"_s;
    QVERIFY(QFileInfo(killed + u"-wal"_s).size() > 0);
    const Finished restored = command({u"restore"_s, killed});
    QVERIFY2(restored.exitCode == 0, restored.errors.constData());
    QCOMPARE(command({u"show"_s, u"hero"_s}).output, QByteArray("{\"gold\":11}\n"));
    QCOMPARE(runServerCommand({u"show"_s, u"hero"_s, u"--data"_s, other}).output, QByteArray("{\"gold\":11}\n")); // it lost nothing
}

void ServerTest::restoredStoreBelongsToTheOwnerOfTheFormerOne()
{
    const QString backup = m_folder->filePath(u"backup.sqlite"_s), store = data() + u"/eventsync.sqlite"_s;
    {
        ServerProcess server(data());
        QVERIFY(server.isReady());
        QCOMPARE(command({u"backup"_s, backup}).exitCode, 0);
        QCOMPARE(server.terminate(SIGTERM).exitCode, 0);
    }
    QCOMPARE(::chmod(store.toUtf8(), 0640), 0);
    const bool isRoot = ::geteuid() == 0;
    constexpr uid_t kService = 54'321;
    if (isRoot) {
        for (const QString &path : {data(), store})
            QCOMPARE(::chown(path.toUtf8(), kService, kService), 0);
        QVERIFY(QFile::remove(data() + u"/server.lock"_s));
    }
    for (const bool wasThere : {true, false}) {
        if (!wasThere)
            QVERIFY(QFile::remove(store));
        const Finished restored = command({u"restore"_s, backup});
        QVERIFY2(restored.exitCode == 0, restored.errors.constData());
        struct stat found = {};
        QCOMPARE(::stat(store.toUtf8(), &found), 0);
        QCOMPARE(found.st_mode & 0777, wasThere ? mode_t(0640) : mode_t(0600));
        QCOMPARE(found.st_uid, isRoot ? kService : ::geteuid());
        QCOMPARE(::stat((data() + u"/server.lock"_s).toUtf8(), &found), 0);
        QCOMPARE(found.st_uid, isRoot ? kService : ::geteuid());
    }
}

void ServerTest::restoreBehindALinkKeepsTheFormerStore()
{
    const QString backup = m_folder->filePath(u"backup.sqlite"_s), disk = m_folder->filePath(u"disk"_s);
    {
        ServerProcess server(data());
        QVERIFY(server.isReady());
        create(server, u"hero"_s, "{\"gold\": 1}");
        QCOMPARE(command({u"backup"_s, backup}).exitCode, 0);
        create(server, u"hero"_s, "{\"gold\": 2}");
        QCOMPARE(server.terminate(SIGTERM).exitCode, 0);
    }
    QVERIFY(QDir().mkdir(disk));
    QVERIFY(QFile::rename(data() + u"/eventsync.sqlite"_s, disk + u"/store"_s));
    QVERIFY(QFile::link(disk + u"/store"_s, data() + u"/eventsync.sqlite"_s));
    const Finished restored = command({u"restore"_s, backup});
    QVERIFY2(restored.exitCode == 0, restored.errors.constData());
    QCOMPARE(command({u"show"_s, u"hero"_s}).output, QByteArray("{\"gold\":1}\n"));
    const QStringList former = QDir(disk).entryList({u"store.before-*"_s});
    QCOMPARE(former.size(), 1);
    QCOMPARE(runServerCommand({u"show"_s, u"hero"_s, u"--store"_s, u"sqlite:"_s + disk + u'/' + former.at(0)}).output,
             QByteArray("{\"gold\":2}\n"));
}

void ServerTest::emptyStoreIsBegunAnewOnlyWhenTold()
{
    QVERIFY(QDir().mkdir(data()));
    QFile store(data() + u"/eventsync.sqlite"_s);
    QVERIFY(store.open(QIODevice::WriteOnly));
    store.close();
    const Finished refused = command({});
    QCOMPARE(refused.exitCode, 5);
    QVERIFY2(refused.errors.contains("0 bytes") && refused.errors.contains("--create"), refused.errors.constData());
    QVERIFY(ServerProcess(data(), {u"--create"_s}).isReady());
    QVERIFY(ServerProcess(data()).isReady()); // it is a store now
}

void ServerTest::removedStoreTakesNoEditsAndIsNotReady()
{
    ServerProcess server(data());
    QVERIFY(server.isReady());
    create(server, u"hero"_s, "{\"gold\": 1}");
    QCOMPARE(curl({server.url(u"/readyz"_s).toString()}).output, QByteArray("ready\n"));
    QVERIFY(QDir(data()).removeRecursively());
    const QByteArray said = curl({server.url(u"/readyz"_s).toString()}).output;
    QCOMPARE(textIn(said, "code"), QByteArray("IoError"));
    QVERIFY2(said.contains("gone"), said.constData());
    QCOMPARE(textIn(create(server, u"hero"_s, "{\"gold\": 2}"), "code"), QByteArray("IoError"));
    QCOMPARE(curl({server.url(u"/api/games/hero"_s).toString()}).output, QByteArray("{\"gold\":1,\"version\":1}"));
    QVERIFY(!server.hasEnded());
    QCOMPARE(server.errors().count("the store takes no edits"), 1);
}

void ServerTest::aSlowExportLetsTheWriteAheadLogBeCutBack()
{
    ServerProcess server(data(), {u"--durability"_s, u"off"_s});
    QVERIFY(server.isReady());
    const auto write = [&](int number) {
        create(server, u"hero-"_s + QString::number(number), R"({"text": ")" + QByteArray(800'000, 'x') + R"("})");
    };
    for (int i = 0; i < 3; ++i)
        write(i);
    const QString pipe = m_folder->filePath(u"pipe"_s);
    QCOMPARE(::mkfifo(pipe.toUtf8(), 0600), 0);
    const int reader = ::open(pipe.toUtf8(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    QVERIFY(reader >= 0);
    QProcess exporting;
    exporting.start(QStringLiteral(EVENTSYNC_SERVER_PROGRAM), {u"export"_s, pipe, u"--data"_s, data()});
    int waiting = 0;
    QTRY_VERIFY(::ioctl(reader, FIONREAD, &waiting) == 0 && waiting > 0); // and nobody takes it
    for (int i = 3; i < 23; ++i)
        write(i);
    const qint64 log = QFileInfo(data() + u"/eventsync.sqlite-wal"_s).size();
    QVERIFY2(log < 26'000'000, QByteArray::number(log).constData());
    QByteArray exported;
    const auto take = [&] {
        QByteArray some(65'536, '\0');
        for (ssize_t size = 1; size > 0; exported += some.left(std::max<ssize_t>(size, 0)))
            size = ::read(reader, some.data(), static_cast<std::size_t>(some.size()));
        return exporting.state() == QProcess::NotRunning;
    };
    QTRY_VERIFY(take());
    take();
    ::close(reader);
    QCOMPARE(exporting.exitCode(), 0);
    const Finished imported = runServerCommand({u"import"_s, u"--data"_s, m_folder->filePath(u"imported"_s)}, exported);
    QVERIFY2(imported.errors.contains("imported 3 events of 3 documents"), imported.errors.constData()); // of the moment it began
}

void ServerTest::exportGoesThroughAPipeIntoAnotherStore()
{
    {
        ServerProcess server(data());
        QVERIFY(server.isReady());
        for (int i = 0; i < 5; ++i) {
            create(server, u"hero"_s, R"({"gold": )" + QByteArray::number(i) + "}");
            create(server, u"other"_s, R"({"n": )" + QByteArray::number(i) + "}");
        }
        QCOMPARE(command({u"compact"_s, u"--keep"_s, u"2"_s, u"--document"_s, u"other"_s}).exitCode, 0);
        QCOMPARE(server.terminate(SIGTERM).exitCode, 0);
    }
    const Finished exported = command({u"export"_s});
    QCOMPARE(exported.exitCode, 0);
    const QString other = m_folder->filePath(u"imported"_s);
    const Finished imported = runServerCommand({u"import"_s, u"--data"_s, other}, exported.output);
    QVERIFY2(imported.exitCode == 0, imported.errors.constData());
    QCOMPARE(runServerCommand({u"verify"_s, u"--data"_s, other}).exitCode, 0);
    const Finished again = runServerCommand({u"export"_s, u"--data"_s, other});
    const auto withoutHeader = [](const QByteArray &text) { return text.mid(text.indexOf('\n')); };
    QCOMPARE(withoutHeader(again.output), withoutHeader(exported.output));
    ServerProcess server(other);
    QVERIFY2(server.isReady(), server.errors().constData());
    QCOMPARE(create(server, u"hero"_s, "{\"gold\": 9}"), QByteArray("{\"gold\":9,\"version\":6}")); // G2: the count goes on
}

void ServerTest::verifyFindsATamperedStore()
{
    {
        ServerProcess server(data());
        QVERIFY(server.isReady());
        create(server, u"hero"_s, "{\"gold\": 1}");
        create(server, u"hero"_s, "{\"gold\": 2}");
        QCOMPARE(server.terminate(SIGTERM).exitCode, 0);
    }
    // A state that is not what the log says, changed behind everybody's back by its bytes on the disk.
    QFile store(data() + u"/eventsync.sqlite"_s);
    QVERIFY(store.open(QIODevice::ReadWrite));
    QByteArray bytes = store.readAll();
    const auto at = bytes.indexOf("{\"gold\":2}");
    QVERIFY(at >= 0);
    bytes.replace(at, 10, "{\"gold\":7}");
    QVERIFY(store.seek(0) && store.write(bytes) == bytes.size());
    store.close();
    const Finished verified = command({u"verify"_s});
    QCOMPARE(verified.exitCode, 1);
    QVERIFY2(verified.output.contains("hero"), verified.output.constData());
    QCOMPARE(command({u"rebuild"_s}).exitCode, 0);
    QCOMPARE(command({u"verify"_s}).exitCode, 0);
    QCOMPARE(command({u"show"_s, u"hero"_s}).output, QByteArray("{\"gold\":2}\n"));
}

// G2: one number in one old event is altered on the disk. A client that asks for it is told so by name and stays connected, the
// log says it once, and whatever else is in the store goes on.
void ServerTest::aDamagedLogIsNamedAtTheClientAndInTheServersLog()
{
    {
        ServerProcess server(data());
        QVERIFY2(server.isReady(), server.errors().constData());
        create(server, u"hero"_s, R"({"gold": 0})");
        create(server, u"other"_s, R"({"gold": 5})");
        const auto writer = openClient(m_folder->filePath(u"a.sqlite"_s), server.webSocketUrl());
        QTRY_COMPARE(goldOf(*writer), 0);
        for (int i = 0; i < 100; ++i) // more than a server reads when it loads a document
            QVERIFY(resultOf(writer->update(kHero, addGold(i == 5 ? 7'777 : 1)))->has_value());
        QVERIFY(resultOf(writer->waitForSettled(kHero))->has_value());
        writer->goOffline();
        QCOMPARE(server.terminate(SIGTERM).exitCode, 0);
    }
    QFile store(data() + u"/eventsync.sqlite"_s);
    QVERIFY(store.open(QIODevice::ReadWrite));
    QByteArray bytes = store.readAll();
    QVERIFY(bytes.contains("\"value\":7777"));
    bytes.replace("\"value\":7777", "\"value\":7778");
    QVERIFY(store.seek(0) && store.write(bytes) == bytes.size());
    store.close();

    ServerProcess server(data());
    QVERIFY2(server.isReady(), server.errors().constData());
    const auto opened = SyncClient::open(m_folder->filePath(u"b.sqlite"_s).toStdString(), {.connect = client::dialing(server.webSocketUrl())});
    QVERIFY(opened.has_value());
    SyncClient &reader = **opened;
    QSignalSpy refused(&reader, &SyncClient::documentRefused), states(&reader, &SyncClient::stateChanged);
    reader.openDocument(kHero, kGames);
    reader.openDocument(DocumentId("other"), kGames);
    reader.goOnline();
    QTRY_COMPARE_WITH_TIMEOUT(refused.count(), 1, 30'000);
    QCOMPARE(refused.at(0).at(0).value<DocumentId>(), kHero);
    QCOMPARE(refused.at(0).at(1).value<Error>().code, ErrorCode::Corrupt);
    QTRY_VERIFY_WITH_TIMEOUT(reader.core().optimistic(DocumentId("other")), 30'000);
    const auto changes = states.count();
    QCOMPARE(reader.state(), SyncClient::State::Online);
    QVERIFY(resultOf(reader.update(DocumentId("other"), addGold(1)))->has_value());
    QVERIFY(resultOf(reader.waitForSettled(DocumentId("other")))->has_value());
    QCOMPARE(refused.count(), 1);
    QCOMPARE(states.count(), changes); // it never left
    for (const QString &path : {u"/api/events/hero"_s, u"/api/games/hero?at=50"_s, u"/api/snapshots/hero?at=50"_s})
        QVERIFY(curl({server.url(path).toString()}).output.contains("event 7 of hero is not what was logged"));
    const QByteArray numbers = curl({server.url(u"/metrics"_s).toString()}).output;
    QVERIFY2(numbers.contains("eventsync_damaged_places_total 1\n"), numbers.constData());
    QCOMPARE(curl({server.url(u"/api/games/other"_s).toString()}).output, QByteArray("{\"gold\":6,\"version\":2}"));
    const Finished stopped = server.terminate(SIGTERM);
    QCOMPARE(stopped.exitCode, 0);
    QCOMPARE(stopped.errors.count("the store is damaged: event 7 of hero is not what was logged"), 1);
    QCOMPARE(command({u"verify"_s}).exitCode, 1);
    for (const QStringList &more : {QStringList{}, QStringList{u"--document"_s, u"hero"_s}}) {
        const Finished log = command(QStringList{u"log"_s} + more); // goes on after it
        QCOMPARE(log.exitCode, 1);
        QCOMPARE(log.errors.count("event 7 of hero is not what was logged"), 1);
        QCOMPARE(log.output.count("games/hero  "), 100);
        QVERIFY(log.output.contains("games/hero  101  ") && !log.output.contains("games/hero  7  "));
    }
    QVERIFY(command({u"log"_s, u"--json"_s}).output.contains("{\"damaged\":{\"message\":\"event 7 of hero is not what was logged\"}}\n"));
    const Finished exported = command({u"export"_s}); // of everything else
    QCOMPARE(exported.exitCode, 1);
    QVERIFY2(exported.errors.contains("hero"), exported.errors.constData());
    QVERIFY(exported.output.contains("\"other\"") && !exported.output.contains("\"hero\""));
    QCOMPARE(runServerCommand({u"import"_s, u"--data"_s, m_folder->filePath(u"b"_s)}, exported.output).exitCode, 0);
}

// G12: the server goes back in time, and gets from the client what it lost.
void ServerTest::restoreBeginsAnEpochAndTheClientRepairs()
{
    const QString backup = m_folder->filePath(u"backup.sqlite"_s);
    auto server = std::make_unique<ServerProcess>(data());
    QVERIFY(server->isReady());
    create(*server, u"hero"_s, R"({"gold": 0})");
    const auto writer = openClient(m_folder->filePath(u"a.sqlite"_s), server->webSocketUrl());
    QTRY_COMPARE(goldOf(*writer), 0);
    QVERIFY(resultOf(writer->update(kHero, addGold(1)))->has_value());
    QVERIFY(resultOf(writer->waitForSettled(kHero))->has_value());
    QCOMPARE(command({u"backup"_s, backup}).exitCode, 0);
    for (int i = 0; i < 5; ++i)
        QVERIFY(resultOf(writer->update(kHero, addGold(10)))->has_value());
    QVERIFY(resultOf(writer->waitForSettled(kHero))->has_value());
    writer->goOffline();
    QCOMPARE(server->terminate(SIGTERM).exitCode, 0);
    const Finished restored = command({u"restore"_s, backup});
    QVERIFY2(restored.exitCode == 0 && restored.output.contains("new epoch"), (restored.output + restored.errors).constData());
    QCOMPARE(command({u"show"_s, u"hero"_s}).output, QByteArray("{\"gold\":1}\n"));
    QCOMPARE(QDir(data()).entryList({u"*.before-*"_s}).size(), 1);
    server = std::make_unique<ServerProcess>(data());
    QVERIFY2(server->isReady(), server->errors().constData());
    create(*server, u"other"_s, "{}");
    QSignalSpy diverged(writer.get(), &SyncClient::documentDiverged);
    writer->setServer(client::dialing(server->webSocketUrl()));
    writer->goOnline();
    QTRY_COMPARE_WITH_TIMEOUT(curl({server->url(u"/api/games/hero"_s).toString()}).output, QByteArray("{\"gold\":51,\"version\":7}"), 30'000);
    QCOMPARE(diverged.count(), 1);
    QCOMPARE(goldOf(*writer), 51);
    QCOMPARE(command({u"verify"_s}).exitCode, 0);
}

void ServerTest::aFollowerOfTheLogIsToldOfARestore_data()
{
    QTest::addColumn<QStringList>("more");
    QTest::newRow("the whole log") << QStringList();
    QTest::newRow("of one document") << QStringList{u"--document"_s, u"hero"_s};
}

void ServerTest::aFollowerOfTheLogIsToldOfARestore()
{
    QFETCH(QStringList, more);
    const QString backup = m_folder->filePath(u"backup.sqlite"_s);
    auto server = std::make_unique<ServerProcess>(data());
    QVERIFY(server->isReady());
    for (const char *state : {"{\"gold\":1}", "{\"gold\":2}"})
        create(*server, u"hero"_s, state);
    QCOMPARE(command({u"backup"_s, backup}).exitCode, 0);
    create(*server, u"hero"_s, "{\"gold\":3}");
    QProcess follower;
    follower.start(QStringLiteral(EVENTSYNC_SERVER_PROGRAM),
                   QStringList{u"log"_s, u"--follow"_s, u"--json"_s, u"--data"_s, data()} + more);
    QByteArray followed;
    QTRY_COMPARE((followed += follower.readAllStandardOutput()).count('\n'), 3);
    QCOMPARE(server->terminate(SIGTERM).exitCode, 0);
    QCOMPARE(command({u"restore"_s, backup}).exitCode, 0);
    server = std::make_unique<ServerProcess>(data());
    QVERIFY2(server->isReady(), server->errors().constData());
    create(*server, u"hero"_s, "{\"gold\":40}");
    QTRY_COMPARE((followed += follower.readAllStandardOutput()).count('\n'), 5);
    const QList<QByteArray> lines = followed.split('\n');
    QVERIFY2(lines.at(3).startsWith("{\"diverged\":{\"after\":2,"), lines.at(3).constData());
    QVERIFY2(lines.at(4).contains("\"value\":38"), lines.at(4).constData()); // on top of the 2 of the backup
    follower.kill();
    follower.waitForFinished();
}

} // namespace eventsync::test

QTEST_GUILESS_MAIN(eventsync::test::ServerTest)
#include "tst_server.moc"
