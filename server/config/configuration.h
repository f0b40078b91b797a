// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>
#include <eventsync/base/result.h>
#include <eventsync/eventlog/maintenance.h>
#include <eventsync/model/collectionpolicy.h>
#include <eventsync/storage/sqlitebackend.h>

#include <server/config/settings.h>
#include <server/http/originpolicy.h>
#include <server/limits.h>
#include <server/logging.h>

#include <QHostAddress>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace eventsync::server {

/// Where the server listens. Port 0: a free one.
struct ListenAddress
{
    QHostAddress address = QHostAddress(QHostAddress::LocalHost);
    std::uint16_t port = 0;
};

/// Where the store is.
struct StoreLocation
{
    enum class Kind { Memory, Sqlite };
    Kind kind = Kind::Sqlite;
    std::string path = {}; ///< of a file; empty: "eventsync.sqlite" in the data folder
};

/// The checked configuration of a server. Value type.
struct Configuration
{
    std::vector<ListenAddress> listen;
    std::string portFile;
    StoreLocation store;
    std::string dataFolder;
    bool beginStore = false; ///< create the store if its file is empty
    storage::SqliteBackend::Durability durability = storage::SqliteBackend::Durability::Full;
    OriginOptions origins;
    std::size_t maxConnections = limits::kServerConnections;
    std::size_t maxMemory = limits::kMemoryBytes; ///< in bytes
    LogOptions log;
    std::map<CollectionName, CollectionPolicy> collections; ///< beside the built-in one of `games`
    eventlog::MaintenanceRules maintenance;

    std::string storePath() const;  ///< of a SQLite store
    Policies policies() const;
};

/// Makes the configuration from the combined settings of file, environment and command line. InvalidValue, naming the option.
Result<Configuration> configurationFrom(const Settings &settings);

/// Warnings about a probably unintended configuration, a sentence each. `isRoot`: the process runs as root.
std::vector<std::string> warningsOf(const Configuration &configuration, bool isRoot);

/// "127.0.0.1:8080", "[::1]:0", "localhost:80", "*:8080".
Result<ListenAddress> listenAddressFrom(std::string_view text);
Result<StoreLocation> storeLocationFrom(std::string_view url);

/// All sources in their order: command line, environment, file, default. `file` is --config's; the default one may be absent.
struct ConfigurationSources
{
    Settings commandLine;
    std::function<std::optional<std::string>(const std::string &)> environment;
    std::string defaultFile = "/etc/eventsync/server.toml";
};
std::optional<std::string> environmentVariable(const std::string &name); ///< of this process
Result<Configuration> loadConfiguration(const ConfigurationSources &sources);

} // namespace eventsync::server
