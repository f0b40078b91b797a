// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLoggingCategory>

namespace eventsync {

// Switched by QT_LOGGING_RULES="eventsync.pubsub.debug=true".
Q_DECLARE_LOGGING_CATEGORY(lcPubSub)

} // namespace eventsync
