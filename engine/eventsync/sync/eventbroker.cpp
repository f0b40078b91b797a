// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/eventbroker_p.h>

#include <eventsync/json/value.h>

#include <memory>
#include <utility>

namespace eventsync::sync {

namespace {

constexpr std::size_t kClockEntryRoom = 20; // of a vector clock's entry: the quotes and a largest number

} // namespace

void EventBroker::add(const DocumentId &document, const SubscriberPtr &subscriber)
{
    m_subscribers[document].insert_or_assign(subscriber->session(), subscriber);
}

void EventBroker::remove(const DocumentId &document, SessionId session)
{
    const auto found = m_subscribers.find(document);
    if (found != m_subscribers.end() && found->second.erase(session) > 0 && found->second.empty())
        m_subscribers.erase(found);
}

std::vector<SubscriberPtr> EventBroker::subscribers(const DocumentId &document) const
{
    std::vector<SubscriberPtr> all;
    if (const auto found = m_subscribers.find(document); found != m_subscribers.end()) {
        for (const auto &[session, subscriber] : found->second)
            all.push_back(subscriber);
    }
    return all;
}

EventSubscriber::EventFrames EventBroker::frames(const DocumentId &document, const std::vector<eventlog::LogEntryPtr> &events,
                                            std::optional<VectorClock> clockBefore) const
{
    EventSubscriber::EventFrames frames;
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

void EventBroker::committed(const eventlog::DocumentPtr &document, const std::vector<eventlog::LoggedPtr> &events)
{
    if (events.empty())
        return;
    const ServerSeq before = events.front()->serverSeq.previous();
    const std::vector<eventlog::LogEntryPtr> entries(events.begin(), events.end());
    EventSubscriber::EventFrames plain, withClocks;
    std::vector<SubscriberPtr> behind, revoked;
    for (const SubscriberPtr &subscriber : subscribers(document->id())) {
        switch (subscriber->take(before, events.size())) {
        case EventSubscriber::Take::Nothing:
            break;
        case EventSubscriber::Take::Events:
            if (plain.empty())
                plain = frames(document->id(), entries);
            subscriber->deliver(plain);
            break;
        case EventSubscriber::Take::EventsWithClocks:
            if (withClocks.empty())
                withClocks = frames(document->id(), entries, document->core()->log().clockAt(before));
            subscriber->deliver(withClocks);
            break;
        case EventSubscriber::Take::Behind:
            behind.push_back(subscriber);
            break;
        case EventSubscriber::Take::Revoked:
            revoked.push_back(subscriber);
            break;
        }
    }
    for (const SubscriberPtr &subscriber : behind)
        subscriber->catchUp();
    for (const SubscriberPtr &subscriber : revoked)
        subscriber->revoke();
    for (const Listener &listener : m_listeners)
        listener(document, events.back());
}

void EventBroker::loaded(const eventlog::DocumentPtr &document)
{
    for (const SubscriberPtr &subscriber : subscribers(document->id()))
        subscriber->documentLoaded();
}

void EventBroker::unavailable(const eventlog::DocumentPtr &document, const Error &error)
{
    for (const SubscriberPtr &subscriber : subscribers(document->id()))
        subscriber->documentUnavailable(error);
}

} // namespace eventsync::sync
