// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/executor.h>
#include <eventsync/pubsub/redisconnection_p.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace eventsync::pubsub {

// A thread with a mailbox that serves Redis connections: it waits for their sockets, for tasks and for the next due time.
// post() from any thread; everything else on the thread itself, in a task. If no descriptor is left for the mailbox, the thread
// polls it until it gets one.
class RedisThread final : public Executor
{
public:
    explicit RedisThread(const Clock &clock);
    ~RedisThread() override; // runs posted tasks, then ends the thread

    void post(Task task) override;
    void add(RedisConnection *connection) { m_connections.push_back(connection); }
    void remove(RedisConnection *connection) { std::erase(m_connections, connection); }
    // `task` is called once at this steady time; a later call replaces the earlier one.
    void wakeAt(std::chrono::milliseconds time, Task task);
    void end(); // like the destructor

private:
    void run();
    void runTasks();
    void wait();
    bool openPipe();
    bool hasPipe() const { return m_pipe[0] >= 0; }
    void wake();

    const Clock &m_clock;
    std::mutex m_mutex; // the mailbox's own
    std::vector<Task> m_tasks;
    std::vector<RedisConnection *> m_connections;
    std::chrono::milliseconds m_wakeTime = std::chrono::milliseconds::max();
    Task m_wake;
    int m_pipe[2] = {-1, -1}; // set by the thread under the mutex, so that it may read them without
    std::atomic<bool> m_ended{false};
    std::thread m_thread;
};

} // namespace eventsync::pubsub
