// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/sqliteschema.h>

#include <vector>

namespace eventsync::eventlog {

/// Migrations of a store from earlier versions of schema() to the current one, for code that opens a store for writing.
///   2: the column `checksum`, empty in existing rows
std::vector<storage::SqliteMigration> migrations();

} // namespace eventsync::eventlog
