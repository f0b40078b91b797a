// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// What computations may cost that a peer asks for, in steps of a Budget (base/budget.h). Included where they are used.
namespace eventsync::limits {

constexpr std::uint64_t kValidationSteps = 10'000'000;  // of one state held against its collection's schema: half a second at most
constexpr std::uint64_t kFilterSteps = 2'000'000;       // of compiling one filter: enough for 100,000 values of `in`
constexpr std::uint64_t kDiffSteps = 4'000'000;          // of searching the arrays of two values for elements that moved; then they are compared in place
constexpr std::uint64_t kOverlapSteps = 5'000'000;      // of one push held against what its author has not seen: above it BaseCompacted

constexpr std::size_t kDamagedPlaces = 1'000; // of a store that the log names, each once; more are counted only

constexpr std::size_t kLightBytes = 64 * 1'024;         // of a document, with an edit of it: validated on the engine's own thread; more is not

// Memory, in the bytes really held (json/heldbytes.h).
constexpr std::size_t kMemoryBytes = 1'024 * 1'024 * 1'024;   // of documents, their last events and what waits for a commit
constexpr std::size_t kTailHeldBytes = 4 * 1'024 * 1'024;     // of one document's last events, kept at hand
constexpr std::size_t kCommitHeldBytes = 64 * 1'024 * 1'024;  // of events and answers that wait for their commit: then others wait
constexpr std::size_t kCacheHeldBytes = 256 * 1'024 * 1'024;  // of the cache of one Storage
constexpr std::size_t kInverseBytes = 64 * 1'024;             // of an inverse, before a shorter one is looked for

// Reads of a length that a peer decides (storage/queries.h).
constexpr std::size_t kRunningQueries = 2;     // that the backend has at a time ...
constexpr std::size_t kLookUpThreads = 2;      // ... and the threads that it has beside them for all other reads
constexpr std::size_t kWaitingQueries = 1'024; // of all requesters: above it Unavailable
constexpr auto kQueryTime = std::chrono::seconds(10); // from the question to its answer: above it Timeout
constexpr std::uint64_t kQuerySteps = 100'000'000;    // of one query: five seconds of work
constexpr std::uint64_t kRowSteps = 20;               // a row that is read, and ...
constexpr std::uint64_t kBytesPerStep = 8;            // ... its bytes, which are copied and parsed
constexpr std::uint64_t kHeadSteps = 1'000'000;       // of a watch, on one changed document: beyond it the watch ends with TooLarge
constexpr std::size_t kFoldEvents = 32;               // folded between two looks at the budget

// What peers can make the server keep, by messages alone.
constexpr std::size_t kWatchesPerConnection = 256;      // collections; above it QueueFull
constexpr std::size_t kRulesAtHand = 1'000;             // of collections that no document in memory belongs to; read again when asked for
constexpr std::size_t kClockEntries = 10'000;           // authors of one document: its clock, 0.8 MB of JSON, must fit into a frame
constexpr std::size_t kRestAuthors = 256;               // ... of which so many are names that X-Client-Id gave
constexpr std::size_t kCursorClockEntries = 100'000;    // of all cursors of one document together, about 10 MB
constexpr std::size_t kLogLineCharacters = 4 * 1'024;   // of a message in the server's own log; the rest is cut off

} // namespace eventsync::limits
