// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/executor.h>

#include <QThread>

#include <memory>

namespace eventsync {

/// The mailbox of a thread that runs a Qt event loop: the thread's loop is woken once for all that was posted meanwhile,
/// and runs what it finds as one batch. Tasks that are still waiting when the executor ends are dropped; so are those that
/// are posted later, by the thread that posts them.
/// post(): any thread; construct it anywhere, end and destroy it on the thread that it serves or after that has ended.
class EventLoopExecutor final : public Executor
{
public:
    explicit EventLoopExecutor(QThread *thread = QThread::currentThread());
    ~EventLoopExecutor() override;
    void post(Task task) override;
    /// As the destructor does. For who shares it: a waiting task may hold the executor that it waits in, and so itself.
    void end();

private:
    class Mailbox;
    std::shared_ptr<Mailbox> m_mailbox;
};

} // namespace eventsync
