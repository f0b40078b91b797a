// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/random.h>
#include <eventsync/client/changes.h>
#include <eventsync/client/limits.h>
#include <eventsync/client/queueentry.h>
#include <eventsync/crdt/api.h>
#include <eventsync/model/documentstate.h>
#include <eventsync/model/validator.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/protocol/messages.h>
#include <eventsync/storage/sqliteschema.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace eventsync::client {

/// How a client core behaves. The defaults are those of base/limits.h.
struct ClientOptions
{
    std::string userAgent = {};
    std::optional<std::string> token = {};
    std::optional<std::string> clientSecret = {};
    std::size_t queueEntries = limits::kQueueEntries;
    int rebaseTries = limits::kRebaseTries;
    std::chrono::milliseconds ackedKeep = limits::kAckedKeep;
    std::chrono::milliseconds followTurn = limits::kFollowTurn; ///< see DocumentTurns
    std::optional<std::size_t> ackedKeepCount = {}; ///< for tests: so many instead of so long
    std::int64_t checkpointEvery = 100;             ///< serverSeqs between checkpoints
    std::size_t checkpoints = limits::kCheckpointsPerSubscribe;
    bool wantClocks = false;                        ///< capability vectorClock, and `cursors`
    Policies policies = {};                         ///< of collections whose policy no server has sent yet
    /// Code validators by collection; the policy's own schema is checked anyway.
    std::function<std::shared_ptr<const Validator>(const CollectionName &)> validators = {};
};

/// The client's half of the protocol (docs/protocol.md, docs/merging.md): documents, positions, the queue of edits. It does no
/// input or output: every step takes what has happened and returns Changes. The memory state is always ahead of, or equal to,
/// what is durable; after a crash load() gives the last durable state, and that is enough (G9). Owner only.
///
/// Large because every message, edit and question about a replica enters here; each function finds its document and hands it on.
class ClientCore
{
public:
    /// The record sets that Changes::writes use: documents, states, crdts, history, queue, acked, ids, undo, staging, clocks,
    /// meta.
    static const storage::Schema &schema();

    /// Loads a replica from a store with schema(). An empty store is a new replica, for which a client id is chosen. Corrupt.
    static Result<std::unique_ptr<ClientCore>> load(storage::ReadView &view, const Clock &clock, Random &random,
                                                    ClientOptions options = {});
    ~ClientCore();

    // ---- connection. Between connected() and disconnected() there is one connection.
    Changes connected();                                ///< sends `hello`
    Changes receive(const protocol::Message &message);
    Changes disconnected();
    Changes tick();                                     ///< at least once a second: expiry, retries on a document, presence

    // ---- interest
    /// A document is followed while it is open or has edits that are not settled. If the server allows fewer subscriptions than there are
    /// such documents, they take turns; documents with edits to send come first. InvalidValue for a name that no server could log or
    /// read, as in every function that takes names or values.
    Result<Changes> openDocument(const DocumentId &id, const std::optional<CollectionName> &collection = {}); ///< follows it until closeDocument()
    Changes closeDocument(const DocumentId &id);        ///< the local copy stays, and is followed until its queued edits are settled
    Result<Changes> watch(const CollectionName &collection, protocol::Watch parameters);
    Changes unwatch(const CollectionName &collection);
    Changes query(protocol::Query query);
    Result<Changes> presence(const DocumentId &id, json::Value state); ///< TooLarge above limits::kPresenceBytes
    Changes renewToken(std::string token);

    // ---- edits. Validated, applied to the optimistic state, queued; durable when the writes of the Changes are committed. An edit that changes
    // nothing gives no entry (nullopt, G7). QueueFull, NotFound, DocumentExists, WrongCollection, Invalid, PatchFailed change
    // nothing.
    struct Edited
    {
        std::optional<EventId> id;
        Diff diff;
        Changes changes;
    };
    Result<Edited> create(const DocumentId &id, const CollectionName &collection, json::Value state, json::Object metadata = {});
    Result<Edited> update(const DocumentId &id, json::Patch patch, json::Object metadata = {});
    /// The edit function gets the optimistic view (engine fields included); what it changed becomes the patch, by policy.
    Result<Edited> update(const DocumentId &id, const std::function<Result<>(json::Value &)> &edit, json::Object metadata = {});
    /// Documents of kind crdt: their edits are JSON CRDT patches and never conflict with other edits. A create makes texts that
    /// can be edited, objects and lists of `initial`. One call of update is one event; an edit that fails changes nothing
    /// behind. On such a document update() is translated into the smallest patch that leads to the wanted JSON value.
    using CrdtEdit = std::function<Result<>(crdt::Api &)>;
    Result<Edited> createCrdt(const DocumentId &id, const CollectionName &collection, json::Value initial, json::Object metadata = {});
    Result<Edited> updateCrdt(const DocumentId &id, const CrdtEdit &edit, json::Object metadata = {});
    Result<Edited> remove(const DocumentId &id, json::Object metadata = {});
    Result<Edited> undo(const DocumentId &id); ///< the last own edit that can be undone; NotFound if there is none; Conflict if changed since
    Result<Edited> redo(const DocumentId &id);
    bool canUndo(const DocumentId &id) const;
    bool canRedo(const DocumentId &id) const;

    // ---- decisions, in queue order per document. The entry must be a conflict whose unseen events have arrived (QueueEntry::ready).
    Result<Changes> resolve(const EventId &entry, Resolution resolution);
    std::optional<ConflictView> conflict(const EventId &entry) const; ///< base, ours, theirs, unseen
    /// discard() gives up a conflict or dead letter; retry() pushes a dead letter as a new edit.
    Result<Changes> discard(const EventId &entry);
    Result<Changes> retry(const EventId &entry);
    /// For a store that cannot be read any more, while the state in memory may be ahead of it: every edit and decision fails
    /// with this error from now on.
    void refuseEdits(const Error &error);

    // ---- what is known
    const ClientId &clientId() const;
    std::vector<DocumentId> documents() const;
    const DocumentState *confirmed(const DocumentId &id) const;  ///< null: the document is not known here
    const DocumentState *optimistic(const DocumentId &id) const; ///< the confirmed state and the pending edits
    /// The optimistic document, for reading; null if it is absent or of another kind. Valid until the next step.
    const crdt::Document *crdtDocument(const DocumentId &id) const;
    std::optional<Position> position(const DocumentId &id) const;
    std::optional<CollectionName> collection(const DocumentId &id) const;
    const CollectionPolicy &policy(const DocumentId &id) const;
    VectorClock vectorClock(const DocumentId &id) const;
    bool isSynced(const DocumentId &id) const;
    std::vector<QueueEntry> queue() const;                       ///< all documents, in the order made
    std::vector<QueueEntry> queue(const DocumentId &id) const;
    std::size_t queueSize() const;
    QueueCounts queueCounts() const;                             ///< of all documents
    QueueCounts queueCounts(const DocumentId &id) const;

private:
    struct Private;
    explicit ClientCore(std::unique_ptr<Private> d);
    std::unique_ptr<Private> d;
};

} // namespace eventsync::client
