// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/systemerror.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace eventsync::storage {

ErrorCode systemErrorCode(int number, ErrorCode otherwise)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ErrorCode::StoreFull;
    case EACCES:
    case EPERM:
    case EROFS:
        return ErrorCode::StoreReadOnly;
    default:
        return otherwise;
    }
}

Error systemError(int number, std::string_view during)
{
    return {systemErrorCode(number), std::string(during) + ": " + std::strerror(number)};
}

} // namespace eventsync::storage
