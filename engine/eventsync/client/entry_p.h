// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/queueentry.h>
#include <eventsync/crdt/id.h>

#include <span>
#include <variant>

namespace eventsync::client {

// What becomes of a sent entry as soon as it is answered, because an entry that it depends on is no longer in the log as it was.
enum class PendingFate { None, Conflict, DeadLetter };

// A CRDT patch before its ids were rewritten.
struct EarlierVersion
{
    EventId id;
    crdt::Id first;                            // of its ids
    std::optional<json::Value> replaces = {};  // its metadata said so
};

// What is known of an entry in one state only. In the order of EntryState.
namespace entrystate {

struct Waiting
{
    bool isHeld = false;                   // not sent yet: an edit in flight decides whether it applies. Not durable
};
struct Sent
{
    ClientSeq clientSeq;
    std::optional<ServerSeq> answered = {}; // applied or duplicate; the event has not come yet
    PendingFate fate = PendingFate::None;
    std::optional<EventId> fateCause = {};
    std::vector<json::Footprint> unseenTrimmed = {}; // others' changes since its base that have left the history
};
struct Conflict
{
    ServerSeq wait = {};                   // unseen events up to here must come first
    ServerSeq since = {};                  // the position when it became one. Not durable
    bool isAnnounced = false;              // ConflictFound was sent. Not durable
};
struct DeadLetter
{
};

} // namespace entrystate

// One edit in the queue, with what only the core needs to know. Its state is one variant, with what is known in that state
// only; EditQueue::setState() is the only way from one to another, and kTransitions says which ways there are.
class Entry
{
public:
    using Waiting = entrystate::Waiting;
    using Sent = entrystate::Sent;
    using Conflict = entrystate::Conflict;
    using DeadLetter = entrystate::DeadLetter;
    using State = std::variant<Waiting, Sent, Conflict, DeadLetter>;

    Entry(QueueEntry content, std::int64_t place, State state = Waiting());

    EntryState state() const { return static_cast<EntryState>(m_state.index()); }
    bool isWaiting() const { return state() == EntryState::Waiting; }
    bool isSent() const { return state() == EntryState::Sent; }
    bool isPending() const { return isWaiting() || isSent(); } // part of the optimistic state
    template<class S> const S &in() const { return std::get<S>(m_state); } // only in that state
    template<class S> S &in() { return std::get<S>(m_state); }
    bool isReady(ServerSeq position) const { return state() == EntryState::Conflict && position >= in<Conflict>().wait; }
    void setDiff(Diff diff);
    // What programs see of it. A waiting entry's base is the position; it is not kept, so that a pull need not touch each of them.
    QueueEntry content(ServerSeq position) const;

    QueueEntry edit;                           // without state, clientSeq and ready: content() adds them
    std::int64_t order = 0;                    // place in the queue; also the key of its row
    std::vector<EarlierVersion> versions = {}; // oldest first
    std::optional<Diff> inverse = {};          // while its patch is part of the optimistic tree. Not durable
    std::size_t unnumberedBytes = 0;           // see pushedBytes(); 0: not known. Not durable

private:
    friend class EditQueue;
    State m_state;
};

// The ways from one state to another. An entry starts as waiting (an acknowledged edit that the server has lost may start as a
// conflict), and leaves the queue from any state: logged, decided, discarded or tried again.
struct Transition
{
    EntryState from, to;
    std::string_view when;
};
std::span<const Transition> transitions();
bool isLegal(EntryState from, EntryState to);
std::string_view stateName(EntryState state); // in the store and in the table of docs/architecture.md

} // namespace eventsync::client
