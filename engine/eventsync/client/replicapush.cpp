// SPDX-License-Identifier: Apache-2.0
//
// What goes out, and what the server answers (docs/protocol.md, rules 3 to 5 and 7).
#include <eventsync/base/limits.h>
#include <eventsync/client/documentreplica.h>

#include <eventsync/base/mutation.h>
#include <eventsync/model/eventcheck.h>

#include <algorithm>

namespace eventsync::client {

using protocol::AckStatus;

namespace {

constexpr std::size_t kPushRoom = 4 * limits::kKiB; // of a frame: the message around the events
constexpr std::size_t kPendingIdBytes = 84;         // of one [first, current] in JSON

} // namespace

// ---- subscribe

// Positions at doubling distances: the common point of a history that was cut off lately is found closely.
std::vector<protocol::Checkpoint> DocumentReplica::checkpoints() const
{
    std::vector<protocol::Checkpoint> points;
    for (std::size_t back = 1; points.size() < m_context.options.checkpoints; back *= 2) {
        const bool start = back >= m_history.size();
        const Position at = start ? m_historyStart
                                  : Position{m_history[m_history.size() - 1 - back].event->serverSeq,
                                             m_history[m_history.size() - 1 - back].chain};
        if (at.serverSeq.value() == 0 || at.serverSeq >= m_position.serverSeq)
            break;
        points.push_back({at.serverSeq, at.chain});
        if (start)
            break;
    }
    return points;
}

// As many as one frame takes. Leaving one out is safe: what is pushed again is recognised by its id. So those go first that
// are likely to be in the log.
std::vector<protocol::PendingId> DocumentReplica::pendingIds() const
{
    const std::size_t frame = m_context.frameBytes();
    const std::size_t room = std::min(limits::kPendingIdsPerSubscribe, (frame - std::min(frame, frame / 4)) / kPendingIdBytes);
    std::vector<protocol::PendingId> ids;
    auto add = [&](const QueueEntry &edit) {
        if (ids.size() < room)
            ids.push_back({edit.first(), edit.id});
    };
    for (const std::int64_t order : m_sent)
        add(m_queue.at(order).edit);
    if (!mutated(Mutation::WithoutAckedInSnapshot)) {
        for (auto it = m_acked.rbegin(); it != m_acked.rend(); ++it)
            add(*it->second.edit);
    }
    for (const auto &[order, entry] : m_queue) {
        if (!entry.isSent())
            add(entry.edit);
    }
    return ids;
}

// ---- push

EventPtr DocumentReplica::pushed(const Entry &entry) const
{
    Event event{.id = entry.edit.id,
                .documentId = m_id,
                .collection = entry.edit.collection,
                .operation = entry.edit.operation,
                .clientId = m_context.clientId,
                .clientSeq = *entry.edit.clientSeq,
                .baseSeq = entry.edit.baseSeq,
                .timestamp = entry.edit.timestamp,
                .diff = entry.edit.diff};
    if (!entry.edit.metadata.empty())
        event.metadata = entry.edit.metadata;
    event.onOverlap = entry.edit.onOverlap;
    return std::make_shared<const Event>(std::move(event));
}

void DocumentReplica::send(std::vector<EventPtr> events, Changes &out)
{
    const std::size_t frame = m_context.frameBytes();
    protocol::Push push{.batchId = BatchId(0), .documentId = m_id, .events = {}};
    std::size_t bytes = 0;
    auto flushPush = [&] {
        if (push.events.empty())
            return;
        push.batchId = BatchId(++m_context.lastBatch);
        out.messages.push_back(push);
        push.events.clear();
        bytes = 0;
    };
    for (EventPtr &event : events) {
        const std::size_t size = frameBytesOf(*event, canonicalBytes(*event, EventForm::Pushed).size()) + 1;
        if (bytes + size + kPushRoom > frame)
            flushPush();
        bytes += size;
        push.events.push_back(std::move(event));
    }
    flushPush();
}

// What was made before this server said how much it takes.
void DocumentReplica::deadLetterTooLarge()
{
    const std::size_t most = m_context.eventBytes();
    if (most >= limits::kEventBytes) // nothing larger was ever queued
        return;
    for (auto &[order, entry] : m_queue) {
        if (!entry.waits())
            continue;
        entry.edit.clientSeq = ClientSeq(limits::kMaxInteger);
        const std::size_t bytes = canonicalBytes(*pushed(entry), EventForm::Pushed).size();
        entry.edit.clientSeq.reset();
        if (bytes > most)
            deadLetter(entry, {ErrorCode::TooLarge, "the edit is larger than this server takes"});
    }
}

// Something is on its way, or would be if the document were followed.
bool DocumentReplica::hasToSend() const
{
    return !m_sent.empty() || (!m_readOnly && !m_waiting.empty() && !m_queue.at(*m_waiting.begin()).hold);
}

void DocumentReplica::sendPending(Changes &out)
{
    if (!m_synced || !m_subscribed || !m_context.welcome || m_context.fork || m_pausedUntil)
        return;
    if (m_readOnly) // what was made while nobody knew waits for the right, instead of being refused one by one
        return;
    std::vector<EventPtr> batch;
    std::size_t flying = 0;
    ClientSeq number = m_last;
    for (const std::int64_t order : m_sent) {
        Entry &entry = m_queue.at(order);
        number = std::max(number, *entry.edit.clientSeq);
        if (entry.answered)
            continue;
        ++flying;
        if (!entry.resent) { // only where sent entries were not thawed at synced
            entry.resent = true;
            if (mutated(Mutation::NoFreeze))
                entry.edit.baseSeq = m_position.serverSeq;
            batch.push_back(pushed(entry));
        }
    }
    if (m_pushHalted && flying == 0)
        m_pushHalted = false;
    std::vector<std::int64_t> next;
    if (!m_pushHalted || mutated(Mutation::WithoutHaltAfterRefusal)) {
        const std::size_t limit = m_context.inFlight();
        for (const std::int64_t order : m_waiting) {
            if (flying + next.size() >= limit || m_queue.at(order).hold)
                break;
            next.push_back(order);
        }
    }
    for (const std::int64_t order : next) {
        Entry &entry = m_queue.at(order);
        number = number.next();
        entry.edit.baseSeq = m_position.serverSeq;
        entry.edit.clientSeq = number;
        entry.answered.reset();
        entry.unseenTrimmed.clear();
        entry.resent = true;
        setState(entry, EntryState::Sent);
        batch.push_back(pushed(entry));
    }
    if (!next.empty() && number > m_assigned) {
        m_assigned = number;
        m_documentDirty = true;
    }
    std::stable_sort(batch.begin(), batch.end(),
                     [](const EventPtr &a, const EventPtr &b) { return a->clientSeq < b->clientSeq; });
    send(std::move(batch), out);
}

// ---- answers

void DocumentReplica::onAck(const protocol::Ack &message, Changes &)
{
    for (const protocol::AckResult &result : message.results) {
        Entry *entry = find(result.id);
        if (entry && !entry->isSent())
            entry = nullptr;
        const bool done = result.status == AckStatus::Applied || result.status == AckStatus::Merged
            || result.status == AckStatus::Duplicate;
        if (done) {
            if (!entry)
                continue;
            const ServerSeq seq = result.serverSeq.value_or(ServerSeq());
            entry->answered = seq;
            touch(*entry);
            if (result.status != AckStatus::Duplicate) {
                m_last = std::max(m_last, *entry->edit.clientSeq);
                m_documentDirty = true;
            }
            if ((seq <= m_position.serverSeq && !mutated(Mutation::WithoutSettleByAnswer)) || mutated(Mutation::AckSettles))
                settle({.asked = entry->edit.id, .first = entry->edit.id, .logged = entry->edit.id, .serverSeq = seq,
                        .event = nullptr, .status = result.status});
            continue;
        }
        m_pushHalted = true;
        const bool isFork = result.status == AckStatus::Rejected
            && (result.code == ErrorCode::ClientForked || result.code == ErrorCode::ClientExpired);
        if (isFork) { // also if its entry is settled: with this client id nothing more is taken
            m_context.fork = Error{*result.code, result.reason.value_or(std::string())};
            return;
        }
        if (entry)
            refuse(*entry, result);
    }
}

// Only a permanent refusal makes a dead letter. What the server skipped, or cannot judge, waits and is checked here.
void DocumentReplica::refuse(Entry &entry, const protocol::AckResult &result)
{
    const ErrorCode code = result.code.value_or(result.status == AckStatus::Rejected ? ErrorCode::Invalid : ErrorCode::Conflict);
    const Error why{code, result.reason.value_or(std::string()), result.path.value_or(std::string())};
    if (result.status == AckStatus::Conflict && code == ErrorCode::ClientForked) { // its ids: see rewriteIds()
        requeue(entry);
        return;
    }
    if (result.status == AckStatus::Skipped || code == ErrorCode::BaseCompacted || code == ErrorCode::ClientGap) {
        if (code != ErrorCode::BaseCompacted || !mutated(Mutation::WithoutCheckSinceBase)) {
            requeue(entry);
            return;
        }
    }
    if (result.status == AckStatus::Rejected && errorClass(code) != ErrorClass::Conflict) {
        if (errorClass(code) == ErrorClass::Permanent) {
            deadLetter(entry, why);
            return;
        }
        requeue(entry); // the moment, or the server, is to blame: again, later
        const auto wait = limits::kRetryFirst * (1 << std::min(m_pauses++, 6));
        m_pausedUntil = m_context.clock.steady() + std::min<std::chrono::milliseconds>(wait, limits::kRetryLongest);
        return;
    }
    const ServerSeq base = entry.edit.baseSeq;
    markConflicting(entry, {code, why.message.empty() ? "overlaps events that were not seen" : why.message, why.path}, base);
    entry.wait = result.head.value_or(ServerSeq());
}

// Without a subscription nothing can be pushed. A permanent refusal makes dead letters of what waits, as a refused push does.
void DocumentReplica::onError(const Error &error, std::optional<std::chrono::milliseconds> retryAfter)
{
    m_subscribed = m_synced = false;
    const ErrorClass what = errorClass(error.code);
    if (what == ErrorClass::Transient) {
        const std::chrono::milliseconds wait = limits::kRetryFirst * (1 << std::min(m_pauses++, 6));
        m_pausedUntil = m_context.clock.steady()
            + retryAfter.value_or(std::min<std::chrono::milliseconds>(wait, limits::kRetryLongest));
        return;
    }
    m_refused = true;
    m_facts.push_back(DocumentRefused{m_id, error});
    if (what == ErrorClass::Permanent)
        deadLetterAll(error, [](const Entry &entry) { return entry.edit.isPending(); });
}

// The server could not read what was pushed, and does not say which of the events was at fault: none of them was taken.
void DocumentReplica::onUnreadable(const Error &error)
{
    if (errorClass(error.code) == ErrorClass::Permanent)
        deadLetterAll(error, [](const Entry &entry) { return entry.isSent() && !entry.answered; });
}

// Each for the same reason, and none because it follows another.
void DocumentReplica::deadLetterAll(const Error &why, const std::function<bool(const Entry &)> &which)
{
    unapplyQueue();
    for (auto &[order, entry] : m_queue) {
        if (!which(entry))
            continue;
        deadLetter(entry, why, entry.edit.id); // with a cause, so that nothing is looked for that follows it
        entry.edit.because.reset();
    }
}

} // namespace eventsync::client
