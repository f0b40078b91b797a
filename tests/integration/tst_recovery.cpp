// SPDX-License-Identifier: Apache-2.0
//
// Three replicas and a server as real processes, with real kills: what a replica promised is in every state at the end
// (G1, G8, G9).
#include "serverprocess.h"

#include <eventsync/json/pointer.h>
#include <eventsync/json/value.h>

#include <QElapsedTimer>
#include <QTcpSocket>
#include <QTest>

#include <set>

using namespace eventsync;
using namespace eventsync::test;

namespace {

class ReplicaProcess
{
public:
    ReplicaProcess(QString profile, QString name) : m_profile(std::move(profile)), m_name(std::move(name)) { start(); }
    ~ReplicaProcess()
    {
        m_process.kill();
        m_process.waitForFinished();
    }

    void start()
    {
        m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        m_process.start(QStringLiteral(EVENTSYNC_REPLICA_PROGRAM), {m_profile, m_name});
        QVERIFY2(waitFor("ready"), "a replica does not start");
    }
    void kill()
    {
        m_process.kill(); // SIGKILL
        m_process.waitForFinished();
        collect();
    }
    void say(const QByteArray &line) { m_process.write(line + '\n'); }
    bool waitFor(const QByteArray &start, int ms = 60'000)
    {
        QElapsedTimer timer;
        timer.start();
        while (timer.elapsed() < ms) {
            collect();
            for (qsizetype i = 0; i < m_lines.size(); ++i) {
                if (m_lines[i].startsWith(start)) {
                    m_last = m_lines.takeAt(i);
                    return true;
                }
            }
            m_process.waitForReadyRead(20);
        }
        return false;
    }
    json::Value show()
    {
        say("show");
        return waitFor("{") ? json::parse(m_last.toStdString()).value_or(json::Value()) : json::Value();
    }
    // The edits it said to be durable.
    const std::set<QByteArray> &promised()
    {
        collect();
        return m_promised;
    }

private:
    void collect()
    {
        m_process.waitForReadyRead(0);
        while (m_process.canReadLine()) {
            const QByteArray line = m_process.readLine().trimmed();
            if (line.startsWith("promised "))
                m_promised.insert(line.mid(9));
            else
                m_lines.append(line);
        }
    }

    QString m_profile, m_name;
    QProcess m_process;
    QList<QByteArray> m_lines;
    QByteArray m_last;
    std::set<QByteArray> m_promised;
};

} // namespace

class RecoveryTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whatWasPromisedSurvivesKillsOnBothSides();
    void aRepeatedRequestCountsOnceAfterAKill();
};

