// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>

/// \file
/// CRDT documents synchronised between peers.
namespace eventsync::limits {

constexpr auto kCrdtSyncEvery = 2'000ms;                 ///< between two exchanges of state; also when an unanswered request is repeated
constexpr std::size_t kCrdtSyncVectorRows = 64;          ///< a longer state vector is not sent: sets are compared instead
constexpr std::size_t kCrdtSyncWaiting = 10'000;         ///< patches kept that came before what they need
constexpr std::size_t kCrdtSyncWaitingBytes = 64 * kMiB; ///< ... and their bytes
constexpr std::size_t kCrdtSyncUnstored = 10'000;        ///< patches not yet durable: above it own edits fail with QueueFull
constexpr std::size_t kCrdtSyncChunkBytes = 256 * kKiB;  ///< of patches in one answer; the peer requests the rest
constexpr std::int64_t kCrdtSyncSnapshotFrom = 10'000;   ///< a peer that lacks so many patches is sent the whole document
constexpr std::size_t kCrdtSyncForks = 1'000;            ///< copied replicas remembered, so that each is reported once
constexpr std::size_t kCompareRanges = 4'096;            ///< of one comparison: about 100 KiB; the next one goes on
constexpr std::size_t kCompareRuns = 4'096;              ///< runs of patches in one comparison

} // namespace eventsync::limits
