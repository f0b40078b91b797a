// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/bytes.h>
#include <eventsync/base/digest.h>
#include <eventsync/base/ids.h>
#include <eventsync/base/timestamp.h>
#include <eventsync/base/uuid.h>
#include <eventsync/json/value.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eventsync {

/// "/a" and "b/c" -> "/a/b~1c": the JSON Pointer of a member.
std::string childPath(std::string path, std::string_view member);

/// Reads the fields of one JSON object and keeps the first error: InvalidMessage (missing, or of a wrong type) with the path,
/// or the error of the field's own check. Fields may still be read after an error; finish() returns it.
///   FieldReader read(value); auto id = read.documentId("documentId"); EVENTSYNC_CHECK(read.finish(UnknownFields::Refuse));
enum class UnknownFields { Ignore, Refuse };

/// Reads the members of a JSON object one by one and keeps the first error, so that a reader checks once at the end.
class FieldReader
{
public:
    explicit FieldReader(const json::Value &value, std::string path = {});

    const json::Value *optional(std::string_view name); ///< nullptr if absent
    const json::Value &required(std::string_view name); ///< null if absent (and the error is kept)
    bool has(std::string_view name) const;

    std::string text(std::string_view name);
    std::int64_t integer(std::string_view name, std::int64_t min = 0);
    bool boolean(std::string_view name);
    std::optional<std::string> optionalText(std::string_view name);
    std::optional<std::int64_t> optionalInteger(std::string_view name, std::int64_t min = 0);
    std::optional<bool> optionalBoolean(std::string_view name);
    const json::Array *array(std::string_view name);         ///< required; nullptr on error
    const json::Array *optionalArray(std::string_view name);
    const json::Object *object(std::string_view name);
    const json::Object *optionalObject(std::string_view name);

    DocumentId documentId(std::string_view name = "documentId");
    CollectionName collection(std::string_view name = "collection");
    ClientId authorId(std::string_view name = "clientId");
    EventId eventId(std::string_view name);
    Timestamp timestamp(std::string_view name);
    Digest digest(std::string_view name);     ///< lower-case hex
    Bytes base64(std::string_view name);      ///< unpadded base64url

    /// Takes a Result: its value, or T() and the error is kept with this reader's path before its own.
    template<class T>
    T take(Result<T> result, std::string_view name)
    {
        if (result)
            return std::move(*result);
        fail(result.error(), name);
        return T();
    }
    void fail(Error error, std::string_view name);

    Result<> finish(UnknownFields unknown);
    const std::string &path() const { return m_path; }

private:
    const json::Object *m_object = nullptr;
    std::string m_path;
    std::optional<Error> m_error;
    std::vector<std::string> m_asked;
};

} // namespace eventsync
