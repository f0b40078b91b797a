// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace eventsync::server {

// Tells systemd, if it started this process with Type=notify: "READY=1", "STOPPING=1". Nothing happens elsewhere.
void notifySystemd(const char *state);

} // namespace eventsync::server
