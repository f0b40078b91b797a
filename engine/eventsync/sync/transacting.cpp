// SPDX-License-Identifier: Apache-2.0
//
// A transaction holds its documents, one after another in the order of their ids, so that no two can wait for each other: a
// held document looks to everybody else like one whose pushes are being looked up. Then it is judged on all of them at once,
// and its events go to the store as one batch, which is never taken apart.
#include <eventsync/base/guard.h>
#include <eventsync/base/limits.h>
#include <eventsync/sync/private.h>

#include <algorithm>

namespace eventsync::sync {

using namespace eventlog;

struct SyncService::Private::Hold
{
    // Also when it is dropped half-way, because a document cannot be loaded or the service goes.
    ~Hold()
    {
        release();
        if (done && !life.expired())
            done(failure(ErrorCode::Unavailable, "a document of the transaction cannot be loaded"));
    }
    void release()
    {
        for (const DocumentPtr &document : std::exchange(held, {})) {
            document->lookingUp = false;
            if (!life.expired())
                service->becameIdle(document);
        }
    }
    void answer(Result<std::vector<WrittenDocument>> result)
    {
        release();
        if (const auto tell = std::exchange(done, nullptr))
            tell(std::move(result));
    }

    Private *service = nullptr;
    std::weak_ptr<int> life;
    DocumentTransaction transaction;
    DocumentWriter::TransactionDone done;
    EventId id;
    std::vector<DocumentId> sorted;
    std::vector<DocumentPtr> held; // those of `sorted`, from the first
    int tries = 0;
};

void SyncService::transact(DocumentTransaction transaction, DocumentWriter::TransactionDone done)
{
    if (d->stopping)
        return done(failure(ErrorCode::ShuttingDown, "the server is stopping"));
    auto sorted = transaction.documentIds;
    std::sort(sorted.begin(), sorted.end());
    if (sorted.empty() || std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
        return done(failure(ErrorCode::Invalid, "a transaction names each of its documents once"));
    if (auto author = authorIdFrom(transaction.clientId.text()); !author)
        return done(failure(author.error()));
    auto hold = std::make_shared<Private::Hold>();
    hold->service = d.get();
    hold->life = d->life;
    hold->done = std::move(done);
    hold->id = d->uuids.next();
    hold->sorted = std::move(sorted);
    const ClientId client = transaction.clientId;
    hold->transaction = std::move(transaction);
    d->claimAuthor(client, [this, hold](const Result<> &claimed) {
        if (!claimed)
            return hold->answer(failure(claimed.error()));
        d->holdAll(hold);
    });
}

void SyncService::Private::holdAll(const std::shared_ptr<Hold> &hold)
{
    if (hold->held.size() == hold->sorted.size())
        return judgeTransaction(hold);
    withDocument(hold->sorted[hold->held.size()], [this, hold](const Result<DocumentPtr> &found) {
        if (!found)
            return hold->answer(failure(found.error()));
        whenIdle(*found, [this, hold, document = *found] {
            document->lookingUp = true;
            hold->held.push_back(document);
            holdAll(hold);
        });
    });
}

namespace {

// Prepares the events in the documents' cores; after an error some may hold what must not be committed.
Result<std::vector<WrittenDocument>> prepare(const DocumentTransaction &transaction, const EventId &id,
                                             const std::map<DocumentId, DocumentCore *> &cores, UuidGenerator &uuids)
{
    std::map<DocumentId, json::Value> values;
    for (const auto &[documentId, core] : cores) {
        if (!core->state().exists())
            return failure(ErrorCode::NotFound, "there is no document " + documentId.text());
        values.emplace(documentId, core->rules()->policy.withEngineFields(core->state().view(), core->head().serverSeq));
    }
    EVENTSYNC_CHECK(guarded(transaction.edit, values));
    json::Object metadata = transaction.metadata;
    metadata["transactionId"] = id.toText();
    std::vector<WrittenDocument> results;
    for (const DocumentId &documentId : transaction.documentIds) {
        const auto value = values.find(documentId);
        if (value == values.end() || values.size() != cores.size())
            return failure(ErrorCode::Invalid, "a transaction changes the documents it asked for, no others");
        DocumentCore &core = *cores.at(documentId);
        const auto edit = [&value](json::State &state) -> Result<> {
            state = value->second;
            return {};
        };
        EVENTSYNC_TRY(const LoggedPtr event, core.write({.collection = *core.collection(), .clientId = transaction.clientId,
                                                         .edit = edit, .metadata = metadata, .id = uuids.next()}));
        WrittenDocument written{core.preparedRecord(), {}, event ? event->event : nullptr};
        if (event) {
            written.diff = event->event->diff;
            written.diff.setVersion(event->serverSeq);
        }
        results.push_back(std::move(written));
    }
    return results;
}

} // namespace

void SyncService::Private::judgeTransaction(const std::shared_ptr<Hold> &hold)
{
    std::map<DocumentId, DocumentCore *> cores;
    for (const DocumentPtr &document : hold->held)
        cores.emplace(document->id, document->core.get());
    auto written = prepare(hold->transaction, hold->id, cores, uuids);
    std::vector<DocumentPtr> changed;
    storage::Batch batch;
    for (const DocumentPtr &document : hold->held) {
        if (!document->core->hasPrepared())
            continue;
        if (!written) { // prepared before the error: thrown away, and read again
            document->core.reset();
            load(document);
            continue;
        }
        batch.append(document->core->takeBatch());
        changed.push_back(document);
    }
    if (!written || changed.empty())
        return hold->answer(std::move(written));
    commit(std::move(batch), [this, hold, changed = std::move(changed), written = std::move(*written)](Result<storage::Committed> result) mutable {
        // Let go once: whoever waits may take them as soon as they are idle, and then holds them himself.
        const std::vector<DocumentPtr> held = std::exchange(hold->held, {});
        for (const DocumentPtr &document : held)
            document->lookingUp = false;
        const auto tellWaiting = [&] {
            for (const DocumentPtr &document : held)
                becameIdle(document);
        };
        if (result) {
            const std::int64_t *positions = result->positions.data();
            for (const DocumentPtr &document : changed)
                committed(document, std::exchange(positions, positions + document->core->prepared().size()));
            tellWaiting();
            return hold->answer(std::move(written));
        }
        const Error error = result.error();
        for (const DocumentPtr &document : changed)
            failed(document, error);
        tellWaiting();
        const bool race = storage::isRace(error);
        if (race && ++hold->tries < limits::kOptimisticTries)
            return holdAll(hold);
        hold->answer(failure(race ? Error{ErrorCode::VersionConflict, error.message} : error));
    });
}

} // namespace eventsync::sync
