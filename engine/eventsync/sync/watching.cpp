// SPDX-License-Identifier: Apache-2.0
//
// A watch is first listed from the derived rows, brought up to date for it, page by page below the high-water mark; what
// changes meanwhile is sent as well (heads come at least once). Live, each turn's changes of a collection go out together.
#include <eventsync/base/limits.h>
#include <eventsync/base/worklimits.h>
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

bool needsNoState(const protocol::Watch &parameters)
{
    return !parameters.filter && parameters.fields.empty();
}

// `state` is not looked at where needsNoState().
FoundHead foundHead(const protocol::Watch &parameters, const CollectionPolicy &policy, protocol::Head head,
                    const json::State &state, const HeadLimits &asMuch, Budget &budget)
{
    FoundHead found{std::move(head)};
    if (found.head.deleted || needsNoState(parameters))
        return found;
    const json::Value view = policy.withEngineFields(*state, found.head.serverSeq);
    found.matches = !parameters.filter || parameters.filter->matches(view, budget);
    if (!found.matches || parameters.fields.empty())
        return found;
    json::Value fields = json::project(view, parameters.fields, budget);
    found.fieldBytes = json::canonicalSize(fields);
    if (found.fieldBytes <= asMuch.fields)
        found.head.fields = std::move(fields);
    else
        found.head.code = ErrorCode::TooLarge;
    return found;
}

// The next documents of a list, as many as make one message.
struct HeadPage
{
    std::vector<FoundHead> heads;
    std::vector<Error> damage = {}; // documents that cannot be told of: their rows are not what was stored
    bool hasMore = false;
    std::int64_t lastPosition = 0;
    std::string lastId;
};

Result<HeadPage> headPage(storage::ReadView &view, Budget &budget, const storage::Scan &scan, const protocol::Watch &parameters,
                          const CollectionPolicy &policy, const HeadLimits &asMuch)
{
    HeadPage page;
    std::size_t bytes = 0, rows = 0;
    std::optional<Error> error;
    EVENTSYNC_CHECK(view.scan(scan, [&](const storage::Row &cells) {
        const auto position = integerOf(cells, document::Position);
        const auto id = textOf(cells, document::Id);
        if (!position || !id) {
            error = position ? id.error() : position.error();
            return false;
        }
        page.lastPosition = *position;
        page.lastId = *id;
        ++rows;
        const auto row = DocumentRow::fromRow(cells, !needsNoState(parameters));
        if (!row)
            page.damage.push_back(row.error());
        if (row && row->at.serverSeq > ServerSeq(0)) {
            protocol::Head head{.documentId = row->documentId, .serverSeq = row->at.serverSeq,
                                .deleted = integerOf(cells, document::Deleted).value_or(1) != 0 ||
                                           (!needsNoState(parameters) && !row->state)};
            page.heads.push_back(foundHead(parameters, policy, std::move(head), row->state, asMuch, budget));
            bytes += page.heads.back().bytes();
        }
        page.hasMore = rows == limits::kPageItems || bytes > asMuch.page;
        return !page.hasMore;
    }));
    if (error)
        return failure(*error);
    return page;
}

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
    if (!session.watches.contains(message.collection) && session.watches.size() >= limits::kWatchesPerConnection)
        return sendError(session, {ErrorCode::QueueFull, "this connection watches as many collections as it may"},
                         protocol::ErrorScope::Document);
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

