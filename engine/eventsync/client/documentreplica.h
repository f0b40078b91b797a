// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/clientcore.h>
#include <eventsync/client/crdtrenames.h>
#include <eventsync/client/entry.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

namespace eventsync::client {

// What the replicas of one core share.
struct ReplicaContext
{
    // What this connection may use: granted by the server, within our own limits.
    std::size_t places() const { return granted(wire.documentsPerConnection, limits::kDocumentsPerConnection); }
    std::size_t frameBytes() const { return granted(wire.frameBytes, limits::kFrameBytes); }
    std::size_t eventBytes() const { return granted(wire.eventBytes, limits::kEventBytes); }
    std::size_t inFlight() const { return granted(wire.inFlight, limits::kInFlightEvents); }


    const Clock &clock;
    UuidGenerator &uuids;
    const ClientOptions &options;
    ClientId clientId = {};
    Policies policies = {};
    protocol::WireLimits wire = {};            // of the last welcome; zeros: our own limits
    std::int64_t lastOrder = 0, firstOrder = 0; // places given at the tail and at the head of the queue
    std::int64_t lastBatch = 0;
    std::size_t queueSize = 0;                 // entries of all documents
    bool welcome = false;
    std::optional<Error> fork = {};            // set by a replica: this one is a copy, or expired

private:
    static std::size_t granted(std::int64_t wire, std::size_t ours)
    {
        return wire > 0 ? std::min(static_cast<std::size_t>(wire), ours) : ours;
    }
};

// What a replica wants of the connection: to be followed, and why.
enum class SubscriptionNeed {
    None,
    Read,  // it is open, or shows edits that are not settled
    Write, // it has something to send, or to hear before a conflict can be decided
};

// One document at one client: its confirmed state and history, its queue, its half of the protocol.
//
// One tree is kept. It is the confirmed state with the pending entries on top; unapplyQueue() takes them off through their exact
// inverses, reapplyQueue() puts them back and parks what no longer applies or passes. A step unwinds at most once. An own event
// that arrives as the first pending entry moves the line between confirmed and pending without touching the tree at all.
//
// Every public function is one step or part of one; the core calls finish() once at its end, which rewinds, pushes, and
// writes each changed row once. Internal; owner only.
class DocumentReplica
{
public:
    DocumentReplica(ReplicaContext &context, DocumentId id);
    static Result<> loadAll(storage::ReadView &view, ReplicaContext &context,
                            const std::function<DocumentReplica &(const DocumentId &)> &replica);

    // ---- connection
    void open(const std::optional<CollectionName> &collection);
    void close();
    bool isOpen() const { return m_open; }
    SubscriptionNeed need() const;
    void subscribe(Changes &out);              // as DocumentTurns says
    void unsubscribe(Changes &out);
    void disconnected();
    void clientIdChanged(Changes &out);          // the client id has changed
    void tick(Changes &out);
    void finish(Changes &out);

    // ---- messages
    void onEvents(const protocol::Events &message, Changes &out);
    void onSnapshot(const protocol::Snapshot &message, Changes &out);
    void onDiverged(const protocol::Diverged &message, Changes &out);
    void onSynced(const protocol::Synced &message, Changes &out);
    void onAck(const protocol::Ack &message, Changes &out);
    void onRevoked(const protocol::Revoked &message, Changes &out);
    void onError(const Error &error, std::optional<std::chrono::milliseconds> retryAfter); // its subscription was refused
    void onUnreadable(const Error &error);     // a message about it was refused as a whole

    // ---- edits
    struct Made
    {
        std::optional<EventId> id;
        Diff diff;
    };
    Result<Made> create(DocumentKind kind, const CollectionName &collection, json::Value state, json::Object metadata, Changes &out);
    Result<Made> update(json::Patch patch, json::Object metadata, Changes &out);
    Result<Made> update(const std::function<Result<>(json::Value &)> &edit, json::Object metadata, Changes &out);
    Result<Made> updateCrdt(const ClientCore::CrdtEdit &edit, json::Object metadata, Changes &out);
    Result<Made> remove(json::Object metadata, Changes &out);
    Result<Made> undo(bool redo, Changes &out);
    bool canUndo(bool redo) const;

