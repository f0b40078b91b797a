// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/timestamp.h>
#include <eventsync/storage/backend.h>

/// \file
/// The record sets of a store with logs: their names, and their columns in the schema's order, so that rows are written and
/// read by name. docs/decisions/0040-record-sets.md gives the reasons for this division. `checksum`: see rowchecksum.h.
namespace eventsync::eventlog {

namespace sets {
inline constexpr char kEvents[] = "events";
inline constexpr char kIds[] = "ids";
inline constexpr char kDocuments[] = "documents";
inline constexpr char kSnapshots[] = "snapshots";
inline constexpr char kVectorClocks[] = "vector_clocks";
inline constexpr char kStateVectors[] = "state_vectors";
inline constexpr char kClients[] = "clients";
inline constexpr char kIdempotency[] = "idempotency";
inline constexpr char kMeta[] = "meta";
} // namespace sets
inline constexpr char kChecksumColumn[] = "checksum";

/// \file
/// `events`: one row per event, in the order of arrival; its key is the `changes` order.
/// indexes: order (document, server_seq), id (id), first_id (first_id, sparse); all unique
namespace event {
/// The columns, in the order of the record set.
enum Column : std::size_t {
    Position, Document, Seq, Id, FirstId, ClientId, ClientSeq, Chain, PushDigest, Digest, Footprint, Inverse, Body, Checksum
};
}

/// \file
/// `ids`: the ids of events below the horizon, with the first ids of their edits.
namespace known {
/// The columns, in the order of the record set.
enum Column : std::size_t { Id, Document, Seq, Logged, PushDigest };
}

/// \file
/// `documents`: derived, one row per document, as it stood at `server_seq`; the log may be ahead by a bounded lag.
/// indexes: number (number) unique, collection (collection, document_id), changes (collection, position)
namespace document {
/// The columns, in the order of the record set.
enum Column : std::size_t {
    Id, Number, Collection, Kind, Seq, Chain, Horizon, BaseChain, Position, Deleted, CreatedAt, UpdatedAt, Snapshot, State,
    Checksum
};
}

/// \file
/// `snapshots`: whole states. `vector_clocks`: the last clientSeq of each author. `state_vectors`: what each client has.
namespace snapshot {
/// The columns, in the order of the record set.
enum Column : std::size_t { Document, Seq, Chain, Kind, Clock, CreatedAt, State, Checksum };
}
namespace clock {
/// The columns, in the order of the record set.
enum Column : std::size_t { Document, ClientId, ClientSeq, Checksum };
}
namespace statevector {
/// The columns, in the order of the record set.
enum Column : std::size_t { Document, ClientId, Seq, Clock, At, Checksum };
}

/// \file
/// `clients`: the owner of each client id. `last_seen` is OperatingTime. index: seen (expired, last_seen)
namespace client {
/// The columns, in the order of the record set.
enum Column : std::size_t { Id, Kind, Secret, Principal, CreatedAt, LastSeen, Expired };
}

/// \file
/// `idempotency`: answers of repeated REST writes, by principal and key. `expires_at` is OperatingTime. index: expires (expires_at)
namespace idempotency {
/// The columns, in the order of the record set.
enum Column : std::size_t { Key, Answer, ExpiresAt };
}

/// \file
/// `meta`: named numbers. "derived": every event up to this position is in the derived rows. "seen": OperatingTime, and "wall":
/// the wall clock at the time of storing it.
namespace meta {
/// The columns, in the order of the record set.
enum Column : std::size_t { Name, Value };
inline constexpr char kDerived[] = "derived";
inline constexpr char kSeen[] = "seen";
inline constexpr char kWall[] = "wall";
} // namespace meta

const storage::Schema &schema();

/// Cells.
inline storage::Cell blobCell(std::string_view bytes) { return storage::Blob{Bytes(bytes)}; }
Result<std::int64_t> integerOf(const storage::Row &row, std::size_t column); ///< Corrupt if it is not an integer
Result<Timestamp> timeOf(const storage::Row &row, std::size_t column);
Result<std::string_view> textOf(const storage::Row &row, std::size_t column);
Result<std::string_view> blobOf(const storage::Row &row, std::size_t column);
inline bool isNull(const storage::Row &row, std::size_t column)
{
    return std::holds_alternative<std::monostate>(row[column]);
}

} // namespace eventsync::eventlog
