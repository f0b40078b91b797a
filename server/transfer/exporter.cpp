// SPDX-License-Identifier: Apache-2.0
#include <server/transfer/exporter.h>

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/json/limits.h>
#include <eventsync/storage/steppedview.h>

#include <server/limits.h>

#include <algorithm>
#include <map>
#include <set>

namespace eventsync::server {

namespace {

using namespace eventlog;
using Write = std::function<Result<>(const std::string &)>;

constexpr std::size_t kLineRoom = 256;            // of an event's line, beside the event
constexpr std::size_t kLinesBytes = 256 * 1024; // written at a time

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

// The content of a store at one moment, read in steps. Logs are only appended to, so a document at that moment is its log up to
// the last event that had arrived by then. A log that was compacted beyond that moment is written as it is.
class Exporter
{
public:
    Exporter(storage::ReadView &view, const Write &write) : m_view(view), m_store(view), m_write(write) {}

    Result<> begin(const ExportHeader &header)
    {
        EVENTSYNC_CHECK(m_view.scan({.set = sets::kEvents, .descending = true, .limit = 1, .columns = {event::Position}},
                                    [&](const storage::Row &row) {
                                        m_until = integerOf(row, event::Position).value_or(0);
                                        return false;
                                    }));
        line(header);
        return storage::scanInSteps(m_view, {.set = sets::kClients}, client::Id,
                                    [this](const storage::Row &row) { return clientLine(row); });
    }

    // The data that document() needs; none if the document was created later.
    struct Wanted
    {
        LoadedDocument loaded;
        Position head; // at the moment of the export
        Timestamp updatedAt;
        std::optional<DocumentState> base = {}; // the state at the beginning of a compacted log
    };

    // Checks all events that document() will read.
    Result<std::optional<Wanted>> readable(const DocumentId &id)
    {
        EVENTSYNC_TRY(auto loaded, m_store.load(id));
        if (!loaded)
            return failure(ErrorCode::Corrupt, "its row is gone");
        EVENTSYNC_TRY(auto wanted, wantedOf(std::move(*loaded)));
        if (!wanted)
            return wanted;
        const DocumentRow &row = wanted->loaded.row;
        for (ServerSeq at = row.horizon.previous(); at < wanted->head.serverSeq;) {
            EVENTSYNC_TRY(const auto events, m_store.entries(row.number, {.after = at, .until = wanted->head.serverSeq,
                                                                          .bytes = limits::kDocumentBytes, .untilIsLogged = true}));
            if (events.empty())
                return failure(ErrorCode::Unavailable, "its log was compacted while it was exported: export again");
            for (const LogEntryPtr &event : events) {
                if (event->canonical->size() + kLineRoom > limits::kImportLineBytes)
                    return failure(ErrorCode::TooLarge, "event " + std::to_string(event->serverSeq.value()) + " has " +
                                                            std::to_string(event->canonical->size()) +
                                                            " bytes, more than a line that can be imported");
            }
            at = events.back()->serverSeq;
        }
        if (row.horizon > ServerSeq(1)) {
            EVENTSYNC_TRY(const auto stored, m_store.document(id)); // with its state, which was taken from the loaded one
            EVENTSYNC_TRY(wanted->base, m_store.stateAt(*stored, row.horizon.previous()));
        }
        return wanted;
    }

    Result<> document(const Wanted &wanted)
    {
        const LoadedDocument &loaded = wanted.loaded;
        const DocumentRow &row = loaded.row;
        ExportedDocument exported{.id = row.documentId, .collection = row.collection, .kind = row.kind,
                                  .base = {row.horizon.previous(), row.baseChain}, .createdAt = loaded.createdAt,
                                  .updatedAt = wanted.updatedAt, .head = wanted.head};
        if (wanted.base) {
            if (row.kind == DocumentKind::Json)
                exported.state = wanted.base->jsonState();
            else
                exported.crdt = wanted.base->toBytes();
            EVENTSYNC_TRY(exported.clock, clockBefore(row, loaded.clock));
        }
        line(exported);
        EVENTSYNC_CHECK(knownIds(row));
        EVENTSYNC_CHECK(events(row, wanted.head.serverSeq));
        for (const StateVector &vector : loaded.cursors) {
            if (vector.serverSeq <= wanted.head.serverSeq)
                line(vector);
        }
        ++m_end.documents;
        return pause();
    }

    Result<> finish()
    {
        line(m_end);
        return m_write(m_lines);
    }
    const ExportEnd &end() const { return m_end; }

private:
    void line(const ExportLine &line) { m_lines += toLine(line) + '\n'; }

    // Lines are written many at a time, and between two reads, because the receiver may be slow.
    Result<> pause()
    {
        if (m_lines.size() < kLinesBytes)
            return {};
        ++m_pauses;
        EVENTSYNC_CHECK(m_write(m_lines));
        m_lines.clear();
        return {};
    }

    Result<> clientLine(const storage::Row &row)
    {
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
        line(exported);
        return pause();
    }

