// SPDX-License-Identifier: Apache-2.0
#include <eventsync/pubsub/redisthread_p.h>

#include <eventsync/pubsub/logging_p.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace eventsync::pubsub {

namespace {

constexpr std::chrono::milliseconds kLongestWait(60'000);
constexpr std::chrono::milliseconds kUnwokenWait(50); // between polls of a mailbox without a descriptor

} // namespace

RedisThread::RedisThread(const Clock &clock) : m_clock(clock)
{
    if (!openPipe())
        qCWarning(lcPubSub, "no descriptor is left for the mailbox of a Redis connection");
    m_thread = std::thread([this] { run(); });
}

RedisThread::~RedisThread()
{
    end();
    if (hasPipe()) {
        ::close(m_pipe[0]);
        ::close(m_pipe[1]);
    }
}

bool RedisThread::openPipe()
{
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
        return false;
    const std::lock_guard lock(m_mutex);
    m_pipe[0] = ends[0];
    m_pipe[1] = ends[1];
    if (!m_tasks.empty())
        wake();
    return true;
}

// Under the mutex.
void RedisThread::wake()
{
    if (!hasPipe())
        return; // the thread polls
    const char byte = 0;
    [[maybe_unused]] const ssize_t written = ::write(m_pipe[1], &byte, 1); // a full pipe wakes the thread as well
}

void RedisThread::end()
{
    if (!m_thread.joinable())
        return;
    post([this] { m_ended = true; });
    m_thread.join();
}

void RedisThread::post(Task task)
{
    const std::lock_guard lock(m_mutex);
    if (m_ended)
        return;
    m_tasks.push_back(std::move(task));
    if (m_tasks.size() == 1)
        wake();
}

void RedisThread::wakeAt(std::chrono::milliseconds time, Task task)
{
    m_wakeTime = time;
    m_wake = std::move(task);
}

void RedisThread::runTasks()
{
    char buffer[64];
    while (hasPipe() && ::read(m_pipe[0], buffer, sizeof buffer) > 0) {
    }
    std::vector<Task> tasks;
    {
        const std::lock_guard lock(m_mutex);
        tasks.swap(m_tasks);
    }
    for (const Task &task : tasks)
        task();
}

void RedisThread::wait()
{
    const bool isWoken = hasPipe() || openPipe();
    std::vector<pollfd> sockets{{m_pipe[0], POLLIN, 0}}; // poll() ignores a negative one
    std::vector<RedisConnection *> owners;
    auto due = m_wakeTime;
    for (RedisConnection *connection : m_connections) {
        due = std::min(due, connection->nextDue());
        if (connection->descriptor() < 0)
            continue;
        sockets.push_back({connection->descriptor(), static_cast<short>(POLLIN | (connection->wantsToWrite() ? POLLOUT : 0)), 0});
        owners.push_back(connection);
    }
    const auto left = due - std::min(due, m_clock.steady());
    const int timeout = static_cast<int>(std::min(left, isWoken ? kLongestWait : kUnwokenWait).count());
    if (poll(sockets.data(), sockets.size(), timeout) < 0)
        return; // a signal
    for (std::size_t i = 0; i < owners.size(); ++i) {
        const short events = sockets[i + 1].revents;
        if (events != 0)
            owners[i]->ready((events & (POLLIN | POLLERR | POLLHUP)) != 0, (events & POLLOUT) != 0);
    }
}

void RedisThread::run()
{
    // hiredis writes to sockets that may have been closed.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    while (!m_ended) {
        wait();
        if (m_wakeTime <= m_clock.steady()) {
            m_wakeTime = std::chrono::milliseconds::max();
            if (const Task task = std::exchange(m_wake, {}))
                task();
        }
        runTasks();
        for (RedisConnection *connection : m_connections)
            connection->tick();
    }
    runTasks();
}

} // namespace eventsync::pubsub
