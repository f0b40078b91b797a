// SPDX-License-Identifier: Apache-2.0
//
// A client with 100 edits on their way, none answered, gets other people's events. Its cost per event must not grow
// with the number of events: the time per event over 10,000 of them beside the time over 1,000. The second pair of rows
// says what a step costs beside nothing but applying the same patches to a plain value.
#include "../measure.h"
#include "../table.h"
#include "../workload.h"

#include <eventsync/base/limits.h>
#include <eventsync/client/clientcore.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/storage/memorybackend.h>

using namespace eventsync;
using namespace eventsync::bench;

namespace {

constexpr int kRuns = 5;
constexpr std::int64_t kPending = 100, kFew = 1'000, kMany = 10'000, kVeryMany = 40'000;

const DocumentId kDocument("note-1");

std::string startState()
{
    std::string text = R"({"gold":10,"name":"Alice","note":"","mine":[)";
    for (std::int64_t i = 0; i < kPending; ++i)
        text += i == 0 ? "0" : ",0";
    return text + "]}";
}

// The log of one document, Bob's edits only, as messages of `perMessage` events.
struct Remote
{
    protocol::Events first;
    std::vector<protocol::Events> rest;
    Position head;
    std::vector<json::Patch> patches;
};

Remote remoteLog(std::int64_t events, std::int64_t perMessage)
{
    Author bob(kDocument, ClientId("bob"), 5);
    Remote remote;
    remote.head.chain = chainStart(Author::collection(), kDocument);
    const auto log = [&](const EventPtr &pushed) {
        Event event = *pushed;
        event.serverSeq = remote.head.serverSeq.next();
        event.storedAt = event.timestamp;
        const auto canonical = std::make_shared<const Bytes>(canonicalBytes(event, EventForm::Logged));
        remote.head = {event.serverSeq, chainNext(remote.head.chain, digestOf(event))};
        return protocol::EventItem{.event = std::make_shared<const Event>(std::move(event)), .canonical = canonical};
    };
    remote.first = {kDocument, {log(bob.create(startState()))}, {}};
    remote.first.chain = remote.head.chain;
    for (std::int64_t i = 0; i < events; ++i) {
        if (i % perMessage == 0)
            remote.rest.push_back({kDocument, {}, {}});
        const EventPtr edit = bob.edit(remote.head.serverSeq);
        remote.patches.push_back(edit->diff.patch());
        remote.rest.back().events.push_back(log(edit));
        remote.rest.back().chain = remote.head.chain;
    }
    return remote;
}

protocol::Welcome welcome()
{
    protocol::Welcome message;
    message.heartbeatMs = 15'000;
    message.limits.inFlight = limits::kInFlightEvents;
    message.limits.frameBytes = static_cast<std::int64_t>(limits::kFrameBytes);
    return message;
}

double microsecondsPerEvent(std::int64_t events, std::int64_t perMessage)
{
    const Remote remote = remoteLog(events, perMessage);
    const SystemClock clock;
    SeededRandom random(1);
    storage::MemoryBackend store(client::ClientCore::schema());
    auto view = store.view();
    auto loaded = client::ClientCore::load(**view, clock, random);
    EVENTSYNC_ASSERT(loaded.has_value());
    client::ClientCore &core = **loaded;
    EVENTSYNC_ASSERT(core.openDocument(kDocument, Author::collection()).has_value());
    core.connected();
    core.receive(welcome());
    core.receive(remote.first);
    core.receive(protocol::Synced{.documentId = kDocument,
                                  .position = {ServerSeq(1), remote.first.chain},
                                  .horizon = ServerSeq(1),
                                  .clientSeq = {},
                                  .policy = CollectionPolicy()});
    for (std::int64_t i = 0; i < kPending; ++i) {
        const auto edited = core.update(
            kDocument, patchOf(R"([{"op":"replace","path":"/mine/)" + std::to_string(i) + R"(","value":1}])"));
        EVENTSYNC_ASSERT(edited.has_value());
    }
    const double begin = threadCpuSeconds();
    for (const protocol::Events &message : remote.rest)
        core.receive(message);
    const double took = threadCpuSeconds() - begin;
    EVENTSYNC_ASSERT(core.position(kDocument) == remote.head && core.queueSize() == std::size_t(kPending));
    return took * 1e6 / static_cast<double>(events);
}

double microsecondsPerPatch(std::int64_t events)
{
    const Remote remote = remoteLog(events, events);
    json::Value document = parsed(startState());
    std::size_t size = json::canonicalSize(document);
    const double begin = threadCpuSeconds();
    for (const json::Patch &patch : remote.patches) {
        const auto applied = json::apply(document, patch, {.size = size});
        EVENTSYNC_ASSERT(applied.has_value());
        size += static_cast<std::size_t>(applied->sizeChange);
    }
    return (threadCpuSeconds() - begin) * 1e6 / static_cast<double>(events);
}

} // namespace

int main()
{
    Table table;
    for (const std::int64_t perMessage : {1, 64}) {
        Series first, linear, apply;
        for (int run = 0; run < kRuns; ++run) {
            const double few = microsecondsPerEvent(kFew, perMessage), many = microsecondsPerEvent(kMany, perMessage);
            first.add(many, few); // 1,000 fit into the history that is kept: what leaves it costs something from there on
            linear.add(microsecondsPerEvent(kVeryMany, perMessage), many);
            apply.add(many, microsecondsPerPatch(kMany));
        }
        const std::string how =
            std::to_string(perMessage) + (perMessage == 1 ? " event a message" : " events a message");
        table.add("client, 100 pending, " + how + ": 40,000 beside 10,000, CPU per event", linear, "us",
                  Target{Target::Kind::AtMost, 1.25});
        table.add("client, 100 pending, " + how + ": 10,000 beside 1,000, CPU per event", first, "us", std::nullopt);
        table.add("client, 100 pending, " + how + ": beside bare apply, CPU per event", apply, "us", std::nullopt);
    }
    table.print();
    return 0;
}
