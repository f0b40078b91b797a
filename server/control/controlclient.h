// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>

#include <functional>
#include <optional>
#include <string>

namespace eventsync::server {

using Progress = std::function<void(const json::Object &progress)>;

/// Asks the server that runs on a data folder and waits for its answer; nullopt if none runs there. What the server
/// answered with comes as the error.
Result<std::optional<json::Object>> askRunningServer(const std::string &dataFolder, const json::Object &request,
                                                     const Progress &progress);

} // namespace eventsync::server
