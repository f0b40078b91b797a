// SPDX-License-Identifier: Apache-2.0
//
// Pushes and writes wait with their document. A turn takes what waits in all documents whose memory and store agree, looks
// up the ids of all of it in one read, judges it, and commits it in one burst; what arrives meanwhile waits for the next turn.
// So a lone push costs two hops between threads, and a flood costs two hops per batch.
#include <eventsync/sync/private.h>
#include <eventsync/sync/validation_p.h>

#include <eventsync/base/assert.h>
#include <eventsync/base/mutation.h>
#include <eventsync/base/worklimits.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/json/heldbytes.h>

#include <algorithm>

namespace eventsync::sync {

namespace {

// Events of one document that are judged and committed at a time: others' turns, and readers, wait for them.
constexpr std::size_t kEventsPerTurn = 1'024;

} // namespace

void SyncService::Private::push(Session &session, const protocol::Push &push)
{
    const bool replaced = session.state == Session::State::Replaced;
    const auto found = session.subscriptions.find(push.documentId);
    if (!replaced && (found == session.subscriptions.end() || !found->second.synced))
        return send(session, answerAll(push, {.verdict = eventlog::Verdict::Skipped}));
    if (!replaced) {
        Subscription &subscription = found->second;
        if (subscription.unanswered + push.events.size() > static_cast<std::size_t>(options.limits.inFlight))
            return closeSession(session.id, {ErrorCode::RateLimited, "more events in flight than were granted"});
        const DocumentPtr known = document(push.documentId);
        const auto collection = known->core && known->core->collection() ? known->core->collection()
                                : push.events.empty()                   ? subscription.collection
                                                                        : std::optional(push.events.front()->collection);
        if (options.access->access(session.principal, collection, push.documentId) != Access::Write)
            return send(session, answerAll(push, {.verdict = eventlog::Verdict::Rejected,
                                                  .reason = Error{ErrorCode::PermissionDenied, "no right to write"}}));
    }
    std::size_t bytes = 0;
    for (const EventPtr &event : push.events)
        bytes += weightOf(*event);
    // One push is taken in any case, so that there is no push that never gets through. The client waits, and sends it again.
    const bool full = (session.token->waitingBytes > 0 && session.token->waitingBytes + bytes > options.waitingPushBytes) ||
                      (*waitingBytes > 0 && *waitingBytes + bytes > options.allWaitingPushBytes);
    if (full && !replaced)
        return send(session, refuseAll(push, {ErrorCode::QueueFull, "more is waiting to be committed than is granted"}));
    if (!replaced)
        found->second.unanswered += push.events.size();
    PushJob job{.token = session.token, .client = session.client, .author = {}, .batchId = push.batchId, .events = push.events,
                .charge = std::make_shared<const PushCharge>(session.token, waitingBytes, bytes), .received = clock.steady()};
    if (!session.principal.name.empty())
        job.author = session.principal.name;
    addJob(document(push.documentId), Job{std::move(job)});
}

void SyncService::Private::addJob(const DocumentPtr &document, Job job)
{
    document->used = clock.steady();
    document->jobs.push_back(std::move(job));
    if (!document->core)
        return load(document);
    if (document->isIdle() && document->jobs.size() == 1) {
        ready.push_back(document);
        scheduleTurn();
    }
}

void SyncService::Private::scheduleTurn()
{
    if (std::exchange(turnPosted, true))
        return;
    post([this] { turn(); });
}

SyncService::Private::Lookup SyncService::Private::collect(const DocumentPtr &document)
{
    Lookup lookup{.document = document, .number = document->core->number(), .ids = {}, .older = {}, .jobs = {}};
    std::size_t events = 0;
    std::optional<ServerSeq> oldest;
    while (!document->jobs.empty() && (lookup.jobs.empty() || events + document->jobs.front().events() <= kEventsPerTurn)) {
        Job job = std::move(document->jobs.front());
        document->jobs.pop_front();
        events += job.events();
        if (const auto *push = std::get_if<PushJob>(&job.work)) {
            for (const EventPtr &event : push->events) {
                lookup.ids.push_back(event->id);
                if (const EventId first = event->firstId(); first != event->id)
                    lookup.ids.push_back(first);
                if (const auto missing = document->core->missingBefore(event->baseSeq))
                    oldest = std::min(oldest.value_or(*missing), *missing);
            }
        } else if (const auto &write = std::get<WriteJob>(job.work); write.write.id) {
            lookup.ids.push_back(write.id);
        }
        lookup.jobs.push_back(std::move(job));
    }
    if (oldest) {
        const auto &tail = document->core->tail();
        const ServerSeq until = tail.empty() ? document->core->head().serverSeq : tail.front()->serverSeq.previous();
        lookup.older = eventlog::EventStore::Range{.after = *oldest, .until = until};
    }
    return lookup;
}

void SyncService::Private::turn()
{
    turnPosted = false;
    auto lookups = std::make_shared<std::vector<Lookup>>();
    for (const DocumentPtr &document : std::exchange(ready, {})) {
        if (!document->isIdle() || document->jobs.empty())
            continue;
        lookups->push_back(collect(document));
        document->lookingUp = true;
    }
    if (lookups->empty())
        return;
    struct Question
    {
        std::int64_t number;
        std::optional<eventlog::EventStore::Range> older;
    };
    std::vector<EventId> ids;
    std::vector<Question> questions;
    for (const Lookup &lookup : *lookups) {
        ids.insert(ids.end(), lookup.ids.begin(), lookup.ids.end());
        questions.push_back({lookup.number, lookup.older});
    }
    read<LookedUp>(
        [ids = std::move(ids), questions = std::move(questions)](storage::ReadView &view) -> Result<LookedUp> {
            eventlog::EventStore store(view);
            LookedUp found;
            EVENTSYNC_TRY(found.known, store.known(ids));
            for (const Question &question : questions) {
                auto &older = found.older.emplace_back();
                if (question.older) {
                    EVENTSYNC_TRY(older, store.events(question.number, *question.older));
                }
            }
            return found;
        },
        [this, lookups](Result<LookedUp> found) {
            const storage::BatchBurst burst(backend);
            for (std::size_t i = 0; i < lookups->size(); ++i)
                lookedUp((*lookups)[i], found ? Result<std::vector<eventlog::LoggedPtr>>(std::move(found->older[i])) : failure(found.error()),
                         found ? found->known : eventlog::KnownEvents());
        });
}

// Validates what was looked up: here, or on the worker if that may take long.
void SyncService::Private::lookedUp(Lookup &lookup, Result<std::vector<eventlog::LoggedPtr>> older, const eventlog::KnownEvents &known)
{
    const DocumentPtr &document = lookup.document;
    document->lookingUp = false;
    if (!older) {
        failJobs(document, std::move(lookup.jobs), older.error());
        return becameIdle(document);
    }
    if (!hasRoomToJudge()) {
        putBack(document, std::move(lookup.jobs));
        ready.push_back(document); // ended() comes back to it
        return;
    }
    document->core->prependTail(*older);
    if (document->core->needsNumber())
        document->core->setNumber(++lastNumber);
    std::erase_if(lookup.jobs, [](const Job &job) {
        const auto *push = std::get_if<PushJob>(&job.work);
        return push && push->token->dropped;
    });
    ForkedConnections forked;
    for (const Job &job : lookup.jobs) {
        if (const auto *push = std::get_if<PushJob>(&job.work); push && push->token->forked)
            forked.insert(push->token);
    }
    if (isExpensive(document, lookup.jobs))
        return validateOnWorker(document, std::move(lookup.jobs), known, std::move(forked));
    const auto begin = clock.steady();
    Validated validated = validate(*document->core, std::move(lookup.jobs), known, std::move(forked), validationLimits());
    noteCost(document, validated.jobs, clock.steady() - begin);
    accept(document, std::move(validated));
}

ValidationLimits SyncService::Private::validationLimits() const
{
    return {.window = options.limits.inFlight, .eventBytes = static_cast<std::size_t>(options.limits.eventBytes),
            .heldBytes = limits::kCommitHeldBytes - std::min(waitingHeld, limits::kCommitHeldBytes)};
}

// What was validated is committed, or answered if there is nothing to commit.
void SyncService::Private::accept(const DocumentPtr &document, Validated validated)
{
    for (const auto &token : validated.forked)
        token->forked = true;
    putBack(document, std::move(validated.left));
    if (validated.failed) {
        document->core.reset();
        load(document);
        std::vector<Job> failing;
        failing.push_back(std::move(validated.failed->first));
        return failJobs(document, std::move(failing), validated.failed->second);
    }
    charge(document, validated.held);
    document->judged = std::move(validated.jobs);
    for (auto &answer : validated.answers) {
        document->answers.push_back([this, answer = std::move(answer)]() mutable {
            std::visit([this](auto &one) { give(std::move(one)); }, answer);
        });
    }
    if (document->core->hasPrepared())
        return commitPrepared(document);
    document->judged.clear();
    for (auto &answer : std::exchange(document->answers, {}))
        answer();
    ended(document);
    becameIdle(document);
}

void SyncService::Private::give(PushAnswer answer)
{
    if (options.metrics) // whoever pushed may have gone: what it waited for took this long all the same
        options.metrics->histogram("eventsync_push_milliseconds", "from the arrival of a push to its answer, durable by then")
            .observe(static_cast<std::uint64_t>((clock.steady() - answer.received).count()));
    answerPush(answer.token, answer.ack);
}

void SyncService::Private::give(WriteAnswer answer)
{
    answer.done(std::move(answer.result));
}

void SyncService::Private::give(RepeatedWrite answer)
{
    read<eventlog::LoggedPtr>(
        [known = answer.known](storage::ReadView &view) { return eventlog::EventStore(view).eventAt(known.document, known.serverSeq); },
        [done = answer.done, record = answer.record](Result<eventlog::LoggedPtr> event) {
            if (!event)
                return done(failure(event.error()));
            done(Written{record, *event ? (*event)->event->diff : Diff(), *event ? (*event)->event : nullptr});
        });
}

void SyncService::Private::putBack(const DocumentPtr &document, std::vector<Job> jobs)
{
    document->jobs.insert(document->jobs.begin(), std::make_move_iterator(jobs.begin()), std::make_move_iterator(jobs.end()));
}

// Until ended(): held by a commit that is out, or by an answer that waits for it.
void SyncService::Private::charge(const DocumentPtr &document, std::size_t bytes)
{
    document->waiting.add(bytes);
    waitingHeld += bytes;
}

void SyncService::Private::ended(const DocumentPtr &document)
{
    waitingHeld -= document->waiting.bytes();
    document->waiting.set(0);
    if (!ready.empty())
        scheduleTurn();
}

void SyncService::Private::answerPush(const std::shared_ptr<ConnectionToken> &token, const protocol::Ack &ack)
{
    Session *author = session(token->session);
    if (!author || author->state == Session::State::Replaced)
        return;
    const auto found = author->subscriptions.find(ack.documentId);
    if (found != author->subscriptions.end())
        found->second.unanswered -= std::min(found->second.unanswered, ack.results.size());
    if (numbers)
        numbers->pushed.add(ack.results.size());
    send(*author, ack);
}

} // namespace eventsync::sync
