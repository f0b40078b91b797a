// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/logrebuilder.h>

#include <eventsync/base/guard.h>
#include <eventsync/eventlog/blockingcommit.h>
#include <eventsync/eventlog/clockrows.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/logfold_p.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/storage/logging.h>

#include <algorithm>

namespace eventsync::eventlog {

namespace {

using storage::Cell;

// A document's row from its log only, for a row that is missing.
Result<DocumentRow> rowFromLog(storage::ReadView &view, std::int64_t number)
{
    std::optional<Result<LoggedPtr>> first;
    EVENTSYNC_CHECK(view.scan({.set = sets::kEvents, .index = "order", .prefix = {Cell(number)}, .limit = 1},
                              [&](const storage::Row &cells) {
                                  first = LoggedEvent::fromRow(cells);
                                  return false;
                              }));
    if (!first)
        return failure(ErrorCode::NotFound, "no events");
    EVENTSYNC_TRY(const LoggedPtr event, *first);
    DocumentRow row{.documentId = event->event->documentId, .number = number, .collection = event->event->collection};
    if (event->serverSeq != ServerSeq(1))
        return failure(ErrorCode::Corrupt, "the row of a compacted log is lost: nothing tells the state where it begins");
    row.kind = event->event->diff.isCrdt() ? DocumentKind::Crdt : DocumentKind::Json;
    row.baseChain = chainStart(row.collection, row.documentId);
    row.at = {ServerSeq(0), row.baseChain};
    row.createdAt = row.updatedAt = event->event->storedAt;
    return row;
}

// A damaged row still names its document, which the fold of the log confirms; its state is not used.
Result<DocumentRow> rowFrom(const storage::Row &cells)
{
    if (auto row = DocumentRow::fromRow(cells))
        return row;
    EVENTSYNC_TRY(DocumentRow damaged, DocumentRow::fromDamagedRow(cells, false));
    damaged.at = {};
    return damaged;
}

// Every document's number: those of the rows, and those of logs whose row is lost.
Result<std::vector<std::int64_t>> allNumbers(storage::ReadView &view)
{
    std::vector<std::int64_t> numbers;
    EVENTSYNC_CHECK(view.scan({.set = sets::kDocuments, .index = "number"}, [&](const storage::Row &cells) {
        numbers.push_back(integerOf(cells, document::Number).value_or(0));
        return true;
    }));
    const std::size_t rows = numbers.size();
    std::optional<std::int64_t> next = std::int64_t(0);
    while (next) {
        std::optional<std::int64_t> number;
        EVENTSYNC_CHECK(view.scan({.set = sets::kEvents, .index = "order", .from = Cell(*next), .limit = 1},
                                  [&](const storage::Row &cells) {
                                      number = integerOf(cells, event::Document).value_or(0);
                                      return false;
                                  }));
        if (number && !std::binary_search(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(rows), *number))
            numbers.push_back(*number);
        next = number ? std::optional(*number + 1) : std::nullopt;
    }
    return numbers;
}

class Rebuilder
{
public:
    Rebuilder(storage::Backend &backend, const Clock &clock, const RebuildOptions &options)
        : m_backend(backend), m_clock(clock), m_options(options)
    {
    }

    Result<RebuildReport> run();

private:
    Result<> document(std::int64_t number);
    Result<std::optional<storage::Batch>> rebuilt(storage::ReadView &view, DocumentRow row);
    static Result<> stateVectors(storage::ReadView &view, const DocumentRow &row, storage::Batch &batch);
    Snapshot snapshotOf(const DocumentRow &row, const LogFold &fold) const;
    void refused(const DocumentId &id, ServerSeq seq, FindingKind kind, std::string message)
    {
        if (m_report.findings.size() < limits::kVerifyFindings)
            m_report.findings.push_back({kind, id, seq, std::move(message)});
    }

