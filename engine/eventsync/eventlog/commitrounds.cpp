// SPDX-License-Identifier: Apache-2.0
//
// The way of an edit: collect, lookUp, validate, commit, committed. After a lost race (another process wrote to the document)
// it is validated again on the content of the store; after a commit with an unknown result the document is read again, and the
// log decides.
#include <eventsync/eventlog/commitrounds_p.h>

#include <eventsync/base/guard.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/storage/limits.h>
#include <eventsync/storage/logging.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace eventsync::eventlog {

namespace {

using Stage = LiveDocument::Stage;

// The most events of one document that are validated and committed at a time: other documents and readers wait for them.
constexpr std::size_t kEventsPerRound = 1'024;

bool waitsForOthers(const Job &job)
{
    return std::holds_alternative<DocumentTransaction>(job.submission.work) || std::holds_alternative<Barrier>(job.submission.work);
}

} // namespace

// ---- waiting

void CommitRounds::add(const JobPtr &job)
{
    for (const DocumentId &id : job->submission.documents()) {
        const DocumentPtr document = m_documents.get(id);
        if (document->isIdle() && document->m_jobs.empty() && std::holds_alternative<Barrier>(job->submission.work))
            return answerBarrier(document, job);
        document->m_jobs.push_back(job);
        if (document->m_jobs.size() == 1)
            schedule(document);
        m_documents.load(document);
    }
}

void CommitRounds::schedule(const DocumentPtr &document)
{
    if (!document->isIdle() || document->m_jobs.empty())
        return;
    m_ready.push_back(document);
    post();
}

void CommitRounds::post()
{
    if (std::exchange(m_posted, true))
        return;
    m_state.store.post([this] { run(); });
}

void CommitRounds::run()
{
    m_posted = false;
    std::vector<Lookup> lookups;
    for (const DocumentPtr &document : std::exchange(m_ready, {})) {
        while (document->isIdle() && !document->m_jobs.empty() && waitsForOthers(*document->m_jobs.front())) {
            if (!takeFront(document))
                break;
        }
        if (!document->isIdle() || document->m_jobs.empty() || waitsForOthers(*document->m_jobs.front()))
            continue;
        lookups.push_back(collect(document));
        document->m_stage = Stage::LookingUp;
    }
    if (!lookups.empty())
        lookUp(std::move(lookups));
}

// Handles jobs that need no look-up; false if the document must wait.
bool CommitRounds::takeFront(const DocumentPtr &document)
{
    const JobPtr job = document->m_jobs.front();
    if (std::holds_alternative<DocumentTransaction>(job->submission.work))
        return tryTransaction(job);
    document->m_jobs.pop_front();
    answerBarrier(document, job);
    return true;
}

void CommitRounds::answerBarrier(const DocumentPtr &document, const JobPtr &job)
{
    job->ended = true;
    if (document->m_core->log().exists())
        job->submission.done(Answer{.written = {{document->m_core->record(), {}, nullptr}}});
    else
        job->submission.done(failure(ErrorCode::NotFound, "there is no document " + document->id().text()));
}

// ---- looking up

CommitRounds::Lookup CommitRounds::collect(const DocumentPtr &document) const
{
    Lookup lookup{.document = document, .ids = {}, .older = {}, .jobs = {}};
    std::size_t events = 0;
    std::optional<ServerSeq> oldest;
    std::deque<JobPtr> &waiting = document->m_jobs;
    while (!waiting.empty() && !waitsForOthers(*waiting.front()) &&
           (lookup.jobs.empty() || events + waiting.front()->submission.events() <= kEventsPerRound)) {
        const JobPtr job = std::move(waiting.front());
        waiting.pop_front();
        events += job->submission.events();
        if (const auto *push = std::get_if<PushedEvents>(&job->submission.work)) {
            for (const EventPtr &event : push->events) {
                lookup.ids.push_back(event->id);
                if (const EventId first = event->firstId(); first != event->id)
                    lookup.ids.push_back(first);
                if (const auto missing = document->m_core->log().missingBefore(event->baseSeq))
                    oldest = std::min(oldest.value_or(*missing), *missing);
            }
        } else if (std::get<DocumentWrite>(job->submission.work).id) {
            lookup.ids.push_back(job->id);
        }
        lookup.jobs.push_back(job);
    }
    if (oldest) {
        const auto &recent = document->m_core->log().recent().events();
        const ServerSeq until = recent.empty() ? document->m_core->log().head().serverSeq : recent.front()->serverSeq.previous();
        lookup.older = Lookup::Span{.after = *oldest, .until = until};
    }
    return lookup;
}

