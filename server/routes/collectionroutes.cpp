// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/filter.h>
#include <eventsync/protocol/messages.h>
#include <eventsync/storage/limits.h>

#include <server/problem.h>
#include <server/routes/context.h>

namespace eventsync::server {

namespace {

tl::unexpected<Error> wrong(std::string_view parameter, Error error)
{
    error.message = std::string(parameter) + ": " + error.message;
    return failure(std::move(error));
}

Result<protocol::ListQuery> listQueryFrom(const HttpRequest &request)
{
    protocol::ListQuery query;
    EVENTSYNC_TRY(query.collection, collectionParameter(request));
    if (const auto text = request.queryValue("filter")) {
        auto value = json::parse(*text);
        if (!value)
            return wrong("filter", value.error());
        auto filter = json::Filter::fromJson(*value);
        if (!filter)
            return wrong("filter", filter.error());
        query.filter = std::move(*filter);
    }
    if (const auto text = request.queryValue("sort")) {
        auto keys = json::sortKeysFrom(*text);
        if (!keys)
            return wrong("sort", keys.error());
        query.sort = std::move(*keys);
    }
    if (const auto text = request.queryValue("fields")) {
        auto fields = json::fieldsFrom(*text);
        if (!fields)
            return wrong("fields", fields.error());
        query.fields = std::move(*fields);
    }
    EVENTSYNC_TRY(query.limit, integerParameter(request, "limit", 1));
    if (query.limit && *query.limit > static_cast<std::int64_t>(limits::kPageItems))
        return failure(ErrorCode::InvalidMessage, "limit is at most " + std::to_string(limits::kPageItems));
    if (const auto token = request.queryValue("pageToken"))
        query.pageToken = std::string(*token);
    return query;
}

} // namespace

void addCollectionRoutes(Router &router, RouteContext &context)
{
    router.get("/api/{collection}", [&context](const HttpRequest &request, const Responder &responder) {
        auto query = listQueryFrom(request);
        if (!query)
            return responder.fail(query.error());
        context.engine.ask<protocol::QueryResult>(
            [query = *query, requester = requesterOf(request, responder)](sync::SyncService &service, auto done) {
                service.query({.requestId = "list", .query = query}, done, requester);
            },
            [&context, responder](protocol::QueryResult result) {
                if (result.code)
                    responder.fail({*result.code, result.reason.value_or("")});
                else
                    respondWithJson(context, responder, std::move(result.content));
            });
    });
}

} // namespace eventsync::server
