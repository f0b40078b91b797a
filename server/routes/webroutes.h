// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <server/http/router.h>

namespace eventsync::server {

/// GET /: the web page; GET /web/{file} and /web/client/{file}: what it consists of, and the JavaScript client as it is
/// (resources/web). All of it is in the program. Every answer has a Content-Security-Policy that allows nothing but these files
/// and this server, and a tag, so that a page of an earlier version is not shown again.
void addWebRoutes(Router &router);

} // namespace eventsync::server
