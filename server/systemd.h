// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace eventsync::server {

/// Tells systemd, if it started this process with Type=notify: "READY=1", "STOPPING=1", "STATUS=...". Nothing happens
/// elsewhere.
void notifySystemd(std::string text);

/// How often systemd wants to hear "WATCHDOG=1" from this process, twice within its WatchdogSec; nullopt: it does not.
std::optional<std::chrono::milliseconds> watchdogInterval();

} // namespace eventsync::server
