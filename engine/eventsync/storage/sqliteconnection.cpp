// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/sqliteconnection.h>

#include <eventsync/storage/fileowner.h>
#include <eventsync/storage/limits.h>
#include <eventsync/storage/systemerror.h>

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace eventsync::storage {

namespace {

// The errno of the last failed file operation. sqlite3_system_errno() alone is not enough: it is set when a statement ends, and
// clean-up may have overwritten errno by then; each file object has its own.
int systemErrorOf(sqlite3 *db, int code)
{
    if (!db)
        return 0;
    if ((code & 0xff) == SQLITE_IOERR) {
        sqlite3_file *wal = nullptr;
        int number = 0;
        sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
        if (wal && wal->pMethods && wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &number) == SQLITE_OK
            && number != 0) {
            return number;
        }
        if (sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &number) == SQLITE_OK && number != 0)
            return number;
    }
    return sqlite3_system_errno(db);
}

ErrorCode codeOf(sqlite3 *db, int code)
{
    const int systemError = systemErrorOf(db, code);
    switch (code & 0xff) {
    case SQLITE_FULL:
        return ErrorCode::StoreFull;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return ErrorCode::StoreReadOnly;
    case SQLITE_CANTOPEN:
        return systemErrorCode(systemError, ErrorCode::IoError);
    case SQLITE_IOERR:
        if (code == SQLITE_IOERR_NOMEM)
            return ErrorCode::Unavailable;
        if (code == SQLITE_IOERR_CORRUPTFS)
            return ErrorCode::Corrupt;
        return systemErrorCode(systemError, ErrorCode::IoError);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ErrorCode::Corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return ErrorCode::StoreLocked;
    case SQLITE_NOMEM:
        return ErrorCode::Unavailable;
    case SQLITE_TOOBIG:
        return ErrorCode::TooLarge;
    case SQLITE_CONSTRAINT:
        return ErrorCode::Conflict;
    default:
        return ErrorCode::Internal;
    }
}

// A read-only connection to a WAL database needs the -shm file beside it, and creates it if it is missing. In a folder that
// cannot be written this fails, although a store that was closed properly has an empty WAL: such a store is opened as
// immutable.
bool isFrozen(const std::string &path)
{
    return ::faccessat(AT_FDCWD, folderOf(path).c_str(), W_OK, AT_EACCESS) != 0 && ::access((path + "-wal").c_str(), F_OK) != 0;
}

std::string asUri(const std::string &path)
{
    std::string uri = "file:";
    for (char c : path) {
        if (c == '?' || c == '#' || c == '%') {
            static const char digits[] = "0123456789abcdef";
            uri += {'%', digits[(c >> 4) & 15], digits[c & 15]};
        } else {
            uri.push_back(c);
        }
    }
    return uri + "?immutable=1";
}

} // namespace

Error sqliteError(sqlite3 *db, int code, std::string_view during)
{
    std::string message(during);
    message += ": ";
    message += db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    const int systemError = systemErrorOf(db, code);
    if (systemError != 0 && ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN))
        message += std::string(" (") + std::strerror(systemError) + ")";
    return {codeOf(db, code), std::move(message)};
}

void SqliteStatement::Finalize::operator()(sqlite3_stmt *statement) const
{
    sqlite3_finalize(statement);
}

void SqliteStatement::bind(int parameter, const Cell &cell)
{
    sqlite3_stmt *const statement = m_statement.get();
    switch (cell.index()) {
    case 0:
        sqlite3_bind_null(statement, parameter);
        return;
    case 1:
        sqlite3_bind_int64(statement, parameter, std::get<std::int64_t>(cell));
        return;
    case 2: {
        const auto &text = std::get<std::string>(cell);
        sqlite3_bind_text64(statement, parameter, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
        return;
    }
    default: {
        const auto &bytes = std::get<Blob>(cell).bytes;
        sqlite3_bind_blob64(statement, parameter, bytes.data(), bytes.size(), SQLITE_STATIC);
        return;
    }
    }
}

void SqliteStatement::bind(int parameter, std::int64_t number)
{
    sqlite3_bind_int64(m_statement.get(), parameter, number);
}

int SqliteStatement::step()
{
    return sqlite3_step(m_statement.get());
}

int SqliteStatement::reset()
{
    return sqlite3_reset(m_statement.get());
}

bool SqliteStatement::isBusy() const
{
    return sqlite3_stmt_busy(m_statement.get()) != 0;
}

Cell SqliteStatement::column(int number) const
{
    sqlite3_stmt *const statement = m_statement.get();
    switch (sqlite3_column_type(statement, number)) {
    case SQLITE_INTEGER:
        return Cell(std::in_place_type<std::int64_t>, sqlite3_column_int64(statement, number));
    case SQLITE_TEXT: {
        const auto *text = reinterpret_cast<const char *>(sqlite3_column_text(statement, number));
        return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, number)));
    }
    case SQLITE_BLOB: {
        const auto *bytes = static_cast<const char *>(sqlite3_column_blob(statement, number));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, number));
        return Blob{size == 0 ? Bytes() : Bytes(bytes, size)};
    }
    default:
        return Cell();
    }
}

