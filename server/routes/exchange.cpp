// SPDX-License-Identifier: Apache-2.0
#include <server/routes/exchange.h>

#include <eventsync/protocol/limits.h>
#include <eventsync/protocol/messagereader.h>
#include <eventsync/protocol/messagewriter.h>

#include <algorithm>

namespace eventsync::server {

namespace {

constexpr std::int64_t kBatch = 1;

Result<std::vector<EventPtr>> eventsFrom(const json::Array *array, const DocumentId &id, const std::optional<protocol::Hello> &hello)
{
    std::vector<EventPtr> events;
    if (!array || array->empty())
        return events;
    if (!hello)
        return failure(ErrorCode::InvalidMessage, "who pushes names its clientId", "/clientId");
    if (array->size() > limits::kInFlightEvents)
        return failure(ErrorCode::TooLarge, "at most " + std::to_string(limits::kInFlightEvents) + " events go at a time", "/push");
    for (std::size_t i = 0; i < array->size(); ++i) {
        const std::string path = "/push/" + std::to_string(i);
        auto event = eventFromJson((*array)[i], EventForm::Pushed);
        if (!event)
            return failure(event.error().code, event.error().message, path + event.error().path);
        if (event->documentId != id || event->clientId != hello->clientId)
            return failure(ErrorCode::InvalidMessage, "the event is of another document or client", path);
        events.push_back(std::make_shared<const Event>(std::move(*event)));
    }
    return events;
}

} // namespace

Result<ExchangeRequest> exchangeRequestFrom(const json::Value &value, const DocumentId &id)
{
    FieldReader read(value);
    ExchangeRequest request;
    const auto secret = read.optionalText("clientSecret");
    if (read.has("clientId")) {
        request.hello = protocol::Hello{.clientId = read.take(clientIdFrom(read.text("clientId")), "clientId"),
                                        .clientSecret = secret,
                                        .capabilities = {"vectorClock"}};
    }
    request.subscribe = protocol::subscribeFrom(read, id);
    if (!request.subscribe.afterSeq && !request.subscribe.vectorClock)
        request.subscribe.afterSeq = ServerSeq(0);
    const json::Array *push = read.optionalArray("push");
    EVENTSYNC_CHECK(read.finish(UnknownFields::Ignore));
    EVENTSYNC_TRY(request.push, eventsFrom(push, id, request.hello));
    return request;
}

Exchange::Exchange(sync::SyncService &service, Executor &engine, ExchangeRequest request, Done done)
    : m_service(service), m_engine(engine), m_request(std::move(request)), m_done(std::move(done))
{
}

std::shared_ptr<Exchange> Exchange::start(sync::SyncService &service, Executor &engine, ExchangeRequest request,
                                          std::string peer, Done done)
{
    std::shared_ptr<Exchange> exchange(new Exchange(service, engine, std::move(request), std::move(done)));
    exchange->m_self = exchange;
    const auto &hello = exchange->m_request.hello;
    exchange->m_session = service.open(*exchange, {.peer = std::move(peer), .readerOnly = !hello, .vectorClocks = !hello});
    exchange->m_isOpen = true;
    if (hello)
        exchange->post(*hello);
    else
        exchange->post(exchange->m_request.subscribe);
    return exchange;
}

// Posted, because the service is executing a function during send().
void Exchange::post(protocol::Message message)
{
    m_engine.post([self = shared_from_this(), message = std::move(message)] {
        if (self->m_isOpen)
            self->m_service.receive(self->m_session, message);
    });
}

void Exchange::cancel(const Error &error)
{
    finish(failure(error));
}

void Exchange::send(const protocol::OutgoingPtr &message)
{
    if (!m_done)
        return;
    const protocol::Message &content = message->message();
    if (std::holds_alternative<protocol::Welcome>(content))
        post(m_request.subscribe);
    else if (const auto *snapshot = std::get_if<protocol::Snapshot>(&content))
        take(*snapshot);
    else if (const auto *events = std::get_if<protocol::Events>(&content))
        take(*events);
    else if (const auto *synced = std::get_if<protocol::Synced>(&content))
        take(*synced);
    else if (const auto *ack = std::get_if<protocol::Ack>(&content))
        take(*ack);
    else if (const auto *error = std::get_if<protocol::ErrorMessage>(&content))
        take(*error);
    else if (const auto *ping = std::get_if<protocol::Ping>(&content))
        post(protocol::Pong{ping->n});
    else if (const auto *diverged = std::get_if<protocol::Diverged>(&content)) {
        m_diverged = *diverged;
        finish(answer());
    }
}

void Exchange::close(ErrorCode code, const std::string &reason)
{
    m_isOpen = false;
    finish(failure(code, reason));
}

void Exchange::take(const protocol::Snapshot &snapshot)
{
    if (snapshot.bytes)
        m_snapshotBytes += *snapshot.bytes;
    m_snapshot = snapshot;
    m_position = snapshot.position;
}

void Exchange::take(const protocol::Events &events)
{
    for (const protocol::EventItem &item : events.events) {
        m_events.push_back(item.canonical ? *item.canonical : canonicalBytes(*item.event, EventForm::Logged));
        m_eventBytes += m_events.back().size();
        if (item.vectorClock)
            m_clock = item.vectorClock;
    }
    if (m_synced) {
        m_position = {events.last, events.chain};
        return finishIfComplete();
    }
    if (m_eventBytes > limits::kAnswerBytes) { // the client continues from here with another request, and pushes when it has everything
        m_position = {events.last, events.chain};
        m_hasMore = true;
        finish(answer());
    }
}

void Exchange::take(const protocol::Synced &synced)
{
    m_synced = synced;
    m_position = synced.position;
    if (synced.vectorClock)
        m_clock = synced.vectorClock;
    postCursor();
    if (m_request.push.empty())
        return finish(answer());
    post(protocol::Push{.batchId = BatchId(kBatch), .documentId = m_request.subscribe.documentId, .events = m_request.push});
}

// Events begin at the client's position. After a snapshot its position is not known.
void Exchange::postCursor()
{
    if (m_request.hello && !m_snapshot)
        post(protocol::Cursor{.documentId = m_request.subscribe.documentId,
                              .serverSeq = m_position.serverSeq - static_cast<std::int64_t>(m_events.size())});
}

void Exchange::take(const protocol::Ack &ack)
{
    m_ack = ack;
    finishIfComplete();
}

void Exchange::take(const protocol::ErrorMessage &error)
{
    finish(failure(error.code, error.message));
}

// The events of applied edits, and those that a conflict refers to, are a part of the answer.
void Exchange::finishIfComplete()
{
    if (!m_ack)
        return;
    for (const protocol::AckResult &result : m_ack->results) {
        if (std::max(result.serverSeq.value_or(ServerSeq()), result.head.value_or(ServerSeq())) > m_position.serverSeq)
            return;
    }
    finish(answer());
}

Bytes Exchange::answer() const
{
    json::Object object{{"serverSeq", m_position.serverSeq.value()}, {"chain", m_position.chain.toHex()}};
    if (m_diverged) {
        object = {{"diverged", json::Object{{"commonSeq", m_diverged->commonSeq.value()},
                                            {"serverSeq", m_diverged->serverSeq.value()}}}};
    }
    if (m_hasMore)
        object["hasMore"] = true;
    if (m_synced) {
        ClientSeq clientSeq = m_synced->clientSeq;
        if (m_ack) {
            for (const protocol::AckResult &result : m_ack->results) {
                if (result.status == AckStatus::Applied || result.status == AckStatus::Merged)
                    clientSeq = std::max(clientSeq, result.clientSeq);
            }
        }
        object["clientSeq"] = clientSeq.value();
    }
    if (m_clock)
        object["vectorClock"] = m_clock->toJson();
    if (m_ack)
        object["ack"] = protocol::toObject(*m_ack).at("results");
    if (m_snapshot) {
        protocol::Snapshot whole = *m_snapshot;
        whole.part = whole.parts = 1;
        if (whole.kind == DocumentKind::Crdt && !whole.deleted) {
            whole.bytes = m_snapshotBytes;
            whole.sha256 = sha256(m_snapshotBytes);
        } else if (!whole.state && !whole.deleted) {
            if (auto state = json::parse(m_snapshotBytes, {.bytes = SIZE_MAX}))
                whole.state = std::move(*state);
            whole.bytes.reset();
            whole.sha256.reset();
        }
        json::Object written = protocol::toObject(whole);
        for (const char *name : {"type", "part", "parts", "documentId"})
            written.erase(name);
        object["snapshot"] = std::move(written);
    }
    // Events are added as their stored bytes, after the other members.
    Bytes text = json::canonical(object);
    text.pop_back();
    text += ",\"events\":[";
    for (std::size_t i = 0; i < m_events.size(); ++i)
        text.append(i > 0 ? "," : "").append(m_events[i]);
    return text += "]}";
}

void Exchange::finish(Result<Bytes> result)
{
    if (!m_done)
        return;
    const Done done = std::exchange(m_done, {});
    m_engine.post([self = std::exchange(m_self, {})] { // outside of the service's call
        if (std::exchange(self->m_isOpen, false))
            self->m_service.lost(self->m_session);
    });
    done(std::move(result));
}

} // namespace eventsync::server
