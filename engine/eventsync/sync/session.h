// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/cancelsource.h>
#include <eventsync/eventlog/logmark.h>
#include <eventsync/model/snapshot.h>
#include <eventsync/sync/syncservice.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

// What the service keeps of one connection. Internal to the module.
namespace eventsync::sync {

// A snapshot on its way to one subscriber.
struct SnapshotTransfer
{
    std::shared_ptr<const Snapshot> snapshot;
    Digest sha256;
    std::int64_t part = 1, parts = 1;
    std::vector<protocol::KnownId> known;
};

// One document as one connection follows it. Waiting until its start is known; catching up, pulled in chunks, until it has
// everything; then live, until the peer reads too slowly.
struct Subscription
{
    enum class Stage { Waiting, CatchingUp, Live };

    Stage stage = Stage::Waiting;
    std::uint64_t generation = 0; // of the subscribe: answers that were looked up for an older one are dropped
    std::uint64_t next = 0;       // of a later subscribe that is looked at: if that is refused, this one stays
    ServerSeq sent;               // everything up to here was sent, or the peer had it
    bool owesSynced = true;
    bool wantsCursors = false;
    // What the others show and have, as it stood at `synced`: in steps, behind the client that was told last.
    bool owesPresences = false, owesCursors = false;
    std::optional<ClientId> presencesAfter = {}, cursorsAfter = {};
    protocol::Permission permission = protocol::Permission::Write;
    std::optional<CollectionName> collection = {};
    std::vector<protocol::PendingId> pending = {};
    std::optional<std::int64_t> snapshotPart = {};
    std::optional<SnapshotTransfer> transfer = {};
    std::optional<VectorClock> clock = {}; // at `sent`, for those who want clocks beside events
    std::size_t unanswered = 0;            // pushed events
    bool synced = false;
    bool queued = false;                   // in Session::behind
};

// An answer to a question that is too long for one message: its content as canonical JSON, and how far it was sent.
struct LongAnswer
{
    std::string requestId;
    std::string text;
    std::size_t sent = 0;
    std::int64_t parts = 0;
};

struct WatchState
{
    protocol::Watch parameters;
    std::uint64_t generation = 0;
    std::optional<std::string> listAfter = {}; // while the first heads are listed
    bool listing = true;
    bool owesPage = false;                     // the next page of the list waits for room
    std::int64_t since = 0;                    // list only what changed after this position; 0: everything
    bool full = true;                          // everything is listed
    eventlog::LogMark reached = {};            // when the list was begun
    std::set<DocumentId> shown = {};           // with a filter: what the peer was told matches
    bool knowsShown = true;                    // false with a list of changes: then everything may have been shown
    std::set<DocumentId> changed = {};         // to be sent
};

// How much of heads goes into one message: bytes of a page, and of one document's fields.
struct HeadLimits
{
    std::size_t page = 0, fields = 0;
};

// One document as a watch sees it, before it is asked who may read it and what was shown.
struct FoundHead
{
    protocol::Head head;
    bool matches = true; // the filter
    std::size_t fieldBytes = 0;

    std::size_t bytes() const { return head.documentId.text().size() + 64 + (head.fields ? fieldBytes : 0); }
};

// Outlives the session in what it pushed: whether that may still be processed.
struct ConnectionToken
{
    SessionId session;
    bool dropped = false; // a newer hello came for its client id
    bool forked = false;  // it was told ClientForked
    std::size_t waitingBytes = 0; // of its pushes that are not answered yet
};

struct Session
{
    enum class State { Opened, Greeting, Ready, Replaced };

    SessionId id;
    SessionSink *sink = nullptr;
    SessionInfo info;
    State state = State::Opened;
    ClientId client;
    Principal principal;
    bool vectorClocks = false;
    std::shared_ptr<ConnectionToken> token = std::make_shared<ConnectionToken>();
    std::deque<protocol::Message> early;           // what came while the hello was looked up
    std::map<DocumentId, Subscription> subscriptions;
    std::deque<DocumentId> behind;                 // documents with something to send, in turns
    std::map<CollectionName, WatchState> watches;
    bool reading = false;                          // one read for catch-up at a time
    std::chrono::milliseconds opened{}, heard{}, pinged{}; // ListenedTime
    std::int64_t pings = 0;
    std::deque<protocol::Query> questions;         // not looked at yet
    bool asking = false;                           // one is being answered ...
    std::optional<LongAnswer> answer;              // ... and this is still to be sent
    CancelSource gone;                             // ends what is read for it

    storage::Queries::Requester requester() const { return storage::Queries::Requester::at(info.peer, gone.token()); }
};

} // namespace eventsync::sync
