// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/ids.h>
#include <eventsync/transport/dial.h>

#include <QString>
#include <QStringList>
#include <QUrl>

#include <optional>

namespace eventsync::desktop {

// The exit codes. Scripts and the demo rely on the numbers.
enum class ExitCode { Success = 0, PlayFailed = 1, WrongCommandLine = 2, ProfileFailed = 3, ScriptUnreadable = 4, ProfileInUse = 5 };

using Transport = transport::DialOptions::Transport;

// The command line of eventsync-desktop, checked. Absent options come from the profile's settings.
struct Options
{
    std::optional<QUrl> server;
    QString profile;                     // empty: "default"
    std::optional<DocumentId> document;
    std::optional<Transport> transport;  // WebSocket or Sse
    bool offline = false;
    QString language;                    // "ko", "en"; empty: the system's
    QString play;                        // a file, or "-" for standard input
    QString screenshot;
    bool dark = false;
    QString information = {};            // not empty: print this and end (--help, --version)
};

// InvalidValue with one line for the user.
Result<Options> parseCommandLine(const QStringList &arguments);

// "host:port" is completed to http://host:port. InvalidValue for an address that cannot be one of a server.
Result<QUrl> serverUrlFrom(const QString &text);

QString transportName(Transport transport); // "websocket", "sse"
std::optional<Transport> transportFrom(const QString &name);

// The profile's name is a folder's name: letters, digits, '.', '_' and '-', at most 64, not starting with '.'.
bool isProfileName(const QString &name);

} // namespace eventsync::desktop
