// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/guard.h>
#include <eventsync/pubsub/logging_p.h>
#include <eventsync/pubsub/pubsub.h>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace eventsync::pubsub {

// A subscriber's handler, shared with its callers. It can be ended from any thread while calls of it are already posted; then
// its executor is not used any more.
template<class Handler>
class HandlerTarget : public std::enable_shared_from_this<HandlerTarget<Handler>>
{
public:
    HandlerTarget(Executor &executor, Handler handler) : m_executor(executor), m_handler(std::move(handler)) {}

    bool isAlive() const
    {
        const std::lock_guard lock(m_mutex);
        return m_alive;
    }
    void end()
    {
        const std::lock_guard lock(m_mutex);
        m_alive = false;
    }
    // Posts a call of task(handler), which does nothing if the target has ended before it runs.
    template<class Task>
    void post(Task task)
    {
        const std::lock_guard lock(m_mutex);
        if (!m_alive)
            return;
        m_executor.post([self = this->shared_from_this(), task = std::move(task)] {
            if (self->isAlive())
                callListener(lcPubSub(), "a handler", task, self->m_handler);
        });
    }

private:
    mutable std::mutex m_mutex;
    Executor &m_executor;
    Handler m_handler;
    bool m_alive = true;
};

template<class Handler>
using TargetList = std::vector<std::shared_ptr<HandlerTarget<Handler>>>;

template<class Handler>
void dropEnded(TargetList<Handler> &targets)
{
    std::erase_if(targets, [](const auto &target) { return !target->isAlive(); });
}

// The subscriber's handle: its destructor ends the target, then calls `ended` on the destroying thread.
template<class Handler>
class TargetHold final : public SubscriptionHandle
{
public:
    explicit TargetHold(std::shared_ptr<HandlerTarget<Handler>> target, std::function<void()> ended = {})
        : m_target(std::move(target)), m_ended(std::move(ended))
    {
    }
    ~TargetHold() override
    {
        m_target->end();
        if (m_ended)
            m_ended();
    }

private:
    std::shared_ptr<HandlerTarget<Handler>> m_target;
    std::function<void()> m_ended;
};

} // namespace eventsync::pubsub
