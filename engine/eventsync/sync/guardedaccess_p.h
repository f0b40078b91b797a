// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/sync/accesspolicy.h>

namespace eventsync::sync {

// A policy as the service asks it (base/guard.h). One that throws gives no access, and at `hello` the peer is told
// Unavailable; the words of the exception go to the log only, because the peer is not authenticated.
std::shared_ptr<const AccessPolicy> guardedAccess(std::shared_ptr<const AccessPolicy> policy);

} // namespace eventsync::sync
