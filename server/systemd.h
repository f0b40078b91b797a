// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace eventsync::server {

// Tells systemd, if it started this process with Type=notify: "READY=1", "STOPPING=1", "STATUS=...". Nothing happens
// elsewhere.
void notifySystemd(std::string text);

} // namespace eventsync::server
