// SPDX-License-Identifier: Apache-2.0
//
// One pass per document: its log is folded from its beginning, and everything that is stored for a position is compared when
// the fold has reached it. Rows that belong to no document are found by skipping from one document number to the next, not by
// reading all.
#include <eventsync/eventlog/logverifier.h>

#include <eventsync/base/guard.h>
#include <eventsync/eventlog/clockrows.h>
#include <eventsync/eventlog/logfold_p.h>
#include <eventsync/eventlog/rowchecksum.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/logging.h>
#include <eventsync/storage/steppedview.h>

#include <algorithm>
#include <set>

namespace eventsync::eventlog {

namespace {

using storage::Cell;

class Verifier
{
public:
    Verifier(storage::ReadView &view, const VerifyOptions &options) : m_view(view), m_store(view), m_options(options) {}

    Result<VerifyReport> run();

private:
    struct Owner
    {
        std::int64_t number = 0;
        DocumentId id;
        ServerSeq horizon;
    };

    void found(FindingKind kind, const DocumentId &id, ServerSeq seq, std::string message);
    Result<std::optional<Owner>> ownerOf(std::int64_t number);
    Result<> all();
    Result<> documentIn(const storage::Row &cells);
    Result<> document(const DocumentRow &row);
    Result<> snapshotSeqs(const DocumentRow &row);
    Result<> foldLog(const DocumentRow &row, LogFold &fold);
    Result<> compare(const DocumentRow &row, const LogFold &fold);
    void compareRow(const DocumentRow &row, const LogFold &fold);
    Result<> compareSnapshot(const DocumentRow &row, const LogFold &fold);
    Result<> compareClocks(const DocumentRow &row, const LogFold &fold);
    Result<> stateVectors(const DocumentRow &row, const LogFold &fold);
    Result<> orphans(const char *set, const char *index);
    Result<> knownIds();

