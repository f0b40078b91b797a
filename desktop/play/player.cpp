// SPDX-License-Identifier: Apache-2.0
#include <desktop/play/player.h>

#include <desktop/limits.h>
#include <desktop/panels/mainwindow.h>
#include <desktop/play/actions.h>

#include <QSocketNotifier>

#include <cerrno>
#include <cstdio>

#include <unistd.h>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

namespace {

constexpr int kTryMs = 15; // between two tries of a step: shorter than a user can notice

void say(const QString &text)
{
    const QByteArray bytes = text.toUtf8() + '\n';
    std::fwrite(bytes.constData(), 1, std::size_t(bytes.size()), stdout);
    std::fflush(stdout);
}

} // namespace

Player::Player(MainWindow &window, QString name, QObject *parent) : QObject(parent), m_window(window), m_name(std::move(name))
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &Player::tryStep);
}

void Player::play(std::vector<PlayStep> steps)
{
    m_steps.assign(std::make_move_iterator(steps.begin()), std::make_move_iterator(steps.end()));
    next();
}

void Player::playStandardInput()
{
    m_input = new QSocketNotifier(STDIN_FILENO, QSocketNotifier::Read, this);
    connect(m_input, &QSocketNotifier::activated, this, &Player::readInput);
}

void Player::readInput()
{
    char buffer[4096];
    const ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0) {
        m_input->setEnabled(false);
        m_input->deleteLater();
        m_input = nullptr;
        if (!m_unread.isEmpty())
            m_unread += '\n'; // the last line may have no line feed
    } else {
        m_unread.append(buffer, count);
    }
    for (qsizetype end; (end = m_unread.indexOf('\n')) >= 0; m_unread.remove(0, end + 1)) {
        const auto step = parsePlayLine(QString::fromUtf8(m_unread.left(end)), ++m_lines);
        if (!step) {
            std::fprintf(stderr, "eventsync-desktop: %s: %s\n", qPrintable(m_name), step.error().message.c_str());
            this->end(ExitCode::ScriptUnreadable);
            return;
        }
        if (*step)
            m_steps.push_back(std::move(**step));
    }
    if (std::size_t(m_unread.size()) > limits::kPlayScriptBytes) {
        fail(m_lines + 1, u"the line is too long"_s);
        return;
    }
    if (!m_running)
        next();
}

void Player::next()
{
    m_running = !m_steps.empty();
    if (m_running) {
        m_since.start();
        m_timer.start(0);
    } else if (!m_input) {
        end(ExitCode::Success);
    }
}

void Player::tryStep()
{
    if (m_ended)
        return;
    const PlayStep step = m_steps.front();
    const std::chrono::milliseconds time = step.within.value_or(limits::kPlayStepTime);
    NotYet reason;
    if (step.command == "quit"_L1) {
        end(ExitCode::Success);
        return;
    }
    if (step.command == "pause"_L1) {
        if (m_since.elapsed() < time.count()) {
            m_timer.start(kTryMs);
            return;
        }
    } else if (step.command == "expect"_L1 || step.command == "wait-for"_L1) {
        reason = checkCondition(m_window, step.words);
    } else {
        reason = performAction(m_window, step, say);
    }
    if (reason && m_since.elapsed() < time.count()) {
        m_timer.start(kTryMs);
        return;
    }
    if (reason) {
        fail(step.line, u"%1 %2: %3 (after %4 s)"_s.arg(step.command, step.words.join(u' '), *reason)
                            .arg(double(m_since.elapsed()) / 1000.0, 0, 'f', 1));
        return;
    }
    m_steps.pop_front();
    if (m_name == "-"_L1)
        say(u"ok %1"_s.arg(step.line));
    next();
}

void Player::fail(int line, const QString &text)
{
    std::fprintf(stderr, "eventsync-desktop: %s:%d: %s\n", qPrintable(m_name), line, qPrintable(text));
    end(ExitCode::PlayFailed);
}

void Player::end(ExitCode code)
{
    if (std::exchange(m_ended, true))
        return;
    m_timer.stop();
    Q_EMIT finished(code);
}

} // namespace eventsync::desktop
