// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/uuid.h>
#include <eventsync/json/patch.h>

#include <charconv>
#include <string>
#include <string_view>

/// \file
/// Functions that append canonical JSON (RFC 8785) to a text, for values that are written once per event, without a
/// json::Value. The caller must write members in the order of their names.
namespace eventsync::canonical {

void appendPointer(std::string &out, const json::Pointer &pointer);
void appendUuid(std::string &out, const Uuid &id);
void appendObject(std::string &out, const json::Object &object);
void appendPatch(std::string &out, const json::Patch &patch);

/// For text that is known to need no escape: ids, names, hex, base64url, times.
inline void appendPlain(std::string &out, std::string_view text)
{
    out += '"';
    out += text;
    out += '"';
}

inline void appendInteger(std::string &out, std::int64_t number)
{
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

} // namespace eventsync::canonical
