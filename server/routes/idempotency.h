// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <server/http/responder.h>
#include <server/routes/context.h>
#include <server/routes/documentwrite.h>

#include <functional>
#include <optional>

namespace eventsync::server {

/// Carries out a write, with this event id if there is one, and calls back once, on the I/O thread.
using RunWrite = std::function<void(std::optional<EventId> id, std::function<void(WriteOutcome)>)>;

/// Carries out a write once for its Idempotency-Key, or every time if there is none, and answers it.
///
/// The key is first stored with the id that the write's event will have. So a repetition, after a crash as well, finds the
/// event in the log, before any condition of the request is evaluated, and is answered with the document as the write left it. If
/// there is no event, because nothing changed or the write was refused permanently, this result is stored with the key. Answers
/// that depend on the state of the document or of the server (404, 409, 412, 503 and so on) are not stored. A key used for
/// another request is Invalid (422); one whose first request still runs is Conflict.
void withIdempotency(RouteContext &context, const HttpRequest &request, const Responder &responder, const DocumentWritePtr &write,
                     RunWrite run);

/// Removes keys that are older than limits::kIdempotencyKeep.
void purgeIdempotency(RouteContext &context);

} // namespace eventsync::server
