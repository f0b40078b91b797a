// SPDX-License-Identifier: Apache-2.0
#include <server/computethread.h>

#include <eventsync/base/threadpriority.h>
#include <eventsync/storage/queries.h>

namespace eventsync::server {

ComputeThread::ComputeThread()
{
    m_thread.setObjectName(QStringLiteral("compute"));
    m_thread.start();
    m_executor.post(lowerThreadPriority);
}

void ComputeThread::post(const std::string &peer, std::function<void()> work)
{
    const std::string address = storage::Queries::Requester::at(peer, nullptr).name;
    {
        const std::lock_guard lock(m_mutex);
        auto &waiting = m_waiting[address];
        if (waiting.empty())
            m_turns.push_back(address);
        waiting.push_back(std::move(work));
    }
    m_executor.post([this] { runNext(); }); // as often as there is work
}

void ComputeThread::runNext()
{
    if (m_isEnding)
        return;
    std::function<void()> work;
    {
        const std::lock_guard lock(m_mutex);
        const auto next = m_waiting.find(m_turns.front());
        m_turns.pop_front();
        work = std::move(next->second.front());
        next->second.pop_front();
        if (next->second.empty())
            m_waiting.erase(next);
        else
            m_turns.push_back(next->first);
    }
    work();
}

ComputeThread::~ComputeThread()
{
    m_isEnding = true;
    m_thread.quit();
    m_thread.wait();
    m_executor.end();
}

} // namespace eventsync::server
