// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/sqliteschema.h>

#include <sqlite3.h>

#include <algorithm>

namespace eventsync::storage {

namespace {

const char *typeName(ColumnType type)
{
    switch (type) {
    case ColumnType::Integer:
        return "INTEGER";
    case ColumnType::Text:
        return "TEXT";
    case ColumnType::Blob:
        return "BLOB";
    }
    return "";
}

std::string columnList(const RecordSet &set, const std::vector<std::size_t> &columns)
{
    std::string out;
    for (std::size_t column : columns)
        out += (out.empty() ? "" : ", ") + sqlIdentifier(set.columns[column].name);
    return out;
}

std::string createTable(const SchemaMap::SetEntry &entry)
{
    const RecordSet &set = entry.set;
    const SqliteLayout layout = sqliteLayout(set);
    std::string sql = "CREATE TABLE IF NOT EXISTS " + sqlIdentifier(set.name) + " (";
    for (std::size_t i = 0; i < set.columns.size(); ++i) {
        sql += (i > 0 ? ", " : "") + sqlIdentifier(set.columns[i].name) + " " + typeName(set.columns[i].type);
        if (layout == SqliteLayout::IntegerKey && i == 0)
            sql += " PRIMARY KEY";
        else if (i < set.keyColumns)
            sql += " NOT NULL";
    }
    if (layout == SqliteLayout::Clustered)
        sql += ", PRIMARY KEY (" + columnList(set, entry.keyOrder) + ")) STRICT, WITHOUT ROWID";
    else
        sql += ") STRICT";
    return sql;
}

// A plain index also holds the key, so that a scan finds rows in the order of index and key without sorting. A unique one
// cannot (the key would be part of what must be unique); there SQLite sorts within equal values, which are single or null.
std::string createIndex(const SchemaMap::SetEntry &entry, const SchemaMap::IndexEntry &index)
{
    const bool withKey = !index.unique && sqliteLayout(entry.set) == SqliteLayout::Plain;
    std::string where;
    if (index.sparse) {
        for (const std::size_t column : index.columns)
            where += (where.empty() ? " WHERE " : " AND ") + sqlIdentifier(entry.set.columns[column].name) + " IS NOT NULL";
    }
    return std::string(index.unique ? "CREATE UNIQUE" : "CREATE") + " INDEX IF NOT EXISTS "
        + sqliteIndexName(entry.set.name, index.name) + " ON " + sqlIdentifier(entry.set.name) + " ("
        + columnList(entry.set, withKey ? index.order : index.columns) + ")" + where;
}

// The high-water marks of append-only sets, written when rows of one are erased: then the largest key in the table is not the
// last assigned number any more.
constexpr const char *kPositionsTable = "CREATE TABLE IF NOT EXISTS \"eventsync_positions\" (\"set\" TEXT NOT NULL PRIMARY "
                                        "KEY, \"position\" INTEGER NOT NULL) STRICT, WITHOUT ROWID";

// How many of the set's columns the file has; all of them, unless it may be `older`.
Result<std::size_t> columnCount(const SqliteConnection &connection, const RecordSet &set, bool older)
{
    EVENTSYNC_TRY(SqliteStatement info, connection.prepare("PRAGMA table_info(" + sqlIdentifier(set.name) + ")"));
    std::size_t number = 0;
    bool same = true;
    int code;
    while ((code = info.step()) == SQLITE_ROW) {
        const Cell name = info.column(1), type = info.column(2);
        same = same && number < set.columns.size() && name == Cell(set.columns[number].name)
            && type == Cell(std::string(typeName(set.columns[number].type)));
        ++number;
    }
    if (code != SQLITE_DONE)
        return failure(connection.error(code, "read the columns of " + set.name));
    const bool isPart = older && number >= std::max<std::size_t>(set.keyColumns, 1);
    if (!same || number > set.columns.size() || (number < set.columns.size() && !isPart))
        return failure(ErrorCode::Corrupt, "the table " + set.name + " has other columns than this program's schema");
    return number;
}

struct FileState
{
    std::int64_t version = 0;
    bool isEmpty = false;
};

// Corrupt if it is a database of another program.
Result<bool> isEmptyDatabase(const SqliteConnection &connection)
{
    EVENTSYNC_TRY(const std::int64_t tables, connection.integer("SELECT count(*) FROM sqlite_schema"));
    EVENTSYNC_TRY(const std::int64_t application, connection.integer("PRAGMA application_id"));
    const bool isEmpty = tables == 0 && application == 0;
    if (!isEmpty && application != kSqliteApplicationId)
        return failure(ErrorCode::Corrupt, "the file is a database of another program");
    return isEmpty;
}

Result<FileState> inspect(const SqliteConnection &connection, const SchemaMap &schema)
{
    EVENTSYNC_TRY(const bool isEmpty, isEmptyDatabase(connection));
    EVENTSYNC_TRY(const std::int64_t version, connection.integer("PRAGMA user_version"));
    if (version > schema.version()) {
        return failure(ErrorCode::StoreTooNew, "the store has schema version " + std::to_string(version)
                           + ", this program knows " + std::to_string(schema.version()));
    }
    return FileState{version, isEmpty};
}

Result<> migrate(SqliteConnection &connection, const SchemaMap &schema, std::int64_t version,
                 const std::vector<SqliteMigration> &migrations)
{
    for (std::int64_t to = version + 1; to <= schema.version(); ++to) {
        for (const SqliteMigration &migration : migrations) {
            if (migration.to == to)
                EVENTSYNC_CHECK(migration.run(connection));
        }
    }
    return {};
}

// The tables of an older file get the columns that were added at the end since.
Result<> makeAll(SqliteConnection &connection, const SchemaMap &schema, bool older)
{
    EVENTSYNC_CHECK(connection.execute(kPositionsTable));
    for (const auto &entry : schema.sets()) {
        EVENTSYNC_CHECK(connection.execute(createTable(entry)));
        EVENTSYNC_TRY(const std::size_t columns, columnCount(connection, entry.set, older));
        for (std::size_t i = columns; i < entry.set.columns.size(); ++i)
            EVENTSYNC_CHECK(addSqliteColumn(connection, entry.set.name, entry.set.columns[i]));
        if (sqliteLayout(entry.set) == SqliteLayout::Plain) {
            EVENTSYNC_CHECK(connection.execute("CREATE UNIQUE INDEX IF NOT EXISTS " + sqliteKeyIndexName(entry.set.name)
                                               + " ON " + sqlIdentifier(entry.set.name) + " ("
                                               + columnList(entry.set, entry.keyOrder) + ")"));
        }
        for (const auto &index : entry.indexes)
            EVENTSYNC_CHECK(connection.execute(createIndex(entry, index)));
    }
    EVENTSYNC_CHECK(connection.execute("PRAGMA application_id = " + std::to_string(kSqliteApplicationId)));
    return connection.execute("PRAGMA user_version = " + std::to_string(schema.version()));
}

} // namespace

SqliteLayout sqliteLayout(const RecordSet &set)
{
    if (set.keyColumns == 1 && set.columns[0].type == ColumnType::Integer)
        return SqliteLayout::IntegerKey;
    const bool integers = std::all_of(set.columns.begin() + static_cast<std::ptrdiff_t>(set.keyColumns), set.columns.end(),
                                      [](const Column &column) { return column.type == ColumnType::Integer; });
    return set.smallRows || integers ? SqliteLayout::Clustered : SqliteLayout::Plain;
}

std::string sqliteIndexName(const std::string &set, const std::string &index)
{
    return sqlIdentifier(set + "__" + index);
}

std::string sqliteKeyIndexName(const std::string &set)
{
    return sqlIdentifier(set + "__key");
}

Result<> prepareSqliteSchema(SqliteConnection &connection, const SchemaMap &schema,
                             const std::vector<SqliteMigration> &migrations)
{
    EVENTSYNC_TRY(const FileState state, inspect(connection, schema));
    EVENTSYNC_CHECK(connection.execute("BEGIN IMMEDIATE"));
    const auto change = [&]() -> Result<> {
        if (!state.isEmpty)
            EVENTSYNC_CHECK(migrate(connection, schema, state.version, migrations));
        EVENTSYNC_CHECK(makeAll(connection, schema, !state.isEmpty && state.version < schema.version()));
        return connection.execute("COMMIT");
    };
    Result<> changed = change();
    if (!changed && connection.inTransaction())
        static_cast<void>(connection.execute("ROLLBACK"));
    return changed;
}

Result<> addSqliteColumn(SqliteConnection &connection, const std::string &set, const Column &column)
{
    return connection.execute("ALTER TABLE " + sqlIdentifier(set) + " ADD COLUMN " + sqlIdentifier(column.name) + " "
                              + typeName(column.type));
}

Result<> checkSqliteFile(const SqliteConnection &connection)
{
    EVENTSYNC_TRY(const bool isEmpty, isEmptyDatabase(connection));
    if (isEmpty)
        return failure(ErrorCode::Corrupt, "the file is no store: there is nothing in it");
    return {};
}

Result<SqliteColumnCounts> checkSqliteSchema(const SqliteConnection &connection, const SchemaMap &schema,
                                             const std::vector<SqliteMigration> &migrations)
{
    EVENTSYNC_TRY(const FileState state, inspect(connection, schema));
    const bool isMigrated = std::any_of(migrations.begin(), migrations.end(),
                                        [&](const SqliteMigration &one) { return one.to > state.version && one.to <= schema.version(); });
    if (state.isEmpty || isMigrated)
        return failure(ErrorCode::StoreReadOnly, "the store has schema version " + std::to_string(state.version)
                           + " and cannot be read as it is: open it once for writing with this program, which brings it to version "
                           + std::to_string(schema.version()));
    SqliteColumnCounts counts;
    for (const auto &entry : schema.sets()) {
        EVENTSYNC_TRY(const std::size_t count, columnCount(connection, entry.set, state.version < schema.version()));
        counts.push_back(count);
    }
    return counts;
}

} // namespace eventsync::storage
