// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>
#include <eventsync/json/value.h>

namespace eventsync {

/// Some members of an event's metadata are set by the server only: `transactionId`, and `server` as the one who decided a
/// conflict. PermissionDenied, with the path of the event's field, if a client's metadata has one of them.
Result<> checkClientMetadata(const json::Object &metadata);

} // namespace eventsync