// Older events are read as far as one round has room for them. A document that alone needs more gets the newest of them, and what was
// made before those is BaseCompacted; one for which others left too little waits for the next round.
Result<CommitRounds::Found> CommitRounds::readFound(storage::ReadView &view, const std::vector<EventId> &ids, const std::vector<Question> &questions)
{
    EventStore store(view);
    Found found;
    EVENTSYNC_TRY(found.known, store.known(ids));
    std::size_t room = limits::kLookBackBytes;
    for (const Question &question : questions) {
        Found::Older &older = found.older.emplace_back();
        if (!question.older)
            continue;
        EVENTSYNC_TRY(EventStore::Newest newest, store.newest(question.number, question.older->after, question.older->until, room));
        older.isPostponed = newest.isCut && room < limits::kLookBackBytes;
        room -= older.isPostponed ? room : newest.heldBytes;
        if (!older.isPostponed)
            older.events = std::move(newest.events);
    }
    return found;
}

void CommitRounds::lookUp(std::vector<Lookup> lookups)
{
    std::vector<EventId> ids;
    std::vector<Question> questions;
    for (const Lookup &lookup : lookups) {
        ids.insert(ids.end(), lookup.ids.begin(), lookup.ids.end());
        questions.push_back({lookup.document->m_core->log().number(), lookup.older});
    }
    m_state.store.read<Found>(
        [ids = std::move(ids), questions = std::move(questions)](storage::ReadView &view) { return readFound(view, ids, questions); },
        [this, lookups = std::make_shared<std::vector<Lookup>>(std::move(lookups))](const Result<Found> &found) {
            validateAll(*lookups, found);
        });
}

// ---- validating

void CommitRounds::validateAll(std::vector<Lookup> &lookups, const Result<Found> &found)
{
    const storage::BatchGroup group(m_state.store.backend());
    for (std::size_t i = 0; i < lookups.size(); ++i) {
        Lookup &lookup = lookups[i];
        m_documents.setIdle(lookup.document);
        if (!found) {
            failJobs(std::move(lookup.jobs), found.error());
            m_documents.becameIdle(lookup.document);
        } else if (!m_state.hasRoomToValidate()) {
            putBack(lookup.document, std::move(lookup.jobs));
            m_ready.push_back(lookup.document); // release() continues with it
        } else if (found->older[i].isPostponed) {
            putBack(lookup.document, std::move(lookup.jobs));
            m_ready.push_back(lookup.document);
            post();
        } else {
            lookup.document->m_core->prependRecent(found->older[i].events);
            validate(lookup, found->known);
        }
    }
}

// On this thread, or on the worker if validation may take long.
void CommitRounds::validate(Lookup &lookup, const KnownEvents &known)
{
    const DocumentPtr &document = lookup.document;
    std::vector<JobPtr> jobs, dropped;
    ForkedOrigins forked;
    for (JobPtr &job : lookup.jobs) {
        const auto *push = std::get_if<PushedEvents>(&job->submission.work);
        if (push && push->origin->forked)
            forked.insert(push->origin);
        (push && push->origin->dropped ? dropped : jobs).push_back(std::move(job));
    }
    failJobs(std::move(dropped), {ErrorCode::Cancelled, "a newer connection has the client id"});
    if (!document->m_core->log().hasNumber())
        document->m_core->setNumber(++m_state.lastNumber);
    const ValidationLimits limits{.eventBytes = m_state.options.eventBytes,
                                  .heldBytes = limits::kCommitHeldBytes - std::min(m_state.waitingHeld, limits::kCommitHeldBytes)};
    if (!m_worker.wants(*document->m_core, jobs)) {
        document->m_stage = Stage::LookingUp;
        const auto begin = m_state.clock.steady();
        Validated validated = eventlog::validate(*document->m_core, std::move(jobs), known, std::move(forked), limits);
        m_worker.noteCost(*document->m_core, validated.done, m_state.clock.steady() - begin);
        return accept(document, std::move(validated));
    }
    if (document->m_writingRows) { // the result of that write needs the core; the document becomes idle again afterwards
        putBack(document, std::move(jobs));
        return m_documents.runIdleTasks(document);
    }
    auto work = std::make_shared<ValidationWorker::Work>(ValidationWorker::Work{
        .core = m_documents.takeCore(document), .jobs = std::move(jobs), .known = known, .forked = std::move(forked), .limits = limits});
    m_worker.validate(std::move(work), [this, document](ValidationWorker::Work &done) {
        m_documents.returnCore(document, std::move(done.core));
        accept(document, std::move(done.validated));
        if (document->m_core && m_state.observer)
            m_state.observer->loaded(document);
    });
}

