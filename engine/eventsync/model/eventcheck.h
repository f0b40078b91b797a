// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>
#include <eventsync/model/event.h>

#include <cstddef>

namespace eventsync {

constexpr std::size_t kEventFrameRoom = 64 * limits::kKiB; ///< of a frame: the message around a largest event

/// The most bytes that the event takes in a frame of either codec, given its canonical JSON's. Numbers with a fraction can be
/// longer in CBOR than in JSON; nothing else is.
std::size_t frameBytesOf(const Event &event, std::size_t canonicalBytes);

/// Checks the size and depth of an event in the forms in which it is written, sent and read. Called wherever an event is made,
/// so that every reader can read the log. TooLarge and TooDeep, with the limit and the event's value.
Result<> checkEventSize(const Event &event, EventForm form, std::size_t canonicalBytes);

/// metadata.replaces, if present, says which edit an event replaces: InvalidMessage if it is not a list of two ids.
Result<> checkReplaces(const json::Object &metadata);

} // namespace eventsync
