// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>

#include <QJsonValue>

namespace eventsync::json {

/// The edge to Qt's JSON, for Qt users. toQJson loses nothing of the domain; fromQJson refuses what the domain refuses.
QJsonValue toQJson(const Value &value);
Result<Value> fromQJson(const QJsonValue &value);

} // namespace eventsync::json
