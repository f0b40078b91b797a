// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/executor.h>

#include <QThread>

#include <memory>

namespace eventsync {

/// The executor of a thread with a Qt event loop. The loop is woken once for all tasks that were posted meanwhile, and runs
/// them as one batch. Tasks that wait when the executor ends are dropped; tasks that are posted later are dropped by the
/// posting thread. post(): any thread; construct it anywhere, end and destroy it on the thread that it serves or after that has
/// ended.
class EventLoopExecutor final : public Executor
{
public:
    explicit EventLoopExecutor(QThread *thread = QThread::currentThread());
    ~EventLoopExecutor() override;
    void post(Task task) override;
    /// Drops waiting tasks, like the destructor. For shared executors: a waiting task may hold a reference to the executor in
    /// which it waits, and so to itself.
    void end();

private:
    class Mailbox;
    std::shared_ptr<Mailbox> m_mailbox;
};

} // namespace eventsync
