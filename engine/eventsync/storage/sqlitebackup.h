// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/outputfile.h>
#include <eventsync/storage/sqliteconnection.h>

#include <functional>
#include <string>
#include <vector>

namespace eventsync::storage {

/// The files of the store `path`, with its lock; not all of them exist at each moment.
std::vector<std::string> sqliteStoreFiles(const std::string &path);

/// Copies the database that `source` shows into `target`, which is regular and not yet committed. `source` is in a read
/// transaction, so the copy is of one moment, and commits meanwhile do not make SQLite start again.
Result<> copySqliteDatabase(SqliteConnection &source, const OutputFile &target, const std::function<void(int percent)> &progress);

/// The same for a store by its path, including its write-ahead log. Another process may have it open. Corrupt for a file that
/// is not a store.
Result<> copySqliteStore(const std::string &path, const OutputFile &target, const std::function<void(int percent)> &progress);

} // namespace eventsync::storage
