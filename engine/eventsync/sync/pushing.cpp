// SPDX-License-Identifier: Apache-2.0
//
// Pushes and writes wait with their document. A turn takes what waits in all documents whose memory and store agree, looks
// up the ids of all of it in one read, judges it, and commits it in one burst; what arrives meanwhile waits for the next turn.
// So a lone push costs two hops between threads, and a flood costs two hops per batch.
#include <eventsync/sync/private.h>

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

protocol::AckStatus statusOf(eventlog::Verdict verdict)
{
    switch (verdict) {
    case eventlog::Verdict::Applied: return protocol::AckStatus::Applied;
    case eventlog::Verdict::Merged: return protocol::AckStatus::Merged;
    case eventlog::Verdict::Duplicate: return protocol::AckStatus::Duplicate;
    case eventlog::Verdict::Conflict: return protocol::AckStatus::Conflict;
    case eventlog::Verdict::Rejected: return protocol::AckStatus::Rejected;
    case eventlog::Verdict::Skipped: return protocol::AckStatus::Skipped;
    }
    return protocol::AckStatus::Skipped;
}

protocol::AckResult resultOf(const Event &event, const eventlog::Judgement &judged)
{
    protocol::AckResult result{.id = event.id, .clientSeq = event.clientSeq, .status = statusOf(judged.verdict),
                               .serverSeq = judged.serverSeq, .head = judged.head};
    if (judged.reason) {
        const Error reason = shortened(*judged.reason);
        result.code = reason.code;
        result.reason = reason.message;
        if (!reason.path.empty())
            result.path = reason.path;
    }
    return result;
}

protocol::Ack answerAll(const protocol::Push &push, const eventlog::Judgement &judged)
{
    protocol::Ack ack{push.batchId, push.documentId, {}};
    for (const EventPtr &event : push.events)
        ack.results.push_back(resultOf(*event, judged));
    return ack;
}

// As in a batch whose first event was not applied (rule 5).
protocol::Ack refuseAll(const protocol::Push &push, const Error &error)
{
    protocol::Ack ack = answerAll(push, {.verdict = eventlog::Verdict::Skipped});
    if (!push.events.empty())
        ack.results.front() = resultOf(*push.events.front(), {.verdict = eventlog::Verdict::Rejected, .reason = error});
    return ack;
}

constexpr std::size_t kEventRoom = 512;      // an event's ids, numbers and names
constexpr std::size_t kOperationRoom = 64;   // an operation's names
constexpr std::size_t kLargestEscape = 6;    // bytes of canonical JSON for one of a text

// About the bytes that the event takes, measured without writing it.
std::size_t weightOf(const Event &event)
{
    std::size_t bytes = kEventRoom;
    const auto add = [&bytes](const json::Pointer &pointer) {
        for (const std::string &token : pointer.tokens())
            bytes += token.size() + 1;
    };
    if (event.diff.isCrdt()) {
        bytes += event.diff.crdt().size() * 4 / 3;
    } else {
        for (const json::PatchOperation &operation : event.diff.patch().operations()) {
            bytes += kOperationRoom + json::canonicalSize(operation.value);
            add(operation.path);
            add(operation.from);
        }
    }
    if (event.metadata) {
        for (const auto &field : *event.metadata)
            bytes += field.key().size() + json::canonicalSize(field.value());
    }
    return bytes;
}

bool isTooLarge(const Event &event, std::size_t limit)
{
    return weightOf(event) > limit / kLargestEscape && canonicalBytes(event, EventForm::Pushed).size() > limit;
}

constexpr std::string_view kNamed = "rest:"; // a name that a REST request gave itself

// Any request may give any name, and each is an entry in the document's clock for good: a name beyond those that there is room
// for is numbered with those that give none.
ClientId authorOf(const SyncService::Write &write, const VectorClock &clock)
{
    const auto &authors = clock.entries();
    const auto isNamed = [](const auto &entry) { return entry.first.text().starts_with(kNamed); };
    if (!write.clientId.text().starts_with(kNamed) || authors.contains(write.clientId)
        || static_cast<std::size_t>(std::count_if(authors.begin(), authors.end(), isNamed)) < limits::kRestAuthors)
        return write.clientId;
    return ClientId(std::string(kNamed) + "server");
}

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
            for (std::size_t i = 0; i < lookups->size(); ++i) {
                Lookup &lookup = (*lookups)[i];
                const DocumentPtr document = lookup.document;
                document->lookingUp = false;
                if (!found) {
                    failJobs(document, std::move(lookup.jobs), found.error());
                    becameIdle(document);
                    continue;
                }
                if (!hasRoomToJudge()) {
                    putBack(document, std::move(lookup.jobs));
                    ready.push_back(document); // ended() comes back to it
                    continue;
                }
                document->core->prependTail(found->older[i]);
                judge(lookup, found->known);
                if (!document->core)
                    continue; // is loaded anew
                if (!document->core->hasPrepared()) {
                    document->judged.clear();
                    for (auto &answer : std::exchange(document->answers, {}))
                        answer();
                    ended(document);
                    becameIdle(document);
                    continue;
                }
                commitPrepared(document);
            }
        });
}

