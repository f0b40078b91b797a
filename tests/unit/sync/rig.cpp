// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include <eventsync/base/assert.h>

#include <QTest>

#include <numeric>

namespace eventsync::sync::test {

Event eventOf(const protocol::EventItem &item)
{
    const auto event = eventFromBytes(*item.canonical, EventForm::Logged);
    EVENTSYNC_ASSERT(event.has_value());
    return *event;
}

void Peer::send(const protocol::OutgoingPtr &message)
{
    EVENTSYNC_ASSERT(!closed);
    received.push_back(message);
    if (slow)
        unsent += message->encoded(Codec::Json)->size();
}

void Peer::close(ErrorCode code, const std::string &)
{
    EVENTSYNC_ASSERT(!closed);
    closed = code;
}

std::vector<std::string> Peer::types() const
{
    std::vector<std::string> types;
    for (const auto &message : received)
        types.emplace_back(protocol::messageType(message->message()));
    return types;
}

std::vector<std::int64_t> Peer::eventSeqs() const
{
    std::vector<std::int64_t> seqs;
    for (const protocol::Events &events : all<protocol::Events>()) {
        for (const protocol::EventItem &item : events.events)
            seqs.push_back(eventOf(item).serverSeq.value());
    }
    return seqs;
}

Rig::Rig(ServiceOptions given, storage::MemoryBackend::Completion completion)
    : options(std::move(given)), backend(SyncService::schema(), completion)
{
    restart();
}

void Rig::restart()
{
    service.reset();
    run();
    service = std::make_unique<SyncService>(backend, executor, clock, random, options);
    run();
}

Peer &Rig::connect()
{
    Peer &peer = peers.emplace_back();
    peer.id = service->open(peer, {.peer = "test"});
    return peer;
}

Peer &Rig::reader()
{
    Peer &peer = peers.emplace_back();
    peer.id = service->open(peer, {.peer = "test", .readerOnly = true});
    return peer;
}

Peer &Rig::hello(const std::string &client)
{
    Peer &peer = connect();
    peer.client = ClientId(client);
    say(peer, protocol::Hello{.clientId = peer.client});
    return peer;
}

Peer &Rig::follow(const std::string &client, const std::string &document)
{
    Peer &peer = hello(client);
    subscribe(peer, document);
    return peer;
}

void Rig::say(Peer &peer, protocol::Message message)
{
    service->receive(peer.id, message);
    run();
}

void Rig::subscribe(Peer &peer, const std::string &document, std::int64_t after, std::optional<Digest> chain)
{
    say(peer, protocol::Subscribe{.documentId = DocumentId(document), .collection = CollectionName("things"),
                                  .afterSeq = ServerSeq(after), .chain = chain});
}

void Rig::wait(std::chrono::milliseconds time)
{
    for (; time.count() > 0; time -= std::chrono::milliseconds(1000)) {
        clock.advance(std::min(time, std::chrono::milliseconds(1000)));
        service->tick();
        run();
    }
}

Event Rig::event(Peer &peer, std::int64_t clientSeq, std::int64_t baseSeq, Operation operation, const std::string &text,
                 const std::string &document)
{
    return {.id = uuids.next(), .documentId = DocumentId(document), .collection = CollectionName("things"),
            .operation = operation, .serverSeq = {}, .clientId = peer.client, .clientSeq = ClientSeq(clientSeq),
            .baseSeq = ServerSeq(baseSeq), .timestamp = clock.wall(), .storedAt = {}, .diff = Diff(patch(text))};
}

Event Rig::create(Peer &peer, std::int64_t clientSeq, const std::string &state, const std::string &document)
{
    return event(peer, clientSeq, 0, Operation::Create, R"([{"op":"add","path":"","value":)" + state + "}]", document);
}

protocol::Ack Rig::push(Peer &peer, std::vector<Event> events)
{
    protocol::Push push{BatchId(++batches), events.front().documentId, {}};
    for (Event &event : events)
        push.events.push_back(std::make_shared<const Event>(std::move(event)));
    const std::size_t before = peer.all<protocol::Ack>().size();
    say(peer, push);
    const auto acks = peer.all<protocol::Ack>();
    return acks.size() > before ? acks.back() : protocol::Ack{};
}

Result<SyncService::Written> Rig::write(SyncService::Write write)
{
    std::optional<Result<SyncService::Written>> answer;
    service->write(std::move(write), [&](Result<SyncService::Written> result) { answer = std::move(result); });
    run();
    EVENTSYNC_ASSERT(answer.has_value());
    return *answer;
}

Result<DocumentRecord> Rig::read(const std::string &document)
{
    std::optional<Result<DocumentRecord>> answer;
    service->read(DocumentId(document), [&](Result<DocumentRecord> result) { answer = std::move(result); });
    run();
    EVENTSYNC_ASSERT(answer.has_value());
    return *answer;
}

std::string Rig::state(const std::string &document)
{
    const auto record = read(document);
    return record && record->state ? json::canonical(*record->state) : std::string();
}

Position Rig::head(const std::string &document)
{
    const auto record = read(document);
    return record ? record->position : Position{};
}

std::string nameTo(const std::string &name)
{
    return R"([{"op":"replace","path":"/name","value":")" + name + R"("}])";
}

json::Value value(const std::string &text)
{
    auto parsed = json::parse(text);
    EVENTSYNC_ASSERT(parsed.has_value());
    return std::move(*parsed);
}

json::Patch patch(const std::string &text)
{
    auto parsed = json::Patch::fromJson(value(text));
    EVENTSYNC_ASSERT(parsed.has_value());
    return std::move(*parsed);
}

std::string statusName(AckStatus status)
{
    switch (status) {
    case AckStatus::Applied: return "applied";
    case AckStatus::Merged: return "merged";
    case AckStatus::Duplicate: return "duplicate";
    case AckStatus::Conflict: return "conflict";
    case AckStatus::Rejected: return "rejected";
    case AckStatus::Skipped: return "skipped";
    }
    return {};
}

std::string statuses(const protocol::Ack &ack)
{
    std::string text;
    for (const protocol::AckResult &result : ack.results) {
        text += (text.empty() ? "" : ", ") + statusName(result.status);
        if (result.serverSeq)
            text += " " + std::to_string(result.serverSeq->value());
        if (result.code)
            text += " " + std::string(errorName(*result.code));
    }
    return text;
}

SyncService::Write writeOf(const std::string &document, const std::string &state, const std::string &client)
{
    SyncService::Write write{.documentId = DocumentId(document), .collection = CollectionName("things"), .clientId = ClientId(client)};
    write.edit = [state](json::State &whole) -> Result<> {
        whole = value(state);
        return {};
    };
    return write;
}

void writeMany(Rig &rig, int count)
{
    for (int i = 0; i < count; ++i) {
        auto write = writeOf("d1", "{}");
        write.edit = {};
        write.patch = patch(R"([{"op":"inc","path":"/gold","value":5}])");
        QVERIFY(rig.write(write).has_value());
    }
}

std::vector<std::int64_t> range(std::int64_t first, std::int64_t last)
{
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(last - first + 1));
    std::iota(numbers.begin(), numbers.end(), first);
    return numbers;
}

} // namespace eventsync::sync::test
