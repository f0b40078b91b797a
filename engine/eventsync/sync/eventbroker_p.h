// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documentengine.h>
#include <eventsync/model/vectorclock.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/sync/syncservice.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace eventsync::sync {

// The part of a session's subscription to one document that the broker uses.
class EventSubscriber
{
public:
    // A frame of at most one chunk, and the serverSeq of its last event.
    struct EventFrame
    {
        ServerSeq last;
        protocol::OutgoingPtr message;
    };
    using EventFrames = std::vector<EventFrame>;
    enum class Take {
        Nothing,           // it is not live
        Events,
        EventsWithClocks,
        Behind,            // it must catch up from the log
        Revoked,           // it has lost the right to read
    };

    virtual ~EventSubscriber() = default;
    virtual SessionId session() const = 0;
    virtual Take take(ServerSeq before, std::size_t events) const = 0; // for events that follow `before`
    virtual void deliver(const EventFrames &frames) = 0;
    virtual void catchUp() = 0;                            // from its position on
    virtual void revoke() = 0;
    virtual void documentLoaded() = 0;                     // its log may have more events than were reported
    virtual void documentUnavailable(const Error &error) = 0;

    // ---- messages that are not in the log
    virtual bool mayRead() const = 0;
    virtual bool isOverHighWater() const = 0;
    virtual bool wantsCursors() const = 0;
    virtual void send(const protocol::OutgoingPtr &message) = 0;
};
using SubscriberPtr = std::shared_ptr<EventSubscriber>;

// The observer of committed events: sends them to the subscribers, with one message for all, which is encoded once. It asks
// each subscriber what it may get and wants now. A subscriber that reads too slowly stays at its position and catches up when
// its connection has drained, so it does not delay others. Owner only.
class EventBroker final : public eventlog::CommitObserver
{
public:
    explicit EventBroker(std::size_t chunkBytes) : m_chunkBytes(chunkBytes) {}

    void add(const DocumentId &document, const SubscriberPtr &subscriber);
    void remove(const DocumentId &document, SessionId session);
    bool isSubscribed(const DocumentId &document) const { return m_subscribers.contains(document); }
    // A copy, because a call to one subscriber may end another. In the order of their sessions.
    std::vector<SubscriberPtr> subscribers(const DocumentId &document) const;
    // Called with committed events, after the subscribers have got them.
    using Listener = std::function<void(const eventlog::DocumentPtr &, const eventlog::LoggedPtr &last)>;
    void addListener(Listener listener) { m_listeners.push_back(std::move(listener)); }

    // With `clockBefore`, the vector clock before the first event, every event is sent with its own clock.
    EventSubscriber::EventFrames frames(const DocumentId &document, const std::vector<eventlog::LogEntryPtr> &events,
                                   std::optional<VectorClock> clockBefore = {}) const;

    void committed(const eventlog::DocumentPtr &document, const std::vector<eventlog::LoggedPtr> &events) override;
    void loaded(const eventlog::DocumentPtr &document) override;
    void unavailable(const eventlog::DocumentPtr &document, const Error &error) override;

private:
    const std::size_t m_chunkBytes;
    std::unordered_map<DocumentId, std::map<SessionId, SubscriberPtr>> m_subscribers; // none of them empty
    std::vector<Listener> m_listeners;
};

} // namespace eventsync::sync
