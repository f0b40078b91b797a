// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/logging.h>

namespace eventsync {

Q_LOGGING_CATEGORY(lcStorage, "eventsync.storage", QtInfoMsg)

} // namespace eventsync
