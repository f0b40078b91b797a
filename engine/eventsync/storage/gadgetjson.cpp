// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/gadgetjson.h>

#include <eventsync/base/timestamp.h>
#include <eventsync/json/limits.h>
#include <eventsync/json/qjson.h>

#include <QDateTime>
#include <QJsonValue>
#include <QMetaProperty>
#include <QVariant>

namespace eventsync::storage {

namespace {

bool isInteger(int type)
{
    switch (type) {
    case QMetaType::Int:
    case QMetaType::UInt:
    case QMetaType::LongLong:
    case QMetaType::ULongLong:
    case QMetaType::Long:
    case QMetaType::ULong:
    case QMetaType::Short:
    case QMetaType::UShort:
        return true;
    default:
        return false;
    }
}

Result<json::Value> toJson(const QVariant &variant)
{
    const int type = variant.typeId();
    if (type == QMetaType::ULongLong || type == QMetaType::ULong) {
        if (variant.toULongLong() > static_cast<qulonglong>(limits::kMaxInteger))
            return failure(ErrorCode::InvalidValue, "an integer beyond 2^53 - 1");
    }
    if (isInteger(type))
        return json::Value(static_cast<std::int64_t>(variant.toLongLong()));
    if (type == QMetaType::QDateTime) {
        const QDateTime time = variant.toDateTime();
        if (!time.isValid())
            return json::Value(nullptr);
        EVENTSYNC_TRY(const Timestamp moment, timestampFrom(std::int64_t(time.toMSecsSinceEpoch())));
        return json::Value(toText(moment));
    }
    if (type == qMetaTypeId<std::string>())
        return json::Value(variant.value<std::string>());
    const QJsonValue value = QJsonValue::fromVariant(variant);
    if (value.isNull() && variant.isValid() && type != QMetaType::Nullptr && type != QMetaType::QJsonValue)
        return failure(ErrorCode::InvalidValue, std::string("no JSON form of the type ") + variant.typeName());
    return json::fromQJson(value);
}

Result<QVariant> fromJson(const json::Value &value, const QMetaType type)
{
    const auto wrong = [&] { return failure(ErrorCode::InvalidValue, std::string("not a value of the type ") + type.name()); };
    if (isInteger(type.id())) {
        if (!value.is_int64())
            return wrong();
        QVariant number(static_cast<qlonglong>(value.get_int64()));
        if (!number.convert(type) || number.toLongLong() != value.get_int64()) // out of the property's range
            return wrong();
        return number;
    }
    if (type.id() == QMetaType::QDateTime) {
        if (value.is_null())
            return QVariant(QDateTime());
        const auto time = value.is_string() ? timestampFrom(std::string_view(value.get_string())) : Result<Timestamp>(wrong());
        if (!time)
            return wrong();
        return QVariant(QDateTime::fromMSecsSinceEpoch(time->value()).toUTC());
    }
    if (type.id() == qMetaTypeId<std::string>()) {
        if (!value.is_string())
            return wrong();
        return QVariant::fromValue(std::string(value.get_string()));
    }
    const bool fits = type.id() == QMetaType::Bool ? value.is_bool()
        : type.id() == QMetaType::Double           ? value.is_int64() || value.is_double()
        : type.id() == QMetaType::QString          ? value.is_string()
                                                   : true;
    QVariant variant = json::toQJson(value).toVariant();
    if (!fits || (variant.metaType() != type && !variant.convert(type)))
        return wrong();
    return variant;
}

} // namespace

Result<> gadgetToJson(const QMetaObject &type, const void *gadget, json::Value &into)
{
    if (!into.is_object())
        into = json::Object();
    json::Object &object = into.get_object();
    for (int i = 0; i < type.propertyCount(); ++i) {
        const QMetaProperty property = type.property(i);
        if (!property.isStored() || !property.isReadable())
            continue;
        auto value = toJson(property.readOnGadget(gadget));
        if (!value)
            return failure(ErrorCode::InvalidValue, value.error().message, std::string("/") + property.name());
        object.insert_or_assign(property.name(), std::move(*value));
    }
    return {};
}

Result<> gadgetFromJson(const QMetaObject &type, void *gadget, const json::Value &value)
{
    if (!value.is_object())
        return failure(ErrorCode::InvalidValue, "not an object");
    for (int i = 0; i < type.propertyCount(); ++i) {
        const QMetaProperty property = type.property(i);
        const json::Value *member = value.get_object().if_contains(property.name());
        if (!member || !property.isStored() || !property.isWritable())
            continue;
        auto variant = fromJson(*member, property.metaType());
        if (!variant || !property.writeOnGadget(gadget, *variant)) {
            return failure(ErrorCode::InvalidValue, variant ? "the property cannot be set" : variant.error().message,
                           std::string("/") + property.name());
        }
    }
    return {};
}

} // namespace eventsync::storage
