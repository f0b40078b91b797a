// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <server/http/router.h>

namespace eventsync::server {

/// GET /: the web page; GET /web/{file} and /web/client/{file}: its files, and the JavaScript client (resources/web). All files
/// are compiled into the program. Every answer has a Content-Security-Policy that allows nothing but these files and this
/// server, and a tag, so that caches do not show a page of an earlier version.
void addWebRoutes(Router &router);

} // namespace eventsync::server
