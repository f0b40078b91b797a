// SPDX-License-Identifier: Apache-2.0
//
// Where a push is validated: the rules of one event, in their order, are in DocumentCore::push.
#include <eventsync/eventlog/validation_p.h>

#include <eventsync/base/guard.h>
#include <eventsync/eventlog/eventweight.h>
#include <eventsync/eventlog/limits.h>
#include <eventsync/json/heldbytes.h>

#include <algorithm>
#include <iterator>

namespace eventsync::eventlog {

namespace {

constexpr std::string_view kNamed = "rest:"; // a client name that a REST request chose

// A request may choose any client name, and each is a permanent entry in the document's clock: when the clock is full, further
// names share one author with requests that give none.
ClientId authorOf(const DocumentWrite &write, const VectorClock &clock)
{
    const auto &authors = clock.entries();
    const auto isNamed = [](const auto &entry) { return entry.first.text().starts_with(kNamed); };
    if (!write.clientId.text().starts_with(kNamed) || authors.contains(write.clientId)
        || static_cast<std::size_t>(std::count_if(authors.begin(), authors.end(), isNamed)) < limits::kRestAuthors)
        return write.clientId;
    return ClientId(std::string(kNamed) + "server");
}

PushOutcome validateEvent(DocumentCore &core, const EventPtr &event, const PushContext &context, const KnownEvents &known, std::size_t eventBytes)
{
    if (event->documentId != core.log().id())
        return {.status = AckStatus::Rejected, .reason = Error{ErrorCode::InvalidMessage, "the event is another document's", "/documentId"}};
    const bool isNew = !context.stopped && !context.forked && !known.contains(event->id) && !known.contains(event->firstId());
    if (isNew && isLargerThan(*event, eventBytes))
        return {.status = AckStatus::Rejected, .reason = Error{ErrorCode::TooLarge, "the event is too large"}};
    return core.push(event, context, known);
}

Answer validatePush(DocumentCore &core, const PushedEvents &push, const KnownEvents &known, const ValidationLimits &limits, ForkedOrigins &forked)
{
    Answer answer;
    answer.outcomes.reserve(push.events.size());
    PushContext context{.client = push.client, .author = push.author};
    for (const EventPtr &event : push.events) {
        context.forked = forked.contains(push.origin);
        PushOutcome outcome = validateEvent(core, event, context, known, limits.eventBytes);
        if (outcome.forks)
            forked.insert(push.origin);
        if (outcome.status != AckStatus::Applied && outcome.status != AckStatus::Merged && outcome.status != AckStatus::Duplicate)
            context.stopped = true;
        answer.outcomes.push_back(std::move(outcome));
    }
    return answer;
}

std::variant<Result<Answer>, RepeatedWrite> validateWrite(DocumentCore &core, const Job &job, const KnownEvents &known, std::size_t &held)
{
    const auto &write = std::get<DocumentWrite>(job.submission.work);
    if (const auto hit = known.find(job.id); hit != known.end() && write.id) {
        if (hit->second.document != core.log().number())
            return Result<Answer>(failure(ErrorCode::Conflict, "the id is another document's"));
        return RepeatedWrite{core.preparedRecord(), hit->second};
    }
    const auto event = core.write({.collection = write.collection, .clientId = authorOf(write, core.log().clock()), .author = write.author,
                                   .ifVersion = write.ifVersion, .edit = write.edit, .patch = write.patch, .kind = write.kind,
                                   .metadata = write.metadata, .id = job.id});
    if (!event)
        return Result<Answer>(failure(event.error()));
    WrittenDocument written = writtenOf(core.preparedRecord(), *event);
    if (written.record.state) // a copy
        held += json::heldBytes(*written.record.state);
    return Result<Answer>(Answer{.written = {std::move(written)}});
}

} // namespace

WrittenDocument writtenOf(DocumentRecord record, const LoggedPtr &event)
{
    WrittenDocument written{std::move(record), {}, nullptr};
    if (event) {
        written.event = event->event;
        written.diff = event->event->diff;
        written.diff.setVersion(event->serverSeq);
    }
    return written;
}

Validated validate(DocumentCore &core, std::vector<JobPtr> jobs, const KnownEvents &known, ForkedOrigins forked, const ValidationLimits &limits)
{
    Validated validated;
    validated.forked = std::move(forked);
    auto job = jobs.begin();
    for (; job != jobs.end() && validated.held <= limits.heldBytes; ++job) {
        const std::size_t before = core.log().prepared().heldBytes();
        const auto done = guarded([&] {
            if (const auto *push = std::get_if<PushedEvents>(&(*job)->submission.work))
                validated.done.push_back({*job, Result<Answer>(validatePush(core, *push, known, limits, validated.forked))});
            else
                validated.done.push_back({*job, validateWrite(core, **job, known, validated.held)});
        });
        if (!done) {
            // Its partial changes are discarded with the core; the other jobs are validated again.
            validated.failed.emplace(*job, done.error());
            jobs.erase(job);
            validated.left = std::move(jobs);
            validated.done.clear();
            return validated;
        }
        validated.held += core.log().prepared().heldBytes() - before;
    }
    validated.left.assign(job, jobs.end());
    return validated;
}

} // namespace eventsync::eventlog
