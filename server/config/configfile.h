// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/maintenance.h>
#include <eventsync/model/collectionpolicy.h>

#include <server/config/settings.h>

#include <map>
#include <string>
#include <string_view>

namespace eventsync::server {

/// A configuration file (TOML): the options by their names, and a table per collection:
///   listen = ["127.0.0.1:8080", "[::1]:8080"]
///   [collections.accounts]
///   merge = "fields"
///   schema-file = "accounts.schema.json"                     # beside the configuration, or schema = {...}
///   paths = {"/balance" = {rule = "counter", min = 0}}
///   compact = {keep = 1000, every = "1h"}                    # what is done for its logs without anybody asking
///   snapshot = {every = 1000}
struct ConfigFile
{
    Settings settings;
    std::map<CollectionName, CollectionPolicy> collections; ///< a table that speaks of logs only is none
    eventlog::MaintenanceRules maintenance;
};

/// NotFound or IoError for the file, InvalidValue with line and column, or with the collection's name, for what it says.
Result<ConfigFile> readConfigFile(const std::string &path);
/// `folder` is where a schema-file is looked for.
Result<ConfigFile> parseConfigFile(std::string_view text, const std::string &name, const std::string &folder);

} // namespace eventsync::server
