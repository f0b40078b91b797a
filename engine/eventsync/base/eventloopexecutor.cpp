// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/eventloopexecutor.h>

#include <QCoreApplication>
#include <QEvent>
#include <QObject>

#include <deque>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#if defined(__SANITIZE_THREAD__)
#define EVENTSYNC_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define EVENTSYNC_THREAD_SANITIZER
#endif
#endif
#ifdef EVENTSYNC_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace eventsync {

namespace {

// Qt passes events between threads under a lock that the thread sanitizer does not see, since Qt is not compiled with it. These
// functions report it: a suppression could only name the function that runs every task, and would hide every race in the tasks.
void markHandedOver([[maybe_unused]] void *mailbox)
{
#ifdef EVENTSYNC_THREAD_SANITIZER
    __tsan_release(mailbox);
#endif
}
void markTakenOver([[maybe_unused]] void *mailbox)
{
#ifdef EVENTSYNC_THREAD_SANITIZER
    __tsan_acquire(mailbox);
#endif
}

} // namespace

// A QObject without moc: it belongs to the served thread and is woken by an event. Only the executor holds it for longer than
// one call, so that a task may destroy the executor in which it runs.
class EventLoopExecutor::Mailbox final : public QObject
{
public:
    void post(Task task)
    {
        const std::lock_guard lock(m_mutex);
        if (m_closed)
            return;
        m_waiting.push_back(std::move(task));
        if (m_waiting.size() == 1) {
            auto *const event = new QEvent(QEvent::User);
            markHandedOver(this);
            QCoreApplication::postEvent(this, event);
        }
    }
    // Destroying a task may post another one, so tasks are destroyed without the lock.
    void close()
    {
        markTakenOver(this); // from the thread that has ended
        std::vector<Task> dropped;
        {
            const std::lock_guard lock(m_mutex);
            m_closed = true;
            dropped.swap(m_waiting);
        }
        const std::deque<Task> batch = std::exchange(m_batch, {});
    }

protected:
    bool event(QEvent *event) override
    {
        markTakenOver(this);
        if (event->type() != QEvent::User)
            return QObject::event(event);
        {
            const std::lock_guard lock(m_mutex);
            m_batch.insert(m_batch.end(), std::make_move_iterator(m_waiting.begin()), std::make_move_iterator(m_waiting.end()));
            m_waiting.clear();
        }
        // A task may run a nested event loop (a dialog): the nested call continues with this batch, in order.
        while (!m_closed && !m_batch.empty()) {
            const Task task = std::move(m_batch.front());
            m_batch.pop_front();
            task();
        }
        markHandedOver(this);
        return true;
    }

private:
    std::mutex m_mutex; // the mailbox's own: the one lock between threads
    std::vector<Task> m_waiting;
    std::deque<Task> m_batch; // of the served thread
    bool m_closed = false;    // written on the served thread, under the lock
};

EventLoopExecutor::EventLoopExecutor(QThread *thread)
    : m_mailbox(new Mailbox, [](Mailbox *mailbox) {
          // A task may be running in it, or an event for it may be pending on another thread.
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
    end();
}

void EventLoopExecutor::end()
{
    m_mailbox->close();
}

void EventLoopExecutor::post(Task task)
{
    m_mailbox->post(std::move(task));
}

} // namespace eventsync
