// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace eventsync::server {

/// \file
/// The exit codes of the program.
namespace exitcode {
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;        ///< a check found differences, or a command failed
inline constexpr int kBadOption = 2;
inline constexpr int kBadConfiguration = 3;
inline constexpr int kPortInUse = 4;     ///< or not to be had
inline constexpr int kStore = 5;         ///< the store or the data folder cannot be used
} // namespace exitcode

/// The whole program eventsync-server: main() calls only this.
int runProgram(int argc, char **argv);

} // namespace eventsync::server
