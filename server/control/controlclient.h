// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>

#include <functional>
#include <optional>
#include <string>

namespace eventsync::server {

using Progress = std::function<void(const json::Object &progress)>;

/// Sends a request to the server that runs on a data folder and waits for its answer; nullopt if none runs. An error of the
/// server is returned as the error.
Result<std::optional<json::Object>> askRunningServer(const std::string &dataFolder, const json::Object &request,
                                                     const Progress &progress);

} // namespace eventsync::server
