// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../workload.h"

#include <eventsync/eventlog/limits.h>
#include <eventsync/storage/sqlitebackend.h>
#include <eventsync/sync/syncservice.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace eventsync::bench {

// The calling thread as the engine thread: runs what the store's threads post to it. post(): any thread.
class Loop final : public Executor
{
public:
    void post(Task task) override;
    void runUntil(const std::function<bool()> &condition); // sleeps while there is nothing to run

private:
    std::mutex m_mutex;
    std::condition_variable m_arrived;
    std::deque<Task> m_tasks;
};

// The server core, a SyncService on SQLite with durability full, without sockets: peers are sinks in this thread.
class CoreHost
{
public:
    CoreHost(const std::string &storePath, std::int64_t snapshotEvery = limits::kSnapshotEveryEvents);
    ~CoreHost();

    class Peer final : public sync::SessionSink
    {
    public:
        void send(const protocol::OutgoingPtr &message) override;
        void close(ErrorCode code, const std::string &reason) override;
        std::size_t unsentBytes() const override { return 0; }

        sync::SessionId id;
        bool synced = false;
        bool encodes = false;          // every message to JSON bytes, as a socket would have it
        std::int64_t acknowledged = 0; // events, applied
        std::int64_t events = 0, bytes = 0;
        std::function<void()> acked = {}; // after an ack
    };

    Peer &follow(const DocumentId &document, const ClientId &client); // up to synced
    void push(Peer &peer, const DocumentId &document, std::vector<EventPtr> events);
    std::int64_t commits(); // of the store so far

    Loop loop;

private:
    SystemClock m_clock;
    SystemRandom m_random;
    Metrics m_metrics;
    std::unique_ptr<storage::SqliteBackend> m_backend;
    std::unique_ptr<sync::SyncService> m_service;
    std::deque<Peer> m_peers;
    std::int64_t m_batches = 0;
};

} // namespace eventsync::bench
