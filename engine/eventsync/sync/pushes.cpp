// SPDX-License-Identifier: Apache-2.0
//
// Accepts or refuses a push: whether the peer has the right, and whether there is room. The engine validates its content
// (eventlog/validation.cpp).
#include <eventsync/sync/pushes_p.h>

#include <eventsync/eventlog/eventweight.h>
#include <eventsync/sync/session_p.h>

#include <utility>

namespace eventsync::sync {

using eventlog::PushOutcome;

namespace {

protocol::AckResult resultOf(const Event &event, const PushOutcome &outcome)
{
    protocol::AckResult result{.id = event.id, .clientSeq = event.clientSeq, .status = outcome.status,
                               .serverSeq = outcome.serverSeq, .head = outcome.head};
    if (outcome.reason) {
        const Error reason = shortened(*outcome.reason);
        result.code = reason.code;
        result.reason = reason.message;
        if (!reason.path.empty())
            result.path = reason.path;
    }
    return result;
}

protocol::Ack answerAll(const protocol::Push &push, const PushOutcome &outcome)
{
    protocol::Ack ack{push.batchId, push.documentId, {}};
    for (const EventPtr &event : push.events)
        ack.results.push_back(resultOf(*event, outcome));
    return ack;
}

// As in a batch whose first event was not applied (rule 5).
protocol::Ack refuseAll(const protocol::Push &push, const Error &error)
{
    protocol::Ack ack = answerAll(push, {.status = AckStatus::Skipped});
    if (!push.events.empty())
        ack.results.front() = resultOf(*push.events.front(), {.status = AckStatus::Rejected, .reason = error});
    return ack;
}

std::size_t weightOf(const protocol::Push &push)
{
    std::size_t bytes = 0;
    for (const EventPtr &event : push.events)
        bytes += eventlog::weightOf(*event);
    return bytes;
}

} // namespace

// Counts the bytes of a push for its connection and for the service, as long as it is in memory.
class Pushes::Charge
{
public:
    Charge(std::shared_ptr<Origin> origin, std::shared_ptr<std::size_t> total, std::size_t bytes)
        : m_origin(std::move(origin)), m_total(std::move(total)), m_bytes(bytes)
    {
        m_origin->waitingBytes += m_bytes;
        *m_total += m_bytes;
    }
    ~Charge()
    {
        m_origin->waitingBytes -= m_bytes;
        *m_total -= m_bytes;
    }
    Charge(const Charge &) = delete;
    Charge &operator=(const Charge &) = delete;

private:
    const std::shared_ptr<Origin> m_origin;
    const std::shared_ptr<std::size_t> m_total;
    const std::size_t m_bytes;
};

Pushes::Pushes(Session &session, SyncContext &context) : m_session(session), m_context(context) {}

void Pushes::take(const protocol::Push &push, const std::shared_ptr<Subscription> &subscription)
{
    Outbox &peer = m_session.peer();
    if (!subscription || !subscription->isSynced())
        return peer.send(answerAll(push, {.status = AckStatus::Skipped}));
    if (subscription->unanswered() + push.events.size() > static_cast<std::size_t>(m_context.options.limits.inFlight))
        return m_session.close({ErrorCode::RateLimited, "more events in flight than were granted"});
    const bool saysCollection = !subscription->knowsCollection() && !push.events.empty(); // of a document that does not exist yet
    const auto collection = saysCollection ? std::optional(push.events.front()->collection) : subscription->collection();
    if (m_context.options.access->access(m_session.principal(), collection, push.documentId) != Access::Write)
        return peer.send(answerAll(push, {.status = AckStatus::Rejected, .reason = Error{ErrorCode::PermissionDenied, "no right to write"}}));
    const std::size_t bytes = weightOf(push);
    if (isFull(bytes))
        return peer.send(refuseAll(push, {ErrorCode::QueueFull, "more is waiting to be committed than is granted"}));
    subscription->pushed(push.events.size());
    submit(push, bytes);
}

// One push is accepted in any case, so that no push is refused for ever. The client waits and sends a refused one again.
bool Pushes::isFull(std::size_t bytes) const
{
    const ServiceOptions &options = m_context.options;
    const std::size_t all = *m_context.waitingPushBytes;
    return (m_origin->waitingBytes > 0 && m_origin->waitingBytes + bytes > options.waitingPushBytes)
           || (all > 0 && all + bytes > options.allWaitingPushBytes);
}

void Pushes::submit(const protocol::Push &push, std::size_t bytes)
{
    eventlog::PushedEvents pushed{.documentId = push.documentId, .events = push.events, .client = m_session.client(), .origin = m_origin, .bytes = bytes,
                                  .charge = std::make_shared<const Charge>(m_origin, m_context.waitingPushBytes, bytes)};
    if (!m_session.principal().name.empty())
        pushed.author = m_session.principal().name;
    m_context.engine.submit(
        {.work = std::move(pushed), .done = [&context = m_context, session = m_session.weak_from_this(), push,
                                             received = m_context.clock.steady()](const Result<eventlog::Answer> &answer) {
             if (answer && context.options.metrics) // measured even if the connection is lost meanwhile
                 context.options.metrics
                     ->histogram("eventsync_push_milliseconds", "from the arrival of a push to its answer, durable by then")
                     .observe(static_cast<std::uint64_t>((context.clock.steady() - received).count()));
             if (const auto author = session.lock(); author && author->state() == Session::State::Ready)
                 author->pushes().answered(push, answer);
         }});
}

void Pushes::answered(const protocol::Push &push, const Result<eventlog::Answer> &answer)
{
    const auto subscription = m_session.subscription(push.documentId);
    if (!answer) { // an earlier push may have failed and ended the subscription
        if (subscription && !m_origin->dropped)
            subscription->fail(answer.error());
        return;
    }
    if (subscription)
        subscription->answered(push.events.size());
    if (m_context.pushedEvents)
        m_context.pushedEvents->add(push.events.size());
    protocol::Ack ack{push.batchId, push.documentId, {}};
    ack.results.reserve(push.events.size());
    for (std::size_t i = 0; i < push.events.size(); ++i)
        ack.results.push_back(resultOf(*push.events[i], answer->outcomes[i]));
    m_session.peer().send(std::move(ack));
}

} // namespace eventsync::sync
