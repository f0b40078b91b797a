// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/finding.h>
#include <eventsync/storage/backend.h>

#include <server/transfer/exportlines.h>

#include <functional>
#include <optional>
#include <vector>

namespace eventsync::server {

/// Reads the lines of an export into a store that no other process uses, exactly as they were: positions, chains and ids stay.
/// Every event is applied and its chain computed again, so a log that was damaged or tampered with does not get in.
/// A document that the store has already is continued where its log is the beginning of the imported one (an import that was
/// interrupted), left alone where it has everything, and an error where its history is another one. Memory holds one
/// document and one batch. Owner only.
class Importer
{
public:
    using Commit = std::function<Result<storage::Committed>(storage::Batch)>;

    Importer(storage::Backend &backend, Commit commit) : m_backend(backend), m_commit(std::move(commit)) {}

    Result<> takeLine(std::string_view text); ///< says the line's number in the message
    Result<ExportEnd> finish();               ///< InvalidMessage if the export's last line is missing
    const ExportEnd &soFar() const { return m_done; }
    /// Events that an earlier version made larger than an event may be now: imported as they were, the first
    /// limits::kVerifyFindings of them named.
    const std::vector<eventlog::Finding> &oversized() const { return m_oversized; }

private:
    struct Current;

    Result<> take(const ExportLine &line);
    Result<> takeClient(const ExportedClient &client);
    Result<> takeDocument(const ExportedDocument &document);
    Result<> takeKnown(const ExportedKnown &known);
    Result<> takeEvent(const ExportedEvent &exported);
    Result<> checkOwnHistory();
    Result<> takeStateVector(const StateVector &vector);
    Result<> closeDocument();
    Result<> commit();
    Result<eventlog::DocumentRow> rowFor(const ExportedDocument &document);

    storage::Backend &m_backend;
    Commit m_commit;
    storage::Batch m_batch;
    std::size_t m_batchBytes = 0;
    std::int64_t m_lastNumber = -1; // of a document; not known yet
    std::int64_t m_lastPosition = 0;
    std::int64_t m_lines = 0;
    ExportEnd m_done;
    std::vector<eventlog::Finding> m_oversized;
    std::optional<ExportEnd> m_promised;
    bool m_hasHeader = false;

    struct Current
    {
        ExportedDocument document;
        eventlog::DocumentRow row;
        DocumentState state;
        VectorClock clock;
        Position at;
        Position own;                  // where the store's own log of it ends; serverSeq 0: it has none
        bool isNew = true;
    };
    std::optional<Current> m_current;
};

} // namespace eventsync::server
