// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/eventloopexecutor.h>

#include <QThread>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace eventsync::server {

/// One thread, of a lower priority than the others, for work whose length a peer decides and that needs nothing of the server, such
/// as reading or writing a large JSON text. Peers take turns by address, one piece of work at a time, so that the work of one address
/// waits for at most one piece of each other address. Made and destroyed by one thread.
class ComputeThread
{
public:
    ComputeThread();
    ~ComputeThread(); ///< after the piece that runs; what waits is dropped

    /// Runs `work`, which must not throw. Any thread. `peer` is "127.0.0.1:40312"; empty for the server itself.
    void post(const std::string &peer, std::function<void()> work);

private:
    void runNext();

    QThread m_thread;
    EventLoopExecutor m_executor{&m_thread};
    std::atomic<bool> m_isEnding = false;
    std::mutex m_mutex; // of what follows
    std::map<std::string, std::deque<std::function<void()>>> m_waiting; // by address; none is empty
    std::deque<std::string> m_turns;                                   // each address of m_waiting, once
};

} // namespace eventsync::server
