// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/sqlitebackup.h>

#include <eventsync/storage/limits.h>
#include <eventsync/storage/sqliteschema.h>

#include <sqlite3.h>

#include <cstdlib>
#include <memory>

namespace eventsync::storage {

namespace {

Result<> copyPages(SqliteConnection &source, SqliteConnection &target, const std::function<void(int)> &progress)
{
    sqlite3_backup *const backup = sqlite3_backup_init(target.handle(), "main", source.handle(), "main");
    if (!backup)
        return failure(target.error(sqlite3_extended_errcode(target.handle()), "begin a backup"));
    int code;
    int told = -1;
    do {
        code = sqlite3_backup_step(backup, limits::kBackupPages);
        const int total = sqlite3_backup_pagecount(backup);
        const int percent = total > 0 ? static_cast<int>(100.0 * (total - sqlite3_backup_remaining(backup)) / total) : 0;
        if (progress && code == SQLITE_OK && percent != told)
            progress(told = percent);
    } while (code == SQLITE_OK);
    const int finished = sqlite3_backup_finish(backup);
    if (code != SQLITE_DONE)
        return failure(target.error(code, "copy to a backup"));
    if (finished != SQLITE_OK)
        return failure(target.error(finished, "finish a backup"));
    if (progress && told != 100)
        progress(100);
    return {};
}

} // namespace

std::vector<std::string> sqliteStoreFiles(const std::string &path)
{
    const std::unique_ptr<char, decltype(&std::free)> found(::realpath(path.c_str(), nullptr), &std::free);
    const std::string real = found ? found.get() : path; // SQLite puts its files in the folder to which a symbolic link leads
    return {real, real + "-wal", real + "-shm", real + "-journal", path, path + ".lock"};
}

Result<> copySqliteDatabase(SqliteConnection &source, const OutputFile &target, const std::function<void(int)> &progress)
{
    if (!target.isRegular())
        return failure(ErrorCode::Invalid, target.path() + " is no regular file: a store cannot be copied into it");
    EVENTSYNC_TRY(SqliteConnection copy, SqliteConnection::open(target.part(), SqliteConnection::Access::ReadWrite));
    EVENTSYNC_CHECK(copyPages(source, copy, progress));
    // One file, without a WAL beside it: a backup may be moved.
    return copy.execute("PRAGMA journal_mode = DELETE");
}

Result<> copySqliteStore(const std::string &path, const OutputFile &target, const std::function<void(int)> &progress)
{
    EVENTSYNC_TRY(SqliteConnection source, SqliteConnection::open(path, SqliteConnection::Access::ReadOnly));
    EVENTSYNC_CHECK(checkSqliteFile(source));
    EVENTSYNC_CHECK(source.execute("BEGIN"));
    EVENTSYNC_TRY(const std::int64_t tables, source.integer("SELECT count(*) FROM sqlite_schema")); // begins the read snapshot
    static_cast<void>(tables);
    EVENTSYNC_CHECK(copySqliteDatabase(source, target, progress));
    return source.execute("COMMIT");
}

} // namespace eventsync::storage
