// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/patch.h>

namespace eventsync::json {

/// Checks and normalises a patch that code has composed, like a parsed one: the form of its operations, their pointers, and its
/// values. The errors of normalize() and Patch::fromJson(). Any thread.
Result<Patch> normalized(const Patch &patch);

} // namespace eventsync::json
