// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/sqliteview_p.h>

#include <sqlite3.h>

namespace eventsync::storage {

namespace {

bool hasFrom(const Scan &scan)
{
    return scan.from && scan.from->index() != 0;
}

bool isEmptyRange(const Scan &scan)
{
    return scan.until && scan.until->index() == 0; // no value comes before null
}

// Which columns a scan reads, one bit each; 0: all.
std::uint64_t columnsOf(const Scan &scan)
{
    std::uint64_t columns = 0;
    for (const std::size_t column : scan.columns)
        columns |= std::uint64_t(1) << column;
    return columns;
}

// Which cells of the prefix are null, one bit each.
std::uint64_t nullsOf(const Scan &scan)
{
    std::uint64_t nulls = 0;
    for (std::size_t i = 0; i < scan.prefix.size(); ++i)
        nulls |= std::uint64_t(scan.prefix[i].index() == 0) << i;
    return nulls;
}

// Which prepared statement a scan needs, as one number.
std::uint64_t shapeOf(const Scan &scan, std::size_t set, std::size_t index)
{
    return (columnsOf(scan) << 32) | (nullsOf(scan) << 24) | (static_cast<std::uint64_t>(set) << 16) | (static_cast<std::uint64_t>(index) << 8)
        | (static_cast<std::uint64_t>(scan.prefix.size()) << 3) | (hasFrom(scan) ? 4u : 0u) | (scan.until ? 2u : 0u)
        | (scan.descending ? 1u : 0u);
}

} // namespace

Result<> SqliteReader::begin()
{
    if (!m_begin) {
        EVENTSYNC_TRY(m_begin, m_connection.prepare("BEGIN"));
        EVENTSYNC_TRY(m_look, m_connection.prepare("SELECT 1 FROM sqlite_schema LIMIT 1"));
        EVENTSYNC_TRY(m_end, m_connection.prepare("COMMIT"));
    }
    int code = m_begin.step();
    m_begin.reset();
    if (code != SQLITE_DONE)
        return failure(m_connection.error(code, "begin to read"));
    // BEGIN alone does not begin a read snapshot: the first read does.
    code = m_look.step();
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        const Error error = m_connection.error(code, "begin to read");
        m_look.reset();
        end();
        return failure(error);
    }
    m_look.reset();
    return {};
}

void SqliteReader::end()
{
    m_end.step();
    m_end.reset();
}

Result<std::optional<Row>> SqliteReader::get(const std::string &set, const Key &key)
{
    m_schema->checkKey(m_schema->setNumber(set), key, false);
    std::optional<Row> found;
    Scan one{set, {}, key};
    one.limit = 1;
    EVENTSYNC_CHECK(scan(one, [&](const Row &row) {
        found = row;
        return false;
    }));
    return found;
}

Result<SqliteStatement> SqliteReader::prepareScan(const Scan &scan, std::size_t set) const
{
    const RecordSet &records = m_schema->at(set).set;
    const auto &order = m_schema->order(set, scan.index);
    const std::uint64_t wanted = columnsOf(scan);
    const std::size_t there = m_columns.empty() ? records.columns.size() : m_columns[set];
    std::string sql = "SELECT ";
    for (std::size_t i = 0; i < records.columns.size(); ++i) {
        const bool isWanted = i < there && (wanted == 0 || (wanted >> i & 1) != 0);
        sql += (i > 0 ? ", " : "") + (isWanted ? sqlIdentifier(records.columns[i].name) : "NULL");
    }
    sql += " FROM " + sqlIdentifier(records.name);
    // The index is named, so that rows are read in its order and the table is never sorted.
    if (!scan.index.empty())
        sql += " INDEXED BY " + sqliteIndexName(records.name, scan.index);
    else if (sqliteLayout(records) == SqliteLayout::Plain)
        sql += " INDEXED BY " + sqliteKeyIndexName(records.name);
    std::string where;
    for (std::size_t i = 0; i < scan.prefix.size(); ++i) {
        // IS also finds null; with `=` the planner knows that at most one row matches, and that a sparse index has it.
        const bool isNull = scan.prefix[i].index() == 0;
        where += (where.empty() ? " WHERE " : " AND ") + sqlIdentifier(records.columns[order[i]].name) + (isNull ? " IS ?" : " = ?");
    }
    if (hasFrom(scan))
        where += (where.empty() ? " WHERE " : " AND ") + sqlIdentifier(records.columns[order[scan.prefix.size()]].name) + " >= ?";
    if (scan.until)
        where += (where.empty() ? " WHERE " : " AND ") + sqlIdentifier(records.columns[order[scan.prefix.size()]].name) + " < ?";
    sql += where;
    for (std::size_t i = scan.prefix.size(); i < order.size(); ++i) {
        sql += (i == scan.prefix.size() ? " ORDER BY " : ", ") + sqlIdentifier(records.columns[order[i]].name)
            + (scan.descending ? " DESC" : "");
    }
    return m_connection.prepare(sql);
}

