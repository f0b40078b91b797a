// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/schema.h>

namespace eventsync::eventlog {

using storage::ColumnType;

namespace {

const storage::Column kChecksum{kChecksumColumn, ColumnType::Integer};

} // namespace

const storage::Schema &schema()
{
    static const storage::Schema schema{3, {
        {.name = sets::kEvents,
         .columns = {{"position", ColumnType::Integer}, {"document", ColumnType::Integer}, {"server_seq", ColumnType::Integer},
                     {"id", ColumnType::Blob}, {"first_id", ColumnType::Blob}, {"client_id", ColumnType::Text},
                     {"client_seq", ColumnType::Integer}, {"chain", ColumnType::Blob}, {"push_mark", ColumnType::Blob},
                     {"digest", ColumnType::Blob}, {"footprint", ColumnType::Blob}, {"inverse", ColumnType::Text},
                     {"body", ColumnType::Text}, kChecksum},
         .indexes = {{"order", {"document", "server_seq"}, true}, {"id", {"id"}, true}, {"first_id", {"first_id"}, true, true}},
         .appendOnly = true},
        {.name = sets::kIds,
         .columns = {{"id", ColumnType::Blob}, {"document", ColumnType::Integer}, {"server_seq", ColumnType::Integer},
                     {"logged", ColumnType::Blob}, {"push_mark", ColumnType::Blob}}},
        {.name = sets::kDocuments,
         .columns = {{"document_id"}, {"number", ColumnType::Integer}, {"collection"}, {"kind"},
                     {"server_seq", ColumnType::Integer}, {"chain", ColumnType::Blob}, {"horizon", ColumnType::Integer},
                     {"base_chain", ColumnType::Blob}, {"position", ColumnType::Integer}, {"deleted", ColumnType::Integer},
                     {"created_at", ColumnType::Integer}, {"updated_at", ColumnType::Integer},
                     {"snapshot_seq", ColumnType::Integer}, {"state"}, kChecksum},
         .indexes = {{"number", {"number"}, true}, {"collection", {"collection", "document_id"}, false},
                     {"changes", {"collection", "position"}, false}}},
        {.name = sets::kSnapshots,
         .columns = {{"document", ColumnType::Integer}, {"server_seq", ColumnType::Integer}, {"chain", ColumnType::Blob},
                     {"kind"}, {"vector_clock"}, {"created_at", ColumnType::Integer}, {"state"}, kChecksum},
         .keyColumns = 2},
        {.name = sets::kVectorClocks,
         .columns = {{"document", ColumnType::Integer}, {"client_id"}, {"client_seq", ColumnType::Integer}, kChecksum},
         .keyColumns = 2,
         .indexes = {{"client", {"client_id"}, false}}},
        {.name = sets::kStateVectors,
         .columns = {{"document", ColumnType::Integer}, {"client_id"}, {"server_seq", ColumnType::Integer}, {"vector_clock"},
                     {"at", ColumnType::Integer}, kChecksum},
         .keyColumns = 2,
         .indexes = {{"client", {"client_id"}, false}}},
        {.name = sets::kClients,
         .columns = {{"client_id"}, {"kind"}, {"secret", ColumnType::Blob}, {"principal"},
                     {"created_at", ColumnType::Integer}, {"last_seen", ColumnType::Integer}, {"expired", ColumnType::Integer}},
         .indexes = {{"seen", {"expired", "last_seen"}, false}}},
        {.name = sets::kIdempotency,
         .columns = {{"key"}, {"answer"}, {"expires_at", ColumnType::Integer}},
         .indexes = {{"expires", {"expires_at"}, false}}},
        {.name = sets::kMeta, .columns = {{"name"}, {"value", ColumnType::Integer}}},
    }};
    return schema;
}

namespace {

tl::unexpected<Error> wrongCell(std::size_t column, const char *wanted)
{
    return failure(ErrorCode::Corrupt, "column " + std::to_string(column) + " of a stored row is no " + wanted);
}

} // namespace

Result<std::int64_t> integerOf(const storage::Row &row, std::size_t column)
{
    if (column < row.size()) {
        if (const auto *n = std::get_if<std::int64_t>(&row[column]))
            return *n;
    }
    return wrongCell(column, "integer");
}

Result<Timestamp> timeOf(const storage::Row &row, std::size_t column)
{
    EVENTSYNC_TRY(const std::int64_t milliseconds, integerOf(row, column));
    const auto time = timestampFrom(milliseconds);
    if (!time)
        return wrongCell(column, "time");
    return time;
}

Result<std::string_view> textOf(const storage::Row &row, std::size_t column)
{
    if (column < row.size()) {
        if (const auto *text = std::get_if<std::string>(&row[column]))
            return std::string_view(*text);
    }
    return wrongCell(column, "text");
}

Result<std::string_view> blobOf(const storage::Row &row, std::size_t column)
{
    if (column < row.size()) {
        if (const auto *blob = std::get_if<storage::Blob>(&row[column]))
            return std::string_view(blob->bytes);
    }
    return wrongCell(column, "blob");
}

} // namespace eventsync::eventlog
