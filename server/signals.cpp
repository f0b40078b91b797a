// SPDX-License-Identifier: Apache-2.0
#include <server/signals.h>

#include <csignal>
#include <sys/socket.h>
#include <unistd.h>

namespace eventsync::server {

namespace {

int ends[2] = {-1, -1};

// Only write() is safe in a signal handler.
void onSignal(int number)
{
    const char byte = static_cast<char>(number);
    static_cast<void>(!::write(ends[0], &byte, 1));
}

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGHUP};

} // namespace

Signals::Signals(std::function<void(int)> handler) : m_handler(std::move(handler))
{
    std::signal(SIGPIPE, SIG_IGN); // write() reports a closed reader
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return;
    m_notifier = std::make_unique<QSocketNotifier>(ends[1], QSocketNotifier::Read);
    QObject::connect(m_notifier.get(), &QSocketNotifier::activated, m_notifier.get(), [this] {
        char number = 0;
        if (::read(ends[1], &number, 1) == 1)
            m_handler(number);
    });
    struct sigaction action = {};
    action.sa_handler = onSignal;
    action.sa_flags = SA_RESTART;
    for (const int number : kSignals)
        ::sigaction(number, &action, nullptr);
}

Signals::~Signals()
{
    for (const int number : kSignals)
        std::signal(number, SIG_DFL);
    m_notifier.reset();
    for (int &end : ends) {
        ::close(end);
        end = -1;
    }
}

} // namespace eventsync::server
