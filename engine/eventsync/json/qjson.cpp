// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/qjson.h>

#include <eventsync/json/limits.h>
#include <eventsync/json/numbers.h>
#include <eventsync/json/pointer.h>

#include <QJsonArray>
#include <QJsonObject>
#include <QString>

namespace eventsync::json {

namespace {

QString toQString(boost::json::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

Result<std::string> textFrom(const QString &text)
{
    if (!text.isValidUtf16())
        return failure(ErrorCode::InvalidValue, "text with half a surrogate pair");
    return text.toStdString();
}

Result<Value> convert(const QJsonValue &value, int room);

// An error inside a container gets the container's token at the front of its path.
Result<Value> convertInside(const QJsonValue &value, int room, std::string token)
{
    Result<Value> result = convert(value, room);
    if (!result) {
        Error error = std::move(result).error();
        error.path = Pointer({std::move(token)}).toText() + error.path;
        return failure(std::move(error));
    }
    return result;
}

Result<Value> convert(const QJsonValue &value, int room)
{
    switch (value.type()) {
    case QJsonValue::Null:
        return Value(nullptr);
    case QJsonValue::Bool:
        return Value(value.toBool());
    case QJsonValue::Double: {
        const double number = value.toDouble(); // exact for every integer of the domain
        if (!std::isfinite(number))
            return failure(ErrorCode::InvalidValue, "a number that is not finite");
        return domainNumber(number);
    }
    case QJsonValue::String: {
        EVENTSYNC_TRY(const std::string text, textFrom(value.toString()));
        return Value(text);
    }
    case QJsonValue::Undefined:
        return failure(ErrorCode::InvalidValue, "an undefined value");
    case QJsonValue::Array:
    case QJsonValue::Object:
        break;
    }
    if (room <= 0)
        return failure(ErrorCode::TooDeep, "nested too deep");
    if (value.isArray()) {
        const QJsonArray source = value.toArray();
        Array array;
        array.reserve(static_cast<std::size_t>(source.size()));
        for (const QJsonValue element : source) {
            EVENTSYNC_TRY(Value converted, convertInside(element, room - 1, std::to_string(array.size())));
            array.push_back(std::move(converted));
        }
        return Value(std::move(array));
    }
    const QJsonObject source = value.toObject();
    Object object;
    object.reserve(static_cast<std::size_t>(source.size()));
    for (auto member = source.begin(); member != source.end(); ++member) {
        EVENTSYNC_TRY(std::string key, textFrom(member.key()));
        if (key.find('\0') != std::string::npos)
            return failure(ErrorCode::InvalidValue, "a key holds NUL");
        EVENTSYNC_TRY(Value converted, convertInside(member.value(), room - 1, key));
        object.emplace(key, std::move(converted));
    }
    return Value(std::move(object));
}

} // namespace

QJsonValue toQJson(const Value &value)
{
    switch (value.kind()) {
    case boost::json::kind::null:
        return QJsonValue(QJsonValue::Null);
    case boost::json::kind::bool_:
        return QJsonValue(value.get_bool());
    case boost::json::kind::int64:
        return QJsonValue(static_cast<qint64>(value.get_int64()));
    case boost::json::kind::uint64:
        return QJsonValue(static_cast<double>(value.get_uint64()));
    case boost::json::kind::double_:
        return QJsonValue(value.get_double());
    case boost::json::kind::string:
        return QJsonValue(toQString(value.get_string()));
    case boost::json::kind::array: {
        QJsonArray array;
        for (const Value &element : value.get_array())
            array.append(toQJson(element));
        return array;
    }
    case boost::json::kind::object: {
        QJsonObject object;
        for (const auto &member : value.get_object())
            object.insert(toQString(member.key()), toQJson(member.value()));
        return object;
    }
    }
    return {};
}

Result<Value> fromQJson(const QJsonValue &value)
{
    return convert(value, limits::kDepth);
}

} // namespace eventsync::json
