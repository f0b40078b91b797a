// SPDX-License-Identifier: Apache-2.0
#include "failingsync.h"

#include <sqlite3.h>

namespace eventsync::test {

namespace {

// SQLite's own file system, with one method of its files in our hands.
sqlite3_vfs *realSystem = nullptr;
sqlite3_vfs ourSystem = {};
const sqlite3_io_methods *realMethods = nullptr;
sqlite3_io_methods ourMethods = {};

int syncFile(sqlite3_file *file, int flags)
{
    return FailingSync::fails ? SQLITE_IOERR_FSYNC : realMethods->xSync(file, flags);
}

int openFile(sqlite3_vfs *, sqlite3_filename name, sqlite3_file *file, int flags, int *outFlags)
{
    const int code = realSystem->xOpen(realSystem, name, file, flags, outFlags);
    if (code != SQLITE_OK || !file->pMethods)
        return code;
    if (!realMethods) {
        realMethods = file->pMethods;
        ourMethods = *realMethods;
        ourMethods.xSync = syncFile;
    }
    if (file->pMethods == realMethods)
        file->pMethods = &ourMethods;
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
