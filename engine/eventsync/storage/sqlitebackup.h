// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/outputfile.h>
#include <eventsync/storage/sqliteconnection.h>

#include <functional>
#include <string>
#include <vector>

namespace eventsync::storage {

/// The files that make up the store `path`, with its lock; not all of them are there at each moment.
std::vector<std::string> sqliteStoreFiles(const std::string &path);

/// Copies the database that `source` shows into `target`, which is regular and not yet committed.
/// `source` stands in a read transaction: so the copy is of one moment, and what is committed meanwhile does not make SQLite
/// begin again.
Result<> copySqliteDatabase(SqliteConnection &source, const OutputFile &target, const std::function<void(int percent)> &progress);

/// The same of a store by its path, what lies in its write-ahead log included, whether another process has it open or not.
/// Corrupt for a file that is no store.
Result<> copySqliteStore(const std::string &path, const OutputFile &target, const std::function<void(int percent)> &progress);

} // namespace eventsync::storage
