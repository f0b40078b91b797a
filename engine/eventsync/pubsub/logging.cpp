// SPDX-License-Identifier: Apache-2.0
#include <eventsync/pubsub/logging_p.h>

namespace eventsync {

Q_LOGGING_CATEGORY(lcPubSub, "eventsync.pubsub", QtInfoMsg)

} // namespace eventsync
