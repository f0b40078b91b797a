// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace eventsync {

/// The errors of the engine. The names are part of the protocol (docs/protocol.md): they travel in `error`, `ack` and problem
/// documents, so a code is never renamed and never reused.
enum class ErrorCode {
    // the message or value
    InvalidMessage, UnknownMessage, InvalidValue, UnknownField, TooLarge, TooDeep,
    // the right to do it
    Unauthenticated, TokenExpired, PermissionDenied, PermissionRevoked,
    // the state of the document
    NotFound, DocumentExists, WrongCollection, VersionConflict, Conflict, BaseCompacted, Compacted,
    // the edit
    PatchFailed, Invalid, ClientGap, ClientForked, ClientExpired, ClientIdReserved, ClientIdInUse, ClientSecretWrong,
    DependsOnRejected, MissingDependency,
    // the connection
    UnsupportedProtocol, OriginRefused, Replaced, SlowConsumer,
    // the moment
    Unavailable, Timeout, RateLimited, QueueFull, ShuttingDown, Cancelled,
    // the store
    StoreFull, StoreReadOnly, StoreLocked, StoreTooNew, IoError,
    // something is broken
    Internal, Corrupt,
};

/// What a caller can do about it: try again later; change something first; decide with the newer state; repair.
enum class ErrorClass { Transient, Permanent, Conflict, Corrupt };

std::string_view errorName(ErrorCode code);
std::optional<ErrorCode> errorCodeFromName(std::string_view name);
ErrorClass errorClass(ErrorCode code);
std::string_view errorClassName(ErrorClass errorClass);

/// An error as a value. `message` is English, for logs and developers; texts for users are made from `code` by tr(). `path` is
/// a JSON Pointer to the value at fault, if there is one. Immutable; any thread.
struct Error
{
    ErrorCode code = ErrorCode::Internal;
    std::string message;
    std::string path = {};

    /// "PatchFailed: no value at /gold (at /gold)"
    std::string toString() const;
    bool operator==(const Error &) const = default;
};

} // namespace eventsync
