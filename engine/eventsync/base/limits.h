// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// \file
/// Every limit of EventSync is a constant in the limits.h of the module that it speaks of, with its unit and its reason; the table of all is
/// docs/limits.md. Programs may be configured downwards from here, never upwards: what is stored under a limit must stay readable.
///
/// This header has the units, what base itself needs, and what transport and sync must agree on though neither may include the other.
namespace eventsync::limits {

using namespace std::chrono_literals;

constexpr std::size_t kKiB = 1024;        ///< a unit
constexpr std::size_t kMiB = 1024 * kKiB; ///< a unit

// ---- Names

constexpr std::size_t kDocumentIdBytes = 128;    ///< of the id of a document
constexpr std::size_t kCollectionNameBytes = 63; ///< of the name of a collection
constexpr std::size_t kClientIdBytes = 64;       ///< of the id of a client

// ---- A process

constexpr auto kActiveStep = 2'000ms;            ///< silence is checked every second; a longer time without a check is a pause of this process
constexpr std::size_t kMemoryBytes = 1'024 * kMiB; ///< held (json/heldbytes.h) of documents, their last events and what waits for a commit

// ---- Frames

constexpr std::size_t kFrameBytes = 2 * kMiB;           ///< of one message: a largest event and room around it
constexpr std::size_t kUnsentHighWaterBytes = 1 * kMiB; ///< above it a reader falls back from live to catch-up
constexpr std::size_t kUnsentHardBytes = 8 * kMiB;      ///< above it the connection is closed (SlowConsumer)

} // namespace eventsync::limits
