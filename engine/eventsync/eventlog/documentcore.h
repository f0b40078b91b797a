// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/random.h>
#include <eventsync/eventlog/eventstore.h>
#include <eventsync/model/collectionpolicy.h>
#include <eventsync/model/validator.h>
#include <eventsync/storage/backend.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace eventsync::eventlog {

// What the documents of one collection must obey.
struct Rules
{
    CollectionPolicy policy;
    StateCheck check;
};
using RulesPtr = std::shared_ptr<const Rules>;
using RulesOf = std::function<RulesPtr(const CollectionName &)>;

// The policy that is set for the collection, with what `validators` (may be null) says of it. With a schema that is none nothing
// may pass: configuration is checked before it gets here.
using Validators = std::function<std::shared_ptr<const Validator>(const CollectionName &)>;
RulesPtr makeRules(const CollectionName &collection, const Policies &policies, const Validators &validators);

enum class Verdict { Applied, Merged, Duplicate, Conflict, Rejected, Skipped };

struct Judgement
{
    Verdict verdict = Verdict::Skipped;
    std::optional<ServerSeq> serverSeq = {}; // applied, merged, duplicate
    std::optional<ServerSeq> head = {};      // conflict: overlap with events up to here
    std::optional<Error> reason = {};
    bool forks = false;                      // no more pushes of that connection
};

// What is known beside the event about who pushes it.
struct PushContext
{
    ClientId client;
    std::optional<std::string> author = {}; // the principal, where there is one; what was pushed does not count
    bool stopped = false;                   // an event before it in its batch was not applied
    bool forked = false;                    // its connection was told ClientForked
};

struct CodeWrite
{
    CollectionName collection;
    ClientId clientId;
    std::optional<std::string> author = {};
    std::optional<ServerSeq> ifVersion = {};
    std::function<Result<>(json::State &)> edit = {};
    std::optional<json::Patch> patch = {};
    DocumentKind kind = DocumentKind::Json; // of a document that never was; others keep theirs
    json::Object metadata = {};
    EventId id;
};

// One document's order: its state, its log's end, and the only place where events get their serverSeq.
//
// Events are judged one after another (push, write) on top of each other in memory, then taken as one batch (takeBatch),
// committed by the caller, and only when that is durable shown to anybody (committed). While a batch is out nothing is
// judged. When a commit failed, nobody knows what is in the store: the caller throws the core away and loads it again; the
// log decides. State is changed in place and taken back by exact inverses, never copied per event.
//
// Every event is measured here as it will be written, sent and read, whoever made it; one that is too large is refused and has
// changed nothing.
// Owner only.
class DocumentCore
{
public:
    DocumentCore(DocumentId id, std::optional<LoadedDocument> loaded, RulesOf rules, const Clock &clock, Random &random);

    // ---- judging
    Judgement push(const EventPtr &event, const PushContext &context, const KnownEvents &known);
    // Null if nothing changed (G7). VersionConflict, WrongCollection, Invalid, PatchFailed, TooLarge and what the edit said.
    Result<LoggedPtr> write(const CodeWrite &write);
    // Whether judging needs older events than are at hand, and which: those after the answer, up to before the tail.
    std::optional<ServerSeq> missingBefore(ServerSeq base) const;
    void prependTail(const std::vector<LoggedPtr> &older); // ends where the tail begins
    bool tailReaches(ServerSeq after) const;               // everything after it is at hand

    // ---- committing
    bool hasPrepared() const { return !m_prepared.empty(); }
    bool isCommitting() const { return m_committing; }
    bool needsNumber() const { return m_number == 0; }
    void setNumber(std::int64_t number) { m_number = number; }
    storage::Batch takeBatch();
    // The events that are now in the log, for publication.
    std::vector<LoggedPtr> committed(const std::int64_t *positions);

    // ---- as committed (while a batch is out, state() is ahead of it)
    const DocumentId &id() const { return m_id; }
    std::int64_t number() const { return m_number; }
    // None while the first event is being committed: a crash can still take it back.
    std::optional<CollectionName> collection() const { return exists() ? m_collection : std::nullopt; }
    bool exists() const { return m_committed.serverSeq.value() > 0; } // ever; a tombstone too
    DocumentKind kind() const { return m_kind; } // decided by the first event, for ever
    const Position &head() const { return m_committed; }
    ServerSeq horizon() const { return m_horizon; }
    const Digest &baseChain() const { return m_baseChain; }
    ClientSeq clientSeq(const ClientId &client) const;
    const DocumentState &state() const { return m_state; }
    VectorClock clock() const; // at head
    VectorClock clockAt(ServerSeq seq) const; // only if tailReaches(seq)
    const std::deque<LoggedPtr> &tail() const { return m_tail; }
    LoggedPtr inTail(ServerSeq seq) const; // null if not at hand
    const RulesPtr &rules() const { return m_rules; }
    void rulesChanged(); // asks for them again: those of the next event
    // Those of collections that its first event may name, so that it asks nobody while it is on another thread.
    void offerRules(std::map<CollectionName, RulesPtr> rules) { m_offeredRules = std::move(rules); }
    DocumentRecord record() const;
    DocumentRecord recordWithoutState() const; // cheap, however large the document
    DocumentRecord preparedRecord() const; // with what is prepared
    Snapshot snapshot() const;
    bool isDeleted() const { return m_deleted; } // absent at head
    std::int64_t position() const { return m_position; } // of the last committed event, in the order of arrival

