// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/sync/syncservice.h>

#include <server/http/httpmessage.h>
#include <server/routes/context.h>

#include <functional>
#include <optional>

namespace eventsync::server {

/// The kind of a write, from the method of its request.
enum class WriteMethod { Create, Put, Patch, Delete };

/// A REST write, its head read and checked on the I/O thread, carried out on the engine thread.
struct DocumentWrite
{
    WriteMethod method = WriteMethod::Put;
    DocumentId documentId;
    CollectionName collection;
    ClientId clientId;                       ///< rest:...
    std::optional<json::Value> state = {};   ///< Create, Put
    std::optional<json::Patch> patch = {};   ///< Patch, application/json-patch+json
    std::optional<json::Value> mergePatch = {}; ///< Patch, application/merge-patch+json
    std::optional<DocumentKind> kind = {};   ///< ?kind=: of a document to create
    std::size_t bytes = 0;                   ///< of its body
    HttpRequest conditions = {};             ///< its headers: If-Match, If-None-Match, Prefer
};

using DocumentWritePtr = std::shared_ptr<const DocumentWrite>; ///< it may be large

/// What a request asks for, without its body: InvalidMessage, InvalidValue.
Result<DocumentWrite> documentWriteFrom(const HttpRequest &request, WriteMethod method, UuidGenerator &uuids);
/// The same with what its body says; any thread. InvalidMessage, InvalidValue, TooLarge, ...; UnknownMessage for a body of an
/// unsupported type (415).
Result<DocumentWrite> withBody(const HttpRequest &request, DocumentWrite write);

/// What a write did.
struct WriteOutcome
{
    Result<sync::SyncService::Written> written = failure(ErrorCode::Internal);
    bool created = false;
    json::State deleted = {}; ///< the deleted value
};
/// `id`: of the write's event, if it may be a repetition. `done` is called once, on the engine thread.
void performWrite(sync::SyncService &service, const DocumentWritePtr &write, std::optional<EventId> id, std::function<void(WriteOutcome)> done);

void respondWithOutcome(const RouteContext &context, const Responder &responder, const DocumentWrite &write, WriteOutcome outcome);

} // namespace eventsync::server
