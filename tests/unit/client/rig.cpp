// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include <eventsync/base/assert.h>
#include <eventsync/base/limits.h>
#include <support/executors.h>

namespace eventsync::client::test {

namespace {

std::string describe(const QueueEntry &entry)
{
    std::string text = entry.id.toText() + " first " + entry.first().toText() + " state "
        + std::to_string(static_cast<int>(entry.state)) + " base " + std::to_string(entry.baseSeq.value()) + " tries "
        + std::to_string(entry.tries) + " ready " + std::to_string(entry.ready);
    if (entry.clientSeq)
        text += " #" + std::to_string(entry.clientSeq->value());
    if (entry.reason)
        text += " " + entry.reason->toString();
    return text;
}

} // namespace

json::Value parsed(std::string_view text)
{
    auto value = json::parse(text);
    EVENTSYNC_ASSERT(value.has_value());
    return *value;
}

json::Patch patch(std::string_view text)
{
    auto made = json::Patch::fromJson(parsed(text));
    EVENTSYNC_ASSERT(made.has_value());
    return *made;
}

Device::Device(ClientOptions o, std::uint64_t seed) : random(seed), options(std::move(o)), backend(ClientCore::schema())
{
    crash();
}

void Device::crash()
{
    auto view = backend.view();
    EVENTSYNC_ASSERT(view.has_value());
    auto loaded = ClientCore::load(**view, clock, random, options);
    EVENTSYNC_ASSERT(loaded.has_value());
    core = std::move(*loaded);
    sent.clear();
}

void Device::run(Changes out)
{
    rows += out.writes.steps().size();
    if (!out.writes.isEmpty()) {
        eventsync::test::ManualExecutor executor;
        bool ok = false;
        backend.commit(std::move(out.writes), executor, [&](Result<storage::Committed> done) { ok = done.has_value(); });
        executor.runAll();
        EVENTSYNC_ASSERT(ok);
    }
    for (protocol::Message &message : out.messages)
        sent.push_back(std::move(message));
    for (Notification &notification : out.notifications)
        announced.push_back(std::move(notification));
    if (out.close)
        closed = out.close;
    if (checks && broken.empty())
        broken = differences();
}

Result<std::optional<EventId>> Device::run(Result<ClientCore::Edited> edited)
{
    if (!edited)
        return failure(edited.error());
    run(std::move(edited->changes));
    return edited->id;
}

Result<> Device::run(Result<Changes> out)
{
    if (!out)
        return failure(out.error());
    run(std::move(*out));
    return {};
}

std::string Device::differences() const
{
    auto view = const_cast<storage::MemoryBackend &>(backend).view();
    SeededRandom other(5);
    auto loaded = ClientCore::load(**view, clock, other, options);
    if (!loaded)
        return "does not load: " + loaded.error().toString();
    const ClientCore &copy = **loaded;
    std::string text;
    if (copy.clientId() != core->clientId() && !backend.inFlight())
        text += "client id; ";
    const auto ours = core->queue(), theirs = copy.queue();
    if (ours.size() != theirs.size())
        text += "queue of " + std::to_string(ours.size()) + " loads as " + std::to_string(theirs.size()) + "; ";
    for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
        if (!(ours[i] == theirs[i]))
            text += "entry " + describe(ours[i]) + " loads as " + describe(theirs[i]) + "; ";
    }
    for (const DocumentId &id : core->documents()) {
        const DocumentState *a = core->optimistic(id), *b = copy.optimistic(id);
        if (!b) {
            if (core->position(id)->serverSeq.value() > 0 || a->exists())
                text += id.text() + " is not stored; ";
            continue;
        }
        if (a->canonical() != b->canonical())
            text += id.text() + " " + a->canonical() + " loads as " + b->canonical() + "; ";
        if (core->confirmed(id)->canonical() != copy.confirmed(id)->canonical())
            text += id.text() + " confirmed " + core->confirmed(id)->canonical() + " loads as "
                + copy.confirmed(id)->canonical() + "; ";
        if (core->position(id) != copy.position(id))
            text += id.text() + " position; ";
        if (!(core->vectorClock(id) == copy.vectorClock(id)))
            text += id.text() + " vector clock; ";
        if (core->canUndo(id) != copy.canUndo(id) || core->canRedo(id) != copy.canRedo(id))
            text += id.text() + " undo; ";
    }
    return text;
}

std::string Device::view(const DocumentId &id) const
{
    const DocumentState *state = core->optimistic(id);
    return state && state->exists() ? state->canonical() : "absent";
}

std::string Device::confirmed(const DocumentId &id) const
{
    const DocumentState *state = core->confirmed(id);
    return state && state->exists() ? state->canonical() : "absent";
}

std::vector<EntryState> Device::states() const
{
    std::vector<EntryState> all;
    for (const QueueEntry &each : core->queue())
        all.push_back(each.state);
    return all;
}

QueueEntry Device::entry(std::size_t index) const
{
    return core->queue().at(index);
}

// ---- the log

