// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/private.h>

#include <eventsync/base/logging.h>

#include <algorithm>

namespace eventsync::sync {

DocumentPtr SyncService::Private::inUse(const DocumentId &id)
{
    const auto found = documents.find(id);
    return found == documents.end() ? nullptr : found->second;
}

DocumentPtr SyncService::Private::document(const DocumentId &id)
{
    DocumentPtr &known = documents[id];
    if (!known)
        known = std::make_shared<LiveDocument>(id, memory);
    known->used = clock.steady();
    return known;
}

void SyncService::Private::withDocument(const DocumentId &id, std::function<void(Result<DocumentPtr>)> done)
{
    whenStarted([this, id, done = std::move(done)] {
        if (startError)
            return done(failure(*startError));
        const DocumentPtr found = document(id);
        if (found->core)
            return done(found);
        found->whenLoaded.push_back([found, done](const Result<> &result) {
            if (result)
                done(found);
            else
                done(failure(result.error()));
        });
        load(found);
    });
}

void SyncService::Private::load(const DocumentPtr &document)
{
    if (document->loading)
        return;
    document->loading = true;
    read<std::optional<eventlog::LoadedDocument>>(
        [id = document->id](storage::ReadView &view) { return eventlog::EventStore(view).load(id); },
        [this, document](Result<std::optional<eventlog::LoadedDocument>> result) { loaded(document, std::move(result)); });
}

void SyncService::Private::loaded(const DocumentPtr &document, Result<std::optional<eventlog::LoadedDocument>> result)
{
    document->loading = false;
    auto waiting = std::exchange(document->whenLoaded, {});
    if (!result) {
        if (result.error().code != ErrorCode::Corrupt) // of damage the log says one line
            qCWarning(lcSync) << "document" << document->id.text().c_str() << "cannot be loaded:" << result.error().toString().c_str();
        failJobs(document, {std::make_move_iterator(document->jobs.begin()), std::make_move_iterator(document->jobs.end())}, result.error());
        document->jobs.clear();
        document->whenIdle.clear();
        for (const SessionId id : broker.followers(document->id)) {
            if (Session *subscriber = session(id)) {
                unsubscribe(*subscriber, document->id);
                sendError(*subscriber, result.error(), protocol::ErrorScope::Document, document->id);
            }
        }
        for (auto &task : waiting)
            task(failure(result.error()));
        // Asked for again by whoever wants it. What the store could not give just now is tried again with the next tick; what
        // contradicts itself would be read for nothing, and would keep `derived` from ever rising.
        const bool mendable = errorClass(result.error().code) == ErrorClass::Transient || result.error().code == ErrorCode::IoError;
        if (!mendable && inUse(document->id) == document && !document->loading && document->whenLoaded.empty())
            documents.erase(document->id);
        return;
    }
    if (*result) {
        lastPosition = std::max(lastPosition, (*result)->position);
        for (const StateVector &cursor : (*result)->cursors)
            document->cursors.try_emplace(cursor.clientId, cursor);
    }
    document->core = std::make_unique<eventlog::DocumentCore>(
        document->id, std::move(*result), [this](const CollectionName &collection) { return rules.of(collection); }, clock, random);
    document->dirtySince = clock.steady();
    measure(document);
    for (auto &task : waiting)
        task({});
    // After a commit with an unknown result the log may hold events that nobody was told of.
    for (const SessionId id : broker.followers(document->id)) {
        Session *subscriber = session(id);
        if (!subscriber)
            continue;
        const auto found = subscriber->subscriptions.find(document->id);
        if (found != subscriber->subscriptions.end() && found->second.stage != Subscription::Stage::Waiting)
            beginCatchUp(*subscriber, document->id);
    }
    becameIdle(document);
}

void SyncService::Private::whenIdle(const DocumentPtr &document, std::function<void()> task)
{
    if (document->isIdle() && document->whenIdle.empty())
        return task();
    document->whenIdle.push_back(std::move(task));
    if (!document->core)
        load(document);
}

// Those who look at the document go before those who change it: they wait for one commit at most.
void SyncService::Private::becameIdle(const DocumentPtr &document)
{
    while (document->isIdle() && !document->whenIdle.empty()) {
        auto task = std::move(document->whenIdle.front());
        document->whenIdle.erase(document->whenIdle.begin());
        task();
    }
    if (!document->jobs.empty()) {
        ready.push_back(document);
        scheduleTurn();
    } else if (stopping) {
        finishShutdown();
    }
}

namespace {

constexpr std::size_t kCursorHeldBytes = 200; // a client's place in a document

bool usedEarlier(const DocumentPtr &a, const DocumentPtr &b)
{
    return a->used < b->used;
}

} // namespace

void SyncService::Private::measure(const DocumentPtr &document)
{
    std::size_t bytes = sizeof(LiveDocument) + document->cursors.size() * kCursorHeldBytes;
    if (document->core)
        bytes += sizeof(eventlog::DocumentCore) + document->core->heldBytes();
    if (document->served)
        bytes += document->served->state.capacity();
    document->held.set(bytes);
}

// Documents that nobody follows are kept while there is room, the last used ones first; never one whose derived rows lag,
// because its memory is what lists are completed from; and never one that a step under way still holds.
void SyncService::Private::unload()
{
    std::vector<DocumentPtr> idle, followed;
    for (const auto &[id, document] : documents) {
        if (document.use_count() == 1 && document->isIdle() && document->jobs.empty() && document->whenIdle.empty() &&
            !document->flushing && !document->core->isDirty() && document->newCursors.empty())
            (broker.isFollowed(id) ? followed : idle).push_back(document);
    }
    const auto isTooMuch = [&](std::size_t left) { return left > options.loadedDocuments || (left > 0 && memory->isOver()); };
    if (isTooMuch(idle.size()))
        std::sort(idle.begin(), idle.end(), usedEarlier);
    for (auto document = idle.begin(); isTooMuch(static_cast<std::size_t>(idle.end() - document)); ++document) {
        memory->dropped(MemoryOwner::Documents);
        documents.erase((*document)->id);
        document->reset();
    }
    if (memory->isOver())
        shorten(std::move(followed));
    const bool isShort = memory->isOver();
    if (isShort && !memoryIsShort)
        qCWarning(lcSync) << "documents in use take" << memory->bytes() << "bytes of memory, more than the" << memory->total()
                          << "that are allowed";
    memoryIsShort = isShort;
}

// Documents that clients follow give up their last events and the snapshot that was sent last: both are in the store.
void SyncService::Private::shorten(std::vector<DocumentPtr> followed)
{
    std::erase_if(followed, [](const DocumentPtr &document) { return document->core->tail().empty() && !document->served; });
    std::sort(followed.begin(), followed.end(), usedEarlier);
    for (auto document = followed.begin(); document != followed.end() && memory->isOver(); ++document) {
        memory->dropped(MemoryOwner::Documents);
        (*document)->core->dropTail();
        (*document)->served.reset();
        measure(*document);
    }
}

} // namespace eventsync::sync
