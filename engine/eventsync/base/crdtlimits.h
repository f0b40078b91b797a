// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/valuelimits.h>

// JSON CRDT documents. Part of <eventsync/base/limits.h>.
namespace eventsync::limits {

// JSON CRDT.
constexpr std::uint64_t kCrdtClockJump = 1ull << 32;    // how far ahead of ours a patch's time may be
constexpr std::size_t kCrdtEncodingBytes = 64 * kMiB;   // JSON text of a document with all its ids and tombstones
constexpr int kCrdtEncodingDepth = 1'024;               // containers of that text: several for each node
constexpr std::size_t kCrdtCheckpoint = 256;             // patches of a history that are applied again to show an old state
constexpr std::size_t kCrdtDiffSteps = 1'000;            // edits of a smallest diff; its search takes their square in memory
constexpr std::size_t kCrdtSettleBytes = 256 * kKiB;     // of patches kept beside an encoded document before they go into it
constexpr std::size_t kCrdtUnwanted = 1'024;             // patches taken back that stay in a document until somebody looks
constexpr std::size_t kCrdtUnplaced = 1'000;            // nodes that one patch may make and put nowhere: memory no snapshot shows

} // namespace eventsync::limits
