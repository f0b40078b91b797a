// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/schema.h>

#include <cstddef>

namespace eventsync::eventlog {

/// A checksum of the cells of a stored row, which detects damage of the disk: the first eight bytes of a SHA-256 over them, as
/// an integer in the row's last column. It does not protect against a writer of the store; the hash chain does. A row of an
/// earlier version has no checksum and passes until it is written again.
struct CheckedCells
{
    std::size_t first, end; ///< [first, end)
    std::size_t checksum;
};

/// For an event all cells except its position, which the store assigns, and its body, which the chain covers.
inline constexpr CheckedCells kEventCells{event::Document, event::Body, event::Checksum};
inline constexpr CheckedCells kDocumentCells{document::Id, document::Checksum, document::Checksum};
inline constexpr CheckedCells kSnapshotCells{snapshot::Document, snapshot::Checksum, snapshot::Checksum};
inline constexpr CheckedCells kClockCells{clock::Document, clock::Checksum, clock::Checksum};
inline constexpr CheckedCells kStateVectorCells{statevector::Document, statevector::Checksum, statevector::Checksum};

void setChecksum(storage::Row &row, const CheckedCells &cells);
bool hasSoundChecksum(const storage::Row &row, const CheckedCells &cells); ///< of the whole row; true if the row has no checksum

} // namespace eventsync::eventlog
