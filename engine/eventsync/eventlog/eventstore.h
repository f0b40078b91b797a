// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/limits.h>
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
    DocumentKind kind = DocumentKind::Json; ///< permanent, also while the document is deleted
    Position at;                  ///< position of this row
    ServerSeq horizon{1};
    Digest baseChain;             ///< chain_{horizon - 1}
    std::int64_t position = 0;    ///< of the event at `at`, in the order of arrival
    Timestamp createdAt, updatedAt;
    ServerSeq snapshotSeq;        ///< of the latest stored snapshot; 0: none
    json::State state;            ///< for a CRDT document its view; the document itself is in the snapshots and the log

    storage::Row toRow(const json::State &asState) const; ///< writes `asState` instead of `state`, which saves a copy
    /// Corrupt, also if the checksum does not match.
    static Result<DocumentRow> fromRow(const storage::Row &row, bool withState = true);
    /// Ignores the checksum: for verification and repair.
    static Result<DocumentRow> fromDamagedRow(const storage::Row &row, bool withState);
    DocumentRecord record() const;
};

/// A document at the end of its log: its row, with the later events applied.
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

/// The beginning of a log, which a compaction removes.
struct Removal
{
    std::vector<LoggedPtr> events;         ///< the lowest ones of the log
    std::vector<ServerSeq> snapshots = {}; ///< snapshots below the new beginning of the log: no event leads on from them
    /// The snapshot that must be stored with it: for a CRDT document, whose older states cannot be computed from newer ones,
    /// the state at the last removed event; for others none.
    std::optional<Snapshot> base = {};
};

/// Where an id, or the first id of an edit, is in the log.
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

/// Reads logs and derived rows from one view of the store. Events are checked against the hash chain, other rows against their
/// checksums (rowchecksum.h): Corrupt names the document and the event that is missing or altered, or the row. All logged
/// content that is sent anywhere is read here. Wraps a ReadView: used on one thread, and not for long.
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
        std::size_t bytes = SIZE_MAX;             ///< of canonical events; at least one is read
        bool untilIsLogged = false;               ///< Corrupt if the log ends before `until`
    };
    /// Fewer than the range only because of `events` and `bytes`; none if the log was compacted beyond range.after.
    Result<std::vector<LoggedPtr>> events(std::int64_t document, const Range &range);
    /// The same without the fields that only merging and folding need: events are not parsed.
    Result<std::vector<LogEntryPtr>> entries(std::int64_t document, const Range &range);
    /// The last events after `after` and up to `until`, as many as hold no more than `heldBytes` in memory.
    struct Newest
    {
        std::vector<LoggedPtr> events;
        std::size_t heldBytes = 0;
        bool isCut = false; ///< there is no room for all
    };
    Result<Newest> newest(std::int64_t document, ServerSeq after, ServerSeq until, std::size_t heldBytes);
    struct Walk
    {
        std::optional<ServerSeq> after = {}, before = {}; ///< both exclusive
        bool descending = false;
    };
    /// Calls `visit` for one event after the other, until it returns false.
    Result<> eachEvent(std::int64_t document, const Walk &walk, const std::function<bool(const LoggedPtr &)> &visit);
    Result<LoggedPtr> eventAt(std::int64_t document, ServerSeq seq); ///< null if it is not in the log
    Result<LoggedPtr> eventIn(const storage::Row &row);              ///< of the record set `events`
    /// The stored chain value up to and including `seq`; none below horizon - 1.
    Result<std::optional<Digest>> chainAt(std::int64_t document, ServerSeq seq);
    Result<VectorClock> clock(std::int64_t document);                ///< as stored

    /// The clock at `seq`: that of the head, less what follows; where that is more than `far` events, that of the nearest
    /// snapshot before, and what follows there.
    Result<VectorClock> clockAt(std::int64_t document, ServerSeq seq, ServerSeq head, VectorClock headClock,
                                std::int64_t far = limits::kSnapshotEveryEvents);

    /// Those of `ids` that are, or were before a compaction, ids or first ids of any log.
    Result<KnownEvents> known(const std::vector<EventId> &ids);

    /// The latest snapshot at or before `until`.
    Result<std::optional<Snapshot>> snapshot(const DocumentRow &row, ServerSeq until);
    /// The state at `seq` (horizon - 1 <= seq <= head). Compacted below, NotFound above.
    Result<DocumentState> stateAt(const DocumentRow &row, ServerSeq seq);
    /// The data for a compaction that removes the events up to `until`. Corrupt if the log has a gap there.
    Result<Removal> removal(const DocumentRow &row, ServerSeq until, Timestamp now);
    /// The longest prefix of the log that the clock covers; below horizon - 1 if the clock lacks compacted events.
    Result<ServerSeq> prefix(const DocumentRow &row, ServerSeq head, const VectorClock &clock, const VectorClock &headClock);

private:
    Result<std::optional<VectorClock>> clockFromBefore(std::int64_t document, ServerSeq seq, std::int64_t most);
    // A state that is folded forward along the log.
    struct Fold
    {
        DocumentState state;
        Position at;
        VectorClock clock;
    };
    Result<Fold> foldCrdt(const DocumentRow &row, ServerSeq seq);
    Result<> foldForward(std::int64_t document, Fold &fold, ServerSeq seq);
    std::string nameOf(std::int64_t document);
    Error damaged(std::int64_t document, ServerSeq seq, std::string_view what);
    // The event in a row of the log; it must follow the event before it, if that one is in memory.
    template<class T>
    Result<std::shared_ptr<const T>> logged(std::int64_t document, const storage::Row &row, const LogEntry *before);
    template<class T>
    Result<std::vector<std::shared_ptr<const T>>> read(std::int64_t document, const Range &range, storage::Scan scan);

    storage::ReadView &m_view;
};

storage::Row toRow(const Snapshot &snapshot, std::int64_t document);
Result<DocumentState> stateOf(const Snapshot &snapshot); ///< Corrupt names the snapshot

} // namespace eventsync::eventlog
