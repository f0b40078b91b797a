// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/queueentry.h>
#include <eventsync/crdt/undo.h>

#include <eventsync/model/documentstate.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

// What the client core keeps in memory and in its rows. Internal to the client: not a public header.
namespace eventsync::client {

enum class PendingFate { None, Conflict, Dead }; // what becomes of a sent entry once it is answered

// What a CRDT patch was before it was written again with other ids.
struct EarlierVersion
{
    EventId id;
    crdt::Id first;                            // of its ids
    std::optional<json::Value> replaces = {};  // its metadata said so
};

// A queue entry with what only the core needs to know. `edit.baseSeq` of a waiting entry is the replica's position and is
// not kept: a pull moves the base of 100,000 waiting entries without touching one of them.
struct Entry
{
    QueueEntry edit;
    std::int64_t order = 0;                    // place in the queue; also the key of its row
    std::optional<ServerSeq> answered = {};    // applied or duplicate, the event has not come yet
    PendingFate pendingFate = PendingFate::None;
    std::optional<EventId> fateCause = {};
    ServerSeq wait;                            // a conflict: unseen events up to here must come first
    std::vector<EarlierVersion> versions = {};    // earlier ones of a CRDT patch, oldest first
    std::vector<json::Footprint> unseenTrimmed = {};  // sent: others' changes since baseSeq that are no longer in the history

    // not durable
    std::optional<Diff> inverse = {};          // while its patch is part of the tree
    bool hold = false;                         // the tree does not pass the validator from here on
    bool announced = false;                    // ConflictFound was told
    bool resent = false;
    ServerSeq conflictingSince;                        // the position then

    bool waits() const { return edit.state == EntryState::Waiting; }
    bool isSent() const { return edit.state == EntryState::Sent; }
};

// An own edit that is in the log, kept for limits::kAckedKeep in case the server loses it.
struct AckedEdit
{
    ServerSeq serverSeq;
    std::shared_ptr<const QueueEntry> edit;
    bool otherVersionLogged = false; // the log has another version of this edit; ours was never in it
    Timestamp at;
};

// One confirmed event with what takes it back.
struct HistoryItem
{
    EventPtr event;
    Digest chain; // after it
    Diff inverse;
    json::Footprint footprint;
    std::optional<std::int64_t> ownOrder = {}; // the place of the own entry that it settled; none: another's
    std::size_t bytes = 0;
};

enum class IdKind { Acknowledged = 1, GivenUp = 2 }; // own ids whose edits are no longer kept

// What one undo or redo would do. `operation` on the document: an update by `patch` (tests included) or of the `edits` of a
// CRDT document, a create with `state`, or a delete of the document as long as it is still `expected`.
struct UndoStep
{
    std::int64_t order = 0;
    bool redo = false;
    EventId edit;                              // the own edit that it takes back
    Operation operation = Operation::Update;
    json::Patch patch = {};
    std::vector<json::Pointer> absent = {};    // paths that edit removed: must still be absent
    json::State state = {};
    DocumentKind kind = DocumentKind::Json;    // of a create
    std::optional<Digest> expected = {};
    std::optional<crdt::UndoStep> edits = {};
};

} // namespace eventsync::client
