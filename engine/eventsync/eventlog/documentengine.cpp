// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/documentengine.h>

#include <eventsync/base/limits.h>
#include <eventsync/eventlog/authorids_p.h>
#include <eventsync/eventlog/commitrounds_p.h>
#include <eventsync/eventlog/documentrows_p.h>
#include <eventsync/eventlog/documenttable_p.h>
#include <eventsync/storage/limits.h>
#include <eventsync/storage/logging.h>

#include <utility>

namespace eventsync::eventlog {

// ---- shared state

EngineMetrics::EngineMetrics(Metrics &all)
    : commits(all.counter("eventsync_commits_total", "batches of events committed, each of one document")),
      rows(all.histogram("eventsync_commit_rows", "rows per batch of events")),
      events(all.counter("eventsync_events_total", "events logged")),
      commitTime(all.histogram("eventsync_commit_milliseconds", "from handing a batch of events to the store to its durable end"))
{
}

EngineState::EngineState(storage::Backend &backend, Executor &executor, const Clock &time, Random &randomSource, DocumentEngine::Options given)
    : store(backend, executor, given.metrics), clock(time), random(randomSource), options(std::move(given)),
      memory(options.memory ? options.memory : std::make_shared<MemoryAccount>(limits::kMemoryBytes, options.metrics)),
      rules([this](const CollectionName &name) { return makeRules(name, options.policies, options.validators); }), uuids(time, randomSource)
{
    if (options.metrics)
        metrics.emplace(*options.metrics);
}

std::int64_t EngineState::snapshotEvery(const std::optional<CollectionName> &collection) const
{
    const auto rule = collection ? options.maintenance.find(*collection) : options.maintenance.end();
    return rule == options.maintenance.end() ? options.snapshotEvery : rule->second.snapshotEvery;
}

struct DocumentEngine::Parts
{
    Parts(storage::Backend &backend, Executor &executor, const Clock &clock, Random &random, Options options)
        : state(backend, executor, clock, random, std::move(options)), documents(state), rounds(state, documents), rows(state, documents),
          authors(state)
    {
    }

    EngineState state;
    DocumentTable documents;
    CommitRounds rounds;
    DocumentRows rows;
    AuthorIds authors;

