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

Result<ExchangeRequest> wantedBy(const HttpRequest &request, const DocumentId &id)
{
    EVENTSYNC_TRY(const json::Value value,
                  parseBody(request, {.bytes = limits::kHttpBodyBytes,
                                      .depth = limits::kDepth + limits::kEventDepthExtra + limits::kFrameDepthExtra}));
    return exchangeRequestFrom(value, id);
}

void carryOut(RouteContext &context, const Responder &responder, const std::string &peer, Result<ExchangeRequest> wanted)
{
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
        [&context, running, wanted = std::move(*wanted), peer](sync::SyncService &service, auto done) {
            *running = Exchange::start(service, context.engine.executor(), wanted, peer, done);
        },
        [&context, responder](Result<Bytes> answer) {
            if (!answer)
                return responder.fail(answer.error());
            HttpResponse response = HttpResponse::json(std::move(*answer));
            response.headers.add("Cache-Control", "no-store");
            respondWithLarge(context, responder, std::move(response));
        });
}

void exchange(RouteContext &context, const HttpRequest &request, const Responder &responder)
{
    const auto id = documentParameter(request);
    if (!id)
        return responder.fail(id.error());
    if (request.body.size() <= limits::kLightMessageBytes)
        return carryOut(context, responder, request.peer, wantedBy(request, *id));
    context.engine.compute<ExchangeRequest>(
        request.peer, [request, id = *id] { return wantedBy(request, id); },
        [&context, responder, peer = request.peer](Result<ExchangeRequest> wanted) {
            carryOut(context, responder, peer, std::move(wanted));
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
