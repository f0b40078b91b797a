// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/cancelsource.h>
#include <eventsync/sync/collectionwatch_p.h>
#include <eventsync/sync/outbox_p.h>
#include <eventsync/sync/pushes_p.h>
#include <eventsync/sync/queryqueue_p.h>
#include <eventsync/sync/subscription_p.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace eventsync::sync {

// One connection, with its subscriptions, watches, queries and pushes, which send in turns. Bounded by
// limits.documentsPerConnection, kWatchesPerConnection, kQueriesAtATime and the limits of waiting pushes. Owner only; held by
// the service until it is closed, and by pending answers.
//
// Large because the peer, the service and its own parts each have their functions here; what a part does is in that part.
class Session : public std::enable_shared_from_this<Session>
{
public:
    enum class State {
        Opened,           // no hello yet
        CheckingClientId, // its hello is checked; messages that arrive meanwhile wait
        Ready,
        Closed,
    };

    Session(SyncContext &context, SessionId id, SessionSink &sink, SessionInfo info);

    SessionId id() const { return m_id; }
    State state() const { return m_state; }
    const ClientId &client() const { return m_client; }
    const Principal &principal() const { return m_principal; }
    bool wantsVectorClocks() const { return m_vectorClocks; }
    Outbox &peer() { return m_peer; }
    Pushes &pushes() { return m_pushes; }
    WatchMemory &watchMemory() { return m_watchMemory; }
    storage::Queries::Requester requester() const { return storage::Queries::Requester::at(m_peer.info().peer, m_gone.token()); }

    // ---- from the peer
    void receive(const protocol::Message &message);
    void receiveInvalid(const Error &error, const protocol::RefusedNames &names);
    void tooLong(const protocol::Message &message); // a message of the service was too long to be sent

    // ---- from the service
    void welcome(); // its client id was checked
    void tick(std::chrono::milliseconds active);
    void recheckAccess();
    bool dependsOnRulesOfAny(const std::vector<CollectionName> &collections) const; // by a subscription or a watch
    std::size_t subscriptionCount() const { return m_subscriptions.size(); }
    void close(const Error &error, std::optional<std::chrono::milliseconds> retryAfter = {}); // the peer gets the error
    void lost();                                                                              // the connection is lost

    // ---- from its parts
    std::shared_ptr<Subscription> subscription(const DocumentId &document) const; // null if there is none
    void unsubscribe(const DocumentId &document);
    void unwatch(const CollectionName &collection);
    void enqueue(const std::shared_ptr<Subscription> &subscription); // the subscription has something to send
    void beginRead() { m_reading = true; }  // one read for catching up at a time
    void endRead() { m_reading = false; }
    void sendPending(); // as long as the peer's unsent bytes permit it
    // Clocks of cursors that are not in memory are read one after the other, so that a peer cannot fill the lane with them.
    void enqueueCursor(const std::shared_ptr<Subscription> &subscription);
    void cursorRead(); // the one whose turn it was

private:
    void dispatch(const protocol::Message &message);
    void hello(const protocol::Hello &message);
    void auth(const protocol::Auth &message);
    void subscribe(const protocol::Subscribe &message);
    void showPresence(const protocol::Presence &message);
    void watch(const protocol::Watch &message);
    void release();

    SyncContext &m_context;
    const SessionId m_id;
    Outbox m_peer;
    State m_state = State::Opened;
    ClientId m_client;
    Principal m_principal;
    bool m_vectorClocks = false;
    std::deque<protocol::Message> m_early;  // messages that arrived while the hello was checked
    std::map<DocumentId, std::shared_ptr<Subscription>> m_subscriptions;
    std::deque<std::shared_ptr<Subscription>> m_behind; // with something to send, in turns
    bool m_reading = false;
    std::deque<std::shared_ptr<Subscription>> m_cursors; // each once
    bool m_readingCursor = false;
    std::map<CollectionName, WatchPtr> m_watches;
    WatchMemory m_watchMemory;
    Pushes m_pushes;
    QueryQueue m_queries;
    struct
    {
        std::chrono::milliseconds opened{}, received{}, pinged{}; // ActiveTime
        std::int64_t pings = 0;
    } m_heartbeat;
    CancelSource m_gone; // cancels its reads
};

} // namespace eventsync::sync