    // ---- decisions
    Result<> resolve(const EventId &id, const Resolution &resolution, Changes &out);
    std::optional<ConflictView> conflict(const EventId &id) const;
    Result<> discard(const EventId &id, Changes &out);
    Result<> retry(const EventId &id, Changes &out);

    // ---- state
    const DocumentId &id() const { return m_id; }
    const std::optional<CollectionName> &collection() const { return m_collection; }
    const DocumentState &optimistic() const { return m_optimistic; }
    const DocumentState &confirmed() const;
    const crdt::Document *crdtDocument() const;
    const Position &position() const { return m_position; }
    bool isSubscribed() const { return m_subscribed; }
    bool isSynced() const { return m_synced; }
    bool isKnown() const { return m_position.serverSeq.value() > 0 || !m_queue.empty(); }
    const VectorClock &clock() const { return m_clock; }
    const CollectionPolicy &policy() const;
    std::vector<QueueEntry> queue() const;
    void appendQueue(std::vector<std::pair<std::int64_t, QueueEntry>> &all) const; // with their places
    void count(QueueCounts &counts) const;
    bool holds(const EventId &id) const { return m_byId.contains(id); }

private:
    struct Loader;
    using Queue = std::map<std::int64_t, Entry>;
    struct EditPlan
    {
        Operation operation = Operation::Update;
        Diff diff = {};
        json::Object metadata = {};
        const QueueEntry *replaces = nullptr;  // the entry that a decision replaces: keeps the first id, counts its tries
        std::optional<OnOverlap> onOverlap = {};
        bool evenIfNothing = false;            // a decision is logged even if it changes nothing
        std::optional<bool> undoIsRedo = {};   // of an undo (true) or a redo (false): where its own inverse goes
        std::optional<crdt::UndoStep> takesBack = {}; // of an update of a CRDT document
    };

    static constexpr std::size_t kChangedPaths = 256; // above that, "everything" is cheaper to say and to hear

    // the tree
    void unapplyQueue();
    void reapplyQueue(Changes &out);
    bool passes() const;
    void changed(const json::Footprint &footprint);
    void changedEverything() { m_changedAll = true; }
    void refreshCheck();

    // the queue
    Entry &insert(Entry entry);
    Entry take(Entry &entry);                  // out of the queue
    Entry *find(const EventId &id);
    const Entry *find(const EventId &id) const;
    std::vector<std::int64_t> holdersOf(const EventId &id, const EventId &first) const;
    void touch(const Entry &entry) { m_dirty.insert(entry.order); }
    void setState(Entry &entry, EntryState state);
    void detach(Entry &entry);
    void markConflicting(Entry &entry, Error why, std::optional<ServerSeq> base = {}, std::optional<EventId> because = {});
    void deadLetter(Entry &entry, Error why, std::optional<EventId> because = {});
    void propagateFate(const Entry &entry, PendingFate how);
    void returnToWaiting(Entry &entry);
    void requeue(Entry &entry);
    void refuse(Entry &entry, const protocol::AckResult &result);
    void deadLetterAll(const Error &why, const std::function<bool(const Entry &)> &which);
    bool isReady(const Entry &entry) const { return m_position.serverSeq >= entry.wait; }
    void dropUndoOf(const EventId &id);

