// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/encoding.h>
#include <eventsync/eventlog/eventstore.h>

#include <server/limits.h>
#include <server/problem.h>
#include <server/routes/context.h>
#include <server/routes/documentwrite.h>
#include <server/routes/idempotency.h>

namespace eventsync::server {

namespace {

void respondWithState(const RouteContext &context, const HttpRequest &request, const Responder &responder,
                      const CollectionName &collection, json::Value state, ServerSeq version)
{
    if (ifMatchFails(request, version.value()))
        return responder.fail({ErrorCode::VersionConflict, "the document stands at version " + std::to_string(version.value())});
    const int status = ifNoneMatchHolds(request, version.value()) ? 304 : 200;
    respondWithDocument(context, responder, collection, std::move(state), version, {.status = status});
}

void getPast(RouteContext &context, const HttpRequest &request, const Responder &responder, const CollectionName &collection,
             const DocumentId &id, ServerSeq at)
{
    context.engine.query<json::State>(
        requesterOf(request, responder),
        [collection, id, at](storage::ReadView &view, Budget &) -> Result<json::State> {
            eventlog::EventStore store(view);
            EVENTSYNC_TRY(const auto row, store.document(id));
            if (!row || row->collection != collection)
                return failure(noSuchDocument(id));
            EVENTSYNC_TRY(const DocumentState state, store.stateAt(*row, at));
            return state.jsonState();
        },
        [&context, request, responder, collection, id, at](Result<json::State> state) {
            if (!state)
                responder.fail(state.error());
            else if (!*state)
                responder.fail(noSuchDocument(id));
            else
                respondWithState(context, request, responder, collection, std::move(**state), at);
        });
}

// ---- ?format= of documents of kind crdt

enum class Format { Binary, Compact, Verbose };

Result<std::optional<Format>> formatParameter(const HttpRequest &request)
{
    const auto name = request.queryValue("format");
    if (!name)
        return std::nullopt;
    if (*name == "binary")
        return Format::Binary;
    if (*name == "compact")
        return Format::Compact;
    if (*name == "verbose")
        return Format::Verbose;
    return failure(ErrorCode::InvalidMessage, "format is binary, compact or verbose");
}

HttpResponse encoded(const crdt::Document &document, Format format)
{
    if (format != Format::Binary)
        return HttpResponse::json(format == Format::Compact ? crdt::encodeCompact(document) : crdt::encodeVerbose(document));
    HttpResponse response;
    response.headers.add("Content-Type", "application/octet-stream");
    response.body = crdt::encodeBinary(document);
    return response;
}

Result<HttpResponse> encodedAt(storage::ReadView &view, const CollectionName &collection, const DocumentId &id,
                               std::optional<ServerSeq> at, Format format)
{
    eventlog::EventStore store(view);
    EVENTSYNC_TRY(const auto loaded, store.load(id));
    if (!loaded || loaded->row.collection != collection)
        return failure(noSuchDocument(id));
    if (loaded->row.kind != DocumentKind::Crdt)
        return failure(ErrorCode::Invalid, "a document of kind json has no such format");
    DocumentState state = loaded->state;
    if (at) {
        EVENTSYNC_TRY(state, store.stateAt(loaded->row, *at));
    }
    if (!state.exists())
        return failure(noSuchDocument(id));
    HttpResponse response = encoded(state.crdt(), format);
    response.headers.add("Cache-Control", "no-cache");
    response.headers.add("X-Document-Version", std::to_string((at ? *at : loaded->head.serverSeq).value()));
    return response;
}

void getEncoded(RouteContext &context, const HttpRequest &request, const Responder &responder, const CollectionName &collection, const DocumentId &id,
                std::optional<ServerSeq> at, Format format)
{
    context.engine.query<HttpResponse>(
        requesterOf(request, responder),
        [collection, id, at, format](storage::ReadView &view, Budget &) { return encodedAt(view, collection, id, at, format); },
        [&context, responder](Result<HttpResponse> response) { respondWithLarge(context, responder, std::move(response)); });
}

void getDocument(RouteContext &context, const HttpRequest &request, const Responder &responder)
{
    const auto collection = collectionParameter(request);
    const auto id = documentParameter(request);
    const auto at = integerParameter(request, "at");
    const auto format = formatParameter(request);
    for (const Error *error : {collection ? nullptr : &collection.error(), id ? nullptr : &id.error(), at ? nullptr : &at.error(),
                               format ? nullptr : &format.error()}) {
        if (error)
            return responder.fail(*error);
    }
    if (*format)
        return getEncoded(context, request, responder, *collection, *id, *at ? std::optional(ServerSeq(**at)) : std::nullopt, **format);
    if (*at)
        return getPast(context, request, responder, *collection, *id, ServerSeq(**at));
    context.engine.ask<Result<DocumentRecord>>(
        [id = *id](sync::SyncService &service, auto done) { service.read(id, done); },
        [&context, request, responder, collection = *collection, id = *id](Result<DocumentRecord> record) {
            if (!record)
                responder.fail(record.error());
            else if (!record->state || record->collection != collection)
                responder.fail(noSuchDocument(id));
            else
                respondWithState(context, request, responder, collection, std::move(*record->state), record->position.serverSeq);
        });
}

void writeDocument(RouteContext &context, const HttpRequest &request, const Responder &responder, WriteMethod method)
{
    auto head = documentWriteFrom(request, method, context.uuids);
    if (!head)
        return responder.fail(head.error());
    const auto kept = std::make_shared<const HttpRequest>(request); // its body may be large: one copy for all
    const auto carryOut = [&context, kept, responder](Result<DocumentWrite> write) {
        if (!write) {
            const bool wrongType = write.error().code == ErrorCode::UnknownMessage;
            return responder.respond(problem(write.error(), {.status = wrongType ? 415 : 0}));
        }
        const auto shared = std::make_shared<const DocumentWrite>(std::move(*write));
        withIdempotency(context, *kept, responder, shared, [&context, shared](std::optional<EventId> id, auto done) {
            const auto began = context.clock.steady();
            context.engine.ask<WriteOutcome>(
                [shared, id](sync::SyncService &service, auto answered) { performWrite(service, shared, id, answered); },
                [&context, done, began](WriteOutcome outcome) {
                    context.metrics.histogram("eventsync_rest_write_milliseconds", "From a REST write to its durable end")
                        .observe(static_cast<std::uint64_t>((context.clock.steady() - began).count()));
                    done(std::move(outcome));
                });
        });
    };
    if (request.body.size() <= limits::kLightMessageBytes)
        return carryOut(withBody(request, std::move(*head)));
    context.engine.compute<DocumentWrite>(request.peer, [kept, head = std::move(*head)] { return withBody(*kept, head); }, carryOut);
}

} // namespace

void addDocumentRoutes(Router &router, RouteContext &context)
{
    router.get("/api/{collection}/{id}", [&context](const HttpRequest &request, const Responder &responder) {
        getDocument(context, request, responder);
    });
    const auto write = [&context](WriteMethod method) {
        return [&context, method](const HttpRequest &request, const Responder &responder) {
            writeDocument(context, request, responder, method);
        };
    };
    router.post("/api/{collection}", write(WriteMethod::Create));
    router.add("PUT", "/api/{collection}/{id}", write(WriteMethod::Put));
    router.add("PATCH", "/api/{collection}/{id}", write(WriteMethod::Patch));
    router.add("DELETE", "/api/{collection}/{id}", write(WriteMethod::Delete));
}

} // namespace eventsync::server
