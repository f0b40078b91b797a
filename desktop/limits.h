// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>

// The desktop program.
namespace eventsync::limits {

constexpr std::size_t kDesktopFollowed = 500;      // games kept in step without being opened: all of a person's, few of a server's
constexpr std::size_t kDesktopLogEvents = 1'000;   // of the document shown, in the event log's table
constexpr std::size_t kPlayScriptBytes = 1 * kMiB; // a script of user actions
constexpr auto kPlayStepTime = 10'000ms;           // what a step of a script waits for, unless it says otherwise

} // namespace eventsync::limits
