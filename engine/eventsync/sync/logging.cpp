// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/logging_p.h>

namespace eventsync {

Q_LOGGING_CATEGORY(lcSync, "eventsync.sync", QtInfoMsg)

} // namespace eventsync
