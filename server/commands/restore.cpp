// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/sqlitebackend.h>
#include <eventsync/sync/syncservice.h>

#include <server/commands/command.h>
#include <server/datafolder.h>
#include <server/program.h>
#include <server/store.h>

#include <QFile>
#include <QFileInfo>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace eventsync::server {

namespace {

// The files that make up one SQLite store.
constexpr const char *kParts[] = {"", "-wal", "-shm"};

Result<> move(const std::string &from, const std::string &to)
{
    if (std::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT)
        return failure(ErrorCode::IoError, from + " cannot be moved to " + to + ": " + std::strerror(errno));
    return {};
}

Result<> syncFile(const std::string &path, int flags)
{
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
    const bool good = file >= 0 && ::fsync(file) == 0;
    const int number = errno;
    if (file >= 0)
        ::close(file);
    if (!good)
        return failure(ErrorCode::IoError, path + " is not on the disk: " + std::strerror(number));
    return {};
}

// The backup as a store of its own, with nothing wrong in it.
Result<> checkBackup(const std::string &path)
{
    if (!QFileInfo(QString::fromStdString(path)).isFile())
        return failure(ErrorCode::NotFound, path + " is no file");
    storage::SqliteBackend::Options options;
    options.lock = false;
    options.integrity = storage::SqliteBackend::Integrity::Full;
    EVENTSYNC_TRY(const auto backend, storage::SqliteBackend::open(path, sync::SyncService::schema(), options));
    return beginEpoch(*backend, SystemClock());
}

struct Restored
{
    std::string kept; // where the former store is; empty if there was none
    std::string epoch;
};

// The copy is made, checked and on the disk before anything of the present store is touched; that is moved aside, never
// removed. Every step can be repeated after a crash.
Result<Restored> restore(const Configuration &configuration, const std::string &backup)
{
    EVENTSYNC_TRY(const DataFolder folder, DataFolder::take(configuration.dataFolder));
    const std::string store = configuration.storePath();
    EVENTSYNC_TRY(const auto lock, storage::StoreLock::take(store)); // it may lie outside of the data folder
    const std::string copy = store + ".restoring";
    for (const char *part : kParts)
        QFile::remove(QString::fromStdString(copy + part));
    QFile source(QString::fromStdString(backup));
    if (!source.copy(QString::fromStdString(copy)))
        return failure(source.exists() ? ErrorCode::IoError : ErrorCode::NotFound, backup + ": " + source.errorString().toStdString());
    QFile::setPermissions(QString::fromStdString(copy), QFileDevice::ReadOwner | QFileDevice::WriteOwner);
    if (auto good = checkBackup(copy); !good) {
        QFile::remove(QString::fromStdString(copy));
        return failure(good.error().code, backup + ": " + good.error().message);
    }
    EVENTSYNC_CHECK(syncFile(copy, 0));
    Restored restored;
    if (QFile::exists(QString::fromStdString(store))) {
        std::string time = toText(SystemClock().wall());
        std::erase(time, ':');
        restored.kept = store + ".before-" + time;
        for (const char *part : {"-wal", "-shm", ""}) // the file by which a store is known goes last
            EVENTSYNC_CHECK(move(store + part, restored.kept + part));
    }
    for (const char *part : {"-wal", "-shm", ""})
        EVENTSYNC_CHECK(move(copy + part, store + part));
    EVENTSYNC_CHECK(syncFile(QFileInfo(QString::fromStdString(store)).absolutePath().toStdString(), O_DIRECTORY));
    EVENTSYNC_TRY(const auto backend, openStore(configuration, StoreUse::ReadOnly));
    EVENTSYNC_TRY(const auto view, backend->view());
    EVENTSYNC_TRY(restored.epoch, storedEpoch(*view));
    return restored;
}

} // namespace

int runRestore(const CommandContext &context)
{
    if (context.configuration.store.kind == StoreLocation::Kind::Memory) {
        complain("a store in memory cannot be restored");
        return exitcode::kFailed;
    }
    const auto restored = restore(context.configuration, context.invocation.arguments[0]);
    if (!restored)
        return storeFailed(restored.error());
    std::printf("restored; the new epoch is %s\n", restored->epoch.c_str());
    if (!restored->kept.empty())
        std::printf("the former store is kept as %s\n", restored->kept.c_str());
    return exitcode::kDone;
}

} // namespace eventsync::server
