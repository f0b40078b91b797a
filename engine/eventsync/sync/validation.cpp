// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/validation_p.h>

#include <eventsync/base/guard.h>
#include <eventsync/base/worklimits.h>
#include <eventsync/json/heldbytes.h>
#include <eventsync/sync/private.h>

#include <algorithm>

namespace eventsync::sync {

namespace {

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

constexpr std::size_t kEventRoom = 512;      // an event's ids, numbers and names
constexpr std::size_t kOperationRoom = 64;   // an operation's names
constexpr std::size_t kLargestEscape = 6;    // bytes of canonical JSON for one of a text

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

class Validation
{
public:
    Validation(eventlog::DocumentCore &core, const eventlog::KnownEvents &known, const ValidationLimits &limits, Validated &validated)
        : m_core(core), m_known(known), m_limits(limits), m_validated(validated)
    {
    }

    void validate(const Job &job)
    {
        const std::size_t before = m_core.preparedHeld();
        if (const auto *push = std::get_if<PushJob>(&job.work))
            validate(*push);
        else
            validate(std::get<WriteJob>(job.work));
        m_validated.held += m_core.preparedHeld() - before;
    }

private:
    void validate(const PushJob &job)
    {
        protocol::Ack ack{job.batchId, m_core.id(), {}};
        ack.results.reserve(job.events.size());
        eventlog::PushContext context{.client = job.client, .author = job.author, .window = m_limits.window};
        for (const EventPtr &event : job.events) {
            context.forked = m_validated.forked.contains(job.token);
            const eventlog::Judgement judged = validate(event, context);
            if (judged.forks)
                m_validated.forked.insert(job.token);
            if (judged.verdict != eventlog::Verdict::Applied && judged.verdict != eventlog::Verdict::Merged &&
                judged.verdict != eventlog::Verdict::Duplicate)
                context.stopped = true;
            ack.results.push_back(resultOf(*event, judged));
        }
        m_validated.answers.emplace_back(PushAnswer{job.token, job.received, std::move(ack)});
    }

    eventlog::Judgement validate(const EventPtr &event, const eventlog::PushContext &context)
    {
        if (event->documentId != m_core.id())
            return {.verdict = eventlog::Verdict::Rejected,
                    .reason = Error{ErrorCode::InvalidMessage, "the event is another document's", "/documentId"}};
        if (!context.stopped && !context.forked && !m_known.contains(event->id) && !m_known.contains(event->firstId()) &&
            isTooLarge(*event, m_limits.eventBytes))
            return {.verdict = eventlog::Verdict::Rejected, .reason = Error{ErrorCode::TooLarge, "the event is too large"}};
        return m_core.push(event, context, m_known);
    }

    void validate(const WriteJob &job)
    {
        const SyncService::Write &write = job.write;
        if (const auto hit = m_known.find(job.id); hit != m_known.end() && write.id) {
            if (hit->second.document != m_core.number())
                m_validated.answers.emplace_back(WriteAnswer{job.done, failure(ErrorCode::Conflict, "the id is another document's")});
            else
                m_validated.answers.emplace_back(RepeatedWrite{job.done, m_core.preparedRecord(), hit->second});
            return;
        }
        const auto written = m_core.write({.collection = write.collection, .clientId = authorOf(write, m_core.clock()),
                                           .author = write.author, .ifVersion = write.ifVersion, .edit = write.edit,
                                           .patch = write.patch, .kind = write.kind, .metadata = write.metadata, .id = job.id});
        if (!written) {
            m_validated.answers.emplace_back(WriteAnswer{job.done, failure(written.error())});
            return;
        }
        SyncService::Written answer{m_core.preparedRecord(), {}, nullptr};
        if (answer.record.state) // a copy
            m_validated.held += json::heldBytes(*answer.record.state);
        if (*written) {
            answer.event = (*written)->event;
            answer.diff = answer.event->diff;
            answer.diff.setVersion(answer.event->serverSeq);
        }
        m_validated.answers.emplace_back(WriteAnswer{job.done, std::move(answer)});
    }

    eventlog::DocumentCore &m_core;
    const eventlog::KnownEvents &m_known;
    const ValidationLimits &m_limits;
    Validated &m_validated;
};

} // namespace

Validated validate(eventlog::DocumentCore &core, std::vector<Job> jobs, const eventlog::KnownEvents &known, ForkedConnections forked,
                   const ValidationLimits &limits)
{
    Validated validated;
    validated.forked = std::move(forked);
    Validation validation(core, known, limits, validated);
    auto job = jobs.begin();
    for (; job != jobs.end() && validated.held <= limits.heldBytes; ++job) {
        if (const auto done = guarded([&] { validation.validate(*job); }); !done) {
            // What it has left half done goes with the core; the others are validated again.
            validated.failed.emplace(std::move(*job), done.error());
            jobs.erase(job);
            validated.left = std::move(jobs);
            validated.answers.clear();
            return validated;
        }
    }
    validated.left.assign(std::make_move_iterator(job), std::make_move_iterator(jobs.end()));
    jobs.erase(job, jobs.end());
    validated.jobs = std::move(jobs);
    return validated;
}

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

protocol::Ack answerAll(const protocol::Push &push, const eventlog::Judgement &judged)
{
    protocol::Ack ack{push.batchId, push.documentId, {}};
    for (const EventPtr &event : push.events)
        ack.results.push_back(resultOf(*event, judged));
    return ack;
}

protocol::Ack refuseAll(const protocol::Push &push, const Error &error)
{
    protocol::Ack ack = answerAll(push, {.verdict = eventlog::Verdict::Skipped});
    if (!push.events.empty())
        ack.results.front() = resultOf(*push.events.front(), {.verdict = eventlog::Verdict::Rejected, .reason = error});
    return ack;
}

} // namespace eventsync::sync
