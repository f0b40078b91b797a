// SPDX-License-Identifier: Apache-2.0
//
// The subscription and the events. Snapshots and diverged histories are in documentsnapshot.cpp.
#include <eventsync/client/documentpull_p.h>

#include <eventsync/client/logging_p.h>
#include <eventsync/client/rows_p.h>
#include <eventsync/protocol/limits.h>

#include <algorithm>
#include <limits>

namespace eventsync::client {

namespace {

constexpr std::int64_t kNowhere = std::numeric_limits<std::int64_t>::min(); // an own event that settled no entry
constexpr std::int64_t kEverywhere = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kPendingIdBytes = 84; // of one [first, current] in JSON
constexpr int kRepairs = 3;                 // subscriptions in a row that may fail to reach the server's position

} // namespace

// ---- the subscription

void DocumentPull::enter(PullEvent event)
{
    m_state = next(m_state, event);
    if (m_state != PullState::Synced)
        m_push.enter(PushEvent::Closed);
    else if (event == PullEvent::Synced)
        m_push.enter(PushEvent::Synced);
}

void DocumentPull::subscribe()
{
    if (!m_doc.context.welcome)
        return;
    const Position &position = m_doc.history.position();
    protocol::Subscribe message{.documentId = m_doc.id, .collection = m_doc.rules.collection(), .afterSeq = position.serverSeq};
    if (position.serverSeq.value() > 0)
        message.chain = position.chain;
    message.checkpoints = m_doc.history.checkpoints();
    message.pending = pendingIds();
    message.clocks = m_doc.context.options.wantClocks;
    if (!m_doc.staged.isEmpty())
        message.snapshotPart = m_doc.staged.nextPart();
    m_doc.changes.send(std::move(message));
    enter(PullEvent::Subscribed);
}

// As many as fit one frame. Leaving an id out is safe, because an edit that is pushed again is recognised by its id. The ids
// that are likely to be in the log come first.
std::vector<protocol::PendingId> DocumentPull::pendingIds() const
{
    const std::size_t frame = m_doc.context.frameBytes();
    const std::size_t room = std::min(limits::kPendingIdsPerSubscribe, (frame - std::min(frame, frame / 4)) / kPendingIdBytes);
    std::vector<protocol::PendingId> ids;
    auto add = [&](const QueueEntry &edit) {
        if (ids.size() < room)
            ids.push_back({edit.first(), edit.id});
    };
    for (const std::int64_t order : m_doc.queue.sent())
        add(m_doc.queue.at(order).edit);
    const auto &acked = m_doc.acknowledged.edits();
    for (auto it = acked.rbegin(); it != acked.rend(); ++it)
        add(*it->second.edit);
    for (const auto &[order, entry] : m_doc.queue.entries()) {
        if (!entry.isSent())
            add(entry.edit);
    }
    return ids;
}

void DocumentPull::disconnected()
{
    enter(PullEvent::Left);
    m_doc.pause.reset();
    m_repairs = 0;
    m_cursorSent = ServerSeq();
}

void DocumentPull::tick()
{
    if (m_doc.pause.endIfOver(m_doc.context.clock.steady()))
        mayAskAgain();
    // At most once a tick: what earlier steps wrote is durable before this message is sent.
    const ServerSeq position = m_doc.history.serverSeq();
    if (m_state == PullState::Synced && m_cursorSent < position) {
        m_doc.changes.send(protocol::Cursor{m_doc.id, position});
        m_cursorSent = position;
    }
}

// Without a subscription nothing can be pushed. A permanent refusal makes dead letters of waiting edits, like a refused push.
void DocumentPull::onError(const Error &error, std::optional<std::chrono::milliseconds> retryAfter)
{
    const ErrorClass what = errorClass(error.code);
    if (what == ErrorClass::Transient) {
        enter(PullEvent::Left);
        m_doc.pause.begin(m_doc.context.clock.steady(), retryAfter);
        return;
    }
    enter(PullEvent::Refused);
    m_doc.changes.notify(DocumentRefused{m_doc.id, error});
    if (what == ErrorClass::Permanent)
        m_fates.deadLetterAll(error, &Entry::isPending);
}

// Subscribes again; after a few failures the connection is closed instead, for a while.
void DocumentPull::repair(Error why)
{
    qCWarning(lcClient) << "document" << m_doc.id.text().c_str() << "is fetched again:" << why.toString().c_str();
    if (++m_repairs > kRepairs)
        m_doc.changes.leave(std::move(why), limits::kRetryLongest);
    else
        subscribe();
}

// ---- events

std::vector<DocumentPull::Incoming> DocumentPull::incoming(const protocol::Events &message, bool &gap) const
{
    std::vector<Incoming> fresh;
    ServerSeq next = m_doc.history.serverSeq().next();
    Digest chain = m_doc.history.position().chain;
    for (const protocol::EventItem &item : message.events) {
        EventPtr event = item.event;
        if (!event && item.canonical) {
            if (auto read = eventFromBytes(*item.canonical, EventForm::Logged))
                event = std::make_shared<const Event>(std::move(*read));
        }
        gap = !event || event->documentId != m_doc.id || event->serverSeq > next;
        if (gap)
            break;
        if (event->serverSeq < next)
            continue;
        if (event->serverSeq.value() == 1)
            chain = chainStart(event->collection, m_doc.id);
        Bytes canonical = canonicalBytes(*event, EventForm::Logged);
        chain = chainNext(chain, event->salt ? digestOf(*event) : sha256(canonical));
        next = event->serverSeq.next();
        fresh.push_back({std::move(event), std::move(canonical), chain});
    }
    return fresh;
}

void DocumentPull::onEvents(const protocol::Events &message)
{
    if (!isSubscribed())
        return;
    bool gap = false;
    auto fresh = incoming(message, gap);
    const bool whole = !gap && !fresh.empty() && fresh.back().event == message.events.back().event;
    if (whole && fresh.back().chain != message.chain) {
        repair({ErrorCode::Corrupt, "events of another history"}); // the server finds the last position in common
        return;
    }
    EventsApplied applied{.documentId = m_doc.id, .events = {}};
    bool isCutShort = false;
    for (Incoming &next : fresh) {
        EventPtr event = next.event;
        if (const auto done = applyEvent(std::move(next)); !done) {
            m_doc.resetHistory();
            repair(done.error());
            return;
        }
        applied.events.push_back(std::move(event));
        if (m_doc.hasComparedMuch() && applied.events.size() < fresh.size()) { // the rest comes again, in a step of its own
            isCutShort = true;
            break;
        }
    }
    if (!applied.events.empty()) {
        m_doc.changes.notify(std::move(applied));
        if (m_rewriter.waitsForDependency())
            m_doc.tree.unapply(); // also for own events that needed no reapply: a dependency may be there now
    }
    if ((isCutShort || (gap && m_state != PullState::Refetching)) && !m_doc.context.fork) {
        subscribe();
        enter(PullEvent::GapFound);
    }
}

Result<> DocumentPull::applyEvent(Incoming incoming)
{
    const Event &event = *incoming.event;
    HistoryItem item{.event = incoming.event, .chain = incoming.chain};
    if (!m_doc.tree.confirmFirst(event, item)) {
        m_doc.tree.unapply();
        EVENTSYNC_TRY(AppliedEvent applied, m_doc.tree.state().apply(event));
        item.inverse = std::move(applied.inverse);
        item.footprint = std::move(applied.footprint);
    }
    item.bytes = rows::historyBytes(item, incoming.canonical.size());
    m_doc.tree.confirmedChanged();
    m_doc.history.advance(event, incoming.chain);
    if (m_doc.rules.collection() != event.collection)
        m_doc.rules.setCollection(event.collection);

    const auto settled = m_fates.settle(
        {.asked = event.id, .first = event.firstId(), .logged = event.id, .serverSeq = event.serverSeq, .event = &event});
    if (isOwn(event, settled)) {
        item.ownOrder = settled.order.value_or(kNowhere);
        m_fates.compareWaiting(item.footprint, "an own edit that was logged first", *item.ownOrder);
    } else {
        m_fates.compareWaiting(item.footprint, "event " + event.id.toText(), kEverywhere);
    }
    m_doc.history.setCompared();
    if (event.operation != Operation::Update && !settled.seen)
        m_doc.undo.dropCrdt();
    m_doc.changes.contentChanged(item.footprint);
    if (!settled.any)
        m_doc.changes.causedByOthers();
    m_doc.history.append(std::move(item), std::move(incoming.canonical));
    return {};
}

// Whether the later entries of the queue were made on top of this event. An event under the own client id that this replica
// never made means that it is a copy, or was copied.
bool DocumentPull::isOwn(const Event &event, const EntryFates::Settled &settled)
{
    if (event.clientId != m_doc.context.clientId)
        return settled.seen;
    m_doc.logged = std::max(m_doc.logged, event.clientSeq);
    if (settled.any) {
        m_doc.assigned = std::max(m_doc.assigned, event.clientSeq);
        return settled.seen;
    }
    using Known = AcknowledgedEdits::Known;
    const Known known = m_doc.acknowledged.known(event.id, event.firstId());
    if (known != Known::No)
        return known == Known::Acknowledged; // no later entry was made on top of an edit that was given up
    if (m_doc.assigned == DocumentParts::kAnyNumber)
        return false;
    m_doc.context.fork = Error{ErrorCode::ClientForked, "an event has the own client id, but this replica never made it"};
    return false;
}

// ---- synced

void DocumentPull::usePolicy(const std::optional<CollectionPolicy> &policy)
{
    const auto &collection = m_doc.rules.collection();
    if (!policy || !collection)
        return;
    if (*policy != m_doc.rules.policy()) {
        m_doc.context.policies.set(*collection, *policy);
        m_doc.changes.put("meta", rows::policyRow(*collection, *policy));
    }
    if (m_doc.rules.areOutdated()) { // the policy may have arrived with another document of the collection
        m_doc.tree.unapply();        // waiting entries must pass the new rules
        m_doc.rules.refresh();
    }
}

void DocumentPull::onSynced(const protocol::Synced &message)
{
    if (!isSubscribed())
        return;
    usePolicy(message.policy);
    const Position &position = m_doc.history.position();
    const bool same = position == message.position || (position.serverSeq.value() == 0 && message.position.serverSeq.value() == 0);
    if (!same && m_state == PullState::Refetching) { // it answers the subscription before
        subscribe();
        return;
    }
    if (!same) {
        repair({ErrorCode::Corrupt, "the server is synced at another position"});
        return;
    }
    enter(PullEvent::Synced);
    m_repairs = 0;
    m_doc.pause.succeeded();
    m_doc.setReadOnly(message.permission == protocol::Permission::Read);
    if (message.clientSeq > m_doc.assigned) {
        m_doc.context.fork = Error{ErrorCode::ClientForked, "the server knows later edits of this replica than it made"};
        return;
    }
    if (m_doc.assigned == DocumentParts::kAnyNumber)
        m_doc.assigned = message.clientSeq;
    m_doc.logged = message.clientSeq;
    m_doc.changes.documentRowChanged();
    m_fates.requeueSent();
    for (const std::int64_t order : m_doc.queue.conflicts())
        m_doc.queue.clearWait(m_doc.queue.at(order));
    m_push.deadLetterTooLarge();
    m_rewriter.findForeignSessions();
    m_doc.changes.notify(DocumentSynced{m_doc.id, m_doc.history.position()});
}

// Content that the user may no longer read is removed; the user's own edits become dead letters, which can still be read.
void DocumentPull::onRevoked(const protocol::Revoked &message)
{
    m_fates.deadLetterAll({ErrorCode::PermissionRevoked, message.reason},
                          [](const Entry &entry) { return entry.state() != EntryState::DeadLetter; });
    m_doc.resetHistory();
    m_doc.staged.drop();
    m_doc.setReadOnly(false); // like everything else that was known of the document
    m_doc.isOpen = false;
    enter(PullEvent::Left);
    m_doc.acknowledged.clear();
    m_doc.undo.clear();
    m_doc.changes.notify(DocumentRevoked{m_doc.id, message.reason});
}

} // namespace eventsync::client
