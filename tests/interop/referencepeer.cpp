// SPDX-License-Identifier: Apache-2.0
#include "referencepeer.h"

#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QStandardPaths>

namespace {

constexpr int kInstallTime = 180'000; // ms
constexpr int kAnswerTime = 60'000;
constexpr int kOldestNode = 18;

} // namespace

QString ReferencePeer::install(const QString &folder)
{
    if (QFile::exists(folder + QStringLiteral("/node_modules/json-joy/package.json")))
        return {};
    if (!QDir().mkpath(folder))
        return QStringLiteral("cannot make ") + folder;
    QFile package(folder + QStringLiteral("/package.json"));
    if (package.open(QIODevice::WriteOnly))
        package.write("{\"private\":true}\n");
    package.close();
    QProcess npm;
    npm.setWorkingDirectory(folder);
    npm.start(QStringLiteral("npm"), {QStringLiteral("install"), QStringLiteral("--no-audit"), QStringLiteral("--no-fund"),
                                      QStringLiteral("--ignore-scripts"), QStringLiteral("json-joy@17.67.0")});
    if (!npm.waitForStarted())
        return QStringLiteral("npm is not installed");
    if (!npm.waitForFinished(kInstallTime) || npm.exitCode() != 0) {
        npm.kill();
        npm.waitForFinished();
        return QStringLiteral("npm could not install json-joy: ") + QString::fromUtf8(npm.readAllStandardError()).right(300);
    }
    return {};
}

QString ReferencePeer::start(const QString &folder, const QString &script)
{
    QProcess version;
    version.start(QStringLiteral("node"), {QStringLiteral("--version")});
    if (!version.waitForFinished())
        return QStringLiteral("node is not installed");
    const QString text = QString::fromUtf8(version.readAllStandardOutput()).trimmed(); // v20.1.0
    if (text.mid(1).section(QLatin1Char('.'), 0, 0).toInt() < kOldestNode)
        return QStringLiteral("node is older than 18: ") + text;
    if (const QString reason = install(folder); !reason.isEmpty())
        return reason;
    m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    m_process.start(QStringLiteral("node"), {script, folder});
    return m_process.waitForStarted() ? QString() : QStringLiteral("node does not start");
}

ReferencePeer::~ReferencePeer()
{
    m_process.closeWriteChannel();
    if (m_process.state() != QProcess::NotRunning && !m_process.waitForFinished(5'000))
        m_process.kill();
    m_process.waitForFinished();
}

QJsonObject ReferencePeer::ask(const QString &command, QJsonObject request)
{
    request.insert(QStringLiteral("command"), command);
    m_process.write(QJsonDocument(request).toJson(QJsonDocument::Compact) + '\n');
    while (!m_process.canReadLine()) {
        if (!m_process.waitForReadyRead(kAnswerTime))
            return {{QStringLiteral("error"), QStringLiteral("no answer from the reference")}};
    }
    return QJsonDocument::fromJson(m_process.readLine()).object();
}
