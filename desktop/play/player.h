// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <desktop/commandline.h>
#include <desktop/play/script.h>

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include <deque>

class QSocketNotifier;

namespace eventsync::desktop {

class MainWindow;

// Plays a script on a window, step after step. A step that is not possible yet is tried again until its time is over; then the
// script fails, with its name, the line and the reason on standard error. Output of steps goes to standard output. Nothing
// blocks: the event loop runs between two tries. GUI thread.
class Player final : public QObject
{
    Q_OBJECT

public:
    Player(MainWindow &window, QString name, QObject *parent = nullptr);

    void play(std::vector<PlayStep> steps);
    // Plays lines from standard input as they arrive and answers each with "ok N", until its end.
    void playStandardInput();

Q_SIGNALS:
    void finished(eventsync::desktop::ExitCode code);

private:
    void next();
    void tryStep();
    void readInput();
    void fail(int line, const QString &text);
    void end(ExitCode code);

    MainWindow &m_window;
    QString m_name;
    std::deque<PlayStep> m_steps;
    QTimer m_timer;
    QElapsedTimer m_since;
    QSocketNotifier *m_input = nullptr; // until the end of the input
    QByteArray m_unread;
    int m_lines = 0;
    bool m_running = false;
    bool m_ended = false;
};

} // namespace eventsync::desktop
