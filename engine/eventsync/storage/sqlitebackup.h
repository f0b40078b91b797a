// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/sqliteconnection.h>

#include <functional>
#include <string>

namespace eventsync::storage {

// Copies the database that `source` shows into the file `path`, which takes its name only when it is whole and on the disk.
// `source` stands in a read transaction: so the copy is of one moment, and what is committed meanwhile does not make SQLite
// begin again.
Result<> copySqliteDatabase(SqliteConnection &source, const std::string &path, const std::function<void(int percent)> &progress);

} // namespace eventsync::storage
