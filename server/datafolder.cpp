// SPDX-License-Identifier: Apache-2.0
#include <server/datafolder.h>

#include <server/logging.h>

#include <QDir>

#include <cerrno>
#include <cstring>
#include <sys/stat.h>

namespace eventsync::server {

namespace {

// Whether the folder is empty or a data folder already, with a server's lock or a store.
bool isForData(const QString &path)
{
    const QDir folder(path);
    return folder.isEmpty(QDir::AllEntries | QDir::Hidden | QDir::System | QDir::NoDotAndDotDot)
           || folder.exists(QStringLiteral("server.lock")) || !folder.entryList({QStringLiteral("*.sqlite")}, QDir::Files).isEmpty();
}

Result<> makePrivate(const std::string &path)
{
    const QString name = QString::fromStdString(path);
    const QDir parent(QDir::cleanPath(name + QStringLiteral("/..")));
    if (!parent.exists() && !QDir().mkpath(parent.path()))
        return failure(ErrorCode::IoError, "the folder " + parent.path().toStdString() + " cannot be made");
    if (::mkdir(path.c_str(), 0700) == 0)
        return {};
    if (errno != EEXIST)
        return failure(ErrorCode::IoError, "the data folder " + path + " cannot be made: " + std::strerror(errno));
    struct stat found = {};
    if (::stat(path.c_str(), &found) != 0 || !S_ISDIR(found.st_mode))
        return failure(ErrorCode::IoError, path + " is no folder");
    if ((found.st_mode & 0077) == 0)
        return {};
    // Removes the permissions of others, but only from a folder that has nothing but a server's data: `--data /tmp` does not
    // change /tmp.
    if (!isForData(name))
        return failure(ErrorCode::IoError, "the folder " + path + " is open to others and holds other things: name one of its own, or close it with chmod 700");
    if (::chmod(path.c_str(), 0700) != 0)
        return failure(ErrorCode::IoError, "the data folder " + path + " cannot be made private: " + std::strerror(errno));
    qCWarning(lcServer) << "the data folder" << path.c_str() << "was open to others: it is its owner's alone now (mode 0700)";
    return {};
}

} // namespace

Result<DataFolder> DataFolder::take(const std::string &path)
{
    EVENTSYNC_CHECK(makePrivate(path));
    auto lock = storage::StoreLock::take(path + "/server");
    if (!lock && lock.error().code == ErrorCode::StoreLocked) {
        std::string holder = lock.error().message; // ".../server is in use by process 17"
        if (const auto by = holder.rfind(" by "); by != std::string::npos)
            holder = holder.substr(by + 4);
        return failure(ErrorCode::StoreLocked, "the data folder " + path + " is in use by " + holder);
    }
    if (!lock)
        return failure(lock.error());
    return DataFolder(path, std::move(*lock));
}

std::vector<std::string> DataFolder::files(const std::string &path)
{
    return {path + "/server.lock", controlSocketOf(path)};
}

std::string controlSocketOf(const std::string &dataFolder)
{
    return dataFolder + "/control.sock";
}

} // namespace eventsync::server
