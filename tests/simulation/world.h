// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "device.h"
#include "ledger.h"
#include "link.h"

#include <eventsync/base/clock.h>
#include <eventsync/base/random.h>
#include <eventsync/storage/memorybackend.h>
#include <eventsync/sync/syncservice.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace eventsync::simulation {

class SimulatedClock final : public Clock
{
public:
    Timestamp wall() const override { return Timestamp(1'790'000'000'000 + m_now.count()); }
    std::chrono::milliseconds steady() const override { return m_now; }
    void advance(std::chrono::milliseconds time) { m_now += time; }

private:
    std::chrono::milliseconds m_now{1'000};
};

// Tasks wait here until the schedule lets one run; a crash throws them away.
class SimulatedExecutor final : public Executor
{
public:
    void post(Task task) override { m_tasks.push_back(std::move(task)); }
    bool isIdle() const { return m_tasks.empty(); }
    void runOne();
    void clear() { m_tasks.clear(); }

private:
    std::deque<Task> m_tasks;
};

// What a seed decides about a run, beside its schedule.
struct Traits
{
    std::uint64_t seed = 0;
    int devices = 2;
    int documents = 1;
    std::int64_t inFlight = 4;
    std::optional<std::size_t> ackedKeep = {};
    std::size_t queueEntries = 12;
    bool splitSnapshots = false;   // chunks so small that everything comes in parts
    bool slowReaders = false;      // a high-water mark of a few messages
    bool lazyServerDisk = false;   // commits are in flight until the executor runs
    bool lazyDeviceDisks = false;
    std::int64_t snapshotEvery = 0;
    unsigned crdt = 0;             // which documents are of kind crdt, one bit each
    bool calmCrdt = false;         // those are never deleted, and made once
    bool worker = false;           // edits are validated on another thread than the service's, as far as that goes with one
    bool anyRoot = false;          // documents are now and then null, a number, a text or a list
    std::int64_t places = 0;       // documents that one connection may follow; 0: all
    std::optional<Codec> codec = {}; // messages really encoded and decoded; none: handed over
    static Traits ofSeed(std::uint64_t seed);
};

struct Action
{
    enum class Kind {
        Edit, Up, Down, Work, Disk, Flow, Tick, Connect, Notice, Cut, DeviceCrash, ServerCrash, Backup, Restore, Compact, Copy,
        Resolve, Undo, Expire, CodeWrite, StoreFault, Repeat, OpenClose,
    };
    Kind kind;
    std::uint64_t randomBits; // every action brings its own, so that a schedule can be shortened and still be replayed
};
std::string_view actionName(Action::Kind kind);

// A whole run: one server, its clients, the network and the people, in one thread.
class World
{
public:
    World(Traits traits, bool verbose);
    ~World();

    void step(const Action &action);
    void heal();  // everything is switched on and nothing fails any more, until it is quiet
    void check(); // [G1] to [G13] on what is left

    void say(const std::string &text) const;
    bool isVerbose() const { return m_verbose; }

    // for devices
    Link *newLink(Device &device);
    Ledger &ledger() { return m_ledger; }
    const Clock &clock() const { return m_clock; }
    const Traits &traits() const { return m_traits; }
    const std::set<ClientId> &expired() const { return m_expired; }
    std::uint64_t nextSeed() { return m_seeds.next(); }
    bool mayCreate(const DocumentId &id, const Device &device);

private:
    class Sink;
    struct Backup
    {
        storage::MemoryBackend::Image image;
        Ledger::Saved ledger;
    };

    void startServer();
    void stopServer(std::uint64_t randomBits);
    void serverReceives(Link &link);
    void deviceReceives(Link &link);
    void work();
    void readCommitted();
    void dropCutLinks();
    void codeWrite(std::uint64_t randomBits);
    void healNetwork(SeededRandom &random, Device &device);
    void becomeQuiet(SeededRandom &random);
    void readInTurns(SeededRandom &random);
    void checkSettled(Device &device) const;
    std::string picture();
    const DocumentId &document(std::uint64_t randomBits) const;
    void checkDevice(Device &device, std::map<EventId, std::string> &held);
    void checkCrdt(Device &device, const DocumentId &id);
    void checkServer();
    void checkSent(Link &link, const protocol::OutgoingPtr &message);
    void checkPosition(const DocumentId &id, const Position &said, std::string_view where) const;
    void checkReceived(const protocol::Message &message) const;

    const Traits m_traits;
    const bool m_verbose;
    SeededRandom m_seeds;
    SimulatedClock m_clock;
    SimulatedExecutor m_executor;
    Ledger m_ledger;
    std::vector<DocumentId> m_documents;
    std::unique_ptr<SeededRandom> m_serverRandom;
    std::unique_ptr<storage::MemoryBackend> m_store;
    std::unique_ptr<sync::SyncService> m_service;
    std::vector<std::unique_ptr<Device>> m_devices;
    std::vector<std::unique_ptr<Link>> m_links;
    std::vector<std::unique_ptr<Sink>> m_sinks;
    std::vector<Backup> m_backups;
    std::set<ClientId> m_expired;
    std::set<DocumentId> m_created;
    int m_linkCount = 0;
};

} // namespace eventsync::simulation