    // the log
    struct Settled
    {
        bool any = false;                      // an entry left the queue
        bool seen = false;                     // later entries were made on top of it
        std::optional<std::int64_t> order = {};
    };
    struct LogHit
    {
        EventId asked, first, logged;          // `asked` or `first` is what an entry may hold; `logged`: the version there
        ServerSeq serverSeq;
        const Event *event = nullptr;
        protocol::AckStatus status = protocol::AckStatus::Applied;
    };
    Settled settle(const LogHit &hit);
    void keep(AckedEdit acked);
    void forgetAcked(Timestamp now);
    void requeueAcknowledged(const std::vector<AckedEdit> &lost);
    struct Incoming
    {
        EventPtr event;
        Bytes canonical;
        Digest chain;
    };
    std::vector<Incoming> incoming(const protocol::Events &message, bool &gap) const;
    Result<> applyEvent(Incoming incoming);
    bool confirmFirst(const Event &event, HistoryItem &item);
    bool isOwn(const Event &event, const Settled &settled);
    void recordUnseen(Entry &entry, const json::Footprint &footprint) const;
    static constexpr std::int64_t kEverywhere = std::numeric_limits<std::int64_t>::max(); // after all entries
    void unseen(const json::Footprint &footprint, const std::string &what, std::int64_t before);
    std::vector<const json::Footprint *> unseenOf(const Entry &entry) const;
    std::optional<json::Footprint> differenceTo(const DocumentState &state);
    bool isOtherIncarnation(const DocumentState &state) const;
    void installSnapshot(const protocol::Snapshot &message, DocumentState state, Changes &out);
    bool stage(const protocol::Snapshot &message);
    void resetHistory();
    void repair(Error why, Changes &out);
    void resubscribe(Changes &out);
    void rollBackTo(ServerSeq common);
    std::vector<protocol::Checkpoint> checkpoints() const;
    std::vector<protocol::PendingId> pendingIds() const;
    std::size_t historyLimit() const;
    void trimHistory();
    void clearHistory();
    void setClock(const ClientId &client, ClientSeq seq);
    void writeBase();
    bool wantsBase() const;
    void dropStaging();
    void setReadOnly(bool readOnly);

    // push
    void sendPending(Changes &out);
    bool hasToSend() const;
    void deadLetterTooLarge();
    void send(std::vector<EventPtr> events, Changes &out);
    EventPtr pushed(const Entry &entry) const;

    // edits
    Result<Made> enqueue(EditPlan plan, Changes &out);
    Result<> admit(const EditPlan &plan) const;
    Result<> checkTaken(const Event &largest) const;
    std::optional<UndoStep> inverseStep(const QueueEntry &edit, const AppliedEvent &applied, json::State before) const;
    void pushUndo(UndoStep step);
    void dropUndo(std::map<std::int64_t, UndoStep>::iterator step);
    void clearRedo();
    Result<EditPlan> planOf(const UndoStep &step) const;
    void giveUp(const QueueEntry &edit);
    Result<EditPlan> oursPlan(const ConflictView &view);
    Result<EditPlan> wholePlan(const QueueEntry &edit, const json::Value &value);
    Result<EditPlan> mergedPlan(const QueueEntry &edit, const json::State &merged);
    json::Patch ourValues(const ConflictView &view) const;
    json::Object conflictRecord(const ConflictView &view, const Resolution &resolution) const;
    bool isAboutCrdt(const ConflictView &view) const;
    json::Array theirChanges(const ConflictView &view, bool *truncated) const;
    std::vector<json::Value> theirViews(const ConflictView &view) const;
    std::optional<DocumentState> stateAt(ServerSeq seq) const;

