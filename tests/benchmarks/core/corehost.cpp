// SPDX-License-Identifier: Apache-2.0
#include "corehost.h"

namespace eventsync::bench {

void Loop::post(Task task)
{
    const std::lock_guard lock(m_mutex);
    m_tasks.push_back(std::move(task));
    if (m_tasks.size() == 1)
        m_arrived.notify_one();
}

void Loop::runUntil(const std::function<bool()> &condition)
{
    while (!condition()) {
        std::deque<Task> tasks;
        {
            std::unique_lock lock(m_mutex);
            m_arrived.wait(lock, [this] { return !m_tasks.empty(); });
            tasks.swap(m_tasks);
        }
        for (Task &task : tasks)
            task();
    }
}

CoreHost::CoreHost(const std::string &storePath, std::int64_t snapshotEvery)
{
    auto backend = storage::SqliteBackend::open(storePath, sync::SyncService::schema(), {.metrics = &m_metrics});
    EVENTSYNC_ASSERT(backend.has_value());
    m_backend = std::move(*backend);
    sync::ServiceOptions options;
    options.snapshotEvery = snapshotEvery;
    options.metrics = &m_metrics;
    m_service = std::make_unique<sync::SyncService>(*m_backend, loop, m_clock, m_random, std::move(options));
}

CoreHost::~CoreHost()
{
    bool done = false;
    m_service->shutdown([&] { done = true; });
    loop.runUntil([&] { return done; });
    m_backend->close();
    m_service.reset();
}

void CoreHost::Peer::send(const protocol::OutgoingPtr &message)
{
    if (encodes)
        bytes += static_cast<std::int64_t>(message->encoded(Codec::Json)->size());
    if (const auto *ack = std::get_if<protocol::Ack>(&message->message())) {
        for (const protocol::AckResult &result : ack->results)
            EVENTSYNC_ASSERT(result.status == AckStatus::Applied);
        acknowledged += static_cast<std::int64_t>(ack->results.size());
        if (acked)
            acked();
    } else if (const auto *some = std::get_if<protocol::Events>(&message->message())) {
        events += static_cast<std::int64_t>(some->events.size());
    } else if (std::holds_alternative<protocol::Synced>(message->message())) {
        synced = true;
    }
}

void CoreHost::Peer::close(ErrorCode, const std::string &) {}

CoreHost::Peer &CoreHost::follow(const DocumentId &document, const ClientId &client)
{
    Peer &peer = m_peers.emplace_back();
    peer.id = m_service->open(peer, {.peer = "benchmark"});
    peer.encodes = true;
    m_service->receive(peer.id, protocol::Hello{.clientId = client});
    m_service->receive(
        peer.id,
        protocol::Subscribe{.documentId = document, .collection = Author::collection(), .afterSeq = ServerSeq(0)});
    loop.runUntil([&] { return peer.synced; });
    return peer;
}

void CoreHost::push(Peer &peer, const DocumentId &document, std::vector<EventPtr> events)
{
    m_service->receive(peer.id, protocol::Push{BatchId(++m_batches), document, std::move(events)});
}

std::int64_t CoreHost::commits()
{
    return static_cast<std::int64_t>(
        m_metrics.counter("eventsync_store_commits_total", "Transactions committed by the store").value());
}

} // namespace eventsync::bench