// One after the other, while what waits for commits leaves room in memory; the others wait for their next turn.
//
// Where memory runs out over one of them, its edit is refused. What it has left half done goes with the document's core: that is
// loaded again, and the others are judged anew.
void SyncService::Private::judge(Lookup &lookup, const eventlog::KnownEvents &known)
{
    const DocumentPtr &document = lookup.document;
    if (document->core->needsNumber())
        document->core->setNumber(++lastNumber);
    std::vector<Job> &jobs = lookup.jobs;
    auto job = jobs.begin();
    for (; job != jobs.end() && hasRoomToJudge(); ++job) {
        if (const auto judged = guarded([&] { judgeJob(document, *job, known); }); !judged) {
            std::vector<Job> failing;
            failing.push_back(std::move(*job));
            jobs.erase(job);
            putBack(document, std::move(jobs));
            document->core.reset();
            document->answers.clear();
            ended(document);
            load(document);
            return failJobs(document, std::move(failing), judged.error());
        }
    }
    putBack(document, {std::make_move_iterator(job), std::make_move_iterator(jobs.end())});
    jobs.erase(job, jobs.end());
    document->judged = std::move(jobs);
}

void SyncService::Private::judgeJob(const DocumentPtr &document, const Job &job, const eventlog::KnownEvents &known)
{
    const std::size_t before = document->core->preparedHeld();
    if (const auto *push = std::get_if<PushJob>(&job.work))
        judgePush(document, *push, known);
    else
        judgeWrite(document, std::get<WriteJob>(job.work), known);
    charge(document, document->core->preparedHeld() - before);
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

void SyncService::Private::judgePush(const DocumentPtr &document, const PushJob &job, const eventlog::KnownEvents &known)
{
    if (job.token->dropped)
        return;
    protocol::Ack ack{job.batchId, document->id, {}};
    ack.results.reserve(job.events.size());
    eventlog::PushContext context{.client = job.client, .author = job.author, .window = options.limits.inFlight};
    for (const EventPtr &event : job.events) {
        context.forked = job.token->forked;
        eventlog::Judgement judged;
        if (event->documentId != document->id)
            judged = {.verdict = eventlog::Verdict::Rejected,
                      .reason = Error{ErrorCode::InvalidMessage, "the event is another document's", "/documentId"}};
        else if (!context.stopped && !context.forked && !known.contains(event->id) && !known.contains(event->firstId()) &&
                 isTooLarge(*event, static_cast<std::size_t>(options.limits.eventBytes)))
            judged = {.verdict = eventlog::Verdict::Rejected, .reason = Error{ErrorCode::TooLarge, "the event is too large"}};
        else
            judged = document->core->push(event, context, known);
        if (judged.forks)
            job.token->forked = true;
        if (judged.verdict != eventlog::Verdict::Applied && judged.verdict != eventlog::Verdict::Merged &&
            judged.verdict != eventlog::Verdict::Duplicate)
            context.stopped = true;
        ack.results.push_back(resultOf(*event, judged));
    }
    document->answers.push_back([this, token = job.token, received = job.received, ack = std::move(ack)] {
        if (options.metrics) // whoever pushed may have gone: what it waited for took this long all the same
            options.metrics->histogram("eventsync_push_milliseconds", "from the arrival of a push to its answer, durable by then")
                .observe(static_cast<std::uint64_t>((clock.steady() - received).count()));
        answerPush(token, ack);
    });
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

void SyncService::Private::judgeWrite(const DocumentPtr &document, const WriteJob &job, const eventlog::KnownEvents &known)
{
    const Write &write = job.write;
    const auto done = job.done;
    if (const auto hit = known.find(job.id); hit != known.end() && write.id) {
        if (hit->second.document != document->core->number()) {
            document->answers.push_back([done] { done(failure(ErrorCode::Conflict, "the id is another document's")); });
            return;
        }
        const DocumentRecord record = document->core->preparedRecord();
        document->answers.push_back([this, done, record, number = hit->second.document, seq = hit->second.serverSeq] {
            read<eventlog::LoggedPtr>(
                [number, seq](storage::ReadView &view) { return eventlog::EventStore(view).eventAt(number, seq); },
                [done, record](Result<eventlog::LoggedPtr> event) {
                    if (!event)
                        return done(failure(event.error()));
                    done(Written{record, *event ? (*event)->event->diff : Diff(), *event ? (*event)->event : nullptr});
                });
        });
        return;
    }
    auto written = document->core->write({.collection = write.collection, .clientId = authorOf(write, document->core->clock()), .author = write.author,
                                          .ifVersion = write.ifVersion, .edit = write.edit, .patch = write.patch,
                                          .kind = write.kind, .metadata = write.metadata, .id = job.id});
    if (!written) {
        document->answers.push_back([done, error = written.error()] { done(failure(error)); });
        return;
    }
    Written answer{document->core->preparedRecord(), {}, nullptr};
    if (answer.record.state) // a copy
        charge(document, json::heldBytes(*answer.record.state));
    if (*written) {
        answer.event = (*written)->event;
        answer.diff = answer.event->diff;
        answer.diff.setVersion(answer.event->serverSeq);
    }
    document->answers.push_back([done, answer = std::move(answer)] { done(answer); });
}

} // namespace eventsync::sync
