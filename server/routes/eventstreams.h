// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/ids.h>

#include <server/http/originpolicy.h>
#include <server/routes/context.h>
#include <server/sessions/sessions.h>

#include <chrono>

namespace eventsync::server {

/// GET /api/events/{documentId} as a live, read-only stream: every event after a position, each `data:` an `events` message.
/// A session of the service without a client id, so it is pulled and bounded like every other reader. Owner only.
class EventStreams
{
public:
    EventStreams(RouteContext &context, Sessions &sessions, std::chrono::milliseconds heartbeat)
        : m_context(context), m_sessions(sessions), m_heartbeat(heartbeat)
    {
    }
    /// NotFound and Compacted are answered as problem documents before the stream begins. Last-Event-ID overrides `after`.
    /// `clocks`: with each event the document's vector clock after it.
    void open(const HttpRequest &request, const Responder &responder, const DocumentId &id, ServerSeq after, bool clocks);

private:
    void start(const HttpRequest &request, const Responder &responder, const DocumentId &id, const Position &position,
               bool clocks);

    RouteContext &m_context;
    Sessions &m_sessions;
    const std::chrono::milliseconds m_heartbeat;
};

} // namespace eventsync::server
