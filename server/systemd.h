// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace eventsync::server {

/// Notifies systemd, if it started this process with Type=notify: "READY=1", "STOPPING=1", "STATUS=...". Does nothing
/// otherwise.
void notifySystemd(std::string text);

/// The interval at which systemd expects "WATCHDOG=1" from this process, half of its WatchdogSec; nullopt: it does not.
std::optional<std::chrono::milliseconds> watchdogInterval();

} // namespace eventsync::server
