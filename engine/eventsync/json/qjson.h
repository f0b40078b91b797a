// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>

#include <QJsonValue>

namespace eventsync::json {

/// Conversion from and to Qt's JSON. toQJson is lossless; fromQJson refuses values outside of the value domain.
QJsonValue toQJson(const Value &value);
Result<Value> fromQJson(const QJsonValue &value);

} // namespace eventsync::json
