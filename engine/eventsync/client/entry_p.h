// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/queueentry.h>
#include <eventsync/crdt/id.h>

#include <span>
#include <variant>

namespace eventsync::client {

// What happens to a sent entry when it is answered, because an entry that it depends on will not be in the log as it was made.
enum class PendingFate { None, Conflict, DeadLetter };

// A CRDT patch before its ids were rewritten.
struct EarlierVersion
{
    EventId id;
    crdt::Id first;                            // of its ids
    std::optional<json::Value> replaces = {};  // from its metadata
};

// Data that an entry has in one state only. In the order of EntryState.
namespace entrystate {

struct Waiting
{
    bool isHeld = false;                   // not sent yet: an edit in flight decides whether it applies. Not durable
};
struct Sent
{
    ClientSeq clientSeq;
    std::optional<ServerSeq> answered = {}; // applied or duplicate; the event has not arrived yet
    PendingFate fate = PendingFate::None;
    std::optional<EventId> fateCause = {};
    std::vector<json::Footprint> unseenTrimmed = {}; // changes of others since its base that are no longer in the history
};
struct Conflict
{
    ServerSeq wait = {};                   // unseen events up to here must arrive first
    ServerSeq since = {};                  // the position when it became one. Not durable
    bool isAnnounced = false;              // ConflictFound was sent. Not durable
};
struct DeadLetter
{
};

} // namespace entrystate

// One edit in the queue, with data that only the core needs. Its state is a variant, whose alternatives hold the data of that
// state. EditQueue::setState() is the only function that changes it, and kTransitions lists the transitions.
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
    // The entry as programs see it. The base of a waiting entry is the position of the document; it is not stored in the entry,
    // so that a pull need not update each of them.
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

// The transitions between states. An entry starts as waiting (an acknowledged edit that the server has lost may start as a
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
