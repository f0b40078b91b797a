// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>

/// \file
/// JSON CRDT documents.
namespace eventsync::limits {

constexpr std::uint64_t kCrdtClockJump = 1ull << 32;  ///< how far ahead of ours a patch's time may be
constexpr std::size_t kCrdtEncodingBytes = 64 * kMiB; ///< JSON text of a document with all its ids and tombstones
constexpr int kCrdtEncodingDepth = 1'024;             ///< containers of that text: several for each node
constexpr std::size_t kCrdtCheckpoint = 256;          ///< patches of a history that are applied again to show an old state
constexpr std::size_t kCrdtDiffSteps = 1'000;         ///< edits of a smallest diff; its search takes their square in memory
constexpr std::size_t kUndoEntries = 1'000;           ///< undo steps kept per document

} // namespace eventsync::limits
