// SPDX-License-Identifier: Apache-2.0
#include <server/logging.h>

#include <eventsync/base/clock.h>
#include <eventsync/json/value.h>

#include <server/limits.h>

#include <QLoggingCategory>
#include <QString>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace eventsync::server {

Q_LOGGING_CATEGORY(lcServer, "eventsync.server", QtInfoMsg)

namespace {

std::atomic<LogFormat> format = LogFormat::Text;
std::atomic<LogLevel> lowest = LogLevel::Info;

std::string_view levelName(QtMsgType type)
{
    switch (type) {
    case QtDebugMsg:
        return "debug";
    case QtInfoMsg:
        return "info";
    case QtWarningMsg:
        return "warning";
    case QtCriticalMsg:
        return "error";
    case QtFatalMsg:
        return "fatal";
    }
    return "info";
}

LogLevel levelOf(QtMsgType type)
{
    switch (type) {
    case QtDebugMsg:
        return LogLevel::Debug;
    case QtInfoMsg:
        return LogLevel::Info;
    case QtWarningMsg:
        return LogLevel::Warning;
    default:
        return LogLevel::Error;
    }
}

void handle(QtMsgType type, const QMessageLogContext &context, const QString &text)
{
    if (levelOf(type) < lowest.load())
        return;
    const std::string category = context.category ? context.category : "default";
    const std::string time = toText(SystemClock().wall());
    const std::string message = loggedMessage(text, format.load());
    std::string line;
    if (format.load() == LogFormat::Json) {
        line = json::canonical(json::Object{{"time", time}, {"level", levelName(type)}, {"category", category}, {"message", message}});
    } else {
        line = time + ' ' + std::string(levelName(type)) + ' ' + category + ' ' + message;
    }
    line.push_back('\n');
    std::fwrite(line.data(), 1, line.size(), stderr); // one call: lines of several threads do not mix
    if (type == QtFatalMsg)
        std::abort();
}

} // namespace

std::string loggedMessage(const QString &text, LogFormat format)
{
    constexpr auto kLongest = static_cast<qsizetype>(limits::kLogLineCharacters);
    const bool isCut = text.size() > kLongest;
    QString message;
    for (const QChar c : QStringView(text).left(kLongest)) {
        if (format == LogFormat::Json || c.category() != QChar::Other_Control)
            message.append(c); // JSON escapes them itself
        else if (c == u'\n' || c == u'\r' || c == u'\t')
            message.append(u' ');
        else
            message.append(QStringLiteral("\\x%1").arg(int(c.unicode()), 2, 16, QLatin1Char('0')));
    }
    if (isCut)
        message.append(QStringLiteral("... (%1 characters)").arg(text.size()));
    return message.toStdString();
}

void installLogging(const LogOptions &options)
{
    format = options.format;
    lowest = options.level;
    QLoggingCategory::setFilterRules(options.level == LogLevel::Debug ? QStringLiteral("eventsync.*.debug=true")
                                                                      : QString());
    qInstallMessageHandler(handle);
}

} // namespace eventsync::server