void RecoveryTest::whatWasPromisedSurvivesKillsOnBothSides()
{
    QTemporaryDir folder;
    const QString data = folder.filePath(QStringLiteral("server"));
    auto server = std::make_unique<ServerProcess>(data);
    QVERIFY(server->isReady());
    ReplicaProcess alice(folder.filePath(QStringLiteral("alice.db")), QStringLiteral("alice"));
    ReplicaProcess bob(folder.filePath(QStringLiteral("bob.db")), QStringLiteral("bob"));
    ReplicaProcess carol(folder.filePath(QStringLiteral("carol.db")), QStringLiteral("carol"));
    const std::vector<ReplicaProcess *> all{&alice, &bob, &carol};
    const auto connectAll = [&] {
        for (ReplicaProcess *replica : all) {
            replica->say("server " + server->url().toEncoded());
            replica->say("online");
        }
    };
    connectAll();
    alice.say("create");
    QVERIFY(alice.waitFor("created"));
    for (ReplicaProcess *replica : all)
        QTRY_COMPARE_WITH_TIMEOUT(replica->show().at("version").to_number<int>(), 1, 30'000);

    // Bob edits offline and is killed in the middle of it.
    bob.say("offline");
    bob.say("edit 0 60");
    QTRY_VERIFY_WITH_TIMEOUT(bob.promised().size() >= 10, 30'000);
    bob.kill();
    QVERIFY(bob.promised().size() >= 10);

    // The others go on, and under their load the server is killed, twice.
    for (int round = 0; round < 2; ++round) {
        const QByteArray from = QByteArray::number(round * 100);
        const std::size_t before = alice.promised().size();
        alice.say("edit " + from + " 100");
        carol.say("edit " + from + " 100");
        QTRY_VERIFY_WITH_TIMEOUT(alice.promised().size() > before + 20, 30'000);
        server->kill();
        server = std::make_unique<ServerProcess>(data);
        QVERIFY(server->isReady());
        if (round == 1)
            bob.start();
        connectAll();
    }
    for (ReplicaProcess *replica : all) {
        QTRY_VERIFY_WITH_TIMEOUT(replica == &bob || replica->promised().size() == 200, 60'000);
        replica->say("settle");
        QVERIFY(replica->waitFor("settled"));
    }

    // All are equal to each other and to the server, and hold every promised edit once.
    const Finished served = curl({QStringLiteral("-s"), server->url(QStringLiteral("/api/games/hero")).toString()});
    json::Value expected = json::parse(served.output.toStdString()).value_or(json::Value());
    QVERIFY(expected.is_object());
    expected.as_object().erase("version");
    const std::string wanted = json::canonical(expected);
    for (ReplicaProcess *replica : all) {
        QTRY_COMPARE_WITH_TIMEOUT(json::canonical(replica->show().at("state")), wanted, 30'000);
        QCOMPARE(replica->show().at("queue").to_number<int>(), 0);
    }
    const json::Object &notes = expected.at("notes").as_object();
    for (ReplicaProcess *replica : all) {
        for (const QByteArray &key : replica->promised())
            QVERIFY2(notes.contains(key.toStdString()), key.constData());
    }
    // Bob may have stored one more than he had time to say; each edit that is there added its one piece of gold.
    QCOMPARE(expected.at("gold").to_number<std::size_t>(), notes.size());
    QVERIFY(notes.size() >= alice.promised().size() + bob.promised().size() + carol.promised().size());
    const Finished verified = runServerCommand({QStringLiteral("verify"), QStringLiteral("--data"), data});
    QCOMPARE(verified.exitCode, 0);
}

// Twenty requests are under way when the server is killed: of some the event is in the log and the answer never came. All
// are sent again with their keys, and each has changed the document once.
void RecoveryTest::aRepeatedRequestCountsOnceAfterAKill()
{
    constexpr int kRounds = 6, kRequests = 20;
    QTemporaryDir folder;
    const QString data = folder.filePath(QStringLiteral("server"));
    auto server = std::make_unique<ServerProcess>(data);
    QVERIFY(server->isReady());
    const auto get = [&](const QString &path) {
        return json::parse(curl({QStringLiteral("-s"), server->url(path).toString()}).output.toStdString()).value_or(json::Value());
    };
    const QString path = QStringLiteral("/api/games/hero");
    QCOMPARE(curl({QStringLiteral("-sf"), QStringLiteral("-X"), QStringLiteral("PUT"), QStringLiteral("-H"),
                   QStringLiteral("Content-Type: application/json"), QStringLiteral("-d"), QStringLiteral(R"({"gold":0})"),
                   server->url(path).toString()}).exitCode, 0);
    const QByteArray body = R"([{"op":"inc","path":"/gold","value":1}])";
    int loggedBeforeTheKill = 0;
    for (int round = 0; round < kRounds; ++round) {
        std::vector<std::unique_ptr<QTcpSocket>> sockets;
        for (int i = 0; i < kRequests; ++i) {
            sockets.push_back(std::make_unique<QTcpSocket>());
            sockets.back()->connectToHost(server->url().host(), static_cast<quint16>(server->url().port()));
            QVERIFY(sockets.back()->waitForConnected(10'000));
        }
        for (int i = 0; i < kRequests; ++i) {
            sockets[static_cast<std::size_t>(i)]->write(
                "PATCH /api/games/hero HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json-patch+json\r\nIdempotency-Key: "
                + QByteArray::number(round) + '-' + QByteArray::number(i) + "\r\nContent-Length: " + QByteArray::number(body.size())
                + "\r\n\r\n" + body);
            sockets[static_cast<std::size_t>(i)]->flush();
        }
        QVERIFY(sockets[static_cast<std::size_t>(round)]->waitForReadyRead(10'000));
        server->kill();
        server = std::make_unique<ServerProcess>(data);
        QVERIFY(server->isReady());
        loggedBeforeTheKill += get(path).at("gold").to_number<int>() - round * kRequests;
        for (int i = 0; i < kRequests; ++i) {
            const Finished repeated = curl({QStringLiteral("-sf"), QStringLiteral("-X"), QStringLiteral("PATCH"), QStringLiteral("-H"),
                                            QStringLiteral("Content-Type: application/json-patch+json"), QStringLiteral("-H"),
                                            QStringLiteral("Idempotency-Key: %1-%2").arg(round).arg(i), QStringLiteral("--data-binary"),
                                            QString::fromUtf8(body), server->url(path).toString()});
            QVERIFY2(repeated.exitCode == 0, (repeated.output + repeated.errors).constData());
        }
        QCOMPARE(get(path).at("gold").to_number<int>(), (round + 1) * kRequests);
    }
    QVERIFY(loggedBeforeTheKill >= kRounds); // at the least the one that was answered
    const Finished verified = runServerCommand({QStringLiteral("verify"), QStringLiteral("--data"), data});
    QCOMPARE(verified.exitCode, 0);
}

QTEST_GUILESS_MAIN(RecoveryTest)
#include "tst_recovery.moc"
