// SPDX-License-Identifier: Apache-2.0
#include <server/enginethread.h>

#include <eventsync/base/threadpriority.h>

#include <QTimer>

#include <chrono>
#include <future>

namespace eventsync::server {

namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 200ms; // well below the second that derived rows may lag

} // namespace

struct EngineThread::OnEngine
{
    std::unique_ptr<QTimer> timer;
    std::unique_ptr<sync::SyncService> service;
};

EngineThread::EngineThread(std::unique_ptr<storage::Backend> backend, Random &random, sync::ServiceOptions options)
    : m_callerThread(std::make_shared<EventLoopExecutor>()), m_backend(std::move(backend)),
      m_queries(std::make_shared<storage::Queries>(*m_backend, m_clock, options.metrics)),
      m_engine(std::make_unique<EventLoopExecutor>(&m_thread)),
      m_worker(std::make_unique<EventLoopExecutor>(&m_workerThread)),
      m_compute(std::make_unique<ComputeThread>()), m_onEngine(std::make_shared<OnEngine>())
{
    options.queries = m_queries;
    options.worker = m_worker.get();
    m_thread.setObjectName(QStringLiteral("engine"));
    m_thread.start();
    m_workerThread.setObjectName(QStringLiteral("validation"));
    m_workerThread.start();
    m_worker->post(lowerThreadPriority);
    m_engine->post([this, &random, options = std::move(options)] {
        OnEngine &on = *m_onEngine;
        on.service = std::make_unique<sync::SyncService>(*m_backend, *m_engine, m_clock, random, options);
        on.timer = std::make_unique<QTimer>();
        QObject::connect(on.timer.get(), &QTimer::timeout, on.timer.get(), [&on] { on.service->tick(); });
        on.timer->start(kTick);
    });
}

EngineThread::~EngineThread()
{
    stop();
    m_callerThread->end(); // answers that are no longer awaited hold the executor that they would be posted to
}

void EngineThread::post(std::function<void(sync::SyncService &)> task)
{
    m_engine->post([on = m_onEngine, task = std::move(task)] {
        if (on->service)
            task(*on->service);
    });
}

void EngineThread::shutdown(std::function<void()> done)
{
    const auto back = toCallerThread<bool>([done = std::move(done)](bool) { done(); });
    post([back](sync::SyncService &service) {
        service.shutdown([back] { back(true); });
    });
}

void EngineThread::stop()
{
    if (!m_thread.isRunning())
        return;
    std::promise<void> ended;
    m_engine->post([this, &ended] {
        m_onEngine->timer.reset();
        m_onEngine->service.reset();
        ended.set_value();
    });
    ended.get_future().wait();
    m_workerThread.quit();
    m_workerThread.wait();
    m_worker.reset();
    m_compute.reset();
    m_queries.reset();
    m_backend.reset(); // commits and answers waiting batches; the answers are dropped with the executor
    m_thread.quit();
    m_thread.wait();
    m_engine.reset();
}

} // namespace eventsync::server
