// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/fileowner.h>
#include <eventsync/storage/outputfile.h>
#include <eventsync/storage/sqlitebackend.h>
#include <eventsync/storage/sqlitebackup.h>
#include <eventsync/sync/syncservice.h>

#include <server/commands/command.h>
#include <server/datafolder.h>
#include <server/program.h>
#include <server/store.h>

#include <QFile>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace eventsync::server {

namespace {

Result<> move(const std::string &from, const std::string &to)
{
    if (std::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT)
        return failure(ErrorCode::IoError, from + " cannot be moved to " + to + ": " + std::strerror(errno));
    return {};
}

// Opens the copy as a store, checks it and sets the new epoch. Afterwards it is one file again.
Result<> checkCopy(const std::string &path)
{
    storage::SqliteBackend::Options options;
    options.lock = false;
    options.integrity = storage::SqliteBackend::Integrity::Full;
    EVENTSYNC_TRY(const auto backend, storage::SqliteBackend::open(path, sync::SyncService::schema(), options));
    return beginEpoch(*backend, SystemClock());
}

// A backup is copied through SQLite, because a write-ahead log beside it is a part of it.
Result<> copyBackup(const std::string &backup, const storage::OutputFile &copy)
{
    EVENTSYNC_CHECK(checkIsFile(backup));
    auto copied = storage::copySqliteStore(backup, copy, {});
    if (copied)
        copied = checkCopy(copy.part());
    if (!copied)
        return failure(copied.error().code, backup + ": " + copied.error().message);
    return {};
}

struct Restored
{
    std::string kept; // where the former store is; empty if there was none
    std::string epoch;
};

// Files of the former store are moved aside, never removed. A write-ahead log without its store is moved too, since it would be
// read as the new one's.
Result<std::string> putAside(const std::string &store)
{
    std::string time = toText(SystemClock().wall());
    std::erase(time, ':');
    const std::string kept = store + ".before-" + time;
    bool any = false;
    for (const char *part : {"-wal", "-shm", ""}) { // the store's own file is moved last
        any = any || QFile::exists(QString::fromStdString(store + part));
        EVENTSYNC_CHECK(move(store + part, kept + part));
    }
    return any ? kept : std::string();
}

// The copy is complete, checked and durable before the present store is changed. Every step can be repeated after a crash.
Result<Restored> restore(const Configuration &configuration, const std::string &backup)
{
    EVENTSYNC_TRY(const DataFolder folder, DataFolder::take(configuration.dataFolder));
    EVENTSYNC_TRY(const auto lock, storage::StoreLock::take(configuration.storePath())); // it may be outside of the data folder
    EVENTSYNC_TRY(auto copy, storage::OutputFile::create(configuration.storePath(), {.replace = true}));
    EVENTSYNC_CHECK(copyBackup(backup, copy));
    const std::string store = copy.path(); // with symbolic links followed
    if (!QFile::exists(QString::fromStdString(store))) // otherwise it keeps the owner and the permissions of that one
        EVENTSYNC_CHECK(storage::giveToFolderOwner(copy.part()));
    Restored restored;
    EVENTSYNC_TRY(restored.kept, putAside(store));
    EVENTSYNC_CHECK(copy.commit());
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
