// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/memoryaccount.h>
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

// Counts a push against its connection and against the service, as long as it is kept anywhere.
class PushCharge
{
public:
    PushCharge(std::shared_ptr<ConnectionToken> token, std::shared_ptr<std::size_t> total, std::size_t bytes)
        : m_token(std::move(token)), m_total(std::move(total)), m_bytes(bytes)
    {
        m_token->waitingBytes += m_bytes;
        *m_total += m_bytes;
    }
    ~PushCharge()
    {
        m_token->waitingBytes -= m_bytes;
        *m_total -= m_bytes;
    }
    std::size_t bytes() const { return m_bytes; }
    PushCharge(const PushCharge &) = delete;
    PushCharge &operator=(const PushCharge &) = delete;

private:
    const std::shared_ptr<ConnectionToken> m_token;
    const std::shared_ptr<std::size_t> m_total;
    const std::size_t m_bytes;
};

struct PushJob
{
    std::shared_ptr<ConnectionToken> token;
    ClientId client;
    std::optional<std::string> author;
    BatchId batchId;
    std::vector<EventPtr> events;
    std::shared_ptr<const PushCharge> charge = {};
    std::chrono::milliseconds received{}; // steady time
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

// Of a document whose core is on the worker's thread.
struct Away
{
    std::optional<std::int64_t> firstUnflushed = {}; // as DocumentCore::firstUnflushed(), if its derived rows lag
    bool rulesChanged = false;                       // meanwhile
};

struct LiveDocument
{
    LiveDocument(DocumentId documentId, const std::shared_ptr<MemoryAccount> &memory)
        : id(std::move(documentId)), held(memory, MemoryOwner::Documents), waiting(memory, MemoryOwner::Commits)
    {
    }

    const DocumentId id;
    MemoryCharge held;                            // all of it
    MemoryCharge waiting;                         // of that, and of its answers: what ends with the commit that is out
    std::unique_ptr<eventlog::DocumentCore> core; // none while it is loaded
    bool loading = false;
    std::optional<Away> away = {};                // then it is loading, too
    bool lookingUp = false;                       // ids of its pushes
    bool flushing = false;                        // derived rows or a compaction are on their way to the store
    std::vector<std::function<void(const Result<> &)>> whenLoaded;
    std::vector<std::function<void()>> whenIdle;  // memory and store agree
    std::vector<std::function<void(const Result<> &)>> whenFlushed; // when `flushing` has ended
    std::deque<Job> jobs;                         // waiting
    std::vector<Job> judged;                      // in the batch that is out
    std::vector<std::function<void()>> answers;   // to them
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
