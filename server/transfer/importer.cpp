// SPDX-License-Identifier: Apache-2.0
#include <server/transfer/importer.h>

#include <eventsync/eventlog/clockrows.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/eventlog/operatingtime.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/eventcheck.h>

#include <algorithm>

namespace eventsync::server {

namespace {

using namespace eventlog;

constexpr std::size_t kBatchSteps = 1'000;

std::string nameOf(const ExportedDocument &document)
{
    return document.collection.text() + '/' + document.id.text();
}

} // namespace

Result<> Importer::takeLine(std::string_view text)
{
    ++m_lines;
    const auto placed = [&](Error error) {
        error.message = "line " + std::to_string(m_lines) + ": " + error.message;
        return failure(std::move(error));
    };
    if (text.empty())
        return {};
    const auto line = exportLineFrom(text);
    if (!line)
        return placed(line.error());
    if (auto taken = take(*line); !taken)
        return placed(taken.error());
    if (m_batch.steps().size() >= kBatchSteps || m_batchBytes >= limits::kDocumentBytes)
        return commit();
    return {};
}

Result<> Importer::take(const ExportLine &line)
{
    if (!m_hasHeader && !std::holds_alternative<ExportHeader>(line))
        return failure(ErrorCode::InvalidMessage, "this is no export: its first line is missing");
    if (m_promised)
        return failure(ErrorCode::InvalidMessage, "something follows the last line");
    if (std::holds_alternative<ExportHeader>(line)) {
        if (std::exchange(m_hasHeader, true))
            return failure(ErrorCode::InvalidMessage, "a second first line");
        return {};
    }
    if (const auto *client = std::get_if<ExportedClient>(&line))
        return takeClient(*client);
    if (const auto *document = std::get_if<ExportedDocument>(&line))
        return takeDocument(*document);
    if (const auto *end = std::get_if<ExportEnd>(&line)) {
        EVENTSYNC_CHECK(closeDocument());
        m_promised = *end;
        return {};
    }
    if (!m_current)
        return failure(ErrorCode::InvalidMessage, "the line belongs to no document");
    if (const auto *known = std::get_if<ExportedKnown>(&line))
        return takeKnown(*known);
    if (const auto *event = std::get_if<ExportedEvent>(&line))
        return takeEvent(*event);
    return takeStateVector(std::get<StateVector>(line));
}

Result<> Importer::takeClient(const ExportedClient &exported)
{
    storage::Row row(client::Expired + 1);
    row[client::Id] = exported.id.text();
    row[client::Kind] = exported.kind;
    row[client::Principal] = exported.principal;
    row[client::CreatedAt] = exported.createdAt.value();
    EVENTSYNC_TRY(const auto view, m_backend.view());
    EVENTSYNC_TRY(const auto seen, OperatingTime::stored(*view)); // the time of another server: clients do not age by an import
    row[client::LastSeen] = std::max(exported.lastSeen, seen.value_or(exported.lastSeen)).value();
    row[client::Expired] = std::int64_t(exported.expired ? 1 : 0);
    if (exported.secret)
        row[client::Secret] = blobCell(*exported.secret);
    m_batch.put(sets::kClients, std::move(row));
    return {};
}

Result<DocumentRow> Importer::rowFor(const ExportedDocument &document)
{
    EVENTSYNC_TRY(const auto view, m_backend.view());
    EventStore store(*view);
    EVENTSYNC_TRY(auto loaded, store.load(document.id));
    if (loaded) {
        m_current->isNew = false;
        m_current->own = loaded->head;
        if (loaded->row.collection != document.collection)
            return failure(ErrorCode::WrongCollection, "there is a document " + document.id.text() + " in another collection");
        if (document.base.serverSeq > loaded->head.serverSeq)
            return failure(ErrorCode::DocumentExists, "the store's own log of " + nameOf(document) +
                                                          " ends before the exported one begins");
        DocumentRow row = std::move(loaded->row);
        row.state = loaded->state.jsonState();
        row.at = loaded->head;
        return row;
    }
    if (m_lastNumber < 0) {
        m_lastNumber = 0;
        EVENTSYNC_CHECK(view->scan({.set = sets::kDocuments, .index = "number", .descending = true, .limit = 1},
                                   [&](const storage::Row &row) {
                                       m_lastNumber = integerOf(row, document::Number).value_or(0);
                                       return false;
                                   }));
    }
    DocumentRow row;
    row.documentId = document.id;
    row.number = ++m_lastNumber;
    row.collection = document.collection;
    row.kind = document.kind;
    row.at = document.base;
    row.horizon = document.base.serverSeq.next();
    row.baseChain = document.base.chain;
    row.createdAt = document.createdAt;
    row.updatedAt = document.updatedAt;
    row.state = document.state;
    return row;
}

Result<> Importer::takeDocument(const ExportedDocument &document)
{
    EVENTSYNC_CHECK(closeDocument());
    if (document.base.serverSeq == ServerSeq(0) && document.base.chain != chainStart(document.collection, document.id))
        return failure(ErrorCode::Corrupt, "the log of " + nameOf(document) + " does not begin with its own chain");
    m_current = Current{}; // clang takes the struct for not default constructible inside its class
    m_current->document = document;
    auto row = rowFor(document);
    if (!row) {
        m_current.reset();
        return failure(row.error());
    }
    m_current->row = std::move(*row);
    auto state = document.kind == DocumentKind::Json ? Result<DocumentState>(DocumentState::fromJsonState(document.state))
                                                     : DocumentState::fromBytes(document.kind, document.crdt);
    if (!state) {
        m_current.reset();
        return failure(state.error());
    }
    m_current->state = std::move(*state);
    m_current->clock = document.clock;
    m_current->at = document.base;
    if (m_current->isNew) {
        m_batch.insert(sets::kDocuments, m_current->row.toRow(m_current->state.jsonState()));
        if (document.kind == DocumentKind::Crdt && document.base.serverSeq > ServerSeq(0)) // no other line has the state at its beginning
            m_batch.put(sets::kSnapshots, toRow({.documentId = document.id, .collection = document.collection,
                                                 .kind = document.kind, .position = document.base, .state = document.crdt,
                                                 .vectorClock = document.clock, .createdAt = document.updatedAt},
                                                m_current->row.number));
    }
    return checkOwnHistory();
}

// Once the imported log has reached where the store's own ends, the two must be one.
Result<> Importer::checkOwnHistory()
{
    const Current &current = *m_current;
    if (current.isNew || current.at.serverSeq != current.own.serverSeq || current.at.chain == current.own.chain)
        return {};
    return failure(ErrorCode::DocumentExists, "the store has another history of " + nameOf(current.document));
}

Result<> Importer::takeKnown(const ExportedKnown &exported)
{
    storage::Row row(known::PushDigest + 1);
    row[known::Id] = blobCell(exported.id.view());
    row[known::Document] = m_current->row.number;
    row[known::Seq] = exported.serverSeq.value();
    row[known::Logged] = blobCell(exported.logged.view());
    row[known::PushDigest] = blobCell({reinterpret_cast<const char *>(exported.pushDigest16.data()), exported.pushDigest16.size()});
    m_batch.put(sets::kIds, std::move(row));
    return {};
}

Result<> Importer::takeEvent(const ExportedEvent &exported)
{
    Current &current = *m_current;
    const Event &event = exported.event;
    if (event.documentId != current.document.id || event.collection != current.document.collection)
        return failure(ErrorCode::InvalidMessage, "the event is another document's");
    if (event.serverSeq != current.at.serverSeq.next())
        return failure(ErrorCode::Corrupt, "event " + std::to_string(current.at.serverSeq.value() + 1) + " of "
                                               + nameOf(current.document) + " is missing");
    if (event.clientSeq != current.clock.at(event.clientId).next())
        return failure(ErrorCode::Corrupt, "event " + std::to_string(event.serverSeq.value()) + " is not the next one of its client");
    auto applied = current.state.apply(event);
    if (!applied)
        return failure(ErrorCode::Corrupt, "event " + std::to_string(event.serverSeq.value()) + " does not apply: " + applied.error().message);
    current.state.settle(0);
    const Digest digest = digestOf(event);
    current.at = {event.serverSeq, chainNext(current.at.chain, digest)};
    current.clock.set(event.clientId, event.clientSeq);
    EVENTSYNC_CHECK(checkOwnHistory());
    if (event.serverSeq <= current.own.serverSeq)
        return {};
    LoggedEvent logged;
    logged.serverSeq = event.serverSeq;
    logged.clientId = event.clientId;
    logged.clientSeq = event.clientSeq;
    logged.chain = current.at.chain;
    logged.canonical = std::make_shared<const Bytes>(canonicalBytes(event, EventForm::Logged));
    const auto fits = checkEventSize(event, EventForm::Logged, logged.canonical->size());
    if (!fits && m_oversized.size() < limits::kVerifyFindings)
        m_oversized.push_back({FindingKind::Size, event.documentId, event.serverSeq, fits.error().message});
    logged.id = event.id;
    logged.firstId = event.firstId();
    logged.pushDigest16 = exported.pushDigest16;
    logged.footprint = std::move(applied->footprint);
    logged.inverse = std::move(applied->inverse);
    if (event.salt)
        logged.digest = digest;
    m_batchBytes += logged.canonical->size();
    m_batch.insert(sets::kEvents, logged.toRow(current.row.number));
    ++m_done.events;
    return {};
}

Result<> Importer::takeStateVector(const StateVector &vector)
{
    if (vector.documentId != m_current->document.id)
        return failure(ErrorCode::InvalidMessage, "the state vector is another document's");
    if (m_current->own.serverSeq < m_current->document.head.serverSeq) // otherwise the store's own is the newer one
        m_batch.put(sets::kStateVectors, toRow(vector, m_current->row.number));
    return {};
}

// The document's derived rows, once its whole log is there.
Result<> Importer::closeDocument()
{
    if (!m_current)
        return {};
    Current &current = *m_current;
    if (current.at.serverSeq != current.document.head.serverSeq || current.at.chain != current.document.head.chain)
        return failure(ErrorCode::Corrupt, "the log of " + nameOf(current.document) + " does not end as the export says");
    if (current.at.serverSeq > current.own.serverSeq) {
        EVENTSYNC_CHECK(commit()); // gives the last event its position
        current.row.at = current.at;
        current.row.position = m_lastPosition;
        current.row.createdAt = current.document.createdAt;
        current.row.updatedAt = current.document.updatedAt;
        current.row.state = current.state.jsonState();
        m_batch.put(sets::kDocuments, current.row.toRow(current.row.state));
        for (const auto &[client, seq] : current.clock.entries())
            m_batch.put(sets::kVectorClocks, clockRow(current.row.number, client, seq));
        EVENTSYNC_CHECK(commit());
    }
    ++m_done.documents;
    m_current.reset();
    return {};
}

Result<> Importer::commit()
{
    if (m_batch.isEmpty())
        return {};
    m_batchBytes = 0;
    EVENTSYNC_TRY(const storage::Committed committed, m_commit(std::exchange(m_batch, {})));
    if (!committed.positions.empty())
        m_lastPosition = committed.positions.back();
    return {};
}

Result<ExportEnd> Importer::finish()
{
    if (!m_promised)
        return failure(ErrorCode::InvalidMessage, m_hasHeader ? "the export ends before its last line" : "this is no export: its first line is missing");
    EVENTSYNC_CHECK(commit());
    if (m_done.documents != m_promised->documents)
        return failure(ErrorCode::InvalidMessage, "the export has " + std::to_string(m_done.documents) + " documents and says "
                                                      + std::to_string(m_promised->documents));
    return m_done;
}

} // namespace eventsync::server
