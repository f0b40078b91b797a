// SPDX-License-Identifier: Apache-2.0
#include <server/transfer/exporter.h>

#include <eventsync/base/limits.h>
#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/schema.h>

#include <algorithm>
#include <map>
#include <set>

namespace eventsync::server {

namespace {

using namespace eventlog;
using Write = std::function<Result<>(const std::string &)>;

constexpr std::size_t kLineRoom = 256; // of an event's line, beside the event

// Visits rows with a function that may fail.
Result<> eachRow(storage::ReadView &view, const storage::Scan &scan, const std::function<Result<>(const storage::Row &)> &visit)
{
    Result<> good;
    EVENTSYNC_CHECK(view.scan(scan, [&](const storage::Row &row) {
        good = visit(row);
        return good.has_value();
    }));
    return good;
}

class Exporter
{
public:
    Exporter(storage::ReadView &view, const Write &write) : m_view(view), m_store(view), m_write(write) {}

    Result<> line(const ExportLine &line) { return m_write(toLine(line) + '\n'); }

    Result<> clients()
    {
        return eachRow(m_view, {.set = sets::kClients}, [&](const storage::Row &row) -> Result<> {
            ExportedClient exported;
            EVENTSYNC_TRY(const auto id, textOf(row, client::Id));
            EVENTSYNC_TRY(const auto kind, textOf(row, client::Kind));
            EVENTSYNC_TRY(exported.createdAt, timeOf(row, client::CreatedAt));
            EVENTSYNC_TRY(exported.lastSeen, timeOf(row, client::LastSeen));
            exported.id = ClientId(std::string(id));
            exported.kind = kind;
            exported.principal = textOf(row, client::Principal).value_or("");
            exported.expired = integerOf(row, client::Expired).value_or(0) != 0;
            if (const auto secret = blobOf(row, client::Secret))
                exported.secret = Bytes(*secret);
            return line(exported);
        });
    }

    // Everything that document() will read, and whether it is what was logged.
    Result<LoadedDocument> readable(const DocumentId &id)
    {
        EVENTSYNC_TRY(auto loaded, m_store.load(id));
        if (!loaded)
            return failure(ErrorCode::Corrupt, "its row is gone");
        for (ServerSeq at = loaded->row.horizon.previous(); at < loaded->head.serverSeq;) {
            EVENTSYNC_TRY(const auto events, m_store.soundEntries(loaded->row.number, {.after = at, .until = loaded->head.serverSeq,
                                                                                       .bytes = limits::kDocumentBytes}));
            for (const LogEntryPtr &event : events) {
                if (event->canonical->size() + kLineRoom > limits::kImportLineBytes)
                    return failure(ErrorCode::TooLarge, "event " + std::to_string(event->serverSeq.value()) + " has " +
                                                            std::to_string(event->canonical->size()) +
                                                            " bytes, more than a line that can be imported");
            }
            at = events.back()->serverSeq;
        }
        return std::move(*loaded);
    }

    Result<> document(const LoadedDocument &loaded)
    {
        const DocumentId &id = loaded.row.documentId;
        EVENTSYNC_TRY(const auto row, m_store.document(id));
        if (!row)
            return failure(ErrorCode::Corrupt, "the row of " + id.text() + " is gone");
        ExportedDocument exported{.id = id, .collection = row->collection, .kind = row->kind,
                                  .base = {row->horizon.previous(), row->baseChain}, .createdAt = loaded.createdAt,
                                  .updatedAt = loaded.updatedAt, .head = loaded.head};
        if (row->horizon > ServerSeq(1)) {
            EVENTSYNC_TRY(const DocumentState state, m_store.stateAt(*row, exported.base.serverSeq));
            if (row->kind == DocumentKind::Json)
                exported.state = state.jsonState();
            else
                exported.crdt = state.toBytes();
            EVENTSYNC_TRY(exported.clock, clockBefore(*row, loaded.clock));
        }
        EVENTSYNC_CHECK(line(exported));
        EVENTSYNC_CHECK(knownIds(row->number));
        EVENTSYNC_CHECK(eachRow(m_view, {.set = sets::kEvents, .index = "order", .prefix = {row->number}},
                                [&](const storage::Row &cells) -> Result<> {
                                    EVENTSYNC_TRY(const LoggedPtr event, LoggedEvent::fromRow(cells));
                                    ++m_end.events;
                                    return m_write(eventLine(*event->canonical, event->pushMark) + '\n');
                                }));
        for (const StateVector &vector : loaded.cursors)
            EVENTSYNC_CHECK(line(vector));
        ++m_end.documents;
        return {};
    }

