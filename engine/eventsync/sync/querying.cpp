// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/limits.h>
#include <eventsync/sync/private.h>

#include <eventsync/eventlog/schema.h>

#include <algorithm>
#include <charconv>

namespace eventsync::sync {

using namespace eventlog;

namespace {

constexpr std::size_t kQueriesAtATime = 16; // unanswered, of one connection

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
    storage::Scan scan{.set = sets::kEvents, .index = "order", .prefix = {row.number}, .descending = !forward};
    if (query.after)
        scan.from = storage::Cell(query.after->next().value());
    if (query.before)
        scan.until = storage::Cell(query.before->value());
    json::Array events;
    std::size_t bytes = 0;
    std::optional<Error> error;
    EVENTSYNC_CHECK(view.scan(scan, [&](const storage::Row &cells) {
        const auto event = LoggedEvent::fromRow(cells);
        if (!event) {
            error = event.error();
            return false;
        }
        if ((query.clientId && (*event)->clientId != *query.clientId) || (query.path && !touches(*(*event)->event, *query.path)))
            return true;
        bytes += (*event)->canonical->size();
        if (!events.empty() && bytes > limits::kEventBytes)
            return false;
        events.push_back(toJson(*(*event)->event, EventForm::Logged));
        return events.size() < limit;
    }));
    if (error)
        return failure(*error);
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

struct Item
{
    DocumentId id;
    ServerSeq version;
    json::Value state;
    json::Value sorted; // the values that it is sorted by, in order
};

json::Value sortValues(const std::vector<json::SortKey> &keys, const json::Value &state)
{
    json::Object values;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (const json::Value *value = json::find(state, keys[i].path))
            values[std::to_string(i)] = *value;
    }
    return values;
}

std::vector<json::SortKey> plainKeys(const std::vector<json::SortKey> &keys)
{
    std::vector<json::SortKey> plain;
    for (std::size_t i = 0; i < keys.size(); ++i)
        plain.push_back({json::Pointer({std::to_string(i)}), keys[i].descending});
    return plain;
}

// Where the page before ended: the sort values and the id of its last item.
struct PageToken
{
    json::Value sorted;
    DocumentId id;
};

std::string toText(const PageToken &token)
{
    return toBase64Url(json::canonical(json::Object{{"s", token.sorted}, {"id", token.id.text()}}));
}

Result<PageToken> pageTokenFrom(const std::string &text)
{
    const auto bytes = fromBase64Url(text);
    const auto value = bytes ? json::parse(*bytes) : Result<json::Value>(failure(bytes.error()));
    if (value && value->is_object() && value->as_object().contains("s") && value->as_object().contains("id") &&
        value->as_object().at("id").is_string())
        return PageToken{value->as_object().at("s"), DocumentId(std::string(value->as_object().at("id").as_string()))};
    return failure(ErrorCode::InvalidValue, "this is no page token", "/pageToken");
}

// Keeps the best `limit` + 1 of everything that matches: memory is bounded, whatever the collection holds.
Result<Content> queryList(storage::ReadView &view, const protocol::ListQuery &query, const CollectionPolicy &policy,
                          const std::function<bool(const DocumentId &)> &mayRead)
{
    const std::size_t limit =
        std::min<std::size_t>(limits::kPageItems, static_cast<std::size_t>(std::max<std::int64_t>(1, query.limit.value_or(100))));
    std::optional<PageToken> after;
    if (query.pageToken) {
        EVENTSYNC_TRY(after, pageTokenFrom(*query.pageToken));
    }
    const auto keys = plainKeys(query.sort);
    const auto before = [&](const json::Value &a, const DocumentId &aId, const json::Value &b, const DocumentId &bId) {
        const int order = json::compareBy(keys, a, b);
        return order != 0 ? order < 0 : aId < bId;
    };
    const auto less = [&](const Item &a, const Item &b) { return before(a.sorted, a.id, b.sorted, b.id); };
    std::vector<Item> best; // a heap: the last one in front
    std::optional<Error> error;
    storage::Scan scan{.set = sets::kDocuments, .index = "collection", .prefix = {query.collection.text()}};
    if (after && query.sort.empty())
        scan.from = storage::Cell(after->id.text() + '\0');
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
        Item item{row->documentId, row->at.serverSeq, policy.withEngineFields(std::move(*row->state), row->at.serverSeq), {}};
        if (query.filter && !query.filter->matches(item.state))
            return true;
        item.sorted = sortValues(query.sort, item.state);
        if (after && !before(after->sorted, after->id, item.sorted, item.id))
            return true;
        best.push_back(std::move(item));
        std::push_heap(best.begin(), best.end(), less);
        if (best.size() > limit + 1) {
            std::pop_heap(best.begin(), best.end(), less);
            best.pop_back();
        }
        return !query.sort.empty() || best.size() <= limit;
    }));
    if (error)
        return failure(*error);
    std::sort_heap(best.begin(), best.end(), less);
    Content content;
    if (best.size() > limit) {
        best.resize(limit);
        content["nextPageToken"] = toText({best.back().sorted, best.back().id});
    }
    json::Array items;
    for (Item &item : best) {
        json::Value state = query.fields.empty() ? std::move(item.state) : json::project(item.state, query.fields);
        items.push_back(json::Object{{"id", item.id.text()}, {"version", item.version.value()}, {"state", std::move(state)}});
    }
    content["items"] = std::move(items);
    return content;
}

