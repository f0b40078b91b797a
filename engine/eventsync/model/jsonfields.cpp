// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/jsonfields.h>

#include <algorithm>

namespace eventsync {

namespace {

const json::Value kNull;
constexpr std::size_t kUsualFields = 16;

} // namespace

std::string childPath(std::string path, std::string_view member)
{
    path.reserve(path.size() + member.size() + 1);
    path += '/';
    for (const char c : member) {
        if (c == '~')
            path += "~0";
        else if (c == '/')
            path += "~1";
        else
            path += c;
    }
    return path;
}

FieldReader::FieldReader(const json::Value &value, std::string path) : m_object(value.if_object()), m_path(std::move(path))
{
    if (!m_object)
        m_error = Error{ErrorCode::InvalidMessage, "an object is expected", m_path};
    m_asked.reserve(kUsualFields);
}

const json::Value *FieldReader::optional(std::string_view name)
{
    m_asked.emplace_back(name);
    return m_object ? m_object->if_contains(name) : nullptr;
}

const json::Value &FieldReader::required(std::string_view name)
{
    if (const auto *value = optional(name))
        return *value;
    fail({ErrorCode::InvalidMessage, "the field is missing"}, name);
    return kNull;
}

bool FieldReader::has(std::string_view name) const
{
    return m_object && m_object->contains(name);
}

namespace {

std::optional<std::string> textOf(const json::Value &value)
{
    const auto *text = value.if_string();
    return text ? std::optional<std::string>(std::in_place, text->data(), text->size()) : std::nullopt;
}

} // namespace

std::string FieldReader::text(std::string_view name)
{
    auto text = textOf(required(name));
    if (!text)
        fail({ErrorCode::InvalidMessage, "a text is expected"}, name);
    return text ? std::move(*text) : std::string();
}

std::optional<std::string> FieldReader::optionalText(std::string_view name)
{
    if (!has(name)) {
        optional(name);
        return std::nullopt;
    }
    return text(name);
}

std::int64_t FieldReader::integer(std::string_view name, std::int64_t min)
{
    const auto *number = required(name).if_int64();
    if (!number)
        fail({ErrorCode::InvalidMessage, "an integer is expected"}, name);
    else if (*number < min)
        fail({ErrorCode::InvalidMessage, "an integer from " + std::to_string(min) + " is expected"}, name);
    else
        return *number;
    return min;
}

std::optional<std::int64_t> FieldReader::optionalInteger(std::string_view name, std::int64_t min)
{
    if (!has(name)) {
        optional(name);
        return std::nullopt;
    }
    return integer(name, min);
}

bool FieldReader::boolean(std::string_view name)
{
    const auto *flag = required(name).if_bool();
    if (!flag)
        fail({ErrorCode::InvalidMessage, "true or false is expected"}, name);
    return flag && *flag;
}

std::optional<bool> FieldReader::optionalBoolean(std::string_view name)
{
    if (!has(name)) {
        optional(name);
        return std::nullopt;
    }
    return boolean(name);
}

const json::Array *FieldReader::array(std::string_view name)
{
    const auto *list = required(name).if_array();
    if (!list)
        fail({ErrorCode::InvalidMessage, "a list is expected"}, name);
    return list;
}

const json::Array *FieldReader::optionalArray(std::string_view name)
{
    if (!has(name)) {
        optional(name);
        return nullptr;
    }
    return array(name);
}

const json::Object *FieldReader::object(std::string_view name)
{
    const auto *members = required(name).if_object();
    if (!members)
        fail({ErrorCode::InvalidMessage, "an object is expected"}, name);
    return members;
}

const json::Object *FieldReader::optionalObject(std::string_view name)
{
    if (!has(name)) {
        optional(name);
        return nullptr;
    }
    return object(name);
}

// A text that is converted by a function; after an error of the text itself the conversion's error is not reported.
#define EVENTSYNC_READ_TEXT(function, name)                                                                            \
    const bool wasRight = !m_error;                                                                                    \
    const std::string content = text(name);                                                                            \
    if (wasRight && m_error)                                                                                           \
        return {};                                                                                                     \
    return take(function(content), name)

DocumentId FieldReader::documentId(std::string_view name)
{
    EVENTSYNC_READ_TEXT(documentIdFrom, name);
}

CollectionName FieldReader::collection(std::string_view name)
{
    EVENTSYNC_READ_TEXT(collectionNameFrom, name);
}

ClientId FieldReader::authorId(std::string_view name)
{
    EVENTSYNC_READ_TEXT(authorIdFrom, name);
}

EventId FieldReader::eventId(std::string_view name)
{
    EVENTSYNC_READ_TEXT(eventIdFrom, name);
}

Timestamp FieldReader::timestamp(std::string_view name)
{
    EVENTSYNC_READ_TEXT(timestampFrom, name);
}

Digest FieldReader::digest(std::string_view name)
{
    EVENTSYNC_READ_TEXT(Digest::fromHex, name);
}

Bytes FieldReader::base64(std::string_view name)
{
    EVENTSYNC_READ_TEXT(fromBase64Url, name);
}

#undef EVENTSYNC_READ_TEXT

void FieldReader::fail(Error error, std::string_view name)
{
    if (m_error)
        return;
    error.path = childPath(m_path, name) + error.path;
    m_error = std::move(error);
}

Result<> FieldReader::finish(UnknownFields unknown)
{
    if (m_error)
        return failure(*m_error);
    if (unknown == UnknownFields::Refuse) {
        for (const auto &member : *m_object) {
            const std::string_view name(member.key());
            if (std::find(m_asked.begin(), m_asked.end(), name) == m_asked.end())
                return failure(ErrorCode::UnknownField, "unknown field", childPath(m_path, name));
        }
    }
    return {};
}

} // namespace eventsync
