// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/assert.h>

#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

// SQLite with nothing around it: prepared statements in a loop, WAL, synchronous = FULL, one table without a second
// index.
namespace eventsync::bench {

class BareSqlite
{
public:
    explicit BareSqlite(const std::string &path)
    {
        EVENTSYNC_ASSERT(sqlite3_open(path.c_str(), &m_db) == SQLITE_OK);
        run("PRAGMA journal_mode = WAL");
        run("PRAGMA synchronous = FULL");
    }
    BareSqlite(const BareSqlite &) = delete;
    BareSqlite &operator=(const BareSqlite &) = delete;
    ~BareSqlite()
    {
        sqlite3_finalize(m_insert);
        sqlite3_close(m_db);
    }

    void insertLoop(std::string_view body, std::int64_t rows, std::int64_t perCommit)
    {
        if (!m_insert) {
            run("CREATE TABLE log (position INTEGER PRIMARY KEY, body BLOB NOT NULL)");
            m_insert = prepare("INSERT INTO log (body) VALUES (?)");
        }
        sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
        for (std::int64_t row = 0; row < rows;) {
            step(begin);
            for (std::int64_t end = std::min(rows, row + perCommit); row < end; ++row) {
                sqlite3_bind_blob(m_insert, 1, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
                step(m_insert);
            }
            step(commit);
        }
        sqlite3_finalize(begin);
        sqlite3_finalize(commit);
    }

    // Every column of every row; how many rows.
    std::int64_t readAll(const char *sql, std::int64_t &bytes)
    {
        sqlite3_stmt *statement = prepare(sql);
        const int columns = sqlite3_column_count(statement);
        std::int64_t rows = 0;
        for (; sqlite3_step(statement) == SQLITE_ROW; ++rows) {
            for (int column = 0; column < columns; ++column) {
                if (sqlite3_column_type(statement, column) == SQLITE_INTEGER)
                    bytes += sqlite3_column_int64(statement, column) != 0;
                else if (const void *data = sqlite3_column_blob(statement, column))
                    bytes += static_cast<std::int64_t>(
                        std::string(static_cast<const char *>(data),
                                    static_cast<std::size_t>(sqlite3_column_bytes(statement, column)))
                            .size());
            }
        }
        sqlite3_finalize(statement);
        return rows;
    }

private:
    void run(const char *sql) { EVENTSYNC_ASSERT(sqlite3_exec(m_db, sql, nullptr, nullptr, nullptr) == SQLITE_OK); }
    sqlite3_stmt *prepare(const char *sql)
    {
        sqlite3_stmt *statement = nullptr;
        EVENTSYNC_ASSERT(sqlite3_prepare_v2(m_db, sql, -1, &statement, nullptr) == SQLITE_OK);
        return statement;
    }
    static void step(sqlite3_stmt *statement)
    {
        EVENTSYNC_ASSERT(sqlite3_step(statement) == SQLITE_DONE);
        sqlite3_reset(statement);
    }

    sqlite3 *m_db = nullptr;
    sqlite3_stmt *m_insert = nullptr;
};

} // namespace eventsync::bench
