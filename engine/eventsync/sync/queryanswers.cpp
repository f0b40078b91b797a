// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/queryanswers_p.h>

#include <eventsync/eventlog/schema.h>
#include <eventsync/json/limits.h>
#include <eventsync/protocol/limits.h>
#include <eventsync/storage/documentpage.h>
#include <eventsync/storage/limits.h>
#include <eventsync/sync/outbox_p.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace eventsync::sync {

using namespace eventlog;

namespace {

using Content = json::Object;

bool touches(const Event &event, const json::Pointer &path)
{
    if (event.diff.isCrdt())
        return true;
    const auto &operations = event.diff.patch().operations();
    return operations.empty() ? event.operation == Operation::Delete
                              : std::any_of(operations.begin(), operations.end(), [&](const json::PatchOperation &operation) {
                                    return operation.path.isPrefixOf(path) || path.isPrefixOf(operation.path);
                                });
}

// The newest ones of the range, in order; bounded in number and bytes.
Result<Content> queryEvents(storage::ReadView &view, const DocumentRow &row, const protocol::EventsQuery &query)
{
    if (query.after && *query.after < row.horizon.previous())
        return failure(ErrorCode::Compacted, "the log begins at " + std::to_string(row.horizon.value()));
    const std::size_t limit =
        std::min<std::size_t>(limits::kPageItems, static_cast<std::size_t>(std::max<std::int64_t>(1, query.limit.value_or(100))));
    const bool forward = query.after.has_value();
    const EventStore::Walk walk{.after = query.after, .before = query.before, .descending = !forward};
    json::Array events;
    std::size_t bytes = 0;
    EVENTSYNC_CHECK(EventStore(view).eachEvent(row.number, walk, [&](const LoggedPtr &event) {
        if ((query.clientId && event->clientId != *query.clientId) || (query.path && !touches(*event->event, *query.path)))
            return true;
        bytes += event->canonical->size();
        if (!events.empty() && bytes > limits::kEventBytes)
            return false;
        events.push_back(toJson(*event->event, EventForm::Logged));
        return events.size() < limit;
    }));
    if (!forward)
        std::reverse(events.begin(), events.end());
    return Content{{"events", std::move(events)}};
}

Result<Content> queryState(storage::ReadView &view, const DocumentRow &row, ServerSeq seq)
{
    EVENTSYNC_TRY(const DocumentState state, EventStore(view).stateAt(row, seq));
    Content content{{"serverSeq", seq.value()}};
    if (state.exists())
        content["state"] = state.view();
    else
        content["deleted"] = true;
    return content;
}

Result<Content> queryList(storage::ReadView &view, Budget &budget, const protocol::ListQuery &query, const CollectionPolicy &policy,
                          const std::function<bool(const DocumentId &)> &mayRead)
{
    EVENTSYNC_TRY(auto page, storage::DocumentPage::begin(
                                 {.filter = query.filter.value_or(json::Filter()), .sort = query.sort, .fields = query.fields,
                                  .limit = static_cast<std::size_t>(std::max<std::int64_t>(1, query.limit.value_or(100))),
                                  .bytes = limits::kAnswerBytes, .pageToken = query.pageToken.value_or(std::string())}));
    std::optional<Error> error;
    storage::Scan scan{.set = sets::kDocuments, .index = "collection", .prefix = {query.collection.text()}};
    if (const auto start = page.startId())
        scan.from = storage::Cell(*start);
    EVENTSYNC_CHECK(view.scan(scan, [&](const storage::Row &cells) {
        if (integerOf(cells, document::Deleted).value_or(1) != 0)
            return true;
        auto row = DocumentRow::fromRow(cells);
        if (!row) {
            error = row.error();
            return false;
        }
        if (!row->state || !mayRead(row->documentId))
            return true;
        const ServerSeq version = row->at.serverSeq;
        return page.add({row->documentId, query.collection, version, policy.withEngineFields(std::move(*row->state), version)}, budget);
    }));
    if (error)
        return failure(*error);
    Content content;
    storage::FindPage found = page.finish();
    if (found.nextPageToken)
        content["nextPageToken"] = *found.nextPageToken;
    json::Array items;
    for (storage::StoredDocument &document : found.documents)
        items.push_back(json::Object{{"id", document.id.text()}, {"version", document.version.value()}, {"state", std::move(document.value)}});
    content["items"] = std::move(items);
    return content;
}

// `next`: where the next query continues, if one answer cannot have all.
Content stateVectorsOf(const eventlog::LiveDocument &document, const std::optional<ClientId> &after)
{
    Content content;
    json::Array vectors;
    std::size_t bytes = 0;
    for (auto at = after ? document.cursors().all().upper_bound(*after) : document.cursors().all().begin(); at != document.cursors().all().end(); ++at) {
        bytes += at->second.vectorClock.canonicalSize();
        if (!vectors.empty() && bytes > limits::kAnswerBytes) {
            content["next"] = std::prev(at)->first.text();
            break;
        }
        vectors.push_back(at->second.toJson());
    }
    content["stateVectors"] = std::move(vectors);
    return content;
}

struct Encoded
{
    Content content = {};
    std::string text = {}; // instead of the content, if that is too long for one message
};

Encoded encoded(Content content, std::size_t largest)
{
    json::Value value(std::move(content));
    if (json::canonicalSize(value) > largest)
        return {.text = json::canonical(value)};
    return {.content = std::move(value.get_object())};
}

QueryAnswer answerOf(const std::string &requestId, Result<Encoded> read)
{
    QueryAnswer answer{.result = {.requestId = requestId}};
    if (read) {
        answer.result.content = std::move(read->content);
        answer.text = std::move(read->text);
    } else {
        answer.result.code = read.error().code;
        answer.result.reason = shortened(read.error()).message;
    }
    return answer;
}

// A page token of the protocol: the epoch, and the place in the list. Without the epoch, a list that was begun before a restore
// would continue in another history.
std::string tokenOf(const std::string &place, const std::string &epoch)
{
    return toBase64Url(epoch) + '.' + place;
}

Result<std::string> placeFrom(const std::string &token, const std::string &epoch)
{
    const std::string prefix = tokenOf({}, epoch);
    if (!token.starts_with(prefix))
        return failure(ErrorCode::InvalidValue, "the page token is none of this history: begin the list again", "/pageToken");
    return token.substr(prefix.size());
}

} // namespace