    const ExportEnd &end() const { return m_end; }

private:
    // The clock at horizon - 1: the one at head, set back by the first event that each client has in the log.
    Result<VectorClock> clockBefore(const DocumentRow &row, VectorClock clock)
    {
        std::set<ClientId> seen;
        EVENTSYNC_CHECK(eachRow(m_view, {.set = sets::kEvents, .index = "order", .prefix = {row.number}},
                                [&](const storage::Row &cells) -> Result<> {
                                    EVENTSYNC_TRY(const auto clientText, textOf(cells, event::ClientId));
                                    EVENTSYNC_TRY(const auto seq, integerOf(cells, event::ClientSeq));
                                    const ClientId client{std::string(clientText)};
                                    if (seen.insert(client).second)
                                        clock.set(client, ClientSeq(seq - 1));
                                    return {};
                                }));
        std::map<ClientId, ClientSeq> kept;
        for (const auto &[client, seq] : clock.entries()) {
            if (seq > ClientSeq(0))
                kept.emplace(client, seq);
        }
        return VectorClock(std::move(kept));
    }

    // Few stores were ever compacted, so the ids are looked through once, for all documents.
    Result<> knownIds(std::int64_t document)
    {
        if (!m_knownRead) {
            m_knownRead = true;
            EVENTSYNC_CHECK(eachRow(m_view, {.set = sets::kIds}, [&](const storage::Row &row) -> Result<> {
                ExportedKnown exported;
                EVENTSYNC_TRY(const auto id, blobOf(row, known::Id));
                EVENTSYNC_TRY(exported.id, Uuid::fromBytes(id));
                EVENTSYNC_TRY(const auto logged, blobOf(row, known::Logged));
                EVENTSYNC_TRY(exported.logged, Uuid::fromBytes(logged));
                EVENTSYNC_TRY(const auto seq, integerOf(row, known::Seq));
                exported.serverSeq = ServerSeq(seq);
                EVENTSYNC_TRY(const auto mark, blobOf(row, known::PushMark));
                std::copy_n(mark.begin(), std::min(mark.size(), exported.pushMark.size()), exported.pushMark.begin());
                EVENTSYNC_TRY(const auto number, integerOf(row, known::Document));
                m_known[number].push_back(exported);
                return {};
            }));
        }
        for (const ExportedKnown &known : m_known[document])
            EVENTSYNC_CHECK(line(known));
        m_known.erase(document);
        return {};
    }

    storage::ReadView &m_view;
    EventStore m_store;
    const Write &m_write;
    ExportEnd m_end;
    bool m_knownRead = false;
    std::map<std::int64_t, std::vector<ExportedKnown>> m_known;
};

} // namespace

namespace {

// Of the document alone: what the store cannot give at all ends the export.
bool isOfTheDocument(const Error &error)
{
    const ErrorClass kind = errorClass(error.code);
    return kind == ErrorClass::Corrupt || kind == ErrorClass::Permanent || kind == ErrorClass::Conflict;
}

} // namespace

Result<ExportReport> exportStore(storage::ReadView &view, const ExportHeader &header, const Write &write,
                                 const std::function<void(const ExportEnd &)> &progress)
{
    ExportReport report;
    Exporter exporter(view, write);
    EVENTSYNC_CHECK(exporter.line(header));
    EVENTSYNC_CHECK(exporter.clients());
    EVENTSYNC_CHECK(eachRow(view, {.set = sets::kDocuments, .index = "number"}, [&](const storage::Row &row) -> Result<> {
        EVENTSYNC_TRY(const auto text, textOf(row, document::Id));
        const DocumentId id{std::string(text)};
        const auto readable = exporter.readable(id);
        if (readable) {
            EVENTSYNC_CHECK(exporter.document(*readable));
            progress(exporter.end());
            return {};
        }
        if (!isOfTheDocument(readable.error()))
            return failure(readable.error());
        ++report.leftOut;
        if (report.findings.size() < limits::kVerifyFindings)
            report.findings.push_back({FindingKind::Unreadable, id, ServerSeq(0), readable.error().toString()});
        return {};
    }));
    report.written = exporter.end();
    EVENTSYNC_CHECK(exporter.line(report.written));
    return report;
}

} // namespace eventsync::server
