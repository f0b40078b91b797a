// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/valuelimits.h>

// Messages between nodes, and documents kept in step by them. Part of <eventsync/base/limits.h>.
namespace eventsync::limits {

// Messages between nodes (pubsub), and documents kept in step by them (crdtsync).
constexpr std::size_t kPubSubMessageBytes = 8 * kMiB;    // a quarter of what Redis buffers for one slow subscriber
constexpr std::size_t kPubSubTopicBytes = 512;
constexpr std::size_t kPubSubQueueBytes = 32 * kMiB;     // handed to a connection and not written: above it QueueFull
constexpr std::size_t kPubSubQueue = 65'536;             // the same in messages
constexpr auto kPubSubConnectTime = 5'000ms;
constexpr auto kPubSubAnswerTime = 10'000ms;             // a broker silent for so long is taken for gone
constexpr auto kPubSubPing = 4'000ms;                    // an idle connection is asked, so that a dead one is noticed
constexpr auto kPeerAnnounce = 1'000ms;                  // between two announcements; three missed: the peer is gone
constexpr int kPeerMissed = 3;
constexpr std::size_t kPeers = 10'000;                   // of one group; further ones are not listed
constexpr std::size_t kPeerAddressBytes = 2 * kKiB;
constexpr auto kCrdtSyncEvery = 2'000ms;                 // between two exchanges of state; also when an unanswered request is repeated
constexpr std::size_t kCrdtSyncVectorRows = 64;          // a longer state vector is not sent: sets are compared instead
constexpr std::size_t kCrdtSyncWaiting = 10'000;         // patches kept that came before what they need
constexpr std::size_t kCrdtSyncWaitingBytes = 64 * kMiB; // ... and their bytes
constexpr std::size_t kCrdtSyncUnstored = 10'000;        // patches not yet durable: above it own edits fail with QueueFull
constexpr std::size_t kCrdtSyncChunkBytes = 256 * kKiB;  // of patches in one answer; the asker asks on
constexpr std::int64_t kCrdtSyncSnapshotFrom = 10'000;   // who lacks so many patches is sent the whole document
constexpr std::size_t kCrdtSyncForks = 1'000;            // copied replicas remembered, so that each is reported once
constexpr std::size_t kCompareRanges = 4'096;            // of one comparison: about 100 KiB; the next one goes on
constexpr std::size_t kCompareRuns = 4'096;

} // namespace eventsync::limits