    enum class Start { Reading, Started, Failed } start = Start::Reading;
    std::optional<Error> startError;
    std::vector<std::function<void(const Result<> &)>> atStart;
    std::vector<std::function<void()>> drained;
    std::size_t pushes = 0, operations = 0; // submitted and not answered
    bool accepting = true;
    bool checkPosted = false;
};

DocumentEngine::DocumentEngine(storage::Backend &backend, Executor &executor, const Clock &clock, Random &random, Options options)
    : d(std::make_unique<Parts>(backend, executor, clock, random, std::move(options)))
{
    d->documents.setHooks({.idle =
                               [this](const DocumentPtr &document) {
                                   d->rows.idle(document);
                                   d->rounds.schedule(document);
                                   if (d->state.writesRowsAtOnce() && d->documents.isOverfull())
                                       d->documents.unload(); // the program may not call tick()
                               },
                           .failJobs = [this](std::vector<JobPtr> jobs, const Error &error) { d->rounds.failJobs(std::move(jobs), error); }});
    d->state.store.read<StoreState>(StoreState::read, [this](const Result<StoreState> &state) {
        if (state) {
            d->start = Parts::Start::Started;
            d->state.lastNumber = state->lastNumber;
            d->state.lastPosition = state->lastPosition;
            d->state.derivedStored = state->derived;
            for (const DocumentId &id : state->lagging)
                d->documents.load(d->documents.get(id));
        } else {
            qCCritical(lcStorage) << "the store cannot be read:" << state.error().toString().c_str();
            d->start = Parts::Start::Failed;
            d->startError = state.error();
        }
        for (const auto &task : std::exchange(d->atStart, {}))
            task(state ? Result<>() : Result<>(failure(state.error())));
    });
}

DocumentEngine::~DocumentEngine()
{
    d->state.store.close(); // callbacks that are dropped with the parts are not called
}

void DocumentEngine::setObserver(CommitObserver *observer)
{
    d->state.observer = observer;
}

void DocumentEngine::whenStarted(std::function<void(const Result<> &)> task)
{
    if (d->start == Parts::Start::Reading)
        d->atStart.push_back(std::move(task));
    else
        task(d->startError ? Result<>(failure(*d->startError)) : Result<>());
}

// ---- writing

void DocumentEngine::submit(Submission submission)
{
    const bool isPush = std::holds_alternative<PushedEvents>(submission.work);
    if (!isPush) {
        const bool isRead = std::holds_alternative<Barrier>(submission.work);
        if (!d->accepting && !isRead)
            return submission.done(failure(ErrorCode::ShuttingDown, "the server is stopping"));
        if (const auto fine = normalize(submission); !fine)
            return submission.done(failure(fine.error()));
        if (d->operations >= limits::kStorageQueue)
            return submission.done(failure(ErrorCode::QueueFull, "too many writes wait"));
    }
    ++(isPush ? d->pushes : d->operations);
    const auto *write = std::get_if<DocumentWrite>(&submission.work);
    const EventId id = isPush ? EventId() : write && write->id ? *write->id : d->state.uuids.next();
    const auto job = std::make_shared<Job>(Job{.submission = std::move(submission), .id = id});
    job->submission.done = [this, isPush, done = std::move(job->submission.done)](Result<Answer> answer) {
        ended(isPush);
        done(std::move(answer));
    };
    whenStarted([this, job](const Result<> &started) {
        if (!started)
            return job->submission.done(failure(started.error()));
        const auto *written = std::get_if<DocumentWrite>(&job->submission.work);
        const auto *transaction = std::get_if<DocumentTransaction>(&job->submission.work);
        if (!written && !transaction)
            return d->rounds.add(job);
        d->authors.reserve(written ? written->clientId : transaction->clientId, [this, job](const Result<> &reserved) {
            if (reserved)
                d->rounds.add(job);
            else
                job->submission.done(failure(reserved.error()));
        });
    });
}

void DocumentEngine::ended(bool isPush)
{
    --(isPush ? d->pushes : d->operations);
    if (!d->drained.empty())
        checkDrained();
}

void DocumentEngine::write(DocumentWrite write, std::function<void(Result<WrittenDocument>)> done)
{
    submit({.work = std::move(write), .done = [done = std::move(done)](Result<Answer> answer) {
                if (answer)
                    done(std::move(answer->written.front()));
                else
                    done(failure(answer.error()));
            }});
}

void DocumentEngine::transact(DocumentTransaction transaction, std::function<void(Result<std::vector<WrittenDocument>>)> done)
{
    submit({.work = std::move(transaction), .done = [done = std::move(done)](Result<Answer> answer) {
                if (answer)
                    done(std::move(answer->written));
                else
                    done(failure(answer.error()));
            }});
}

// ---- reading

void DocumentEngine::read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done)
{
    submit({.work = Barrier{id}, .done = [done = std::move(done)](Result<Answer> answer) {
                if (answer)
                    done(std::move(answer->written.front().record));
                else
                    done(failure(answer.error()));
            }});
}

void DocumentEngine::readCommitted(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done)
{
    readPart(id, &DocumentCore::record, std::move(done));
}

void DocumentEngine::readHead(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done)
{
    readPart(id, &DocumentCore::recordWithoutState, std::move(done));
}

void DocumentEngine::readPart(const DocumentId &id, DocumentRecord (DocumentCore::*part)() const, std::function<void(Result<DocumentRecord>)> done)
{
    whenLoaded(id, [this, part, done = std::move(done)](const Result<DocumentPtr> &document) {
        if (!document)
            return done(failure(document.error()));
        whenIdle(*document, [document = *document, part, done](const Result<> &idle) {
            if (!idle)
                done(failure(idle.error()));
            else if (document->core()->log().exists())
                done((document->core()->*part)());
            else
                done(failure(ErrorCode::NotFound, "there is no document " + document->id().text()));
        });
    });
}

DocumentPtr DocumentEngine::find(const DocumentId &id) const
{
    return d->documents.find(id);
}

DocumentPtr DocumentEngine::get(const DocumentId &id)
{
    return d->documents.get(id);
}

void DocumentEngine::whenLoaded(const DocumentId &id, std::function<void(Result<DocumentPtr>)> done)
{
    whenStarted([this, id, done = std::move(done)](const Result<> &started) {
        if (!started)
            return done(failure(started.error()));
        const DocumentPtr document = d->documents.get(id);
        d->documents.whenLoaded(document, [document, done](const Result<> &result) {
            if (result)
                done(document);
            else
                done(failure(result.error()));
        });
    });
}

