// SPDX-License-Identifier: Apache-2.0
#include "windowrig.h"

#include <desktop/play/actions.h>
#include <desktop/play/player.h>

#include <QElapsedTimer>
#include <QFile>
#include <QTest>

namespace eventsync::desktop::test {

using namespace Qt::StringLiterals;
using client::SyncClient;

bool Server::start(const QString &folder)
{
    QString program = qEnvironmentVariable("EVENTSYNC_SERVER_PROGRAM");
#ifdef EVENTSYNC_SERVER_PROGRAM
    if (program.isEmpty())
        program = QStringLiteral(EVENTSYNC_SERVER_PROGRAM);
#endif
    if (program.isEmpty())
        return false;
    const QString port = folder + "/port"_L1;
    m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    m_process.start(program,
                    {u"--listen"_s, u"127.0.0.1:0"_s, u"--port-file"_s, port, u"--data"_s, folder + "/server"_L1,
                     u"--log-level"_s, u"warning"_s});
    QElapsedTimer since;
    since.start();
    while (since.elapsed() < kWaitMs && m_process.state() != QProcess::NotRunning) {
        QFile file(port);
        if (file.open(QIODevice::ReadOnly)) {
            m_url = QUrl("http://127.0.0.1:"_L1 + QString::fromLatin1(file.readAll().trimmed()));
            return true;
        }
        QTest::qWait(20);
    }
    return false;
}

Server::~Server()
{
    stop();
}

void Server::stop()
{
    if (m_process.state() == QProcess::NotRunning)
        return;
    m_process.terminate();
    if (!m_process.waitForFinished(5'000))
        m_process.kill();
    m_process.waitForFinished(5'000);
}

bool WindowRig::open(const QString &name)
{
    auto opened = Profile::open(name, folder.path());
    if (!opened)
        return false;
    profile = std::move(*opened);
    client::SyncClientOptions options;
    options.core.wantClocks = true;
    options.core.queueEntries = queueEntries;
    options.core.policies.set(Session::collection(), CollectionPolicy::games());
    auto client = SyncClient::open(profile->takeStore(), std::move(options));
    if (!client)
        return false;
    session = std::make_unique<Session>(std::move(*client), name);
    window = std::make_unique<MainWindow>(*session, *profile);
    window->show();
    return true;
}

void WindowRig::close()
{
    window.reset();
    session.reset();
    profile.reset();
}

std::optional<DocumentId> WindowRig::show(Session::Kind kind, const QString &name)
{
    const auto id = session->create(kind, name);
    if (id)
        window->showDocument(*id);
    return id;
}

QString WindowRig::play(const QString &line)
{
    const auto step = parsePlayLine(line, 1);
    if (!step || !*step)
        return step ? u"nothing to do"_s : QString::fromStdString(step.error().message);
    QElapsedTimer since;
    since.start();
    while (true) {
        const bool isCondition = (*step)->command == "expect"_L1 || (*step)->command == "wait-for"_L1;
        const NotYet reason = isCondition ? checkCondition(*window, (*step)->words)
                                          : performAction(*window, **step, [](const QString &) {});
        if (!reason)
            return {};
        if (since.elapsed() > ((*step)->within ? (*step)->within->count() : kWaitMs))
            return u"%1: %2"_s.arg(line, *reason);
        QTest::qWait(10);
    }
}

} // namespace eventsync::desktop::test
