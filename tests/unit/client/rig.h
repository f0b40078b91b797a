// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/random.h>
#include <eventsync/client/clientcore.h>
#include <eventsync/storage/memorybackend.h>
#include <support/fakeclock.h>

#include <QString>

#include <memory>
#include <string>
#include <vector>

// A client core on a memory store, and a server's log made by hand. After every step of the core what is durable is loaded
// into a second core and compared with the first: nothing that a step did may be in memory only.
namespace eventsync::client::test {

using eventsync::test::FakeClock;

json::Value parsed(std::string_view text);
json::Patch patch(std::string_view text);

class Device
{
public:
    explicit Device(ClientOptions options = {}, std::uint64_t seed = 1);

    // Carries out what a step asked for: commits, then keeps messages and notifications.
    void run(Changes out);
    Result<std::optional<EventId>> run(Result<ClientCore::Edited> edited);
    Result<> run(Result<Changes> out);
    void receive(const protocol::Message &message) { run(core->receive(message)); }
    void crash(); // and starts again from what is durable
    std::string differences() const; // between the core and one loaded from the store; empty if none

    template<class T>
    std::vector<T> take() // the messages of this type sent since the last take
    {
        std::vector<T> found;
        std::vector<protocol::Message> rest;
        for (protocol::Message &message : sent) {
            if (auto *m = std::get_if<T>(&message))
                found.push_back(std::move(*m));
            else
                rest.push_back(std::move(message));
        }
        sent = std::move(rest);
        return found;
    }
    template<class T>
    std::vector<T> notifications() const
    {
        std::vector<T> found;
        for (const Notification &notification : announced) {
            if (const auto *f = std::get_if<T>(&notification))
                found.push_back(*f);
        }
        return found;
    }

    std::string view(const DocumentId &id) const;      // canonical; "absent"
    std::string confirmed(const DocumentId &id) const;
    std::vector<EntryState> states() const;            // of the queue, in order
    QueueEntry entry(std::size_t index) const;

    FakeClock clock;
    SeededRandom random;
    ClientOptions options;
    storage::MemoryBackend backend;
    std::unique_ptr<ClientCore> core;
    std::vector<protocol::Message> sent;
    std::vector<Notification> announced;
    std::optional<Changes::Close> closed;
    std::string broken; // the first difference that a step left
    bool checks = true;
    std::size_t rows = 0; // written so far
};

// One document's log, as a server would keep it. No rules: a test says what is logged and answered.
class Log
{
public:
    explicit Log(DocumentId document, CollectionName collection = CollectionName("games"));

    EventPtr append(Event event); // gives it its place
    EventPtr other(std::string_view patchText, Operation operation = Operation::Update); // an edit of Bob's
    EventPtr accept(const EventPtr &pushed) { return append(*pushed); }
    void cutTo(ServerSeq seq); // a restored backup

    protocol::Events events(ServerSeq after) const;
    protocol::Events events(ServerSeq after, ServerSeq until) const;
    protocol::Synced synced(ClientSeq clientSeq) const;
    protocol::Snapshot snapshot(std::vector<protocol::KnownId> known = {}) const;
    ServerSeq head() const { return ServerSeq(static_cast<std::int64_t>(log.size())); }
    Position position() const;
    std::string state() const;

    DocumentId document;
    CollectionName collection;
    CollectionPolicy policy = CollectionPolicy::games();
    std::vector<EventPtr> log;
    std::vector<Digest> chains;
    FakeClock clock;
    SeededRandom random{77};
    UuidGenerator uuids{clock, random};
    ClientSeq bob;
};

protocol::Welcome welcome(std::int64_t inFlight = 64);
protocol::Ack answer(const protocol::Push &push, AckStatus status, std::optional<ServerSeq> serverSeq = {},
                     std::optional<ErrorCode> code = {});

// A device with the document open and synced, connected; and its log.
struct Pair
{
    explicit Pair(ClientOptions options = {}, std::string_view state = R"({"gold":10,"name":"a"})");
    void connect(ClientSeq clientSeq = {});            // hello ... synced, with all events
    std::vector<EventPtr> pushed();                    // events pushed since last asked, joined
    void logAll(const std::vector<EventPtr> &events);  // accepts them, sends them back as events
    EventId edit(std::string_view patchText);
    protocol::Push lastPush;

    DocumentId id{"game-1"};
    Log log;
    Device device;
};

} // namespace eventsync::client::test
