// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <string>

namespace eventsync::storage {

/// Locks a store against a second process, with an flock on "PATH.lock", which the system releases when its holder ends in any
/// way. The file stays: if it were removed, two processes could lock two files of one name. Movable; any thread.
class StoreLock
{
public:
    StoreLock() = default; ///< holds nothing
    ~StoreLock();
    StoreLock(StoreLock &&other) noexcept;
    StoreLock &operator=(StoreLock &&other) noexcept;

    /// StoreLocked, naming the holder's process id; StoreReadOnly, StoreFull, IoError.
    static Result<StoreLock> take(const std::string &storePath);
    bool isHeld() const { return m_file >= 0; }

private:
    explicit StoreLock(int file) : m_file(file) {}
    int m_file = -1;
};

} // namespace eventsync::storage
