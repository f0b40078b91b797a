// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/error.h>

#include <string_view>

namespace eventsync::storage {

/// What an errno of a file operation means to a store: StoreFull (no space), StoreReadOnly (no right), or `otherwise`.
ErrorCode systemErrorCode(int number, ErrorCode otherwise = ErrorCode::IoError);

/// That code, with "during: what the system says".
Error systemError(int number, std::string_view during);

} // namespace eventsync::storage
