// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>

/// \file
/// The logs of documents, what is derived from them, and the engine that writes them.
namespace eventsync::limits {

// ---- Validation

constexpr std::int64_t kLookBackEvents = 10'000;        ///< unseen events that one push is compared with; more: BaseCompacted
constexpr std::uint64_t kOverlapSteps = 5'000'000;      ///< of comparing one push with what its author has not seen: above it BaseCompacted
constexpr std::size_t kLightBytes = 64 * kKiB;          ///< held of a document, with an edit of it, that is validated on the engine's own thread
constexpr std::size_t kConflictRecordBytes = 64 * kKiB; ///< of a decision's metadata; a larger record says what it left out
constexpr auto kLatestAhead = std::chrono::hours(24);   ///< a `latest` time before the server's clock: more than a wrong time zone
constexpr std::size_t kClockEntries = 10'000;           ///< authors of one document: its clock, 0.8 MB of JSON, must fit into a frame
constexpr std::size_t kRestAuthors = 256;               ///< ... of which so many are names that X-Client-Id gave

// ---- Memory

constexpr std::size_t kRecentEvents = 1'024;             ///< last events of a document in memory: unseen ones and gaps lie there
constexpr std::size_t kRecentBytes = 1 * kMiB;           ///< ... and their canonical bytes
constexpr std::size_t kRecentHeldBytes = 4 * kMiB;       ///< ... and what they hold
constexpr std::size_t kCommitHeldBytes = 64 * kMiB;    ///< held by events and answers that wait for their commit: then others wait
constexpr std::size_t kLookBackBytes = 32 * kMiB;      ///< held by older events read for the pushes of one round: beyond it BaseCompacted
constexpr std::size_t kRulesAtHand = 1'000;            ///< of collections that no document in memory belongs to; read again when asked for
constexpr std::size_t kCursorClockEntries = 100'000;   ///< of all cursors of one document together, about 10 MB
constexpr std::size_t kMissingEventsBytes = 16 * kMiB; ///< of canonical events that one answer of missing events holds
constexpr std::size_t kVerifyFindings = 1'000;         ///< kept by one verification; the rest is counted only
constexpr std::size_t kDamagedPlaces = 1'000;          ///< of a store that the log names, each once; more are counted only

// ---- Derived rows and maintenance

constexpr std::int64_t kSnapshotEveryEvents = 1'000; ///< between two snapshots of a document
constexpr std::int64_t kDerivedLagEvents = 1'000;    ///< derived rows may lag the log by so many events ...
constexpr auto kDerivedLagTime = 1'000ms;            ///< ... and so long
constexpr std::size_t kFoldEvents = 32;              ///< folded between two checks of the budget
constexpr auto kCompactEvery = 3'600'000ms;          ///< between two checks of the logs of a collection that keeps a number of events

} // namespace eventsync::limits
