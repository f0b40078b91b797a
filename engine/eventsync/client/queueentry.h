// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/footprint.h>
#include <eventsync/model/collectionpolicy.h>
#include <eventsync/model/event.h>

#include <optional>
#include <string>
#include <vector>

namespace eventsync::client {

enum class EntryState {
    Waiting,    ///< no number yet
    Sent,       ///< has its clientSeq; unchanged until a definite answer or the next `synced`
    Conflict,   ///< for the resolver or a person
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
    std::optional<Error> reason = {};     ///< of a conflict or dead letter
    std::optional<EventId> because = {};  ///< the entry that this one followed (DependsOnRejected and the like)
    int tries = 0;                        ///< rebases after a conflict
    std::optional<OnOverlap> onOverlap = {};
    Timestamp timestamp;
    json::Object metadata = {};
    json::Footprint footprint = {};
    bool ready = false;                   ///< a conflict whose unseen events are all here

    EventId first() const { return firstId.value_or(id); }
    bool isPending() const { return state == EntryState::Waiting || state == EntryState::Sent; }
    bool operator==(const QueueEntry &) const = default;
};

struct QueueCounts
{
    std::size_t waiting = 0, sent = 0, conflicts = 0, deadLetters = 0;
    std::size_t all() const { return waiting + sent + conflicts + deadLetters; }
    bool operator==(const QueueCounts &) const = default;
};

enum class Decision { Ours, Theirs, Merged, Ask };

struct Resolution
{
    Decision decision = Decision::Ask;
    json::State merged = {};              ///< with Merged: the whole value
    std::string strategy = {};            ///< "fieldMerge", "lastWriterWins", "person", ...: recorded in the event
    std::string decidedBy = {};           ///< a resolver's name, or the person
};

/// What a resolver is shown.
struct ConflictView
{
    QueueEntry entry;
    CollectionPolicy policy;
    json::State base, ours, theirs;       ///< at baseSeq; with our edit on top of base; now
    std::vector<EventPtr> unseen;         ///< others' events after baseSeq; empty if a snapshot replaced them
    ServerSeq unseenFrom, unseenTo;
    bool baseKnown = true;                ///< false: the base is too far back; `base` is absent, `ours` is our edit on `theirs`
};

} // namespace eventsync::client