    storage::Backend &m_backend;
    const Clock &m_clock;
    const RebuildOptions &m_options;
    RebuildReport m_report;
};

Result<RebuildReport> Rebuilder::run()
{
    std::vector<std::int64_t> numbers;
    std::int64_t last = 0;
    {
        EVENTSYNC_TRY(const auto view, m_backend.view());
        if (m_options.document) {
            EVENTSYNC_TRY(const auto row, EventStore(*view).document(*m_options.document, false));
            if (!row)
                return failure(ErrorCode::NotFound, "there is no document " + m_options.document->text());
            numbers.push_back(row->number);
        } else {
            EVENTSYNC_TRY(numbers, allNumbers(*view));
            EVENTSYNC_CHECK(view->scan({.set = sets::kEvents, .descending = true, .limit = 1}, [&](const storage::Row &cells) {
                last = integerOf(cells, event::Position).value_or(0);
                return false;
            }));
        }
    }
    for (const std::int64_t number : numbers) {
        EVENTSYNC_CHECK(document(number));
        if (m_options.progress)
            callListener(lcStorage(), "a progress callback", m_options.progress, RebuildProgress{m_report.documents, m_report.events});
    }
    if (!m_options.document && m_report.findings.empty() && last > 0)
        EVENTSYNC_CHECK(commitAndWait(m_backend, storage::Batch().put(sets::kMeta, {std::string(meta::kDerived), last})));
    return std::move(m_report);
}

Result<> Rebuilder::document(std::int64_t number)
{
    std::optional<storage::Batch> batch;
    {
        EVENTSYNC_TRY(const auto view, m_backend.view());
        EVENTSYNC_TRY(const auto cells, view->getBy(sets::kDocuments, "number", {Cell(number)}));
        auto row = cells ? rowFrom(*cells) : Result<DocumentRow>(failure(ErrorCode::NotFound, "no row"));
        if (!row)
            row = rowFromLog(*view, number);
        if (!row) {
            refused({}, ServerSeq(0), FindingKind::Document, "number " + std::to_string(number) + ": " + row.error().toString());
            return {};
        }
        EVENTSYNC_TRY(batch, rebuilt(*view, std::move(*row)));
    }
    if (!batch)
        return {};
    EVENTSYNC_CHECK(commitAndWait(m_backend, std::move(*batch)));
    ++m_report.documents;
    return {};
}

Snapshot Rebuilder::snapshotOf(const DocumentRow &row, const LogFold &fold) const
{
    return {.documentId = row.documentId, .collection = row.collection, .kind = row.kind, .position = fold.at(),
            .state = fold.state().toBytes(), .vectorClock = fold.clock(), .createdAt = m_clock.wall()};
}

// Nothing else tells what a client has: a damaged row goes, until the client says it again.
Result<> Rebuilder::stateVectors(storage::ReadView &view, const DocumentRow &row, storage::Batch &batch)
{
    return view.scan({.set = sets::kStateVectors, .prefix = {Cell(row.number)}}, [&](const storage::Row &cells) {
        if (const auto vector = stateVectorFrom(cells, row.documentId))
            batch.put(sets::kStateVectors, toRow(*vector, row.number));
        else
            batch.erase(sets::kStateVectors, {cells[statevector::Document], cells[statevector::ClientId]});
        return true;
    });
}

// The batch that replaces the derived rows; none if the log is damaged.
Result<std::optional<storage::Batch>> Rebuilder::rebuilt(storage::ReadView &view, DocumentRow row)
{
    auto start = logStartOf(view, row);
    if (!start) {
        refused(row.documentId, row.horizon, FindingKind::Horizon, start.error().message);
        return std::nullopt;
    }
    if (row.horizon <= ServerSeq(1))
        row.baseChain = start->baseChain = chainStart(row.collection, row.documentId);
    LogFold fold(std::move(*start), [&](FindingKind kind, ServerSeq seq, std::string message) {
        if (kind != FindingKind::Size) // no reason not to rebuild it
            refused(row.documentId, seq, kind, std::move(message));
    });
    storage::Batch batch;
    batch.erase(sets::kSnapshots, {row.number}).erase(sets::kVectorClocks, {row.number});
    std::int64_t sinceSnapshot = 0, snapshots = 0, events = 0;
    row.snapshotSeq = ServerSeq(0);
    const auto take = [&] {
        batch.put(sets::kSnapshots, toRow(snapshotOf(row, fold), row.number));
        row.snapshotSeq = fold.at().serverSeq;
        sinceSnapshot = 0;
        ++snapshots;
    };
    if (row.horizon > ServerSeq(1))
        take(); // the state from which the log begins is in no other row
    EVENTSYNC_CHECK(view.scan({.set = sets::kEvents, .index = "order", .prefix = {Cell(row.number)}}, [&](const storage::Row &cells) {
        fold.take(cells);
        ++events;
        if (m_options.snapshotEvery > 0 && ++sinceSnapshot >= m_options.snapshotEvery && fold.isIntact())
            take();
        return fold.isIntact();
    }));
    if (!fold.isIntact())
        return std::nullopt;
    row.at = fold.at();
    if (events > 0) {
        row.position = fold.position();
        row.updatedAt = fold.lastStoredAt();
        if (row.horizon <= ServerSeq(1))
            row.createdAt = fold.firstStoredAt();
    }
    batch.put(sets::kDocuments, row.toRow(fold.state().jsonState()));
    for (const auto &[client, seq] : fold.clock().entries())
        batch.put(sets::kVectorClocks, clockRow(row.number, client, seq));
    EVENTSYNC_CHECK(stateVectors(view, row, batch));
    m_report.events += events;
    m_report.snapshots += snapshots;
    return batch;
}

} // namespace

Result<RebuildReport> rebuildLogs(storage::Backend &backend, const Clock &clock, const RebuildOptions &options)
{
    return Rebuilder(backend, clock, options).run();
}

} // namespace eventsync::eventlog
