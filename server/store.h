// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/metrics.h>
#include <eventsync/eventlog/blockingcommit.h>
#include <eventsync/storage/backend.h>

#include <server/config/configuration.h>

#include <memory>
#include <string>
#include <vector>

namespace eventsync::server {

/// Files that no command may write its output to: those of the store and of the data folder.
std::vector<std::string> reservedFiles(const Configuration &configuration);

/// Whether there is a file of that name to be read: NotFound, or why it cannot be looked at.
Result<> checkIsFile(const std::string &path);

enum class StoreUse { Serve, ReadOnly };

/// The store that a configuration names, with the service's record sets. NotFound for reading one that is not there; what
/// SqliteBackend::open says.
Result<std::unique_ptr<storage::Backend>> openStore(const Configuration &configuration, StoreUse use, Metrics *metrics = nullptr);

using eventlog::commitAndWait;

/// When this history began: at the store's first use, or at its last restore. Said to people in `welcome` and in logs.
Result<std::string> ensureEpoch(storage::Backend &backend, const Clock &clock);
Result<std::string> storedEpoch(storage::ReadView &view); ///< NotFound in a store that no server has opened
Result<> beginEpoch(storage::Backend &backend, const Clock &clock);

} // namespace eventsync::server
