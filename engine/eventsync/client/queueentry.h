// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/footprint.h>
#include <eventsync/model/collectionpolicy.h>
#include <eventsync/model/event.h>

#include <optional>
#include <string>
#include <vector>

namespace eventsync::client {

/// The state of a queued edit; docs/architecture.md has the table of its changes.
enum class EntryState {
    Waiting,    ///< no number yet
    Sent,       ///< has its clientSeq; unchanged until a definite answer or the next `synced`
    Conflict,   ///< to be decided by the resolver or the user
    DeadLetter, ///< refused for a permanent reason
};

/// One edit of this replica that is not known to be in the log. Value type.
struct QueueEntry
{
    EventId id;
    std::optional<EventId> firstId = {};  ///< if it replaces an earlier version of the edit
    DocumentId documentId;
    CollectionName collection;
    Operation operation = Operation::Update;
    Diff diff;
    ServerSeq baseSeq;
    ServerSeq madeAt;                     ///< the first baseSeq
    std::optional<ClientSeq> clientSeq = {}; ///< while sent
    EntryState state = EntryState::Waiting;
    std::optional<Error> reason = {};     ///< for a conflict or dead letter
    std::optional<EventId> because = {};  ///< the entry that it depends on (DependsOnRejected and similar codes)
    int tries = 0;                        ///< rebases after a conflict
    std::optional<OnOverlap> onOverlap = {};
    Timestamp timestamp;
    json::Object metadata = {};
    json::Footprint footprint = {};
    bool ready = false;                   ///< a conflict all of whose unseen events have arrived

    EventId first() const { return firstId.value_or(id); }
    bool isPending() const { return state == EntryState::Waiting || state == EntryState::Sent; }
    bool operator==(const QueueEntry &) const = default;
};

/// How many entries a queue has, by state.
struct QueueCounts
{
    std::size_t waiting = 0, sent = 0, conflicts = 0, deadLetters = 0;
    std::size_t all() const { return waiting + sent + conflicts + deadLetters; }
    bool operator==(const QueueCounts &) const = default;
};

/// The outcome of a conflict: the own edit, the edits of others, a merged value, or the user decides (Ask).
enum class Decision { Ours, Theirs, Merged, Ask };

/// A decision of a conflict, with what is recorded about it.
struct Resolution
{
    Decision decision = Decision::Ask;
    json::State merged = {};              ///< with Merged: the whole value
    std::string strategy = {};            ///< "fieldMerge", "lastWriterWins", "person", ...: recorded in the event
    std::string decidedBy = {};           ///< a resolver's name, or the user's
};

/// The three sides of a conflict, for a resolver.
struct ConflictView
{
    QueueEntry entry;
    CollectionPolicy policy;
    json::State base, ours, theirs;       ///< at baseSeq; base with the own edit; now
    std::vector<EventPtr> unseen;         ///< others' events after baseSeq; empty if a snapshot replaced them
    ServerSeq unseenFrom, unseenTo;
    bool baseKnown = true;                ///< false: the base is too far back; `base` is absent, and `ours` is the own edit on top of `theirs`
};

} // namespace eventsync::client
