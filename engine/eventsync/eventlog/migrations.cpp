// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/migrations.h>

#include <eventsync/eventlog/schema.h>

namespace eventsync::eventlog {

namespace {

Result<> addChecksums(storage::SqliteConnection &connection)
{
    for (const char *set : {sets::kEvents, sets::kDocuments, sets::kSnapshots})
        EVENTSYNC_CHECK(storage::addSqliteColumn(connection, set, {kChecksumColumn, storage::ColumnType::Integer}));
    return {};
}

} // namespace

std::vector<storage::SqliteMigration> migrations()
{
    return {{2, addChecksums}};
}

} // namespace eventsync::eventlog
