// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// What computations may cost that a peer asks for, in steps of a Budget (base/budget.h). Included where they are used.
namespace eventsync::limits {

constexpr std::uint64_t kValidationSteps = 10'000'000;  // of one state held against its collection's schema: half a second at most
constexpr std::uint64_t kFilterSteps = 2'000'000;       // of taking in one filter, which is done once: 100,000 values of `in` and more
constexpr std::uint64_t kOverlapSteps = 5'000'000;      // of one push held against what its author has not seen: above it BaseCompacted

constexpr std::size_t kDamagedPlaces = 1'000; // of a store that the log names, each once; more are counted only

// Memory, in the bytes really held (json/heldbytes.h).
constexpr std::size_t kMemoryBytes = 1'024 * 1'024 * 1'024;   // of documents, their last events and what waits for a commit
constexpr std::size_t kTailHeldBytes = 4 * 1'024 * 1'024;     // of one document's last events, kept at hand
constexpr std::size_t kCommitHeldBytes = 64 * 1'024 * 1'024;  // of events and answers that wait for their commit: then others wait
constexpr std::size_t kCacheHeldBytes = 256 * 1'024 * 1'024;  // of the cache of one Storage
constexpr std::size_t kInverseBytes = 64 * 1'024;             // of an inverse, before a shorter one is looked for

} // namespace eventsync::limits
