// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <server/http/httpserver.h>
#include <server/routes/context.h>
#include <server/sessions/sessions.h>
#include <server/storewatch.h>

namespace eventsync::server {

/// GET /healthz: this process answers. GET /readyz: its engine answers too, its store accepts edits, and it is not stopping.
/// GET /metrics. GET /api/openapi.json: what every route takes and answers (OpenAPI 3.1), from resources/web.
struct StatusSources
{
    HttpServer &http;
    Sessions &sessions;
    const StoreWatch &store;
    const bool &isStopping;
};
void addStatusRoutes(Router &router, RouteContext &context, const StatusSources &sources);

} // namespace eventsync::server
