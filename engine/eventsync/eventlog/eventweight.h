// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/event.h>

#include <cstddef>

namespace eventsync::eventlog {

/// An estimate of the bytes of a pushed event, without encoding it.
std::size_t weightOf(const Event &event);

/// Whether the event's canonical bytes are more than `limit`. The event is encoded only if the estimate does not decide.
bool isLargerThan(const Event &event, std::size_t limit);

} // namespace eventsync::eventlog
