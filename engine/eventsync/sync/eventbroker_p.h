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

// One document as one session subscribes to it, as far as the broker knows it.
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
        Behind,            // it has to catch up from the log
        Revoked,           // it may not read any more
    };

    virtual ~EventSubscriber() = default;
    virtual SessionId session() const = 0;
    virtual Take take(ServerSeq before, std::size_t events) const = 0; // of events that follow `before`
    virtual void deliver(const EventFrames &frames) = 0;
    virtual void catchUp() = 0;                            // from where it stands
    virtual void revoke() = 0;
    virtual void documentLoaded() = 0;                     // its log may be longer than what was told of it
    virtual void documentUnavailable(const Error &error) = 0;

    // ---- what is not of the log
    virtual bool mayRead() const = 0;
    virtual bool isOverHighWater() const = 0;
    virtual bool wantsCursors() const = 0;
    virtual void send(const protocol::OutgoingPtr &message) = 0;
};
using SubscriberPtr = std::shared_ptr<EventSubscriber>;

// The observer of what an engine commits: sends it to those who subscribe, one message for all, so that it is encoded once. What
// each of them may and wants to have now it is asked; whoever reads too slowly is left where it stands and catches up when its
// connection has drained, so it delays nobody. Owner only.
class EventBroker final : public eventlog::CommitObserver
{
public:
    explicit EventBroker(std::size_t chunkBytes) : m_chunkBytes(chunkBytes) {}

    void add(const DocumentId &document, const SubscriberPtr &subscriber);
    void remove(const DocumentId &document, SessionId session);
    bool isSubscribed(const DocumentId &document) const { return m_subscribers.contains(document); }
    // A list of its own: telling one subscriber may end another. In the order of their sessions.
    std::vector<SubscriberPtr> subscribers(const DocumentId &document) const;
    // With what was committed, after the subscribers have it.
    using Listener = std::function<void(const eventlog::DocumentPtr &, const eventlog::LoggedPtr &last)>;
    void addListener(Listener listener) { m_listeners.push_back(std::move(listener)); }

    // With `clockBefore`, the vector clock before the first event, every event has its own beside it.
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
