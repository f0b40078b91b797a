// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace eventsync::server {

/// \file
/// What the program's exit codes say.
namespace exitcode {
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;        ///< a check found differences, or a command did not get through
inline constexpr int kBadOption = 2;
inline constexpr int kBadConfiguration = 3;
inline constexpr int kPortInUse = 4;     ///< or not to be had
inline constexpr int kStore = 5;         ///< the store or the data folder cannot be used
} // namespace exitcode

/// eventsync-server, whole: main() calls nothing else.
int runProgram(int argc, char **argv);

} // namespace eventsync::server
