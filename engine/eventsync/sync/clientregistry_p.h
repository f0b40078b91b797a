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

// The replicas that the store knows: who owns a client id, when it was last used, and which have expired after a long absence.
// Ages are measured in OperatingTime, which this class also stores. Owner only.
class ClientRegistry
{
public:
    struct Calls
    {
        std::function<std::set<ClientId>()> connected;
        std::function<void(const ClientId &)> forgotten;
    };

    ClientRegistry(eventlog::DocumentEngine &engine, const ServiceOptions &options, const Clock &clock);

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
    void watchClock();

    eventlog::DocumentEngine &m_engine;
    const ServiceOptions &m_options;
    const Clock &m_clock;
    Calls m_calls;
    Start m_start = Start::Reading;
    std::vector<std::function<void()>> m_atStart;
    eventlog::OperatingTime m_seen;    // as stored, once started
    std::set<ClientId> m_expired; // since the start
    Timestamp m_lastWall;         // at the last tick
    std::chrono::milliseconds m_lastTick{}, m_lastExpiry{};
};

} // namespace eventsync::sync
