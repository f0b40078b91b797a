// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/random.h>
#include <eventsync/eventlog/documentlog.h>
#include <eventsync/eventlog/rowsprogress.h>
#include <eventsync/eventlog/rules.h>
#include <eventsync/model/ackstatus.h>
#include <eventsync/storage/backend.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace eventsync::eventlog {

/// The result of validating one pushed event.
struct PushOutcome
{
    AckStatus status = AckStatus::Skipped;
    std::optional<ServerSeq> serverSeq = {}; ///< applied, merged, duplicate
    std::optional<ServerSeq> head = {};      ///< conflict: the event overlaps events up to here
    std::optional<Error> reason = {};
    bool forks = false;                      ///< the connection may push no more
};

/// What is known about the author of a push, apart from the event.
struct PushContext
{
    ClientId client;
    std::optional<std::string> author = {}; ///< the principal, if there is one; an author in the pushed event is ignored
    bool stopped = false;                   ///< an event before it in its batch was not applied
    bool forked = false;                    ///< its connection has got ClientForked
};

/// A change that a program makes, before it is an event.
struct CodeWrite
{
    CollectionName collection;
    ClientId clientId;
    std::optional<std::string> author = {};
    std::optional<ServerSeq> ifVersion = {};
    std::function<Result<>(json::State &)> edit = {};
    std::optional<json::Patch> patch = {};
    DocumentKind kind = DocumentKind::Json; ///< of a document that never existed; an existing one keeps its kind
    json::Object metadata = {};
    EventId id;
};

/// One document: its log, its state, and the only place where its events get their serverSeq.
///
/// Events are validated one after another (push, write) on top of each other in memory, then taken as one batch (takeBatch),
/// committed by the caller, and only when that is durable shown to readers (committed). While a batch is out nothing is
/// validated. After a commit that failed it is not known what is in the store: the caller throws the core away and loads it
/// again; the log decides. The state is changed in place and taken back by exact inverses, never copied per event.
///
/// Every event is measured as it will be written, sent and read, wherever it comes from; one that is too large is refused and has
/// changed nothing.
/// Owner only.
class DocumentCore
{
public:
    DocumentCore(DocumentId id, std::optional<LoadedDocument> loaded, RulesOf rules, const Clock &clock, Random &random);

    /// Whose it is, where it begins and ends. While a batch is out, state() is ahead of its head.
    const DocumentLog &log() const { return m_log; }
    const DocumentState &state() const { return m_state; } ///< including prepared events
    bool isDeleted() const { return m_deleted; }           ///< absent at the head

    // ---- validating
    PushOutcome push(const EventPtr &event, const PushContext &context, const KnownEvents &known);
    /// Null if nothing changed (G7). VersionConflict, WrongCollection, Invalid, PatchFailed, TooLarge, or the error of the edit
    /// function.
    Result<LoggedPtr> write(const CodeWrite &write);
    void prependRecent(const std::vector<LoggedPtr> &older) { m_log.recent().prepend(older); } ///< what log().missingBefore() asked for
    void trimRecent(); ///< to what is kept in memory; nothing is prepared
    const RulesPtr &rules() const { return m_rules; }
    void rulesChanged(); ///< the rules are requested again for the next event
    /// Those of collections that its first event may name, so that it asks for none while it is on another thread.
    void offerRules(std::map<CollectionName, RulesPtr> rules) { m_offeredRules = std::move(rules); }

    // ---- committing
    void setNumber(std::int64_t number) { m_log.setNumber(number); }
    storage::Batch takeBatch() { return m_log.takeBatch(); }
    /// The batch is durable. Returns its events, for publication.
    std::vector<LoggedPtr> committed(const std::int64_t *positions);

    // ---- what readers get
    DocumentRecord record() const;
    DocumentRecord recordWithoutState() const; ///< cheap for a document of any size
    DocumentRecord preparedRecord() const;     ///< including prepared events
    Snapshot snapshot() const;

    // ---- memory
    std::size_t heldBytes() const { return m_stateHeld + m_log.recent().heldBytes(); } ///< the state as last loaded or flushed, and the tail
    std::size_t stateBytes() const { return std::max(m_stateHeld, m_state.canonicalSize()); } ///< of that, at least: without the tail
    void dropRecent(); ///< nothing is prepared; the events are in the log

    // ---- derived rows
    const RowsProgress &rows() const { return m_rows; }
    bool isDirty() const { return m_rows.at < m_log.head().serverSeq; } ///< they lack events
    /// Rows that bring the derived record sets to the head, with a snapshot if requested. The caller calls flushed() when they
    /// are durable.
    storage::Batch derivedBatch(bool withSnapshot);
    void flushed(ServerSeq at, ServerSeq snapshotAt);
    void flushFailed(); ///< the rows must be written again
    /// A batch that removes the beginning of the log, up to the last event of `removal`, which is not empty.
    storage::Batch compactBatch(const Removal &removal) const;
    void compacted(ServerSeq horizon, const Digest &baseChain);

private:
    RulesPtr rulesFor(const CollectionName &collection) const;
    Result<LoggedPtr> append(Event event, AppliedEvent applied, const Rules &rules, const PushDigest16 &pushDigest16, const EventId &firstId);

    DocumentLog m_log;
    DocumentState m_state; // including prepared events
    bool m_deleted = true; // as committed
    std::size_t m_stateHeld = 0;
    RowsProgress m_rows;

    const RulesOf m_rulesOf;
    std::map<CollectionName, RulesPtr> m_offeredRules;
    RulesPtr m_rules;      // once its collection is known
    const Clock &m_clock;
    Random &m_random;
};

} // namespace eventsync::eventlog