QueryAnswers::QueryAnswers(DocumentEngine &engine, const ServiceOptions &options, const Clock &clock)
    : m_engine(engine), m_options(options),
      m_lane(options.queries ? options.queries : std::make_shared<storage::Queries>(engine.backend(), clock, options.metrics))
{
}

protocol::QueryResult QueryAnswers::refusal(const std::string &requestId, const Error &error)
{
    return answerOf(requestId, failure(error)).result;
}

void QueryAnswers::answer(const protocol::Query &query, const Principal &principal, const storage::Queries::Requester &requester,
                          std::size_t largest, std::function<void(QueryAnswer)> done)
{
    const auto answer = [requestId = query.requestId, done](Result<Encoded> read) { done(answerOf(requestId, std::move(read))); };
    if (const auto *list = std::get_if<protocol::ListQuery>(&query.query)) {
        if (m_options.access->collectionAccess(principal, list->collection) == Access::None)
            return answer(failure(ErrorCode::PermissionDenied, "no right to read the collection"));
        protocol::ListQuery asked = *list;
        if (asked.pageToken) {
            auto place = placeFrom(*asked.pageToken, m_options.epoch);
            if (!place)
                return answer(failure(place.error()));
            asked.pageToken = std::move(*place);
        }
        return m_engine.writeRows(list->collection, [this, list = std::move(asked), principal, requester, largest, answer](const Result<> &result) {
            if (!result)
                return answer(failure(result.error()));
            ask<Encoded>(requester,
                [list, principal, largest, access = m_options.access, its = m_engine.rules(list.collection),
                 epoch = m_options.epoch](storage::ReadView &view, Budget &budget) -> Result<Encoded> {
                    EVENTSYNC_TRY(Content content, queryList(view, budget, list, its->policy, [&](const DocumentId &id) {
                        return access->access(principal, list.collection, id) != Access::None;
                    }));
                    if (json::Value *next = content.if_contains("nextPageToken"))
                        *next = tokenOf(std::string(next->get_string()), epoch);
                    return encoded(std::move(content), largest);
                },
                answer);
        });
    }
    if (std::holds_alternative<protocol::StatsQuery>(query.query)) {
        json::Object stats = m_stats ? m_stats() : json::Object();
        stats["loadedDocuments"] = static_cast<std::int64_t>(m_engine.loadedDocuments());
        stats["changes"] = m_engine.position();
        return answer(encoded(Content{{"stats", std::move(stats)}}, largest));
    }
    const DocumentId id = std::visit(
        [](const auto &q) {
            if constexpr (requires { q.documentId; })
                return q.documentId;
            else
                return DocumentId();
        },
        query.query);
    m_engine.whenLoaded(id, [this, id, query, principal, requester, largest, answer](const Result<DocumentPtr> &found) {
        if (!found)
            return answer(failure(found.error()));
        const DocumentCore &core = *(*found)->core();
        // A document that may not be read and one that does not exist give the same answer.
        if (!core.log().exists() || m_options.access->access(principal, core.log().collection(), id) == Access::None)
            return answer(failure(ErrorCode::NotFound, "there is no document " + id.text()));
        if (std::holds_alternative<protocol::StateVectorsQuery>(query.query)) {
            return answer(encoded(stateVectorsOf(**found, std::get<protocol::StateVectorsQuery>(query.query).after), largest));
        }
        if (const auto *at = std::get_if<protocol::StateAtQuery>(&query.query); at && at->serverSeq > core.log().head().serverSeq)
            return answer(failure(ErrorCode::NotFound, "the log ends at " + std::to_string(core.log().head().serverSeq.value())));
        ask<Encoded>(requester,
            [id, query, largest](storage::ReadView &view, Budget &) -> Result<Encoded> {
                EVENTSYNC_TRY(const std::optional<DocumentRow> row, EventStore(view).document(id));
                if (!row)
                    return failure(ErrorCode::NotFound, "there is no document " + id.text());
                const auto *at = std::get_if<protocol::StateAtQuery>(&query.query);
                EVENTSYNC_TRY(Content content, at ? queryState(view, *row, at->serverSeq)
                                                  : queryEvents(view, *row, std::get<protocol::EventsQuery>(query.query)));
                return encoded(std::move(content), largest);
            },
            answer);
    });
}

} // namespace eventsync::sync
