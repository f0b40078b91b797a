// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/sqliteschema.h>

#include <vector>

namespace eventsync::eventlog {

/// What brings a store of an earlier version of schema() to the present one; given to whatever opens one for writing.
///   2: the column `checksum`, empty in the rows that are there
std::vector<storage::SqliteMigration> migrations();

} // namespace eventsync::eventlog