void SyncService::Private::endWatch(SessionId id, const CollectionName &collection)
{
    const auto watching = watchers.find(collection);
    watching->second.erase(id);
    if (watching->second.empty())
        watchers.erase(watching);
    changedWatches.erase({id, collection});
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
    ask<HeadPage>(
        session(id)->requester(),
        [scan, parameters = watch->parameters, its = rules.of(collection), asMuch = headLimits()](storage::ReadView &view, Budget &budget) {
            return headPage(view, budget, scan, parameters, its->policy, asMuch);
        },
        [this, id, collection, generation, changesOnly](const Result<HeadPage> &page) {
            WatchState *listed = watchOf(id, collection, generation);
            if (!listed)
                return;
            Session *listing = session(id);
            if (!page)
                return failWatch(*listing, collection, page.error());
            for (const Error &damaged : page->damage)
                damage.note(damaged);
            WatchState &state = *listed;
            protocol::Heads heads{collection, {}};
            for (const FoundHead &one : page->heads) {
                if (!changesOnly && one.head.deleted)
                    continue;
                if (auto head = headFor(*listing, state, one))
                    heads.heads.push_back(std::move(*head));
            }
            if (!heads.heads.empty())
                send(*listing, std::move(heads));
            if (page->hasMore) {
                if (changesOnly)
                    state.since = page->lastPosition;
                else
                    state.listAfter = page->lastId;
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

// A filter that takes too much work does so again: the watch ends. After any other error the peer connects again.
void SyncService::Private::failWatch(Session &session, const CollectionName &collection, const Error &error)
{
    if (error.code != ErrorCode::TooLarge)
        return closeSession(session.id, {ErrorCode::Unavailable, error.message}, limits::kRetryFirst);
    unwatch(session, collection);
    sendError(session, error, protocol::ErrorScope::Document);
}

void SyncService::Private::unwatch(Session &session, const CollectionName &collection)
{
    if (session.watches.erase(collection) > 0)
        endWatch(session.id, collection);
}

HeadLimits SyncService::Private::headLimits() const
{
    // A number of three letters can take nine bytes of CBOR.
    return {.page = options.catchUpChunkBytes, .fields = static_cast<std::size_t>(options.limits.frameBytes) / 3};
}

// What this watch is to be told of one document; none: nothing.
std::optional<protocol::Head> SyncService::Private::headFor(const Session &session, WatchState &watch, const FoundHead &found)
{
    protocol::Head head = found.head;
    if (options.access->access(session.principal, watch.parameters.collection, head.documentId) == Access::None)
        return std::nullopt;
    if (!watch.parameters.filter)
        return head;
    const bool wasShown = watch.shown.erase(head.documentId) > 0 || !watch.knowsShown;
    if (head.deleted || !found.matches) {
        head.deleted = true; // or gone from what is watched
        return wasShown ? std::optional(head) : std::nullopt;
    }
    if (watch.knowsShown) {
        watch.shown.insert(head.documentId);
        if (watch.shown.size() > kShownDocuments) {
            watch.shown.clear();
            watch.knowsShown = false;
        }
    }
    return head;
}

void SyncService::Private::headChanged(const DocumentPtr &document)
{
    const auto found = watchers.find(*document->core->collection());
    if (found == watchers.end())
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

// Those who watch everything and may read everything share one encoded message. What is too long for one message is sent as far
// as the peer takes it; the rest when it has drained.
void SyncService::Private::sendChanged(Session &session, const CollectionName &collection, WatchState &watch)
{
    const auto key = std::make_pair(collection, watch.changed);
    const bool plain = needsNoState(watch.parameters);
    const HeadLimits asMuch = headLimits();
    protocol::Heads heads{collection, {}};
    std::set<DocumentId> later;
    std::size_t bytes = 0;
    bool shareable = plain;
    const std::set<DocumentId> changed = std::exchange(watch.changed, {});
    for (const DocumentId &id : changed) {
        const DocumentPtr document = inUse(id);
        if (!document || !document->core || (!plain && !document->isIdle()) || isOverHighWater(session)) {
            if (!document)
                withDocument(id, [](const Result<DocumentPtr> &) {});
            later.insert(id); // with its next change, at the next tick, or when the peer has drained
            continue;
        }
        const eventlog::DocumentCore &core = *document->core;
        Budget budget(limits::kHeadSteps);
        const FoundHead found =
            foundHead(watch.parameters, rules.of(collection)->policy,
                      {.documentId = id, .serverSeq = core.head().serverSeq, .deleted = core.isDeleted()},
                      plain ? json::State() : core.record().state, asMuch, budget);
        if (budget.isExhausted())
            return failWatch(session, collection, budget.error("the filter of the watch"));
        auto head = headFor(session, watch, found);
        shareable = shareable && head;
        if (!head)
            continue;
        heads.heads.push_back(std::move(*head));
        bytes += found.bytes();
        if (bytes > asMuch.page) {
            send(session, std::exchange(heads, {collection, {}}));
            bytes = 0;
            shareable = false;
        }
    }
    shareable = shareable && later.empty();
    watch.changed.merge(later);
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
