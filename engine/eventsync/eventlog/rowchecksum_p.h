// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/schema.h>

#include <cstddef>

namespace eventsync::eventlog {

// What a stored row says of its own cells, so that damage of the disk is not taken for what was stored: the first eight bytes
// of a SHA-256 over them, as an integer in the row's last column. Not against anybody who can write to the store: that is what
// the hash chain is for. A row of a store that was written before has none and passes until it is written again.
struct CheckedCells
{
    std::size_t first, end; // [first, end)
    std::size_t checksum;
};

// Of an event everything but its position, which the store gives, and its body, which the chain covers.
inline constexpr CheckedCells kEventCells{event::Document, event::Body, event::Checksum};
inline constexpr CheckedCells kDocumentCells{document::Id, document::Checksum, document::Checksum};
inline constexpr CheckedCells kSnapshotCells{snapshot::Document, snapshot::Checksum, snapshot::Checksum};

void setChecksum(storage::Row &row, const CheckedCells &cells);
bool hasSoundChecksum(const storage::Row &row, const CheckedCells &cells); // of the whole row; true if it has none

} // namespace eventsync::eventlog