// Commits what was validated, or answers it if there is nothing to commit.
void CommitRounds::accept(const DocumentPtr &document, Validated validated)
{
    for (const auto &origin : validated.forked)
        origin->forked = true;
    putBack(document, std::move(validated.left));
    if (validated.failed) {
        m_documents.reload(document);
        return failJobs({validated.failed->first}, validated.failed->second);
    }
    charge(document, validated.held);
    for (ValidatedJob &one : validated.done) {
        document->m_validated.push_back(one.job);
        document->m_answers.push_back([this, one = std::move(one)] { give(one); });
    }
    if (!document->m_core->log().prepared().isEmpty())
        return commit({.documents = {document}, .transaction = nullptr});
    document->m_core->trimRecent(); // what was read for the comparison
    m_documents.setIdle(document);
    giveAnswers(document);
    release(document);
    m_documents.becameIdle(document);
}

void CommitRounds::give(const ValidatedJob &one)
{
    one.job->ended = true;
    if (const auto *answer = std::get_if<Result<Answer>>(&one.answer))
        return one.job->submission.done(*answer);
    const auto &repeated = std::get<RepeatedWrite>(one.answer); // the answer is the result at the time when it was logged
    m_state.store.read<LoggedPtr>(
        [known = repeated.known](storage::ReadView &view) { return EventStore(view).eventAt(known.document, known.serverSeq); },
        [job = one.job, record = repeated.record](const Result<LoggedPtr> &event) {
            if (!event)
                return job->submission.done(failure(event.error()));
            WrittenDocument written{record, {}, nullptr};
            if (*event)
                written = {record, (*event)->event->diff, (*event)->event};
            job->submission.done(Answer{.written = {std::move(written)}});
        });
}

void CommitRounds::putBack(const DocumentPtr &document, std::vector<JobPtr> jobs)
{
    document->m_jobs.insert(document->m_jobs.begin(), std::make_move_iterator(jobs.begin()), std::make_move_iterator(jobs.end()));
}

// The document stays reserved until release(), by a running commit or by an answer that waits for it.
void CommitRounds::charge(const DocumentPtr &document, std::size_t bytes)
{
    document->m_waiting.add(bytes);
    m_state.waitingHeld += bytes;
}

void CommitRounds::release(const DocumentPtr &document)
{
    m_state.waitingHeld -= document->m_waiting.bytes();
    document->m_waiting.set(0);
    if (!m_ready.empty())
        post();
}

void CommitRounds::giveAnswers(const DocumentPtr &document)
{
    document->m_validated.clear();
    for (const auto &answer : std::exchange(document->m_answers, {}))
        callListener(lcStorage(), "an answer", answer); // each is of one request
}

// ---- transactions

