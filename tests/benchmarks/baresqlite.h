// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/assert.h>

#include <sqlite3.h>

#include <algorithm>
#include <array>
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

    // The same with the columns and the two busy indexes of EventSync's log, and what stands in them beside the body: what the
    // form of the log costs by itself, with nothing computed.
    void insertLogLoop(std::string_view body, std::int64_t rows, std::int64_t perCommit, std::int64_t documents)
    {
        if (!m_insert) {
            run("CREATE TABLE log (position INTEGER PRIMARY KEY, document INTEGER, server_seq INTEGER, id BLOB, client_id TEXT, "
                "client_seq INTEGER, chain BLOB, push_mark BLOB, footprint BLOB, inverse TEXT, body TEXT) STRICT");
            run("CREATE UNIQUE INDEX log_order ON log (document, server_seq)");
            run("CREATE UNIQUE INDEX log_id ON log (id)");
            m_insert = prepare("INSERT INTO log (document, server_seq, id, client_id, client_seq, chain, push_mark, footprint, "
                               "inverse, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        }
        sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
        const std::string inverse(200, 'i'), footprint(12, 'f');
        std::array<unsigned char, 32> chain{};
        for (std::int64_t row = 0; row < rows;) {
            step(begin);
            for (std::int64_t end = std::min(rows, row + perCommit); row < end; ++row, ++m_logged) {
                std::array<unsigned char, 16> id{}; // in order, as ids of version 7 nearly are
                for (std::size_t i = 0; i < 8; ++i)
                    id[i] = static_cast<unsigned char>(m_logged >> (8 * (7 - i)));
                chain[0] = id[7];
                sqlite3_bind_int64(m_insert, 1, m_logged % documents);
                sqlite3_bind_int64(m_insert, 2, m_logged / documents);
                bindBlob(3, id.data(), id.size());
                sqlite3_bind_text(m_insert, 4, "writer-1", -1, SQLITE_STATIC);
                sqlite3_bind_int64(m_insert, 5, m_logged);
                bindBlob(6, chain.data(), chain.size());
                bindBlob(7, id.data(), id.size());
                bindBlob(8, footprint.data(), footprint.size());
                sqlite3_bind_text(m_insert, 9, inverse.data(), static_cast<int>(inverse.size()), SQLITE_STATIC);
                sqlite3_bind_text(m_insert, 10, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
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

    void bindBlob(int parameter, const void *data, std::size_t size)
    {
        sqlite3_bind_blob(m_insert, parameter, data, static_cast<int>(size), SQLITE_STATIC);
    }

    sqlite3 *m_db = nullptr;
    sqlite3_stmt *m_insert = nullptr;
    std::int64_t m_logged = 0;
};

} // namespace eventsync::bench
