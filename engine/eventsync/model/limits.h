// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>

/// \file
/// Events, CRDT documents as states, and the rules of a collection.
namespace eventsync::limits {

// ---- Events

constexpr int kFrameDepthExtra = 8;                      ///< a frame wraps the event
constexpr std::size_t kLoggedEventExtraBytes = 1 * kKiB; ///< serverSeq, storedAt, salt, author: what the server adds

// ---- CRDT documents

constexpr std::size_t kCrdtSettleBytes = 256 * kKiB; ///< of patches kept beside an encoded document before they go into it
constexpr std::size_t kCrdtUnwanted = 1'024;         ///< patches taken back that stay in a document until it is read
constexpr std::size_t kCrdtUnplaced = 1'000;         ///< nodes that one patch may make and put nowhere: memory no snapshot shows

// ---- Schemas

constexpr std::uint64_t kValidationSteps = 10'000'000; ///< of one state compared with its collection's schema: half a second at most
constexpr std::size_t kPatternTextBytes = 4 * kKiB;    ///< of a text that a schema's regular expression is applied to
constexpr std::size_t kPatternBytes = 4 * kKiB;        ///< of that expression, which is compiled for each state that it validates
constexpr int kPatternSteps = 100'000;                 ///< tries for one text, some milliseconds; a sound expression needs few for a letter
constexpr std::size_t kPatternHeapBytes = 64 * kMiB;   ///< what those steps may remember

/// A collection's JSON Schema: its evaluator recurses along references, so their number and reach are bounded.
constexpr std::size_t kSchemaBytes = 256 * kKiB;
constexpr int kSchemaDepth = 32;                 ///< containers of a schema
constexpr std::size_t kSchemaReferences = 128;   ///< of one schema
constexpr int kSchemaSteps = 32;                 ///< schemas that one value is held to, one inside the other

} // namespace eventsync::limits
