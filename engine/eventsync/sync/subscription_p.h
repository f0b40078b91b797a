// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/sync/announcements_p.h>
#include <eventsync/sync/snapshottransfer_p.h>
#include <eventsync/sync/subscriptionstart_p.h>
#include <eventsync/sync/synccontext_p.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace eventsync::sync {

// One session's subscription to one document. It starts at the end of the subscriber's history, if the hash chain shows that
// this is a part of the log; otherwise at the last checkpoint for which this holds, or at a snapshot if the log does not reach
// back so far. Then it catches up in chunks, as fast as its peer reads, sends the presence and cursors of the others, and is
// live. It falls back to catching up if its peer reads too slowly, or if the log has more events than were sent.
//
// Answers of the engine count only while the request that asked for them is the accepted one. Owner only; a session ends its
// subscriptions before it goes. Large because a third of
// its functions is what the broker asks, and another third are accessors.
class Subscription final : public EventSubscriber, public std::enable_shared_from_this<Subscription>
{
public:
    enum class State {
        Starting,   // its start position is looked up, or its snapshot is made
        CatchingUp,
        Live,
        Ended,
    };

    Subscription(Session &session, SyncContext &context, const DocumentId &document);

    State state() const { return m_state; }
    const DocumentId &document() const { return m_id; }
    bool isSynced() const { return m_synced; } // true from the first `synced` on: pushes and presence are accepted then
    bool knowsCollection() const { return m_pin && m_pin->document()->collection(); }
    std::optional<CollectionName> collection() const; // the document's, or the one that the peer names
    std::size_t unanswered() const { return m_unanswered; } // pushed events
    void pushed(std::size_t events) { m_unanswered += events; }
    void answered(std::size_t events) { m_unanswered -= std::min(m_unanswered, events); }

    // A newer request replaces the one before when it is accepted; if it is refused, the one before stays.
    void request(const protocol::Subscribe &message);
    void end(); // called by its session; unsubscribes at the broker
    void fail(const Error &error); // sends the error, and ends
    void refuse(const Error &error); // the same, inside a step of catching up
    void recheckAccess();
    void moveCursor(ServerSeq at);
    bool readCursor(); // the turn of one whose clock is not at hand; false: there is nothing to read

    // ---- catching up, in turns with the other subscriptions of the session
    enum class Step { More, Done, Waits };
    Step step();
    bool isQueued() const { return m_queued; }
    void setQueued(bool queued) { m_queued = queued; }

    // ---- EventSubscriber
    SessionId session() const override;
    Take take(ServerSeq before, std::size_t events) const override;
    void deliver(const EventFrames &frames) override;
    void catchUp() override;
    void revoke() override;
    void documentLoaded() override;
    void documentUnavailable(const Error &error) override;
    bool mayRead() const override;
    bool isOverHighWater() const override;
    bool wantsCursors() const override { return m_synced && m_parameters.clocks; }
    void send(const protocol::OutgoingPtr &message) override;

private:
    struct Chunk;

    // ---- start position
    void accept(const protocol::Subscribe &message, std::uint64_t request, const eventlog::DocumentPtr &document);
    void refuseRequest(std::uint64_t request, const Error &error);
    void start(const Result<StartPosition> &position);
    void startSnapshot(ServerSeq atLeast = ServerSeq(0));
    void startTransfer(Result<SnapshotTransfer> transfer);
    // `task` runs only while this request is the accepted one.
    template<class T>
    std::function<void(T)> whileCurrent(void (Subscription::*task)(T));

    // ---- catching up (catchup.cpp)
    Step announce();
    Step sendEvents(std::vector<eventlog::LogEntryPtr> events, std::size_t fitting);
    void readChunk();
    void chunkRead(ServerSeq after, Result<Chunk> chunk);
    Step continueBySnapshot(ServerSeq atLeast);
    Step sendPart();
    void sendSynced();

    Session &m_session;
    SyncContext &m_context;
    const SessionId m_sessionId;
    const DocumentId m_id;
    std::optional<eventlog::DocumentPin> m_pin; // set when a request was accepted
    std::uint64_t m_newest = 0, m_accepted = 1; // numbers of requests; the first one counts as accepted
    protocol::Subscribe m_parameters;           // of the accepted request, or the first one
    State m_state = State::Starting;
    Announcements m_announcements;
    ServerSeq m_sent;                           // everything up to here was sent, or the peer had it
    std::optional<VectorClock> m_clock;         // at m_sent, for sessions that get clocks with events
    std::optional<SnapshotTransfer> m_transfer;
    protocol::Permission m_permission = protocol::Permission::Write;
    std::optional<ServerSeq> m_cursor;          // to be read in its turn
    bool m_isCursorQueued = false;
    std::size_t m_unanswered = 0;
    bool m_synced = false;
    bool m_queued = false;                      // waits for its turn in the session
};

} // namespace eventsync::sync
