// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/valuelimits.h>

// Databases, logs and what is kept in memory of them. Part of <eventsync/base/limits.h>.
namespace eventsync::limits {

// The store.
constexpr int kOptimisticTries = 16;                    // of an edit function before VersionConflict
constexpr std::size_t kCommitRows = 8'192;              // rows of one group commit: bounds the time a reader waits
constexpr auto kStoreBusyWait = 5'000ms;                // for a foreign program that holds SQLite's write lock
constexpr std::size_t kQueuedBatches = 65'536;          // handed to a backend and not committed: above it QueueFull
constexpr std::size_t kQueuedReads = 65'536;            // handed to a backend and not begun: above it QueueFull
constexpr std::size_t kVerifyFindings = 1'000;           // kept by one verification; the rest is counted only
constexpr std::size_t kMissingEventsBytes = 16 * kMiB;  // of canonical events that one answer of missing events holds
constexpr int kWalCheckpointPages = 4'000;               // in the WAL when it is brought into the database: 16 MB of 4 KiB pages
constexpr std::int64_t kWalKeepBytes = 64 * 1024 * 1024; // what the WAL file is cut back to once it was longer
constexpr int kBackupPages = 256;                       // copied between two calls of a backup's progress
constexpr std::size_t kCacheDocuments = 10'000;         // kept by a Storage in memory, the ones used last
constexpr auto kCacheTime = 600'000ms;                  // and believed so long
constexpr int kCacheHotHits = 8;                        // asked for so often: read again before its time ends
// A page token holds the sort values of the page's last document and travels in a URL: so many paths of so many characters
// take 8 KiB at the most, whatever stands in the documents.
constexpr std::size_t kSortKeys = 8;
constexpr std::size_t kSortCharacters = 128;
constexpr std::size_t kFindBytes = 64 * kMiB;           // of one page of a Storage's list, which has one document in any case
constexpr std::size_t kStorageQueue = 65'536;           // operations of a Storage that have not ended: above it QueueFull
constexpr std::int64_t kSnapshotEveryEvents = 1'000;
constexpr std::int64_t kDerivedLagEvents = 1'000;       // derived rows may lag the log by so many events ...
constexpr auto kDerivedLagTime = 1'000ms;               // ... and so long
constexpr std::size_t kTailEvents = 1'024;              // last events of a document kept at hand: unseen ones and gaps lie there
constexpr std::size_t kTailBytes = 1 * kMiB;            // ... and their canonical bytes
constexpr std::int64_t kLookBackEvents = 10'000;        // unseen events that one push is compared with; more: BaseCompacted
constexpr auto kAckedKeep = std::chrono::hours(24 * 30);
constexpr auto kClientExpiry = std::chrono::hours(24 * 30);
constexpr auto kIdempotencyKeep = std::chrono::hours(24);

} // namespace eventsync::limits