Log::Log(DocumentId d, CollectionName c) : document(std::move(d)), collection(std::move(c))
{
    chains.push_back(chainStart(collection, document));
}

EventPtr Log::append(Event event)
{
    event.serverSeq = head().next();
    event.storedAt = clock.wall();
    event.onOverlap.reset();
    auto logged = std::make_shared<const Event>(std::move(event));
    chains.push_back(chainNext(chains.back(), digestOf(*logged)));
    log.push_back(logged);
    return logged;
}

EventPtr Log::other(std::string_view patchText, Operation operation)
{
    bob = bob.next();
    return append({.id = uuids.next(),
                   .documentId = document,
                   .collection = collection,
                   .operation = operation,
                   .clientId = ClientId("bob"),
                   .clientSeq = bob,
                   .baseSeq = head(),
                   .timestamp = clock.wall(),
                   .diff = Diff(patch(patchText))});
}

void Log::cutTo(ServerSeq seq)
{
    log.resize(static_cast<std::size_t>(seq.value()));
    chains.resize(static_cast<std::size_t>(seq.value()) + 1);
    bob = ClientSeq();
    for (const EventPtr &event : log) {
        if (event->clientId == ClientId("bob"))
            bob = event->clientSeq;
    }
}

protocol::Events Log::events(ServerSeq after) const
{
    return events(after, head());
}

protocol::Events Log::events(ServerSeq after, ServerSeq until) const
{
    protocol::Events message{.documentId = document, .events = {}, .chain = chains[static_cast<std::size_t>(until.value())]};
    for (auto i = static_cast<std::size_t>(after.value()); i < static_cast<std::size_t>(until.value()); ++i)
        message.events.push_back({.event = log[i]});
    return message;
}

Position Log::position() const
{
    return {head(), chains.back()};
}

protocol::Synced Log::synced(ClientSeq clientSeq) const
{
    return {.documentId = document, .position = position(), .horizon = ServerSeq(1), .clientSeq = clientSeq, .policy = policy};
}

std::string Log::state() const
{
    DocumentState state;
    for (const EventPtr &event : log)
        EVENTSYNC_ASSERT(state.apply(*event).has_value());
    return state.exists() ? state.canonical() : "absent";
}

protocol::Snapshot Log::snapshot(std::vector<protocol::KnownId> known) const
{
    const std::string text = state();
    protocol::Snapshot message{.documentId = document, .collection = collection, .position = position(), .known = std::move(known)};
    if (text == "absent")
        message.deleted = true;
    else
        message.state = parsed(text);
    return message;
}

protocol::Welcome welcome(std::int64_t inFlight)
{
    protocol::Welcome message;
    message.heartbeatMs = 15'000;
    message.limits.inFlight = inFlight;
    message.limits.frameBytes = static_cast<std::int64_t>(limits::kFrameBytes);
    return message;
}

protocol::Ack answer(const protocol::Push &push, AckStatus status, std::optional<ServerSeq> serverSeq,
                     std::optional<ErrorCode> code)
{
    protocol::Ack ack{.batchId = push.batchId, .documentId = push.documentId, .results = {}};
    for (const EventPtr &event : push.events) {
        protocol::AckResult result{.id = event->id, .clientSeq = event->clientSeq, .status = status};
        const bool logged = status == AckStatus::Applied || status == AckStatus::Duplicate;
        (logged ? result.serverSeq : result.head) = serverSeq;
        if (logged && serverSeq)
            serverSeq = serverSeq->next();
        result.code = code;
        ack.results.push_back(result);
    }
    return ack;
}

// ---- the pair

Pair::Pair(ClientOptions options, std::string_view state) : log(id), device(std::move(options))
{
    if (!state.empty())
        log.other(R"([{"op":"add","path":"","value":)" + std::string(state) + "}]", Operation::Create);
    EVENTSYNC_ASSERT(device.run(device.core->openDocument(id, CollectionName("games"))).has_value());
    connect();
}

void Pair::connect(ClientSeq clientSeq)
{
    device.run(device.core->connected());
    device.receive(welcome());
    const ServerSeq at = device.core->position(id)->serverSeq;
    if (at < log.head())
        device.receive(log.events(at));
    device.receive(log.synced(clientSeq));
}

std::vector<EventPtr> Pair::pushed()
{
    std::vector<EventPtr> events;
    for (protocol::Push &push : device.take<protocol::Push>()) {
        events.insert(events.end(), push.events.begin(), push.events.end());
        lastPush = std::move(push);
        lastPush.events = events; // joined, to be answered as one
    }
    return events;
}

void Pair::logAll(const std::vector<EventPtr> &events)
{
    const ServerSeq before = log.head();
    for (const EventPtr &event : events)
        log.accept(event);
    device.receive(log.events(before));
}

EventId Pair::edit(std::string_view patchText)
{
    const auto made = device.run(device.core->update(id, patch(patchText)));
    EVENTSYNC_ASSERT(made.has_value() && made->has_value());
    return **made;
}

} // namespace eventsync::client::test
