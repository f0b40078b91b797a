// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/sqliteschema.h>

#include <vector>

namespace eventsync::eventlog {

/// Migrations of a store from earlier versions of schema() to the current one, for code that opens a store for writing.
///   2: the column `checksum` of events, documents and snapshots, empty in existing rows
///   3: the same of vector_clocks and state_vectors, and the index of vector_clocks by client
std::vector<storage::SqliteMigration> migrations();

} // namespace eventsync::eventlog