void DocumentEngine::whenIdle(const DocumentPtr &document, std::function<void(const Result<> &)> task)
{
    d->documents.whenIdle(document, std::move(task));
}

void DocumentEngine::reload(const DocumentPtr &document)
{
    d->documents.reload(document);
}

std::size_t DocumentEngine::loadedDocuments() const
{
    return d->documents.all().size();
}

std::vector<DocumentPtr> DocumentEngine::loaded() const
{
    std::vector<DocumentPtr> documents;
    for (const auto &[id, document] : d->documents.all())
        documents.push_back(document);
    return documents;
}

// ---- beside the log

void DocumentEngine::snapshot(const DocumentId &id, std::function<void(Result<Snapshot>)> done)
{
    whenLoaded(id, [this, done = std::move(done)](const Result<DocumentPtr> &document) {
        if (document)
            d->rows.snapshot(*document, done);
        else
            done(failure(document.error()));
    });
}

void DocumentEngine::storedSnapshot(const DocumentPtr &document, ServerSeq atLeast, std::function<void(Result<StoredSnapshot>)> done)
{
    d->rows.storedSnapshot(document, atLeast, std::move(done));
}

void DocumentEngine::compact(const DocumentId &id, ServerSeq horizon, std::function<void(Result<ServerSeq>)> done)
{
    whenLoaded(id, [this, horizon, done = std::move(done)](const Result<DocumentPtr> &document) {
        if (document)
            d->rows.compact(*document, horizon, done);
        else
            done(failure(document.error()));
    });
}

void DocumentEngine::writeRows(const std::optional<CollectionName> &collection, std::function<void(const Result<> &)> done)
{
    d->rows.writeAll(collection, std::move(done));
}

// ---- start and end

void DocumentEngine::tick()
{
    d->rows.tick();
    d->documents.unload();
    if (d->start == Parts::Start::Started && d->accepting)
        d->rows.schedule().tick();
}

void DocumentEngine::stopAccepting()
{
    d->accepting = false;
}

void DocumentEngine::drain(std::function<void()> done)
{
    d->drained.push_back(std::move(done));
    checkDrained();
}

// Posted, because the last answer may be given in the middle of a step.
void DocumentEngine::checkDrained()
{
    if (std::exchange(d->checkPosted, true))
        return;
    d->state.store.post([this] {
        d->checkPosted = false;
        if (d->start == Parts::Start::Reading)
            return whenStarted([this](const Result<> &) { checkDrained(); });
        if (d->pushes > 0 || d->operations > 0)
            return; // ended() continues
        for (const auto &done : std::exchange(d->drained, {}))
            done();
    });
}

void DocumentEngine::settle(std::function<void()> done)
{
    drain([this, done = std::move(done)] {
        d->rows.writeAll({}, [this, done](const Result<> &) {
            d->rows.whenQuiet(done);
        });
    });
}

void DocumentEngine::setPolicies(Policies policies, const std::vector<CollectionName> &changed)
{
    d->state.options.policies = std::move(policies);
    for (const CollectionName &collection : changed)
        d->state.rules.forget(collection);
    d->documents.rulesChanged(changed);
}

void DocumentEngine::setMaintenance(MaintenanceRules maintenance)
{
    d->state.options.maintenance = std::move(maintenance);
    d->rows.schedule().setRules(d->state.options.maintenance);
}

// ---- for the observer and for other processes

StoreAccess &DocumentEngine::store()
{
    return d->state.store;
}

Executor &DocumentEngine::executor()
{
    return d->state.store.executor();
}

storage::Backend &DocumentEngine::backend()
{
    return d->state.store.backend();
}

const Policies &DocumentEngine::policies() const
{
    return d->state.options.policies;
}

RulesPtr DocumentEngine::rules(const CollectionName &collection)
{
    return d->state.rules.of(collection);
}

std::int64_t DocumentEngine::position() const
{
    return d->state.lastPosition;
}

void DocumentEngine::noteNumber(std::int64_t number)
{
    d->state.lastNumber = std::max(d->state.lastNumber, number);
}

std::int64_t DocumentEngine::snapshotEvery(const std::optional<CollectionName> &collection) const
{
    return d->state.snapshotEvery(collection);
}

} // namespace eventsync::eventlog
