// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/fileowner.h>

#include <eventsync/storage/systemerror.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace eventsync::storage {

namespace {

constexpr mode_t kPermissions = 07777;

} // namespace

Result<> copyOwnerAndMode(const std::string &model, const std::string &file)
{
    struct stat wanted = {}, found = {};
    if (::stat(model.c_str(), &wanted) != 0)
        return failure(systemError(errno, "look at " + model));
    if (::stat(file.c_str(), &found) != 0)
        return failure(systemError(errno, "look at " + file));
    const bool sameOwner = found.st_uid == wanted.st_uid && found.st_gid == wanted.st_gid;
    if (!sameOwner && ::chown(file.c_str(), wanted.st_uid, wanted.st_gid) != 0)
        return failure(systemError(errno, "give " + file + " to the owner of " + model));
    if (::chmod(file.c_str(), wanted.st_mode & kPermissions) != 0)
        return failure(systemError(errno, "give " + file + " the permissions of " + model));
    return {};
}

Result<> giveToFolderOwner(const std::string &path)
{
    struct stat folder = {};
    if (::geteuid() != 0)
        return {};
    if (::stat(folderOf(path).c_str(), &folder) != 0)
        return failure(systemError(errno, "look at " + folderOf(path)));
    if (folder.st_uid != 0 && ::chown(path.c_str(), folder.st_uid, folder.st_gid) != 0)
        return failure(systemError(errno, "give " + path + " to the owner of its folder"));
    return {};
}

std::string folderOf(const std::string &path)
{
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

Result<> syncFolderOf(const std::string &path)
{
    const std::string folder = folderOf(path);
    const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool good = file >= 0 && ::fsync(file) == 0;
    const int number = errno;
    if (file >= 0)
        ::close(file);
    if (!good)
        return failure(systemError(number, "sync " + folder));
    return {};
}

} // namespace eventsync::storage
