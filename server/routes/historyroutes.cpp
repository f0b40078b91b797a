// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/eventstore.h>
#include <eventsync/json/limits.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/storage/limits.h>

#include <server/problem.h>
#include <server/routes/context.h>
#include <server/routes/eventstreams.h>

#include <algorithm>

namespace eventsync::server {

namespace {

using eventlog::DocumentRow;
using eventlog::EventStore;
using eventlog::LogEntryPtr;
using eventlog::LoggedPtr;

Result<DocumentRow> rowOf(EventStore &store, const DocumentId &id, bool withState)
{
    EVENTSYNC_TRY(auto row, store.document(id, withState));
    if (!row)
        return failure(noSuchDocument(id));
    return std::move(*row);
}

// ---- GET /api/events/{id}

// Where the answer has the vector clock after an event: nowhere (clock=0), as a field of the event (the default), or in an
// object with the logged event (clock=1).
enum class Clocks { None, Inside, Around };

void appendEvent(Bytes &body, const Bytes &canonical, const VectorClock &clock, Clocks clocks)
{
    if (clocks == Clocks::None) {
        body += canonical;
        return;
    }
    const Bytes field = ",\"vectorClock\":" + json::canonical(clock.toJson()) + '}';
    if (clocks == Clocks::Around)
        body += "{\"event\":" + canonical + field;
    else // after the last field, which keeps the canonical order
        body.append(canonical, 0, canonical.size() - 1).append(field);
}

Result<Bytes> eventList(storage::ReadView &view, const DocumentId &id, ServerSeq after, std::size_t limit, Clocks clocks)
{
    EventStore store(view);
    EVENTSYNC_TRY(const DocumentRow row, rowOf(store, id, false));
    if (after < row.horizon.previous())
        return failure(ErrorCode::Compacted, "the log begins at " + std::to_string(row.horizon.value()));
    EVENTSYNC_TRY(const std::vector<LogEntryPtr> events,
                  store.entries(row.number, {.after = after, .events = limit, .bytes = limits::kAnswerBytes}));
    VectorClock clock;
    if (clocks != Clocks::None && !events.empty()) {
        EVENTSYNC_TRY(const auto loaded, store.load(id));
        if (!loaded)
            return failure(noSuchDocument(id));
        EVENTSYNC_TRY(clock, store.clockAt(row.number, after, loaded->head.serverSeq, loaded->clock));
    }
    Bytes body = "[";
    for (const LogEntryPtr &event : events) {
        if (body.size() > limits::kAnswerBytes)
            break; // clocks of many clients are longer than their events
        if (body.size() > 1)
            body.push_back(',');
        clock.advance(event->clientId, event->clientSeq);
        appendEvent(body, *event->canonical, clock, clocks);
    }
    body.push_back(']');
    return body;
}

void getEvents(RouteContext &context, EventStreams &streams, const HttpRequest &request, const Responder &responder)
{
    const auto id = documentParameter(request);
    const auto after = integerParameter(request, "after");
    const auto limit = integerParameter(request, "limit", 1);
    for (const Error *error : {id ? nullptr : &id.error(), after ? nullptr : &after.error(), limit ? nullptr : &limit.error()}) {
        if (error)
            return responder.fail(*error);
    }
    const auto clock = integerParameter(request, "clock");
    if (!clock || clock->value_or(0) > 1)
        return responder.fail(clock ? Error{ErrorCode::InvalidMessage, "clock is 0 or 1"} : clock.error());
    const ServerSeq from(after->value_or(0));
    if (request.accepts("text/event-stream"))
        return streams.open(request, responder, *id, from, clock->value_or(0) == 1);
    const Clocks clocks = !*clock ? Clocks::Inside : **clock == 1 ? Clocks::Around : Clocks::None;
    const std::size_t most = std::min<std::size_t>(static_cast<std::size_t>(limit->value_or(limits::kPageItems)), limits::kPageItems);
    context.engine.query<Bytes>(
        requesterOf(request, responder),
        [id = *id, from, most, clocks](storage::ReadView &view, Budget &) { return eventList(view, id, from, most, clocks); },
        [&context, responder](Result<Bytes> body) {
            if (!body)
                return responder.fail(body.error());
            HttpResponse response = HttpResponse::json(std::move(*body));
            response.headers.add("Cache-Control", "no-cache");
            respondWithLarge(context, responder, std::move(response));
        });
}

// ---- /api/snapshots/{id}

json::Object snapshotObject(const DocumentId &id, const Position &position, const DocumentState &state, Timestamp createdAt)
{
    json::Object object{{"documentId", id.text()},
                        {"serverSeq", position.serverSeq.value()},
                        {"chain", position.chain.toHex()},
                        {"createdAt", toText(createdAt)}};
    if (state.exists())
        object["state"] = state.view();
    else
        object["deleted"] = true;
    return object;
}

Result<json::Object> objectOf(const Snapshot &snapshot)
{
    EVENTSYNC_TRY(const DocumentState state, eventlog::stateOf(snapshot));
    return snapshotObject(snapshot.documentId, snapshot.position, state, snapshot.createdAt);
}

Result<json::Object> snapshotAt(storage::ReadView &view, const DocumentId &id, std::optional<ServerSeq> at)
{
    EventStore store(view);
    EVENTSYNC_TRY(const DocumentRow row, rowOf(store, id, true));
    if (!at) {
        EVENTSYNC_TRY(const std::optional<Snapshot> latest, store.snapshot(row, ServerSeq(limits::kMaxInteger)));
        if (latest)
            return objectOf(*latest);
        EVENTSYNC_TRY(const auto loaded, store.load(id)); // none is stored yet: the current state
        if (!loaded)
            return failure(noSuchDocument(id));
        return snapshotObject(id, loaded->head, loaded->state, loaded->updatedAt);
    }
    EVENTSYNC_TRY(const DocumentState state, store.stateAt(row, *at));
    Position position{*at, row.baseChain};
    Timestamp createdAt = row.createdAt;
    if (*at >= row.horizon) {
        EVENTSYNC_TRY(const LoggedPtr event, store.eventAt(row.number, *at));
        if (!event)
            return failure(ErrorCode::Corrupt, "the log lacks event " + std::to_string(at->value()));
        position.chain = event->chain;
        createdAt = event->event->storedAt;
    }
    return snapshotObject(id, position, state, createdAt);
}

void respondWith(const RouteContext &context, const Responder &responder, Result<json::Object> object, int status = 200)
{
    if (object)
        respondWithJson(context, responder, std::move(*object), {.status = status});
    else
        responder.fail(object.error());
}

void getSnapshot(RouteContext &context, const HttpRequest &request, const Responder &responder)
{
    const auto id = documentParameter(request);
    const auto at = integerParameter(request, "at");
    if (!id || !at)
        return responder.fail(id ? at.error() : id.error());
    std::optional<ServerSeq> seq;
    if (*at)
        seq = ServerSeq(**at);
    context.engine.query<json::Object>(
        requesterOf(request, responder), [id = *id, seq](storage::ReadView &view, Budget &) { return snapshotAt(view, id, seq); },
        [&context, responder](Result<json::Object> object) { respondWith(context, responder, std::move(object)); });
}

void makeSnapshot(RouteContext &context, const HttpRequest &request, const Responder &responder)
{
    const auto id = documentParameter(request);
    if (!id)
        return responder.fail(id.error());
    context.engine.ask<Result<Snapshot>>(
        [id = *id](sync::SyncService &service, auto done) { service.snapshot(id, done); },
        [&context, responder](Result<Snapshot> snapshot) {
            if (!snapshot)
                return responder.fail(snapshot.error());
            context.engine.compute<json::Object>( // a state to be read, however large
                responder.peer(), [snapshot = std::move(*snapshot)] { return objectOf(snapshot); },
                [&context, responder](Result<json::Object> object) { respondWith(context, responder, std::move(object), 201); });
        });
}

// ---- GET /api/state-vectors/{id}

void getStateVectors(RouteContext &context, const HttpRequest &request, const Responder &responder)
{
    protocol::StateVectorsQuery query;
    const auto id = documentParameter(request);
    if (!id)
        return responder.fail(id.error());
    query.documentId = *id;
    if (const auto after = request.queryValue("after")) {
        auto client = authorIdFrom(*after);
        if (!client)
            return responder.fail({client.error().code, "after: " + client.error().message});
        query.after = std::move(*client);
    }
    context.engine.ask<protocol::QueryResult>(
        [query](sync::SyncService &service, auto done) { service.query({.requestId = "stateVectors", .query = query}, done); },
        [&context, responder, id = *id](protocol::QueryResult result) {
            if (result.code)
                return responder.fail({*result.code, result.reason.value_or("")});
            result.content["documentId"] = id.text();
            respondWithJson(context, responder, std::move(result.content));
        });
}

} // namespace

void addHistoryRoutes(Router &router, RouteContext &context, EventStreams &streams)
{
    router.get("/api/events/{id}", [&context, &streams](const HttpRequest &request, const Responder &responder) {
        getEvents(context, streams, request, responder);
    });
    router.get("/api/snapshots/{id}", [&context](const HttpRequest &request, const Responder &responder) {
        getSnapshot(context, request, responder);
    });
    router.post("/api/snapshots/{id}", [&context](const HttpRequest &request, const Responder &responder) {
        makeSnapshot(context, request, responder);
    });
    router.get("/api/state-vectors/{id}", [&context](const HttpRequest &request, const Responder &responder) {
        getStateVectors(context, request, responder);
    });
}

} // namespace eventsync::server
