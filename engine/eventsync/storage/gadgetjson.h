// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>

#include <QMetaObject>

namespace eventsync::storage {

/// A Q_GADGET as a JSON object: one member for each stored property, by its name. bool, integers, double, QString, std::string,
/// QDateTime (RFC 3339 in UTC with milliseconds), QJsonObject, QJsonArray, QStringList, QVariantMap and QVariantList. `into`:
/// members that are not properties of the gadget stay, so a program with fewer properties does not lose data.
Result<> gadgetToJson(const QMetaObject &type, const void *gadget, json::Value &into);

/// A missing member leaves its property unchanged; a member of another type is InvalidValue, with its path.
Result<> gadgetFromJson(const QMetaObject &type, void *gadget, const json::Value &value);

} // namespace eventsync::storage
