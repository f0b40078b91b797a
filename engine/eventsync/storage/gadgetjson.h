// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>

#include <QMetaObject>

namespace eventsync::storage {

/// A Q_GADGET as a JSON object: one member for each stored property, by its name. bool, integers, double, QString, std::string,
/// QDateTime (RFC 3339 in UTC with milliseconds), QJsonObject, QJsonArray, QStringList, QVariantMap and QVariantList.
/// `into`: members that are no property of the gadget stay as they are, so a program that knows less than was written loses nothing.
Result<> gadgetToJson(const QMetaObject &type, const void *gadget, json::Value &into);

/// Members that are missing leave their property as it is; one of another type is InvalidValue, with its path.
Result<> gadgetFromJson(const QMetaObject &type, void *gadget, const json::Value &value);

} // namespace eventsync::storage
