// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/logfold_p.h>

#include <eventsync/eventlog/rowchecksum.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/model/eventcheck.h>

namespace eventsync::eventlog {

namespace {

// A state of the document at or after horizon - 1, with its clock.
struct Anchor
{
    ServerSeq at;
    DocumentState state;
    VectorClock clock;
};

Result<Anchor> anchorOf(storage::ReadView &view, const DocumentRow &row)
{
    const ServerSeq base = row.horizon.previous();
    EventStore store(view);
    std::optional<ServerSeq> first;
    EVENTSYNC_CHECK(view.scan({.set = sets::kSnapshots, .prefix = {storage::Cell(row.number)}, .from = storage::Cell(base.value()),
                               .limit = 1},
                              [&](const storage::Row &cells) {
                                  first = ServerSeq(integerOf(cells, snapshot::Seq).value_or(0));
                                  return false;
                              }));
    Anchor anchor;
    if (first) {
        const auto snapshot = store.snapshot(row, *first);
        if (!snapshot && row.kind == DocumentKind::Crdt)
            return failure(snapshot.error());
        if (snapshot && *snapshot && (*snapshot)->position.serverSeq == *first) { // a damaged one is not needed if the row has the state
            anchor.at = *first;
            anchor.clock = (*snapshot)->vectorClock;
            EVENTSYNC_TRY(anchor.state, DocumentState::fromBytes((*snapshot)->kind, (*snapshot)->state));
            if (row.kind == DocumentKind::Crdt && *first != base)
                return failure(ErrorCode::Corrupt, "the first snapshot of a CRDT document lies behind the beginning of its log");
            return anchor;
        }
    }
    if (row.kind == DocumentKind::Crdt)
        return failure(ErrorCode::Corrupt, "there is no snapshot where the log of a CRDT document begins");
    if (row.at.serverSeq < base)
        return failure(ErrorCode::Corrupt, "there is no snapshot of a log that begins at " + std::to_string(row.horizon.value()));
    anchor.at = row.at.serverSeq;
    anchor.state = DocumentState::fromJsonState(row.state);
    EVENTSYNC_TRY(anchor.clock, store.clock(row.number));
    return anchor;
}

} // namespace

Result<LogStart> logStartOf(storage::ReadView &view, const DocumentRow &row)
{
    LogStart start{.documentId = row.documentId, .collection = row.collection, .number = row.number, .horizon = row.horizon,
                   .baseChain = row.baseChain};
    if (row.horizon <= ServerSeq(1))
        return start;
    EVENTSYNC_TRY(Anchor anchor, anchorOf(view, row));
    Result<> reverted;
    EVENTSYNC_CHECK(view.scan({.set = sets::kEvents, .index = "order", .prefix = {storage::Cell(row.number)},
                               .from = storage::Cell(row.horizon.value()), .until = storage::Cell(anchor.at.next().value()),
                               .descending = true},
                              [&](const storage::Row &cells) {
                                  const auto event = LoggedEvent::fromRow(cells);
                                  reverted = event ? anchor.state.revert((*event)->inverse) : Result<>(failure(event.error()));
                                  if (reverted)
                                      anchor.clock.set((*event)->clientId, (*event)->clientSeq.previous());
                                  return reverted.has_value();
                              }));
    if (!reverted)
        return failure(ErrorCode::Corrupt, "the state at " + std::to_string(row.horizon.value() - 1) +
                                               " cannot be reached: " + reverted.error().message);
    start.state = std::move(anchor.state);
    start.clock = std::move(anchor.clock);
    return start;
}

LogFold::LogFold(LogStart start, Report report)
    : m_start(std::move(start)), m_report(std::move(report)), m_seq(m_start.horizon.previous()), m_chain(m_start.baseChain),
      m_state(std::move(m_start.state)), m_clock(m_start.clock)
{
}

void LogFold::found(FindingKind kind, ServerSeq seq, std::string message)
{
    ++m_findings;
    m_report(kind, seq, std::move(message));
}

void LogFold::checkIdentity(const LoggedEvent &logged)
{
    const Event &event = *logged.event;
    const auto check = [&](bool same, const char *what) {
        if (!same)
            found(FindingKind::Identity, logged.serverSeq, std::string("the row's ") + what + " is not the event's");
    };
    check(event.documentId == m_start.documentId && event.collection == m_start.collection, "document");
    check(event.serverSeq == logged.serverSeq, "serverSeq");
    check(event.id == logged.id && event.firstId() == logged.firstId, "id");
    check(event.clientId == logged.clientId && event.clientSeq == logged.clientSeq, "client");
    if (logged.position <= m_position)
        found(FindingKind::Gap, logged.serverSeq, "it arrived before the one before it");
    const ClientSeq expected = m_clock.at(logged.clientId).next();
    if (logged.clientSeq != expected)
        found(FindingKind::ClientSeq, logged.serverSeq,
              logged.clientId.text() + ":" + std::to_string(logged.clientSeq.value()) + " where " +
                  std::to_string(expected.value()) + " follows");
}

namespace {

// An earlier version may have stored an equivalent patch with other steps.
bool undoAlike(const DocumentState &state, const Diff &one, const Diff &other)
{
    DocumentState byOne = state, byOther = state;
    return byOne.revert(one) && byOther.revert(other) && byOne.isSameDocument(byOther);
}

} // namespace

void LogFold::fold(const LoggedEvent &logged)
{
    auto applied = m_state.apply(*logged.event);
    m_state.settle(0);
    if (!applied) {
        m_folds = false;
        return found(FindingKind::Fold, logged.serverSeq, applied.error().toString());
    }
    if (!(applied->inverse == logged.inverse) && !undoAlike(m_state, applied->inverse, logged.inverse))
        found(FindingKind::Inverse, logged.serverSeq, "the stored inverse does not undo the event");
    if (applied->footprint.toBytes() != logged.footprint.toBytes())
        found(FindingKind::Inverse, logged.serverSeq, "the stored footprint is not the event's");
}

// The stored bytes are hashed, not the parsed event: a change that a reader would ignore is detected too.
void LogFold::take(const storage::Row &row)
{
    const std::size_t before = m_findings;
    const ServerSeq seq(integerOf(row, event::Seq).value_or(0));
    if (seq != m_seq.next())
        found(FindingKind::Gap, m_seq.next(), "the log goes on with " + std::to_string(seq.value()));
    m_seq = seq;
    const auto logged = LoggedEvent::fromRow(row);
    if (!logged) {
        m_folds = false;
        if (const auto chain = blobOf(row, event::Chain)) {
            if (const auto stored = Digest::fromBytes(*chain))
                m_chain = *stored;
        }
        m_position = std::max(m_position, integerOf(row, event::Position).value_or(0));
        return found(FindingKind::Unreadable, seq, logged.error().toString());
    }
    const LoggedEvent &event = **logged;
    checkIdentity(event);
    const Digest digest = event.event->salt ? digestOf(*event.event) : sha256(*event.canonical);
    if (event.digest && *event.digest != digest)
        found(FindingKind::Identity, seq, "the row's digest is not the event's");
    if (event.chain != chainNext(m_chain, digest))
        found(FindingKind::Chain, seq, "the chain value does not follow from the one before it and the event");
    if (auto fits = checkEventSize(*event.event, EventForm::Logged, event.canonical->size()); !fits)
        m_report(FindingKind::Size, seq, fits.error().message); // the log is intact nevertheless
    if (m_folds)
        fold(event);
    if (m_findings == before && !hasSoundChecksum(row, kEventCells)) // no finding names the damage more precisely
        found(FindingKind::Identity, seq, "the row's checksum is not that of its cells");
    m_chain = event.chain;
    m_clock.set(event.clientId, event.clientSeq);
    m_position = std::max(m_position, event.position);
    if (seq == m_start.horizon)
        m_firstStoredAt = event.event->storedAt;
    m_lastStoredAt = event.event->storedAt;
}

} // namespace eventsync::eventlog
