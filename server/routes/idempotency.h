// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <server/http/responder.h>
#include <server/routes/context.h>

#include <functional>
#include <optional>

namespace eventsync::server {

using Answer = std::function<void(HttpResponse)>;

// Carries out a write once for its Idempotency-Key, or as often as asked where there is none.
//
// The key is first stored with the id that the write's event will have, then the write runs, then the answer is stored. So a
// repetition, after a crash as well, either finds the answer or writes again under the same event id, which the log
// recognises. A key used for another request is Invalid (422); one whose first request still runs is Conflict. `run` gets
// the id to write under and calls `answer` once, on the I/O thread. Answers that are nobody's decision (503 and the like) are
// not kept.
void withIdempotency(RouteContext &context, const HttpRequest &request, const Responder &responder,
                     std::function<void(std::optional<EventId> id, Answer answer)> run);

// Forgets what is older than limits::kIdempotencyKeep.
void purgeIdempotency(RouteContext &context);

} // namespace eventsync::server