    // ---- memory, in the bytes really held
    std::size_t heldBytes() const { return m_stateHeld + m_tailHeld; } // its state as last loaded or flushed, and its tail
    std::size_t preparedHeld() const { return m_preparedHeld; }        // of that: what waits for its commit
    std::size_t stateBytes() const { return std::max(m_stateHeld, m_state.canonicalSize()); } // at least; without the tail
    void dropTail();                                                   // nothing is prepared; it is in the log

    // ---- derived rows
    bool isDirty() const { return m_flushed < m_committed.serverSeq; }
    std::int64_t firstUnflushed() const { return m_firstUnflushed; }
    ServerSeq snapshotSeq() const { return m_snapshotSeq; }
    ServerSeq flushedSeq() const { return m_flushed; } // where the derived rows stand
    std::int64_t lag() const { return m_committed.serverSeq - m_flushed; }
    // Rows that bring the derived sets to head; with a snapshot if one is wanted. flushed() when they are durable.
    storage::Batch derivedBatch(bool withSnapshot);
    void flushed(ServerSeq at, ServerSeq snapshotAt);
    void flushFailed(); // the rows must be written again
    // Takes the beginning of the log away, up to the last event of `removal`, which has one.
    storage::Batch compactBatch(const Removal &removal) const;
    void compacted(ServerSeq horizon, const Digest &baseChain);

private:
    RulesPtr rulesOf(const CollectionName &collection) const;
    std::optional<Judgement> identify(const Event &event, const PushContext &context, const KnownEvents &known) const;
    Result<> checkPlace(const CollectionName &collection) const;
    std::optional<Judgement> checkNumbers(const Event &event, const PushContext &context) const;
    Judgement merge(const EventPtr &event, const PushContext &context);
    Judgement apply(const EventPtr &event, const PushContext &context, const Rules &rules, bool strictly);
    Result<bool> overlapsUnseen(const json::Footprint &footprint, const Event &event) const;
    bool hasUnseen(const Event &event) const;
    Result<> checkCrdtPush(const Event &event) const;
    Result<> checkResult(const Rules &rules, const Diff &inverse) const;
    void boundTimes(Diff &diff, const Rules &rules) const;
    bool passesAlone(const Event &event, const Rules &rules) const;
    std::size_t tailIndex(ServerSeq after) const;
    Result<Diff> wantedDiff(const CodeWrite &write, const Rules &rules, Operation &operation) const;
    Result<json::State> wantedState(const CodeWrite &write, const Rules &rules) const;
    Result<LoggedPtr> writePatch(const CodeWrite &write, const Rules &rules, Operation operation, Diff diff);
    Result<std::shared_ptr<LoggedEvent>> placed(Event event, const Rules &rules) const;
    Result<ServerSeq> append(Event event, AppliedEvent applied, const Rules &rules, const PushMark &mark, const EventId &firstId);
    Judgement refused(const Error &error, bool unseen) const;
    std::optional<KnownEvent> find(const EventId &id, const KnownEvents &known) const;
    void trimTail();
    void dropFirstOfTail();

    const DocumentId m_id;
    const RulesOf m_rulesOf;
    std::map<CollectionName, RulesPtr> m_offeredRules;
    const Clock &m_timeSource;
    Random &m_random;

    std::int64_t m_number = 0;
    std::optional<CollectionName> m_collection;
    RulesPtr m_rules;
    DocumentKind m_kind = DocumentKind::Json;
    DocumentState m_state;  // with what is prepared
    VectorClock m_clock;    // with what is prepared
    Position m_head;        // with what is prepared
    Position m_committed;
    std::int64_t m_position = 0;
    ServerSeq m_horizon{1};
    Digest m_baseChain;
    Timestamp m_createdAt, m_updatedAt;
    std::deque<LoggedPtr> m_tail; // with what is prepared
    std::size_t m_tailBytes = 0, m_tailHeld = 0, m_preparedHeld = 0, m_stateHeld = 0;
    std::vector<std::shared_ptr<LoggedEvent>> m_prepared;
    KnownEvents m_preparedIds;
    bool m_committing = false;
    bool m_hasRow = false;
    bool m_deleted = true;  // as committed

    ServerSeq m_flushed;
    std::int64_t m_firstUnflushed = 0;
    std::set<ClientId> m_dirtyClocks;
    ServerSeq m_snapshotSeq;
};

} // namespace eventsync::eventlog
