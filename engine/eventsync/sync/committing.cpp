// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/private.h>

#include <eventsync/base/logging.h>
#include <eventsync/base/mutation.h>

#include <algorithm>
#include <iterator>

namespace eventsync::sync {

namespace {

bool isRace(const Error &error)
{
    return error.code == ErrorCode::Conflict || error.code == ErrorCode::VersionConflict;
}

} // namespace

// What was judged in one turn is handed over in as few batches as the store's bound on a batch allows. A batch commits as
// one; so where it fails over one document's rows, the documents are committed again one by one.
void SyncService::Private::commitParts(std::vector<Part> parts)
{
    for (Part &part : parts) {
        if (!mutated(Mutation::AckBeforeCommit))
            continue;
        std::vector<eventlog::LoggedPtr> events(part.document->core->prepared().begin(), part.document->core->prepared().end());
        publish(part.document, events);
        for (auto &answer : std::exchange(part.document->answers, {}))
            answer();
    }
    std::size_t next = 0;
    while (next < parts.size()) {
        auto group = std::make_shared<std::vector<Part>>();
        storage::Batch batch;
        do {
            Part &part = parts[next++];
            auto &steps = batch.steps();
            steps.insert(steps.end(), std::make_move_iterator(part.batch.steps().begin()),
                         std::make_move_iterator(part.batch.steps().end()));
            part.batch = {};
            group->push_back(std::move(part));
        } while (next < parts.size() && batch.steps().size() + parts[next].batch.steps().size() <= limits::kCommitRows);
        if (numbers) {
            numbers->commits.add();
            numbers->rows.observe(batch.steps().size());
        }
        commit(std::move(batch), [this, group, begin = clock.steady()](Result<storage::Committed> result) {
            if (options.metrics)
                options.metrics->histogram("eventsync_commit_milliseconds", "from handing a batch of events to the store to its durable end")
                    .observe(static_cast<std::uint64_t>((clock.steady() - begin).count()));
            committed(*group, std::move(result));
        });
    }
}

void SyncService::Private::committed(std::vector<Part> &parts, Result<storage::Committed> result)
{
    if (!result && parts.size() > 1 && isRace(result.error())) {
        for (Part &part : parts) {
            part.batch = part.document->core->batchAgain();
            auto alone = std::make_shared<std::vector<Part>>();
            storage::Batch batch = std::move(part.batch);
            alone->push_back({part.document, {}, part.events});
            commit(std::move(batch), [this, alone](Result<storage::Committed> again) { committed(*alone, std::move(again)); });
        }
        return;
    }
    if (!result) {
        for (const Part &part : parts)
            failed(part.document, result.error());
        return;
    }
    const std::int64_t *positions = result->positions.data();
    for (const Part &part : parts) {
        const DocumentPtr &document = part.document;
        if (!document->core->isDirty())
            document->dirtySince = clock.steady();
        const std::vector<eventlog::LoggedPtr> events = document->core->committed(positions);
        positions += part.events;
        lastPosition = std::max(lastPosition, document->core->position());
        document->judged.clear();
        if (numbers)
            numbers->events.add(events.size());
        if (!mutated(Mutation::AckBeforeCommit))
            publish(document, events);
        for (auto &answer : std::exchange(document->answers, {}))
            answer();
        headChanged(document);
        becameIdle(document);
    }
}

// Nobody knows whether the batch is in the store: the document is loaded again, and the log decides. After a race with
// another writer what was judged is judged again on the newer state (G6); after a failure of the store its authors are told
// to come back, and find out then.
void SyncService::Private::failed(const DocumentPtr &document, const Error &error)
{
    qCWarning(lcSync) << "commit of" << document->id.text().c_str() << "failed:" << error.toString().c_str();
    document->core.reset();
    document->answers.clear();
    std::vector<Job> judged = std::exchange(document->judged, {});
    std::vector<Job> refused;
    for (auto job = judged.rbegin(); job != judged.rend(); ++job) {
        if (isRace(error) && ++job->tries < limits::kOptimisticTries)
            document->jobs.push_front(std::move(*job));
        else
            refused.push_back(std::move(*job));
    }
    load(document);
    failJobs(std::move(refused), isRace(error) ? Error{ErrorCode::VersionConflict, error.message} : error);
}

void SyncService::Private::failJobs(std::vector<Job> jobs, const Error &error)
{
    for (Job &job : jobs) {
        if (const auto *push = std::get_if<PushJob>(&job.work)) {
            if (!push->token->dropped)
                closeSession(push->token->session, {ErrorCode::Unavailable, "the store failed: " + error.message},
                             limits::kRetryFirst);
        } else {
            std::get<WriteJob>(job.work).done(failure(error));
        }
    }
}

} // namespace eventsync::sync