    storage::ReadView &m_view;
    EventStore m_store;
    const VerifyOptions &m_options;
    VerifyReport m_report;
    std::int64_t m_derived = 0; // every event up to this position is in the derived rows
    std::optional<Owner> m_owner;    // the last one that was looked up: rows of one document are often adjacent
    std::set<ServerSeq> m_snapshots; // of the current document
    bool m_rowSeen = false;
};

void Verifier::found(FindingKind kind, const DocumentId &id, ServerSeq seq, std::string message)
{
    ++m_report.found;
    if (m_report.findings.size() < m_options.keepFindings)
        m_report.findings.push_back({kind, id, seq, std::move(message)});
}

Result<VerifyReport> Verifier::run()
{
    if (!m_options.document) {
        EVENTSYNC_CHECK(all());
        return std::move(m_report);
    }
    EVENTSYNC_TRY(const std::optional<storage::Row> cells, m_view.get(sets::kDocuments, {m_options.document->text()}));
    if (!cells)
        return failure(ErrorCode::NotFound, "there is no document " + m_options.document->text());
    EVENTSYNC_CHECK(documentIn(*cells));
    return std::move(m_report);
}

Result<> Verifier::all()
{
    const auto each = [this](const storage::Row &cells) -> Result<> {
        m_options.step();
        EVENTSYNC_TRY(const auto row, m_view.getBy(sets::kDocuments, "number", {cells[document::Number]}));
        return row ? documentIn(*row) : Result<>();
    };
    EVENTSYNC_CHECK(storage::scanInSteps(m_view, {.set = sets::kDocuments, .index = "number", .columns = {document::Number}},
                                         document::Number, each));
    EVENTSYNC_CHECK(orphans(sets::kEvents, "order"));
    EVENTSYNC_CHECK(orphans(sets::kSnapshots, ""));
    EVENTSYNC_CHECK(orphans(sets::kVectorClocks, ""));
    EVENTSYNC_CHECK(orphans(sets::kStateVectors, ""));
    return knownIds();
}

Result<> Verifier::documentIn(const storage::Row &cells)
{
    const auto row = DocumentRow::fromDamagedRow(cells, true);
    if (row && !hasSoundChecksum(cells, kDocumentCells))
        found(FindingKind::Document, row->documentId, row->at.serverSeq, "the row's checksum is not that of its cells");
    if (row)
        return document(*row);
    found(FindingKind::Document, DocumentId(std::string(textOf(cells, document::Id).value_or(""))), ServerSeq(0),
          row.error().toString());
    return {};
}

// Read again for each document: documents are created and logs compacted during a verification.
Result<std::optional<Verifier::Owner>> Verifier::ownerOf(std::int64_t number)
{
    if (m_owner && m_owner->number == number)
        return m_owner;
    m_owner.reset();
    EVENTSYNC_CHECK(m_view.scan({.set = sets::kDocuments, .index = "number", .prefix = {Cell(number)}, .limit = 1,
                                 .columns = {document::Id, document::Horizon}},
                                [&](const storage::Row &cells) {
                                    m_owner = Owner{number, DocumentId(std::string(textOf(cells, document::Id).value_or(""))),
                                                    ServerSeq(integerOf(cells, document::Horizon).value_or(0))};
                                    return false;
                                }));
    return m_owner;
}

Result<> Verifier::document(const DocumentRow &row)
{
    ++m_report.documents;
    m_rowSeen = false;
    EVENTSYNC_TRY(const std::optional<storage::Row> derived, m_view.get(sets::kMeta, {std::string(meta::kDerived)}));
    m_derived = derived ? integerOf(*derived, meta::Value).value_or(0) : 0;
    EVENTSYNC_CHECK(snapshotSeqs(row));
    if (row.horizon <= ServerSeq(1) && row.baseChain != chainStart(row.collection, row.documentId))
        found(FindingKind::Document, row.documentId, ServerSeq(0), "the chain does not begin with the document's own start");
    auto start = logStartOf(m_view, row);
    if (!start) {
        found(FindingKind::Horizon, row.documentId, row.horizon, start.error().message);
        return {};
    }
    if (row.horizon <= ServerSeq(1))
        start->baseChain = chainStart(row.collection, row.documentId);
    LogFold fold(std::move(*start), [&](FindingKind kind, ServerSeq seq, std::string message) {
        found(kind, row.documentId, seq, std::move(message));
    });
    EVENTSYNC_CHECK(compare(row, fold));
    EVENTSYNC_CHECK(foldLog(row, fold));
    if (!m_rowSeen)
        found(FindingKind::Document, row.documentId, row.at.serverSeq,
              "the row stands where the log is not: it ends at " + std::to_string(fold.at().serverSeq.value()));
    for (const ServerSeq seq : m_snapshots) {
        if (seq > fold.at().serverSeq)
            found(FindingKind::Snapshot, row.documentId, seq, "a snapshot of what is not in the log");
    }
    EVENTSYNC_CHECK(stateVectors(row, fold));
    if (m_options.progress)
        callListener(lcStorage(), "a progress callback", m_options.progress,
                     VerifyProgress{m_report.documents, m_report.events, m_report.found});
    return {};
}

Result<> Verifier::snapshotSeqs(const DocumentRow &row)
{
    m_snapshots.clear();
    return m_view.scan({.set = sets::kSnapshots, .prefix = {Cell(row.number)}}, [&](const storage::Row &cells) {
        m_snapshots.insert(ServerSeq(integerOf(cells, snapshot::Seq).value_or(0)));
        ++m_report.snapshots;
        return true;
    });
}

Result<> Verifier::foldLog(const DocumentRow &row, LogFold &fold)
{
    Result<> good;
    bool lagReported = false;
    EVENTSYNC_CHECK(m_view.scan({.set = sets::kEvents, .index = "order", .prefix = {Cell(row.number)}}, [&](const storage::Row &cells) {
        ++m_report.events;
        fold.take(cells);
        if (fold.at().serverSeq > row.at.serverSeq && fold.position() <= m_derived && !std::exchange(lagReported, true))
            found(FindingKind::Lag, row.documentId, fold.at().serverSeq,
                  "the row stands at " + std::to_string(row.at.serverSeq.value()) + " and was said to be complete");
        good = compare(row, fold);
        return good.has_value();
    }));
    return good;
}

Result<> Verifier::compare(const DocumentRow &row, const LogFold &fold)
{
    const ServerSeq at = fold.at().serverSeq;
    if (at == row.at.serverSeq) {
        m_rowSeen = true;
        compareRow(row, fold);
        EVENTSYNC_CHECK(compareClocks(row, fold));
    }
    if (m_snapshots.count(at) != 0)
        return compareSnapshot(row, fold);
    return {};
}

void Verifier::compareRow(const DocumentRow &row, const LogFold &fold)
{
    const auto check = [&](bool same, const char *what) {
        if (!same)
            found(FindingKind::Document, row.documentId, row.at.serverSeq, std::string("the row's ") + what + " is not the log's");
    };
    check(row.at.chain == fold.at().chain, "chain value");
    if (fold.hasState()) {
        check(row.state.has_value() == fold.state().exists() &&
                  (!row.state || json::canonical(*row.state) == fold.state().canonical()),
              "state");
        check(!row.state || row.kind == fold.state().kind(), "kind");
    }
    if (row.at.serverSeq < row.horizon)
        return; // no event gives more information
    check(row.position == fold.position(), "position");
    check(row.updatedAt == fold.lastStoredAt(), "time of change");
    check(row.horizon > ServerSeq(1) || row.createdAt == fold.firstStoredAt(), "time of creation");
}

Result<> Verifier::compareSnapshot(const DocumentRow &row, const LogFold &fold)
{
    const ServerSeq at = fold.at().serverSeq;
    const auto snapshot = m_store.snapshot(row, at);
    if (!snapshot || !*snapshot || (*snapshot)->position.serverSeq != at) {
        found(FindingKind::Snapshot, row.documentId, at, snapshot ? "it is not where it was" : snapshot.error().toString());
        return {};
    }
    const auto check = [&](bool same, const char *what) {
        if (!same)
            found(FindingKind::Snapshot, row.documentId, at, std::string("the snapshot's ") + what + " is not the log's");
    };
    check((*snapshot)->position.chain == fold.at().chain, "chain value");
    check((*snapshot)->vectorClock == fold.clock(), "vector clock");
    check((*snapshot)->kind == row.kind, "kind");
    if (!fold.hasState())
        return {};
    // Two encodings of one CRDT document may differ in the order of what has no order.
    const auto state = DocumentState::fromBytes((*snapshot)->kind, (*snapshot)->state);
    check(state && state->exists() == fold.state().exists() &&
              (row.kind == DocumentKind::Crdt ? state->isSameDocument(fold.state()) : (*snapshot)->state == fold.state().canonical()),
          "state");
    return {};
}

Result<> Verifier::compareClocks(const DocumentRow &row, const LogFold &fold)
{
    const auto stored = m_store.clock(row.number);
    if (!stored)
        found(FindingKind::VectorClock, row.documentId, row.at.serverSeq, stored.error().toString());
    else if (*stored != fold.clock())
        found(FindingKind::VectorClock, row.documentId, row.at.serverSeq,
              json::canonical(stored->toJson()) + " is stored, the log says " + json::canonical(fold.clock().toJson()));
    return {};
}

Result<> Verifier::stateVectors(const DocumentRow &row, const LogFold &fold)
{
    return m_view.scan({.set = sets::kStateVectors, .prefix = {Cell(row.number)}}, [&](const storage::Row &cells) {
        const auto vector = stateVectorFrom(cells, row.documentId);
        if (!vector)
            found(FindingKind::StateVector, row.documentId, ServerSeq(0), vector.error().message);
        else if (vector->serverSeq > fold.at().serverSeq || !fold.clock().covers(vector->vectorClock))
            found(FindingKind::StateVector, row.documentId, vector->serverSeq, vector->clientId.text() + " has what is not in the log");
        return true;
    });
}

Result<> Verifier::orphans(const char *set, const char *index)
{
    for (std::int64_t next = 0;;) {
        m_options.step();
        std::optional<std::int64_t> number;
        EVENTSYNC_CHECK(m_view.scan({.set = set, .index = index, .from = Cell(next), .limit = 1}, [&](const storage::Row &cells) {
            number = integerOf(cells, set == sets::kEvents ? std::size_t(event::Document) : 0).value_or(0);
            return false;
        }));
        if (!number)
            return {};
        EVENTSYNC_TRY(const auto owner, ownerOf(*number));
        if (!owner)
            found(FindingKind::Orphan, {}, ServerSeq(0),
                  std::string(set) + " has rows of number " + std::to_string(*number) + ", which is no document's");
        next = *number + 1;
    }
}

Result<> Verifier::knownIds()
{
    return storage::scanInSteps(m_view, {.set = sets::kIds}, known::Id, [&](const storage::Row &cells) -> Result<> {
        const auto number = integerOf(cells, known::Document);
        const auto seq = integerOf(cells, known::Seq);
        const auto logged = blobOf(cells, known::Logged);
        if (!number || !seq || !logged || logged->size() != 16) {
            found(FindingKind::Unreadable, {}, ServerSeq(0), "a row of ids cannot be read");
            return {};
        }
        EVENTSYNC_TRY(const auto owner, ownerOf(*number));
        if (!owner)
            found(FindingKind::Orphan, {}, ServerSeq(*seq), "ids has a row of number " + std::to_string(*number) + ", which is no document's");
        else if (*seq < 1 || ServerSeq(*seq) >= owner->horizon)
            found(FindingKind::Id, owner->id, ServerSeq(*seq), "an id is kept of an event that was not removed");
        return {};
    });
}

} // namespace

Result<VerifyReport> verifyLogs(storage::ReadView &view, const VerifyOptions &options)
{
    return Verifier(view, options).run();
}

} // namespace eventsync::eventlog
