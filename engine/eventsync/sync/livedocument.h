// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documentcore.h>
#include <eventsync/sync/session.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <variant>
#include <vector>

// What the service keeps of one document in use. Internal to the module.
namespace eventsync::sync {

struct PushJob
{
    std::shared_ptr<ConnectionToken> token;
    ClientId client;
    std::optional<std::string> author;
    BatchId batchId;
    std::vector<EventPtr> events;
};

struct WriteJob
{
    SyncService::Write write;
    EventId id;
    std::function<void(Result<SyncService::Written>)> done;
};

struct Job
{
    std::variant<PushJob, WriteJob> work;
    int tries = 0;
    std::size_t events() const
    {
        const auto *push = std::get_if<PushJob>(&work);
        return push ? push->events.size() : 1;
    }
};


struct PresenceEntry
{
    SessionId session;
    json::Value state;
    std::chrono::milliseconds at{};
};

struct LiveDocument
{
    explicit LiveDocument(DocumentId documentId) : id(std::move(documentId)) {}

    const DocumentId id;
    std::unique_ptr<eventlog::DocumentCore> core; // none while it is loaded
    bool loading = false;
    bool lookingUp = false;                       // ids of its pushes
    bool flushing = false;                        // derived rows or a compaction are on their way to the store
    std::vector<std::function<void(const Result<> &)>> whenLoaded;
    std::vector<std::function<void()>> whenIdle;  // memory and store agree
    std::vector<std::function<void(const Result<> &)>> whenFlushed; // when `flushing` has ended
    std::deque<Job> jobs;                         // waiting
    std::vector<Job> judged;                      // in the batch that is out
    std::vector<std::function<void()>> answers;   // to them
    std::set<SessionId> subscribers;
    std::map<ClientId, PresenceEntry> presence;
    std::map<ClientId, StateVector> cursors;
    std::set<ClientId> newCursors;                // not stored yet
    std::shared_ptr<const Snapshot> served;       // the last one sent in parts
    Digest servedHash;
    std::chrono::milliseconds used{};             // when something was last asked of it
    std::chrono::milliseconds dirtySince{};

    bool isIdle() const { return core && !loading && !lookingUp && !core->isCommitting() && !core->hasPrepared(); }
};
using DocumentPtr = std::shared_ptr<LiveDocument>;

} // namespace eventsync::sync