protocol::QueryResult answerOf(const std::string &requestId, Result<Content> content)
{
    protocol::QueryResult result{.requestId = requestId};
    if (content) {
        result.content = std::move(*content);
    } else {
        result.code = content.error().code;
        result.reason = content.error().message;
    }
    return result;
}

// A page token on the wire: the epoch, and the place in the list. The pages of a list that was begun before a restore would show
// two histories as one.
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

void SyncService::Private::query(Session &session, const protocol::Query &query)
{
    if (session.queries >= kQueriesAtATime)
        return send(session, answerOf(query.requestId, failure(ErrorCode::RateLimited, "too many unanswered queries")));
    ++session.queries;
    answerQuery(query, session.principal, [this, id = session.id](protocol::QueryResult result) {
        if (Session *asking = this->session(id)) {
            --asking->queries;
            send(*asking, std::move(result));
        }
    });
}

void SyncService::Private::answerQuery(const protocol::Query &query, const Principal &principal,
                                       std::function<void(protocol::QueryResult)> done)
{
    const auto answer = [requestId = query.requestId, done](Result<Content> content) {
        done(answerOf(requestId, std::move(content)));
    };
    if (const auto *list = std::get_if<protocol::ListQuery>(&query.query)) {
        if (options.access->collectionAccess(principal, list->collection) == Access::None)
            return answer(failure(ErrorCode::PermissionDenied, "no right to read the collection"));
        protocol::ListQuery asked = *list;
        if (asked.pageToken) {
            auto place = placeFrom(*asked.pageToken, options.epoch);
            if (!place)
                return answer(failure(place.error()));
            asked.pageToken = std::move(*place);
        }
        const auto answerList = [answer, epoch = options.epoch](Result<Content> content) {
            json::Value *next = content ? content->if_contains("nextPageToken") : nullptr;
            if (next && next->is_string())
                *next = tokenOf(std::string(next->get_string()), epoch);
            answer(std::move(content));
        };
        return flushThen([this, list = std::move(asked), principal, answer, answerList](const Result<> &result) {
            if (!result)
                return answer(failure(result.error()));
            read<Content>(
                [list, principal, access = options.access, rules = rulesOf(list.collection)](storage::ReadView &view) {
                    return queryList(view, list, rules->policy, [&](const DocumentId &id) {
                        return access->access(principal, list.collection, id) != Access::None;
                    });
                },
                answerList);
        });
    }
    if (std::holds_alternative<protocol::StatsQuery>(query.query)) {
        std::size_t following = 0, connected = 0;
        for (const auto &[id, session] : sessions) {
            following += session->subscriptions.size();
            connected += session->state == Session::State::Ready ? 1 : 0;
        }
        return answer(Content{{"stats", json::Object{{"connections", static_cast<std::int64_t>(connected)},
                                                     {"subscriptions", static_cast<std::int64_t>(following)},
                                                     {"loadedDocuments", static_cast<std::int64_t>(documents.size())},
                                                     {"changes", lastPosition}}}});
    }
    const DocumentId id = std::visit(
        [](const auto &q) {
            if constexpr (requires { q.documentId; })
                return q.documentId;
            else
                return DocumentId();
        },
        query.query);
    withDocument(id, [this, id, query, principal, answer](const Result<DocumentPtr> &found) {
        if (!found)
            return answer(failure(found.error()));
        const DocumentCore &core = *(*found)->core;
        // What may not be read and what is not there look alike.
        if (!core.exists() || options.access->access(principal, core.collection(), id) == Access::None)
            return answer(failure(ErrorCode::NotFound, "there is no document " + id.text()));
        if (std::holds_alternative<protocol::StateVectorsQuery>(query.query)) {
            json::Array vectors;
            for (const auto &[client, cursor] : (*found)->cursors)
                vectors.push_back(cursor.toJson());
            return answer(Content{{"stateVectors", std::move(vectors)}});
        }
        if (const auto *at = std::get_if<protocol::StateAtQuery>(&query.query); at && at->serverSeq > core.head().serverSeq)
            return answer(failure(ErrorCode::NotFound, "the log ends at " + std::to_string(core.head().serverSeq.value())));
        read<Content>(
            [id, query](storage::ReadView &view) -> Result<Content> {
                EVENTSYNC_TRY(const std::optional<DocumentRow> row, EventStore(view).document(id));
                if (!row)
                    return failure(ErrorCode::NotFound, "there is no document " + id.text());
                if (const auto *at = std::get_if<protocol::StateAtQuery>(&query.query))
                    return queryState(view, *row, at->serverSeq);
                return queryEvents(view, *row, std::get<protocol::EventsQuery>(query.query));
            },
            answer);
    });
}

} // namespace eventsync::sync
