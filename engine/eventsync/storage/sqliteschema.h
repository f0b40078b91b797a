// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/schemamap.h>
#include <eventsync/storage/sqliteconnection.h>

#include <functional>
#include <vector>

namespace eventsync::storage {

/// Turns a store of an older schema version into `to`, where the new version does more than add sets, indexes, and columns at the
/// end of sets: those are added to an older store without a migration, the columns null in the rows that are there. Runs inside the
/// transaction that sets the new version, before what is missing is added; an error leaves the file unchanged.
struct SqliteMigration
{
    int to = 0;
    std::function<Result<>(SqliteConnection &)> run;
};

/// "EvSy": the application id by which EventSync and `file` recognise a database.
constexpr std::int64_t kSqliteApplicationId = 0x45765379;

/// How sets are stored in SQLite. One STRICT table per set, its indexes named "<set>__<index>".
///   a key of one integer        INTEGER PRIMARY KEY: rows are in the key's order
///   smallRows, or all integers  WITHOUT ROWID: rows are in the key's tree
///   otherwise                   a rowid table and the unique index "<set>__key": large rows stay out of the key's tree
enum class SqliteLayout { IntegerKey, Clustered, Plain };
SqliteLayout sqliteLayout(const RecordSet &set);
std::string sqliteIndexName(const std::string &set, const std::string &index); ///< quoted
std::string sqliteKeyIndexName(const std::string &set);                        ///< quoted; of a Plain set

/// Initialises an empty file, migrates an older store, and adds missing sets, columns and indexes. StoreTooNew; Corrupt for a
/// database that is not EventSync's or whose tables differ from the schema; errors of the migrations. ReadWrite only.
Result<> prepareSqliteSchema(SqliteConnection &connection, const SchemaMap &schema,
                             const std::vector<SqliteMigration> &migrations);

/// For a migration: adds a column at the end of an existing set, null in its rows.
Result<> addSqliteColumn(SqliteConnection &connection, const std::string &set, const Column &column);

/// Corrupt unless it is a store, of any version.
Result<> checkSqliteFile(const SqliteConnection &connection);

/// How many columns each set has in a file, in the order of the schema's sets. Those that are missing are null in every row.
using SqliteColumnCounts = std::vector<std::size_t>;

/// The check of prepareSqliteSchema() without changing anything, for read-only use. An older file is read as it is if no migration
/// leads from its version; otherwise it is StoreReadOnly, which says what to do.
Result<SqliteColumnCounts> checkSqliteSchema(const SqliteConnection &connection, const SchemaMap &schema,
                                             const std::vector<SqliteMigration> &migrations);

} // namespace eventsync::storage
