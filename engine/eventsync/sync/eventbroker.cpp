// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/eventbroker.h>

#include <eventsync/base/logging.h>
#include <eventsync/json/value.h>

#include <memory>
#include <utility>

namespace eventsync::sync {

namespace {

// One topic for all documents: a node also tells its watchers of documents that nobody follows here.
constexpr char kTopic[] = "eventsync.heads";

constexpr std::size_t kClockEntryRoom = 20; // of a vector clock's entry: the quotes and a largest number

Bytes toBytes(const EventBroker::Hint &hint, const std::string &node)
{
    return json::canonical(json::Object{{"collection", hint.collection.text()},
                                        {"documentId", hint.document.text()},
                                        {"node", node},
                                        {"number", hint.number},
                                        {"serverSeq", hint.head.value()}});
}

// What a foreign program writes into the topic is an error, never a hint (G16).
std::optional<EventBroker::Hint> hintFrom(const Bytes &message, std::string &node)
{
    const auto value = json::parse(message);
    if (!value || !value->is_object())
        return std::nullopt;
    const json::Object &fields = value->as_object();
    const auto text = [&](std::string_view name) {
        const json::Value *field = fields.if_contains(name);
        return field && field->is_string() ? std::string(field->as_string()) : std::string();
    };
    const auto integer = [&](std::string_view name) {
        const json::Value *field = fields.if_contains(name);
        return field && field->is_int64() ? field->as_int64() : std::int64_t(-1);
    };
    const auto document = documentIdFrom(text("documentId"));
    const auto collection = collectionNameFrom(text("collection"));
    if (!document || !collection || integer("serverSeq") < 1 || integer("number") < 1)
        return std::nullopt;
    node = text("node");
    return EventBroker::Hint{*document, *collection, ServerSeq(integer("serverSeq")), integer("number")};
}

} // namespace

void EventBroker::leave(const DocumentId &document, SessionId session)
{
    const auto found = m_followers.find(document);
    if (found != m_followers.end() && found->second.erase(session) > 0 && found->second.empty())
        m_followers.erase(found);
}

std::vector<SessionId> EventBroker::followers(const DocumentId &document) const
{
    const auto found = m_followers.find(document);
    return found == m_followers.end() ? std::vector<SessionId>()
                                      : std::vector<SessionId>(found->second.begin(), found->second.end());
}

std::vector<DocumentId> EventBroker::followed() const
{
    std::vector<DocumentId> documents;
    documents.reserve(m_followers.size());
    for (const auto &[document, sessions] : m_followers)
        documents.push_back(document);
    return documents;
}

EventBroker::Frames EventBroker::frames(const DocumentId &document, const std::vector<eventlog::LogEntryPtr> &events,
                                        std::optional<VectorClock> clockBefore) const
{
    Frames frames;
    std::size_t clockBytes = clockBefore ? json::canonicalSize(clockBefore->toJson()) : 0;
    const auto bytesOf = [&](const eventlog::LogEntryPtr &event) { return event->canonical->size() + clockBytes; };
    for (std::size_t next = 0; next < events.size();) {
        protocol::Events message{document, {}, {}};
        std::size_t bytes = 0;
        do {
            const eventlog::LogEntryPtr &event = events[next++];
            bytes += bytesOf(event);
            protocol::EventItem item{.canonical = event->canonical};
            if (clockBefore) {
                clockBefore->advance(event->clientId, event->clientSeq);
                item.vectorClock = *clockBefore;
                clockBytes += event->clientId.text().size() + kClockEntryRoom; // if it is new
            }
            message.events.push_back(std::move(item));
            message.chain = event->chain;
        } while (next < events.size() && bytes + bytesOf(events[next]) <= m_chunkBytes);
        const ServerSeq last = message.last = events[next - 1]->serverSeq;
        frames.push_back({last, std::make_shared<const protocol::OutgoingMessage>(std::move(message))});
    }
    return frames;
}

void EventBroker::publish(const DocumentId &document, const std::vector<eventlog::LoggedPtr> &events,
                          const Delivery &delivery) const
{
    if (events.empty())
        return;
    const std::vector<eventlog::LogEntryPtr> entries(events.begin(), events.end());
    Frames plain, withClocks;
    for (const SessionId session : followers(document)) {
        const Take take = delivery.take(session);
        if (take == Take::Events) {
            if (plain.empty())
                plain = frames(document, entries);
            delivery.deliver(session, plain);
        } else if (take == Take::EventsWithClocks) {
            if (withClocks.empty())
                withClocks = frames(document, entries, delivery.clockBefore());
            delivery.deliver(session, withClocks);
        }
    }
}

void EventBroker::join(pubsub::PubSub &pubsub, Executor &executor, std::string node, std::function<void(const Hint &)> hinted,
                       std::function<void()> mended)
{
    m_pubsub = &pubsub;
    m_executor = &executor;
    m_node = std::move(node);
    m_hints = pubsub.subscribe(kTopic, executor, [self = m_node, hinted = std::move(hinted)](const std::string &, const Bytes &message) {
        std::string sender;
        const auto hint = hintFrom(message, sender);
        if (!hint)
            qCWarning(lcSync) << "what another node says of its commits cannot be read";
        else if (sender != self)
            hinted(*hint);
    });
    m_link = pubsub.watchLink(executor, [mended = std::move(mended)](pubsub::PubSub::Link link) {
        if (link == pubsub::PubSub::Link::Up)
            mended();
    });
}

// Losing it costs the others no event, only the time until they poll.
void EventBroker::announce(const Hint &hint)
{
    if (m_pubsub)
        m_pubsub->publish(kTopic, toBytes(hint, m_node), *m_executor);
}

} // namespace eventsync::sync
