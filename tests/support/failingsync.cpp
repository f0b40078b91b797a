// SPDX-License-Identifier: Apache-2.0
#include "failingsync.h"

#include <sqlite3.h>

#include <map>
#include <mutex>

namespace eventsync::test {

namespace {

// SQLite's own file system, with one method of its files in our hands. It has several sets of methods (a database is locked, its
// log is not), with one function to sync.
sqlite3_vfs *realSystem = nullptr;
sqlite3_vfs ourSystem = {};
std::mutex mutex;
std::map<const sqlite3_io_methods *, sqlite3_io_methods> ourMethods; // by the set that they stand for
std::atomic<int (*)(sqlite3_file *file, int flags)> realSync = nullptr;

int syncFile(sqlite3_file *file, int flags)
{
    return FailingSync::fails ? SQLITE_IOERR_FSYNC : realSync.load()(file, flags);
}

int openFile(sqlite3_vfs *, const char *name, sqlite3_file *file, int flags, int *outFlags)
{
    const int code = realSystem->xOpen(realSystem, name, file, flags, outFlags);
    if (code != SQLITE_OK || !file->pMethods)
        return code;
    const std::lock_guard guard(mutex);
    realSync = file->pMethods->xSync;
    const auto methods = ourMethods.try_emplace(file->pMethods, *file->pMethods).first;
    methods->second.xSync = syncFile;
    file->pMethods = &methods->second;
    return code;
}

} // namespace

std::atomic<bool> FailingSync::fails = false;

FailingSync::FailingSync()
{
    fails = false;
    realSystem = sqlite3_vfs_find(nullptr);
    ourSystem = *realSystem;
    ourSystem.zName = "failing-sync";
    ourSystem.xOpen = openFile;
    sqlite3_vfs_register(&ourSystem, 1);
}

FailingSync::~FailingSync()
{
    sqlite3_vfs_unregister(&ourSystem);
    sqlite3_vfs_register(realSystem, 1);
}

} // namespace eventsync::test
