// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/executor.h>

#include <QObject>
#include <QThread>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace eventsync::test {

// A queue that the test runs by hand, on the thread that runs it. post() from any thread.
class ManualExecutor final : public Executor
{
public:
    void post(Task task) override;

    bool runOne();       // false if nothing was there
    std::size_t runAll(); // until the queue is empty, what the tasks post included; how many ran
    // Runs tasks, waiting for more, until `condition` holds; false if it does not within `time`.
    bool runUntil(const std::function<bool()> &condition,
                  std::chrono::milliseconds time = std::chrono::milliseconds(10'000));
    std::size_t waiting() const;

private:
    mutable std::mutex m_mutex;
    std::condition_variable m_arrived;
    std::deque<Task> m_tasks;
};

// Tasks run in an event loop on a thread of its own. The destructor runs what was posted before it, then ends the thread.
class ThreadExecutor final : public Executor
{
public:
    ThreadExecutor();
    ~ThreadExecutor() override;

    void post(Task task) override;
    void wait(); // until everything posted so far has run; not on the executor's own thread
    QThread *thread() { return &m_thread; }

private:
    QThread m_thread;
    QObject m_context; // lives on m_thread
};

} // namespace eventsync::test
