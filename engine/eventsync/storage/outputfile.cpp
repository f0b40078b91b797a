// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/outputfile.h>

#include <eventsync/storage/fileowner.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace eventsync::storage {

namespace {

// For a file that is not a store: a missing right is PermissionDenied, not StoreReadOnly.
tl::unexpected<Error> outputError(int number, const std::string &during)
{
    const bool denied = number == EACCES || number == EPERM || number == EROFS;
    const bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
    const bool missing = number == ENOENT || number == ENOTDIR;
    const ErrorCode code = denied ? ErrorCode::PermissionDenied
        : full                    ? ErrorCode::StoreFull
        : missing                 ? ErrorCode::NotFound
                                  : ErrorCode::IoError;
    return failure(code, during + ": " + std::strerror(number));
}

std::optional<std::string> realPath(const std::string &path)
{
    const std::unique_ptr<char, decltype(&std::free)> found(::realpath(path.c_str(), nullptr), &std::free);
    return found ? std::optional<std::string>(found.get()) : std::nullopt;
}

std::string nameOf(const std::string &path)
{
    return path.substr(path.rfind('/') + 1);
}

// The path with all links followed. If the file does not exist, with the links of its folder followed.
Result<std::string> resolved(const std::string &path)
{
    if (auto found = realPath(path))
        return *found;
    if (errno != ENOENT)
        return outputError(errno, path);
    const auto folder = realPath(folderOf(path));
    if (!folder)
        return outputError(errno, folderOf(path));
    if (nameOf(path).empty())
        return failure(ErrorCode::Invalid, path + " is no name of a file");
    return (*folder == "/" ? std::string() : *folder) + '/' + nameOf(path);
}

bool isSameFile(const struct stat &a, const struct stat &b)
{
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool isSameFile(const std::string &a, const std::string &b)
{
    struct stat one = {}, other = {};
    return ::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0 && isSameFile(one, other);
}

// A reserved name also counts if there is no file: a new file with the name of a `-wal` would be read as a store's at the next
// start.
bool isReserved(const std::string &path, const std::vector<std::string> &reserved)
{
    for (const std::string &file : reserved) {
        if (isSameFile(path, file))
            return true;
        const auto place = resolved(file);
        if (place && nameOf(*place) == nameOf(path) && isSameFile(folderOf(*place), folderOf(path)))
            return true;
    }
    return false;
}

// Renames without replacing a file. Not every file system can do this in one step; then the name is checked first.
int renameToFreeName(const std::string &from, const std::string &to)
{
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    struct stat found = {};
    if (::lstat(to.c_str(), &found) == 0) {
        errno = EEXIST;
        return -1;
    }
    return std::rename(from.c_str(), to.c_str());
}

tl::unexpected<Error> thereAlready(const std::string &path)
{
    return failure(ErrorCode::Conflict, path + " is there already");
}

} // namespace

Result<OutputFile> OutputFile::create(const std::string &path, const Options &options)
{
    OutputFile file;
    EVENTSYNC_TRY(file.m_path, resolved(path));
    file.m_replace = options.replace;
    if (isReserved(file.m_path, options.reserved))
        return failure(ErrorCode::Invalid, path + " is a file of the store itself");
    struct stat found = {};
    const bool exists = ::lstat(file.m_path.c_str(), &found) == 0;
    if (exists && S_ISDIR(found.st_mode))
        return failure(ErrorCode::Invalid, path + " is a folder");
    if (exists && !S_ISREG(found.st_mode) && !S_ISLNK(found.st_mode)) {
        file.m_file = ::open(file.m_path.c_str(), O_WRONLY | O_CLOEXEC);
        if (file.m_file < 0)
            return outputError(errno, path);
        return file;
    }
    if (exists && !options.replace)
        return thereAlready(path);
    std::string part = file.m_path + ".part-XXXXXX";
    file.m_file = ::mkostemp(part.data(), O_CLOEXEC);
    if (file.m_file < 0)
        return outputError(errno, path);
    file.m_part = std::move(part);
    if (exists && S_ISREG(found.st_mode))
        EVENTSYNC_CHECK(copyOwnerAndMode(file.m_path, file.m_part));
    return file;
}

OutputFile OutputFile::standardOutput()
{
    OutputFile file;
    file.m_path = "standard output";
    file.m_file = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    return file;
}

OutputFile::~OutputFile()
{
    drop();
}

OutputFile::OutputFile(OutputFile &&other) noexcept
    : m_path(std::move(other.m_path)), m_part(std::exchange(other.m_part, {})), m_file(std::exchange(other.m_file, -1)),
      m_replace(other.m_replace)
{
}

OutputFile &OutputFile::operator=(OutputFile &&other) noexcept
{
    std::swap(m_path, other.m_path);
    std::swap(m_part, other.m_part);
    std::swap(m_file, other.m_file);
    std::swap(m_replace, other.m_replace);
    return *this;
}

void OutputFile::drop()
{
    if (m_file >= 0)
        ::close(std::exchange(m_file, -1));
    if (!m_part.empty())
        ::unlink(std::exchange(m_part, {}).c_str());
}

Result<> OutputFile::write(std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(m_file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return outputError(errno, m_path);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<> OutputFile::commit()
{
    if (!isRegular()) {
        drop();
        return {};
    }
    if (::fsync(m_file) != 0)
        return outputError(errno, m_path);
    const int moved = m_replace ? std::rename(m_part.c_str(), m_path.c_str()) : renameToFreeName(m_part, m_path);
    if (moved != 0)
        return errno == EEXIST ? thereAlready(m_path) : outputError(errno, m_path);
    m_part.clear();
    drop();
    return syncFolderOf(m_path);
}

} // namespace eventsync::storage
