// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/eventloopexecutor.h>
#include <eventsync/base/guard.h>
#include <eventsync/storage/backend.h>
#include <eventsync/sync/syncservice.h>

#include <server/computethread.h>
#include <server/logging.h>

#include <QThread>

#include <functional>
#include <memory>
#include <utility>

namespace eventsync::server {

/// The engine thread with the SyncService, and functions for the I/O thread, which owns this object, to post work to it. A
/// continuation runs, and is destroyed, on the I/O thread, also if another thread drops it: so it may hold a Responder.
class EngineThread
{
public:
    /// `backend` has the schema of SyncService. The random source is used on the engine thread.
    EngineThread(std::unique_ptr<storage::Backend> backend, Random &random, sync::ServiceOptions options);
    ~EngineThread(); ///< without shutdown() before it, sessions end without answers; committed events stay

    Executor &executor() { return *m_engine; }
    Executor &callerThread() { return *m_callerThread; }
    std::shared_ptr<Executor> sharedCallerThread() { return m_callerThread; }
    storage::Backend &backend() { return *m_backend; }

    /// Runs `task` on the engine thread; dropped after the thread has ended.
    void post(std::function<void(sync::SyncService &)> task);

    template<class T>
    using Continuation = std::function<void(T)>;

    /// `ask` runs on the engine thread and must call its argument once; `answer` then runs here.
    template<class T>
    void ask(std::function<void(sync::SyncService &, Continuation<T>)> question, Continuation<T> answer)
    {
        post([question = std::move(question), back = toCallerThread<T>(std::move(answer))](sync::SyncService &service) {
            question(service, back);
        });
    }
    /// `work` runs on a reader's thread of the store, with a view of it; `answer` then runs here. Damage is reported. For short
    /// reads; a read of a length that a client decides is for query().
    template<class T>
    void read(std::function<Result<T>(storage::ReadView &)> work, Continuation<Result<T>> answer)
    {
        m_backend->read([work = std::move(work), back = noting<T>(std::move(answer))](
                            Result<std::unique_ptr<storage::ReadView>> view) {
            if (!view)
                back(failure(view.error()));
            else
                back(guarded(work, **view));
        });
    }
    /// The same in the lane of storage::Queries, with a budget.
    template<class T>
    void query(const storage::Queries::Requester &requester, std::function<Result<T>(storage::ReadView &, Budget &)> work,
               Continuation<Result<T>> answer)
    {
        m_queries->ask<T>(requester, std::move(work), noting<T>(std::move(answer)));
    }
    /// Long work on the ComputeThread, for a peer; `answer` then runs here, with an error if the work throws.
    template<class T>
    void compute(const std::string &peer, std::function<Result<T>()> work, Continuation<Result<T>> answer)
    {
        m_compute->post(peer, [work = std::move(work), back = toCallerThread<Result<T>>(std::move(answer))] { back(guarded(work)); });
    }
    /// A function that any thread may call, to run `answer` here.
    template<class T>
    Continuation<T> toCallerThread(Continuation<T> answer)
    {
        // The deleter posts it to this thread: a task that is dropped on another thread must not destroy there what it holds.
        std::shared_ptr<Continuation<T>> kept(new Continuation<T>(std::move(answer)), [callerThread = m_callerThread](Continuation<T> *last) {
            callerThread->post([owned = std::shared_ptr<Continuation<T>>(last)] {});
        });
        return [callerThread = m_callerThread, kept = std::move(kept)](T value) {
            auto shared = std::make_shared<T>(std::move(value));
            callerThread->post([kept, shared] { callListener(lcServer(), "an answer", *kept, std::move(*shared)); });
        };
    }

    /// The same for results of reads; the engine reports damage.
    template<class T>
    Continuation<Result<T>> noting(Continuation<Result<T>> answer)
    {
        return toCallerThread<Result<T>>([this, answer = std::move(answer)](Result<T> result) {
            if (!result && result.error().code == ErrorCode::Corrupt)
                post([error = result.error()](sync::SyncService &service) { service.noteDamage(error); });
            answer(std::move(result));
        });
    }

    /// Answers accepted requests, closes all sessions, commits everything, then calls `done` on the I/O thread.
    void shutdown(std::function<void()> done);

private:
    void stop();

    SystemClock m_clock;
    std::shared_ptr<EventLoopExecutor> m_callerThread;
    std::unique_ptr<storage::Backend> m_backend;
    std::shared_ptr<storage::Queries> m_queries;
    QThread m_thread;
    std::unique_ptr<EventLoopExecutor> m_engine;
    QThread m_workerThread;
    std::unique_ptr<EventLoopExecutor> m_worker; // of the service, for validation that takes long
    std::unique_ptr<ComputeThread> m_compute;
    struct OnEngine; // objects of the engine thread
    std::shared_ptr<OnEngine> m_onEngine;
};

} // namespace eventsync::server
