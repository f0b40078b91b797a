// SPDX-License-Identifier: Apache-2.0
#include <server/routes/documentwrite.h>

#include <eventsync/json/limits.h>
#include <eventsync/json/mergepatch.h>

#include <server/limits.h>
#include <server/problem.h>

namespace eventsync::server {

namespace {

using sync::SyncService;

// "application/json; charset=utf-8" -> "application/json"
std::string mediaType(const HttpRequest &request)
{
    std::string type(request.header("Content-Type"));
    type = type.substr(0, type.find(';'));
    while (!type.empty() && (type.back() == ' ' || type.back() == '\t'))
        type.pop_back();
    for (char &c : type)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return type;
}

Result<ClientId> restClient(const HttpRequest &request)
{
    if (!request.headers.has("X-Client-Id"))
        return ClientId("rest:server");
    const auto checked = clientIdFrom(request.header("X-Client-Id"));
    if (!checked)
        return failure(checked.error().code, "X-Client-Id: " + checked.error().message);
    return ClientId("rest:" + checked->text());
}

Result<> readBody(const HttpRequest &request, DocumentWrite &write)
{
    if (write.method == WriteMethod::Delete)
        return {};
    const std::string type = mediaType(request);
    if (write.method != WriteMethod::Patch) {
        // A body of another type, for instance a form or an image, is refused; a body without a type is accepted.
        if (!type.empty() && type != "application/json" && !type.ends_with("+json"))
            return failure(ErrorCode::UnknownMessage, "the body is to be application/json");
        EVENTSYNC_TRY(write.state, parseBody(request));
        return {};
    }
    if (type == "application/json-patch+json") {
        EVENTSYNC_TRY(json::Value body, parseBody(request, {.bytes = limits::kHttpBodyBytes, .depth = limits::kDepth + limits::kEventDepthExtra}));
        EVENTSYNC_TRY(write.patch, json::Patch::fromJson(std::move(body)));
        return {};
    }
    if (type == "application/merge-patch+json") {
        EVENTSYNC_TRY(write.mergePatch, parseBody(request));
        return {};
    }
    return failure(ErrorCode::UnknownMessage, "PATCH takes application/json-patch+json and application/merge-patch+json");
}

Result<> changeState(const DocumentWrite &write, json::State &state)
{
    switch (write.method) {
    case WriteMethod::Create:
        if (state)
            return failure(ErrorCode::DocumentExists, "there is a document " + write.documentId.text() + " already");
        state = write.state;
        return {};
    case WriteMethod::Put:
        state = write.state;
        return {};
    case WriteMethod::Patch:
        if (!state)
            return failure(noSuchDocument(write.documentId));
        state = json::applyMergePatch(*state, *write.mergePatch);
        return {};
    case WriteMethod::Delete:
        if (!state)
            return failure(noSuchDocument(write.documentId));
        state.reset();
        return {};
    }
    return {};
}

// Checks the conditions of the request against the current document. Returns the version to write on, if one is required.
Result<std::optional<ServerSeq>> checkConditions(const DocumentWrite &write, const std::optional<DocumentRecord> &current)
{
    const bool exists = current && !current->deleted;
    if (exists && current->collection != write.collection && write.method != WriteMethod::Create && write.method != WriteMethod::Put)
        return failure(noSuchDocument(write.documentId));
    if (!exists && (write.method == WriteMethod::Patch || write.method == WriteMethod::Delete))
        return failure(noSuchDocument(write.documentId));
    const HttpHeaders &headers = write.conditions.headers;
    const std::int64_t version = current ? current->position.serverSeq.value() : 0;
    if (ifMatchFails(write.conditions, exists ? std::optional(version) : std::nullopt))
        return failure(ErrorCode::VersionConflict, "the document stands at version " + std::to_string(version));
    if (headers.has("If-None-Match") && exists && ifNoneMatchHolds(write.conditions, version))
        return failure(ErrorCode::VersionConflict, "the document is there, at version " + std::to_string(version));
    if (headers.has("If-Match") || headers.has("If-None-Match"))
        return std::optional(ServerSeq(version));
    return std::nullopt;
}

// `before` gets the state before the write.
SyncService::Write serviceWrite(const DocumentWritePtr &write, std::optional<EventId> id, std::optional<ServerSeq> ifVersion,
                                const std::shared_ptr<json::State> &before)
{
    SyncService::Write made{.documentId = write->documentId,
                            .collection = write->collection,
                            .clientId = write->clientId,
                            .ifVersion = ifVersion,
                            .patch = write->patch,
                            .kind = write->kind.value_or(DocumentKind::Json),
                            .id = id,
                            .bytes = write->bytes,
                            .editsAnywhere = true};
    if (!write->patch)
        made.edit = [write, before](json::State &state) {
            if (write->method == WriteMethod::Delete)
                *before = state;
            return changeState(*write, state);
        };
    return made;
}

} // namespace

Result<DocumentWrite> documentWriteFrom(const HttpRequest &request, WriteMethod method, UuidGenerator &uuids)
{
    DocumentWrite write{.method = method};
    EVENTSYNC_TRY(write.collection, collectionParameter(request));
    if (method != WriteMethod::Create) {
        EVENTSYNC_TRY(write.documentId, documentParameter(request));
    } else if (const auto id = request.queryValue("id")) {
        EVENTSYNC_TRY(write.documentId, documentIdFrom(*id));
    } else {
        write.documentId = DocumentId(uuids.next().toText());
    }
    if (const auto kind = request.queryValue("kind"); kind && (method == WriteMethod::Create || method == WriteMethod::Put)) {
        EVENTSYNC_TRY(write.kind, documentKindFrom(*kind));
    }
    EVENTSYNC_TRY(write.clientId, restClient(request));
    write.bytes = request.body.size();
    write.conditions.headers = request.headers;
    return write;
}

Result<DocumentWrite> withBody(const HttpRequest &request, DocumentWrite write)
{
    EVENTSYNC_CHECK(readBody(request, write));
    return write;
}

void performWrite(SyncService &service, const DocumentWritePtr &write, std::optional<EventId> id,
                  std::function<void(WriteOutcome)> done)
{
    service.readHead(write->documentId, [&service, write, id, done = std::move(done)](Result<DocumentRecord> record) {
        std::optional<DocumentRecord> current;
        if (record)
            current = std::move(*record);
        else if (record.error().code != ErrorCode::NotFound)
            return done({.written = failure(record.error())});
        if (current && write->kind && *write->kind != current->kind)
            return done({.written = failure(ErrorCode::Invalid, "a document keeps its kind: " +
                                                                    std::string(documentKindName(current->kind)))});
        const bool created = !current || current->deleted;
        const auto ifVersion = checkConditions(*write, current);
        if (!ifVersion)
            return done({.written = failure(ifVersion.error())});
        const auto before = std::make_shared<json::State>();
        service.write(serviceWrite(write, id, *ifVersion, before), [created, before, done](Result<SyncService::Written> written) {
            done({.written = std::move(written), .created = created, .deleted = std::move(*before)});
        });
    });
}

void respondWithOutcome(const RouteContext &context, const Responder &responder, const DocumentWrite &write, WriteOutcome outcome)
{
    if (!outcome.written)
        return responder.respond(problem(outcome.written.error()));
    DocumentRecord &record = outcome.written->record;
    const ServerSeq version = record.position.serverSeq;
    if (write.method == WriteMethod::Delete || !record.state) {
        HttpResponse head = HttpResponse::empty();
        head.headers.add("ETag", etagOf(version.value()));
        if (!outcome.deleted || !write.conditions.headers.hasToken("Prefer", "return=representation"))
            return responder.respond(std::move(head));
        head.status = 200;
        head.headers.add("Preference-Applied", "return=representation");
        return respondWithJson(context, responder,
                               context.policies.of(record.collection).withEngineFields(std::move(*outcome.deleted), version.previous()),
                               std::move(head));
    }
    const bool created = outcome.created && (write.method == WriteMethod::Create || write.method == WriteMethod::Put);
    HttpResponse head{.status = created ? 201 : 200};
    if (created)
        head.headers.add("Location", "/api/" + record.collection.text() + '/' + record.documentId.text());
    respondWithDocument(context, responder, record.collection, std::move(*record.state), version, std::move(head));
}

} // namespace eventsync::server
