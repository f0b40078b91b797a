// SPDX-License-Identifier: Apache-2.0
#include <server/storewatch.h>

#include <eventsync/eventlog/schema.h>

#include <server/systemd.h>

#include <chrono>
#include <utility>

namespace eventsync::server {

namespace {

using namespace std::chrono_literals;

constexpr auto kProbeInterval = 1s;
constexpr char kTried[] = "tried"; // in `meta`: the row that is written to check whether writing works

} // namespace

StoreWatch::StoreWatch(EngineThread &engine) : m_engine(engine)
{
    QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] { look(); });
}

void StoreWatch::start()
{
    m_timer.start(kProbeInterval);
}

void StoreWatch::look()
{
    const storage::Health health = m_engine.backend().health();
    notify(health.problem);
    if (!health.problem)
        return;
    if (!health.wantsReopening)
        return tryAgain();
    m_timer.stop();
    if (m_broken)
        m_broken(*health.problem);
}

void StoreWatch::notify(const std::optional<Error> &problem)
{
    if (problem == m_reported)
        return;
    m_reported = problem;
    notifySystemd(problem ? "STATUS=The store takes no edits: " + problem->toString() : "STATUS=");
}

// There may be no other writes while /readyz reports the problem.
void StoreWatch::tryAgain()
{
    if (std::exchange(m_trying, true))
        return;
    storage::Row row(eventlog::meta::Value + 1);
    row[eventlog::meta::Name] = std::string(kTried);
    row[eventlog::meta::Value] = std::int64_t(1);
    m_engine.backend().commit(storage::Batch().put(eventlog::sets::kMeta, std::move(row)), m_engine.callerThread(),
                              [this](const Result<storage::Committed> &) { m_trying = false; });
}

} // namespace eventsync::server