Result<> SqliteReader::run(SqliteStatement &statement, const Scan &scan, const std::function<bool(const Row &)> &visit)
{
    int parameter = 0;
    for (const Cell &cell : scan.prefix)
        statement.bind(++parameter, cell);
    if (hasFrom(scan))
        statement.bind(++parameter, *scan.from);
    if (scan.until)
        statement.bind(++parameter, *scan.until);
    Row row;
    int code = SQLITE_ROW;
    for (std::size_t left = scan.limit; left > 0; --left) {
        code = statement.step();
        if (code != SQLITE_ROW)
            break;
        statement.readRow(row);
        if (!visit(row))
            break;
    }
    Result<> result;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        result = failure(m_connection.error(code, "read " + scan.set));
    statement.reset();
    return result;
}

Result<> SqliteReader::scan(const Scan &scan, const std::function<bool(const Row &)> &visit)
{
    m_schema->checkScan(scan);
    if (isEmptyRange(scan))
        return {};
    const std::size_t set = m_schema->setNumber(scan.set);
    const std::size_t index = scan.index.empty() ? 0 : m_schema->indexNumber(set, scan.index) + 1;
    SqliteStatement &cached = m_scans[shapeOf(scan, set, index)]; // references stay valid: `visit` may add more
    if (!cached) {
        EVENTSYNC_TRY(cached, prepareScan(scan, set));
    }
    if (!cached.isBusy())
        return run(cached, scan, visit);
    // A scan inside a scan of the same shape.
    EVENTSYNC_TRY(SqliteStatement own, prepareScan(scan, set));
    return run(own, scan, visit);
}

Result<std::unique_ptr<SqliteReader>> SqliteReaderPool::borrow()
{
    {
        const std::lock_guard lock(m_mutex);
        if (!m_idle.empty()) {
            auto reader = std::move(m_idle.back());
            m_idle.pop_back();
            return reader;
        }
    }
    EVENTSYNC_TRY(SqliteConnection connection, SqliteConnection::open(m_path, SqliteConnection::Access::ReadOnly));
    return std::make_unique<SqliteReader>(std::move(connection), m_schema, m_columns);
}

void SqliteReaderPool::giveBack(std::unique_ptr<SqliteReader> reader)
{
    std::unique_ptr<SqliteReader> surplus; // closed outside the lock
    const std::lock_guard lock(m_mutex);
    if (m_idle.size() < m_keep)
        m_idle.push_back(std::move(reader));
    else
        surplus = std::move(reader);
}

void SqliteReaderPool::close()
{
    std::vector<std::unique_ptr<SqliteReader>> closing;
    const std::lock_guard lock(m_mutex);
    m_keep = 0;
    closing.swap(m_idle);
}

Result<std::unique_ptr<ReadView>> SqliteView::open(std::shared_ptr<SqliteReaderPool> pool)
{
    EVENTSYNC_TRY(auto reader, pool->borrow());
    EVENTSYNC_CHECK(reader->begin());
    return std::unique_ptr<ReadView>(new SqliteView(std::move(pool), std::move(reader)));
}

SqliteView::~SqliteView()
{
    m_reader->end();
    m_pool->giveBack(std::move(m_reader));
}

Result<std::optional<Row>> SqliteView::getBy(const std::string &set, const std::string &index, const Key &cells)
{
    std::optional<Row> found;
    Scan one{set, index, cells};
    one.limit = 1;
    EVENTSYNC_CHECK(scan(one, [&](const Row &row) {
        found = row;
        return false;
    }));
    return found;
}

} // namespace eventsync::storage
