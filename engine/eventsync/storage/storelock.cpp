// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/storelock.h>

#include <eventsync/storage/fileowner.h>
#include <eventsync/storage/systemerror.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace eventsync::storage {

namespace {

std::string holderOf(int file)
{
    char text[32] = {};
    const ssize_t size = ::pread(file, text, sizeof text - 1, 0);
    std::string pid(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    while (!pid.empty() && (pid.back() < '0' || pid.back() > '9'))
        pid.pop_back();
    return pid.empty() ? "another process" : "process " + pid;
}

} // namespace

StoreLock::~StoreLock()
{
    if (m_file >= 0)
        ::close(m_file);
}

StoreLock::StoreLock(StoreLock &&other) noexcept : m_file(std::exchange(other.m_file, -1)) {}

StoreLock &StoreLock::operator=(StoreLock &&other) noexcept
{
    std::swap(m_file, other.m_file);
    return *this;
}

Result<StoreLock> StoreLock::take(const std::string &storePath)
{
    const std::string path = storePath + ".lock";
    StoreLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock.isHeld())
        return failure(systemError(errno, "open " + path));
    EVENTSYNC_CHECK(giveToFolderOwner(path));
    if (::flock(lock.m_file, LOCK_EX | LOCK_NB) != 0) {
        const int number = errno;
        if (number == EWOULDBLOCK)
            return failure(ErrorCode::StoreLocked, storePath + " is in use by " + holderOf(lock.m_file));
        return failure(systemError(number, "lock " + path));
    }
    // The process id is for users only; a full disk must not prevent opening the store.
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(lock.m_file, 0) != 0 || ::pwrite(lock.m_file, pid.data(), pid.size(), 0) < 0)
        static_cast<void>(::ftruncate(lock.m_file, 0));
    return lock;
}

} // namespace eventsync::storage
