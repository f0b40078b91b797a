// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/event.h>

#include <cstddef>

namespace eventsync::eventlog {

/// About the bytes that a pushed event takes, measured without writing it.
std::size_t weightOf(const Event &event);

/// Whether the event's canonical bytes are more than `limit`. Written out only where its weight leaves that open.
bool isLargerThan(const Event &event, std::size_t limit);

} // namespace eventsync::eventlog
