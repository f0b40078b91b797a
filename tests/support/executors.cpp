// SPDX-License-Identifier: Apache-2.0
#include "support/executors.h"

#include <QMetaObject>

namespace eventsync::test {

void ManualExecutor::post(Task task)
{
    const std::lock_guard lock(m_mutex);
    m_tasks.push_back(std::move(task));
    m_arrived.notify_all(); // under the lock: whoever finds the task may end, and this with it, before the lock is free
}

bool ManualExecutor::runOne()
{
    Task task;
    {
        const std::lock_guard lock(m_mutex);
        if (m_tasks.empty())
            return false;
        task = std::move(m_tasks.front());
        m_tasks.pop_front();
    }
    task();
    return true;
}

std::size_t ManualExecutor::runAll()
{
    std::size_t ran = 0;
    while (runOne())
        ++ran;
    return ran;
}

bool ManualExecutor::runUntil(const std::function<bool()> &condition, std::chrono::milliseconds time)
{
    const auto end = std::chrono::steady_clock::now() + time;
    while (!condition()) {
        if (runOne())
            continue;
        std::unique_lock lock(m_mutex);
        if (!m_arrived.wait_until(lock, end, [this] { return !m_tasks.empty(); }))
            return false;
    }
    return true;
}

std::size_t ManualExecutor::waiting() const
{
    const std::lock_guard lock(m_mutex);
    return m_tasks.size();
}

ThreadExecutor::ThreadExecutor()
{
    m_context.moveToThread(&m_thread);
    m_thread.start();
}

ThreadExecutor::~ThreadExecutor()
{
    wait();
    m_thread.quit();
    m_thread.wait();
}

void ThreadExecutor::post(Task task)
{
    QMetaObject::invokeMethod(&m_context, std::move(task), Qt::QueuedConnection);
}

void ThreadExecutor::wait()
{
    QMetaObject::invokeMethod(&m_context, [] {}, Qt::BlockingQueuedConnection);
}

} // namespace eventsync::test
