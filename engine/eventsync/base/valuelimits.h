// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Names, JSON values and their sizes: what documents, events and messages are made of. Part of <eventsync/base/limits.h>.
namespace eventsync::limits {

using namespace std::chrono_literals;

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

// Names.
constexpr std::size_t kDocumentIdBytes = 128;
constexpr std::size_t kCollectionNameBytes = 63;
constexpr std::size_t kClientIdBytes = 64;

// Values. Depth counts containers from the document's root: recursion in every reader of JSON stays this shallow.
constexpr int kDepth = 64;
constexpr int kEventDepthExtra = 8;  // an event wraps the value in its patch
constexpr int kFrameDepthExtra = 8;  // a frame wraps the event
constexpr std::size_t kPointerTokens = 128; // deeper than any value, so that a long pointer costs no memory
constexpr std::int64_t kMaxInteger = 9007199254740991; // 2^53 - 1, what every JSON reader keeps exactly (RFC 7493)

// Sizes, in bytes of canonical JSON or of the frame.
constexpr std::size_t kDocumentBytes = 4 * kMiB;
constexpr std::size_t kEventBytes = 1 * kMiB;
constexpr std::size_t kLoggedEventExtraBytes = 1 * kKiB; // serverSeq, storedAt, salt, author: what the server adds
constexpr std::size_t kFrameBytes = 2 * kMiB;        // a largest event and room around it
constexpr std::size_t kCatchUpChunkBytes = 256 * kKiB; // small enough that control messages do not wait behind it
constexpr std::size_t kPresenceBytes = 4 * kKiB;
constexpr std::size_t kPatternTextBytes = 4 * kKiB;  // of a text that a schema's regular expression looks at
constexpr std::size_t kPatternBytes = 4 * kKiB;      // of that expression, which is compiled for each state it judges
constexpr int kPatternSteps = 100'000;               // tries for one text, some milliseconds; a sound expression needs few for a letter
constexpr std::size_t kPatternHeapBytes = 64 * kMiB; // what those steps may remember
// A collection's JSON Schema: the library that runs it recurses along references, so their number and reach are bounded.
constexpr std::size_t kSchemaBytes = 256 * kKiB;
constexpr int kSchemaDepth = 32;
constexpr std::size_t kSchemaReferences = 128;
constexpr int kSchemaSteps = 32;                       // schemas that one value is held to, one inside the other
constexpr std::size_t kFineDiffBytes = 16 * kKiB;    // a diff is as fine as it can be up to here, for the sake of merging; above, no
                                                     // container's part of it costs more than the container (json/diff.h)
constexpr std::size_t kPatchOperations = 100'000;
constexpr std::uint64_t kPatchWork = 256 * kMiB;     // bytes one patch may copy or measure, and array elements it may shift:
                                                     // well below a second, whatever its 900 bytes ask for

} // namespace eventsync::limits
