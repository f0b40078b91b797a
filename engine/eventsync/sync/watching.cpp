// SPDX-License-Identifier: Apache-2.0
//
// A watch is first listed from the derived rows, brought up to date for it, page by page below the high-water mark; what
// changes meanwhile is sent as well (heads come at least once). Live, each turn's changes of a collection go out together.
#include <eventsync/base/limits.h>
#include <eventsync/sync/private.h>

#include <eventsync/eventlog/logmark.h>
#include <eventsync/eventlog/schema.h>

#include <algorithm>

namespace eventsync::sync {

using namespace eventlog;

namespace {

// More shown documents than this are not remembered: then a document that leaves the filter is told without being sure that
// the peer knew it.
constexpr std::size_t kShownDocuments = 100'000;

} // namespace

WatchState *SyncService::Private::watchOf(SessionId id, const CollectionName &collection, std::uint64_t generation)
{
    Session *watching = session(id);
    if (!watching)
        return nullptr;
    const auto found = watching->watches.find(collection);
    return found != watching->watches.end() && found->second.generation == generation ? &found->second : nullptr;
}

void SyncService::Private::watch(Session &session, const protocol::Watch &message)
{
    if (options.access->collectionAccess(session.principal, message.collection) == Access::None)
        return sendError(session, {ErrorCode::PermissionDenied, "no right to read the collection"}, protocol::ErrorScope::Document);
    WatchState watch;
    watch.parameters = message;
    watch.generation = nextGeneration++;
    const std::uint64_t generation = watch.generation;
    session.watches.insert_or_assign(message.collection, std::move(watch));
    watchers[message.collection].insert(session.id);
    whenStarted([this, id = session.id, collection = message.collection, generation] {
        if (!watchOf(id, collection, generation))
            return;
        flushThen([this, id, collection, generation, reached = lastPosition](const Result<> &result) {
            if (!result)
                return closeSession(id, {ErrorCode::Unavailable, result.error().message}, limits::kRetryFirst);
            beginList(id, collection, generation, reached);
        });
    });
}

// A token counts if this log goes on from it. Whatever else is given in its place leads to a full list, and the peer is told so.
void SyncService::Private::beginList(SessionId id, const CollectionName &collection, std::uint64_t generation,
                                     std::int64_t reached)
{
    WatchState *begun = watchOf(id, collection, generation);
    if (!begun)
        return;
    struct Start
    {
        std::int64_t since = 0;
        LogMark reached;
    };
    read<Start>(
        [token = begun->parameters.since, epoch = options.epoch, reached](storage::ReadView &view) -> Result<Start> {
            Start start;
            const auto since = token ? LogMark::fromToken(*token) : Result<LogMark>(LogMark());
            if (since) {
                EVENTSYNC_TRY(const bool isOurs, since->isIn(view, epoch));
                start.since = isOurs ? since->position : 0;
            }
            EVENTSYNC_TRY(start.reached, LogMark::upTo(view, epoch, reached));
            return start;
        },
        [this, id, collection, generation](const Result<Start> &start) {
            WatchState *watch = watchOf(id, collection, generation);
            if (!watch)
                return;
            if (!start)
                return closeSession(id, {ErrorCode::Unavailable, start.error().message}, limits::kRetryFirst);
            watch->since = start->since;
            watch->full = watch->knowsShown = start->since == 0;
            watch->reached = start->reached;
            listHeads(id, collection, generation);
        });
}

void SyncService::Private::listHeads(SessionId id, const CollectionName &collection, std::uint64_t generation)
{
    const WatchState *watch = watchOf(id, collection, generation);
    if (!watch)
        return;
    storage::Scan scan{.set = sets::kDocuments, .index = "collection", .prefix = {collection.text()}, .limit = limits::kPageItems};
    const bool changesOnly = !watch->full;
    if (changesOnly) {
        scan.index = "changes";
        scan.from = storage::Cell(watch->since + 1);
    } else if (watch->listAfter) {
        scan.from = storage::Cell(*watch->listAfter + '\0');
    }
    const bool withState = watch->parameters.filter || !watch->parameters.fields.empty();
    using Rows = std::vector<DocumentRow>;
    read<Rows>(
        [scan, withState](storage::ReadView &view) -> Result<Rows> {
            Rows rows;
            std::optional<Error> error;
            EVENTSYNC_CHECK(view.scan(scan, [&](const storage::Row &cells) {
                auto row = DocumentRow::fromRow(cells, withState);
                if (row && !withState && integerOf(cells, document::Deleted).value_or(1) == 0)
                    row->state = json::Value();
                if (!row)
                    error = row.error();
                else
                    rows.push_back(std::move(*row));
                return !error;
            }));
            if (error)
                return failure(*error);
            return rows;
        },
        [this, id, collection, generation, changesOnly](const Result<Rows> &rows) {
            WatchState *listed = watchOf(id, collection, generation);
            if (!listed)
                return;
            if (!rows)
                return closeSession(id, {ErrorCode::Unavailable, rows.error().message}, limits::kRetryFirst);
            WatchState &state = *listed;
            Session *listing = session(id);
            protocol::Heads heads{collection, {}};
            for (const DocumentRow &row : *rows) {
                if (row.at.serverSeq == ServerSeq(0) || (!changesOnly && !row.state))
                    continue;
                if (auto head = headOf(*listing, state, row.record()))
                    heads.heads.push_back(std::move(*head));
            }
            if (!heads.heads.empty())
                send(*listing, std::move(heads));
            if (rows->size() == limits::kPageItems) {
                if (changesOnly)
                    state.since = rows->back().position;
                else
                    state.listAfter = rows->back().documentId.text();
                state.owesPage = true;
                return pump(*listing);
            }
            state.listing = false;
            send(*listing, protocol::Watching{collection, state.reached.toToken(), state.full});
            if (!state.changed.empty()) {
                changedWatches.emplace(id, collection);
                sendHeads();
            }
        });
}

// What this watch is to be told of one document; none: nothing.
std::optional<protocol::Head> SyncService::Private::headOf(const Session &session, WatchState &watch, const DocumentRecord &record)
{
    if (options.access->access(session.principal, record.collection, record.documentId) == Access::None)
        return std::nullopt;
    protocol::Head head{.documentId = record.documentId, .serverSeq = record.position.serverSeq, .deleted = record.deleted};
    const auto &parameters = watch.parameters;
    if (record.deleted || (!parameters.filter && parameters.fields.empty())) {
        const bool wasShown = watch.shown.erase(record.documentId) > 0 || !parameters.filter || !watch.knowsShown;
        return record.deleted && !wasShown ? std::nullopt : std::optional(head);
    }
    const json::Value view = rulesOf(record.collection)->policy.withEngineFields(*record.state, record.position.serverSeq);
    if (parameters.filter && !parameters.filter->matches(view)) {
        if (watch.shown.erase(record.documentId) == 0 && watch.knowsShown)
            return std::nullopt;
        head.deleted = true; // gone from what is watched
        return head;
    }
    if (parameters.filter && watch.knowsShown) {
        watch.shown.insert(record.documentId);
        if (watch.shown.size() > kShownDocuments) {
            watch.shown.clear();
            watch.knowsShown = false;
        }
    }
    if (!parameters.fields.empty())
        head.fields = json::project(view, parameters.fields);
    return head;
}

void SyncService::Private::headChanged(const DocumentPtr &document)
{
    const auto found = watchers.find(*document->core->collection());
    if (found == watchers.end() || found->second.empty())
        return;
    for (const SessionId id : found->second) {
        Session *watching = session(id);
        if (!watching)
            continue;
        watching->watches.at(found->first).changed.insert(document->id);
        changedWatches.emplace(id, found->first);
    }
    if (!std::exchange(headsPosted, true))
        post([this] { sendHeads(); });
}

void SyncService::Private::sendHeads()
{
    headsPosted = false;
    sharedHeads.clear();
    for (const auto &[id, collection] : std::exchange(changedWatches, {})) {
        Session *watching = session(id);
        const auto found = watching ? watching->watches.find(collection) : decltype(watching->watches.end()){};
        if (watching && found != watching->watches.end() && !found->second.listing && !isOverHighWater(*watching))
            sendChanged(*watching, collection, found->second);
    }
    sharedHeads.clear();
}

// Those who watch everything and may read everything share one encoded message.
void SyncService::Private::sendChanged(Session &session, const CollectionName &collection, WatchState &watch)
{
    const bool plain = !watch.parameters.filter && watch.parameters.fields.empty();
    protocol::Heads heads{collection, {}};
    std::set<DocumentId> later;
    bool all = true;
    for (const DocumentId &id : watch.changed) {
        const DocumentPtr document = inUse(id);
        if (!document || !document->core || (!plain && !document->isIdle())) {
            if (!document)
                withDocument(id, [](const Result<DocumentPtr> &) {});
            later.insert(id); // with its next change, or at the next tick
            continue;
        }
        std::optional<protocol::Head> head;
        if (plain) {
            if (options.access->access(session.principal, collection, id) != Access::None)
                head = protocol::Head{.documentId = id, .serverSeq = document->core->head().serverSeq,
                                      .deleted = document->core->isDeleted()};
        } else {
            head = headOf(session, watch, document->core->record());
        }
        if (head)
            heads.heads.push_back(std::move(*head));
        else
            all = false;
    }
    const auto key = std::make_pair(collection, watch.changed);
    const bool shareable = plain && all && later.empty();
    watch.changed = std::move(later);
    if (heads.heads.empty())
        return;
    if (!shareable)
        return send(session, std::move(heads));
    protocol::OutgoingPtr &shared = sharedHeads[key];
    if (!shared)
        shared = std::make_shared<const protocol::OutgoingMessage>(std::move(heads));
    session.sink->send(shared);
}

} // namespace eventsync::sync