    // documents of kind crdt
    std::uint64_t session() const;
    Result<Diff> createDiff(DocumentKind kind, json::Value state) const;
    Result<EditPlan> crdtPlan(const ClientCore::CrdtEdit &edit);
    Result<EditPlan> crdtPlanTo(const json::Value &wanted);
    Result<Made> undoCrdt(const UndoStep &step, EditPlan plan, Changes &out);
    void forgetCrdtUndo();
    void keepRecreatedIds(crdt::MadeAgain again);
    void observed(const crdt::Document &document, const crdt::Change &change);
    bool observe();
    void forgetObserved();
    void announceCrdt(Changes &out);
    bool dependsOn(const QueueEntry &edit, const CrdtIds &ids) const;
    void addIds(const QueueEntry &edit, CrdtIds &ids) const;
    void findForeignSessions();
    void rewriteIds(Entry &entry, CrdtRenames &renames, bool anew);
    void requeueWhenComplete(Entry &entry, CrdtRenames &renames);
    bool waitsForDependency() const; // some patch is parked for what it stands on
    void renameUndo(const CrdtRenames &renames);
    static bool isCopysVersion(const QueueEntry &edit, const LogHit &hit);
    bool restoreVersion(Entry &entry, const LogHit &hit);
    static void useVersion(Entry &entry, const EventId &version);
    Diff rebasedDiff(const QueueEntry &edit) const;

    // rows
    void flush(Changes &out);
    void writeDocument(Changes &out);
    void announce(Changes &out);

    ReplicaContext &m_context;
    DocumentId m_id;

    // durable
    std::optional<CollectionName> m_collection;
    bool m_open = false;
    bool m_readOnly = false;                   // as the last synced said: no edit is made, none is pushed
    Position m_position;
    Position m_historyStart;                   // before the first item of m_history
    std::deque<HistoryItem> m_history;
    ServerSeq m_baseSeq;                       // where the row in `states` stands
    bool m_baseIsCrdt = false;                 // ... or the one in `crdts`
    ClientSeq m_last, m_assigned;              // the server's count of ours; the highest given
    Queue m_queue;
    std::map<std::pair<ServerSeq, EventId>, AckedEdit> m_acked;
    std::unordered_map<EventId, ServerSeq> m_ackedById;
    std::unordered_map<EventId, IdKind> m_ids;
    std::map<std::int64_t, UndoStep> m_undo;
    std::map<std::int64_t, crdt::MadeAgain> m_recreatedIds; // newest first: their places count down
    std::map<std::int64_t, protocol::Snapshot> m_staged; // parts of a snapshot
    VectorClock m_clock;

    // derived
    DocumentState m_optimistic;
    mutable std::unique_ptr<DocumentState> m_confirmed; // made on demand, while entries are on top of it
    bool m_queueUnapplied = false;
    bool m_wasCrdt = false;                    // when last told
    bool m_rewriteIds = false;                      // patches of other sessions are written again at the next reapplyQueue
    std::size_t m_inTree = 0;                  // entries with an inverse
    std::unordered_map<EventId, std::int64_t> m_byId;
    std::unordered_multimap<EventId, std::int64_t> m_byFirst;
    std::set<std::int64_t> m_waiting, m_sent, m_conflicts;
    std::size_t m_historyBytes = 0, m_bytesSinceBase = 0;
    ServerSeq m_waitingBase;                   // the base of waiting entries: the position, but while one event is applied
    std::optional<StateCheck> m_check;
    bool m_hasChecks = false;
    CollectionPolicy m_checkedPolicy; // that m_check was made of

    // of the connection
    bool m_subscribed = false, m_synced = false, m_pushHalted = false, m_gap = false;
    int m_repairs = 0;                         // subscriptions in a row that did not lead to the server's position
    ServerSeq m_cursorSent;
    std::optional<std::chrono::milliseconds> m_pausedUntil; // steady
    int m_pauses = 0;
    bool m_refused = false;

    // of the step
    std::set<std::int64_t> m_dirty, m_removed;
    bool m_documentDirty = false, m_queueChanged = false, m_baseDirty = false;
    std::vector<json::Pointer> m_changedPaths;
    bool m_changedAll = false, m_changedByOthers = false;
    std::vector<CrdtChange> m_crdtChanges;
    std::vector<Fact> m_facts;
    std::vector<storage::Batch::Step> m_steps;
};

} // namespace eventsync::client
