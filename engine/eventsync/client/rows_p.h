// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/acknowledgededits_p.h>
#include <eventsync/client/confirmedhistory_p.h>
#include <eventsync/client/entry_p.h>
#include <eventsync/client/undosteps_p.h>
#include <eventsync/storage/sqliteschema.h>

#include <vector>

// The rows of a client's store: one row for each thing that changes on its own. Reading a row that these functions cannot have
// written fails with Corrupt. Internal.
namespace eventsync::client::rows {

// Every row ends with its checksum (eventlog/rowchecksum.h), which DocumentChanges::put() adds.
const storage::Schema &schema();
// Version 2: the checksums, empty in the rows that are there, which pass until they are written again.
storage::Row withChecksum(storage::Row row);
Result<> checkSound(const storage::Row &row); // Corrupt if it is not what was stored
storage::Key keyOf(const std::string &set, const storage::Row &row);

storage::Row queueRow(const DocumentId &document, const Entry &entry);
Result<Entry> entryFrom(const storage::Row &row);
// What is left of an entry whose row is damaged: a dead letter that says so, in the place where it was. It is never sent nor tried
// again: its content is not known any more. Its `metadata.damaged` holds the text of the row as it was found.
Entry damagedEntry(const storage::Row &row, const DocumentId &document, const EventId &newId, Timestamp now);
bool isDamaged(const QueueEntry &edit);

storage::Row ackedRow(const DocumentId &document, const AckedEdit &acked);
storage::Key ackedKey(const DocumentId &document, const AckedEdit &acked);
Result<AckedEdit> ackedFrom(const storage::Row &row);

storage::Row idRow(const DocumentId &document, const EventId &id, IdKind kind);
Result<std::pair<EventId, IdKind>> idFrom(const storage::Row &row);

storage::Row undoRow(const DocumentId &document, const UndoStep &step);
Result<UndoStep> undoFrom(const storage::Row &row);

// In the same set, with negative places; steps have positive ones.
storage::Row recreatedIdsRow(const DocumentId &document, std::int64_t order, const crdt::RecreatedIds &again);
Result<std::pair<std::int64_t, crdt::RecreatedIds>> recreatedIdsFrom(const storage::Row &row);

// The bytes that an item of this canonical size counts in the history, with its inverse: a short event can have an inverse of
// megabytes.
std::size_t historyBytes(const HistoryItem &item, std::size_t canonical);
storage::Row historyRow(const DocumentId &document, const HistoryItem &item, Bytes canonical);
Result<HistoryItem> historyFrom(const storage::Row &row);

storage::Row stagedRow(const DocumentId &document, const protocol::Snapshot &part);
Result<protocol::Snapshot> stagedFrom(const storage::Row &row);

storage::Row policyRow(const CollectionName &collection, const CollectionPolicy &policy);

// Cells of rows that were read. Corrupt if the cell is of another type.
Result<std::int64_t> integer(const storage::Row &row, std::size_t column);
Result<std::string> text(const storage::Row &row, std::size_t column);
Result<Bytes> blob(const storage::Row &row, std::size_t column);
inline storage::Cell cell(std::string_view bytes) { return storage::Blob{Bytes(bytes)}; }

// The first column of every set but `queue` and `meta`; of the queue the second.
Result<DocumentId> documentOf(const storage::Row &row, std::size_t column = 0);

} // namespace eventsync::client::rows
