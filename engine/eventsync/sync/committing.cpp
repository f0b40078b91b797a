// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/limits.h>
#include <eventsync/sync/private.h>

#include <eventsync/base/logging.h>
#include <eventsync/base/mutation.h>

#include <algorithm>
#include <set>

namespace eventsync::sync {

// Each document's events are a batch of their own, which fails alone. The batches of a turn are handed over as one burst, so
// the store may write them while the rest is being judged, and commit them together.
void SyncService::Private::commitPrepared(const DocumentPtr &document)
{
    storage::Batch batch = document->core->takeBatch();
    if (mutated(Mutation::AckBeforeCommit)) {
        std::vector<eventlog::LoggedPtr> events(document->core->prepared().begin(), document->core->prepared().end());
        publish(document, events);
        for (auto &answer : std::exchange(document->answers, {}))
            answer();
    }
    if (numbers) {
        numbers->commits.add();
        numbers->rows.observe(batch.steps().size());
    }
    commit(std::move(batch), [this, document, begin = clock.steady()](Result<storage::Committed> result) {
        if (options.metrics)
            options.metrics->histogram("eventsync_commit_milliseconds", "from handing a batch of events to the store to its durable end")
                .observe(static_cast<std::uint64_t>((clock.steady() - begin).count()));
        if (!result)
            return failed(document, result.error());
        committed(document, result->positions.data());
    });
}

// `positions` are those that the store gave this document's events.
void SyncService::Private::committed(const DocumentPtr &document, const std::int64_t *positions)
{
    if (!document->core->isDirty())
        document->dirtySince = clock.steady();
    const std::vector<eventlog::LoggedPtr> events = document->core->committed(positions);
    lastPosition = std::max(lastPosition, document->core->position());
    document->judged.clear();
    measure(document);
    if (numbers)
        numbers->events.add(events.size());
    if (!mutated(Mutation::AckBeforeCommit))
        publish(document, events);
    for (auto &answer : std::exchange(document->answers, {}))
        answer();
    ended(document);
    headChanged(document);
    becameIdle(document);
}

// Nobody knows whether the batch is in the store: the document is loaded again, and the log decides. After a race with
// another writer what was judged is judged again on the newer state (G6); after a failure of the store its authors are told
// to subscribe again, and find out then.
void SyncService::Private::failed(const DocumentPtr &document, const Error &error)
{
    if (!storage::isStoreFailure(error)) // of that the store says one line, and the author hears
        qCWarning(lcSync) << "commit of" << document->id.text().c_str() << "failed:" << error.toString().c_str();
    document->core.reset();
    document->answers.clear();
    ended(document);
    measure(document);
    std::vector<Job> judged = std::exchange(document->judged, {});
    std::vector<Job> refused;
    for (auto job = judged.rbegin(); job != judged.rend(); ++job) {
        if (storage::isRace(error) && ++job->tries < limits::kOptimisticTries)
            document->jobs.push_front(std::move(*job));
        else
            refused.push_back(std::move(*job));
    }
    load(document);
    failJobs(document, std::move(refused), storage::isRace(error) ? Error{ErrorCode::VersionConflict, error.message} : error);
}

void SyncService::Private::failJobs(const DocumentPtr &document, std::vector<Job> jobs, const Error &error)
{
    std::set<SessionId> authors;
    for (Job &job : jobs) {
        if (const auto *push = std::get_if<PushJob>(&job.work)) {
            if (!push->token->dropped)
                authors.insert(push->token->session);
        } else {
            std::get<WriteJob>(job.work).done(failure(error));
        }
    }
    for (const SessionId id : authors) {
        if (Session *author = session(id))
            failDocument(*author, document->id, storage::isRace(error) ? Error{ErrorCode::Unavailable, error.message} : error);
    }
}

// What the store cannot do for one document is no fault of the connection: the peer subscribes to that document again, and
// what it pushed waits with it until then. What contradicts itself stays so, and the peer that hears of it does not ask again.
void SyncService::Private::refuseDocument(Session &session, const DocumentId &document, const Error &error)
{
    damage.note(error);
    unsubscribe(session, document);
    std::optional<std::chrono::milliseconds> later;
    if (errorClass(error.code) == ErrorClass::Transient)
        later = error.code == ErrorCode::Unavailable ? limits::kRetryFirst : limits::kRetryStore;
    sendError(session, error, protocol::ErrorScope::Document, document, later);
}

void SyncService::Private::failDocument(Session &session, const DocumentId &document, const Error &error)
{
    refuseDocument(session, document, error);
    pump(session);
}

} // namespace eventsync::sync
