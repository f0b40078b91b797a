// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLoggingCategory>
#include <QString>

#include <string>

namespace eventsync::server {

/// Switched by QT_LOGGING_RULES="eventsync.server.debug=true".
Q_DECLARE_LOGGING_CATEGORY(lcServer)

/// The least severe message that is logged.
enum class LogLevel { Debug, Info, Warning, Error };
/// How a log line is written.
enum class LogFormat { Text, Json };

/// What is logged, and how.
struct LogOptions
{
    LogLevel level = LogLevel::Info;
    LogFormat format = LogFormat::Text;
    bool operator==(const LogOptions &) const = default;
};

/// The text of a message in the log, which may contain text of a peer: truncated to limits::kLogLineCharacters, and with
/// control characters, which a terminal would execute, as "\\x1b".
std::string loggedMessage(const QString &text, LogFormat format);

/// Qt's messages of this process, one line each, to standard error: "2026-11-21T09:30:00.000Z info eventsync.server text", or a
/// JSON object {time, level, category, message} per line. May be called again with other options. Main thread; the installed
/// handler is for any thread.
void installLogging(const LogOptions &options);

} // namespace eventsync::server
