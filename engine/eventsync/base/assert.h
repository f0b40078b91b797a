// SPDX-License-Identifier: Apache-2.0
#pragma once

/// \file
/// EVENTSYNC_ASSERT(condition) aborts on a programmer error. It is active in every build, and never used for input: errors of
/// input are a Result.

namespace eventsync {
[[noreturn]] void assertionFailed(const char *condition, const char *file, int line);
}

#define EVENTSYNC_ASSERT(condition)                                                                                    \
    (static_cast<bool>(condition) ? void(0) : ::eventsync::assertionFailed(#condition, __FILE__, __LINE__))
