// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/error.h>

#include <string_view>

namespace eventsync::storage {

/// The error code for an errno of a file operation: StoreFull (no space), StoreReadOnly (no right), or `otherwise`.
ErrorCode systemErrorCode(int number, ErrorCode otherwise = ErrorCode::IoError);

/// That code, with "during: the system's text".
Error systemError(int number, std::string_view during);

} // namespace eventsync::storage
