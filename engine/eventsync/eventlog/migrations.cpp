// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/migrations.h>

#include <eventsync/eventlog/schema.h>

#include <utility>

namespace eventsync::eventlog {

namespace {

std::function<Result<>(storage::SqliteConnection &)> addChecksums(std::vector<const char *> sets)
{
    return [sets = std::move(sets)](storage::SqliteConnection &connection) -> Result<> {
        for (const char *set : sets)
            EVENTSYNC_CHECK(storage::addSqliteColumn(connection, set, {kChecksumColumn, storage::ColumnType::Integer}));
        return {};
    };
}

} // namespace

std::vector<storage::SqliteMigration> migrations()
{
    return {{.to = 2, .run = addChecksums({sets::kEvents, sets::kDocuments, sets::kSnapshots}), .addsNullsOnly = true},
            {.to = 3, .run = addChecksums({sets::kVectorClocks, sets::kStateVectors}), .addsNullsOnly = true}};
}

} // namespace eventsync::eventlog
