// SPDX-License-Identifier: Apache-2.0
#include <server/routes/statusroutes.h>

#include <server/limits.h>
#include <server/problem.h>

#include <QFile>
#include <QTimer>

#include <memory>

namespace eventsync::server {

namespace {

void ready(RouteContext &context, const StatusSources &sources, const Responder &responder)
{
    if (sources.isStopping)
        return responder.fail({ErrorCode::ShuttingDown, "the server is stopping"});
    if (const std::optional<Error> error = sources.store.problem())
        return responder.respond(problem(*error, {.status = 503}));
    auto answered = std::make_shared<bool>(false);
    const auto answer = [answered, responder](HttpResponse response) {
        if (!std::exchange(*answered, true))
            responder.respond(std::move(response));
    };
    QTimer::singleShot(limits::kReadyTime, &context.owner, [answer] { answer(problem({ErrorCode::Timeout, "the engine does not answer"})); });
    context.engine.ask<bool>([](sync::SyncService &, auto done) { done(true); },
                             [answer](bool) { answer(HttpResponse::text("ready\n")); });
}

void respondWithResource(const Responder &responder, const char *name, HttpHeaders headers)
{
    QFile file(QStringLiteral(":/eventsync/web/") + QLatin1String(name));
    if (!file.open(QIODevice::ReadOnly))
        return responder.fail({ErrorCode::NotFound, "this build has no " + std::string(name)});
    responder.respond({200, std::move(headers), file.readAll().toStdString()});
}

void updateGauges(Metrics &metrics, const StatusSources &sources)
{
    const HttpServerStats stats = sources.http.stats();
    const auto set = [&](const char *name, const char *help, std::uint64_t value) {
        metrics.gauge(name, help).set(static_cast<std::int64_t>(value));
    };
    set("eventsync_http_requests", "HTTP requests since the start", stats.requests);
    set("eventsync_http_received_bytes", "Bytes of HTTP requests since the start", stats.bytesReceived);
    set("eventsync_http_sent_bytes", "Bytes of HTTP answers since the start", stats.bytesSent);
    set("eventsync_sockets", "Sockets open now, of every kind", stats.sockets);
    set("eventsync_unsent_bytes", "Bytes that sessions have not yet given to their peers", sources.sessions.unsentBytes());
    set("eventsync_engine_queue_bytes", "Bytes of received messages that wait for the engine", sources.sessions.unhandledBytes());
}

} // namespace

void addStatusRoutes(Router &router, RouteContext &context, const StatusSources &sources)
{
    router.get("/healthz", [](const HttpRequest &, const Responder &responder) { responder.respond(HttpResponse::text("ok\n")); });
    router.get("/readyz", [&context, sources](const HttpRequest &, const Responder &responder) {
        ready(context, sources, responder);
    });
    router.get("/metrics", [&context, sources](const HttpRequest &, const Responder &responder) {
        updateGauges(context.metrics, sources);
        responder.respond({200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, context.metrics.toPrometheus()});
    });
    router.get("/api/openapi.json", [](const HttpRequest &, const Responder &responder) {
        respondWithResource(responder, "openapi.json", {{"Content-Type", "application/json"}});
    });
}

} // namespace eventsync::server
