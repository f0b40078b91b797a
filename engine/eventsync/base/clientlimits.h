// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/valuelimits.h>

// The client library and the desktop program. Part of <eventsync/base/limits.h>.
namespace eventsync::limits {

// The client's queue.
constexpr std::size_t kQueueEntries = 100'000;
constexpr int kRebaseTries = 5;
constexpr auto kRequestTime = 30'000ms;                 // until a question to the server fails with Timeout
constexpr auto kFollowTurn = 30'000ms;                 // of a document that is only read, where others wait for its place
constexpr std::size_t kFollowTurnsPerTick = 64;         // turns that may end in one second: each is a new subscription
constexpr std::size_t kUndoEntries = 1'000;             // per document
constexpr std::size_t kAckedEdits = 100'000;            // own logged edits kept per document, however young: they are in memory
constexpr std::size_t kClientHistoryBytes = 8 * kMiB;   // events kept per document to go back to a common point
constexpr std::size_t kConflictRecordBytes = 64 * kKiB; // of a decision's metadata; a larger record says what it left out

// The desktop.
constexpr std::size_t kDesktopFollowed = 500;           // games kept in step without being opened: all of a person's, few of a server's
constexpr std::size_t kDesktopLogEvents = 1'000;        // of the document shown, in the event log's table
constexpr std::size_t kPlayScriptBytes = 1 * kMiB;      // a script of user actions
constexpr auto kPlayStepTime = 10'000ms;                // what a step of a script waits for, unless it says otherwise

} // namespace eventsync::limits
