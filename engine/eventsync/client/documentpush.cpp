// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/documentpush_p.h>

#include <eventsync/base/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/eventcheck.h>

#include <algorithm>

namespace eventsync::client {


namespace {

constexpr std::size_t kPushRoom = 4 * limits::kKiB; // for the message around the events in a frame

} // namespace

// ---- sending

bool DocumentPush::hasToSend() const
{
    const auto &waiting = m_doc.queue.waiting();
    return !m_doc.queue.sent().empty()
        || (!m_doc.isReadOnly && !waiting.empty() && !m_doc.queue.at(*waiting.begin()).in<Entry::Waiting>().isHeld);
}

// Edits that were made while the right to write was not known wait for it, instead of being refused one by one.
bool DocumentPush::maySend() const
{
    const ReplicaContext &context = m_doc.context;
    return m_state != PushState::Closed && context.welcome && !context.fork && !m_doc.pause.isActive() && !m_doc.isReadOnly;
}

void DocumentPush::sendPending()
{
    if (!maySend())
        return;
    EditQueue &queue = m_doc.queue;
    std::size_t inFlight = 0;
    ClientSeq number = m_doc.logged;
    for (const std::int64_t order : queue.sent()) {
        const auto &sent = queue.at(order).in<Entry::Sent>();
        number = std::max(number, sent.clientSeq);
        inFlight += sent.answered ? 0 : 1;
    }
    if (inFlight == 0)
        enter(PushEvent::AllAnswered);
    std::vector<EventPtr> batch;
    while (m_state == PushState::Open) {
        if (inFlight + batch.size() >= m_doc.context.inFlight() || queue.waiting().empty())
            break;
        Entry &entry = queue.at(*queue.waiting().begin());
        if (entry.in<Entry::Waiting>().isHeld)
            break;
        number = number.next();
        entry.edit.baseSeq = m_doc.history.serverSeq();
        queue.setState(entry, Entry::Sent{.clientSeq = number});
        batch.push_back(m_doc.pushed(entry, number));
    }
    if (!batch.empty() && number > m_doc.assigned) {
        m_doc.assigned = number;
        m_doc.changes.documentRowChanged();
    }
    send(std::move(batch));
}

void DocumentPush::send(std::vector<EventPtr> events)
{
    protocol::Push push{.batchId = BatchId(0), .documentId = m_doc.id, .events = {}};
    std::size_t bytes = 0;
    auto flush = [&] {
        if (push.events.empty())
            return;
        push.batchId = BatchId(++m_doc.context.lastBatch);
        m_doc.changes.send(push);
        push.events.clear();
        bytes = 0;
    };
    for (EventPtr &event : events) {
        const std::size_t size = frameBytesOf(*event, DocumentParts::pushedBytes(*m_doc.queue.find(event->id), *event)) + 1;
        if (bytes + size + kPushRoom > m_doc.context.frameBytes())
            flush();
        bytes += size;
        push.events.push_back(std::move(event));
    }
    flush();
}

void DocumentPush::deadLetterTooLarge()
{
    const std::size_t most = m_doc.context.eventBytes();
    if (most >= limits::kEventBytes) // no larger edit is ever queued
        return;
    for (auto &[order, entry] : m_doc.queue.entries()) {
        if (entry.isWaiting() && DocumentParts::pushedBytes(entry, *m_doc.pushed(entry, ClientSeq(limits::kMaxInteger))) > most)
            m_fates.deadLetter(entry, {ErrorCode::TooLarge, "the edit is larger than this server takes"});
    }
}

// ---- answers

// The server could not read a push, and does not say which of its events was at fault. It took none of them.
void DocumentPush::onUnreadable(const Error &error)
{
    if (errorClass(error.code) == ErrorClass::Permanent)
        m_fates.deadLetterAll(error, [](const Entry &entry) { return entry.isSent() && !entry.in<Entry::Sent>().answered; });
}

void DocumentPush::onAck(const protocol::Ack &message)
{
    for (const protocol::AckResult &result : message.results) {
        Entry *entry = m_doc.queue.find(result.id);
        if (entry && !entry->isSent())
            entry = nullptr;
        if (result.status == AckStatus::Applied || result.status == AckStatus::Merged || result.status == AckStatus::Duplicate) {
            if (entry)
                accepted(*entry, result);
            continue;
        }
        enter(PushEvent::Refused);
        const bool isFork = result.status == AckStatus::Rejected
            && (result.code == ErrorCode::ClientForked || result.code == ErrorCode::ClientExpired);
        if (isFork) { // also if its entry is settled: the server takes no more events with this client id
            m_doc.context.fork = Error{*result.code, result.reason.value_or(std::string())};
            return;
        }
        if (entry)
            refused(*entry, result);
    }
}

void DocumentPush::accepted(Entry &entry, const protocol::AckResult &result)
{
    const ServerSeq seq = result.serverSeq.value_or(ServerSeq());
    auto &sent = entry.in<Entry::Sent>();
    sent.answered = seq;
    m_doc.queue.touch(entry);
    if (result.status != AckStatus::Duplicate) {
        m_doc.logged = std::max(m_doc.logged, sent.clientSeq);
        m_doc.changes.documentRowChanged();
    }
    const EventId id = entry.edit.id;
    if (seq <= m_doc.history.serverSeq())
        m_fates.settle({.asked = id, .first = id, .logged = id, .serverSeq = seq, .event = nullptr, .status = result.status});
}

// Only a permanent refusal makes a dead letter. Edits that the server skipped, or could not compare, wait and are compared
// here.
void DocumentPush::refused(Entry &entry, const protocol::AckResult &result)
{
    const ErrorCode code = result.code.value_or(result.status == AckStatus::Rejected ? ErrorCode::Invalid : ErrorCode::Conflict);
    const Error why{code, result.reason.value_or(std::string()), result.path.value_or(std::string())};
    const bool hasForeignIds = result.status == AckStatus::Conflict && code == ErrorCode::ClientForked; // see CrdtIdRewriter
    const bool notValidated = result.status == AckStatus::Skipped || code == ErrorCode::BaseCompacted || code == ErrorCode::ClientGap;
    if (hasForeignIds || notValidated) {
        m_fates.requeue(entry);
        return;
    }
    if (result.status == AckStatus::Rejected && errorClass(code) != ErrorClass::Conflict) {
        if (errorClass(code) == ErrorClass::Permanent) {
            m_fates.deadLetter(entry, why);
            return;
        }
        m_fates.requeue(entry); // a temporary failure, or a fault of the server: pushed again later
        m_doc.pause.begin(m_doc.context.clock.steady());
        return;
    }
    m_fates.markConflicting(entry, {code, why.message.empty() ? "it overlaps events that its author had not seen" : why.message, why.path});
    entry.in<Entry::Conflict>().wait = result.head.value_or(ServerSeq());
}

} // namespace eventsync::client
