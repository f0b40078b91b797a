// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/sync/accesspolicy.h>

namespace eventsync::sync {

// Calls an access policy inside the exception boundary (base/guard.h). If it throws, access is denied, and `hello` is answered
// with Unavailable; the exception's text is only logged, because the peer is not authenticated.
std::shared_ptr<const AccessPolicy> guardedAccess(std::shared_ptr<const AccessPolicy> policy);

} // namespace eventsync::sync
