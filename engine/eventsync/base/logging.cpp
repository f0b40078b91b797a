// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/logging.h>

namespace eventsync {

Q_LOGGING_CATEGORY(lcStorage, "eventsync.storage", QtInfoMsg)
Q_LOGGING_CATEGORY(lcSync, "eventsync.sync", QtInfoMsg)
Q_LOGGING_CATEGORY(lcTransport, "eventsync.transport", QtInfoMsg)
Q_LOGGING_CATEGORY(lcClient, "eventsync.client", QtInfoMsg)
Q_LOGGING_CATEGORY(lcPubSub, "eventsync.pubsub", QtInfoMsg)
Q_LOGGING_CATEGORY(lcCrdt, "eventsync.crdt", QtInfoMsg)
Q_LOGGING_CATEGORY(lcServer, "eventsync.server", QtInfoMsg)
Q_LOGGING_CATEGORY(lcDesktop, "eventsync.desktop", QtInfoMsg)

} // namespace eventsync
