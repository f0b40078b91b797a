// SPDX-License-Identifier: Apache-2.0
#include <server/limits.h>
#include <server/problem.h>
#include <server/routes/context.h>
#include <server/routes/exchange.h>

#include <eventsync/json/limits.h>
#include <eventsync/model/limits.h>

#include <QTimer>

#include <memory>

namespace eventsync::server {

namespace {

void exchange(RouteContext &context, const HttpRequest &request, const Responder &responder)
{
    const auto id = documentParameter(request);
    if (!id)
        return responder.fail(id.error());
    const auto value = parseBody(request, {.bytes = limits::kHttpBodyBytes,
                                           .depth = limits::kDepth + limits::kEventDepthExtra + limits::kFrameDepthExtra});
    if (!value)
        return responder.fail(value.error());
    auto wanted = exchangeRequestFrom(*value, *id);
    if (!wanted)
        return responder.fail(wanted.error());
    auto running = std::make_shared<std::weak_ptr<Exchange>>(); // the engine thread's
    const auto cancel = [&context, running](Error error) {
        context.engine.post([running, error](sync::SyncService &) {
            if (const auto exchange = running->lock())
                exchange->cancel(error);
        });
    };
    QTimer::singleShot(limits::kExchangeTime, &context.owner, [cancel] { cancel({ErrorCode::Timeout, "the exchange took too long"}); });
    responder.onClosed([cancel] { cancel({ErrorCode::Cancelled, "the client has gone"}); });
    context.engine.ask<Result<Bytes>>(
        [&context, running, wanted = std::move(*wanted), peer = request.peer](sync::SyncService &service, auto done) {
            *running = Exchange::start(service, context.engine.executor(), wanted, peer, done);
        },
        [responder](Result<Bytes> answer) {
            if (!answer)
                return responder.fail(answer.error());
            HttpResponse response = HttpResponse::json(std::move(*answer));
            response.headers.add("Cache-Control", "no-store");
            responder.respond(std::move(response));
        });
}

} // namespace

void addExchangeRoute(Router &router, RouteContext &context)
{
    router.post("/api/sync/{id}", [&context](const HttpRequest &request, const Responder &responder) {
        exchange(context, request, responder);
    });
}

} // namespace eventsync::server
