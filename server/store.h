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

/// Whether there is a file of that name to be read: NotFound, or the error of accessing it.
Result<> checkIsFile(const std::string &path);

/// Whether a command changes the store.
enum class StoreUse { Serve, ReadOnly };

/// The store that a configuration names, with the service's record sets. NotFound for reading one that does not exist; errors
/// of SqliteBackend::open.
Result<std::unique_ptr<storage::Backend>> openStore(const Configuration &configuration, StoreUse use, Metrics *metrics = nullptr);

using eventlog::commitAndWait;

/// The beginning of this history: the store's first use, or its last restore. Reported in `welcome` and in logs.
Result<std::string> ensureEpoch(storage::Backend &backend, const Clock &clock);
Result<std::string> storedEpoch(storage::ReadView &view); ///< NotFound in a store that no server has opened
Result<> beginEpoch(storage::Backend &backend, const Clock &clock);

} // namespace eventsync::server
