// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/patch.h>

namespace eventsync::json {

/// A patch that code put together, held to what a parsed one is: the form of its operations, their pointers, and values of the
/// domain in their one form. The errors of normalize() and Patch::fromJson(). Any thread.
Result<Patch> normalized(const Patch &patch);

} // namespace eventsync::json
