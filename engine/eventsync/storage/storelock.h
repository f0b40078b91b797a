// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <string>

namespace eventsync::storage {

/// Keeps a second process away from a store: an flock on `<path>.lock`, which the system lets go when its holder dies, however
/// that happens. The file stays behind, empty of meaning: removing it would let two processes lock two files of one name.
/// Movable; any thread.
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
