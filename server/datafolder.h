// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>
#include <eventsync/storage/storelock.h>

#include <string>
#include <vector>

namespace eventsync::server {

/// The folder in which a server keeps its store and its control socket: created if absent, for its owner only (0700), and
/// locked against a second server as long as this object exists. If others may read an existing folder, their permissions are
/// removed, with a log line, unless it has other files. Movable.
class DataFolder
{
public:
    /// StoreLocked, naming the process that has it; IoError, StoreReadOnly.
    static Result<DataFolder> take(const std::string &path);

    /// The other files in it: the lock and the control socket.
    static std::vector<std::string> files(const std::string &path);

    const std::string &path() const { return m_path; }

private:
    DataFolder(std::string path, storage::StoreLock lock) : m_path(std::move(path)), m_lock(std::move(lock)) {}
    std::string m_path;
    storage::StoreLock m_lock;
};

std::string controlSocketOf(const std::string &dataFolder);

} // namespace eventsync::server