// A transaction waits in the queues of all its documents at once, so no two can wait for each other. When it is first in all of
// them and all are idle, it is validated on all of them, and its events are committed as one batch, which is never split.
bool CommitRounds::tryTransaction(const JobPtr &job)
{
    std::vector<DocumentPtr> documents;
    for (const DocumentId &id : job->submission.documents()) {
        const DocumentPtr document = m_documents.find(id);
        if (!document || !document->isIdle() || document->m_jobs.front() != job)
            return false;
        documents.push_back(document);
    }
    if (!m_state.hasRoomToValidate()) {
        m_ready.push_back(documents.front()); // release() continues with it
        return false;
    }
    for (const DocumentPtr &document : documents)
        document->m_jobs.pop_front();
    Result<std::vector<WrittenDocument>> written = failure(ErrorCode::Unavailable, "");
    const auto prepared = guarded([&] { written = prepare(*job, documents); });
    if (!prepared)
        written = failure(prepared.error());
    Batch batch{.documents = {}, .transaction = job};
    for (const DocumentPtr &document : documents) {
        if (!written && (!prepared || !document->m_core->log().prepared().isEmpty()))
            m_documents.reload(document); // discards what was done before the error
        else if (!document->m_core->log().prepared().isEmpty())
            batch.documents.push_back(document);
        else
            schedule(document);
    }
    if (!written) {
        failJobs({job}, written.error());
        return true;
    }
    const auto answer = [job, written = std::move(*written)] { job->submission.done(Answer{.written = written}); };
    if (batch.documents.empty()) {
        job->ended = true;
        answer();
        return true;
    }
    for (const DocumentPtr &document : batch.documents)
        charge(document, document->m_core->log().prepared().heldBytes());
    batch.documents.front()->m_answers.push_back(answer);
    commit(std::move(batch));
    return true;
}

// After an error some of the documents may hold changes that must not be committed.
Result<std::vector<WrittenDocument>> CommitRounds::prepare(const Job &job, const std::vector<DocumentPtr> &documents)
{
    const auto &transaction = std::get<DocumentTransaction>(job.submission.work);
    std::map<DocumentId, json::Value> values;
    for (const DocumentPtr &document : documents) {
        const DocumentCore &core = *document->m_core;
        if (!core.state().exists())
            return failure(ErrorCode::NotFound, "there is no document " + document->id().text());
        values.emplace(document->id(), core.rules()->policy.withEngineFields(core.state().view(), core.log().head().serverSeq));
    }
    EVENTSYNC_CHECK(guarded(transaction.edit, values));
    json::Object metadata = transaction.metadata;
    metadata["transactionId"] = job.id.toText();
    std::vector<WrittenDocument> results;
    for (const DocumentPtr &document : documents) {
        const auto value = values.find(document->id());
        if (value == values.end() || values.size() != documents.size())
            return failure(ErrorCode::Invalid, "a transaction changes the documents it asked for, no others");
        DocumentCore &core = *document->m_core;
        const auto edit = [&value](json::State &state) -> Result<> {
            state = value->second;
            return {};
        };
        EVENTSYNC_TRY(const LoggedPtr event, core.write({.collection = *core.log().collection(), .clientId = transaction.clientId,
                                                         .edit = edit, .metadata = metadata, .id = m_state.uuids.next()}));
        results.push_back(writtenOf(core.preparedRecord(), event));
    }
    return results;
}

// ---- committing

// Each document's events are a batch of their own, which fails alone. The batches of a round are handed over as one group, so
// the store may write them while the rest is being validated, and commit them together.
void CommitRounds::commit(Batch batch)
{
    storage::Batch steps;
    for (const DocumentPtr &document : batch.documents)
        document->m_stage = Stage::Committing;
    const auto taken = guarded([&] { // rows that memory has no room for: nothing has gone to the store yet
        for (const DocumentPtr &document : batch.documents)
            steps.append(document->m_core->takeBatch());
    });
    if (!taken)
        return failed(batch, taken.error());
    if (m_state.metrics) {
        m_state.metrics->commits.add();
        m_state.metrics->rows.observe(steps.steps().size());
    }
    m_state.store.commit(std::move(steps), [this, batch = std::move(batch), begin = m_state.clock.steady()](const Result<storage::Committed> &result) {
        if (m_state.metrics)
            m_state.metrics->commitTime.observe(static_cast<std::uint64_t>((m_state.clock.steady() - begin).count()));
        if (result)
            committed(batch, result->positions.data());
        else
            failed(batch, result.error());
    });
}

