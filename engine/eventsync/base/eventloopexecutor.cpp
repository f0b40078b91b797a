// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/eventloopexecutor.h>

#include <QCoreApplication>
#include <QEvent>
#include <QObject>

#include <deque>
#include <iterator>
#include <mutex>
#include <vector>

namespace eventsync {

// A QObject without moc: it lives on the served thread and is woken by an event. Held by the executor and by nobody else
// for longer than one call, so that a task may destroy the executor it runs in.
class EventLoopExecutor::Mailbox final : public QObject
{
public:
    void post(Task task)
    {
        const std::lock_guard lock(m_mutex);
        m_waiting.push_back(std::move(task));
        if (m_waiting.size() == 1)
            QCoreApplication::postEvent(this, new QEvent(QEvent::User));
    }
    void close()
    {
        const std::lock_guard lock(m_mutex);
        m_closed = true;
        m_waiting.clear();
    }

protected:
    bool event(QEvent *event) override
    {
        if (event->type() != QEvent::User)
            return QObject::event(event);
        {
            const std::lock_guard lock(m_mutex);
            m_batch.insert(m_batch.end(), std::make_move_iterator(m_waiting.begin()), std::make_move_iterator(m_waiting.end()));
            m_waiting.clear();
        }
        // A task may run an event loop of its own (a dialog): the call in there goes on with this batch, in order.
        while (!m_closed && !m_batch.empty()) {
            const Task task = std::move(m_batch.front());
            m_batch.pop_front();
            task();
        }
        return true;
    }

private:
    std::mutex m_mutex; // the mailbox's own: the one lock between threads
    std::vector<Task> m_waiting;
    std::deque<Task> m_batch; // of the served thread
    bool m_closed = false;    // written and read on the served thread
};

EventLoopExecutor::EventLoopExecutor(QThread *thread)
    : m_mailbox(new Mailbox, [](Mailbox *mailbox) {
          // A task may be running in it, or an event for it be on its way on another thread.
          if (mailbox->thread()->isFinished())
              delete mailbox;
          else
              mailbox->deleteLater();
      })
{
    m_mailbox->moveToThread(thread);
}

EventLoopExecutor::~EventLoopExecutor()
{
    m_mailbox->close();
}

void EventLoopExecutor::post(Task task)
{
    m_mailbox->post(std::move(task));
}

} // namespace eventsync
