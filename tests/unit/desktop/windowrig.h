// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/panels/mainwindow.h>

#include <eventsync/client/limits.h>

#include <QProcess>
#include <QTemporaryDir>
#include <QUrl>

#include <memory>
#include <optional>

namespace eventsync::desktop::test {

constexpr int kWaitMs = 20'000;

// The real server on a free port of this machine.
class Server
{
public:
    ~Server();
    bool start(const QString &folder); // false: there is none in this build
    void stop();
    const QUrl &url() const { return m_url; }

private:
    QProcess m_process;
    QUrl m_url;
};

// A window with a profile of its own in a folder that goes with it.
struct WindowRig
{
    QTemporaryDir folder;
    std::unique_ptr<Profile> profile;
    std::unique_ptr<Session> session;
    std::unique_ptr<MainWindow> window;
    std::size_t queueEntries = limits::kQueueEntries; // of the next that is opened

    bool open(const QString &name);
    void close();
    std::optional<DocumentId> show(Session::Kind kind, const QString &name); // a new document

    // Plays one step as a script would; what kept it from happening, or an empty text.
    QString play(const QString &line);
};

// In a test with m_rig.
#define PLAY(line)                                                                                                     \
    do {                                                                                                               \
        const QString reason = m_rig->play(line);                                                                      \
        QVERIFY2(reason.isEmpty(), qPrintable(reason));                                                                \
    } while (false)

} // namespace eventsync::desktop::test
