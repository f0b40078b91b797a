// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/schemamap.h>
#include <eventsync/storage/sqliteconnection.h>
#include <eventsync/storage/sqliteschema.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace eventsync::storage {

// A read connection with the statements it has prepared so far. One user at a time.
class SqliteReader
{
public:
    // `columns`: see checkSqliteSchema(); none where the file has them all.
    SqliteReader(SqliteConnection connection, std::shared_ptr<const SchemaMap> schema, SqliteColumnCounts columns)
        : m_connection(std::move(connection)), m_schema(std::move(schema)), m_columns(std::move(columns))
    {
    }

    Result<> begin(); // begins the read snapshot
    void end();
    SqliteConnection &connection() { return m_connection; }

    Result<std::optional<Row>> get(const std::string &set, const Key &key);
    Result<> scan(const Scan &scan, const std::function<bool(const Row &)> &visit);

private:
    Result<SqliteStatement> prepareScan(const Scan &scan, std::size_t set) const;
    Result<> run(SqliteStatement &statement, const Scan &scan, const std::function<bool(const Row &)> &visit);

    SqliteConnection m_connection;
    std::shared_ptr<const SchemaMap> m_schema;
    const SqliteColumnCounts m_columns;
    SqliteStatement m_begin, m_look, m_end;
    std::unordered_map<std::uint64_t, SqliteStatement> m_scans; // by the shape of the scan
};

// A pool of idle read connections. Any thread.
class SqliteReaderPool
{
public:
    SqliteReaderPool(std::string path, std::shared_ptr<const SchemaMap> schema, SqliteColumnCounts columns, std::size_t keep)
        : m_path(std::move(path)), m_schema(std::move(schema)), m_columns(std::move(columns)), m_keep(keep)
    {
    }
    Result<std::unique_ptr<SqliteReader>> borrow();
    void giveBack(std::unique_ptr<SqliteReader> reader);
    void close(); // closes the idle ones; borrowed ones are closed when they return

private:
    const std::string m_path;
    const std::shared_ptr<const SchemaMap> m_schema;
    const SqliteColumnCounts m_columns;
    std::mutex m_mutex;
    std::size_t m_keep;
    std::vector<std::unique_ptr<SqliteReader>> m_idle;
};

// One read transaction on a borrowed connection.
class SqliteView final : public ReadView
{
public:
    static Result<std::unique_ptr<ReadView>> open(std::shared_ptr<SqliteReaderPool> pool);
    ~SqliteView() override;

    Result<std::optional<Row>> get(const std::string &set, const Key &key) override { return m_reader->get(set, key); }
    Result<std::optional<Row>> getBy(const std::string &set, const std::string &index, const Key &cells) override;
    Result<> scan(const Scan &scan, const std::function<bool(const Row &)> &visit) override
    {
        return m_reader->scan(scan, visit);
    }

private:
    SqliteView(std::shared_ptr<SqliteReaderPool> pool, std::unique_ptr<SqliteReader> reader)
        : m_pool(std::move(pool)), m_reader(std::move(reader))
    {
    }
    std::shared_ptr<SqliteReaderPool> m_pool;
    std::unique_ptr<SqliteReader> m_reader;
};

} // namespace eventsync::storage
