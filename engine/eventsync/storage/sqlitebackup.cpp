// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/sqlitebackup.h>

#include <eventsync/base/limits.h>

#include <sqlite3.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

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

Result<> syncFolderOf(const std::string &path)
{
    const auto slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool good = file >= 0 && ::fsync(file) == 0;
    const int number = errno;
    if (file >= 0)
        ::close(file);
    if (!good)
        return failure(ErrorCode::IoError, "sync " + folder + ": " + std::strerror(number));
    return {};
}

} // namespace

Result<> copySqliteDatabase(SqliteConnection &source, const std::string &path, const std::function<void(int)> &progress)
{
    const std::string part = path + ".part";
    ::unlink(part.c_str());
    const auto copy = [&]() -> Result<> {
        EVENTSYNC_TRY(SqliteConnection target, SqliteConnection::open(part, SqliteConnection::Access::ReadWrite));
        EVENTSYNC_CHECK(copyPages(source, target, progress));
        // One file, without a WAL beside it: a backup is moved about.
        return target.execute("PRAGMA journal_mode = DELETE");
    };
    if (auto copied = copy(); !copied) {
        ::unlink(part.c_str());
        return copied;
    }
    if (std::rename(part.c_str(), path.c_str()) != 0)
        return failure(ErrorCode::IoError, "rename " + part + ": " + std::strerror(errno));
    return syncFolderOf(path);
}

} // namespace eventsync::storage
