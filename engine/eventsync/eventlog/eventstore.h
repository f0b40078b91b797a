// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/loggedevent.h>
#include <eventsync/model/documentstate.h>
#include <eventsync/model/snapshot.h>
#include <eventsync/model/statevector.h>
#include <eventsync/model/vectorclock.h>
#include <eventsync/storage/backend.h>

#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace eventsync::eventlog {

/// One row of `documents`.
struct DocumentRow
{
    DocumentId documentId;
    std::int64_t number = 0;
    CollectionName collection;
    DocumentKind kind = DocumentKind::Json; ///< for ever, also while the document is deleted
    Position at;                  ///< where this row stands
    ServerSeq horizon{1};
    Digest baseChain;             ///< chain_{horizon - 1}
    std::int64_t position = 0;    ///< of the event it stands at, in the order of arrival
    Timestamp createdAt, updatedAt;
    ServerSeq snapshotSeq;        ///< of the latest stored snapshot; 0: none
    json::State state;            ///< of a CRDT document: its view; the document itself is in the snapshots and the log

    storage::Row toRow(const json::State &asState) const; ///< `state` is not looked at: saves a copy
    /// Corrupt, also for a state whose checksum says that it is not the one that was stored.
    static Result<DocumentRow> fromRow(const storage::Row &row, bool withState = true);
    /// Whatever its checksum says: for what looks for damage, and for what mends it.
    static Result<DocumentRow> fromDamagedRow(const storage::Row &row, bool withState);
    DocumentRecord record() const;
};

/// A document brought up to the end of its log: the row folded forward.
struct LoadedDocument
{
    DocumentRow row;              ///< as stored
    Position head;
    std::int64_t position = 0;    ///< of the last event
    std::int64_t firstUnflushed = 0; ///< of the first event that the row lacks; 0: none
    Timestamp createdAt, updatedAt;
    DocumentState state;
    VectorClock clock;
    std::vector<StateVector> cursors;
    std::vector<LoggedPtr> recent; ///< the last events, without a gap up to head
};

/// The beginning of a log, that is to go.
struct Removal
{
    std::vector<LoggedPtr> events;         ///< the lowest ones of the log
    std::vector<ServerSeq> snapshots = {}; ///< below where the log begins then: no event leads on from them
    /// What must be stored as a snapshot for it: of a CRDT document, whose old states cannot be found back from newer ones,
    /// the snapshot at the last event that goes; of others nothing.
    std::optional<Snapshot> base = {};
};

/// where an id, or the first id of an edit, is in the log
struct KnownEvent
{
    std::int64_t document = 0;
    ServerSeq serverSeq;
    EventId logged;               ///< the event's own id
    PushDigest16 pushDigest16{};
    ClientId clientId;            ///< of an event at or above the horizon
    ClientSeq clientSeq;
};
using KnownEvents = std::unordered_map<EventId, KnownEvent>;

/// Reads logs and what is derived from them out of one view of the store. Whatever it gives of a log follows the hash chain, and
/// whatever it gives of other rows their checksums (rowchecksum.h): Corrupt names the document and the event that is missing or
/// altered, or the row. Everybody who answers with logged content reads it here.
/// Wraps a ReadView: used on one thread, and not for long.
class EventStore
{
public:
    explicit EventStore(storage::ReadView &view) : m_view(view) {}

    Result<std::optional<DocumentRow>> document(const DocumentId &id, bool withState = true);
    Result<std::optional<DocumentRow>> documentByNumber(std::int64_t number, bool withState = true);
    Result<std::optional<LoadedDocument>> load(const DocumentId &id);

    struct Range
    {
        ServerSeq after;                          ///< exclusive
        std::optional<ServerSeq> until = {};      ///< inclusive
        std::size_t events = SIZE_MAX;
        std::size_t bytes = SIZE_MAX;             ///< of canonical events; one is read in any case
        bool untilIsLogged = false;               ///< Corrupt if the log ends before it
    };
    /// Fewer than was asked for only by events and bytes; nothing if the log was compacted beyond range.after.
    Result<std::vector<LoggedPtr>> events(std::int64_t document, const Range &range);
    /// The same without what only merging and folding need: nothing of an event is parsed.
    Result<std::vector<LogEntryPtr>> entries(std::int64_t document, const Range &range);
    struct Walk
    {
        std::optional<ServerSeq> after = {}, before = {}; ///< both exclusive
        bool descending = false;
    };
    /// One after the other, until `visit` returns false.
    Result<> eachEvent(std::int64_t document, const Walk &walk, const std::function<bool(const LoggedPtr &)> &visit);
    Result<LoggedPtr> eventAt(std::int64_t document, ServerSeq seq); ///< null if it is not in the log
    Result<LoggedPtr> eventIn(const storage::Row &row);              ///< of the record set `events`
    /// The chain value up to and with `seq`, as stored; none below horizon - 1.
    Result<std::optional<Digest>> chainAt(std::int64_t document, ServerSeq seq);
    Result<VectorClock> clock(std::int64_t document);                ///< as stored

    /// The clock at `seq`: that of the head, less what follows. Reads the log from there to the head.
    Result<VectorClock> clockAt(std::int64_t document, ServerSeq seq, ServerSeq head, VectorClock headClock);

    /// Those of `ids` that are, or ever were, ids or first ids in any log.
    Result<KnownEvents> known(const std::vector<EventId> &ids);

    /// The latest snapshot at or before `until`.
    Result<std::optional<Snapshot>> snapshot(const DocumentRow &row, ServerSeq until);
    /// The state at `seq` (horizon - 1 <= seq <= head). Compacted below, NotFound above.
    Result<DocumentState> stateAt(const DocumentRow &row, ServerSeq seq);
    /// What a compaction needs that takes the events up to `until` away. Corrupt if the log has a gap there.
    Result<Removal> removal(const DocumentRow &row, ServerSeq until, Timestamp now);
    /// The longest prefix of the log that the clock covers; below horizon - 1 if the clock lacks compacted events.
    Result<ServerSeq> prefix(const DocumentRow &row, ServerSeq head, const VectorClock &clock, const VectorClock &headClock);

private:
    // A state on its way up the log.
    struct Fold
    {
        DocumentState state;
        Position at;
        VectorClock clock;
    };
    Result<Fold> foldCrdt(const DocumentRow &row, ServerSeq seq);
    Result<> foldForward(std::int64_t document, Fold &fold, ServerSeq seq);
    Error damaged(std::int64_t document, ServerSeq seq, std::string_view what);
    // What a row of the log holds, which follows the event before it, where that is at hand.
    template<class T>
    Result<std::shared_ptr<const T>> logged(std::int64_t document, const storage::Row &row, const LogEntry *before);
    template<class T>
    Result<std::vector<std::shared_ptr<const T>>> read(std::int64_t document, const Range &range, storage::Scan scan);

    storage::ReadView &m_view;
};

storage::Row toRow(const Snapshot &snapshot, std::int64_t document);
Result<DocumentState> stateOf(const Snapshot &snapshot); ///< Corrupt, by the name of the snapshot

} // namespace eventsync::eventlog