    Result<std::optional<Wanted>> wantedOf(LoadedDocument loaded)
    {
        const Position head = loaded.head;
        const Timestamp updatedAt = loaded.updatedAt;
        if (loaded.position <= m_until)
            return Wanted{std::move(loaded), head, updatedAt};
        LoggedPtr last; // that had arrived
        for (ServerSeq low = loaded.row.horizon, high = head.serverSeq.next(); low < high;) {
            const ServerSeq middle((low.value() + high.value()) / 2);
            EVENTSYNC_TRY(const LoggedPtr event, m_store.eventAt(loaded.row.number, middle));
            if (!event)
                return failure(ErrorCode::Corrupt, "event " + std::to_string(middle.value()) + " is missing");
            if (event->position <= m_until) {
                last = event;
                low = middle.next();
            } else {
                high = middle;
            }
        }
        if (last)
            return Wanted{std::move(loaded), {last->serverSeq, last->chain}, last->event->storedAt};
        if (loaded.row.horizon == ServerSeq(1))
            return std::nullopt;
        return Wanted{std::move(loaded), head, updatedAt};
    }

    Result<> events(const DocumentRow &row, ServerSeq until)
    {
        for (ServerSeq at = row.horizon.previous(); at < until;) {
            EVENTSYNC_TRY(const std::vector<LoggedPtr> some,
                          m_store.events(row.number, {.after = at, .until = until, .bytes = kLinesBytes}));
            if (some.empty() || some.front()->serverSeq != at.next())
                return failure(ErrorCode::Unavailable, "the log of " + row.documentId.text()
                                                           + " was compacted while it was exported: export again");
            for (const LoggedPtr &event : some) {
                ++m_end.events;
                m_lines += eventLine(*event->canonical, event->pushDigest16) + '\n';
            }
            at = some.back()->serverSeq;
            EVENTSYNC_CHECK(pause());
        }
        return {};
    }

    // The clock at horizon - 1: the one at head, reduced by each client's first event in the log.
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

    // Few stores were ever compacted, so the ids are read once, for all documents; and again for a log that was compacted since
    // then, because each removed event adds one.
    Result<> knownIds(const DocumentRow &row)
    {
        const auto removed = static_cast<std::size_t>(row.horizon.previous().value());
        if (removed > m_known[row.number].size() && m_knownRead != m_pauses)
            EVENTSYNC_CHECK(readKnownIds());
        for (const ExportedKnown &known : m_known[row.number])
            line(known);
        m_known.erase(row.number);
        return {};
    }

    Result<> readKnownIds()
    {
        m_known.clear();
        m_knownRead = m_pauses;
        return eachRow(m_view, {.set = sets::kIds}, [&](const storage::Row &row) -> Result<> {
            ExportedKnown exported;
            EVENTSYNC_TRY(const auto id, blobOf(row, known::Id));
            EVENTSYNC_TRY(exported.id, Uuid::fromBytes(id));
            EVENTSYNC_TRY(const auto logged, blobOf(row, known::Logged));
            EVENTSYNC_TRY(exported.logged, Uuid::fromBytes(logged));
            EVENTSYNC_TRY(const auto seq, integerOf(row, known::Seq));
            exported.serverSeq = ServerSeq(seq);
            EVENTSYNC_TRY(const auto bytes, blobOf(row, known::PushDigest));
            std::copy_n(bytes.begin(), std::min(bytes.size(), exported.pushDigest16.size()), exported.pushDigest16.begin());
            EVENTSYNC_TRY(const auto number, integerOf(row, known::Document));
            m_known[number].push_back(exported);
            return {};
        });
    }

    storage::ReadView &m_view;
    EventStore m_store;
    const Write &m_write;
    ExportEnd m_end;
    std::string m_lines; // not yet written
    std::int64_t m_until = 0; // the last event of the moment that is exported, in the order of arrival
    std::int64_t m_pauses = 0;
    std::optional<std::int64_t> m_knownRead = {}; // after so many pauses
    std::map<std::int64_t, std::vector<ExportedKnown>> m_known;
};

} // namespace

namespace {

// An error of this document only; a failure of the store ends the export.
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
    EVENTSYNC_CHECK(exporter.begin(header));
    const auto each = [&](const storage::Row &row) -> Result<> {
        EVENTSYNC_TRY(const auto text, textOf(row, document::Id));
        const DocumentId id{std::string(text)};
        const auto readable = exporter.readable(id);
        if (readable) {
            if (*readable)
                EVENTSYNC_CHECK(exporter.document(**readable));
            progress(exporter.end());
            return {};
        }
        if (!isOfTheDocument(readable.error()))
            return failure(readable.error());
        ++report.leftOut;
        if (report.findings.size() < limits::kVerifyFindings)
            report.findings.push_back({FindingKind::Unreadable, id, ServerSeq(0), readable.error().toString()});
        return {};
    };
    EVENTSYNC_CHECK(storage::scanInSteps(view, {.set = sets::kDocuments, .index = "number", .columns = {document::Id, document::Number}},
                                         document::Number, each));
    EVENTSYNC_CHECK(exporter.finish());
    report.written = exporter.end();
    return report;
}

} // namespace eventsync::server
