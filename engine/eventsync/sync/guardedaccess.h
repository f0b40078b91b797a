// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/sync/accesspolicy.h>

namespace eventsync::sync {

// A policy as the service asks it (base/guard.h). One that throws gives no access, or lets nobody in for the moment
// (Unavailable); its words are for the log, not for peers that nobody has recognised.
std::shared_ptr<const AccessPolicy> guardedAccess(std::shared_ptr<const AccessPolicy> policy);

} // namespace eventsync::sync
