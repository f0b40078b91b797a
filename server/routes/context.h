// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/clock.h>
#include <eventsync/base/metrics.h>
#include <eventsync/base/uuid.h>
#include <eventsync/eventlog/operatingtime.h>
#include <eventsync/json/value.h>
#include <eventsync/model/collectionpolicy.h>
#include <eventsync/model/snapshot.h>

#include <server/enginethread.h>
#include <server/http/router.h>

#include <QObject>

#include <charconv>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace eventsync::server {

class EventStreams;

/// State that the handlers of a server share. Must outlive them. Owner only: the I/O thread.
struct RouteContext
{
    EngineThread &engine;
    const Policies &policies;
    Metrics &metrics;
    const Clock &clock;
    UuidGenerator &uuids;
    QObject &owner; ///< of timers: none of them outlives this
    eventlog::OperatingTime seen; ///< ages of stored keys are measured in it
    std::shared_ptr<std::set<std::string>> keysInUse = std::make_shared<std::set<std::string>>(); ///< Idempotency-Keys
};

/// Each adds its routes to the router.
void addDocumentRoutes(Router &router, RouteContext &context);
void addCollectionRoutes(Router &router, RouteContext &context);
void addHistoryRoutes(Router &router, RouteContext &context, EventStreams &streams);
void addExchangeRoute(Router &router, RouteContext &context);

/// Answers, with a problem document after an error. A large body is compressed on another thread.
void respondWithLarge(const RouteContext &context, const Responder &responder, Result<HttpResponse> response);
/// Answers with `value` as the body, and with the status and headers of `head`. A large body is written on another thread.
void respondWithJson(const RouteContext &context, const Responder &responder, json::Value value, HttpResponse head = {});
/// A document as REST answers it: its state with engine fields, and ETag.
void respondWithDocument(const RouteContext &context, const Responder &responder, const CollectionName &collection, json::Value state,
                         ServerSeq version, HttpResponse head = {});

/// Query parameters. InvalidMessage names an invalid one.
Result<std::optional<std::int64_t>> integerParameter(const HttpRequest &request, std::string_view name, std::int64_t min = 0);
Result<DocumentId> documentParameter(const HttpRequest &request, std::string_view name = "id");
Result<CollectionName> collectionParameter(const HttpRequest &request);
/// The JSON of a request's body. An integer that would be rounded is refused, unless the caller says `?largeIntegers=round`.
Result<json::Value> parseBody(const HttpRequest &request, const json::ParseLimits &limits = {});

/// The requester of the query that answers a request; gone when the connection is closed.
storage::Queries::Requester requesterOf(const HttpRequest &request, const Responder &responder);

/// NotFound for a document that does not exist, with the same text in every route.
Error noSuchDocument(const DocumentId &id);

} // namespace eventsync::server
