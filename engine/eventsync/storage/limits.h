// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>

/// \file
/// Databases, the storages on them, and reads of a length that a peer decides.
namespace eventsync::limits {

// ---- Databases

constexpr std::size_t kCommitRows = 8'192;                ///< rows of one group commit: bounds the time a reader waits
constexpr auto kStoreBusyWait = 5'000ms;                  ///< for a foreign program that holds SQLite's write lock
constexpr std::size_t kQueuedBatches = 65'536;            ///< handed to a backend and not committed: above it QueueFull
constexpr std::size_t kQueuedReads = 65'536;              ///< handed to a backend and not begun: above it QueueFull
constexpr int kWalCheckpointPages = 4'000;                ///< in the WAL when it is brought into the database: 16 MB of 4 KiB pages
constexpr int kWalRestPages = 250;                        ///< ... that the committer itself brings in, once a thread has done the others
constexpr int kWalLongestPages = 4 * kWalCheckpointPages; ///< ... above which the committer does all, so that the WAL stays short
constexpr std::int64_t kWalKeepBytes = 64 * 1024 * 1024;  ///< what the WAL file is cut back to once it was longer
constexpr std::int64_t kWalWarnBytes = 256 * 1024 * 1024; ///< of a WAL that cannot be cut back: above it the log says so
constexpr int kBackupPages = 256;                         ///< copied between two calls of a backup's progress
constexpr int kVacuumPages = 1'000;                       ///< given back to the system in one transaction, between commits

// ---- Storages

constexpr int kOptimisticTries = 16;                        ///< of an edit function before VersionConflict
constexpr std::size_t kCacheDocuments = 10'000;             ///< kept by a Storage in memory, the ones used last
constexpr std::size_t kCacheHeldBytes = 256 * 1'024 * kKiB; ///< held by the cache of one Storage
constexpr auto kCacheTime = 600'000ms;                      ///< after which a cached document is read again
constexpr int kCacheHotHits = 8;                            ///< asked for so often: read again before its time ends
constexpr std::size_t kPageItems = 1'000;                   ///< of one page of a list
constexpr std::size_t kFindBytes = 64 * kMiB;               ///< of one page of a Storage's list, which has one document in any case
constexpr std::size_t kStorageQueue = 65'536;               ///< operations of a Storage that have not ended: above it QueueFull
/// A page token holds the sort values of the page's last document and travels in a URL: so many paths of kSortCharacters each
/// take 8 KiB at the most, whatever the documents contain.
constexpr std::size_t kSortKeys = 8;

// ---- Reads of a length that a peer decides (storage/queries.h)

constexpr std::size_t kRunningQueries = 3;            ///< that the backend has at a time ...
constexpr std::size_t kRunningQueriesOfOne = 2;       ///< ... of one requester: there is always a thread for another one
constexpr auto kLaneShared = 1'000ms;                 ///< ... and only one of the requester that takes most, this long after several have asked
constexpr std::uint64_t kLeastQuerySteps = 1'000;     ///< that a query counts for, in the turns of the requesters
constexpr std::size_t kWaitingQueries = 1'024;        ///< of all requesters: above it Unavailable
constexpr auto kQueryTime = std::chrono::seconds(10); ///< from the question to its answer: above it Timeout
constexpr std::uint64_t kQuerySteps = 100'000'000;    ///< of one query: five seconds of work
constexpr std::uint64_t kRowSteps = 20;               ///< a row that is read, and ...
constexpr std::uint64_t kBytesPerStep = 8;            ///< ... its bytes, which are copied and parsed
constexpr auto kViewTime = 1'000ms;                   ///< how long a long read keeps one view of the store

} // namespace eventsync::limits