void SqliteStatement::readRow(Row &row) const
{
    const int count = sqlite3_column_count(m_statement.get());
    row.resize(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
        row[static_cast<std::size_t>(i)] = column(i);
}

void SqliteConnection::Close::operator()(sqlite3 *db) const
{
    sqlite3_close_v2(db);
}

namespace {

// The errno of opening a database for writing. SQLite tries again for reading only, and then reports the error of that: "no
// such file" for a folder without the right to write. 0: not known.
int reasonNotOpened(const std::string &path)
{
    const bool isThere = ::access(path.c_str(), F_OK) == 0;
    const int allowed = isThere ? ::faccessat(AT_FDCWD, path.c_str(), R_OK | W_OK, AT_EACCESS)
                                : ::faccessat(AT_FDCWD, folderOf(path).c_str(), W_OK | X_OK, AT_EACCESS);
    return allowed == 0 ? 0 : errno;
}

} // namespace

Result<SqliteConnection> SqliteConnection::open(const std::string &path, Access access)
{
    const bool readOnly = access == Access::ReadOnly;
    const bool frozen = readOnly && isFrozen(path);
    const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (frozen ? SQLITE_OPEN_URI : 0)
        | (readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    SqliteConnection connection;
    sqlite3 *db = nullptr;
    const int code = sqlite3_open_v2((frozen ? asUri(path) : path).c_str(), &db, flags, nullptr);
    connection.m_db.reset(db);
    if (code != SQLITE_OK) {
        const int reason = readOnly || (code & 0xff) != SQLITE_CANTOPEN ? 0 : reasonNotOpened(path);
        return failure(reason != 0 ? systemError(reason, "open " + path) : sqliteError(db, code, "open " + path));
    }
    if (!readOnly && sqlite3_db_readonly(db, "main") == 1)
        return failure(ErrorCode::StoreReadOnly, "open " + path + ": the file cannot be written");
    sqlite3_busy_timeout(db, static_cast<int>(std::chrono::milliseconds(limits::kStoreBusyWait).count()));
    return connection;
}

Result<> SqliteConnection::execute(const std::string &sql)
{
    const int code = sqlite3_exec(m_db.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        return failure(error(code, sql));
    return {};
}

Result<SqliteStatement> SqliteConnection::prepare(std::string_view sql) const
{
    sqlite3_stmt *statement = nullptr;
    const int code = sqlite3_prepare_v3(m_db.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
    if (code != SQLITE_OK)
        return failure(error(code, sql));
    return SqliteStatement(statement);
}

Result<std::int64_t> SqliteConnection::integer(const std::string &sql) const
{
    EVENTSYNC_TRY(SqliteStatement statement, prepare(sql));
    const int code = statement.step();
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return failure(error(code, sql));
    if (code == SQLITE_DONE)
        return 0;
    const Cell cell = statement.column(0);
    return cell.index() == 1 ? std::get<std::int64_t>(cell) : 0;
}

Result<std::string> SqliteConnection::text(const std::string &sql) const
{
    EVENTSYNC_TRY(SqliteStatement statement, prepare(sql));
    const int code = statement.step();
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return failure(error(code, sql));
    if (code == SQLITE_DONE)
        return std::string();
    const Cell cell = statement.column(0);
    return cell.index() == 2 ? std::get<std::string>(cell) : std::string();
}

bool SqliteConnection::inTransaction() const
{
    return sqlite3_get_autocommit(m_db.get()) == 0;
}

std::string sqlIdentifier(std::string_view name)
{
    std::string out = "\"";
    for (char c : name) {
        if (c == '"')
            out.push_back('"');
        out.push_back(c);
    }
    return out + '"';
}

} // namespace eventsync::storage
