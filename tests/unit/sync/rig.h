// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <support/executors.h>
#include <support/fakeclock.h>

#include <eventsync/storage/memorybackend.h>
#include <eventsync/sync/syncservice.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace eventsync::sync::test {

using eventsync::test::FakeClock;
using eventsync::test::ManualExecutor;

Event eventOf(const protocol::EventItem &item); // what its canonical bytes say

// One end of a connection, played by the test: keeps what the service sent. Everything is read at once unless `slow`.
class Peer final : public SessionSink
{
public:
    void send(const protocol::OutgoingPtr &message) override;
    void close(ErrorCode code, const std::string &reason) override;
    std::size_t unsentBytes() const override { return slow ? unsent : 0; }

    template<class M>
    std::vector<M> all() const
    {
        std::vector<M> found;
        for (const auto &message : received) {
            if (const auto *m = std::get_if<M>(&message->message()))
                found.push_back(*m);
        }
        return found;
    }
    template<class M>
    std::optional<M> last() const
    {
        const auto found = all<M>();
        return found.empty() ? std::nullopt : std::optional<M>(found.back());
    }
    std::vector<std::string> types() const;          // of everything received, in order
    std::vector<std::int64_t> eventSeqs() const;     // of all events received, in order

    std::vector<protocol::OutgoingPtr> received;
    std::optional<ErrorCode> closed;
    bool slow = false;
    std::size_t unsent = 0;
    SessionId id;
    ClientId client;
};

// A service over memory, and peers that talk to it.
class Rig
{
public:
    explicit Rig(ServiceOptions given = {},
                 storage::MemoryBackend::Completion completion = storage::MemoryBackend::Completion::AtOnce);

    Peer &connect();                                          // no hello yet
    Peer &reader();                                           // who only reads events, and says no hello
    Peer &hello(const std::string &client);                   // up to welcome
    Peer &follow(const std::string &client, const std::string &document = "d1"); // up to synced
    void say(Peer &peer, protocol::Message message);          // and runs what follows from it
    void subscribe(Peer &peer, const std::string &document = "d1", std::int64_t after = 0, std::optional<Digest> chain = {});
    void restart();                                           // a new service on the same store; all peers are lost
    void run() { executor.runAll(); }
    void wait(std::chrono::milliseconds time);                // in steps of a second, with ticks

    // An event as a client would push it.
    Event event(Peer &peer, std::int64_t clientSeq, std::int64_t baseSeq, Operation operation, const std::string &patch,
                const std::string &document = "d1");
    Event create(Peer &peer, std::int64_t clientSeq = 1, const std::string &state = R"({"gold":10,"name":"x"})",
                 const std::string &document = "d1");
    protocol::Ack push(Peer &peer, std::vector<Event> events);
    Result<SyncService::Written> write(SyncService::Write write);
    Result<DocumentRecord> read(const std::string &document = "d1");
    std::string state(const std::string &document = "d1");    // canonical; "" if there is none
    Position head(const std::string &document = "d1");

    FakeClock clock;
    SeededRandom random{7};
    UuidGenerator uuids{clock, random};
    ManualExecutor executor;
    ServiceOptions options;
    storage::MemoryBackend backend;
    std::unique_ptr<SyncService> service;
    std::deque<Peer> peers;
    std::int64_t batches = 0;
};

inline constexpr char kGold5[] = R"([{"op":"inc","path":"/gold","value":5}])";
std::string nameTo(const std::string &name); // a patch
json::Value value(const std::string &text);
json::Patch patch(const std::string &text);
std::string statuses(const protocol::Ack &ack); // "applied 1, conflict BaseCompacted, skipped"
std::string statusName(AckStatus status);
SyncService::Write writeOf(const std::string &document, const std::string &state, const std::string &client = "server");
void writeMany(Rig &rig, int count);                                  // updates of d1
std::vector<std::int64_t> range(std::int64_t first, std::int64_t last); // both included

} // namespace eventsync::sync::test
