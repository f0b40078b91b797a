// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/eventstore.h>

#include <eventsync/base/limits.h>
#include <eventsync/eventlog/clockrows.h>
#include <eventsync/eventlog/eventweight.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/rowchecksum.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/json/limits.h>

#include <algorithm>
#include <set>

namespace eventsync::eventlog {

namespace {

// How many of the last events are loaded with a document: most unseen events and most gaps are among them.
constexpr std::int64_t kRecentAtLoad = 64;

storage::Cell number(std::int64_t n)
{
    return storage::Cell(n);
}

Result<json::Value> storedJson(std::string_view text)
{
    auto value = json::parse(text, {.bytes = SIZE_MAX, .depth = limits::kDepth + limits::kEventDepthExtra});
    if (!value)
        return failure(ErrorCode::Corrupt, "stored JSON: " + value.error().message);
    return value;
}

Result<VectorClock> storedClock(std::string_view text)
{
    EVENTSYNC_TRY(const json::Value value, storedJson(text));
    return VectorClock::fromJson(value);
}

} // namespace

storage::Row DocumentRow::toRow(const json::State &asState) const
{
    storage::Row cells(document::Checksum + 1);
    cells[document::Id] = documentId.text();
    cells[document::Number] = number;
    cells[document::Collection] = collection.text();
    cells[document::Kind] = std::string(documentKindName(kind));
    cells[document::Seq] = at.serverSeq.value();
    cells[document::Chain] = blobCell(at.chain.view());
    cells[document::Horizon] = horizon.value();
    cells[document::BaseChain] = blobCell(baseChain.view());
    cells[document::Position] = position;
    cells[document::Deleted] = std::int64_t(asState ? 0 : 1);
    cells[document::CreatedAt] = createdAt.value();
    cells[document::UpdatedAt] = updatedAt.value();
    cells[document::Snapshot] = snapshotSeq.value();
    if (asState)
        cells[document::State] = json::canonical(*asState);
    setChecksum(cells, kDocumentCells);
    return cells;
}

namespace {

Result<DocumentRow> documentRowOf(const storage::Row &cells, bool withState)
{
    DocumentRow row;
    EVENTSYNC_TRY(const std::string_view id, textOf(cells, document::Id));
    row.documentId = DocumentId(std::string(id));
    EVENTSYNC_TRY(row.number, integerOf(cells, document::Number));
    EVENTSYNC_TRY(const std::string_view collection, textOf(cells, document::Collection));
    row.collection = CollectionName(std::string(collection));
    EVENTSYNC_TRY(const std::string_view kind, textOf(cells, document::Kind));
    EVENTSYNC_TRY(row.kind, documentKindFrom(kind));
    EVENTSYNC_TRY(const std::int64_t seq, integerOf(cells, document::Seq));
    row.at.serverSeq = ServerSeq(seq);
    EVENTSYNC_TRY(const std::string_view chain, blobOf(cells, document::Chain));
    EVENTSYNC_TRY(row.at.chain, Digest::fromBytes(chain));
    EVENTSYNC_TRY(const std::int64_t horizon, integerOf(cells, document::Horizon));
    row.horizon = ServerSeq(horizon);
    EVENTSYNC_TRY(const std::string_view base, blobOf(cells, document::BaseChain));
    EVENTSYNC_TRY(row.baseChain, Digest::fromBytes(base));
    EVENTSYNC_TRY(row.position, integerOf(cells, document::Position));
    EVENTSYNC_TRY(row.createdAt, timeOf(cells, document::CreatedAt));
    EVENTSYNC_TRY(row.updatedAt, timeOf(cells, document::UpdatedAt));
    EVENTSYNC_TRY(const std::int64_t snapshot, integerOf(cells, document::Snapshot));
    row.snapshotSeq = ServerSeq(snapshot);
    if (withState && !isNull(cells, document::State)) {
        EVENTSYNC_TRY(const std::string_view text, textOf(cells, document::State));
        EVENTSYNC_TRY(row.state, storedJson(text));
    }
    return row;
}

// Any error in a stored row is damage of the store, of this document.
Error unreadable(std::string_view what, const Error &error)
{
    return {ErrorCode::Corrupt, std::string(what) + " cannot be read: " + error.message};
}

std::string rowNameOf(const storage::Row &cells)
{
    return "the row of " + std::string(textOf(cells, document::Id).value_or("a document"));
}

} // namespace

Result<DocumentRow> DocumentRow::fromDamagedRow(const storage::Row &cells, bool withState)
{
    if (cells.size() != document::Checksum + 1)
        return failure(ErrorCode::Corrupt, "a row of documents has another number of columns");
    auto row = documentRowOf(cells, withState);
    if (!row)
        return failure(unreadable(rowNameOf(cells), row.error()));
    return row;
}

Result<DocumentRow> DocumentRow::fromRow(const storage::Row &cells, bool withState)
{
    auto row = fromDamagedRow(cells, withState);
    if (row && withState && !hasSoundChecksum(cells, kDocumentCells))
        return failure(ErrorCode::Corrupt, rowNameOf(cells) + " is not what was stored");
    return row;
}

DocumentRecord DocumentRow::record() const
{
    return {.documentId = documentId, .collection = collection, .kind = kind, .position = at, .horizon = horizon,
            .deleted = !state, .state = state, .createdAt = createdAt, .updatedAt = updatedAt};
}

storage::Row toRow(const Snapshot &snapshot, std::int64_t document)
{
    storage::Row row(snapshot::Checksum + 1);
    row[snapshot::Document] = document;
    row[snapshot::Seq] = snapshot.position.serverSeq.value();
    row[snapshot::Chain] = blobCell(snapshot.position.chain.view());
    row[snapshot::Kind] = std::string(documentKindName(snapshot.kind));
    row[snapshot::Clock] = json::canonical(snapshot.vectorClock.toJson());
    row[snapshot::CreatedAt] = snapshot.createdAt.value();
    if (!snapshot.state.empty())
        row[snapshot::State] = snapshot.kind == DocumentKind::Json ? snapshot.state : toBase64Url(snapshot.state);
    setChecksum(row, kSnapshotCells);
    return row;
}

Result<std::optional<DocumentRow>> EventStore::document(const DocumentId &id, bool withState)
{
    EVENTSYNC_TRY(const std::optional<storage::Row> cells, m_view.get(sets::kDocuments, {id.text()}));
    if (!cells)
        return std::nullopt;
    EVENTSYNC_TRY(DocumentRow row, DocumentRow::fromRow(*cells, withState));
    return row;
}

Result<std::optional<DocumentRow>> EventStore::documentByNumber(std::int64_t document, bool withState)
{
    EVENTSYNC_TRY(const std::optional<storage::Row> cells, m_view.getBy(sets::kDocuments, "number", {number(document)}));
    if (!cells)
        return std::nullopt;
    EVENTSYNC_TRY(DocumentRow row, DocumentRow::fromRow(*cells, withState));
    return row;
}

std::string EventStore::nameOf(std::int64_t document)
{
    std::string id = "document number " + std::to_string(document);
    static_cast<void>(m_view.scan({.set = sets::kDocuments, .index = "number", .prefix = {number(document)}, .columns = {document::Id}},
                                  [&](const storage::Row &row) {
                                      id = textOf(row, document::Id).value_or(id);
                                      return false;
                                  }));
    return id;
}

Error EventStore::damaged(std::int64_t document, ServerSeq seq, std::string_view what)
{
    return {ErrorCode::Corrupt, "event " + std::to_string(seq.value()) + " of " + nameOf(document) + ' ' + std::string(what)};
}

namespace {

constexpr std::string_view kMissing = "is missing";

Result<Digest> chainOf(const storage::Row &row, std::size_t column)
{
    EVENTSYNC_TRY(const std::string_view bytes, blobOf(row, column));
    return Digest::fromBytes(bytes);
}

} // namespace

Result<std::optional<Digest>> EventStore::chainAt(std::int64_t document, ServerSeq seq)
{
    std::optional<Result<Digest>> chain;
    EVENTSYNC_CHECK(m_view.scan({.set = sets::kEvents, .index = "order", .prefix = {number(document), number(seq.value())},
                                 .columns = {event::Chain}},
                                [&](const storage::Row &row) {
                                    chain = chainOf(row, event::Chain);
                                    return false;
                                }));
    if (!chain) {
        std::optional<ServerSeq> horizon;
        EVENTSYNC_CHECK(m_view.scan({.set = sets::kDocuments, .index = "number", .prefix = {number(document)},
                                     .columns = {document::Horizon, document::BaseChain}},
                                    [&](const storage::Row &row) {
                                        horizon = ServerSeq(integerOf(row, document::Horizon).value_or(0));
                                        chain = chainOf(row, document::BaseChain);
                                        return false;
                                    }));
        if (horizon && *horizon > seq.next())
            return std::nullopt;
        if (!horizon || *horizon <= seq)
            return failure(damaged(document, seq, kMissing));
    }
    if (!*chain)
        return failure(damaged(document, seq, "has no chain value"));
    return **chain;
}

template<class T>
Result<std::shared_ptr<const T>> EventStore::logged(std::int64_t document, const storage::Row &row, const LogEntry *before)
{
    const ServerSeq seq(integerOf(row, event::Seq).value_or(0));
    if (before && seq != before->serverSeq.next())
        return failure(damaged(document, before->serverSeq.next(), kMissing));
    std::optional<Digest> chain = before ? std::optional(before->chain) : std::nullopt;
    if (!before) {
        EVENTSYNC_TRY(chain, chainAt(document, seq.previous()));
    }
    auto event = T::fromRow(row);
    if (!event)
        return failure(damaged(document, seq, "cannot be read: " + event.error().message));
    if (!chain || !(*event)->followsFrom(*chain) || !hasSoundChecksum(row, kEventCells))
        return failure(damaged(document, seq, "is not what was logged"));
    return event;
}

template<class T>
Result<std::vector<std::shared_ptr<const T>>> EventStore::read(std::int64_t document, const Range &range, storage::Scan scan)
{
    std::vector<std::shared_ptr<const T>> found;
    std::size_t bytes = 0;
    Result<> good;
    scan.set = sets::kEvents;
    scan.index = "order";
    scan.prefix = {number(document)};
    scan.from = number(range.after.next().value());
    scan.limit = range.events;
    if (range.until)
        scan.until = number(range.until->next().value());
    EVENTSYNC_CHECK(m_view.scan(scan, [&](const storage::Row &row) {
        auto event = logged<T>(document, row, found.empty() ? nullptr : found.back().get());
        if (!event) {
            good = failure(event.error());
            return false;
        }
        if (!found.empty() && bytes + (*event)->canonical->size() > range.bytes)
            return false;
        bytes += (*event)->canonical->size();
        found.push_back(std::move(*event));
        return true;
    }));
    EVENTSYNC_CHECK(good);
    const bool wasCompacted = !found.empty() && found.front()->serverSeq != range.after.next();
    if (wasCompacted)
        found.clear();
    if (found.empty() && !wasCompacted && range.untilIsLogged && range.until > range.after) {
        EVENTSYNC_TRY(const std::optional<Digest> chain, chainAt(document, range.after));
        if (chain)
            return failure(damaged(document, range.after.next(), kMissing));
    }
    return found;
}

Result<std::vector<LoggedPtr>> EventStore::events(std::int64_t document, const Range &range)
{
    return read<LoggedEvent>(document, range, {});
}

Result<std::vector<LogEntryPtr>> EventStore::entries(std::int64_t document, const Range &range)
{
    return read<LogEntry>(document, range, {.columns = {LogEntry::kColumns.begin(), LogEntry::kColumns.end()}});
}

// Some at a time from the end, so that no more is parsed than there is room for.
Result<EventStore::Newest> EventStore::newest(std::int64_t document, ServerSeq after, ServerSeq until, std::size_t heldBytes)
{
    constexpr auto kStep = static_cast<std::int64_t>(limits::kFoldEvents);
    Newest found;
    for (ServerSeq last = until; last > after && !found.isCut;) {
        const ServerSeq before(std::max(after.value(), last.value() - kStep));
        EVENTSYNC_TRY(const std::vector<LoggedPtr> some, events(document, {.after = before, .until = last}));
        if (some.empty() || some.back()->serverSeq != last)
            break; // compacted meanwhile
        for (auto event = some.rbegin(); event != some.rend() && !found.isCut; ++event) {
            const std::size_t held = eventlog::heldBytes(**event);
            found.isCut = found.heldBytes + held > heldBytes;
            if (found.isCut)
                break;
            found.heldBytes += held;
            found.events.push_back(*event);
        }
        last = before;
    }
    std::reverse(found.events.begin(), found.events.end());
    return found;
}

Result<> EventStore::eachEvent(std::int64_t document, const Walk &walk, const std::function<bool(const LoggedPtr &)> &visit)
{
    storage::Scan scan{.set = sets::kEvents, .index = "order", .prefix = {number(document)}, .descending = walk.descending};
    if (walk.after)
        scan.from = number(walk.after->next().value());
    if (walk.before)
        scan.until = number(walk.before->value());
    LoggedPtr before; // in ascending order it is in memory
    Result<> good;
    EVENTSYNC_CHECK(m_view.scan(scan, [&](const storage::Row &row) {
        const auto event = logged<LoggedEvent>(document, row, before.get());
        if (!event) {
            good = failure(event.error());
            return false;
        }
        if (!walk.descending)
            before = *event;
        return visit(*event);
    }));
    return good;
}

Result<LoggedPtr> EventStore::eventAt(std::int64_t document, ServerSeq seq)
{
    EVENTSYNC_TRY(const std::optional<storage::Row> row,
                  m_view.getBy(sets::kEvents, "order", {number(document), number(seq.value())}));
    if (!row)
        return LoggedPtr();
    return logged<LoggedEvent>(document, *row, nullptr);
}

Result<LoggedPtr> EventStore::eventIn(const storage::Row &row)
{
    EVENTSYNC_TRY(const std::int64_t document, integerOf(row, event::Document));
    return logged<LoggedEvent>(document, row, nullptr);
}

Result<VectorClock> EventStore::clock(std::int64_t document)
{
    VectorClock clock;
    std::optional<Error> error;
    EVENTSYNC_CHECK(m_view.scan({.set = sets::kVectorClocks, .prefix = {number(document)}}, [&](const storage::Row &row) {
        const auto entry = clockFrom(row);
        if (entry)
            clock.set(entry->first, entry->second);
        else
            error = entry.error();
        return entry.has_value();
    }));
    if (error)
        return failure(ErrorCode::Corrupt, nameOf(document) + ": " + error->message);
    return clock;
}

// The row may lag, so the log is read from its position on, and a little before, for LoadedDocument::recent.
Result<std::optional<LoadedDocument>> EventStore::load(const DocumentId &id)
{
    EVENTSYNC_TRY(std::optional<DocumentRow> row, document(id));
    if (!row)
        return std::nullopt;
    LoadedDocument loaded;
    loaded.row = std::move(*row);
    if (loaded.row.kind == DocumentKind::Json) {
        loaded.state = DocumentState::fromJsonState(std::exchange(loaded.row.state, {}));
    } else {
        EVENTSYNC_TRY(Fold fold, foldCrdt(loaded.row, loaded.row.at.serverSeq));
        loaded.state = std::move(fold.state);
        loaded.row.state.reset();
    }
    loaded.head = loaded.row.at;
    loaded.position = loaded.row.position;
    loaded.createdAt = loaded.row.createdAt;
    loaded.updatedAt = loaded.row.updatedAt;
    EVENTSYNC_TRY(loaded.clock, clock(loaded.row.number));
    const std::int64_t from = std::max(loaded.row.horizon.value() - 1, loaded.row.at.serverSeq.value() - kRecentAtLoad);
    EVENTSYNC_TRY(loaded.recent, events(loaded.row.number, {.after = ServerSeq(from)}));
    const ServerSeq end = loaded.recent.empty() ? ServerSeq(from) : loaded.recent.back()->serverSeq;
    if (end < loaded.row.at.serverSeq)
        return failure(damaged(loaded.row.number, end.next(), kMissing));
    for (const LoggedPtr &event : loaded.recent) {
        if (event->serverSeq == loaded.row.at.serverSeq && event->chain != loaded.row.at.chain)
            return failure(ErrorCode::Corrupt, "the row of " + id.text() + " has another chain value than its event");
        if (event->serverSeq <= loaded.row.at.serverSeq)
            continue;
        if (auto applied = loaded.state.apply(*event->event); !applied)
            return failure(ErrorCode::Corrupt, "event " + std::to_string(event->serverSeq.value()) + " of " + id.text() +
                                                   " does not apply: " + applied.error().message);
        if (event->serverSeq == ServerSeq(1))
            loaded.createdAt = event->event->storedAt;
        loaded.clock.advance(event->clientId, event->clientSeq);
        loaded.head = {event->serverSeq, event->chain};
        loaded.position = event->position;
        loaded.updatedAt = event->event->storedAt;
        if (loaded.firstUnflushed == 0)
            loaded.firstUnflushed = event->position;
    }
    std::optional<Error> error;
    EVENTSYNC_CHECK(m_view.scan({.set = sets::kStateVectors, .prefix = {number(loaded.row.number)}}, [&](const storage::Row &cells) {
        auto vector = stateVectorFrom(cells, id);
        if (vector)
            loaded.cursors.push_back(std::move(*vector));
        else
            error = vector.error();
        return vector.has_value();
    }));
    if (error)
        return failure(ErrorCode::Corrupt, id.text() + ": " + error->message);
    return loaded;
}

// From the nearest snapshot, or from where the log begins; none if that is not nearer than `most` events, or if the snapshot is
// damaged: the log has the same clock.
Result<std::optional<VectorClock>> EventStore::clockFromBefore(std::int64_t document, ServerSeq seq, std::int64_t most)
{
    EVENTSYNC_TRY(const std::optional<DocumentRow> row, documentByNumber(document, false));
    if (!row || seq < row->horizon.previous())
        return std::nullopt;
    VectorClock clock;
    ServerSeq at;
    const Result<std::optional<Snapshot>> stored = snapshot(*row, seq);
    if (!stored && stored.error().code == ErrorCode::Corrupt)
        return std::nullopt;
    EVENTSYNC_TRY(const std::optional<Snapshot> nearest, stored);
    if (nearest && nearest->position.serverSeq >= row->horizon.previous()) {
        clock = nearest->vectorClock;
        at = nearest->position.serverSeq;
    } else if (row->horizon > ServerSeq(1)) {
        return std::nullopt;
    }
    if (seq - at >= most)
        return std::nullopt;
    while (at < seq) {
        EVENTSYNC_TRY(const std::vector<LogEntryPtr> next, entries(document, {.after = at, .until = seq, .bytes = limits::kFrameBytes}));
        if (next.empty())
            return std::nullopt;
        for (const LogEntryPtr &event : next)
            clock.set(event->clientId, event->clientSeq);
        at = next.back()->serverSeq;
    }
    return clock;
}

Result<VectorClock> EventStore::clockAt(std::int64_t document, ServerSeq seq, ServerSeq head, VectorClock headClock, std::int64_t far)
{
    if (head - seq > far) {
        EVENTSYNC_TRY(std::optional<VectorClock> clock, clockFromBefore(document, seq, head - seq));
        if (clock)
            return std::move(*clock);
    }
    std::set<ClientId> seen; // a client's first event after `seq` has the answer
    for (ServerSeq at = seq; at < head;) {
        EVENTSYNC_TRY(const std::vector<LogEntryPtr> next, entries(document, {.after = at, .until = head, .bytes = limits::kFrameBytes}));
        if (next.empty())
            break;
        for (const LogEntryPtr &event : next) {
            if (seen.insert(event->clientId).second)
                headClock.set(event->clientId, event->clientSeq.previous());
        }
        at = next.back()->serverSeq;
    }
    return headClock;
}

namespace {

Result<KnownEvent> knownFromLog(const storage::Row &row)
{
    KnownEvent known;
    EVENTSYNC_TRY(known.document, integerOf(row, event::Document));
    EVENTSYNC_TRY(const std::int64_t seq, integerOf(row, event::Seq));
    EVENTSYNC_TRY(const std::string_view logged, blobOf(row, event::Id));
    EVENTSYNC_TRY(const std::string_view client, textOf(row, event::ClientId));
    EVENTSYNC_TRY(const std::int64_t clientSeq, integerOf(row, event::ClientSeq));
    EVENTSYNC_TRY(const std::string_view bytes, blobOf(row, event::PushDigest));
    known.serverSeq = ServerSeq(seq);
    EVENTSYNC_TRY(known.logged, Uuid::fromBytes(logged));
    known.clientId = ClientId(std::string(client));
    known.clientSeq = ClientSeq(clientSeq);
    std::copy_n(bytes.begin(), std::min(bytes.size(), known.pushDigest16.size()), known.pushDigest16.begin());
    return known;
}

Result<KnownEvent> knownFromIds(const storage::Row &row)
{
    KnownEvent known;
    EVENTSYNC_TRY(known.document, integerOf(row, known::Document));
    EVENTSYNC_TRY(const std::int64_t seq, integerOf(row, known::Seq));
    EVENTSYNC_TRY(const std::string_view logged, blobOf(row, known::Logged));
    EVENTSYNC_TRY(const std::string_view bytes, blobOf(row, known::PushDigest));
    known.serverSeq = ServerSeq(seq);
    EVENTSYNC_TRY(known.logged, Uuid::fromBytes(logged));
    std::copy_n(bytes.begin(), std::min(bytes.size(), known.pushDigest16.size()), known.pushDigest16.begin());
    return known;
}

Result<bool> hasAny(storage::ReadView &view, storage::Scan scan)
{
    bool any = false;
    scan.limit = 1;
    EVENTSYNC_CHECK(view.scan(scan, [&any](const storage::Row &) {
        any = true;
        return false;
    }));
    return any;
}

} // namespace

// Nearly every id is new, and in most stores no edit was ever replaced and no log compacted: this is checked once, not for
// every id. The ids are looked up in order, because ids of the same time are adjacent.
Result<KnownEvents> EventStore::known(const std::vector<EventId> &ids)
{
    KnownEvents found;
    if (ids.empty())
        return found;
    EVENTSYNC_TRY(const bool replaced, hasAny(m_view, {.set = sets::kEvents, .index = "first_id", .from = blobCell({}), .columns = {event::Id}}));
    EVENTSYNC_TRY(const bool compacted, hasAny(m_view, {.set = sets::kIds, .columns = {known::Id}}));
    std::vector<EventId> sorted = ids;
    std::sort(sorted.begin(), sorted.end());
    for (const EventId &id : sorted) {
        const storage::Key key{blobCell(id.view())};
        EVENTSYNC_TRY(std::optional<storage::Row> row, m_view.getBy(sets::kEvents, "id", key));
        if (!row && replaced) {
            EVENTSYNC_TRY(row, m_view.getBy(sets::kEvents, "first_id", key));
        }
        if (row) {
            EVENTSYNC_TRY(KnownEvent known, knownFromLog(*row));
            found.emplace(id, std::move(known));
            continue;
        }
        if (compacted) {
            EVENTSYNC_TRY(row, m_view.get(sets::kIds, key));
        }
        if (row) {
            EVENTSYNC_TRY(KnownEvent known, knownFromIds(*row));
            found.emplace(id, std::move(known));
        }
    }
    return found;
}

namespace {

std::string snapshotName(const DocumentId &id, ServerSeq seq)
{
    return "the snapshot at " + std::to_string(seq.value()) + " of " + id.text();
}

Result<Snapshot> snapshotOf(const DocumentRow &row, const storage::Row &cells)
{
    Snapshot found{.documentId = row.documentId, .collection = row.collection};
    EVENTSYNC_TRY(const std::int64_t seq, integerOf(cells, snapshot::Seq));
    EVENTSYNC_TRY(const std::string_view chain, blobOf(cells, snapshot::Chain));
    EVENTSYNC_TRY(const std::string_view kind, textOf(cells, snapshot::Kind));
    EVENTSYNC_TRY(const std::string_view clockText, textOf(cells, snapshot::Clock));
    EVENTSYNC_TRY(found.createdAt, timeOf(cells, snapshot::CreatedAt));
    found.position.serverSeq = ServerSeq(seq);
    EVENTSYNC_TRY(found.position.chain, Digest::fromBytes(chain));
    EVENTSYNC_TRY(found.kind, documentKindFrom(kind));
    EVENTSYNC_TRY(found.vectorClock, storedClock(clockText));
    if (isNull(cells, snapshot::State))
        return found;
    EVENTSYNC_TRY(const std::string_view state, textOf(cells, snapshot::State));
    if (found.kind == DocumentKind::Json) {
        found.state = Bytes(state);
        return found;
    }
    EVENTSYNC_TRY(found.state, fromBase64Url(state));
    return found;
}

} // namespace

Result<std::optional<Snapshot>> EventStore::snapshot(const DocumentRow &row, ServerSeq until)
{
    std::optional<storage::Row> cells;
    EVENTSYNC_CHECK(m_view.scan({.set = sets::kSnapshots, .prefix = {number(row.number)}, .until = number(until.next().value()),
                                 .descending = true, .limit = 1},
                                [&](const storage::Row &r) {
                                    cells = r;
                                    return false;
                                }));
    if (!cells)
        return std::nullopt;
    const std::string name = snapshotName(row.documentId, ServerSeq(integerOf(*cells, snapshot::Seq).value_or(0)));
    auto found = snapshotOf(row, *cells);
    if (!found)
        return failure(unreadable(name, found.error()));
    if (!hasSoundChecksum(*cells, kSnapshotCells))
        return failure(ErrorCode::Corrupt, name + " is not what was stored");
    return std::move(*found);
}

Result<DocumentState> stateOf(const Snapshot &snapshot)
{
    auto state = DocumentState::fromBytes(snapshot.kind, snapshot.state);
    if (!state)
        return failure(unreadable(snapshotName(snapshot.documentId, snapshot.position.serverSeq), state.error()));
    return state;
}

namespace {

// From the state in the document's row back to an earlier one; some events at a time, like foldForward().
Result<> revertTo(EventStore &store, const DocumentRow &row, DocumentState &state, ServerSeq seq)
{
    constexpr auto kStep = static_cast<std::int64_t>(limits::kFoldEvents);
    for (ServerSeq at = row.at.serverSeq; at > seq;) {
        const ServerSeq after(std::max(seq.value(), at.value() - kStep));
        EVENTSYNC_TRY(const std::vector<LoggedPtr> events, store.events(row.number, {.after = after, .until = at}));
        for (auto event = events.rbegin(); event != events.rend(); ++event)
            EVENTSYNC_CHECK(state.revert((*event)->inverse));
        at = after;
    }
    return {};
}

} // namespace

// From the nearest snapshot at or before `seq`, forward; where there is none, from the document's row back through inverses.
Result<DocumentState> EventStore::stateAt(const DocumentRow &row, ServerSeq seq)
{
    if (seq < row.horizon.previous())
        return failure(ErrorCode::Compacted, "the log begins at " + std::to_string(row.horizon.value()));
    if (row.kind == DocumentKind::Crdt) {
        EVENTSYNC_TRY(Fold fold, foldCrdt(row, seq));
        return std::move(fold.state);
    }
    DocumentState state;
    ServerSeq at;
    EVENTSYNC_TRY(std::optional<Snapshot> nearest, snapshot(row, seq));
    if (nearest && nearest->position.serverSeq < row.horizon.previous())
        nearest.reset(); // the events after it were removed by a compaction
    if (row.at.serverSeq <= seq && (!nearest || nearest->position.serverSeq < row.at.serverSeq)) {
        state = DocumentState::fromJsonState(row.state);
        at = row.at.serverSeq;
    } else if (nearest) {
        EVENTSYNC_TRY(state, stateOf(*nearest));
        at = nearest->position.serverSeq;
    } else if (row.horizon > ServerSeq(1)) {
        state = DocumentState::fromJsonState(row.state);
        EVENTSYNC_CHECK(revertTo(*this, row, state, seq));
        at = seq;
    }
    Fold fold{.state = std::move(state), .at = {at, {}}};
    EVENTSYNC_CHECK(foldForward(row.number, fold, seq));
    return std::move(fold.state);
}

Result<> EventStore::foldForward(std::int64_t document, Fold &fold, ServerSeq seq)
{
    while (fold.at.serverSeq < seq) {
        EVENTSYNC_TRY(const std::vector<LoggedPtr> next,
                      events(document, {.after = fold.at.serverSeq, .until = seq, .events = limits::kFoldEvents,
                                        .bytes = limits::kDocumentBytes}));
        if (next.empty())
            return failure(ErrorCode::NotFound, "the log ends at " + std::to_string(fold.at.serverSeq.value()));
        for (const LoggedPtr &event : next) {
            auto applied = fold.state.apply(*event->event);
            if (!applied)
                return failure(ErrorCode::Corrupt, "event " + std::to_string(event->serverSeq.value()) +
                                                       " does not apply: " + applied.error().message);
            fold.state.settle(limits::kRecentEvents);
            fold.clock.set(event->clientId, event->clientSeq);
            fold.at = {event->serverSeq, event->chain};
        }
    }
    return {};
}

// The document's row has only a view, and there are no inverses of CRDT patches that are not in memory; so the state is always
// computed forward, from the nearest snapshot or from the beginning.
Result<EventStore::Fold> EventStore::foldCrdt(const DocumentRow &row, ServerSeq seq)
{
    Fold fold{.state = {}, .at = {ServerSeq(0), row.baseChain}};
    EVENTSYNC_TRY(const std::optional<Snapshot> nearest, snapshot(row, seq));
    if (nearest && nearest->position.serverSeq >= row.horizon.previous()) {
        EVENTSYNC_TRY(fold.state, stateOf(*nearest));
        fold.at = nearest->position;
        fold.clock = nearest->vectorClock;
    } else if (row.horizon > ServerSeq(1)) {
        return failure(ErrorCode::Corrupt, "there is no snapshot where the log of " + row.documentId.text() + " begins");
    }
    EVENTSYNC_CHECK(foldForward(row.number, fold, seq));
    return fold;
}

Result<Removal> EventStore::removal(const DocumentRow &row, ServerSeq until, Timestamp now)
{
    Removal removal;
    EVENTSYNC_TRY(removal.events, events(row.number, {.after = row.horizon.previous(), .until = until}));
    if (static_cast<std::int64_t>(removal.events.size()) != until - row.horizon.previous())
        return failure(ErrorCode::Corrupt, "the log of " + row.documentId.text() + " has a gap");
    EVENTSYNC_CHECK(m_view.scan({.set = sets::kSnapshots, .prefix = {number(row.number)}, .until = number(until.value()),
                                 .columns = {snapshot::Document, snapshot::Seq}},
                                [&](const storage::Row &cells) {
                                    removal.snapshots.emplace_back(integerOf(cells, snapshot::Seq).value_or(0));
                                    return true;
                                }));
    if (row.kind == DocumentKind::Crdt) {
        EVENTSYNC_TRY(const Fold fold, foldCrdt(row, until));
        removal.base = Snapshot{.documentId = row.documentId, .collection = row.collection, .kind = row.kind, .position = fold.at,
                                .state = fold.state.toBytes(), .vectorClock = fold.clock, .createdAt = now};
    }
    return removal;
}

// A client's events are numbered without gaps, so a clock covers the log up to the first event that it lacks. Compacted events
// show only in that the log begins with later numbers.
Result<ServerSeq> EventStore::prefix(const DocumentRow &row, ServerSeq head, const VectorClock &clock,
                                     const VectorClock &headClock)
{
    if (clock.covers(headClock))
        return head;
    ServerSeq covered = head;
    bool stopped = false;
    VectorClock compacted = headClock;
    std::map<ClientId, bool> seen;
    for (ServerSeq at = row.horizon.previous(); at < head;) {
        EVENTSYNC_TRY(const std::vector<LogEntryPtr> next,
                      entries(row.number, {.after = at, .until = head, .bytes = limits::kDocumentBytes}));
        if (next.empty())
            return failure(ErrorCode::Corrupt, "the log ends before its head");
        for (const LogEntryPtr &event : next) {
            if (!std::exchange(seen[event->clientId], true))
                compacted.set(event->clientId, event->clientSeq.previous());
            if (!stopped && !clock.covers(event->clientId, event->clientSeq)) {
                covered = event->serverSeq.previous();
                stopped = true;
            }
        }
        at = next.back()->serverSeq;
    }
    if (row.horizon > ServerSeq(1) && !clock.covers(compacted))
        return ServerSeq(0);
    return covered;
}

} // namespace eventsync::eventlog
