// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/backend.h>

#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

/// \file
/// A thin RAII wrapper of SQLite's C API, used by SqliteBackend: error codes become Errors, cells become bindings.
namespace eventsync::storage {

/// The Error of an SQLite result code: StoreFull, StoreReadOnly, StoreLocked, Corrupt, IoError, Conflict (a constraint),
/// TooLarge (one value), Unavailable (memory), Internal. `db` may be null.
Error sqliteError(sqlite3 *db, int code, std::string_view during);

/// A prepared statement. Owner only.
class SqliteStatement
{
public:
    SqliteStatement() = default;
    explicit SqliteStatement(sqlite3_stmt *statement) : m_statement(statement) {}
    explicit operator bool() const { return m_statement != nullptr; }

    /// Parameters count from 1. Texts and blobs are not copied: the cell must exist until reset().
    void bind(int parameter, const Cell &cell);
    void bind(int parameter, std::int64_t number);
    int step();  ///< SQLite's result code
    int reset(); ///< the code of the last step, as SQLite gives it
    bool isBusy() const;
    Cell column(int number) const;
    void readRow(Row &row) const; ///< all columns

private:
    struct Finalize
    {
        void operator()(sqlite3_stmt *statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> m_statement;
};

/// One database connection, used by one thread at a time.
class SqliteConnection
{
public:
    enum class Access { ReadWrite, ReadOnly };

    SqliteConnection() = default;
    /// ReadWrite creates a missing file; StoreReadOnly for a file or folder that cannot be written.
    static Result<SqliteConnection> open(const std::string &path, Access access);

    sqlite3 *handle() const { return m_db.get(); }
    Result<> execute(const std::string &sql);
    Result<SqliteStatement> prepare(std::string_view sql) const;
    Result<std::int64_t> integer(const std::string &sql) const;      ///< first column of the first row; 0 if there is none
    Result<std::string> text(const std::string &sql) const;
    Error error(int code, std::string_view during) const { return sqliteError(m_db.get(), code, during); }
    bool inTransaction() const;

private:
    struct Close
    {
        void operator()(sqlite3 *db) const;
    };
    std::unique_ptr<sqlite3, Close> m_db;
};

std::string sqlIdentifier(std::string_view name); ///< an SQL identifier

} // namespace eventsync::storage
