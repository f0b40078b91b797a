// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documentengine.h>
#include <eventsync/eventlog/operatingtime.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/sync/accesspolicy.h>

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <vector>

namespace eventsync::sync {

struct ServiceOptions;
class QueryAnswers;

// The replicas that the store knows: who owns a client id, when it was last used, and which have expired after a long absence.
// An id that has written nothing is in no log: its row is erased after limits::kUnusedClientKeep, and sooner where many such ids come,
// so that invented ids do not fill the store. Ages are measured in OperatingTime, which this class also stores. Owner only.
class ClientRegistry
{
public:
    struct Calls
    {
        std::function<std::set<ClientId>()> connected;
        std::function<void(const ClientId &)> forgotten;
    };

    ClientRegistry(eventlog::DocumentEngine &engine, const ServiceOptions &options, const Clock &clock, QueryAnswers &answers);

    void start(Calls calls);
    void whenStarted(std::function<void()> task); // called when the store has been read, or cannot be read
    bool isUsable() const { return m_start == Start::Started; }

    // Checks whether the id belongs to the client that sends `hello`: to the first principal that used it, or without
    // authentication to the first secret. Records that it was used. ClientIdInUse, ClientSecretWrong, ClientExpired,
    // Unavailable.
    void check(const protocol::Hello &hello, const Principal &principal, std::function<void(const Result<> &)> done);
    // Its ids and clock rows stay (rule 5), and so do its principal and secret; its state vectors are removed.
    void expire(const ClientId &client, std::function<void(Result<>)> done);

    void tick(); // periodically stores the operating time and expires clients
    void keepTime();

private:
    enum class Start { Reading, Started, Failed };
    using MaybeRow = std::optional<storage::Row>;
    void begin(Start start);
    void checkRow(const protocol::Hello &hello, const Principal &principal, const MaybeRow &known,
                  const std::function<void(const Result<> &)> &done);
    void storeUse(const protocol::Hello &hello, const Principal &principal, storage::Batch batch, bool isOnlyNoted,
                  const std::function<void(const Result<> &)> &done);
    void expireRows(const ClientId &client, std::vector<storage::Row> rows, const std::function<void(Result<>)> &done);
    void expireOld();
    struct Unused;
    static Result<Unused> unused(storage::ReadView &view, std::int64_t from, std::int64_t until, const std::set<ClientId> &connected);
    void forgetUnused();
    void forgetUnused(std::int64_t from, std::int64_t until);
    void erase(const Unused &unused, const std::function<void(bool haveGone)> &done);
    void watchClock();

    eventlog::DocumentEngine &m_engine;
    const ServiceOptions &m_options;
    const Clock &m_clock;
    QueryAnswers &m_answers;
    Counter *m_forgotten = nullptr; // none without Metrics
    Calls m_calls;
    Start m_start = Start::Reading;
    std::vector<std::function<void()>> m_atStart;
    eventlog::OperatingTime m_seen;    // as stored, once started
    std::set<ClientId> m_expired; // since the start
    std::multiset<ClientId> m_checking;               // whose hello is being looked up
    std::set<ClientId> m_leaving;                     // whose row is being erased
    std::vector<std::function<void()>> m_afterLeaving; // hellos of those
    std::size_t m_newClients = 0;                     // since the last look for those that have written nothing
    bool m_isLooking = false;
    Timestamp m_lastWall;         // at the last tick
    std::chrono::milliseconds m_lastTick{}, m_lastExpiry{};
};

} // namespace eventsync::sync
