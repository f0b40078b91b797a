// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/logging_p.h>

namespace eventsync {

Q_LOGGING_CATEGORY(lcClient, "eventsync.client", QtInfoMsg)

} // namespace eventsync
