// SPDX-License-Identifier: Apache-2.0
#include <server/routes/context.h>

#include <eventsync/base/cancelsource.h>
#include <eventsync/json/heldbytes.h>
#include <eventsync/json/limits.h>

#include <server/http/gzip.h>
#include <server/limits.h>
#include <server/problem.h>

namespace eventsync::server {

namespace {

HttpResponse withBody(const HttpResponse &head, const json::Value &value)
{
    HttpResponse response = HttpResponse::json(json::canonical(value), head.status);
    response.headers.add("Cache-Control", "no-cache");
    for (const auto &[name, text] : head.headers.fields())
        response.headers.add(name, text);
    return response;
}

HttpResponse withGzip(HttpResponse response, bool takesGzip)
{
    if (takesGzip && response.body.size() > limits::kHttpGzipHereBytes)
        response.gzippedBody = gzipped(response.body);
    return response;
}

// Answers with what `make` returns on the compute thread.
void respondWithComputed(const RouteContext &context, const Responder &responder, std::function<HttpResponse()> make)
{
    context.engine.compute<HttpResponse>(
        responder.peer(), [make = std::move(make), takesGzip = responder.takesGzip()] { return withGzip(make(), takesGzip); },
        [responder](Result<HttpResponse> response) {
            if (response)
                responder.respond(std::move(*response));
            else
                responder.fail(response.error());
        });
}

} // namespace

void respondWithLarge(const RouteContext &context, const Responder &responder, Result<HttpResponse> response)
{
    if (!response)
        return responder.fail(response.error());
    if (!responder.takesGzip() || response->body.size() <= limits::kHttpGzipHereBytes)
        return responder.respond(std::move(*response));
    respondWithComputed(context, responder, [response = std::move(*response)] { return response; });
}

void respondWithJson(const RouteContext &context, const Responder &responder, json::Value value, HttpResponse head)
{
    if (!json::holdsMoreThan(value, limits::kLightMessageBytes))
        return responder.respond(withBody(head, value));
    respondWithComputed(context, responder, [value = std::make_shared<const json::Value>(std::move(value)), head = std::move(head)] {
        return withBody(head, *value);
    });
}

void respondWithDocument(const RouteContext &context, const Responder &responder, const CollectionName &collection, json::Value state,
                         ServerSeq version, HttpResponse head)
{
    head.headers.add("ETag", etagOf(version.value()));
    respondWithJson(context, responder, context.policies.of(collection).withEngineFields(std::move(state), version), std::move(head));
}

Result<std::optional<std::int64_t>> integerParameter(const HttpRequest &request, std::string_view name, std::int64_t min)
{
    const auto text = request.queryValue(name);
    if (!text)
        return std::nullopt;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc() || end != text->data() + text->size() || number < min || number > limits::kMaxInteger)
        return failure(ErrorCode::InvalidMessage, std::string(name) + " is not a number from " + std::to_string(min));
    return number;
}

Result<json::Value> parseBody(const HttpRequest &request, const json::ParseLimits &limits)
{
    const auto largeIntegers = request.queryValue("largeIntegers").value_or("refuse");
    if (largeIntegers != "refuse" && largeIntegers != "round")
        return failure(ErrorCode::InvalidMessage, "largeIntegers is refuse or round");
    return largeIntegers == "round" ? json::parse(request.body, limits) : json::parseUnrounded(request.body, limits);
}

Result<DocumentId> documentParameter(const HttpRequest &request, std::string_view name)
{
    return documentIdFrom(request.parameter(name));
}

Result<CollectionName> collectionParameter(const HttpRequest &request)
{
    return collectionNameFrom(request.parameter("collection"));
}

storage::Queries::Requester requesterOf(const HttpRequest &request, const Responder &responder)
{
    const auto gone = std::make_shared<CancelSource>(); // lives until the answer or the end of the connection
    responder.onClosed([gone] { gone->cancel(); });
    return storage::Queries::Requester::at(request.peer, gone->token());
}

Error noSuchDocument(const DocumentId &id)
{
    return {ErrorCode::NotFound, "there is no document " + id.text() + " here"};
}

} // namespace eventsync::server
