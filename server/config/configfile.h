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
///   compact = {keep = 1000, every = "1h"}                    # automatic compaction
///   snapshot = {every = 1000}
struct ConfigFile
{
    Settings settings;
    std::map<CollectionName, CollectionPolicy> collections; ///< a table with rules for logs only is not included
    eventlog::MaintenanceRules maintenance;
};

/// NotFound or IoError for the file, InvalidValue with line and column, or with the collection's name, for its content.
Result<ConfigFile> readConfigFile(const std::string &path);
/// `folder`: the folder of schema files.
Result<ConfigFile> parseConfigFile(std::string_view text, const std::string &name, const std::string &folder);

} // namespace eventsync::server
