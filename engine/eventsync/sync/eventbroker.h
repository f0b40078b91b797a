// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/executor.h>
#include <eventsync/base/ids.h>
#include <eventsync/eventlog/eventstore.h>
#include <eventsync/model/vectorclock.h>
#include <eventsync/protocol/codec.h>
#include <eventsync/pubsub/pubsub.h>
#include <eventsync/sync/syncservice.h>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace eventsync::sync {

// Who follows which document, and the way of committed events to them: one message for all, so that it is encoded once,
// whoever asks first. What each follower may and wants to have now, the service answers when it is asked.
//
// Where a PubSub joins several nodes over one store, a commit is announced to the others. Such a hint carries no event: it
// may be lost, repeated or late, and whoever gets it reads the log. Owner only.
class EventBroker
{
public:
    // A frame of at most one chunk, and the serverSeq of its last event.
    struct Frame
    {
        ServerSeq last;
        protocol::OutgoingPtr message;
    };
    using Frames = std::vector<Frame>;

    explicit EventBroker(std::size_t chunkBytes) : m_chunkBytes(chunkBytes) {}

    // ---- who follows
    void follow(const DocumentId &document, SessionId session) { m_followers[document].insert(session); }
    void leave(const DocumentId &document, SessionId session);
    bool isFollowed(const DocumentId &document) const { return m_followers.contains(document); }
    // A list of its own: telling one follower may end another.
    std::vector<SessionId> followers(const DocumentId &document) const;
    std::vector<DocumentId> followed() const;

    // ---- events, when they are committed and not before (G1)
    // With `clockBefore`, the vector clock before the first event, every event has its own beside it.
    Frames frames(const DocumentId &document, const std::vector<eventlog::LogEntryPtr> &events,
                  std::optional<VectorClock> clockBefore = {}) const;
    enum class Take { Nothing, Events, EventsWithClocks };
    struct Delivery
    {
        std::function<Take(SessionId)> take;                    // asked of every follower, once
        std::function<VectorClock()> clockBefore;               // asked once, if anybody wants clocks
        std::function<void(SessionId, const Frames &)> deliver; // to those who take
    };
    void publish(const DocumentId &document, const std::vector<eventlog::LoggedPtr> &events, const Delivery &delivery) const;

    // ---- the other nodes
    struct Hint
    {
        DocumentId document;
        CollectionName collection;
        ServerSeq head;
        std::int64_t number = 0; // the document's, so that nobody gives it twice
    };
    // `hinted` is called for what other nodes commit, `mended` when hints may have been missed; both on `executor`.
    void join(pubsub::PubSub &pubsub, Executor &executor, std::string node, std::function<void(const Hint &)> hinted,
              std::function<void()> mended);
    bool hasOthers() const { return m_pubsub != nullptr; }
    void announce(const Hint &hint);

private:
    const std::size_t m_chunkBytes;
    std::unordered_map<DocumentId, std::set<SessionId>> m_followers;
    pubsub::PubSub *m_pubsub = nullptr;
    Executor *m_executor = nullptr;
    std::string m_node;
    pubsub::SubscriptionPtr m_hints, m_link;
};

} // namespace eventsync::sync
