// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

// How a store is looked after. Part of <eventsync/base/limits.h>.
namespace eventsync::limits {

using namespace std::chrono_literals;

constexpr std::int64_t kWalWarnBytes = 256 * 1024 * 1024; // of a WAL that cannot be cut back: above it the log says so
constexpr int kShrinkPages = 1'000;          // given back to the system in one transaction, between commits
constexpr auto kViewTime = 1'000ms;          // how long work that reads for long looks at one picture of the store
constexpr auto kCompactEvery = 3'600'000ms;  // between two looks at the logs of a collection that keeps a number of events
constexpr auto kRetryStore = 5'000ms;        // of a document whose store failed: a full disk is not emptied sooner

} // namespace eventsync::limits
