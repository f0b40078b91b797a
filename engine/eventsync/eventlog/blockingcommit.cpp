// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/blockingcommit.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

namespace eventsync::eventlog {

namespace {

// The mailbox of a thread that does nothing but wait for one answer.
class WaitingExecutor final : public Executor
{
public:
    void post(Task task) override
    {
        const std::lock_guard lock(m_mutex);
        m_tasks.push_back(std::move(task));
        m_arrived.notify_one();
    }
    void runOne()
    {
        Task task;
        {
            std::unique_lock lock(m_mutex);
            m_arrived.wait(lock, [this] { return !m_tasks.empty(); });
            task = std::move(m_tasks.front());
            m_tasks.pop_front();
        }
        task();
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_arrived;
    std::deque<Task> m_tasks;
};

} // namespace

Result<storage::Committed> commitAndWait(storage::Backend &backend, storage::Batch batch)
{
    WaitingExecutor executor;
    std::optional<Result<storage::Committed>> answer;
    backend.commit(std::move(batch), executor, [&answer](Result<storage::Committed> result) { answer = std::move(result); });
    while (!answer)
        executor.runOne();
    return std::move(*answer);
}

} // namespace eventsync::eventlog
