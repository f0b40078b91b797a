// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QProcess>
#include <QStringList>
#include <QTemporaryDir>
#include <QUrl>

#include <chrono>
#include <memory>

namespace eventsync::test {

struct Finished
{
    int exitCode = -1;
    QByteArray output, errors;
};

// Runs a program to its end. `input` goes to its standard input. Killed if it takes longer.
constexpr std::chrono::milliseconds kProgramTime{60'000};
Finished run(const QString &program, const QStringList &arguments, const QByteArray &input = {},
             std::chrono::milliseconds atMost = kProgramTime);
Finished runServerCommand(const QStringList &arguments, const QByteArray &input = {});
Finished curl(const QStringList &arguments, const QByteArray &input = {});

// eventsync-server as a process of its own, on a free port of the loopback interface. Killed when this goes.
class ServerProcess
{
public:
    explicit ServerProcess(const QString &dataFolder, const QStringList &more = {});
    ~ServerProcess();

    bool isReady() const { return m_port != 0; }
    QUrl url(const QString &path = {}) const;
    QUrl webSocketUrl(const QString &path = QStringLiteral("/sync")) const;
    qint64 pid() const { return m_process->processId(); }
    void kill();                       // SIGKILL, and waits for the end
    Finished terminate(int signal);    // and waits
    bool hasEnded() const { return m_process->state() == QProcess::NotRunning; }
    QByteArray errors() const { return m_process->readAllStandardError(); }

private:
    QTemporaryDir m_folder;
    std::unique_ptr<QProcess> m_process;
    int m_port = 0;
};

} // namespace eventsync::test
