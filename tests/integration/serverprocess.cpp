// SPDX-License-Identifier: Apache-2.0
#include "serverprocess.h"

#include <QFile>
#include <QTest>

#include <csignal>

namespace eventsync::test {

namespace {

constexpr int kLongMs = static_cast<int>(kProgramTime.count());

} // namespace

Finished run(const QString &program, const QStringList &arguments, const QByteArray &input, std::chrono::milliseconds atMost)
{
    QProcess process;
    process.start(program, arguments);
    if (!process.waitForStarted())
        return {-1, {}, process.errorString().toUtf8()};
    process.write(input);
    process.closeWriteChannel();
    // The test's own event loop goes on: clients in this process must not look dead meanwhile.
    if (!QTest::qWaitFor([&] { return process.state() == QProcess::NotRunning; }, static_cast<int>(atMost.count())))
        process.kill();
    process.waitForFinished();
    return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1, process.readAllStandardOutput(),
            process.readAllStandardError()};
}

Finished runServerCommand(const QStringList &arguments, const QByteArray &input)
{
    return run(QStringLiteral(EVENTSYNC_SERVER_PROGRAM), arguments, input);
}

Finished curl(const QStringList &arguments, const QByteArray &input)
{
    return run(QStringLiteral(EVENTSYNC_CURL_PROGRAM),
               QStringList{QStringLiteral("-sS"), QStringLiteral("--max-time"), QStringLiteral("20")} + arguments, input);
}

ServerProcess::ServerProcess(const QString &dataFolder, const QStringList &more) : m_process(std::make_unique<QProcess>())
{
    const QString portFile = m_folder.filePath(QStringLiteral("port"));
    m_process->start(QStringLiteral(EVENTSYNC_SERVER_PROGRAM),
                     QStringList{QStringLiteral("--listen"), QStringLiteral("127.0.0.1:0"), QStringLiteral("--port-file"), portFile,
                                 QStringLiteral("--data"), dataFolder} + more);
    static_cast<void>(QTest::qWaitFor([&] { return QFile::exists(portFile) || hasEnded(); }, kLongMs));
    QFile file(portFile);
    if (file.open(QIODevice::ReadOnly))
        m_port = file.readAll().trimmed().toInt();
}

ServerProcess::~ServerProcess()
{
    kill();
}

QUrl ServerProcess::url(const QString &path) const
{
    return QUrl(QStringLiteral("http://127.0.0.1:%1%2").arg(QString::number(m_port), path));
}

QUrl ServerProcess::webSocketUrl(const QString &path) const
{
    return QUrl(QStringLiteral("ws://127.0.0.1:%1%2").arg(QString::number(m_port), path));
}

void ServerProcess::kill()
{
    if (hasEnded())
        return;
    m_process->kill();
    m_process->waitForFinished();
}

Finished ServerProcess::terminate(int signal)
{
    ::kill(static_cast<pid_t>(pid()), signal);
    static_cast<void>(QTest::qWaitFor([&] { return hasEnded(); }, kLongMs));
    return {m_process->exitStatus() == QProcess::NormalExit && hasEnded() ? m_process->exitCode() : -1,
            m_process->readAllStandardOutput(), m_process->readAllStandardError()};
}

} // namespace eventsync::test
