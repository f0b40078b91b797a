// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/error.h>

#include <eventsync/base/assert.h>

#include <algorithm>
#include <iterator>

namespace eventsync {

namespace {

struct CodeRow
{
    ErrorCode code;
    std::string_view name;
    ErrorClass errorClass;
};

using enum ErrorCode;
constexpr CodeRow kCodes[] = {
    {InvalidMessage, "InvalidMessage", ErrorClass::Permanent},
    {UnknownMessage, "UnknownMessage", ErrorClass::Permanent},
    {InvalidValue, "InvalidValue", ErrorClass::Permanent},
    {UnknownField, "UnknownField", ErrorClass::Permanent},
    {TooLarge, "TooLarge", ErrorClass::Permanent},
    {TooDeep, "TooDeep", ErrorClass::Permanent},
    {Unauthenticated, "Unauthenticated", ErrorClass::Permanent},
    {TokenExpired, "TokenExpired", ErrorClass::Permanent},
    {PermissionDenied, "PermissionDenied", ErrorClass::Permanent},
    {PermissionRevoked, "PermissionRevoked", ErrorClass::Permanent},
    {NotFound, "NotFound", ErrorClass::Conflict},
    {DocumentExists, "DocumentExists", ErrorClass::Conflict},
    {WrongCollection, "WrongCollection", ErrorClass::Permanent},
    {VersionConflict, "VersionConflict", ErrorClass::Conflict},
    {ErrorCode::Conflict, "Conflict", ErrorClass::Conflict},
    {BaseCompacted, "BaseCompacted", ErrorClass::Conflict},
    {Compacted, "Compacted", ErrorClass::Permanent},
    {PatchFailed, "PatchFailed", ErrorClass::Permanent},
    {Invalid, "Invalid", ErrorClass::Permanent},
    {ClientGap, "ClientGap", ErrorClass::Permanent},
    {ClientForked, "ClientForked", ErrorClass::Permanent},
    {ClientExpired, "ClientExpired", ErrorClass::Permanent},
    {ClientIdReserved, "ClientIdReserved", ErrorClass::Permanent},
    {ClientIdInUse, "ClientIdInUse", ErrorClass::Permanent},
    {ClientSecretWrong, "ClientSecretWrong", ErrorClass::Permanent},
    {DependsOnRejected, "DependsOnRejected", ErrorClass::Permanent},
    {MissingDependency, "MissingDependency", ErrorClass::Permanent},
    {UnsupportedProtocol, "UnsupportedProtocol", ErrorClass::Permanent},
    {OriginRefused, "OriginRefused", ErrorClass::Permanent},
    {Replaced, "Replaced", ErrorClass::Permanent},
    {SlowConsumer, "SlowConsumer", ErrorClass::Permanent},
    {Unavailable, "Unavailable", ErrorClass::Transient},
    {Timeout, "Timeout", ErrorClass::Transient},
    {RateLimited, "RateLimited", ErrorClass::Transient},
    {QueueFull, "QueueFull", ErrorClass::Transient},
    {ShuttingDown, "ShuttingDown", ErrorClass::Transient},
    {Cancelled, "Cancelled", ErrorClass::Transient},
    {StoreFull, "StoreFull", ErrorClass::Transient},
    {StoreReadOnly, "StoreReadOnly", ErrorClass::Transient},
    {StoreLocked, "StoreLocked", ErrorClass::Transient},
    {StoreTooNew, "StoreTooNew", ErrorClass::Permanent},
    {IoError, "IoError", ErrorClass::Transient},
    {Internal, "Internal", ErrorClass::Corrupt},
    {ErrorCode::Corrupt, "Corrupt", ErrorClass::Corrupt},
};

const CodeRow &row(ErrorCode code)
{
    const auto index = static_cast<std::size_t>(code);
    EVENTSYNC_ASSERT(index < std::size(kCodes) && kCodes[index].code == code);
    return kCodes[index];
}

} // namespace

std::string_view errorName(ErrorCode code)
{
    return row(code).name;
}

std::optional<ErrorCode> errorCodeFromName(std::string_view name)
{
    const auto found = std::find_if(std::begin(kCodes), std::end(kCodes), [&](const CodeRow &r) { return r.name == name; });
    if (found == std::end(kCodes))
        return std::nullopt;
    return found->code;
}

ErrorClass errorClass(ErrorCode code)
{
    return row(code).errorClass;
}

std::string_view errorClassName(ErrorClass errorClass)
{
    switch (errorClass) {
    case ErrorClass::Transient:
        return "transient";
    case ErrorClass::Permanent:
        return "permanent";
    case ErrorClass::Conflict:
        return "conflict";
    case ErrorClass::Corrupt:
        return "corrupt";
    }
    EVENTSYNC_ASSERT(!"an ErrorClass");
    return {};
}

std::string Error::toString() const
{
    std::string text(errorName(code));
    if (!message.empty())
        text += ": " + message;
    if (!path.empty())
        text += " (at " + path + ")";
    return text;
}

} // namespace eventsync
