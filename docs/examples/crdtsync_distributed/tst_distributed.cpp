// SPDX-License-Identifier: Apache-2.0
// Runs the example as a person would: commands in, answers out; two processes over a real Redis.
#include <support/redisserver.h>

#include <QDeadlineTimer>
#include <QProcess>
#include <QTest>

using namespace Qt::StringLiterals;
using eventsync::test::RedisServer;

namespace {

class Program
{
public:
    explicit Program(const QStringList &arguments)
    {
        m_process.setProcessChannelMode(QProcess::MergedChannels);
        m_process.start(QString::fromUtf8(EVENTSYNC_EXAMPLE), arguments);
    }
    ~Program()
    {
        m_process.kill();
        m_process.waitForFinished();
    }
    void type(const QByteArray &line)
    {
        m_process.write(line + '\n');
        m_process.waitForBytesWritten();
    }
    // Reads on until a line with this text has come.
    bool says(const QByteArray &text, int time = 15'000)
    {
        QDeadlineTimer deadline(time);
        while (!m_read.contains(text)) {
            if (deadline.hasExpired() || m_process.state() == QProcess::NotRunning)
                break;
            m_process.waitForReadyRead(100);
            m_read += m_process.readAll();
        }
        m_read += m_process.readAll();
        const auto at = m_read.indexOf(text);
        if (at < 0)
            qWarning("%s", m_read.constData());
        else
            m_read.remove(0, at + text.size());
        return at >= 0;
    }
    // Types the command until the answer is this.
    bool comesToShow(const QByteArray &view, const QByteArray &command = "show")
    {
        for (int i = 0; i < 100; ++i) {
            type(command);
            m_process.waitForReadyRead(100);
            m_read += m_process.readAll();
            if (m_read.contains(view))
                return true;
            QTest::qWait(50);
        }
        qWarning("%s", m_read.constData());
        return false;
    }
    bool ends()
    {
        return m_process.waitForFinished(10'000) && m_process.exitStatus() == QProcess::NormalExit && m_process.exitCode() == 0;
    }

private:
    QProcess m_process;
    QByteArray m_read;
};

} // namespace

class TestDistributed : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void severalNodesInOneProgram()
    {
        Program program({u"--nodes"_s, u"3"_s});
        QVERIFY(program.says("ready"));
        program.type("set title Hello World");
        program.type("use 3");
        QVERIFY(program.comesToShow("node-3: {\"title\":\"Hello World\"}"));
        QVERIFY(program.comesToShow("node-3: peers node-1 node-2", "peers"));
        program.type("del title");
        program.type("use 2");
        QVERIFY(program.comesToShow("node-2: {}"));
        program.type("nonsense");
        QVERIFY(program.says("commands: set KEY TEXT"));
        program.type("quit");
        QVERIFY(program.ends());
    }
    void twoProgramsOverRedis()
    {
        EVENTSYNC_NEEDS_REDIS();
        RedisServer server;
        QVERIFY(server.start());
        const QString url = QString::fromStdString(server.url());
        const QTemporaryDir folder;
        const QStringList aliceArguments{u"--redis"_s, url, u"--node"_s, u"alice"_s, u"--store"_s, folder.filePath(u"alice.db"_s)};
        Program bob({u"--redis"_s, url, u"--node"_s, u"bob"_s});
        QVERIFY(bob.says("ready"));
        {
            Program alice(aliceArguments);
            QVERIFY(alice.says("ready"));
            alice.type("set title from alice");
            QVERIFY(bob.comesToShow("bob: {\"title\":\"from alice\"}"));
            bob.type("set text 안녕");
            QVERIFY(alice.comesToShow("alice: {\"text\":\"안녕\",\"title\":\"from alice\"}"));
            QVERIFY(bob.comesToShow("bob: peers alice", "peers"));
            server.stop(); // both go on alone
            alice.type("set a 1");
            bob.type("set b 2");
            QVERIFY(alice.comesToShow("\"a\":\"1\""));
            QVERIFY(server.start());
            QVERIFY(alice.comesToShow("alice: {\"a\":\"1\",\"b\":\"2\",\"text\":\"안녕\",\"title\":\"from alice\"}"));
            QVERIFY(bob.comesToShow("bob: {\"a\":\"1\",\"b\":\"2\",\"text\":\"안녕\",\"title\":\"from alice\"}"));
            alice.type("quit");
            QVERIFY(alice.ends());
        }
        // Alice comes back with her file; bob has gone on meanwhile.
        bob.type("set c 3");
        Program alice(aliceArguments);
        QVERIFY(alice.says("ready"));
        QVERIFY(alice.comesToShow("alice: {\"a\":\"1\",\"b\":\"2\",\"c\":\"3\",\"text\":\"안녕\",\"title\":\"from alice\"}"));
        alice.type("set d 4");
        QVERIFY(bob.comesToShow("\"c\":\"3\",\"d\":\"4\""));
        bob.type("quit");
        QVERIFY(bob.ends());
    }
};

QTEST_GUILESS_MAIN(TestDistributed)
#include "tst_distributed.moc"
