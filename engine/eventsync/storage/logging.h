// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLoggingCategory>

namespace eventsync {

/// Messages of storage and eventlog. Switched by QT_LOGGING_RULES="eventsync.storage.debug=true".
Q_DECLARE_LOGGING_CATEGORY(lcStorage)

} // namespace eventsync
