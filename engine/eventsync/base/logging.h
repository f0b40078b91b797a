// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLoggingCategory>

namespace eventsync {

// qCInfo(lcSync) << ...; switched on and off by QT_LOGGING_RULES="eventsync.sync.debug=true" and the like.
Q_DECLARE_LOGGING_CATEGORY(lcStorage)   // eventsync.storage
Q_DECLARE_LOGGING_CATEGORY(lcSync)      // eventsync.sync
Q_DECLARE_LOGGING_CATEGORY(lcTransport) // eventsync.transport
Q_DECLARE_LOGGING_CATEGORY(lcClient)    // eventsync.client
Q_DECLARE_LOGGING_CATEGORY(lcPubSub)    // eventsync.pubsub
Q_DECLARE_LOGGING_CATEGORY(lcCrdt)      // eventsync.crdt
Q_DECLARE_LOGGING_CATEGORY(lcServer)    // eventsync.server
Q_DECLARE_LOGGING_CATEGORY(lcDesktop)   // eventsync.desktop

} // namespace eventsync
