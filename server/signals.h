// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QSocketNotifier>

#include <functional>
#include <memory>

namespace eventsync::server {

/// SIGTERM, SIGINT and SIGHUP as calls in the event loop. One at a time in a process; main thread.
class Signals
{
public:
    explicit Signals(std::function<void(int signal)> handler);
    ~Signals();

private:
    std::function<void(int)> m_handler;
    std::unique_ptr<QSocketNotifier> m_notifier;
};

} // namespace eventsync::server
