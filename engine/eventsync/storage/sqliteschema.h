// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/schemamap.h>
#include <eventsync/storage/sqliteconnection.h>

#include <functional>
#include <vector>

namespace eventsync::storage {

/// Turns a store of an older schema version into `to`. Runs inside the transaction that ends with the new version in place,
/// before sets that are missing are made; an error leaves the file as it was.
struct SqliteMigration
{
    int to = 0;
    std::function<Result<>(SqliteConnection &)> run;
};

/// "EvSy": what `file` and we know our databases by.
constexpr std::int64_t kSqliteApplicationId = 0x45765379;

/// How sets lie in SQLite. One STRICT table per set, its indexes named "<set>__<index>".
///   a key of one integer        INTEGER PRIMARY KEY: rows lie in the key's order
///   smallRows, or all integers  WITHOUT ROWID: rows lie within the key's tree
///   otherwise                   a rowid table and the unique index "<set>__key": large rows stay out of the key's tree
enum class SqliteLayout { IntegerKey, Clustered, Plain };
SqliteLayout sqliteLayout(const RecordSet &set);
std::string sqliteIndexName(const std::string &set, const std::string &index); ///< quoted
std::string sqliteKeyIndexName(const std::string &set);                        ///< quoted; of a Plain set

/// Makes an empty file into a store, brings an older one up, makes sets and indexes that are missing. StoreTooNew; Corrupt for
/// a database that is not EventSync's or whose tables are not those of the schema; what the migrations say. ReadWrite only.
Result<> prepareSqliteSchema(SqliteConnection &connection, const SchemaMap &schema,
                             const std::vector<SqliteMigration> &migrations);

/// For a migration: a column at the end of a set that is there, null in its rows.
Result<> addSqliteColumn(SqliteConnection &connection, const std::string &set, const Column &column);

/// Corrupt unless it is a store, of whatever version.
Result<> checkSqliteFile(const SqliteConnection &connection);

/// The check of prepareSqliteSchema() without changing anything, for read-only use: an older file is StoreReadOnly.
Result<> checkSqliteSchema(const SqliteConnection &connection, const SchemaMap &schema);

} // namespace eventsync::storage