// `positions`: assigned to the events by the store.
void CommitRounds::committed(const Batch &batch, const std::int64_t *positions)
{
    for (const DocumentPtr &document : batch.documents) {
        if (!document->m_core->isDirty())
            document->m_dirtySince = m_state.clock.steady();
        const std::vector<LoggedPtr> events = document->m_core->committed(positions);
        positions += events.size();
        m_state.lastPosition = std::max(m_state.lastPosition, document->m_core->log().row().position);
        m_documents.setIdle(document);
        m_documents.measure(document);
        if (m_state.metrics)
            m_state.metrics->events.add(events.size());
        if (m_state.observer)
            announce(document, events);
    }
    if (batch.transaction)
        batch.transaction->ended = true;
    for (const DocumentPtr &document : batch.documents) {
        giveAnswers(document);
        release(document);
        m_documents.becameIdle(document);
    }
}

// The events are in the log now. An error while they are announced is made good as after a commit with an unknown result: subscribers
// that were not told go on from the log.
void CommitRounds::announce(const DocumentPtr &document, const std::vector<LoggedPtr> &events)
{
    const auto told = guarded([&] { m_state.observer->committed(document, events); });
    if (told)
        return;
    qCWarning(lcStorage) << "announcing the events of" << document->id().text().c_str() << "failed:" << told.error().message.c_str();
    m_state.store.post([this, document] {
        if (document->m_core && m_state.observer)
            m_state.observer->loaded(document);
    });
}

// Whether the batch is in the store is not known: the documents are loaded again, and the log decides. After a race with
// another writer the submissions are validated again on the newer state (G6); after a failure of the store their authors get an
// error and subscribe again, which shows them the outcome.
void CommitRounds::failed(const Batch &batch, const Error &error)
{
    const bool isRace = storage::isRace(error);
    std::vector<JobPtr> refused;
    const auto mayTryAgain = [&](const JobPtr &job) { return isRace && ++job->tries < limits::kOptimisticTries; };
    for (const DocumentPtr &document : batch.documents) {
        if (!isRace && !storage::isStoreFailure(error)) // the backend logs a failure of the store once, and the author gets an error
            qCWarning(lcStorage) << "commit of" << document->id().text().c_str() << "failed:" << error.toString().c_str();
        document->m_answers.clear();
        std::vector<JobPtr> validated = std::exchange(document->m_validated, {});
        for (auto job = validated.rbegin(); job != validated.rend(); ++job) {
            if (mayTryAgain(*job))
                document->m_jobs.push_front(*job);
            else
                refused.push_back(*job);
        }
    }
    if (batch.transaction && mayTryAgain(batch.transaction)) {
        for (const DocumentId &id : batch.transaction->submission.documents()) {
            const DocumentPtr document = m_documents.get(id);
            document->m_jobs.push_front(batch.transaction);
            schedule(document);
            m_documents.load(document);
        }
    } else if (batch.transaction) {
        refused.push_back(batch.transaction);
    }
    for (const DocumentPtr &document : batch.documents) {
        release(document);
        m_documents.reload(document);
        m_documents.measure(document);
    }
    failJobs(std::move(refused), isRace ? Error{ErrorCode::VersionConflict, error.message} : error);
}

// The jobs that are refused here are in no other queue, except transactions, which wait in the queues of other documents as
// well.
void CommitRounds::failJobs(std::vector<JobPtr> jobs, const Error &error)
{
    for (const JobPtr &job : jobs) {
        if (std::exchange(job->ended, true))
            continue;
        if (std::holds_alternative<DocumentTransaction>(job->submission.work)) {
            for (const DocumentId &id : job->submission.documents()) {
                const DocumentPtr document = m_documents.find(id);
                if (document && std::erase(document->m_jobs, job) > 0)
                    schedule(document);
            }
        }
        const auto *push = std::get_if<PushedEvents>(&job->submission.work);
        const bool isRefusedPush = push && storage::isRace(error); // the client subscribes again, which shows it the outcome
        job->submission.done(failure(isRefusedPush ? Error{ErrorCode::Unavailable, error.message} : error));
    }
}

} // namespace eventsync::eventlog
